"""The few tables by which the project is described: what the shipped model reached, and what the corpora hold. Each is made from numbers handed in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from classifier.evaluation.early_warning import ERISK_P
from classifier.report.tables import Column, PrintedTable, number, printed
from classifier.taxonomy import STAGES

SETS = ("test", "second voice")
NONE = "–"
PUBLISHED = {
    "auc": "0.44–0.51, TF-IDF with logistic regression, off-domain",
    "f1": "0.77, bag-of-words support vector machine (Morris and Hirst 2012)",
    "f05": "0.78, TF-IDF with logistic regression (words 0.779, characters 0.788)",
}
"""Of real chat, all on authors of PAN 2012: another unit and another task than those beside which they stand."""


def with_interval(row: Mapping[str, Any], name: str, *, digits: int = 3) -> str:
    """A value and its interval.

    >>> with_interval({"f1": 0.5, "f1_low": 0.41, "f1_high": 0.6}, "f1")
    '0.500 (0.410–0.600)'
    """
    return f"{number(row[name], digits)} ({number(row[f'{name}_low'], digits)}–{number(row[f'{name}_high'], digits)})"


def rate_with_interval(row: Mapping[str, Any], name: str, *, hits: str, n: str, digits: int = 3) -> str:
    """A rate, its interval and what it is out of.

    >>> rate_with_interval({"tpr": 0.5, "tpr_low": 0.01, "tpr_high": 0.99, "found": 1, "all": 2}, "tpr", hits="found", n="all")
    '0.500 (0.010–0.990), 1/2'
    """
    return f"{with_interval(row, name, digits=digits)}, {int(row[hits])}/{int(row[n])}"


def main_results(tables: Mapping[str, pd.DataFrame]) -> PrintedTable:
    """The tables of an evaluation in a few rows: each figure on unseen phrase families and on a second voice, and what is published of real chat."""
    messages = [rows_by(tables[name], "label") for name in ("messages", "transfer")]
    separation = rows_by(tables["separation"], "set", "scorer")
    early = rows_by(tables["early"], "set", "rule")
    alerts = [early[name, "pattern scorer, latched"] for name in SETS]
    accounts = rows_by(tables["senders"], "k")[1]
    rows = [
        [
            "messages: macro F1 of the five stages",
            *(with_interval(table["macro"], "f1") for table in messages),
            NONE,
        ],
        [
            "messages: macro average precision",
            *(with_interval(table["macro"], "average_precision") for table in messages),
            NONE,
        ],
        *(
            [f"messages: F1 of `{stage}`", *(with_interval(table[stage], "f1") for table in messages), NONE]
            for stage in STAGES
        ),
        [
            "conversations: AUC, words alone",
            *(with_interval(separation[name, "text head"], "auc") for name in SETS),
            PUBLISHED["auc"],
        ],
        [
            "the same, told every message's true labels",
            *(with_interval(separation[name, "text head, told every label"], "auc") for name in SETS),
            NONE,
        ],
        *_rates_rows(tables["rates"]),
        [
            "conversations: F1 at the alert threshold",
            *(f"{number(row['f1'])}; {row['n_patterns']} patterns of {row['n']:,}" for row in alerts),
            NONE,
        ],
        [
            f"conversations: F-latency = F1 × speed (p = {ERISK_P})",
            *(
                f"{number(row['f_latency_erisk'])} = {number(row['f1'])} × {number(row['speed_erisk'])}"
                for row in alerts
            ),
            NONE,
        ],
        [
            "accounts: F0.5",
            f"{number(accounts['pan12_f05'])}; {accounts['n_pattern']} with a pattern of {accounts['n_pattern'] + accounts['n_benign']}",
            NONE,
            PUBLISHED["f05"],
        ],
        ["authors: F1", NONE, NONE, PUBLISHED["f1"]],
    ]
    headings = ["figure", "test: unseen phrase families", "`v1-alt`: a second voice", "published, real chat"]
    return PrintedTable(headings, rows, [False] * len(headings))


def _rates_rows(rates: pd.DataFrame) -> Iterator[list[str]]:
    """TPR and FPR at each asked false-positive rate, or why validation cannot show that rate."""
    for asked, group in rates.groupby("asked_fpr", sort=False):
        by_set = rows_by(group, "set")
        if not set(SETS) <= set(by_set):
            yield [
                f"conversations: TPR at an FPR of {asked}",
                group["remark"].iloc[0],
                "refused likewise",
                NONE,
            ]
            continue
        for title, key, digits in (("TPR", "tpr", 3), ("FPR", "fpr", 4)):
            values = (
                rate_with_interval(by_set[name], key, hits=f"{key}_hits", n=f"{key}_n", digits=digits)
                for name in SETS
            )
            yield [f"conversations: {title} at a threshold for an FPR of {asked}", *values, NONE]


def rows_by(table: pd.DataFrame, *keys: str) -> dict[Any, dict[str, Any]]:
    """The rows of a table by what stands in its ``keys``: by the value for one, by a tuple for several.

    >>> rows_by(pd.DataFrame({"topping": ["basil"], "eaten": [3]}), "topping")["basil"]["eaten"]
    3
    """
    rows = [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
    return {row[keys[0]] if len(keys) == 1 else tuple(row[key] for key in keys): row for row in rows}


def corpus_counts(manifests: Mapping[str, Mapping[str, Any]]) -> PrintedTable:
    """How large each split of each release is, from its manifest."""
    counted = ("conversations", "benign", "grooming_pattern", "messages", "senders", "families")
    rows = [
        [release, split, *(number(counts[name]) for name in counted)]
        for release, manifest in manifests.items()
        for split, counts in manifest["counts"].items()
    ]
    headings = [
        "release",
        "split",
        "conversations",
        "benign",
        "patterns",
        "messages",
        "senders",
        "phrase families",
    ]
    return PrintedTable(headings, rows, [False, False] + [True] * len(counted))


def phrase_totals(counts: Mapping[str, pd.DataFrame]) -> PrintedTable:
    """Families and distinct phrasings of each voice by kind; ``counts`` maps a voice to its ``phrase_counts``."""
    by_kind = {
        voice: table.groupby("kind")[["families", "phrasings"]].sum() for voice, table in counts.items()
    }
    kinds = [*dict.fromkeys(kind for table in by_kind.values() for kind in table.index)]
    totals = {
        voice: pd.concat([table.reindex(kinds, fill_value=0), table.sum().to_frame("all").T])
        for voice, table in by_kind.items()
    }
    rows = [
        [
            kind,
            *(
                f"{table.loc[kind, name]:,}"
                for table in totals.values()
                for name in ("families", "phrasings")
            ),
        ]
        for kind in [*kinds, "all"]
    ]
    headings = ["phrases", *(f"{voice}: {name}" for voice in totals for name in ("families", "phrasings"))]
    return PrintedTable(headings, rows, [False] + [True] * (len(headings) - 1))


def label_shares(counts: Mapping[str, pd.DataFrame]) -> PrintedTable:
    """Messages that show each label, all splits together; ``counts`` maps a release to its ``label_counts``."""
    labels = next(iter(counts.values()))["label"].tolist()
    by_label = {release: table.set_index("label") for release, table in counts.items()}
    rows = [
        [
            label,
            *(
                text
                for table in by_label.values()
                for text in (
                    f"{table.loc[label, 'pattern']:,}",
                    f"{table.loc[label, 'benign']:,}",
                    f"{table.loc[label, 'share']:.2%}",
                )
            ),
        ]
        for label in labels
    ]
    headings = [
        "label",
        *(f"{release}: {name}" for release in by_label for name in ("in patterns", "in benign", "of all")),
    ]
    return PrintedTable(headings, rows, [False] + [True] * (len(headings) - 1))


def worst_false_alarms(table: pd.DataFrame, what: str, *, n: int) -> PrintedTable:
    """The ``n`` slices with most false alarms, and the mean."""
    return _with_mean(
        table,
        n,
        [
            Column("slice", what),
            Column("rate", "flagged", interval=True),
            Column("false_alarms", "false alarms", 0),
            Column("n", "of", 0),
        ],
    )


def worst_recalls(table: pd.DataFrame, *, n: int) -> PrintedTable:
    """The ``n`` tactics found least, and the mean."""
    columns = [
        Column("tactic", "tactic"),
        Column("label", "label"),
        Column("recall", "recall", interval=True),
        Column("hits", "found", 0),
        Column("n", "of", 0),
    ]
    return _with_mean(table, n, columns)


def _with_mean(table: pd.DataFrame, n: int, columns: list[Column]) -> PrintedTable:
    """The first ``n`` rows, which are the worst, and the last, which is the mean."""
    return printed(pd.concat([table.iloc[:-1].head(n), table.tail(1)]), columns)
