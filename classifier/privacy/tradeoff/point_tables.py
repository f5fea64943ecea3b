"""The tables of a comparison, by point.

Costs and detection, standing, intervals, messages read per find, base rates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.base_rates import base_rate_table
from classifier.evaluation.intervals import percentile_interval
from classifier.privacy.policies.policy import Policy, reading_observer
from classifier.privacy.policies.policy_facts import (
    model_leak_bounds,
    policy_facts,
    told_rank,
    uses_model,
)
from classifier.privacy.tradeoff.conversation_costs import conversation_rate, messages_per_find
from classifier.privacy.tradeoff.cost_metric import CostMetric
from classifier.privacy.tradeoff.cost_metric_table import COST_METRICS, METRIC_BY_ID, zeros_by_construction
from classifier.privacy.tradeoff.dominance import AXIS_SIGNS, Axis, dominance_table
from classifier.privacy.tradeoff.policy_detection import detection
from classifier.privacy.tradeoff.policy_operating_points import OperatingPoint
from classifier.privacy.tradeoff.resampled_metrics import ResampledMetrics
from classifier.progress import ProgressBar, no_progress_bar

Numbers = NDArray[np.float64]

POINT_COSTS = tuple(
    metric.id
    for metric in sorted(COST_METRICS, key=lambda metric: not metric.compared)
    if metric.sums and metric.among == "benign"
)
"""The columns of costs in the table of points: the axes of dominance first."""


def points_table(
    points: Sequence[OperatingPoint],
    metrics: ResampledMetrics,
    first_messages: pd.DataFrame,
    leaks: Numbers,
    combined_by: Sequence[str],
    *,
    latency_p: float,
) -> pd.DataFrame:
    """Costs and detection of each point; columns as ``Frontier.points`` says.

    The standing is not among them.

    Parameters
    ----------
    first_messages
        The table of ``policy_detection.first_stages``.
    leaks
        What the model file of each point gives away.
    combined_by
        Of each point, how the scores of messages become that of a conversation.
    latency_p
        Of the latency penalty (``evaluation.early_warning``).
    """
    rows = []
    for number, point in enumerate(points):
        policy, detected = point.policy, detection(point.costs, first_messages, p=latency_p)
        identity = {
            "point": point.name,
            "policy": policy.name,
            "title": policy.title or policy.name.replace("_", " "),
            "group": policy.group,
            "argued": policy.argued,
            "description": policy.description,
            "asked_rate": point.asked_rate,
            "threshold": policy.threshold if policy.tunable else np.nan,
            "read_by": reading_observer(policy),
            "recipient": policy.told,
            "combined_by": combined_by[number],
        }
        costs = {name: float(metrics.values[name][number]) for name in POINT_COSTS}
        late = {"share_after_alert": float(metrics.values["share_after_alert"][number])}
        leak = {"model_leak": leaks[number]}
        bounds = _bounds_on_people(point)
        rows.append(
            identity
            | costs
            | policy_facts(policy)
            | leak
            | bounds
            | detected
            | late
            | {"partial_auc_1": point.partial_auc}
        )
    return pd.DataFrame(rows)


def _bounds_on_people(point: OperatingPoint) -> dict[str, float | str | bool]:
    """Counts and upper bounds of the benign conversations that a person reads, or is told of.

    What the policy cannot do is exactly 0, and its bound is 0 too.
    """
    zeros = zeros_by_construction(point.policy)
    columns: dict[str, float | str | bool] = {}
    for name, column in (("human_read", "is_shown"), ("human_alerted", "is_told")):
        metric, rate = f"{name}_benign_per_million", conversation_rate(point.costs, column, "benign")
        columns |= {name: rate.hits, f"{metric}_upper": 0.0 if metric in zeros else 1e6 * rate.upper()}
    never_reads = "human_read_benign_per_million" in zeros
    return columns | {
        "zero_by_construction": never_reads,
        "zero_events": not never_reads and columns["human_read"] == 0,
        "exact_zeros": ", ".join(sorted(zeros)),
    }


def standings(
    points: Sequence[OperatingPoint],
    metrics: ResampledMetrics,
    model_leak: Mapping[str, float],
    *,
    progress: ProgressBar = no_progress_bar,
) -> tuple[pd.DataFrame, list[str]]:
    """The standing of each point, and the ids of the metrics compared.

    The table is that of ``dominance_table``. For a point that cannot be compared, the reason stands in place
    of the status. A metric that is undefined for some point is no axis.
    """
    policies = [point.policy for point in points]
    axes = [
        _axis(metric, policies, metrics, model_leak)
        for metric in COST_METRICS
        if metric.compared and not np.isnan(metrics.values.get(metric.id, np.zeros(1))).any()
    ]
    reasons = [reason_not_compared(policy) for policy in policies]
    comparable = np.array([not reason for reason in reasons])
    recall = metrics.values["recall"]
    serves_as_well = [
        [serves_as_well_as(better, worse, recall[number]) for number, worse in enumerate(policies)]
        for better in policies
    ]
    may_dominate = comparable[:, None] & np.array(serves_as_well, dtype=bool)
    table = dominance_table(axes, metrics.point_names, may_dominate=may_dominate, progress=progress)
    table["status"] = np.where(comparable, table["status"], reasons)
    return table, [axis.metric for axis in axes]


def _axis(
    metric: CostMetric, policies: Sequence[Policy], metrics: ResampledMetrics, model_leak: Mapping[str, float]
) -> Axis:
    """A metric of all points as an axis of dominance."""
    n_points, sign = len(policies), AXIS_SIGNS[metric.id]
    if metric.sums:
        values = sign * metrics.values[metric.id]
        return Axis(
            metric.id,
            values,
            values,
            metric.margin,
            np.array([metric.id in zeros_by_construction(policy) for policy in policies]),
            sign * metrics.resamples[metric.id],
            # The denominators are those of all points, so that sums tell who is better.
            sign * metrics.by_cluster[metric.sums[0]],
        )
    bounds = [
        model_leak_bounds(policy, model_leak)
        if metric.id == "model_leak"
        else (policy_facts(policy)[metric.id],) * 2
        for policy in policies
    ]
    low, high = np.array(bounds, dtype=np.float64).T
    nothing, certain = np.empty((0, n_points)), np.ones(n_points, dtype=bool)
    return Axis(metric.id, low, high, metric.margin, certain, nothing, nothing)


def serves_as_well_as(better: Policy, worse: Policy, recall: float) -> bool:
    """Whether a policy does for somebody what another one does.

    That is, whether it tells the same recipient and no less of what was found. A warning of the user is no
    substitute for one of a guardian, and a bit none for an excerpt, so that neither can dominate the other.
    Where the other one finds next to nothing (``recall`` within its margin) and publishes no count, there is
    nothing to substitute.
    """
    if recall <= METRIC_BY_ID["recall"].margin and worse.release != "aggregate":
        return True
    return better.told == worse.told and told_rank(better) >= told_rank(worse)


def reason_not_compared(policy: Policy) -> str:
    """Why a policy dominates no other, or "".

    The oracle needs the true labels ("not buildable"); rates of reports and of accepted contacts are assumed
    and not measured ("assumed").
    """
    if policy.evidence == "label":
        return "not buildable"
    return "assumed" if policy.where in ("user_report", "first_contact") else ""


def policy_model_leak(policy: Policy, model_leak: Mapping[str, float]) -> float:
    """What a policy's model file gives away.

    0 for a policy without a model, nan where it was not measured.
    """
    return model_leak.get(policy.model_key, np.nan) if uses_model(policy) else 0.0


def intervals_table(points: Sequence[OperatingPoint], metrics: ResampledMetrics, kind: str) -> pd.DataFrame:
    """Every metric of every point with its interval.

    Columns as in ``Frontier.intervals``; ``kind`` says in words what kind of interval it is that resamples
    give. Rates of conversations have that of ``Rate``.
    """
    rows: list[dict[str, Any]] = []
    for number, point in enumerate(points):
        for metric, resamples in metrics.resamples.items():
            row = {"point": point.name, "metric": metric, "value": float(metrics.values[metric][number])}
            bounds = percentile_interval(resamples[:, number])
            row |= {"low": bounds.low, "high": bounds.high, "interval": kind}
            row |= {"n_undefined": bounds.n_undefined, "design_effect": np.nan, "df": np.nan}
            if (of := METRIC_BY_ID.get(metric)) and of.exact_counts:
                rate = conversation_rate(point.costs, of.counts, of.among)
                low, high = rate.interval()
                row |= {"low": of.scale * low, "high": of.scale * high, "interval": RATE_INTERVAL}
                row |= {"design_effect": rate.design_effect, "df": rate.df}
            rows.append(row)
    return pd.DataFrame(rows)


RATE_INTERVAL = "95 % exact interval of as many conversations as those that share dialogues are worth"


def per_find_table(metrics: ResampledMetrics, *, prevalences: Sequence[float]) -> pd.DataFrame:
    """Messages read for each pattern found (``messages_per_find``), by point and prevalence.

    Columns: ``point``, ``prevalence``, ``messages_per_find``, ``messages_per_find_low`` and
    ``messages_per_find_high`` (95 % percentile interval over the resampled clusters). A resample without a
    find counts as infinite, so that an end of the interval may be.
    """
    rows = []
    for prevalence in prevalences:
        values = messages_per_find(metrics.values, prevalence=prevalence)
        resamples = messages_per_find(metrics.resamples, prevalence=prevalence)
        for number, point in enumerate(metrics.point_names):
            of_point = resamples[:, number]
            defined = of_point[~np.isnan(of_point)]
            low, high = np.nan, np.nan
            if defined.size:
                # Of resamples, not between them: an infinite price has no middle with another.
                low, high = np.quantile(defined, [0.025, 0.975], method="inverted_cdf")
            rows.append((point, prevalence, values[number], low, high))
    columns = ["point", "prevalence", "messages_per_find", "messages_per_find_low", "messages_per_find_high"]
    return pd.DataFrame(rows, columns=columns)


def base_rates_of(costs: pd.DataFrame, prevalences: Sequence[float]) -> pd.DataFrame:
    """The ``base_rate_table`` of one point's costs, for a million conversations."""
    return base_rate_table(
        conversation_rate(costs, "flagged", "pattern"),
        conversation_rate(costs, "flagged", "benign"),
        prevalences=prevalences,
        volume=1_000_000,
    )


def by_point(points: Sequence[OperatingPoint], table: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """The ``table`` of each point's costs, one below the other.

    The first column is ``point``.
    """
    parts = {point.name: table(point.costs) for point in points}
    return pd.concat(parts, names=["point"]).reset_index("point").reset_index(drop=True)
