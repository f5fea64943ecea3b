"""Which points are simply worse than another? Weak dominance over all axes, in the data and in paired resamples of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_array

from classifier.evaluation.intervals import cluster_codes, cluster_sums, cluster_weights
from classifier.privacy.compare.costs import SUMS, cost_sums, figures
from classifier.progress import ProgressBar, no_progress_bar

Numbers = NDArray[np.float64]

AXES: dict[str, int] = {
    "human_read_benign_per_million": -1,
    "machine_read_share": -1,
    "pii_people_exposed_per_1000": -1,
    "retained_message_hours": -1,
    "model_leak": -1,
    "recall": 1,
    "median_messages_to_alert": -1,
}
"""What is compared: 1 where more is better, -1 where less is."""

DOMINATED_SHARE = 0.95
_RESAMPLES_AT_ONCE = 50


def dominates(values: Numbers) -> NDArray[np.bool_]:
    """Which point dominates which: ``[j, i]`` is true when ``j`` is nowhere worse than ``i`` and somewhere better.

    ``values`` has shape (points, axes), smaller is better. Equal points do not dominate each other, so ties stay; a missing latency counts as infinite.

    >>> dominates(np.array([[1.0, 1.0], [2.0, 1.0], [1.0, 1.0]])).tolist()
    [[False, True, False], [False, False, False], [False, True, False]]
    """
    filled = np.where(np.isnan(values), np.inf, values)
    nowhere_worse = (filled[:, None, :] <= filled[None, :, :]).all(axis=2)
    return np.asarray(nowhere_worse & ~nowhere_worse.T)


def dominance_table(
    values: Numbers,
    drawn: Numbers,
    names: Sequence[str],
    *,
    eligible: NDArray[np.bool_],
    progress: ProgressBar = no_progress_bar,
) -> pd.DataFrame:
    """Every point's standing: "dominated", "ambiguous" or "frontier".

    ``values`` of shape (points, axes) and ``drawn`` of shape (resamples, points, axes), smaller is better. A point is dominated when one and the same other
    dominates it in at least 95 % of resamples; ambiguous when it is only in the data; else it is on the frontier. What is not ``eligible`` dominates nobody.
    Columns: ``status``, ``dominated_by`` (the one that does so most often, "" on the frontier) and ``dominated_share`` (of resamples, by any one point).
    """
    counts = np.zeros((len(values), len(values)), dtype=np.int64)
    for resample in progress(drawn, label="comparing points", length=len(drawn)):
        counts += dominates(resample)
    counts[~eligible] = 0
    share = counts / max(1, len(drawn))
    by = share.argmax(axis=0)
    largest = share[by, np.arange(len(values))]
    in_data = dominates(values)
    in_data[~eligible] = False
    status = np.where(
        largest >= DOMINATED_SHARE, "dominated", np.where(in_data.any(axis=0), "ambiguous", "frontier")
    )
    # A point worse in the data, yet in no resample, is still told which one is better.
    by = np.where((largest == 0) & in_data.any(axis=0), in_data.argmax(axis=0), by)
    better = [
        "" if standing == "frontier" else names[other] for other, standing in zip(by, status, strict=True)
    ]
    return pd.DataFrame({"status": status, "dominated_by": better, "dominated_share": largest})


class Resampled:
    """The figures of many points in the same resamples of clusters, so that differences between points can be told from chance.

    ``figures``: name to an array of shape (resamples, points); ``now``: name to an array of shape (points,), of the data as they are; ``names`` of the points.
    """

    def __init__(
        self,
        costs: Mapping[str, pd.DataFrame],
        *,
        n_resamples: int,
        seed: int,
        n_jobs: int,
        progress: ProgressBar = no_progress_bar,
    ) -> None:
        self.names = list(costs)
        tables = list(costs.values())
        codes, self.n_clusters = cluster_codes(tables[0]["cluster"].to_numpy())
        sums = np.concatenate(
            [cluster_sums(cost_sums(table), codes, self.n_clusters) for table in tables], axis=1
        )
        waits = [_waits(table, codes, self.n_clusters) for table in tables]
        weights = cluster_weights(self.n_clusters, n_resamples=n_resamples, seed=seed)
        self.now = {
            name: array[0]
            for name, array in _figures(np.ones((1, self.n_clusters), dtype=np.int64), sums, waits).items()
        }
        starts = range(0, n_resamples, _RESAMPLES_AT_ONCE)
        work = Parallel(n_jobs=n_jobs, return_as="generator")(
            delayed(_figures)(weights[start : start + _RESAMPLES_AT_ONCE], sums, waits) for start in starts
        )
        parts = list(progress(work, label="resampling", length=len(starts)))
        self.figures: dict[str, Numbers] = {
            name: np.concatenate([part[name] for part in parts]) for name in self.now
        }


def _waits(costs: pd.DataFrame, codes: NDArray[np.int64], n_clusters: int) -> csr_array:
    """How many patterns of each cluster were found at each message: shape (clusters, messages + 1)."""
    found = (~costs["benign"] & costs["flagged"]).to_numpy(dtype=bool)
    at = costs["flagged_at"].to_numpy()[found].astype(np.int64)
    return csr_array(
        (np.ones(len(at)), (codes[found], at)), shape=(n_clusters, int(costs["n_messages"].max()) + 1)
    )


def _figures(weights: NDArray[np.int64], sums: Numbers, waits: Sequence[csr_array]) -> dict[str, Numbers]:
    drawn = weights.astype(np.float64)
    totals = (drawn @ sums).reshape(len(weights), len(waits), len(SUMS))
    found = figures(totals)
    with np.errstate(divide="ignore", invalid="ignore"):
        found["benign_messages_read"] = (
            totals[..., SUMS.index("messages_read")] / totals[..., SUMS.index("benign")]
        )
        found["pattern_messages_read"] = (
            totals[..., SUMS.index("pattern_messages_read")] / totals[..., SUMS.index("pattern")]
        )
    found["median_messages_to_alert"] = np.column_stack(
        [_medians(np.asarray((each.T @ drawn.T).T)) for each in waits]
    )
    return found


def _medians(counts: Numbers) -> Numbers:
    """The median message of each row of counts by message, the mean of the middle two where they differ; nan for an empty row."""
    running = counts.cumsum(axis=1)
    half = running[:, -1:] / 2
    low, high = (running >= half).argmax(axis=1), (running > half).argmax(axis=1)
    return np.where(running[:, -1] > 0, (low + high) / 2, np.nan)
