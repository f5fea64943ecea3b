"""What does one more detected pattern cost the people who did nothing? Exchange rates between neighbouring points of a frontier."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.privacy.compare.costs import checked_prevalence
from classifier.privacy.compare.dominance import Resampled, dominates

VIEWS: dict[str, tuple[str, str, float]] = {
    "recall against human reads": (
        "human_read_benign_per_million",
        "benign conversations put before a person",
        1e-6,
    ),
    "recall against machine reads": (
        "benign_messages_read",
        "messages of benign conversations read by a machine",
        1.0,
    ),
}
"""Each view's cost, the unit of an exchange in it, and what to multiply the cost with to have it per benign conversation."""


def exchange_table(
    points: Resampled, *, eligible: NDArray[np.bool_], prevalences: Sequence[float]
) -> pd.DataFrame:
    """For each view and neighbouring pair of its frontier, cheaper point first, how much one more pattern found costs, at each prevalence.

    ``eligible`` says which points may stand on a frontier. ((1 - π) Δ cost per benign conversation) / (π Δ recall). Columns: ``view``, ``from_point``, ``to_point``,
    ``recall_from``, ``recall_to``, ``cost_from``, ``cost_to``, ``prevalence``, ``value``, ``low``, ``high`` (95 % percentile interval over the resampled clusters), ``unit``,
    ``no_gain_share``: of the resamples in which the dearer point finds no more, where a rate is counted as infinite.
    """
    rows = []
    for view, (cost, unit, scale) in VIEWS.items():
        for low, high in _neighbours(points, cost, eligible):
            gained = points.figures["recall"][:, high] - points.figures["recall"][:, low]
            paid = scale * (points.figures[cost][:, high] - points.figures[cost][:, low])
            with np.errstate(divide="ignore", invalid="ignore"):
                drawn = np.where(gained > 0, paid / gained, np.inf)
            gained_now = points.now["recall"][high] - points.now["recall"][low]
            paid_now = scale * (points.now[cost][high] - points.now[cost][low])
            for prevalence in prevalences:
                odds = (1.0 - checked_prevalence(prevalence)) / prevalence
                # Of resamples, not between them: an infinite rate has no middle with another.
                bounds = np.quantile(odds * drawn, [0.025, 0.975], method="inverted_cdf")
                rows.append(
                    {
                        "view": view,
                        "from_point": points.names[low],
                        "to_point": points.names[high],
                        "recall_from": points.now["recall"][low],
                        "recall_to": points.now["recall"][high],
                        "cost_from": points.now[cost][low],
                        "cost_to": points.now[cost][high],
                        "prevalence": prevalence,
                        "value": odds * paid_now / gained_now,
                        "low": bounds[0],
                        "high": bounds[1],
                        "unit": f"{unit}, for one more pattern found",
                        "no_gain_share": float((gained <= 0).mean()),
                    }
                )
    return pd.DataFrame(rows, columns=[*_COLUMNS])


_COLUMNS = (
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


def _neighbours(points: Resampled, cost: str, eligible: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Neighbouring points of the frontier of two axes, by rising recall; of equal points the first stands for all."""
    plane = np.column_stack([points.now[cost], -points.now["recall"]])
    left = [int(position) for position in np.flatnonzero(eligible)]
    inside = dominates(plane[left])
    kept = [position for number, position in enumerate(left) if not inside[:, number].any()]
    kept.sort(key=lambda position: (points.now["recall"][position], position))
    distinct = [
        position
        for number, position in enumerate(kept)
        if number == 0 or points.now["recall"][position] > points.now["recall"][kept[number - 1]]
    ]
    return list(pairwise(distinct))
