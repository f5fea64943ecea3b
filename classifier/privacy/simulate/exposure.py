"""How exposed are people under one policy? Every metric beside its unit, its denominator, its kind of interval and who comes to know it.

Observers: M the machine on the device, S the server, H a human reviewer, A whoever reads aggregates. What the holder of a model file learns is in ``attack`` and ``dp``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.baserates import base_rate_table
from classifier.evaluation.intervals import cluster_codes, cluster_sums, cluster_weights, percentile_interval
from classifier.evaluation.rates import Rate
from classifier.privacy.compare.costs import (
    SUMS,
    Totals,
    conversation_costs,
    cost_sums,
    figures,
    messages_per_true_detection,
)
from classifier.privacy.policies.policy import Policy, reader
from classifier.privacy.policies.redact import redaction_table
from classifier.privacy.policies.release import entropy_bits, ldp_epsilon, released_bits_max
from classifier.privacy.simulate.events import PolicyRun
from classifier.privacy.stream import Stream

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
    """Every exposure metric of one policy, each with what it takes to read it.

    Columns: ``policy``, ``metric``, ``value``, ``low``, ``high``, ``interval`` (its kind), ``numerator``, ``denominator`` (nan where there is none), ``unit``,
    ``observer``, ``prevalence`` (nan where the metric has none). Costs are of benign conversations. "cluster bootstrap" resamples the streams' clusters.
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
    """The costs of a run, added up in the data as they are (``totals``) and in resamples of its clusters (``drawn``)."""

    policy: Policy
    costs: pd.DataFrame
    totals: Totals
    drawn: Totals
    bootstrap: str

    def total(self, name: str) -> float:
        return float(self.totals[SUMS.index(name)])

    @property
    def alarms(self) -> Rate:
        return Rate(int(self.total("benign_flagged")), int(self.total("benign")))

    @property
    def found(self) -> Rate:
        return Rate(int(self.total("found")), int(self.total("pattern")))


def _counted(run: PolicyRun, streams: Sequence[Stream], *, n_resamples: int, seed: int) -> _Counted:
    costs = conversation_costs(run, streams)
    sums = cost_sums(costs)
    codes, n_clusters = cluster_codes(costs["cluster"].to_numpy())
    drawn = cluster_weights(n_clusters, n_resamples=n_resamples, seed=seed) @ cluster_sums(
        sums, codes, n_clusters
    )
    return _Counted(
        run.policy,
        costs,
        sums.sum(axis=0),
        drawn,
        f"95 % cluster bootstrap over {n_clusters} clusters, B = {n_resamples}",
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


def _ratio(counted: _Counted, metric: str, unit: str, observer: str, above: str, below: str) -> Row:
    """A figure of two sums, with its interval over resampled clusters."""
    value, bounds = figures(counted.totals)[metric], _middle(figures(counted.drawn)[metric])
    return _row(
        metric,
        value,
        unit,
        observer,
        bounds=bounds,
        interval=counted.bootstrap,
        numerator=counted.total(above),
        denominator=counted.total(below),
    )


def _middle(drawn: NDArray[Any]) -> tuple[float, float]:
    interval = percentile_interval(drawn)
    return interval.low, interval.high


def _reading(counted: _Counted) -> Iterator[Row]:
    who, alarms = reader(counted.policy), counted.alarms
    yield _ratio(
        counted,
        "machine_read_share",
        "benign messages read / benign messages",
        who,
        "messages_read",
        "messages",
    )
    yield _ratio(
        counted,
        "machine_read_conversations",
        "benign conversations with a message read / benign conversations",
        who,
        "benign_read",
        "benign",
    )
    yield _row(
        "human_read_benign_per_million",
        figures(counted.totals)["human_read_benign_per_million"],
        "benign conversations put before a person, per million",
        "H",
        bounds=(0.0, 1e6 * alarms.upper()),
        interval="one-sided 95 % Clopper-Pearson",
        numerator=alarms.hits,
        denominator=alarms.n,
    )
    yield _ratio(
        counted,
        "human_read_messages",
        "benign messages shown / benign messages",
        "H",
        "messages_shown",
        "messages",
    )


def _per_detection(counted: _Counted, prevalences: Sequence[float]) -> Iterator[Row]:
    for prevalence in prevalences:
        yield _row(
            "messages_per_true_detection",
            messages_per_true_detection(counted.totals, prevalence=prevalence),
            "messages read per pattern found",
            reader(counted.policy),
            bounds=_middle(messages_per_true_detection(counted.drawn, prevalence=prevalence)),
            interval=counted.bootstrap,
            prevalence=prevalence,
        )
        [base] = base_rate_table(
            counted.found, counted.alarms, prevalences=[prevalence], volume=1_000_000
        ).to_dict("records")
        yield _row(
            "benign_reviews_per_true_detection",
            base["false_alarms_per_true_find"],
            "benign conversations put before a person per pattern found",
            "H",
            bounds=(base["false_alarms_per_true_find_low"], base["false_alarms_per_true_find_high"]),
            interval="95 % Clopper-Pearson on both rates (Bonferroni)",
            prevalence=prevalence,
        )


def _keeping(counted: _Counted) -> Iterator[Row]:
    who, peaks = reader(counted.policy), counted.costs.loc[counted.costs["benign"], "peak_kept"]
    yield _ratio(
        counted,
        "retained_message_hours",
        "message-hours per benign conversation",
        who,
        "message_hours",
        "benign",
    )
    yield _row(
        "peak_retained_messages",
        peaks.max() if len(peaks) else math.nan,
        "messages kept at once, the most in any benign conversation",
        who,
    )


def _releasing(counted: _Counted) -> Iterator[Row]:
    policy = counted.policy
    gets, text = (
        "A" if policy.release == "aggregate" else "H",
        "; of the score alone, not the text" if policy.shows_text else "",
    )
    outputs = counted.costs.loc[counted.costs["benign"], "output"].to_numpy()
    yield _row(
        "released_bits_max",
        released_bits_max(policy),
        "bits per conversation, without the time of release",
        gets,
    )
    yield _row(
        "released_bits_entropy",
        entropy_bits(outputs),
        f"bits per benign conversation, Miller-Madow{text}",
        gets,
        denominator=counted.total("benign"),
    )
    yield _row("ldp_epsilon", ldp_epsilon(policy), "nats per conversation, one release", gets)


def _personal_information(counted: _Counted) -> Iterator[Row]:
    for metric, name, unit in (
        ("pii_items_exposed", "items", "pieces of personal information readable"),
        ("pii_people_exposed", "people", "accounts with a piece readable in a message of theirs"),
    ):
        yield _row(
            metric,
            counted.total(name),
            f"{unit}, in all benign conversations",
            "H",
            denominator=counted.total("benign"),
        )
    yield _ratio(
        counted,
        "pii_people_exposed_per_1000",
        "accounts exposed per 1,000 benign conversations",
        "H",
        "people",
        "benign",
    )


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
