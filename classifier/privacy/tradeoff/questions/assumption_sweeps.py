"""Policies that rest on assumed constants, swept; and where they break even.

User reports and metadata rest on shares that were set by hand: how many patterns somebody reports, in how
many the metadata gives cause. What follows from another share is computed here; no share is found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.intervals import Resamples, divide_or_nan, percentile_interval
from classifier.privacy.policies.policy import Policy
from classifier.privacy.tradeoff.policy_operating_points import OperatingPoint

Numbers = NDArray[np.float64]

ALLOWED_LOSSES = (0.0, 0.05)
"""How much lower the recall of a gated policy may be and still count as nowhere worse."""

SWEPT_RATES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Assumed shares of patterns that pass a gate, for ``sweep_table``."""


GATED_PLACES = {"user_report": "report", "first_contact": "contact"}
"""The gate of each value of ``Policy.where`` that has one."""


def gate(policy: Policy) -> str:
    """The assumed gate that a conversation has to pass, or "".

    "report": somebody reports it. "metadata": its metadata gives cause. "contact": a stranger's first message
    is not accepted.

    >>> gate(Policy("a", "b", where="device"))
    ''
    >>> gate(Policy("a", "b", where="device", trigger=("messages >= 5",)))
    'metadata'
    """
    if policy.where in GATED_PLACES:
        return GATED_PLACES[policy.where]
    return "metadata" if policy.trigger or policy.evidence == "metadata" else ""


@dataclass(frozen=True)
class _Counted:
    """A point's counts, first of the data and then of every resample: shape (1 + resamples,)."""

    alert_is_gate: bool
    tells_a_human: bool
    patterns: Numbers
    patterns_passed: Numbers
    found: Numbers
    benign: Numbers
    benign_passed: Numbers
    alarms: Numbers
    benign_read: Numbers

    @property
    def recall(self) -> Numbers:
        return divide_or_nan(self.found, self.patterns)

    @property
    def human_alerts(self) -> Numbers:
        return divide_or_nan(self.alarms, self.benign)

    @property
    def messages_read(self) -> Numbers:
        return divide_or_nan(self.benign_read, self.benign)

    @property
    def recall_passed(self) -> Numbers:
        """Share found of the patterns that pass; 1 where the gate is the alert."""
        if self.alert_is_gate:
            return np.ones_like(self.patterns)
        return divide_or_nan(self.found, self.patterns_passed)

    @property
    def alarms_passed(self) -> Numbers:
        """Share of the benign conversations that pass of which a person is told."""
        if self.alert_is_gate:
            return np.full_like(self.benign, float(self.tells_a_human))
        return divide_or_nan(self.alarms, self.benign_passed)

    @property
    def messages_read_passed(self) -> Numbers:
        return divide_or_nan(self.benign_read, self.benign_passed)


def _counted(points: Sequence[OperatingPoint], *, n_resamples: int, seed: int) -> list[_Counted]:
    resamples = Resamples.of(points[0].costs["clusters"], n_resamples=n_resamples, seed=seed)
    counted = []
    for point in points:
        costs = point.costs
        benign = costs["benign"].to_numpy(dtype=bool)
        flagged = costs["flagged"].to_numpy(dtype=bool)
        # Without text the gate is the alert itself.
        passed = costs["is_read"].to_numpy(dtype=bool) if point.policy.reads_to_decide else flagged
        passed = passed | flagged
        read = costs["n_read"].to_numpy(dtype=np.float64)
        columns = [
            ~benign,
            ~benign & passed,
            ~benign & flagged,
            benign,
            benign & passed,
            benign & costs["is_told"].to_numpy(dtype=bool),
            np.where(benign, read, 0.0),
        ]
        policy = point.policy
        counted.append(_Counted(not policy.reads_to_decide, policy.tells_a_human, *resamples.sums(*columns)))
    return counted


