"""Paired differences between two models on the same messages and conversations."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.intervals import Resamples, percentile_interval
from classifier.evaluation.message_metrics import METRICS, resampled_metrics
from classifier.evaluation.ranking import aucs
from classifier.taxonomy import LABELS
from classifier.workflows.two_evaluations.compared_scores import FLAG_COLUMNS, Scores
from classifier.workflows.two_evaluations.score_tables import LABEL_COLUMNS, SCORE_COLUMNS

COMPARED = ("average_precision", "f1")
COLUMNS = ["set", "metric", "label", "a", "b", "difference", "low", "high", "holds_zero"]
COLUMNS += ["n", "n_families", "n_resamples"]

Values = dict[tuple[str, str], NDArray[np.float64]]
"""By metric and label, the plain value and then one for each resample."""


def paired_differences(a: Scores, b: Scores, *, n_resamples: int, seed: int) -> pd.DataFrame:
    """What ``b`` does better than ``a``, with intervals over resampled families.

    Each resample takes the same families for both, so that what is hard in a family cancels out. Families
    are phrase families and dialogues for messages, dialogues for conversations.

    Columns: ``set``; ``metric``: "average_precision", "f1", then of conversations "auc", "tpr" and "fpr" at
    each one's alert threshold; ``label``: "macro" or a label, empty for conversations; ``a``, ``b``;
    ``difference``, b - a; ``low``, ``high``: its 95 % percentile interval; ``holds_zero``, whether 0 lies
    in it, None where it is undefined; ``n``, messages or conversations; ``n_families``; ``n_resamples``.

    Parameters
    ----------
    a, b
        Row by row of the same messages and conversations, as ``read_pair`` returns them.
    """
    rows: list[dict[str, Any]] = []
    for name in a.messages["set"].unique():
        for tables, values_of in (
            ((a.messages, b.messages), _message_values),
            ((a.conversations, b.conversations), _conversation_values),
        ):
            first, second = (table[(table["set"] == name).to_numpy(dtype=bool)] for table in tables)
            if first.empty:
                continue
            resamples = Resamples.of(_families(first), n_resamples=n_resamples, seed=seed)
            of_first, of_second = values_of(first, first, resamples), values_of(first, second, resamples)
            counts = {"n": len(first), "n_families": resamples.clusters.n, "n_resamples": n_resamples}
            rows += [
                {"set": name, "metric": metric, "label": label}
                | _difference(of_first[metric, label], of_second[metric, label])
                | counts
                for metric, label in of_first
            ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _families(table: pd.DataFrame) -> list[Hashable]:
    """The family of each message, or those of each conversation."""
    if "family" in table:
        return list(table["family"])
    return [tuple(names.split()) for names in table["families"]]


def _difference(a: NDArray[np.float64], b: NDArray[np.float64]) -> dict[str, Any]:
    """The columns of a difference; the first value of each is the plain one."""
    differences = b - a
    interval = percentile_interval(differences[1:])
    return {
        "a": float(a[0]),
        "b": float(b[0]),
        "difference": float(differences[0]),
        "low": interval.low,
        "high": interval.high,
        "holds_zero": None if np.isnan(interval.low) else interval.low <= 0 <= interval.high,
    }


def _message_values(labelled: pd.DataFrame, scored: pd.DataFrame, resamples: Resamples) -> Values:
    labels, scores, flags = (
        table[columns].set_axis(LABELS, axis=1).reset_index(drop=True)
        for table, columns in (
            (labelled, LABEL_COLUMNS),
            (scored, SCORE_COLUMNS),
            (scored, FLAG_COLUMNS),
        )
    )
    values = resampled_metrics(labels, scores, flags, resamples)
    return {
        (metric, label): values[label][METRICS.index(metric)]
        for metric in COMPARED
        for label in ("macro", *LABELS)
    }


def _conversation_values(labelled: pd.DataFrame, scored: pd.DataFrame, resamples: Resamples) -> Values:
    pattern = labelled["label"].to_numpy(dtype=bool)
    hit = scored["flagged"].to_numpy(dtype=bool)
    return {
        ("auc", ""): aucs(pattern, scored["score"].to_numpy(dtype=np.float64), resamples),
        ("tpr", ""): resamples.rates(hit, pattern),
        ("fpr", ""): resamples.rates(hit, ~pattern),
    }
