"""How far could a number move with other phrase families or accounts? Percentile intervals over resampled clusters.

Messages of one phrase family resemble each other, so they are drawn or left out together. Resampling single messages would give intervals far too narrow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Interval:
    """``low`` to ``high``, from ``n_resamples`` draws of which ``n_undefined`` had no value (0/0) and were left out. Nan when none had one."""

    low: float
    high: float
    n_resamples: int
    n_undefined: int

    def __str__(self) -> str:
        left_out = f", {self.n_undefined} undefined and left out" if self.n_undefined else ""
        return f"{self.low:.3f}–{self.high:.3f} (B = {self.n_resamples}{left_out})"


def cluster_codes(clusters: ArrayLike) -> tuple[NDArray[np.int64], int]:
    """A number 0..C-1 for the cluster of each unit, in order of the names, and C.

    Raises ``ValueError`` for a missing name, and for fewer than two clusters: one cluster drawn again and again is always itself, and its interval would
    be a point.

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
    """How often each cluster is drawn in each resample: shape (resamples, clusters), every row adds up to ``n_clusters``.

    Use one matrix for all statistics that are compared or averaged, so that they move together.

    >>> cluster_weights(4, n_resamples=2, seed=0).sum(axis=1).tolist()
    [4, 4]
    """
    if n_clusters < 1 or n_resamples < 1:
        raise ValueError(
            f"n_clusters and n_resamples must be at least 1, got {n_clusters!r} and {n_resamples!r}"
        )
    rng = np.random.default_rng(seed)
    return rng.multinomial(n_clusters, np.full(n_clusters, 1.0 / n_clusters), size=n_resamples).astype(
        np.int64
    )


def percentile_interval(values: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """The middle ``confidence`` of resampled values. Nan (0/0 in that resample) is left out, and the interval says how many were.

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


def cluster_bootstrap(
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    sums: NDArray[np.float64],
    *,
    n_resamples: int,
    seed: int,
    confidence: float = 0.95,
) -> Interval:
    """Interval of a statistic of counts that add up over clusters.

    ``sums`` has shape (clusters, k), as from ``cluster_sums``; ``statistic`` maps totals of shape (resamples, k) to one value a resample. Bootstrap of
    Efron & Tibshirani (1993), chapter 13, with the cluster as the unit that is drawn. It misses more often than asked when there are few clusters.

    >>> share = lambda totals: totals[:, 0] / totals[:, 1]
    >>> print(cluster_bootstrap(share, np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]), n_resamples=100, seed=0))
    0.500–0.500 (B = 100)
    """
    weights = cluster_weights(len(sums), n_resamples=n_resamples, seed=seed)
    return percentile_interval(statistic(weights @ sums), confidence=confidence)
