"""Predictive values and expected alerts at a stated prevalence.

Rates measured on a balanced set are carried over to a population in which few units follow the pattern.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from classifier.evaluation.rates import Rate

PREVALENCES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""Shares of units that follow the pattern, for which a report shows what a flag would mean."""


@dataclass(frozen=True)
class ReportedRate:
    """A rate with the interval that a report gives it; nan bounds where it gives none.

    Raises ``ValueError`` for a rate outside [0, 1] or outside its interval.
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        has_bounds = not (math.isnan(self.low) and math.isnan(self.high))
        if not 0 <= self.value <= 1 or (has_bounds and not 0 <= self.low <= self.value <= self.high <= 1):
            raise ValueError(f"expected 0 <= low <= rate <= high <= 1, got {self!r}")

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """The reported bounds, whatever the ``confidence``."""
        return self.low, self.high


def ppv(tpr: float, fpr: float, prevalence: float) -> float:
    """Positive predictive value: the share of flagged units that follow the pattern.

    ``TPR π / (TPR π + FPR (1 - π))``, in [0, 1]. Nan when nothing is flagged (0/0).

    >>> f"{ppv(0.9, 0.01, 1e-3):.3f} {ppv(0.9, 0.01, 1e-4):.3f} {ppv(0.9, 0.001, 1e-4):.3f}"
    '0.083 0.009 0.083'
    """
    for name, value in (("tpr", tpr), ("fpr", fpr), ("prevalence", prevalence)):
        if not (0 <= value <= 1 or math.isnan(value)):
            raise ValueError(f"{name} must be in [0, 1], got {value!r}")
    true_finds, false_alarms = tpr * prevalence, fpr * (1.0 - prevalence)
    return true_finds / (true_finds + false_alarms) if true_finds + false_alarms else math.nan


def base_rate_table(
    tpr: Rate | ReportedRate,
    fpr: Rate | ReportedRate,
    *,
    prevalences: Sequence[float] = PREVALENCES,
    volume: int,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Expected alerts and predictive values among ``volume`` units, one row per prevalence.

    Columns: ``prevalence``; ``alerts``, ``true_finds``, ``false_alarms`` (expected, of ``volume`` units);
    ``ppv``, ``ppv_low``, ``ppv_high``; ``false_alarms_per_true_find`` with ``_low`` and ``_high`` (infinite
    without true finds, nan at 0/0); ``volume``.

    The bounds are conservative: lowest TPR with highest FPR, and the reverse, each from a Clopper-Pearson
    interval at ``1 - (1 - confidence) / 2``, so that both rates hold at once with at least ``confidence``
    (Bonferroni). Two reported intervals of 95 % hold at once with at least 90 %. They do not cover the
    prevalence, which is assumed, or the difference between this corpus and real chat.

    >>> table = base_rate_table(Rate(90, 100), Rate(10, 1000), prevalences=[1e-3], volume=1_000_000)
    >>> columns = ["true_finds", "false_alarms", "ppv", "false_alarms_per_true_find"]
    >>> table[columns].round(3).to_numpy().tolist()
    [[900.0, 9990.0, 0.083, 11.1]]
    """
    if volume < 1:
        raise ValueError(f"volume must be at least 1, got {volume!r}")
    each = 1.0 - (1.0 - confidence) / 2.0
    (tpr_low, tpr_high), (fpr_low, fpr_high) = tpr.interval(each), fpr.interval(each)
    rows = []
    for prevalence in prevalences:
        true_finds = volume * prevalence * tpr.value
        false_alarms = volume * (1.0 - prevalence) * fpr.value
        rows.append(
            {
                "prevalence": prevalence,
                "alerts": true_finds + false_alarms,
                "true_finds": true_finds,
                "false_alarms": false_alarms,
                "ppv": ppv(tpr.value, fpr.value, prevalence),
                "ppv_low": ppv(tpr_low, fpr_high, prevalence),
                "ppv_high": ppv(tpr_high, fpr_low, prevalence),
                "false_alarms_per_true_find": _per_true_find(tpr.value, fpr.value, prevalence),
                "false_alarms_per_true_find_low": _per_true_find(tpr_high, fpr_low, prevalence),
                "false_alarms_per_true_find_high": _per_true_find(tpr_low, fpr_high, prevalence),
                "volume": volume,
            }
        )
    return pd.DataFrame(rows)


def _per_true_find(tpr: float, fpr: float, prevalence: float) -> float:
    true_finds, false_alarms = tpr * prevalence, fpr * (1.0 - prevalence)
    if true_finds:
        return false_alarms / true_finds
    return math.inf if false_alarms > 0 else math.nan
