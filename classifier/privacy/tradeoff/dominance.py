"""Which points are worse than another one, as far as the test data can show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom

from classifier.privacy.tradeoff.cost_metric_table import COST_METRICS
from classifier.progress import ProgressBar, no_progress_bar

Numbers = NDArray[np.float64]
Marks = NDArray[np.bool_]

AXIS_SIGNS: dict[str, int] = {
    metric.id: 1 if metric.direction == "lower" else -1 for metric in COST_METRICS if metric.compared
}
"""The metrics compared, and the factor that makes a smaller value the better one."""

SHARE_OF_RESAMPLES = 0.95
LEVEL = 0.05


@dataclass(frozen=True)
class Axis:
    """One metric of all points, smaller is better.

    Parameters
    ----------
    metric
        Its id.
    low, high
        The value of each point; where it is not known, its lowest and its highest.
    margin
        How much worse still counts as no worse.
    exact
        Of each point, whether the value follows from the policy and needs no test.
    resamples
        Values in resamples, shape (resamples, points); without rows for a metric that does not vary.
    by_cluster
        What each cluster adds, shape (clusters, points); without rows likewise.
    """

    metric: str
    low: Numbers
    high: Numbers
    margin: float
    exact: Marks
    resamples: Numbers
    by_cluster: Numbers

    def nowhere_worse(self) -> Marks:
        """Whether ``j`` is worse than ``i`` by no more than the margin, at ``[j, i]``.

        What is not known counts at its highest, of both: an unknown cost is no defence.
        """
        return np.asarray(self.high[:, None] <= self.high[None, :] + self.margin)

    def better(self) -> Marks:
        """Whether ``j`` is better than ``i`` by more than the margin, at ``[j, i]``.

        What is not known of ``i`` counts at its lowest: an unknown cost is no reproach either.
        """
        with np.errstate(invalid="ignore"):
            return np.asarray(self.low[None, :] - self.high[:, None] > self.margin)

    def holds_in_resamples(self, j: int, i: int) -> bool:
        """Whether ``j`` is worse by no more than the margin in 95 % of resamples."""
        if not len(self.resamples):
            return True
        worse = self.resamples[:, j] - self.resamples[:, i] > self.margin
        return bool(worse.mean() <= 1.0 - SHARE_OF_RESAMPLES)

    def p_value(self, j: int, i: int) -> float:
        """The probability of so many clusters in favour of ``j`` if neither were better.

        A value that follows from the policy is no matter of chance: its p-value is 0.
        """
        if self.exact[j] or not len(self.by_cluster):
            return 0.0
        difference = self.by_cluster[:, i] - self.by_cluster[:, j]
        return sign_test(int((difference > 0).sum()), int((difference < 0).sum()))


def sign_test(wins: int, losses: int) -> float:
    """One-sided p-value of a paired sign test; ties do not count.

    >>> sign_test(3, 0)
    0.125
    """
    return float(binom.sf(wins - 1, wins + losses, 0.5)) if wins else 1.0


def dominates(values: Numbers) -> Marks:
    """Which point dominates which, as a square of booleans.

    ``[j, i]`` is true when ``j`` is nowhere worse than ``i`` and somewhere better. ``values`` has shape
    (points, axes), smaller is better. Equal points do not dominate each other, so ties stay; a missing value
    counts as infinite.

    >>> dominates(np.array([[1.0, 1.0], [2.0, 1.0], [1.0, 1.0]])).tolist()
    [[False, True, False], [False, False, False], [False, True, False]]
    """
    filled = np.where(np.isnan(values), np.inf, values)
    nowhere_worse = (filled[:, None, :] <= filled[None, :, :]).all(axis=2)
    return np.asarray(nowhere_worse & ~nowhere_worse.T)


def dominance_table(
    axes: Sequence[Axis],
    names: Sequence[str],
    *,
    may_dominate: Marks,
    progress: ProgressBar = no_progress_bar,
) -> pd.DataFrame:
    """The standing of every point: "dominated", "ambiguous" or "frontier".

    A point is ambiguous when another one is worse by no more than the margin on every axis, and better by
    more than it on some axis. It is dominated when that is also shown: nowhere worse in 95 % of resamples,
    and better on some axis by a one-sided sign test over paired clusters, at 5 %. The test is corrected for
    the axes (Bonferroni) and for all ordered pairs of points (Holm 1979).

    Columns: ``status``; ``dominated_by``, the better point ("" on the frontier); ``better_on``, the axes on
    which it is better, those that were shown where the point is dominated; ``p_value``, corrected, nan on
    the frontier.

    ``may_dominate`` says at ``[j, i]`` whether ``j`` can be compared with ``i`` at all.
    """
    candidates = np.logical_and.reduce([axis.nowhere_worse() for axis in axes])
    better = np.array([axis.better() for axis in axes])
    candidates &= better.any(axis=0) & may_dominate
    pairs = [(int(j), int(i)) for j, i in np.argwhere(candidates)]
    p_values = np.ones((len(pairs), len(axes)))
    for row, (j, i) in enumerate(progress(pairs, label="comparing points", length=len(pairs))):
        if all(axis.holds_in_resamples(j, i) for axis in axes):
            tested = [axis.p_value(j, i) if better[number, j, i] else 1.0 for number, axis in enumerate(axes)]
            p_values[row] = np.minimum(1.0, np.array(tested) * len(axes))
    factors, adjusted = _holm(p_values.min(axis=1, initial=1.0), n_tests=len(names) * (len(names) - 1))
    best: dict[int, tuple[float, int, int, int]] = {}
    for row, (j, i) in enumerate(pairs):
        # The smallest p-value first, then the most axes, then the first point.
        best[i] = min(best.get(i, (2.0, 0, 0, 0)), (adjusted[row], -int(better[:, j, i].sum()), j, row))
    rows = []
    for point in range(len(names)):
        if point not in best:
            rows.append(("frontier", "", "", np.nan))
            continue
        p_value, _, j, row = best[point]
        shown = p_value <= LEVEL
        on = p_values[row] * factors[row] <= LEVEL if shown else better[:, j, point]
        better_on = ", ".join(axis.metric for axis, is_better in zip(axes, on, strict=True) if is_better)
        rows.append(("dominated" if shown else "ambiguous", names[j], better_on, p_value))
    return pd.DataFrame(rows, columns=["status", "dominated_by", "better_on", "p_value"])


def _holm(p_values: Numbers, *, n_tests: int) -> tuple[Numbers, Numbers]:
    """The factor of each p-value, and the p-values corrected by Holm's step-down method.

    ``n_tests`` counts those that are not among ``p_values`` too; theirs are 1.
    """
    order = np.argsort(p_values, kind="stable")
    factors, adjusted = np.empty(len(p_values)), np.empty(len(p_values))
    factors[order] = n_tests - np.arange(len(p_values))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate((p_values * factors)[order]))
    return factors, adjusted
