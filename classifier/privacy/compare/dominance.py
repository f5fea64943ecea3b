"""Weak dominance between points, in the data and in resamples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.privacy.compare.metrics import COST_METRICS
from classifier.progress import ProgressBar, no_progress_bar

Numbers = NDArray[np.float64]

AXIS_SIGNS: dict[str, int] = {
    metric.id: 1 if metric.direction == "lower" else -1 for metric in COST_METRICS if metric.compared
}
"""The metrics compared, and the factor that makes a smaller value the better one."""

DOMINATED_SHARE = 0.95


def dominates(values: Numbers) -> NDArray[np.bool_]:
    """Which point dominates which, as a square of booleans.

    ``[j, i]`` is true when ``j`` is nowhere worse than ``i`` and somewhere better. ``values`` has shape
    (points, axes), smaller is better. Equal points do not dominate each other, so ties stay; a missing
    latency counts as infinite.

    >>> dominates(np.array([[1.0, 1.0], [2.0, 1.0], [1.0, 1.0]])).tolist()
    [[False, True, False], [False, False, False], [False, True, False]]
    """
    filled = np.where(np.isnan(values), np.inf, values)
    nowhere_worse = (filled[:, None, :] <= filled[None, :, :]).all(axis=2)
    return np.asarray(nowhere_worse & ~nowhere_worse.T)


def dominance_table(
    values: Numbers,
    resamples: Numbers,
    names: Sequence[str],
    *,
    eligible: NDArray[np.bool_],
    progress: ProgressBar = no_progress_bar,
) -> pd.DataFrame:
    """The standing of every point: "dominated", "ambiguous" or "frontier".

    A point is dominated when one and the same other point dominates it in at least 95 % of resamples,
    ambiguous when it is dominated only in the data, and otherwise on the frontier.

    Columns: ``status``; ``dominated_by``, the point that does so most often ("" on the frontier);
    ``dominated_share``, of resamples, by any one point.

    Parameters
    ----------
    values
        Shape (points, axes), smaller is better.
    resamples
        Shape (resamples, points, axes), smaller is better.
    names
        Of the points.
    eligible
        Which points may dominate others. The rest can be dominated all the same.
    """
    counts = np.zeros((len(values), len(values)), dtype=np.int64)
    for resample in progress(resamples, label="comparing points", length=len(resamples)):
        counts += dominates(resample)
    counts[~eligible] = 0
    share = counts / max(1, len(resamples))
    by = share.argmax(axis=0)
    largest = share[by, np.arange(len(values))]
    in_data = dominates(values)
    in_data[~eligible] = False
    status = np.where(
        largest >= DOMINATED_SHARE, "dominated", np.where(in_data.any(axis=0), "ambiguous", "frontier")
    )
    # A point that is worse in the data, yet in no resample, still names the better one.
    by = np.where((largest == 0) & in_data.any(axis=0), in_data.argmax(axis=0), by)
    better = [
        "" if standing == "frontier" else names[other] for other, standing in zip(by, status, strict=True)
    ]
    return pd.DataFrame({"status": status, "dominated_by": better, "dominated_share": largest})
