"""Short tables for the model card and the READMEs: results, corpora, phrases and labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from classifier.evaluation.early_warning import ERISK_P
from classifier.report.evaluation.printed_columns import false_alarm_columns, tactic_columns
from classifier.report.printed_tables import (
    Column,
    PrintedTable,
    format_interval,
    format_number,
    printed_table,
)
from classifier.report.sections import Tables
from classifier.taxonomy import STAGES

SETS = ("test", "second voice")
LATCHED = "pattern scorer, latched"
CONTACT_ONLY = "the contact's turns only"
"""The control of ``controls_table`` that shows how the script leaks."""
NOT_MEASURED = "–"
PUBLISHED = {
    "auc": "0.44–0.51, TF-IDF with logistic regression, on data from another source",
    "f1": "0.77, bag-of-words support vector machine (Morris and Hirst 2012)",
    "f05": "0.78, TF-IDF with logistic regression (words 0.779, characters 0.788)",
}
"""Published results on real chat, all on authors of PAN 2012: another unit and another task than ours."""


def with_interval(row: Mapping[str, Any], name: str, *, digits: int = 3) -> str:
    """A value and its interval.

    >>> with_interval({"f1": 0.5, "f1_low": 0.41, "f1_high": 0.6}, "f1")
    '0.500 (0.410–0.600)'
    """
    interval = format_interval(row[f"{name}_low"], row[f"{name}_high"], digits)
    return f"{format_number(row[name], digits)} {interval}"


def rate_with_interval(row: Mapping[str, Any], name: str, *, hits: str, n: str, digits: int = 3) -> str:
    """A rate, its interval and its counts.

    >>> row = {"tpr": 0.5, "tpr_low": 0.01, "tpr_high": 0.99, "found": 1, "all": 2}
    >>> rate_with_interval(row, "tpr", hits="found", n="all")
    '0.500 (0.010–0.990), 1/2'
    """
    return f"{with_interval(row, name, digits=digits)}, {int(row[hits])}/{int(row[n])}"


def rows_by(table: pd.DataFrame, *keys: str) -> dict[Any, dict[str, Any]]:
    """The rows of a table by the values in its columns ``keys``.

    A key is the value itself for one column, a tuple for several.

    >>> rows_by(pd.DataFrame({"topping": ["basil"], "eaten": [3]}), "topping")["basil"]["eaten"]
    3
    """
    rows = [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
    return {row[keys[0]] if len(keys) == 1 else tuple(row[key] for key in keys): row for row in rows}


def contact_only_auc(tables: Tables) -> str:
    """AUC of a model that sees the contact's turns alone, with its interval."""
    return with_interval(rows_by(tables["controls"], "control")[CONTACT_ONLY], "auc")


def main_results(tables: Tables) -> PrintedTable:
    """The main figures of an evaluation, a row each.

    Columns are unseen phrase families, the second voice, and results published for real chat.
    """
    rows = [
        *_message_rows(tables),
        *_separation_rows(tables["separation"]),
        *_rate_rows(tables["rates"]),
        *_alert_rows(tables["early"]),
        _account_row(tables["senders"]),
        ["authors: F1", NOT_MEASURED, NOT_MEASURED, PUBLISHED["f1"]],
    ]
    headings = [
        "figure",
        "test: unseen phrase families",
        "`v2-alt`: a second voice",
        "published, real chat, other tasks",
    ]
    return PrintedTable(headings, rows, [False] * len(headings))


def _message_rows(tables: Tables) -> Iterator[list[str]]:
    """F1 and average precision over the stages, then F1 of each stage."""
    by_label = [rows_by(tables[name], "label") for name in ("messages", "transfer")]
    figures = [
        ("messages: macro F1 of the five stages", "macro", "f1"),
        ("messages: macro average precision", "macro", "average_precision"),
        *((f"messages: F1 of `{stage}`", stage, "f1") for stage in STAGES),
    ]
    for title, label, metric in figures:
        yield [title, *(with_interval(rows[label], metric) for rows in by_label), NOT_MEASURED]


def _separation_rows(separation: pd.DataFrame) -> Iterator[list[str]]:
    """AUC of conversations, from predicted and from true message labels."""
    by_scorer = rows_by(separation, "set", "scorer")
    for title, scorer, published in (
        ("conversations: AUC, words alone", "text head", PUBLISHED["auc"]),
        ("the same, from the true labels of every message", "text head, told every label", NOT_MEASURED),
    ):
        yield [title, *(with_interval(by_scorer[name, scorer], "auc") for name in SETS), published]


def _rate_rows(rates: pd.DataFrame) -> Iterator[list[str]]:
    """TPR and FPR at each asked false-positive rate, or the reason for refusing that rate."""
    for asked, group in rates.groupby("asked_fpr", sort=False):
        by_set = rows_by(group, "set")
        if not set(SETS) <= set(by_set):
            title = f"conversations: TPR at an FPR of {asked}, threshold of validation"
            yield [title, group["remark"].iloc[0], "refused likewise", NOT_MEASURED]
            continue
        for name, key, digits in (("TPR", "tpr", 3), ("FPR", "fpr", 4)):
            values = (
                rate_with_interval(by_set[set_], key, hits=f"{key}_hits", n=f"{key}_n", digits=digits)
                for set_ in SETS
            )
            yield [
                f"conversations: {name} at the threshold that validation alone gives for an FPR of {asked}",
                *values,
                NOT_MEASURED,
            ]


