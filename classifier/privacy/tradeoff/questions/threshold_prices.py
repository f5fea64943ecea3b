"""What one more find costs a policy when it loosens its threshold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.intervals import Resamples
from classifier.privacy.tradeoff.conversation_costs import checked_prevalence
from classifier.privacy.tradeoff.policy_operating_points import OperatingPoint

Numbers = NDArray[np.float64]

LEAST_ALARMS = 10
"""Further benign conversations flagged from which on a price is told; with fewer it is chance."""

COLUMNS = (
    "policy",
    "from_point",
    "to_point",
    "prevalence",
    "recall_from",
    "recall_to",
    "false_alarms_from",
    "false_alarms_to",
    "n_more_alarms",
    "price",
    "price_low",
    "price_high",
    "no_gain_share",
)


def threshold_prices(
    points: Sequence[OperatingPoint],
    *,
    prevalences: Sequence[float],
    n_resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """The price of one more pattern found, from each threshold to a looser one.

    That is the next one at which at least ``LEAST_ALARMS`` more benign conversations are flagged; where no
    threshold is so loose, the loosest, without a price. The price is in benign conversations flagged:
    ((1 - π) Δ false positive rate) / (π Δ recall), at each supposed prevalence π.

    Columns: ``policy``, ``from_point``, ``to_point``, ``prevalence``, ``recall_from``, ``recall_to``,
    ``false_alarms_from``, ``false_alarms_to`` (rates), ``n_more_alarms`` (further benign conversations
    flagged), ``price`` with ``price_low`` and ``price_high`` (95 % percentile interval over resampled
    dialogues), nan without a price, and ``no_gain_share``, the share of resamples in which no more is found
    and the price counts as infinite.
    """
    rows: list[dict[str, Any]] = []
    if not points:
        return pd.DataFrame(rows, columns=list(COLUMNS))
    resamples = Resamples.of(points[0].costs["clusters"], n_resamples=n_resamples, seed=seed)
    by_policy: dict[str, list[OperatingPoint]] = {}
    for point in points:
        by_policy.setdefault(point.policy.name, []).append(point)
    for name, own in by_policy.items():
        strictest_first = sorted(own, key=lambda point: -point.policy.threshold)
        rates = [_rates(point.costs, resamples) for point in strictest_first]
        for at, stricter in enumerate(strictest_first[:-1]):
            to = next(
                (
                    later
                    for later in range(at + 1, len(own))
                    if rates[later][2] - rates[at][2] >= LEAST_ALARMS
                ),
                len(own) - 1,
            )
            identity = {"policy": name, "from_point": stricter.name, "to_point": strictest_first[to].name}
            rows += [identity | row for row in _prices(rates[at], rates[to], prevalences)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rates(costs: pd.DataFrame, resamples: Resamples) -> tuple[Numbers, Numbers, int]:
    """Recall and false positive rate, of the data and of every resample, and the benign flagged."""
    benign, flagged = costs["benign"].to_numpy(dtype=bool), costs["flagged"].to_numpy(dtype=bool)
    return (
        resamples.rates(flagged, ~benign),
        resamples.rates(flagged, benign),
        int((benign & flagged).sum()),
    )


def _prices(
    stricter: tuple[Numbers, Numbers, int],
    looser: tuple[Numbers, Numbers, int],
    prevalences: Sequence[float],
) -> Iterator[dict[str, Any]]:
    gained, paid = looser[0] - stricter[0], looser[1] - stricter[1]
    n_more = looser[2] - stricter[2]
    told = 1.0 if n_more >= LEAST_ALARMS else np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        prices = np.where(gained > 0, paid / gained, np.inf)
    for prevalence in prevalences:
        odds = (1.0 - checked_prevalence(prevalence)) / prevalence
        # Of resamples, not between them: an infinite price has no middle with another.
        low, high = np.quantile(odds * prices[1:], [0.025, 0.975], method="inverted_cdf")
        yield {
            "prevalence": prevalence,
            "recall_from": stricter[0][0],
            "recall_to": looser[0][0],
            "false_alarms_from": stricter[1][0],
            "false_alarms_to": looser[1][0],
            "n_more_alarms": n_more,
            "price": told * odds * prices[0],
            "price_low": told * low,
            "price_high": told * high,
            "no_gain_share": float((gained[1:] <= 0).mean()),
        }
