"""What does every possible threshold give? ROC and precision-recall tables, and the areas under the ROC curve."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from classifier.evaluation.rates import labelled_scores


def roc_table(label: ArrayLike, score: ArrayLike) -> pd.DataFrame:
    """One row per distinct score as a threshold, highest first, after a row at infinity that flags nothing.

    Columns: ``threshold``, ``false_positive_rate``, ``true_positive_rate``, ``false_alarms``, ``true_finds``. A rate without units is nan.

    >>> roc_table([1, 0], [0.9, 0.1])[["threshold", "false_positive_rate", "true_positive_rate"]].to_numpy().tolist()
    [[inf, 0.0, 0.0], [0.9, 0.0, 1.0], [0.1, 1.0, 1.0]]
    """
    labels, scores = labelled_scores(label, score)
    thresholds, true_finds, false_alarms = _counts(labels, scores)
    n_positive, n_benign = int(labels.sum()), int((~labels).sum())
    return pd.DataFrame(
        {
            "threshold": thresholds,
            "false_positive_rate": false_alarms / n_benign if n_benign else np.nan,
            "true_positive_rate": true_finds / n_positive if n_positive else np.nan,
            "false_alarms": false_alarms,
            "true_finds": true_finds,
        }
    )


def pr_table(label: ArrayLike, score: ArrayLike) -> pd.DataFrame:
    """One row per distinct score as a threshold, highest first. There is no row that flags nothing: its precision is 0/0.

    Columns: ``threshold``, ``precision``, ``recall``, ``true_finds``, ``flagged``. Precision depends on the share of positives in the data.

    >>> pr_table([1, 0], [0.9, 0.1])[["threshold", "precision", "recall"]].to_numpy().tolist()
    [[0.9, 1.0, 1.0], [0.1, 0.5, 1.0]]
    """
    labels, scores = labelled_scores(label, score)
    thresholds, true_finds, false_alarms = (column[1:] for column in _counts(labels, scores))
    n_positive = int(labels.sum())
    n_flagged = true_finds + false_alarms
    return pd.DataFrame(
        {
            "threshold": thresholds,
            "precision": true_finds / n_flagged,
            "recall": true_finds / n_positive if n_positive else np.nan,
            "true_finds": true_finds,
            "flagged": n_flagged,
        }
    )


def auc(label: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a positive unit scores above a benign one, a tie counting half. Nan when one kind is missing.

    >>> auc([1, 0, 0], [0.9, 0.1, 0.9])
    0.75
    """
    return partial_auc(label, score, max_fpr=1.0)


def partial_auc(label: ArrayLike, score: ArrayLike, *, max_fpr: float) -> float:
    """Mean true positive rate over false positive rates from 0 to ``max_fpr``: the area there divided by its width, in [0, 1].

    Chance is ``max_fpr / 2``, not one half: this is the area of McClish (1989) divided by its width, without the rescaling scikit-learn applies. Between two
    points the curve is a straight line. Nan when one kind of unit is missing.

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
    end = np.interp(max_fpr, fpr, tpr) if not inside.all() else tpr[-1]
    x, y = np.append(fpr[inside], max_fpr), np.append(tpr[inside], end)
    return float(np.trapezoid(y, x) / max_fpr)


def _counts(
    labels: NDArray[np.bool_], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Thresholds from infinity down, and the positives and benign units flagged at each. Equal scores are flagged together."""
    descending, rank = np.unique(-scores, return_inverse=True)
    n = descending.size
    found = np.cumsum(np.bincount(rank[labels], minlength=n))
    alarms = np.cumsum(np.bincount(rank[~labels], minlength=n))
    return np.append(np.inf, -descending), np.append(0, found), np.append(0, alarms)
