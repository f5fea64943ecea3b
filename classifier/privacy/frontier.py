"""What can be had for what? Policies at several thresholds, chosen on validation and measured on test, and which of them are simply worse than another.

It prints no balance score and picks no winner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from classifier.evaluation.baserates import PREVALENCES, base_rate_table
from classifier.evaluation.bootstrap import percentile_interval
from classifier.evaluation.curves import partial_auc
from classifier.evaluation.early_warning import ESPD_P
from classifier.evaluation.rates import Rate
from classifier.evaluation.thresholds import TooFewUnits
from classifier.privacy.costs import checked_prevalence, conversation_costs
from classifier.privacy.detection import chosen_threshold, decision_scores, detection, false_alarms_by_scene, first_stages, recall_before_stages
from classifier.privacy.dominance import AXES, Resampled, dominance_table
from classifier.privacy.exchange import exchange_table
from classifier.privacy.exposure import reader
from classifier.privacy.observe import obstacle, run_policy
from classifier.privacy.policy import ANCHORS, READS_TO_DECIDE, Policy, shipped_policies
from classifier.privacy.scorer import FromRows, NoisyOr, Remembered, Scorer
from classifier.privacy.stream import MessageScores, Stream, scored

ASKED_RATES = (0.003, 0.01, 0.03, 0.1)
"""False positive rates for which each policy's threshold is chosen."""

COSTS = ("human_read_innocent_per_million", "machine_read_share", "pii_people_exposed_per_1000", "retained_message_hours")


@dataclass(frozen=True)
class Frontier:
    """The numbers of a comparison, nothing drawn yet. A point is a policy at a threshold.

    - ``facts``: seed, resamples, clusters, axes, prevalences and rules by name.
    - ``points``: ``point``, ``policy``, ``description``, ``asked_rate``, ``threshold``, ``read_by`` (observer), the costs with
      ``human_read_innocent_per_million_upper`` (one-sided Clopper-Pearson) and ``zero_events`` (draw it at its upper bound, with an open marker), what
      ``detection`` counts, ``partial_auc_1`` (false positive rates to 1 %), ``status``, ``dominated_by``, ``dominated_share``.
    - ``intervals``: ``point``, ``metric``, ``value``, ``low``, ``high``, ``interval``, ``n_undefined``.
    - ``exchange``: see ``exchange_table``. ``base_rates``: ``base_rate_table`` by point. ``stages``, ``scenes``: recall before stages, false alarms by scene, by point.
    - ``skipped``: ``policy``, ``asked_rate`` and ``reason`` of what could not be run.
    """

    facts: dict[str, Any]
    points: pd.DataFrame
    intervals: pd.DataFrame
    exchange: pd.DataFrame
    base_rates: pd.DataFrame
    stages: pd.DataFrame
    scenes: pd.DataFrame
    skipped: pd.DataFrame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by name, as ``evaluation.record.Evaluation`` takes them."""
        return {name: getattr(self, name) for name in ("points", "intervals", "exchange", "base_rates", "stages", "scenes", "skipped")}


@dataclass(frozen=True)
class _Point:
    name: str
    policy: Policy
    asked_rate: float
    partial_auc: float
    costs: pd.DataFrame


def with_anchors(policies: Iterable[Policy]) -> tuple[Policy, ...]:
    """The policies, with those of ``ANCHORS`` that are missing put before them."""
    given = tuple(policies)
    names = {policy.name for policy in given}
    if len(names) < len(given):
        raise ValueError("policies must have different names")
    return (*(policy for policy in shipped_policies() if policy.name in ANCHORS and policy.name not in names), *given)


def compare_policies(
    policies: Iterable[Policy],
    validation: Sequence[Stream],
    test: Sequence[Stream],
    scorers: Mapping[str, Scorer],
    *,
    asked_rates: Sequence[float] = ASKED_RATES,
    prevalences: Sequence[float] = PREVALENCES,
    model_leak: Mapping[str, float] = {},
    latency_p: float = ESPD_P,
    n_resamples: int = 1000,
    seed: int = 0,
    n_jobs: int = 1,
) -> Frontier:
    """Run every policy, and the anchors, on both splits, and set them side by side.

    ``scorers`` maps a ``Policy.model_key`` to the scorer made by that model; message scores must cover both splits. A policy whose model is not there, or which
    needs what the streams lack, is told of in ``skipped``, as is a threshold that validation is too small for. ``model_leak`` gives a figure by model key
    (of ``attack``; smaller is better) and adds an axis. Intervals resample the test streams' clusters. The result does not depend on ``n_jobs``.
    """
    for prevalence in prevalences:
        checked_prevalence(prevalence)
    if {stream.id for stream in validation} & {stream.id for stream in test}:
        raise ValueError("a conversation stands in both validation and test: thresholds must be chosen on other conversations than they are measured on")
    everything = [*validation, *test]
    scorers = {key: _prepared(scorer, everything) for key, scorer in scorers.items()}
    groups: dict[tuple[str, str, int], list[Policy]] = {}
    skipped: list[dict[str, Any]] = []
    policies = with_anchors(policies)
    for policy in policies:
        if reason := _missing(policy, everything, scorers):
            skipped.append({"policy": policy.name, "asked_rate": np.nan, "reason": reason})
        else:
            groups.setdefault((policy.model_key, policy.who, policy.window), []).append(policy)
    done = Parallel(n_jobs=n_jobs)(delayed(_measured)(members, validation, test, _scorer_for(members[0], scorers), asked_rates, seed) for members in groups.values())
    skipped += [row for _, rows in done for row in rows]
    order = {policy.name: position for position, policy in enumerate(policies)}
    points = sorted((point for found, _ in done for point in found), key=lambda point: order[point.policy.name])
    found = _frontier(points, test, skipped, prevalences=prevalences, model_leak=model_leak, latency_p=latency_p, n_resamples=n_resamples, seed=seed, n_jobs=n_jobs)
    holding = sorted(key for key, scorer in scorers.items() if isinstance(scorer.conversation, FromRows))
    return replace(found, facts=found.facts | {"models_whose_running_score_holds_every_row": holding})


def _prepared(scorer: Scorer, streams: Sequence[Stream]) -> Scorer:
    messages = scorer.messages if isinstance(scorer.messages, MessageScores) else scored(streams, scorer.messages)
    return replace(scorer, messages=messages, conversation=scorer.running())


def _scorer_for(policy: Policy, scorers: Mapping[str, Scorer]) -> Scorer:
    """The scorer of a policy's model; one that decides without text can take any."""
    return scorers[policy.model_key] if policy.model_key in scorers else next(iter(scorers.values()))


