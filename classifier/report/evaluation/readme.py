"""The two short tables of the README: what the model reaches, and where it fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from classifier.evaluation.baserates import base_rate_table
from classifier.evaluation.rates import Rate
from classifier.privacy.attacks.strongest import strongest_attacks
from classifier.report.evaluation.summary import NOT_MEASURED, SETS, contact_only_auc, rows_by, with_interval
from classifier.report.sections import Tables
from classifier.report.tables import PrintedTable, format_interval, format_number

BLIND_READING = "0.965–0.976"
"""Macro F1 of two blind labellings by language models, of messages of version 1: before this corpus."""
COVERED_BY = {
    "Clopper-Pearson": "Clopper-Pearson by conversation",
    "by leading family": "bootstrap by leading family",
}
"""Intervals that conversations are printed with, in words and as ``simulate_coverage`` has them."""
RARE, VOLUME = 1e-4, 1_000_000
"""The supposed prevalence, and the conversations among which alerts are counted."""
MESSAGE_TITLES = {
    "f1": "messages: F1, mean of the five signs",
    "precision": "of the messages flagged, share that show the sign (precision)",
    "recall": "of the messages that show a sign, share flagged (recall)",
}


def short_results(tables: Tables, shipped: pd.DataFrame) -> PrintedTable:
    """The main figures, a row each.

    Columns are the model that ``score`` uses on the second voice, the same recipe fitted on the train split
    and measured on the test split, and blind readers of other messages.

    Parameters
    ----------
    tables
        Those of an evaluation.
    shipped
        What ``scripts/release/measure_shipped`` wrote.
    """
    of_shipped, of_test = rows_by(shipped, "figure"), rows_by(tables["messages"], "label")["macro"]
    rows = []
    for name, title in MESSAGE_TITLES.items():
        readers = BLIND_READING if name == "f1" else NOT_MEASURED
        rows.append([title, _measured(of_shipped[f"messages_{name}"]), with_interval(of_test, name), readers])
    rates = [_shipped_rates(of_shipped), _test_rates(tables)]
    kinds = (("scripted patterns", ""), ("benign conversations", ", where at most 1 % was asked for"))
    for place, (kind, asked) in enumerate(kinds):
        cells = [rate_cell(pair[place]) for pair in rates]
        rows.append([f"conversations: {kind} flagged{asked}", *cells, NOT_MEASURED])
    rarely = f"of {VOLUME:,} conversations, if one in {round(1 / RARE):,} is a pattern: true and false alerts"
    rows.append([rarely, *map(_alerts_if_rare, rates), NOT_MEASURED])
    headings = [
        "figure",
        "the model of `score`, on other writers (`v2-alt`)",
        "same recipe, on unseen families (`v2` test)",
        "blind readers (of version 1)",
    ]
    return PrintedTable(headings, rows, [False] * len(headings))


def known_limits(
    tables: Tables, names: pd.DataFrame, attack: pd.DataFrame, coverage: pd.DataFrame
) -> PrintedTable:
    """Where the model does worst, a row each, of the model fitted on the train split.

    Parameters
    ----------
    tables
        Those of an evaluation.
    names, attack
        What ``privacy names`` and ``privacy attack`` wrote.
    coverage
        What ``scripts/release/simulate_coverage`` wrote.
    """
    overtness = rows_by(tables["overtness"], "set", "overtness")
    flagged_at = [row for row in tables["recall_by_k"].to_dict("records") if row["set"] == "test"]
    first = next((str(row["k"]) for row in flagged_at if row["hits"]), NOT_MEASURED)
    manner, scene = (tables[name].iloc[0] for name in ("manners", "conversation_scenes"))
    noise = rows_by(tables["noise"], "noise", "model")
    read = rows_by(names, "attack")["names_read"]
    rows = [
        *(
            [f"{kind} patterns flagged, at a threshold for false alarms of 1 %", _hits(of_kind, "tpr")]
            for kind in ("overt", "mixed", "faint")
            for of_kind in [overtness["test", kind]]
        ),
        ["number of messages after which the first pattern is flagged", first],
        [
            f"messages that speak of a sign without showing it, worst kind ({manner['slice']}): flagged",
            rate_cell(Rate(int(manner["false_alarms"]), int(manner["n"]))),
        ],
        [
            f"benign conversations, worst setting ({scene['slice']}): flagged",
            rate_cell(Rate(int(scene["false_alarms"]), int(scene["n"]))),
        ],
        [
            "average precision of messages as written, and with heavy typing noise",
            " and ".join(
                format_number(noise[strength, "with normaliser"]["average_precision"])
                for strength in ("none", "heavy")
            ),
        ],
        [
            "AUC of conversations: the contact's turns alone (a leak of the script), the model, and every "
            "label known",
            "{contact}, {model} and {ceiling}".format(**leak_aucs(tables)),
        ],
        [
            "names of the training text that stand in the model file",
            rate_cell(Rate(int(read["found"]), int(read["n"]))),
        ],
        _membership_row(attack),
        *(
            [
                f"simulations in which a 95 % interval ({words}) holds the true rate, by how alike the "
                "conversations of a dialogue are",
                span(coverage.loc[coverage["interval"] == interval, "coverage"]),
            ]
            for words, interval in COVERED_BY.items()
        ),
    ]
    return PrintedTable(["limit", "measured"], rows, [False, False])


def leak_aucs(tables: Tables) -> dict[str, str]:
    """AUC of the contact's turns alone, of the model, and of the true labels, with intervals."""
    by_scorer = rows_by(tables["separation"], "set", "scorer")
    return {
        "contact": contact_only_auc(tables),
        "model": with_interval(by_scorer["test", "text head"], "auc"),
        "ceiling": with_interval(by_scorer["test", "text head, told every label"], "auc"),
    }


