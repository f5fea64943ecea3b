"""Rates of messages with intervals over resampled conversations."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from classifier.evaluation.intervals import Resamples, percentile_interval
from classifier.evaluation.rates import Rate

MIN_CLUSTERS, MIN_MARKED = 20, 10
"""A bootstrap interval takes so many clusters in all, and so many that hold a unit it is about."""


def rate_columns(resamples: Resamples, name: str, hit: ArrayLike, of: ArrayLike) -> dict[str, float]:
    """A rate as columns of a table: value, ``_low``, ``_high``, ``_hits`` and ``_n``.

    Bounds are those of ``Clusters.rate``, nan where ``too_few``. Where no unit or every unit is hit,
    every resample says the same; then the bound is that of Clopper and Pearson over clusters with such units,
    which holds for few as well.

    >>> resamples = Resamples.of(["a", "a", "b", "b"], n_resamples=20, seed=0)
    >>> found = rate_columns(resamples, "recall", [1, 0, 1, 0], [1, 1, 1, 0])
    >>> round(found["recall"], 3), found["recall_low"], found["recall_n"]
    (0.667, nan, 3)
    """
    columns = resamples.clusters.rate_columns(name, hit, of)
    hits, n, n_clusters = columns[f"{name}_hits"], columns[f"{name}_n"], _n_clusters(resamples, of)
    if hits in (0, n):
        low, high = Rate(n_clusters if hits else 0, n_clusters).interval()
    elif too_few(resamples, of):
        low, high = np.nan, np.nan
    else:
        return columns
    return columns | {f"{name}_low": low, f"{name}_high": high}


def with_interval(
    resamples: Resamples, name: str, drawn: NDArray[np.float64], *rests_on: ArrayLike
) -> dict[str, float]:
    """A statistic as columns: its value, ``_low`` and ``_high``, which are nan where ``too_few``."""
    low, high = np.nan, np.nan
    if not too_few(resamples, *rests_on):
        interval = percentile_interval(drawn[1:])
        low, high = interval.low, interval.high
    return {name: float(drawn[0]), f"{name}_low": low, f"{name}_high": high}


def too_few(resamples: Resamples, *rests_on: ArrayLike) -> bool:
    """Whether a bootstrap interval would rest on too little.

    That is on fewer than ``MIN_CLUSTERS`` clusters, or on fewer than ``MIN_MARKED`` clusters that hold a
    unit of one of the arrays of marks.

    >>> too_few(Resamples.of(range(20), n_resamples=20, seed=0), [1] * 10 + [0] * 10)
    False
    >>> too_few(Resamples.of(range(20), n_resamples=20, seed=0), [1] * 9 + [0] * 11)
    True
    """
    thin = any(_n_clusters(resamples, marks) < MIN_MARKED for marks in rests_on)
    return thin or resamples.clusters.n < MIN_CLUSTERS


def _n_clusters(resamples: Resamples, marks: ArrayLike) -> int:
    """How many clusters hold a marked unit."""
    return int(np.count_nonzero(resamples.clusters.membership.T @ np.asarray(marks, dtype=np.float64)))


def any_of(table: pd.DataFrame, columns: tuple[str, ...]) -> NDArray[np.bool_]:
    """Which rows have at least one of the 0/1 ``columns`` set."""
    return np.asarray(table[list(columns)].to_numpy(dtype=bool).any(axis=1))