def _missing(policy: Policy, streams: Sequence[Stream], scorers: Mapping[str, Scorer]) -> str:
    if policy.where != "none" and policy.evidence == READS_TO_DECIDE and policy.model_key not in scorers:
        return f"no scorer was given for model {policy.model_key!r}"
    return next(filter(None, (obstacle(policy, stream, _scorer_for(policy, scorers)) for stream in streams)), "")


def _measured(
    policies: Sequence[Policy], validation: Sequence[Stream], test: Sequence[Stream], scorer: Scorer, asked_rates: Sequence[float], seed: int
) -> tuple[list[_Point], list[dict[str, Any]]]:
    """The points of policies that share a scorer, and what could not be measured."""
    points: list[_Point] = []
    skipped = []
    if not isinstance(scorer.conversation, NoisyOr):  # which takes no longer than a look-up
        scorer = replace(scorer, conversation=Remembered(scorer.running()))
    for policy in policies:
        if not policy.tunable:
            points.append(_point(policy.name, policy, np.nan, np.nan, test, scorer, seed))
            continue
        scores = decision_scores(policy, validation, scorer, seed=seed)
        area = partial_auc([not stream.innocent for stream in test], decision_scores(policy, test, scorer, seed=seed), max_fpr=0.01)
        thresholds: set[float] = set()
        for rate in asked_rates:
            try:
                threshold = chosen_threshold(validation, scores, max_fpr=rate)
            except TooFewUnits as error:
                skipped.append({"policy": policy.name, "asked_rate": rate, "reason": str(error)})
                continue
            if threshold not in thresholds:
                thresholds.add(threshold)
                points.append(_point(f"{policy.name}@{rate:g}", replace(policy, threshold=threshold), rate, area, test, scorer, seed))
    return points, skipped


def _point(name: str, policy: Policy, asked_rate: float, area: float, test: Sequence[Stream], scorer: Scorer, seed: int) -> _Point:
    return _Point(name, policy, asked_rate, area, conversation_costs(run_policy(policy, test, scorer, seed=seed), test))


