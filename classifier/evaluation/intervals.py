"""Percentile intervals over resampled clusters: phrase families or accounts.

Messages of one phrase family resemble each other, so a resample takes all of them or none. Intervals over
resampled single messages would be far too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Interval:
    """Bounds from ``n_resamples`` resamples, of which ``n_undefined`` had no value.

    A resample without a value (0/0) is left out. The bounds are nan when every resample was left out.
    """

    low: float
    high: float
    n_resamples: int
    n_undefined: int

    def __str__(self) -> str:
        left_out = f", {self.n_undefined} undefined and left out" if self.n_undefined else ""
        return f"{self.low:.3f}–{self.high:.3f} (B = {self.n_resamples}{left_out})"


def cluster_codes(clusters: ArrayLike) -> tuple[NDArray[np.int64], int]:
    """The cluster of each unit as a number 0..C-1, in order of the names, and C.

    Raises ``ValueError`` for a missing name, and for fewer than two clusters: every resample of one cluster
    is the same, and its interval would be a point.

    >>> cluster_codes(["raid", "pizza", "raid"])[0].tolist()
    [1, 0, 1]
    """
    codes, names = pd.factorize(np.asarray(clusters, dtype=object), sort=True)
    if (codes < 0).any():
        raise ValueError(f"clusters must all be named, got {int((codes < 0).sum())} missing of {len(codes)}")
    if len(names) < 2:
        raise ValueError(f"clusters must name at least 2 different ones, got {len(names)}")
    return codes.astype(np.int64), len(names)


def cluster_sums(
    values: NDArray[np.float64], codes: NDArray[np.int64], n_clusters: int
) -> NDArray[np.float64]:
    """``values`` of shape (units, k) added up by cluster: shape (clusters, k)."""
    sums = np.zeros((n_clusters, values.shape[1]))
    np.add.at(sums, codes, values)
    return sums


def cluster_weights(n_clusters: int, *, n_resamples: int, seed: int) -> NDArray[np.int64]:
    """How often each cluster is drawn in each resample: shape (resamples, clusters).

    Every row adds up to ``n_clusters``. Bootstrap of Efron & Tibshirani (1993), chapter 13, with the cluster
    as the unit that is drawn; with few clusters its intervals cover less often than stated. Use one matrix
    for all statistics that are compared or averaged, so that they vary together.

    >>> cluster_weights(4, n_resamples=2, seed=0).sum(axis=1).tolist()
    [4, 4]
    """
    if n_clusters < 1 or n_resamples < 1:
        raise ValueError(
            f"n_clusters and n_resamples must be at least 1, got {n_clusters!r} and {n_resamples!r}"
        )
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(n_clusters, np.full(n_clusters, 1.0 / n_clusters), size=n_resamples)
    return weights.astype(np.int64)


def plain_and_resampled(
    clusters: ArrayLike, *, n_resamples: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The cluster of each unit, and weights of shape (1 + resamples, clusters).

    The first row takes every cluster once, which gives the value itself; the others are
    ``cluster_weights``. Raises ``ValueError`` as ``cluster_codes`` and ``cluster_weights`` do.

    >>> codes, weights = plain_and_resampled(["raid", "pizza", "raid"], n_resamples=4, seed=0)
    >>> codes.tolist(), weights[0].tolist(), weights.sum(axis=1).tolist()
    ([1, 0, 1], [1, 1], [2, 2, 2, 2, 2])
    """
    codes, n_clusters = cluster_codes(clusters)
    once = np.ones((1, n_clusters), dtype=np.int64)
    return codes, np.vstack([once, cluster_weights(n_clusters, n_resamples=n_resamples, seed=seed)])


def percentile_interval(values: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """The middle ``confidence`` of the values of a statistic over resamples.

    Nan (0/0 in that resample) is left out and counted.

    >>> print(percentile_interval([0.0, 0.5, 1.0, float("nan")], confidence=0.5))
    0.250–0.750 (B = 4, 1 undefined and left out)
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence!r}")
    resampled = np.asarray(values, dtype=np.float64)
    defined = resampled[~np.isnan(resampled)]
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail]) if defined.size else (np.nan, np.nan)
    return Interval(
        float(low), float(high), n_resamples=resampled.size, n_undefined=resampled.size - defined.size
    )


def divide_or_nan(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    """``numerator / denominator`` elementwise, nan where the denominator is 0.

    >>> divide_or_nan(np.array([1.0, 0.0]), np.array([2.0, 0.0])).tolist()
    [0.5, nan]
    """
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator > 0)
