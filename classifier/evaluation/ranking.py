"""Average precision and AUC in many cluster resamples at once.

Both depend on the score only through the order of its distinct values, so units are counted once by (distinct
score, cluster), and every resample is a product with its row of weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, stdtrit
from scipy.stats import rankdata

from classifier.evaluation.clustered_units import Clusters
from classifier.evaluation.intervals import Resamples, divide_or_nan
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
    label: ArrayLike, score: ArrayLike, clusters: Iterable[Hashable]
) -> dict[str, float | int]:
    """Area under the ROC curve, with its 95 % interval.

    The interval is symmetric in the log-odds of the area. Its variance is that of DeLong, DeLong &
    Clarke-Pearson (1988), Biometrics 44, with pairs of units that share a cluster (Obuchowski 1997,
    Biometrics 53), and Student's t; ``clusters`` are the dialogues, phrase families or senders of each unit,
    as ``Clusters.of`` takes them.

    Keys: ``auc``, ``auc_low``, ``auc_high``, ``positives``, ``n``, ``n_clusters``. Nan when all labels are
    the same; both bounds are the area where it is 0 or 1.

    >>> label, score, senders = [1, 1, 0, 0], [0.9, 0.3, 0.5, 0.1], ["a", "b", "c", "d"]
    >>> auc_with_interval(label, score, senders)["auc"]
    0.75
    """
    labels, scores = labelled_scores(label, score)
    held = Clusters.of(clusters)
    area = float(aucs(labels, scores, Resamples.none(scores.size))[0])
    low, high = area, area
    if 0.0 < area < 1.0:
        variance, df = held.variance(_influences_on_auc(labels, scores, area))
        reach = stdtrit(df, 0.975) * math.sqrt(variance) / (area * (1.0 - area))
        low, high = (float(expit(logit(area) + side * reach)) for side in (-1.0, 1.0))
    counts = {"positives": int(labels.sum()), "n": labels.size, "n_clusters": held.n}
    return {"auc": area, "auc_low": low, "auc_high": high} | counts


def _influences_on_auc(
    labels: NDArray[np.bool_], scores: NDArray[np.float64], area: float
) -> NDArray[np.float64]:
    """How far each unit draws the area.

    That is the share of pairs that it wins, less the area, over the units of its label.
    """
    ranks = rankdata(scores)
    won = np.empty(scores.size)
    for of in (labels, ~labels):
        won[of] = (ranks[of] - rankdata(scores[of])) / (~of).sum()
    won[~labels] = 1.0 - won[~labels]
    return np.asarray((won - area) / np.where(labels, labels.sum(), (~labels).sum()))


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