def break_even_table(
    points: Sequence[OperatingPoint],
    *,
    allowed_losses: Sequence[float] = ALLOWED_LOSSES,
    n_resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Where each gated policy is nowhere worse than each policy that reads without a gate.

    A gated policy finds the assumed share g of patterns that pass its gate, times the measured share r found
    of those; it tells a person of the assumed share g0 of benign conversations that pass, times the measured
    share f of those, with text or without. It is nowhere worse than a reading policy of recall R that tells a
    person of the share H and reads M messages per benign conversation when g >= (R - loss) / r, g0 <= H / f
    and g0 <= M / m, where m is the messages read per benign conversation that passes. For reporting alone
    r = f = 1.

    Columns: ``gated``, ``gate``, ``reading`` (points), ``allowed_loss``; ``recall``, ``recall_low``,
    ``recall_high`` of the reading point; ``needed``, ``needed_low``, ``needed_high``, the share of patterns
    that has to pass; ``reachable``, whether that is at most 1; ``benign_allowed``, ``benign_allowed_low``,
    ``benign_allowed_high``, the largest share of benign conversations that may pass, at most 1; ``assumed``
    and ``assumed_benign``, the shares that stand in this comparison; ``holds``, whether those would do in the
    data and in at least 95 % of resamples in which both policies are defined.

    Intervals are 95 % percentile intervals over resampled clusters. They do not cover the assumption.
    """
    counted = _counted(points, n_resamples=n_resamples, seed=seed) if points else []
    by_gate = [(point, counts) for point, counts in zip(points, counted, strict=True) if gate(point.policy)]
    reading = [
        (point, counts)
        for point, counts in zip(points, counted, strict=True)
        if point.policy.where != "none" and point.policy.reads_to_decide and not gate(point.policy)
    ]
    rows = [
        _break_even(gated, reads, allowed_loss)
        for gated in by_gate
        for reads in reading
        for allowed_loss in allowed_losses
    ]
    return pd.DataFrame(rows, columns=list(BREAK_EVEN_COLUMNS))


BREAK_EVEN_COLUMNS = (
    "gated",
    "gate",
    "reading",
    "allowed_loss",
    "recall",
    "recall_low",
    "recall_high",
    "needed",
    "needed_low",
    "needed_high",
    "reachable",
    "benign_allowed",
    "benign_allowed_low",
    "benign_allowed_high",
    "assumed",
    "assumed_benign",
    "holds",
)


def _break_even(
    gated: tuple[OperatingPoint, _Counted], reading: tuple[OperatingPoint, _Counted], allowed_loss: float
) -> dict[str, Any]:
    (point, own), (other_point, other) = gated, reading
    target = np.maximum(0.0, other.recall - allowed_loss)
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(target == 0, 0.0, target / own.recall_passed)
        by_alarms = np.where(own.alarms_passed == 0, 1.0, other.human_alerts / own.alarms_passed)
        by_reads = other.messages_read / own.messages_read_passed
    # Where none has passed, or nothing is read of those that have, reads set no limit.
    by_reads = np.where(own.benign_read == 0, 1.0, by_reads)
    allowed = np.minimum(1.0, np.minimum(by_alarms, by_reads))
    passed, benign_passed = _assumed_shares(point.policy, own)
    holds = ((needed <= passed) & (benign_passed <= allowed))[1:][~np.isnan(needed + allowed)[1:]]
    in_data = bool(needed[0] <= passed and benign_passed <= allowed[0])
    return {
        "gated": point.name,
        "gate": gate(point.policy),
        "reading": other_point.name,
        "allowed_loss": allowed_loss,
        **_with_interval("recall", other.recall),
        **_with_interval("needed", needed),
        "reachable": bool(needed[0] <= 1.0),
        **_with_interval("benign_allowed", allowed),
        "assumed": passed,
        "assumed_benign": benign_passed,
        "holds": in_data and bool(holds.size and holds.mean() >= 0.95),
    }


def _assumed_shares(policy: Policy, counts: _Counted) -> tuple[float, float]:
    """The shares of patterns and of benign conversations that pass in this comparison."""
    if policy.where == "user_report":
        return policy.report_rate, policy.false_report_rate
    return (
        float(divide_or_nan(counts.patterns_passed, counts.patterns)[0]),
        float(divide_or_nan(counts.benign_passed, counts.benign)[0]),
    )


def _with_interval(name: str, values: Numbers) -> dict[str, float]:
    interval = percentile_interval(values[1:][np.isfinite(values[1:])])
    return {name: float(values[0]), f"{name}_low": interval.low, f"{name}_high": interval.high}


def sweep_table(
    points: Sequence[OperatingPoint],
    *,
    rates: Sequence[float] = SWEPT_RATES,
    n_resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Recall of every gated policy, by the assumed share of patterns that pass its gate.

    Columns: ``gated``, ``gate``, ``assumed``, ``recall``, ``recall_low``, ``recall_high`` (95 % percentile
    interval over resampled clusters, of the share found among those that pass), ``is_ours``: the share that
    stands in this comparison is the nearest of ``rates``.
    """
    gated = [point for point in points if gate(point.policy)]
    if not gated:
        return pd.DataFrame(columns=list(SWEEP_COLUMNS))
    rows = []
    for point, counts in zip(gated, _counted(gated, n_resamples=n_resamples, seed=seed), strict=True):
        rows += list(_swept(point, counts, rates))
    return pd.DataFrame(rows, columns=list(SWEEP_COLUMNS))


SWEEP_COLUMNS = ("gated", "gate", "assumed", "recall", "recall_low", "recall_high", "is_ours")


def _swept(point: OperatingPoint, counts: _Counted, rates: Sequence[float]) -> Iterator[dict[str, Any]]:
    ours = _assumed_shares(point.policy, counts)[0]
    nearest = min(rates, key=lambda rate: abs(rate - ours))
    for rate in rates:
        yield {
            "gated": point.name,
            "gate": gate(point.policy),
            "assumed": rate,
            **_with_interval("recall", rate * counts.recall_passed),
            "is_ours": rate == nearest,
        }
