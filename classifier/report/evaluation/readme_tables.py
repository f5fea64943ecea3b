"""The two short tables of the README: what the model reaches, and where it fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from classifier.model.message.operating_points import DEFAULT_POINT
from classifier.privacy.attacks.strongest_attack import strongest_attacks
from classifier.report.evaluation.summary_tables import (
    LATCHED,
    NOT_MEASURED,
    SETS,
    contact_only_auc,
    rows_by,
    with_interval,
)
from classifier.report.printed_tables import PrintedTable, format_interval, format_number
from classifier.report.sections import Tables

ANY_STAGE = "any stage"
"""What ``eval_real_benign`` calls a message that is flagged for at least one of the five signs."""
BLIND_READING = "0.965–0.976"
"""Macro F1 of two blind labellings by language models, of messages of version 1: before this corpus."""
COVERED_BY = {
    "a rate of conversations": ("exact, of as many as shared dialogues leave", "conversations"),
    "a rate of conversations taken for independent": ("exact, as if independent", "conversations"),
    "an AUC of conversations": ("by which share a dialogue", "AUC of conversations"),
}
"""Intervals, in words and as ``simulate_coverage`` has them: kind, and how the name of the units ends."""
SLICE_COLUMNS = ["rate", "rate_low", "rate_high", "false_alarms", "n"]
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
    early = rows_by(tables["early"], "set", "rule")["test", LATCHED]
    for kind, asked, figure, rate in (
        ("scripted patterns", "", "patterns_flagged", "recall"),
        ("benign conversations", ", where at most 1 % was asked for", "benign_flagged", "false_alarm_rate"),
    ):
        cells = [
            rate_cell(*(of_shipped[figure][name] for name in ("value", "low", "high", "hits", "n"))),
            _cell_of(early, rate),
        ]
        rows.append([f"conversations: {kind} flagged{asked}", *cells, NOT_MEASURED])
    rarely = f"of {VOLUME:,} conversations, if one in {round(1 / RARE):,} is a pattern: true and false alerts"
    rates = [
        (of_shipped["patterns_flagged"]["value"], of_shipped["benign_flagged"]["value"]),
        (early["recall"], early["false_alarm_rate"]),
    ]
    rows.append([rarely, *(_alerts_if_rare(*pair) for pair in rates), NOT_MEASURED])
    headings = [
        "figure",
        "the model of `score`, on other writers (`v2-alt`)",
        "same recipe, on unseen families (`v2` test)",
        "blind readers (of version 1)",
    ]
    return PrintedTable(headings, rows, [False] * len(headings))


def known_limits(
    tables: Tables,
    names: pd.DataFrame,
    attack: pd.DataFrame,
    coverage: pd.DataFrame,
    fresh: pd.DataFrame,
    *,
    chat: pd.DataFrame,
) -> PrintedTable:
    """Where the model does worst, a row each, of the model fitted on the train split.

    One row, that of ordinary chat, is of the model that ``score`` uses.

    Parameters
    ----------
    tables
        Those of an evaluation.
    names, attack
        What ``privacy names`` and ``privacy attack`` wrote.
    coverage
        What ``scripts/release/simulate_coverage`` wrote.
    fresh
        What ``scripts/release/fresh_rates`` wrote.
    chat
        What ``scripts/evaluation/eval_real_benign`` wrote of the model that ``score`` uses.
    """
    overtness = rows_by(tables["overtness"], "set", "overtness")
    flagged_at = [row for row in tables["recall_by_k"].to_dict("records") if row["set"] == "test"]
    first = next((str(row["k"]) for row in flagged_at if row["hits"]), NOT_MEASURED)
    manner, scene = (tables[name].iloc[0] for name in ("manners", "conversation_scenes"))
    noise = rows_by(tables["noise"], "noise", "model")
    joined = rows_by(tables["capabilities"], "slice")["joined by a comma to another sign"]
    read = rows_by(names, "attack")["names_read"]
    fresh_alarms = fresh[fresh["figure"] == "false_positive_rate"]
    rows = [
        *(
            [f"{kind} patterns flagged, at the alert threshold", _cell_of(of_kind, "tpr")]
            for kind in ("overt", "mixed", "faint")
            for of_kind in [overtness["test", kind]]
        ),
        ["number of messages after which the first pattern is flagged", first],
        [
            f"messages that speak of a sign without showing it, worst kind ({manner['slice']}): flagged",
            rate_cell(*manner[SLICE_COLUMNS]),
        ],
        _chat_row(chat),
        [
            "found signs that are lost when a comma joins another sign to them",
            rate_cell(*(joined[name] for name in ("rate", "rate_low", "rate_high", "failures", "n"))),
        ],
        [
            f"benign conversations, worst setting ({scene['slice']}): flagged",
            rate_cell(*scene[SLICE_COLUMNS]),
        ],
        [
            "freshly generated benign conversations flagged at the alert threshold, which was asked for 1 % "
            f"({fresh_alarms['n'].min():,} and more of each): unseen dialogues, and other writers",
            " and ".join(map(_measured, rows_by(fresh_alarms, "set").values())),
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
            rate_cell(*(read[name] for name in ("share", "share_low", "share_high", "found", "n"))),
        ],
        _membership_row(attack),
        _file_row(attack),
        *(
            [
                f"simulations in which a 95 % interval of {words} holds the truth, by how alike the "
                "conversations of a dialogue are",
                covered,
            ]
            for words, covered in coverage_spans(coverage).items()
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


def _chat_row(chat: pd.DataFrame) -> list[str]:
    """Messages of ordinary chat that are flagged, for the worst sign and for any."""
    messages = chat[(chat["what"] == "messages flagged") & (chat["at"] == DEFAULT_POINT)]
    by_label = rows_by(messages[messages["source"] == messages["source"].iloc[0]], "of")
    any_stage = by_label.pop(ANY_STAGE)
    worst = max(by_label.values(), key=lambda row: row["rate"])
    limit = (
        f"messages of ordinary chat ({worst['source']}: real, and new to the model of `score`) that it "
        f"flags: for {worst['of']}, the worst, and for any of the five signs"
    )
    counted = ("rate", "rate_low", "rate_high", "hits", "n")
    cells = [rate_cell(*(row[name] for name in counted)) for row in (worst, any_stage)]
    return [limit, " and ".join(cells)]


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


def _file_row(attack: pd.DataFrame) -> list[str]:
    """What the strongest attack makes of the model file itself."""
    of_file = attack["variant"].str.endswith(".safetensors") & (attack["attack"] != "blind")
    areas = attack[of_file & (attack["figure"] == "auc")]
    [strongest] = areas.nlargest(1, "value").to_dict("records")
    limit = (
        "AUC of the strongest attack that asks which conversations the model file of the train split was "
        f"fitted on ({strongest['attack']}; 0.5 tells nothing)"
    )
    return [
        limit,
        f"{format_number(strongest['value'])} {format_interval(strongest['low'], strongest['high'])}",
    ]


def span(values: pd.Series[float]) -> str:
    """The smallest and the largest value."""
    return f"{format_number(values.min())}–{format_number(values.max())}"


def _measured(row: Mapping[Any, Any]) -> str:
    return f"{format_number(row['value'])} {format_interval(row['low'], row['high'])}"


def alert_rates(tables: Tables) -> dict[str, str]:
    """Benign conversations that reach the alert threshold, by set, as cells."""
    early = rows_by(tables["early"], "set", "rule")
    return {name: _cell_of(early[name, LATCHED], "false_alarm_rate") for name in SETS}


def coverage_spans(coverage: pd.DataFrame) -> dict[str, str]:
    """How often the intervals of ``COVERED_BY`` held the truth: least and most."""
    return {
        words: span(
            coverage.loc[(coverage["interval"] == kind) & coverage["units"].str.endswith(units), "coverage"]
        )
        for words, (kind, units) in COVERED_BY.items()
    }


def _cell_of(row: Mapping[str, Any], rate: str) -> str:
    """The ``rate_cell`` of the columns that begin with the name of the rate."""
    return rate_cell(*(row[f"{rate}{part}"] for part in ("", "_low", "_high", "_hits", "_n")))


def rate_cell(value: float, low: float, high: float, hits: float, n: float) -> str:
    """A rate, its interval and its counts."""
    return f"{format_number(value)} {format_interval(low, high)}, {int(hits):,}/{int(n):,}"


def _alerts_if_rare(recall: float, false_alarm_rate: float) -> str:
    """True and false alerts among ``VOLUME`` conversations at the prevalence ``RARE``."""
    found, alarms = VOLUME * RARE * recall, VOLUME * (1 - RARE) * false_alarm_rate
    return f"{found:,.0f} and {alarms:,.0f}"
