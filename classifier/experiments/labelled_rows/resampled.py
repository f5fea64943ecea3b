"""Rates of messages with intervals over resampled conversations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from classifier.evaluation.intervals import (
    cluster_codes,
    cluster_sums,
    cluster_weights,
    divide_or_nan,
    percentile_interval,
)
from classifier.evaluation.rates import Rate


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
        codes, n_clusters = cluster_codes(clusters)
        once = np.ones((1, n_clusters), dtype=np.int64)
        resampled = cluster_weights(n_clusters, n_resamples=n_resamples, seed=seed)
        return cls(codes, np.vstack([once, resampled]))

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

        Bounds are 95 % percentile bounds over resampled clusters. Where no unit or every unit is hit, every
        resample says the same; then the bound is that of Clopper and Pearson over clusters with such units.

        >>> draws = Draws.of(["a", "a", "b", "b"], n_resamples=20, seed=0)
        >>> found = draws.rate_columns("recall", [1, 0, 1, 0], [1, 1, 1, 0])
        >>> round(found["recall"], 3), found["recall_hits"], found["recall_n"]
        (0.667, 2, 3)
        """
        marked = np.asarray(of, dtype=bool)
        hits = np.asarray(hit, dtype=bool) & marked
        drawn = self.rates(hits, marked)
        interval = percentile_interval(drawn[1:])
        low, high = interval.low, interval.high
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

    def with_interval(self, name: str, drawn: NDArray[np.float64]) -> dict[str, float]:
        """A statistic as columns: its value, ``_low`` and ``_high``."""
        interval = percentile_interval(drawn[1:])
        return {name: float(drawn[0]), f"{name}_low": interval.low, f"{name}_high": interval.high}


def any_of(table: pd.DataFrame, columns: tuple[str, ...]) -> NDArray[np.bool_]:
    """Which rows have at least one of the 0/1 ``columns`` set."""
    return np.asarray(table[list(columns)].to_numpy(dtype=bool).any(axis=1))
