"""Rates of messages with intervals over resampled conversations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from classifier.evaluation.intervals import (
    cluster_sums,
    divide_or_nan,
    percentile_interval,
    plain_and_resampled,
)
from classifier.evaluation.rates import Rate

MIN_CLUSTERS, MIN_MARKED = 20, 10
"""A bootstrap interval takes so many clusters in all, and so many that hold a unit it is about."""


@dataclass(frozen=True)
class Draws:
    """Resamples of clusters: the same ones for all that is measured, so that it varies together.

    ``codes`` is the cluster of each unit; ``weights`` has shape (1 + resamples, clusters), and its first
    row takes every cluster once.
    """

    codes: NDArray[np.int64]
    weights: NDArray[np.int64]

    @classmethod
    def of(cls, clusters: ArrayLike, *, n_resamples: int, seed: int) -> Self:
        """The draws of units in ``clusters``, of which it takes at least two."""
        return cls(*plain_and_resampled(clusters, n_resamples=n_resamples, seed=seed))

    def sums(self, *units: ArrayLike) -> NDArray[np.float64]:
        """Marked units of each array of marks: shape (arrays, 1 + resamples)."""
        counts = np.column_stack([np.asarray(marks, dtype=np.float64) for marks in units])
        return np.asarray((self.weights @ cluster_sums(counts, self.codes, self.weights.shape[1])).T)

    def rates(self, hit: ArrayLike, of: ArrayLike) -> NDArray[np.float64]:
        """The share of the units in ``of`` that are hit, then of each resample."""
        marked = np.asarray(of, dtype=bool)
        hits, n = self.sums(np.asarray(hit, dtype=bool) & marked, marked)
        return divide_or_nan(hits, n)

    def rate_columns(self, name: str, hit: ArrayLike, of: ArrayLike) -> dict[str, float]:
        """A rate as columns of a table: value, ``_low``, ``_high``, ``_hits`` and ``_n``.

        Bounds are 95 % percentile bounds over resampled clusters, nan where too few are resampled. Where no
        unit or every unit is hit, every resample says the same; then the bound is that of Clopper and
        Pearson over clusters with such units, which holds for few as well.

        >>> draws = Draws.of(["a", "a", "b", "b"], n_resamples=20, seed=0)
        >>> found = draws.rate_columns("recall", [1, 0, 1, 0], [1, 1, 1, 0])
        >>> round(found["recall"], 3), found["recall_hits"], found["recall_n"]
        (0.667, 2, 3)
        """
        marked = np.asarray(of, dtype=bool)
        hits = np.asarray(hit, dtype=bool) & marked
        drawn = self.rates(hits, marked)
        low, high = self._bounds(drawn, marked)
        n_clusters = np.unique(self.codes[marked]).size
        if not hits.any():
            low, high = Rate(0, n_clusters).interval()
        elif hits.sum() == marked.sum():
            low, high = Rate(n_clusters, n_clusters).interval()
        return {
            name: float(drawn[0]),
            f"{name}_low": low,
            f"{name}_high": high,
            f"{name}_hits": int(hits.sum()),
            f"{name}_n": int(marked.sum()),
        }

    def with_interval(self, name: str, drawn: NDArray[np.float64], *rests_on: ArrayLike) -> dict[str, float]:
        """A statistic as columns: its value, ``_low`` and ``_high``, which are nan where ``too_few``."""
        low, high = self._bounds(drawn, *rests_on)
        return {name: float(drawn[0]), f"{name}_low": low, f"{name}_high": high}

    def too_few(self, *rests_on: ArrayLike) -> bool:
        """Whether a bootstrap interval would rest on too little.

        That is on fewer than ``MIN_CLUSTERS`` clusters, or on fewer than ``MIN_MARKED`` clusters that hold a
        unit of one of the arrays of marks.

        >>> Draws.of(range(20), n_resamples=20, seed=0).too_few([1] * 10 + [0] * 10)
        False
        >>> Draws.of(range(20), n_resamples=20, seed=0).too_few([1] * 9 + [0] * 11)
        True
        """
        marked = [np.unique(self.codes[np.asarray(marks, dtype=bool)]).size for marks in rests_on]
        return self.weights.shape[1] < MIN_CLUSTERS or any(n < MIN_MARKED for n in marked)

    def _bounds(self, drawn: NDArray[np.float64], *rests_on: ArrayLike) -> tuple[float, float]:
        if self.too_few(*rests_on):
            return np.nan, np.nan
        interval = percentile_interval(drawn[1:])
        return interval.low, interval.high


def any_of(table: pd.DataFrame, columns: tuple[str, ...]) -> NDArray[np.bool_]:
    """Which rows have at least one of the 0/1 ``columns`` set."""
    return np.asarray(table[list(columns)].to_numpy(dtype=bool).any(axis=1))
