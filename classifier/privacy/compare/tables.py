"""What is told of the points of a comparison, each in a row: costs and finds, standing, intervals, what a find costs where patterns are rare."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.baserates import base_rate_table
from classifier.evaluation.intervals import percentile_interval
from classifier.evaluation.rates import Rate
from classifier.privacy.compare.costs import checked_prevalence
from classifier.privacy.compare.detection import detection
from classifier.privacy.compare.dominance import AXES, Resampled, dominance_table
from classifier.privacy.compare.operating_points import Point
from classifier.privacy.policies.policy import READS_TO_DECIDE, Policy, reader
from classifier.progress import ProgressBar, no_progress_bar

Numbers = NDArray[np.float64]

COSTS = (
    "human_read_benign_per_million",
    "machine_read_share",
    "pii_people_exposed_per_1000",
    "retained_message_hours",
    "machine_read_conversations",
    "human_read_messages",
    "pii_items_exposed_per_1000",
    "benign_messages_read",
)


def points_table(
    points: Sequence[Point],
    resampled: Resampled,
    first: pd.DataFrame,
    leaks: Numbers,
    combined_by: Sequence[str],
    *,
    latency_p: float,
) -> pd.DataFrame:
    """What a policy at a threshold is, costs and finds; columns as ``Frontier.points`` says, without the standing. ``first``: of ``first_stages``."""
    rows = []
    for number, point in enumerate(points):
        found = detection(point.costs, first, p=latency_p)
        alarms = Rate(found["false_alarms"], found["n_benign"])
        what = {
            "point": point.name,
            "policy": point.policy.name,
            "description": point.policy.description,
            "asked_rate": point.asked_rate,
            "threshold": point.policy.threshold if point.policy.tunable else np.nan,
            "read_by": reader(point.policy),
            "combined_by": combined_by[number],
        }
        costs = {name: float(resampled.now[name][number]) for name in COSTS}
        bounds = {
            "human_read_benign_per_million_upper": 1e6 * alarms.upper(),
            "zero_events": alarms.hits == 0,
            "model_leak": leaks[number],
        }
        rows.append(what | costs | bounds | found | {"partial_auc_1": point.partial_auc})
    return pd.DataFrame(rows)


def standings(
    points: Sequence[Point], resampled: Resampled, leaks: Numbers, *, progress: ProgressBar = no_progress_bar
) -> tuple[pd.DataFrame, list[str]]:
    """The table of ``dominance_table``, with the reason in the place of the status for what is set aside; and the axes that were compared."""
    values = resampled.now | {"model_leak": leaks}
    drawn = resampled.figures | {
        "model_leak": np.broadcast_to(leaks, (len(resampled.figures["recall"]), len(points)))
    }
    # An axis that a point has no figure for would compare nothing; a latency without a detection is the exception, being as late as can be.
    axes = [name for name in AXES if name == "median_messages_to_alert" or not np.isnan(values[name]).any()]
    aside = [set_aside(point.policy) for point in points]
    comparable = np.array([not reason for reason in aside])
    table = dominance_table(
        np.stack([-AXES[name] * values[name] for name in axes], axis=-1),
        np.stack([-AXES[name] * drawn[name] for name in axes], axis=-1),
        resampled.names,
        eligible=comparable,
        progress=progress,
    )
    table["status"] = np.where(comparable, table["status"], aside)
    return table, axes


def set_aside(policy: Policy) -> str:
    """Why a policy can stand beside the others but not be played against them: the oracle needs the truth, a report rate is assumed and not measured."""
    return (
        "not buildable" if policy.evidence == "label" else "assumed" if policy.where == "user_report" else ""
    )


def leak_of(policy: Policy, model_leak: Mapping[str, float]) -> float:
    """What a policy's model file gives away: nothing where there is none, nan where nobody measured it."""
    uses_model = policy.where != "none" and policy.evidence == READS_TO_DECIDE
    return model_leak.get(policy.model_key, np.nan) if uses_model or not model_leak else 0.0


def intervals_table(resampled: Resampled, kind: str) -> pd.DataFrame:
    """Every figure of every point with its interval; columns as ``Frontier.intervals`` says."""
    rows = []
    for number, point in enumerate(resampled.names):
        for metric, drawn in resampled.figures.items():
            bounds = percentile_interval(drawn[:, number])
            value = float(resampled.now[metric][number])
            rows.append(
                {
                    "point": point,
                    "metric": metric,
                    "value": value,
                    "low": bounds.low,
                    "high": bounds.high,
                    "interval": kind,
                    "n_undefined": bounds.n_undefined,
                }
            )
    return pd.DataFrame(rows)


def per_find_table(resampled: Resampled, *, prevalences: Sequence[float]) -> pd.DataFrame:
    """Messages read, of anybody, for each pattern found: [π m₁ + (1 - π) m₀] / (π recall), m the mean number read in a conversation.

    Columns: ``point``, ``prevalence``, ``messages_per_find``, ``messages_per_find_low`` and ``_high`` (95 % percentile interval over the resampled clusters). Infinite
    where something is read and nothing found; of resamples without a find the interval says so by an infinite end.
    """
    rows = []
    for prevalence in prevalences:
        now, drawn = (
            _messages_per_find(figures, checked_prevalence(prevalence))
            for figures in (resampled.now, resampled.figures)
        )
        for number, point in enumerate(resampled.names):
            defined = drawn[:, number][~np.isnan(drawn[:, number])]
            # Of resamples, not between them: an infinite price has no middle with another.
            low, high = (
                np.quantile(defined, [0.025, 0.975], method="inverted_cdf")
                if defined.size
                else (np.nan, np.nan)
            )
            rows.append((point, prevalence, now[number], low, high))
    return pd.DataFrame(
        rows,
        columns=[
            "point",
            "prevalence",
            "messages_per_find",
            "messages_per_find_low",
            "messages_per_find_high",
        ],
    )


def _messages_per_find(figures: Mapping[str, Numbers], prevalence: float) -> Numbers:
    with np.errstate(divide="ignore", invalid="ignore"):
        read = (
            prevalence * figures["pattern_messages_read"]
            + (1.0 - prevalence) * figures["benign_messages_read"]
        )
        return np.asarray(read / (prevalence * figures["recall"]))


def base_rates_of(costs: pd.DataFrame, prevalences: Sequence[float]) -> pd.DataFrame:
    """The ``base_rate_table`` of one point, for a million conversations."""
    benign, flagged = costs["benign"].to_numpy(dtype=bool), costs["flagged"].to_numpy(dtype=bool)
    recall = Rate(int((flagged & ~benign).sum()), int((~benign).sum()))
    return base_rate_table(
        recall,
        Rate(int((flagged & benign).sum()), int(benign.sum())),
        prevalences=prevalences,
        volume=1_000_000,
    )


def by_point(points: Sequence[Point], table: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """The ``table`` of each point's costs, one below the other, with a first column ``point``."""
    parts = []
    for point in points:
        part = table(point.costs)
        part.insert(0, "point", point.name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