def _alert_rows(early: pd.DataFrame) -> Iterator[list[str]]:
    """F1 and F-latency at the alert threshold."""
    by_rule = rows_by(early, "set", "rule")
    alerts = [by_rule[name, LATCHED] for name in SETS]
    f1 = [f"{format_number(row['f1'])}; {row['n_patterns']} patterns of {row['n']:,}" for row in alerts]
    yield ["conversations: F1 at the alert threshold", *f1, NOT_MEASURED]
    latency = [" × ".join(format_number(row[name]) for name in ("f1", "speed_erisk")) for row in alerts]
    f_latency = [
        f"{format_number(row['f_latency_erisk'])} = {product}"
        for row, product in zip(alerts, latency, strict=True)
    ]
    yield [f"conversations: F-latency = F1 × speed (p = {ERISK_P})", *f_latency, NOT_MEASURED]


def _account_row(senders: pd.DataFrame) -> list[str]:
    """F0.5 of accounts that are flagged from one flagged conversation on."""
    accounts = rows_by(senders, "k")[1]
    n = accounts["n_pattern"] + accounts["n_benign"]
    value = f"{format_number(accounts['pan12_f05'])}; {accounts['n_pattern']} with a pattern of {n}"
    return ["accounts: F0.5", value, NOT_MEASURED, PUBLISHED["f05"]]


def corpus_counts(manifests: Mapping[str, Mapping[str, Any]]) -> PrintedTable:
    """The size of each split of each release, from the ``manifests`` by release."""
    counted = {
        "conversations": "conversations",
        "benign": "benign",
        "grooming_pattern": "patterns",
        "messages": "messages",
        "senders": "senders",
        "families": "families of dialogues",
    }
    rows = [
        [release, split, *(format_number(counts[name]) for name in counted)]
        for release, manifest in manifests.items()
        for split, counts in manifest["counts"].items()
    ]
    headings = ["release", "split", *counted.values()]
    return PrintedTable(headings, rows, [False, False] + [True] * len(counted))


def phrase_totals(counts: pd.DataFrame) -> PrintedTable:
    """Phrase families and distinct phrasings by kind, from ``phrase_counts``."""
    names = ["families", "phrasings"]
    by_kind = counts.groupby("kind")[names].sum()
    totals = pd.concat([by_kind, by_kind.sum().to_frame("all").T])
    rows = [[str(kind), *(f"{row[name]:,}" for name in names)] for kind, row in totals.iterrows()]
    return PrintedTable(["phrases", *names], rows, [False, True, True])


def dialogue_totals(counts: Mapping[str, pd.Series[float]]) -> PrintedTable:
    """What the dialogues of each voice hold, from the column ``count`` of ``dialogue_counts``."""
    names = [*dict.fromkeys(name for of_voice in counts.values() for name in of_voice.index)]
    rows = [
        [name, *(_count_or_share(of_voice.get(name, 0.0)) for of_voice in counts.values())] for name in names
    ]
    return PrintedTable(["", *counts], rows, [False] + [True] * len(counts))


def _count_or_share(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:.1%}"


def label_shares(counts: Mapping[str, pd.DataFrame]) -> PrintedTable:
    """Messages that show each label, over all splits together.

    ``counts`` maps a release to its ``label_counts``.
    """
    titles = ("in patterns", "in benign", "of all")
    rows = []
    for label in next(iter(counts.values()))["label"]:
        row = [label]
        for table in counts.values():
            counted = rows_by(table, "label")[label]
            row += [f"{counted['pattern']:,}", f"{counted['benign']:,}", f"{counted['share']:.2%}"]
        rows.append(row)
    headings = ["label", *(f"{release}: {title}" for release in counts for title in titles)]
    return PrintedTable(headings, rows, [False] + [True] * (len(headings) - 1))


def worst_false_alarms(table: pd.DataFrame, slice_heading: str, *, n: int) -> PrintedTable:
    """The ``n`` slices with most false alarms, and the mean."""
    return _first_and_mean(table, false_alarm_columns(slice_heading, "messages"), n=n)


def worst_recalls(table: pd.DataFrame, *, n: int) -> PrintedTable:
    """The ``n`` tactics with the lowest recall, and the mean."""
    return _first_and_mean(table, tactic_columns(), n=n)


def _first_and_mean(table: pd.DataFrame, columns: tuple[Column, ...], *, n: int) -> PrintedTable:
    """The first ``n`` rows, which are the worst, and the last row, which is the mean."""
    return printed_table(pd.concat([table.iloc[:-1].head(n), table.tail(1)]), columns)
