"""What can be had for what? Policies at several thresholds, chosen on validation and measured on test, and which of them are simply worse than another.

It prints no balance score and picks no winner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from classifier.evaluation.baserates import PREVALENCES
from classifier.evaluation.early_warning import ESPD_P
from classifier.privacy.compare.costs import checked_prevalence
from classifier.privacy.compare.detection import false_alarms_by_scene, first_stages, recall_before_stages
from classifier.privacy.compare.dominance import Resampled
from classifier.privacy.compare.exchange import exchange_table
from classifier.privacy.compare.operating_points import Keep, Measured, measure_all, unkept
from classifier.privacy.compare.tables import (
    base_rates_of,
    by_point,
    intervals_table,
    leak_of,
    per_find_table,
    points_table,
    set_aside,
    standings,
)
from classifier.privacy.policies.policy import ANCHORS, READS_TO_DECIDE, Policy, shipped_policies
from classifier.privacy.simulate.run import obstacle
from classifier.privacy.simulate.scorer import NOISY_OR, FromRows, NoisyOr, Scorer
from classifier.privacy.stream import MessageScores, Stream, scored
from classifier.progress import ProgressBar, no_progress_bar

ASKED_RATES = (0.003, 0.01, 0.03, 0.1)
"""False positive rates for which each policy's threshold is chosen."""

RULES = {
    "threshold_rule": "the smallest score on validation whose false positive rate has a one-sided 95 % Clopper-Pearson upper bound at or below the rate asked for",
    "on_no_axis": "what a reviewer can make of an alert (text that is shown counts as a cost alone), and whether the reading is done on a device or a server",
    "set_aside": "the oracle (not buildable) and policies that rest on user reports (assumed rates) dominate nobody and stand in no exchange rate",
    "dominated": "one and the same other point is nowhere worse and somewhere better in at least 95 % of resamples; ambiguous: only in the data as they are",
}
"""What to know of every comparison."""


@dataclass(frozen=True)
class Frontier:
    """The numbers of a comparison, nothing drawn yet. A point is a policy at a threshold.

    - ``facts``: seed, resamples, clusters, axes, prevalences and rules by name.
    - ``points``: ``point``, ``policy``, ``description``, ``asked_rate``, ``threshold``, ``read_by`` (observer), ``combined_by`` (how messages become a conversation's score), the costs with
      ``human_read_benign_per_million_upper`` (one-sided Clopper-Pearson) and ``zero_events`` (draw it at its upper bound, with an open marker), what
      ``detection`` counts, ``partial_auc_1`` (false positive rates to 1 %), ``status``, ``dominated_by``, ``dominated_share``.
    - ``intervals``: ``point``, ``metric``, ``value``, ``low``, ``high``, ``interval``, ``n_undefined``.
    - ``per_find``: what one pattern found costs at each prevalence, see ``per_find_table``.
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
    per_find: pd.DataFrame
    skipped: pd.DataFrame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by name, as ``evaluation.record.Evaluation`` takes them."""
        return {
            name: getattr(self, name)
            for name in (
                "points",
                "intervals",
                "exchange",
                "base_rates",
                "stages",
                "scenes",
                "per_find",
                "skipped",
            )
        }


