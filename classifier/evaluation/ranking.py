"""Average precision and AUC in many cluster resamples at once.

Both depend on the score only through the order of its distinct values, so units are counted once by (distinct
score, cluster), and every resample is a product with its row of weights.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.evaluation.intervals import Resamples, divide_or_nan, percentile_interval
from classifier.evaluation.rates import labelled_scores

_MAX_BLOCK_ENTRIES = 4_000_000  # of a (distinct scores, resamples) block: 32 MB


def average_precisions(label: ArrayLike, score: ArrayLike, resamples: Resamples) -> NDArray[np.float64]:
    """One average precision per row of ``resamples``.

    ``sum over distinct scores, highest first, of (recall gained) * precision``: equal scores are flagged
    together, nothing is interpolated (as in scikit-learn; not the interpolated one of PASCAL VOC). Nan in a
    row without a positive.

    >>> average_precisions([1, 0, 1], [0.9, 0.8, 0.1], Resamples.none(3)).round(3).tolist()
    [0.833]
    """
    return _per_resample(_block_average_precision, label, score, resamples)


def aucs(label: ArrayLike, score: ArrayLike, resamples: Resamples) -> NDArray[np.float64]:
    """One area under the ROC curve per row of ``resamples``.

    The chance that a positive scores above a negative, a tie counting half: the Mann-Whitney statistic
    (Hanley & McNeil 1982, Radiology 143). Nan in a row that lacks positives or negatives.

    >>> aucs([1, 0, 1], [0.9, 0.8, 0.1], Resamples.none(3)).tolist()
    [0.5]
    """
    return _per_resample(_block_auc, label, score, resamples)


def auc_with_interval(
    label: ArrayLike,
    score: ArrayLike,
    clusters: Iterable[Hashable],
    *,
    n_resamples: int = 1000,
    seed: int,
) -> dict[str, float | int]:
    """Area under the ROC curve, with its interval over resampled clusters.

    The interval is a 95 % percentile interval. ``clusters`` are the dialogues, phrase families or senders of
    each unit, as ``Clusters.of`` takes them.
    Keys: ``auc``, ``auc_low``, ``auc_high``, ``positives``, ``n``, ``n_clusters``, ``n_resamples``. Nan when
    all labels are the same; a resample whose labels are all the same is left out of the interval.

    >>> label, score, senders = [1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1], ["a", "b", "c", "d"]
    >>> auc_with_interval(label, score, senders, n_resamples=50, seed=0)["auc"]
    1.0
    """
    labels, scores = labelled_scores(label, score)
    resamples = Resamples.of(clusters, n_resamples=n_resamples, seed=seed)
    areas = aucs(labels, scores, resamples)
    interval = percentile_interval(areas[1:])
    return {
        "auc": float(areas[0]),
        "auc_low": interval.low,
        "auc_high": interval.high,
        "positives": int(labels.sum()),
        "n": labels.size,
        "n_clusters": resamples.clusters.n,
        "n_resamples": n_resamples,
    }


def _per_resample(
    statistic: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    label: ArrayLike,
    score: ArrayLike,
    resamples: Resamples,
) -> NDArray[np.float64]:
    labels, scores = labelled_scores(label, score)
    n_units = resamples.clusters.membership.shape[0]
    if n_units != scores.size:
        raise ValueError(f"resamples must be of {scores.size} units, got {n_units}")
    distinct, rank = np.unique(-scores, return_inverse=True)
    rows_per_block = max(1, _MAX_BLOCK_ENTRIES // max(1, distinct.size))
    values = []
    for start in range(0, len(resamples.weights), rows_per_block):
        block = resamples.rows(start, start + rows_per_block)
        positives = block.group_sums(rank, distinct.size, labels.astype(np.float64))
        values.append(statistic(positives, block.group_sums(rank, distinct.size, np.ones(scores.size))))
    return np.concatenate(values)


def _block_average_precision(
    positives: NDArray[np.float64], totals: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Both of shape (distinct scores from the highest, resamples)."""
    found = np.cumsum(positives, axis=0)
    seen = np.cumsum(totals, axis=0)
    # Where no unit is seen yet, none is found either, and the term is 0.
    gained = np.divide(found * positives, seen, out=np.zeros_like(seen), where=seen > 0).sum(axis=0)
    return divide_or_nan(gained, positives.sum(axis=0))


def _block_auc(positives: NDArray[np.float64], totals: NDArray[np.float64]) -> NDArray[np.float64]:
    negatives = totals - positives
    above = np.cumsum(positives, axis=0) - positives / 2.0
    return divide_or_nan((negatives * above).sum(axis=0), positives.sum(axis=0) * negatives.sum(axis=0))
