"""How much one policy exposes people.

Every metric stands beside its unit, denominator, interval and observer: a key of ``cost_metric.OBSERVERS``,
or for what is read first M, S, E or - (``policy.reading_observer``). What the holder of a model file learns
is measured in ``attacks`` and bounded in ``builds``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.base_rates import base_rate_table
from classifier.evaluation.intervals import Resamples, percentile_interval
from classifier.evaluation.rates import Rate
from classifier.privacy.message_streams import Stream
from classifier.privacy.policies.policy import Policy, reading_observer
from classifier.privacy.policies.redaction import redaction_table
from classifier.privacy.policies.released_information import entropy_bits, ldp_epsilon, released_bits_max
from classifier.privacy.simulate.event_log import PolicyRun
from classifier.privacy.tradeoff.conversation_costs import (
    SUMS,
    conversation_costs,
    conversation_rate,
    messages_per_find,
    metric_values,
    summands,
)
from classifier.privacy.tradeoff.cost_metric import Sum
from classifier.privacy.tradeoff.cost_metric_table import METRIC_BY_ID, zeros_by_construction

COLUMNS = (
    "policy",
    "metric",
    "value",
    "low",
    "high",
    "interval",
    "numerator",
    "denominator",
    "unit",
    "observer",
    "prevalence",
)

Row = dict[str, Any]


def exposure_table(
    run: PolicyRun,
    streams: Sequence[Stream],
    *,
    prevalences: Sequence[float],
    n_resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Every exposure metric of one policy, one row each.

    Costs are those of benign conversations, save the two per true detection, which need the assumed
    ``prevalences`` of patterns. "cluster bootstrap" resamples the streams' clusters.

    Columns: ``policy``, ``metric``, ``value``, ``low``, ``high``, ``interval`` (its kind), ``numerator``,
    ``denominator`` (nan where there is none), ``unit``, ``observer``, ``prevalence`` (nan where the metric
    has none).
    """
    counted = _counted(run, streams, n_resamples=n_resamples, seed=seed)
    rows = [
        *_reading(counted),
        *_per_detection(counted, prevalences),
        *_keeping(counted),
        *_releasing(counted),
        *_personal_information(counted),
        *_redaction(run.policy, streams),
    ]
    return pd.DataFrame([{"policy": run.policy.name} | row for row in rows], columns=list(COLUMNS))


@dataclass(frozen=True)
class _Counted:
    """The sums of a run's costs, and the metrics that follow from them.

    ``totals`` are the sums over the conversations. ``values`` maps a metric's id to its value,
    ``resampled`` to its values in resamples of the ``n_clusters`` clusters.
    """

    policy: Policy
    costs: pd.DataFrame
    totals: dict[Sum, float]
    values: dict[str, Any]
    resampled: dict[str, Any]
    bootstrap: str

    @property
    def benign_costs(self) -> pd.DataFrame:
        return self.costs[self.costs["benign"].to_numpy(dtype=bool)]

    @property
    def n_benign(self) -> float:
        return self.totals["benign", "conversations"]

    def people_rate(self, column: str) -> Rate:
        return conversation_rate(self.costs, column, "benign")

    @property
    def recall(self) -> Rate:
        return conversation_rate(self.costs, "flagged", "pattern")


def _counted(run: PolicyRun, streams: Sequence[Stream], *, n_resamples: int, seed: int) -> _Counted:
    costs = conversation_costs(run, streams)
    sums = summands(costs)
    resamples = Resamples.of(costs["clusters"], n_resamples=n_resamples, seed=seed)
    totals = sums.sum(axis=0)
    return _Counted(
        run.policy,
        costs,
        dict(zip(SUMS, totals.tolist(), strict=True)),
        metric_values(totals),
        metric_values(resamples.sums(*sums.T).T[1:]),
        f"95 % cluster bootstrap over {resamples.clusters.n} clusters, B = {n_resamples}",
    )


def _row(
    metric: str,
    value: Any,
    unit: str,
    observer: str,
    *,
    bounds: tuple[float, float] = (math.nan, math.nan),
    interval: str = "none",
    **more: float,
) -> Row:
    row = {
        "metric": metric,
        "value": float(value),
        "low": bounds[0],
        "high": bounds[1],
        "interval": interval,
        "unit": unit,
        "observer": observer,
    }
    return row | {"numerator": math.nan, "denominator": math.nan, "prevalence": math.nan} | more


