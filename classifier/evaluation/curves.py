"""ROC and precision–recall curves as tables, and the areas under the ROC curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from classifier.evaluation.rates import labelled_scores

RECALL_LEVELS = tuple(level / 20 for level in range(1, 21))
"""Recalls at which ``curve_points`` has a row: every twentieth."""


def roc_table(label: ArrayLike, score: ArrayLike) -> pd.DataFrame:
    """ROC curve: one row per distinct score, highest first.

    Each score is a threshold. The first row has the threshold infinity and flags nothing. Equal scores are
    flagged together. A rate without units is nan.

    Columns: ``threshold``, ``false_positive_rate``, ``true_positive_rate``, ``false_alarms``, ``true_finds``.

    >>> columns = ["threshold", "false_positive_rate", "true_positive_rate"]
    >>> roc_table([1, 0], [0.9, 0.1])[columns].to_numpy().tolist()
    [[inf, 0.0, 0.0], [0.9, 0.0, 1.0], [0.1, 1.0, 1.0]]
    """
    labels, scores = labelled_scores(label, score)
    descending, rank = np.unique(-scores, return_inverse=True)
    n_thresholds = descending.size
    true_finds = np.append(0, np.cumsum(np.bincount(rank[labels], minlength=n_thresholds)))
    false_alarms = np.append(0, np.cumsum(np.bincount(rank[~labels], minlength=n_thresholds)))
    n_positive, n_benign = int(labels.sum()), int((~labels).sum())
    return pd.DataFrame(
        {
            "threshold": np.append(np.inf, -descending),
            "false_positive_rate": false_alarms / n_benign if n_benign else np.nan,
            "true_positive_rate": true_finds / n_positive if n_positive else np.nan,
            "false_alarms": false_alarms,
            "true_finds": true_finds,
        }
    )


def curve_points(
    label: ArrayLike, score: ArrayLike, *, levels: Sequence[float] = RECALL_LEVELS
) -> pd.DataFrame:
    """Points of the ROC and of the precision–recall curve: one row per level of recall.

    The point of a level in (0, 1] is the highest threshold whose recall reaches it, so its recall may be a
    little higher. Without a positive unit the table is empty.

    Columns: ``level``, ``threshold``, ``recall``, ``false_positive_rate`` (nan without a benign unit),
    ``precision``, ``true_finds``, ``false_alarms``, ``positives``, ``n``.

    >>> points = curve_points([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1], levels=(0.5, 1.0))
    >>> points[["recall", "false_positive_rate", "precision"]].round(3).to_numpy().tolist()
    [[0.5, 0.0, 1.0], [1.0, 0.5, 0.667]]
    """
    table = roc_table(label, score)
    positives, n = (
        int(table["true_finds"].iloc[-1]),
        int(table[["true_finds", "false_alarms"]].iloc[-1].sum()),
    )
    reached = table["true_finds"].to_numpy()
    wanted = [level for level in levels if positives]
    # 1e-9: .15 of 20 is 3, which floating point makes a little more.
    needed = np.ceil(np.array(wanted) * positives - 1e-9)
    rows = table.iloc[np.searchsorted(reached, needed)].reset_index(drop=True)
    flagged = rows["true_finds"] + rows["false_alarms"]
    return pd.DataFrame(
        {
            "level": np.array(wanted, dtype=np.float64),
            "threshold": rows["threshold"],
            "recall": rows["true_positive_rate"],
            "false_positive_rate": rows["false_positive_rate"],
            "precision": rows["true_finds"] / flagged,
            "true_finds": rows["true_finds"],
            "false_alarms": rows["false_alarms"],
            "positives": positives,
            "n": n,
        }
    )


def auc(label: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve, in [0, 1].

    It is the chance that a positive unit scores above a benign one, a tie counting half. Nan when one kind of
    unit is missing.

    >>> auc([1, 0, 0], [0.9, 0.1, 0.9])
    0.75
    """
    return partial_auc(label, score, max_fpr=1.0)


def partial_auc(label: ArrayLike, score: ArrayLike, *, max_fpr: float) -> float:
    """Mean true positive rate over false positive rates from 0 to ``max_fpr``, in [0, 1].

    Chance is ``max_fpr / 2``, not one half: this is the area of McClish (1989) divided by its width, without
    the rescaling that scikit-learn applies. The curve is linear between two points. Nan when one kind of unit
    is missing.

    >>> partial_auc([1, 1, 0, 0], [0.9, 0.3, 0.5, 0.1], max_fpr=0.5)
    0.5
    """
    if not 0 < max_fpr <= 1:
        raise ValueError(f"max_fpr must be above 0 and at most 1, got {max_fpr!r}")
    table = roc_table(label, score)
    fpr, tpr = table["false_positive_rate"].to_numpy(), table["true_positive_rate"].to_numpy()
    if np.isnan(fpr).any() or np.isnan(tpr).any():
        return float("nan")
    inside = fpr <= max_fpr
    end = tpr[-1] if inside.all() else np.interp(max_fpr, fpr, tpr)
    x, y = np.append(fpr[inside], max_fpr), np.append(tpr[inside], end)
    return float(np.trapezoid(y, x) / max_fpr)
