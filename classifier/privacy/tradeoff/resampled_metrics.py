"""Metrics of many points in the same resamples of clusters.

Because the resamples are shared, differences between points can be told from chance.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.clustered_units import Clusters
from classifier.evaluation.intervals import Resamples
from classifier.privacy.tradeoff.conversation_costs import SUMS, metric_values, summands
from classifier.privacy.tradeoff.cost_metric import Sum
from classifier.progress import ProgressBar, no_progress_bar

Numbers = NDArray[np.float64]


class ResampledMetrics:
    """Metrics of points, as counted and in resamples of clusters.

    ``point_names`` are those of the points. ``values`` maps a metric's id to an array of shape (points,),
    ``resamples`` to one of shape (resamples, points). ``by_cluster`` maps a sum (of ``SUMS``) to one of shape
    (clusters, points), of the leading cluster of each conversation alone, so that each counts once.
    ``n_clusters`` is the number of clusters.
    """

    def __init__(
        self,
        costs: Mapping[str, pd.DataFrame],
        *,
        n_resamples: int,
        seed: int,
        progress: ProgressBar = no_progress_bar,
    ) -> None:
        """Resample.

        ``costs`` has the table of ``conversation_costs`` of each point, by its name: the same
        conversations in the same order for all points.
        """
        self.point_names = list(costs)
        tables = list(costs.values())
        clusters = tables[0]["clusters"]
        resamples = Resamples.of(clusters, n_resamples=n_resamples, seed=seed)
        self.n_clusters = resamples.clusters.n
        sums = np.concatenate([summands(table) for table in tables], axis=1)
        leading = Clusters.of([names[0] for names in clusters])
        by_cluster = (leading.membership.T @ sums).reshape(leading.n, len(tables), len(SUMS))
        self.by_cluster: dict[Sum, Numbers] = {sum_: by_cluster[..., n] for n, sum_ in enumerate(SUMS)}
        totals = resamples.sums(*sums.T).T.reshape(len(resamples.weights), len(tables), len(SUMS))
        metrics = metric_values(totals)
        at_message = progress(tables, label="resampling", length=len(tables))
        metrics["median_messages_to_alert"] = np.column_stack(
            [_median_messages(table, resamples) for table in at_message]
        )
        self.values = {name: array[0] for name, array in metrics.items()}
        self.resamples: dict[str, Numbers] = {name: array[1:] for name, array in metrics.items()}


def _median_messages(costs: pd.DataFrame, resamples: Resamples) -> Numbers:
    """The median message at which the patterns found were found, in each row of ``resamples``."""
    found = (~costs["benign"] & costs["flagged"]).to_numpy(dtype=bool)
    at = np.where(found, costs["flagged_at"].to_numpy(), 0).astype(np.int64)
    n_messages = int(costs["n_messages"].max())
    found_at = resamples.group_sums(at, n_messages + 1, found.astype(np.float64))
    return medians(np.maximum(found_at, 0.0).T)  # what is taken away more than once does not count


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
