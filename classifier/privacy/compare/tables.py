"""The tables of a comparison, by point.

Costs and detection, standing, intervals, messages read per find, base rates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.baserates import base_rate_table
from classifier.evaluation.intervals import percentile_interval
from classifier.evaluation.rates import Rate
from classifier.privacy.compare.costs import messages_per_find
from classifier.privacy.compare.detection import detection
from classifier.privacy.compare.dominance import AXIS_SIGNS, dominance_table
from classifier.privacy.compare.metrics import COST_METRICS
from classifier.privacy.compare.operating_points import OperatingPoint
from classifier.privacy.compare.resampled import ResampledMetrics
from classifier.privacy.policies.policy import Policy, reading_observer
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
        The table of ``detection.first_stages``.
    leaks
        What the model file of each point gives away.
    combined_by
        Of each point, how the scores of messages become that of a conversation.
    latency_p
        Of the latency penalty (``evaluation.early_warning``).
    """
    rows = []
    for number, point in enumerate(points):
        detected = detection(point.costs, first_messages, p=latency_p)
        alarms = Rate(detected["false_alarms"], detected["n_benign"])
        identity = {
            "point": point.name,
            "policy": point.policy.name,
            "description": point.policy.description,
            "asked_rate": point.asked_rate,
            "threshold": point.policy.threshold if point.policy.tunable else np.nan,
            "read_by": reading_observer(point.policy),
            "combined_by": combined_by[number],
        }
        costs = {name: float(metrics.values[name][number]) for name in POINT_COSTS}
        bounds = {
            "human_read_benign_per_million_upper": 1e6 * alarms.upper(),
            "zero_events": alarms.hits == 0,
            "model_leak": leaks[number],
        }
        rows.append(identity | costs | bounds | detected | {"partial_auc_1": point.partial_auc})
    return pd.DataFrame(rows)


def standings(
    points: Sequence[OperatingPoint],
    metrics: ResampledMetrics,
    leaks: Numbers,
    *,
    progress: ProgressBar = no_progress_bar,
) -> tuple[pd.DataFrame, list[str]]:
    """The standing of each point, and the ids of the metrics compared.

    The table is that of ``dominance_table``. For a point that cannot be compared, the reason stands in place
    of the status.
    """
    values = metrics.values | {"model_leak": leaks}
    leaks_by_resample = np.broadcast_to(leaks, (len(metrics.resamples["recall"]), len(points)))
    resamples = metrics.resamples | {"model_leak": leaks_by_resample}
    # A metric that is undefined for some point would compare nothing. A latency without a detection is the
    # exception: it is as late as can be.
    axes = [
        name for name in AXIS_SIGNS if name == "median_messages_to_alert" or not np.isnan(values[name]).any()
    ]
    reasons = [reason_not_compared(point.policy) for point in points]
    comparable = np.array([not reason for reason in reasons])
    table = dominance_table(
        np.stack([AXIS_SIGNS[name] * values[name] for name in axes], axis=-1),
        np.stack([AXIS_SIGNS[name] * resamples[name] for name in axes], axis=-1),
        metrics.point_names,
        eligible=comparable,
        progress=progress,
    )
    table["status"] = np.where(comparable, table["status"], reasons)
    return table, axes


def reason_not_compared(policy: Policy) -> str:
    """Why a policy dominates no other, or "".

    The oracle needs the true labels ("not buildable"); report rates are assumed and not measured ("assumed").
    """
    if policy.evidence == "label":
        return "not buildable"
    return "assumed" if policy.where == "user_report" else ""


def policy_model_leak(policy: Policy, model_leak: Mapping[str, float]) -> float:
    """What a policy's model file gives away.

    0 for a policy without a model, nan where it was not measured.
    """
    uses_model = policy.where != "none" and policy.reads_to_decide
    return model_leak.get(policy.model_key, np.nan) if uses_model or not model_leak else 0.0


def intervals_table(metrics: ResampledMetrics, kind: str) -> pd.DataFrame:
    """Every metric of every point with its interval.

    Columns as in ``Frontier.intervals``; ``kind`` says in words what kind of interval it is.
    """
    rows = []
    for number, point in enumerate(metrics.point_names):
        for metric, resamples in metrics.resamples.items():
            bounds = percentile_interval(resamples[:, number])
            rows.append(
                {
                    "point": point,
                    "metric": metric,
                    "value": float(metrics.values[metric][number]),
                    "low": bounds.low,
                    "high": bounds.high,
                    "interval": kind,
                    "n_undefined": bounds.n_undefined,
                }
            )
    return pd.DataFrame(rows)


def per_find_table(metrics: ResampledMetrics, *, prevalences: Sequence[float]) -> pd.DataFrame:
    """Messages read for each pattern found (``costs.messages_per_find``), by point and prevalence.

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
    benign, flagged = costs["benign"].to_numpy(dtype=bool), costs["flagged"].to_numpy(dtype=bool)
    return base_rate_table(
        Rate(int((flagged & ~benign).sum()), int((~benign).sum())),
        Rate(int((flagged & benign).sum()), int(benign.sum())),
        prevalences=prevalences,
        volume=1_000_000,
    )


def by_point(points: Sequence[OperatingPoint], table: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """The ``table`` of each point's costs, one below the other.

    The first column is ``point``.
    """
    parts = []
    for point in points:
        part = table(point.costs)
        part.insert(0, "point", point.name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