def _membership_row(attack: pd.DataFrame) -> list[str]:
    """What the strongest attack finds of the members of each way of building a model."""
    strongest = strongest_attacks(attack)
    built = strongest[strongest["variant"].str.contains("/")]
    noisy = built["variant"].str.contains("perturbation")
    limit = (
        "training conversations that the strongest attack finds, by how the model is built (where "
        f"{100 * built['fpr'].max():.1f} % of others are taken for one)"
    )
    return [limit, f"{span(built['tpr'][~noisy])} without noise, {span(built['tpr'][noisy])} with it"]


def span(values: pd.Series[float]) -> str:
    """The smallest and the largest value."""
    return f"{format_number(values.min())}–{format_number(values.max())}"


def _measured(row: Mapping[str, Any]) -> str:
    return f"{format_number(row['value'])} {format_interval(row['low'], row['high'])}"


def alert_rates(tables: Tables) -> dict[str, Rate]:
    """Benign conversations that reach the alert threshold, by set.

    They follow from F1 and recall: F1 is twice the patterns found over patterns and alerts.
    """
    rates = {}
    for set_ in SETS:
        row = rows_by(tables["early"], "set", "rule")[set_, "pattern scorer, latched"]
        n_patterns, n = int(row["n_patterns"]), int(row["n"])
        found = round(row["recall"] * n_patterns)
        alerts = round(2 * found / row["f1"]) - n_patterns
        rates[set_] = Rate(alerts - found, n - n_patterns)
    return rates


def _shipped_rates(shipped: Mapping[str, Mapping[str, Any]]) -> tuple[Rate, Rate]:
    found, alarms = shipped["patterns_flagged"], shipped["benign_flagged"]
    return Rate(int(found["hits"]), int(found["n"])), Rate(int(alarms["hits"]), int(alarms["n"]))


def _test_rates(tables: Tables) -> tuple[Rate, Rate]:
    """Patterns and benign conversations of the test split that reach the alert threshold."""
    early = rows_by(tables["early"], "set", "rule")["test", "pattern scorer, latched"]
    alarms = tables["conversation_scenes"].iloc[-1]
    n_patterns = int(early["n_patterns"])
    return Rate(round(early["recall"] * n_patterns), n_patterns), Rate(
        int(alarms["false_alarms"]), int(alarms["n"])
    )


def _hits(row: Mapping[str, Any], name: str) -> str:
    return rate_cell(Rate(int(row[f"{name}_hits"]), int(row[f"{name}_n"])))


def rate_cell(rate: Rate) -> str:
    """A rate, its interval and its counts."""
    return f"{format_number(rate.value)} {format_interval(*rate.interval())}, {rate.hits:,}/{rate.n:,}"


def _alerts_if_rare(rates: tuple[Rate, Rate]) -> str:
    """True and false alerts among ``VOLUME`` conversations at the prevalence ``RARE``."""
    row = base_rate_table(*rates, prevalences=[RARE], volume=VOLUME).iloc[0]
    return f"{row['true_finds']:,.0f} and {row['false_alarms']:,.0f}"
