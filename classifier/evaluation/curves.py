"""The ROC curve as a table, and the areas under it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from classifier.evaluation.rates import labelled_scores


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