def with_anchors(policies: Iterable[Policy]) -> tuple[Policy, ...]:
    """The policies, with those of ``ANCHORS`` that are missing put before them."""
    given = tuple(policies)
    names = {policy.name for policy in given}
    if len(names) < len(given):
        raise ValueError("policies must have different names")
    return (
        *(policy for policy in shipped_policies() if policy.name in ANCHORS and policy.name not in names),
        *given,
    )


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
    keep: Keep = unkept,
    progress: ProgressBar = no_progress_bar,
) -> Frontier:
    """Run every policy, and the anchors, on both splits, and set them side by side.

    ``scorers`` maps a ``Policy.model_key`` to the scorer made by that model; message scores must cover both splits. A policy whose model is not there, or which
    needs what the streams lack, is told of in ``skipped``, as is a threshold that validation is too small for. ``model_leak`` gives a figure by model key
    (of ``attack``; smaller is better) and adds an axis. Intervals resample the test streams' clusters. The result does not depend on ``n_jobs``.

    ``keep`` may keep what each policy came to, and hand it back when the same work is asked for again; ``progress`` sees the steps go by.
    """
    for prevalence in prevalences:
        checked_prevalence(prevalence)
    if {stream.id for stream in validation} & {stream.id for stream in test}:
        raise ValueError(
            "a conversation stands in both validation and test: thresholds must be chosen on other conversations than they are measured on"
        )
    everything = [*validation, *test]
    scorers = {key: _prepared(scorer, everything) for key, scorer in scorers.items()}
    policies = with_anchors(policies)
    missing = {policy.name: _missing(policy, everything, scorers) for policy in policies}
    runnable = [policy for policy in policies if not missing[policy.name]]
    work = _measured(
        runnable, validation, test, scorers, asked_rates=asked_rates, seed=seed, keep=keep, n_jobs=n_jobs
    )
    done = {
        measured.policy.name: measured
        for measured in progress(work, label="running policies", length=len(runnable))
    }
    in_order = [done[policy.name] for policy in runnable]
    points = [point for measured in in_order for point in measured.points]
    skipped = [(name, np.nan, reason) for name, reason in missing.items() if reason]
    skipped += [
        (measured.policy.name, rate, reason) for measured in in_order for rate, reason in measured.skipped
    ]

    resampled = Resampled(
        {point.name: point.costs for point in points},
        n_resamples=n_resamples,
        seed=seed,
        n_jobs=n_jobs,
        progress=progress,
    )
    leaks = np.array([leak_of(point.policy, model_leak) for point in points])
    standing, axes = standings(points, resampled, leaks, progress=progress)
    may_stand = (
        np.array([not set_aside(point.policy) for point in points])
        & (standing["status"] != "dominated").to_numpy()
    )
    first = first_stages(test)
    interval = f"95 % percentile interval over {resampled.n_clusters} resampled clusters of test conversations, B = {n_resamples}"
    facts = {
        "n_conversations": len(test),
        "n_benign": sum(stream.benign for stream in test),
        "n_clusters": resampled.n_clusters,
        "n_resamples": n_resamples,
        "seed": seed,
        "axes": axes,
        "prevalences": list(prevalences),
        "latency_p": latency_p,
        "interval": interval,
        "models_whose_running_score_holds_every_row": sorted(
            key for key, scorer in scorers.items() if isinstance(scorer.conversation, FromRows)
        ),
    }
    combined_by = [combination(point.policy, scorers) for point in points]
    return Frontier(
        facts=facts | RULES,
        points=pd.concat(
            [points_table(points, resampled, first, leaks, combined_by, latency_p=latency_p), standing],
            axis=1,
        ),
        intervals=intervals_table(resampled, interval),
        exchange=exchange_table(resampled, eligible=may_stand, prevalences=prevalences),
        base_rates=by_point(points, lambda costs: base_rates_of(costs, prevalences)),
        stages=by_point(points, lambda costs: recall_before_stages(costs, first)),
        scenes=by_point(points, lambda costs: false_alarms_by_scene(costs, test)),
        per_find=per_find_table(resampled, prevalences=prevalences),
        skipped=pd.DataFrame(skipped, columns=["policy", "asked_rate", "reason"]),
    )


def _measured(
    policies: Sequence[Policy],
    validation: Sequence[Stream],
    test: Sequence[Stream],
    scorers: Mapping[str, Scorer],
    *,
    asked_rates: Sequence[float],
    seed: int,
    keep: Keep,
    n_jobs: int,
) -> Iterator[Measured]:
    """Every policy measured, those that can share what was computed after each other; on several processes whole groups of them."""
    groups: dict[tuple[object, ...], list[Policy]] = {}
    for policy in policies:
        groups.setdefault((policy.model_key, policy.noisy_or, policy.who, policy.window), []).append(policy)

    def measured(group: Sequence[Policy]) -> Iterator[Measured]:
        return measure_all(
            group,
            validation,
            test,
            _scorer_for(group[0], scorers),
            asked_rates=asked_rates,
            seed=seed,
            keep=keep,
        )

    if n_jobs == 1:
        for group in groups.values():
            yield from measured(group)
        return
    for found in Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
        delayed(_listed)(measured, group) for group in groups.values()
    ):
        yield from found


def _listed(
    measured: Callable[[Sequence[Policy]], Iterator[Measured]], group: Sequence[Policy]
) -> list[Measured]:
    return list(measured(group))


def combination(policy: Policy, scorers: Mapping[str, Scorer]) -> str:
    """How the probabilities of messages become the score of a conversation: "noisy-or", "fitted" (a conversation scorer that came with the model), "" without text."""
    if policy.where == "none" or policy.evidence != READS_TO_DECIDE:
        return ""
    return "noisy-or" if isinstance(_scorer_for(policy, scorers).conversation, NoisyOr) else "fitted"


def _prepared(scorer: Scorer, streams: Sequence[Stream]) -> Scorer:
    messages = (
        scorer.messages if isinstance(scorer.messages, MessageScores) else scored(streams, scorer.messages)
    )
    return replace(scorer, messages=messages, conversation=scorer.running())


def _scorer_for(policy: Policy, scorers: Mapping[str, Scorer]) -> Scorer:
    """The scorer of a policy's model; one that decides without text can take any."""
    scorer = scorers[policy.model_key] if policy.model_key in scorers else next(iter(scorers.values()))
    return replace(scorer, conversation=NOISY_OR) if policy.noisy_or else scorer


def _missing(policy: Policy, streams: Sequence[Stream], scorers: Mapping[str, Scorer]) -> str:
    """Why a policy cannot be run; "" when it can."""
    if policy.where != "none" and policy.evidence == READS_TO_DECIDE and policy.model_key not in scorers:
        return f"no scorer was given for model {policy.model_key!r}"
    return next(
        filter(None, (obstacle(policy, stream, _scorer_for(policy, scorers)) for stream in streams)), ""
    )