def _frontier(
    points: Sequence[_Point],
    test: Sequence[Stream],
    skipped: list[dict[str, Any]],
    *,
    prevalences: Sequence[float],
    model_leak: Mapping[str, float],
    latency_p: float,
    n_resamples: int,
    seed: int,
    n_jobs: int,
) -> Frontier:
    resampled = Resampled({point.name: point.costs for point in points}, n_resamples=n_resamples, seed=seed, n_jobs=n_jobs)
    leaks = np.array([_leak(point.policy, model_leak) for point in points])
    values = resampled.now | {"model_leak": leaks}
    drawn = resampled.figures | {"model_leak": np.broadcast_to(leaks, (n_resamples, len(points)))}
    # An axis that a point has no figure for would compare nothing; a latency without a detection is the exception, being as late as can be.
    axes = [name for name in AXES if name == "median_messages_to_alert" or not np.isnan(values[name]).any()]
    aside = [_set_aside(point.policy) for point in points]
    comparable = np.array([not reason for reason in aside])
    standing = dominance_table(
        np.stack([-AXES[name] * values[name] for name in axes], axis=-1),
        np.stack([-AXES[name] * drawn[name] for name in axes], axis=-1),
        resampled.names,
        eligible=comparable,
    )
    standing["status"] = np.where(comparable, standing["status"], aside)
    rows, first = [], first_stages(test)
    for number, point in enumerate(points):
        found = detection(point.costs, first, p=latency_p)
        alarms = Rate(found["false_alarms"], found["n_innocent"])
        rows.append(
            {
                "point": point.name,
                "policy": point.policy.name,
                "description": point.policy.description,
                "asked_rate": point.asked_rate,
                "threshold": point.policy.threshold if point.policy.tunable else np.nan,
                "read_by": reader(point.policy),
            }
            | {
                name: float(resampled.now[name][number])
                for name in (*COSTS, "machine_read_conversations", "human_read_messages", "pii_items_exposed_per_1000", "innocent_messages_read")
            }
            | {"human_read_innocent_per_million_upper": 1e6 * alarms.upper(), "zero_events": alarms.hits == 0, "model_leak": leaks[number]}
            | found
            | {"partial_auc_1": point.partial_auc}
        )
    facts = {
        "n_conversations": len(test),
        "n_innocent": sum(stream.innocent for stream in test),
        "n_clusters": resampled.n_clusters,
        "n_resamples": n_resamples,
        "seed": seed,
        "axes": axes,
        "prevalences": list(prevalences),
        "latency_p": latency_p,
        "threshold_rule": "the smallest score on validation whose false positive rate has a one-sided 95 % Clopper-Pearson upper bound at or below the rate asked for",
        "interval": f"95 % percentile interval over {resampled.n_clusters} resampled clusters of test conversations, B = {n_resamples}",
        "on_no_axis": "what a reviewer can make of an alert (text that is shown counts as a cost alone), and whether the reading is done on a device or a server",
        "set_aside": "the oracle (not buildable) and policies that rest on user reports (assumed rates) dominate nobody and stand in no exchange rate",
        "dominated": "one and the same other point is nowhere worse and somewhere better in at least 95 % of resamples; ambiguous: only in the data as they are",
    }
    return Frontier(
        facts=facts,
        points=pd.concat([pd.DataFrame(rows), standing], axis=1),
        intervals=_intervals(resampled, str(facts["interval"])),
        exchange=exchange_table(resampled, eligible=comparable & (standing["status"] != "dominated").to_numpy(), prevalences=prevalences),
        base_rates=_by_point(points, lambda costs: _base_rates(costs, prevalences)),
        stages=_by_point(points, lambda costs: recall_before_stages(costs, first)),
        scenes=_by_point(points, lambda costs: false_alarms_by_scene(costs, test)),
        skipped=pd.DataFrame(skipped, columns=["policy", "asked_rate", "reason"]),
    )


def _set_aside(policy: Policy) -> str:
    """Why a policy can stand beside the others but not be played against them: the oracle needs the truth, a report rate is assumed and not measured."""
    return "not buildable" if policy.evidence == "label" else "assumed" if policy.where == "user_report" else ""


def _leak(policy: Policy, model_leak: Mapping[str, float]) -> float:
    """What a policy's model file gives away: nothing where there is none, nan where nobody measured it."""
    uses_model = policy.where != "none" and policy.evidence == READS_TO_DECIDE
    return model_leak.get(policy.model_key, np.nan) if uses_model or not model_leak else 0.0


def _intervals(resampled: Resampled, kind: str) -> pd.DataFrame:
    rows = []
    for number, point in enumerate(resampled.names):
        for metric, drawn in resampled.figures.items():
            bounds = percentile_interval(drawn[:, number])
            value = float(resampled.now[metric][number])
            rows.append({"point": point, "metric": metric, "value": value, "low": bounds.low, "high": bounds.high, "interval": kind, "n_undefined": bounds.n_undefined})
    return pd.DataFrame(rows)


def _base_rates(costs: pd.DataFrame, prevalences: Sequence[float]) -> pd.DataFrame:
    innocent, flagged = costs["innocent"].to_numpy(dtype=bool), costs["flagged"].to_numpy(dtype=bool)
    recall = Rate(int((flagged & ~innocent).sum()), int((~innocent).sum()))
    return base_rate_table(recall, Rate(int((flagged & innocent).sum()), int(innocent.sum())), prevalences=prevalences, volume=1_000_000)


def _by_point(points: Sequence[_Point], table: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    parts = []
    for point in points:
        part = table(point.costs)
        part.insert(0, "point", point.name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