def _ratio(counted: _Counted, metric: str) -> Row:
    """A metric of ``COST_METRICS`` that is a ratio of sums, with its bootstrap interval."""
    row = METRIC_BY_ID[metric]
    above, below = row.sums
    return _row(
        metric,
        counted.values[metric],
        row.unit,
        reading_observer(counted.policy) if row.observer == "R" else row.observer,
        bounds=_percentile_bounds(counted.resampled[metric]),
        interval=counted.bootstrap,
        numerator=counted.totals[above],
        denominator=counted.totals[below],
    )


def _percentile_bounds(values: NDArray[Any]) -> tuple[float, float]:
    interval = percentile_interval(values)
    return interval.low, interval.high


def _reading(counted: _Counted) -> Iterator[Row]:
    yield _ratio(counted, "company_read_share")
    yield _ratio(counted, "device_read_share")
    yield _ratio(counted, "machine_read_share")
    yield _ratio(counted, "machine_read_conversations")
    yield _ratio(counted, "metadata_seen_share")
    # Not of resamples: those of a run without an event have none either.
    exact_zeros = zeros_by_construction(counted.policy)
    for metric, column in (
        ("human_read_benign_per_million", "is_shown"),
        ("human_alerted_benign_per_million", "is_told"),
    ):
        never = metric in exact_zeros
        yield _ratio(counted, metric) | {
            "low": 0.0,
            "high": 0.0 if never else 1e6 * counted.people_rate(column).upper(),
            "interval": "none: 0 by construction"
            if never
            else "one-sided 95 % exact, of as many conversations as those that share dialogues are worth",
        }
    yield _ratio(counted, "human_read_share")


def _per_detection(counted: _Counted, prevalences: Sequence[float]) -> Iterator[Row]:
    for prevalence in prevalences:
        yield _row(
            "messages_per_true_detection",
            messages_per_find(counted.values, prevalence=prevalence),
            "messages read per pattern found",
            reading_observer(counted.policy),
            bounds=_percentile_bounds(messages_per_find(counted.resampled, prevalence=prevalence)),
            interval=counted.bootstrap,
            prevalence=prevalence,
        )
        [base] = base_rate_table(
            counted.recall, counted.people_rate("flagged"), prevalences=[prevalence], volume=1_000_000
        ).to_dict("records")
        yield _row(
            "benign_alerts_per_true_detection",
            base["false_alarms_per_true_find"],
            "benign conversations flagged per pattern found",
            "A",
            bounds=(base["false_alarms_per_true_find_low"], base["false_alarms_per_true_find_high"]),
            interval="95 % exact on both rates (Bonferroni), of as many conversations as these are worth",
            prevalence=prevalence,
        )


def _keeping(counted: _Counted) -> Iterator[Row]:
    yield _ratio(counted, "retained_message_hours")
    yield _row(
        "peak_retained_messages",
        counted.benign_costs["peak_kept"].max(),
        "messages kept at once, the most in any benign conversation",
        reading_observer(counted.policy),
    )


def _releasing(counted: _Counted) -> Iterator[Row]:
    policy = counted.policy
    observer = "A" if policy.release == "aggregate" else "H"
    remark = "; of the score alone, not the text" if policy.shows_text else ""
    yield _row(
        "released_bits_max",
        released_bits_max(policy),
        "bits per conversation, without the time of release",
        observer,
    )
    yield _row(
        "released_bits_entropy",
        entropy_bits(counted.benign_costs["output"]),
        f"bits per benign conversation, Miller-Madow{remark}",
        observer,
        denominator=counted.n_benign,
    )
    yield _row("ldp_epsilon", ldp_epsilon(policy), "nats per conversation, one release", observer)


def _personal_information(counted: _Counted) -> Iterator[Row]:
    for metric, column, unit in (
        ("pii_items_exposed", "pii_items", "pieces of personal information readable"),
        ("pii_people_exposed", "pii_people", "accounts with a piece readable in a message of theirs"),
    ):
        yield _row(
            metric,
            counted.totals["benign", column],
            f"{unit}, in all benign conversations",
            "H",
            denominator=counted.n_benign,
        )
    yield _ratio(counted, "pii_people_exposed_per_1000")


def _redaction(policy: Policy, streams: Sequence[Stream]) -> Iterator[Row]:
    if policy.redactor == "none":
        return
    table = redaction_table(streams, policy.redactor)
    [over] = table[table["measure"] == "cue tokens masked"].to_dict("records")
    yield _row(
        "over_redaction",
        over["rate"],
        "words masked / words of messages that show a behaviour, outside gold spans",
        "H",
        bounds=(over["rate_low"], over["rate_high"]),
        interval="95 % Clopper-Pearson over words, too narrow",
        numerator=over["hits"],
        denominator=over["n"],
    )
