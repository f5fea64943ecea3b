"""Metrics of many points in the same resamples of clusters.

Because the resamples are shared, differences between points can be told from chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_array

from classifier.evaluation.intervals import cluster_codes, cluster_sums, cluster_weights
from classifier.privacy.compare.cost_metric import Sum
from classifier.privacy.compare.costs import SUMS, metric_values, summands
from classifier.progress import ProgressBar, no_progress_bar

Numbers = NDArray[np.float64]

_RESAMPLES_AT_ONCE = 50


class ResampledMetrics:
    """Metrics of points, as counted and in resamples of clusters.

    ``point_names`` are those of the points. ``values`` maps a metric's id to an array of shape (points,),
    ``resamples`` to one of shape (resamples, points), ``by_cluster`` a sum (``costs.SUMS``) to one of shape
    (clusters, points). ``n_clusters`` is the number of clusters.
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
        """Resample.

        Parameters
        ----------
        costs
            Of each point, by its name: the table of ``costs.conversation_costs``; the same conversations in
            the same order for all points.
        n_jobs
            Processes. The result does not depend on their number.
        """
        self.point_names = list(costs)
        tables = list(costs.values())
        codes, self.n_clusters = cluster_codes(tables[0]["cluster"].to_numpy())
        sums = np.concatenate(
            [cluster_sums(summands(table), codes, self.n_clusters) for table in tables], axis=1
        )
        by_cluster = sums.reshape(self.n_clusters, len(tables), len(SUMS))
        self.by_cluster: dict[Sum, Numbers] = {sum_: by_cluster[..., n] for n, sum_ in enumerate(SUMS)}
        alerts = [_alerts_by_message(table, codes, self.n_clusters) for table in tables]
        weights = cluster_weights(self.n_clusters, n_resamples=n_resamples, seed=seed)
        each_cluster_once = np.ones((1, self.n_clusters), dtype=np.int64)
        self.values = {
            name: array[0] for name, array in _weighted_metrics(each_cluster_once, sums, alerts).items()
        }
        starts = range(0, n_resamples, _RESAMPLES_AT_ONCE)
        work = Parallel(n_jobs=n_jobs, return_as="generator")(
            delayed(_weighted_metrics)(weights[start : start + _RESAMPLES_AT_ONCE], sums, alerts)
            for start in starts
        )
        blocks = list(progress(work, label="resampling", length=len(starts)))
        self.resamples: dict[str, Numbers] = {
            name: np.concatenate([block[name] for block in blocks]) for name in self.values
        }


def _alerts_by_message(costs: pd.DataFrame, codes: NDArray[np.int64], n_clusters: int) -> csr_array:
    """Patterns found at each message, by cluster: shape (clusters, messages + 1)."""
    found = (~costs["benign"] & costs["flagged"]).to_numpy(dtype=bool)
    at = costs["flagged_at"].to_numpy()[found].astype(np.int64)
    return csr_array(
        (np.ones(len(at)), (codes[found], at)), shape=(n_clusters, int(costs["n_messages"].max()) + 1)
    )


def _weighted_metrics(
    weights: NDArray[np.int64], sums: Numbers, alerts: Sequence[csr_array]
) -> dict[str, Numbers]:
    """Every metric of every point, with weighted clusters.

    Each cluster is counted as often as its weight says.
    """
    drawn = weights.astype(np.float64)
    values = metric_values((drawn @ sums).reshape(len(weights), len(alerts), len(SUMS)))
    values["median_messages_to_alert"] = np.column_stack(
        [medians(np.asarray((each.T @ drawn.T).T)) for each in alerts]
    )
    return values


def medians(counts: Numbers) -> Numbers:
    """The median position in each row of counts by position.

    Of an even number it is the mean of the middle two; nan for a row of zeros.

    >>> medians(np.array([[0.0, 1.0, 0.0, 2.0], [0.0, 1.0, 0.0, 1.0]])).tolist()
    [3.0, 2.0]
    """
    running = counts.cumsum(axis=1)
    half = running[:, -1:] / 2
    low, high = (running >= half).argmax(axis=1), (running > half).argmax(axis=1)
    return np.where(running[:, -1] > 0, (low + high) / 2, np.nan)
