"""Intervals over resampled clusters: phrase families, dialogues or accounts.

Messages of one phrase family resemble each other, and so do conversations that share a dialogue. A resample
takes all of a cluster or nothing of it; intervals over resampled single units would be far too narrow.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from classifier.evaluation.clustered_units import Clusters


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


def cluster_weights(n_clusters: int, *, n_resamples: int, seed: int) -> NDArray[np.int64]:
    """How often each cluster is drawn in each resample: shape (resamples, clusters).

    Every row adds up to ``n_clusters``. Bootstrap of Efron & Tibshirani (1993), chapter 13, with the cluster
    as the unit that is drawn; with few clusters its intervals cover less often than stated.

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


@dataclass(frozen=True)
class Resamples:
    """The data as they are, and resamples of their clusters.

    Use one object for all statistics that are compared or averaged, so that they vary together.

    A cluster drawn w times adds its units w - 1 times to the data. So a unit of one cluster counts w times,
    the plain cluster bootstrap. A unit of several counts 1 + Σ (w - 1), which has the effects of all its
    clusters in it, and its own chance once for each; with such units intervals cover more often than
    stated (``data/results/v2/coverage.csv``).

    ``weights`` has shape (rows, clusters); its first row takes every cluster once, which is the data.
    """

    clusters: Clusters
    weights: NDArray[np.int64]

    @classmethod
    def of(cls, names: Iterable[Hashable], *, n_resamples: int, seed: int) -> Self:
        """One row of the data and ``n_resamples`` more of units with these cluster names.

        Raises ``ValueError`` as ``Clusters.of``, and for fewer than two clusters: every resample of one
        cluster is the same, and its interval would be a point.

        >>> Resamples.of(["raid", "pizza", "raid"], n_resamples=4, seed=0).weights.sum(axis=1).tolist()
        [2, 2, 2, 2, 2]
        """
        clusters = Clusters.of(names)
        if clusters.n < 2:
            raise ValueError(f"clusters must name at least 2 different ones, got {clusters.n}")
        once = np.ones((1, clusters.n), dtype=np.int64)
        return cls(
            clusters, np.vstack([once, cluster_weights(clusters.n, n_resamples=n_resamples, seed=seed)])
        )

    @classmethod
    def none(cls, n_units: int) -> Self:
        """The data alone, of ``n_units`` units: one row, no clusters."""
        return cls(Clusters(csr_array((n_units, 0))), np.ones((1, 0), dtype=np.int64))

    def rows(self, start: int, stop: int) -> Self:
        """The same with the rows from ``start`` to before ``stop`` alone."""
        return replace(self, weights=self.weights[start:stop])

    def sums(self, *values: ArrayLike) -> NDArray[np.float64]:
        """What each of ``values`` adds up to: shape (values, rows).

        A value is one number per unit, 0 or above.

        >>> resamples = Resamples.of(["raid", "pizza", "raid"], n_resamples=4, seed=0)
        >>> resamples.sums([1, 0, 0], [1, 1, 1])[:, 0].tolist()
        [1.0, 3.0]
        """
        of_units = np.column_stack([np.asarray(each, dtype=np.float64) for each in values])
        added = (self.weights - 1.0) @ (self.clusters.membership.T @ of_units)
        # Where several clusters of a unit are not drawn it is taken away more than once; no sum is below 0.
        return np.asarray(np.maximum(of_units.sum(axis=0) + added, 0.0).T)

    def group_sums(
        self, groups: NDArray[np.int64], n_groups: int, values: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """What ``values`` add up to in each group: shape (groups, rows).

        ``groups`` is the group of each unit, as a number from 0.
        """
        shape = (n_groups, len(groups))
        by_group = csr_array((values, (groups, np.arange(len(groups)))), shape=shape)
        once = np.bincount(groups, weights=values, minlength=n_groups)
        added = (by_group @ self.clusters.membership) @ (self.weights.T - 1.0)
        return np.asarray(once[:, None] + added)

    def rates(self, hit: ArrayLike, of: ArrayLike) -> NDArray[np.float64]:
        """The share of the units in ``of`` that are hit, in each row.

        Nan without such units.
        """
        marked = np.asarray(of, dtype=bool)
        hits, n = self.sums(np.asarray(hit, dtype=bool) & marked, marked)
        return np.minimum(divide_or_nan(hits, n), 1.0)


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
