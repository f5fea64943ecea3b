"""Exchange rates: the price of one more pattern found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.privacy.tradeoff.conversation_costs import checked_prevalence
from classifier.privacy.tradeoff.cost_metric import CostMetric
from classifier.privacy.tradeoff.cost_metric_table import COST_METRICS
from classifier.privacy.tradeoff.dominance import dominates
from classifier.privacy.tradeoff.resampled_metrics import ResampledMetrics

Numbers = NDArray[np.float64]

COLUMNS = (
    "view",
    "from_point",
    "to_point",
    "recall_from",
    "recall_to",
    "cost_from",
    "cost_to",
    "prevalence",
    "value",
    "low",
    "high",
    "unit",
    "no_gain_share",
)


def exchange_table(
    metrics: ResampledMetrics, *, eligible: NDArray[np.bool_], prevalences: Sequence[float]
) -> pd.DataFrame:
    """The price of one more pattern found, between neighbouring points.

    One row per view, pair of neighbours and prevalence. A view is recall against one metric
    (``CostMetric.view``); its neighbours are those of the concave hull of its frontier, the cheaper point
    first. So prices rise with recall: between two other points a point below the hull would be cheap on one
    side and dear on the other by the chance of where it lies, while choosing by lot between its neighbours
    on the hull finds as much at less cost. The price is ((1 - π) Δ cost per benign conversation) / (π Δ
    recall).

    Columns: ``view``, ``from_point``, ``to_point``, ``recall_from``, ``recall_to``, ``cost_from``,
    ``cost_to``, ``prevalence``, ``value``, ``low``, ``high`` (95 % percentile interval over the resampled
    clusters), ``unit``, and ``no_gain_share``: the share of resamples in which the dearer point finds no
    more, where the price is counted as infinite.

    ``eligible`` says which points may stand on a frontier.
    """
    rows = [
        row
        for metric in COST_METRICS
        if metric.view
        for low, high in _neighbours(metrics, metric.id, eligible)
        for row in _price_rows(metrics, metric, low, high, prevalences)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _price_rows(
    metrics: ResampledMetrics, metric: CostMetric, low: int, high: int, prevalences: Sequence[float]
) -> Iterator[dict[str, Any]]:
    recall, cost = metrics.values["recall"], metrics.values[metric.id]
    per_conversation = 1.0 / metric.scale
    gained = metrics.resamples["recall"][:, high] - metrics.resamples["recall"][:, low]
    paid = per_conversation * (metrics.resamples[metric.id][:, high] - metrics.resamples[metric.id][:, low])
    with np.errstate(divide="ignore", invalid="ignore"):
        prices = np.where(gained > 0, paid / gained, np.inf)
    gained_in_data = recall[high] - recall[low]
    paid_in_data = per_conversation * (cost[high] - cost[low])
    for prevalence in prevalences:
        odds = (1.0 - checked_prevalence(prevalence)) / prevalence
        # Of resamples, not between them: an infinite price has no middle with another.
        bounds = np.quantile(odds * prices, [0.025, 0.975], method="inverted_cdf")
        yield {
            "view": metric.view,
            "from_point": metrics.point_names[low],
            "to_point": metrics.point_names[high],
            "recall_from": recall[low],
            "recall_to": recall[high],
            "cost_from": cost[low],
            "cost_to": cost[high],
            "prevalence": prevalence,
            "value": odds * paid_in_data / gained_in_data,
            "low": bounds[0],
            "high": bounds[1],
            "unit": f"{metric.view_unit}, for one more pattern found",
            "no_gain_share": float((gained <= 0).mean()),
        }


def _neighbours(
    metrics: ResampledMetrics, metric_id: str, eligible: NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """Neighbouring points of a frontier's concave hull, by rising recall.

    Of equal points the first stands for all.
    """
    cost, recall = metrics.values[metric_id], metrics.values["recall"]
    candidates = np.flatnonzero(eligible & ~np.isnan(cost) & ~np.isnan(recall))
    dominated = dominates(np.column_stack([cost, -recall])[candidates]).any(axis=0)
    on_frontier = sorted(candidates[~dominated].tolist(), key=lambda point: (recall[point], point))
    hull: list[int] = []
    for point in on_frontier:
        if hull and recall[point] == recall[hull[-1]]:
            continue
        while len(hull) > 1 and _is_below(hull[-1], hull[-2], point, cost, recall):
            hull.pop()
        hull.append(point)
    return list(pairwise(hull))


def _is_below(point: int, left: int, right: int, cost: Numbers, recall: Numbers) -> bool:
    """Whether a point lies below the line from ``left`` to ``right``.

    Then choosing by lot between these two finds as much at less cost.
    """
    gained, paid = recall[right] - recall[left], cost[right] - cost[left]
    return bool((recall[point] - recall[left]) * paid < gained * (cost[point] - cost[left]))
