"""The comparison of policies, each at several thresholds.

Thresholds are chosen on validation, figures measured on test. There is no balance score, and no winner is
picked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from classifier.evaluation.base_rates import PREVALENCES
from classifier.evaluation.early_warning import ESPD_P
from classifier.privacy.message_streams import MessageScores, Stream, scored
from classifier.privacy.policies.policy import ANCHORS, Policy, shipped_policies
from classifier.privacy.simulate.policy_scorer import FIXED_RULES, AllRowsScorer, PolicyScorer
from classifier.privacy.simulate.policy_simulation import obstacle
from classifier.privacy.tradeoff.conversation_costs import checked_prevalence
from classifier.privacy.tradeoff.cost_metric_table import METRIC_BY_ID
from classifier.privacy.tradeoff.exchange_rates import exchange_table
from classifier.privacy.tradeoff.point_tables import (
    base_rates_of,
    by_point,
    intervals_table,
    per_find_table,
    points_table,
    policy_model_leak,
    reason_not_compared,
    standings,
)
from classifier.privacy.tradeoff.policy_detection import (
    false_alarms_by_scene,
    first_stages,
    recall_before_stages,
)
from classifier.privacy.tradeoff.policy_operating_points import (
    OperatingPoint,
    PointsCache,
    PolicyOperatingPoints,
    no_cache,
    operating_points_of_policies,
)
from classifier.privacy.tradeoff.resampled_metrics import ResampledMetrics
from classifier.progress import ProgressBar, no_progress_bar

ASKED_RATES = (0.003, 0.01, 0.03, 0.1)
"""False positive rates for which each policy's threshold is chosen."""

RULES = {
    "threshold_rule": "the smallest score on validation whose false positive rate has a one-sided 95 % "
    "upper bound, with conversations that share dialogues counted as fewer, at or below the rate asked for",
    "on_no_axis": "what the recipient can do with an alert: a point is compared only with points that tell "
    "the same recipient, and no less; and that a server keeps the model file to itself: what is in a file "
    "counts as known",
    "set_aside": "the oracle (not buildable) and policies that rest on user reports or accepted contacts "
    "(assumed rates) dominate nobody and stand in no exchange rate",
    "dominated": "another point is worse by no more than the margin on every axis, in 95 % of resamples, and "
    "better on some axis by more than it, by a one-sided sign test over paired clusters at 5 %, corrected "
    "for the axes (Bonferroni) and all pairs of points (Holm); what follows from a policy alone needs no "
    "test; ambiguous: only in the data as they are",
}
"""The rules of every comparison, as facts of the report."""

TABLES = ("points", "intervals", "exchange", "base_rates", "stages", "scenes", "per_find", "skipped")


@dataclass(frozen=True)
class Frontier:
    """The numbers of a comparison; a point is a policy at a threshold.

    Parameters
    ----------
    facts
        Seed, resamples, clusters, axes, prevalences and rules, by name.
    points
        ``point``, ``policy``, ``title``, ``group``, ``argued``, ``description``, ``asked_rate``,
        ``threshold``, ``read_by`` (observer), ``recipient`` (who is told), ``combined_by`` (how messages
        become a conversation's score); the costs (``point_tables.POINT_COSTS``), ``released_bits``,
        ``release_epsilon``, ``model_leak``; the counts ``human_read`` and ``human_alerted`` with
        ``human_read_benign_per_million_upper`` and the same of alerts (one-sided, ``Rate.upper``);
        ``zero_events`` (draw human reads at their upper bound, with an open marker),
        ``zero_by_construction`` (draw them at exactly 0) and ``exact_zeros`` (all metrics of which that
        holds); what ``policy_detection`` counts; ``share_after_alert``; ``partial_auc_1`` (false positive
        rates to 1 %); the columns of ``dominance_table``.
    intervals
        ``point``, ``metric``, ``value``, ``low``, ``high``, ``interval``, ``n_undefined``; of rates of
        conversations ``design_effect`` and ``df``, as in ``Rate``, else nan.
    exchange
        See ``exchange_table``.
    base_rates
        ``base_rate_table`` by point.
    stages, scenes
        Recall before stages, and false alarms by scene, by point.
    per_find
        What one pattern found costs at each prevalence; see ``per_find_table``.
    skipped
        ``policy``, ``asked_rate`` and ``reason`` of what could not be run.
    operating_points
        The points themselves, with the costs of every test conversation, in the order of ``points``.
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
    operating_points: tuple[OperatingPoint, ...] = ()

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by name, as ``evaluation.saved_results.Evaluation`` takes them."""
        return {name: getattr(self, name) for name in TABLES}


def compare_policies(
    policies: Iterable[Policy],
    validation: Sequence[Stream],
    test: Sequence[Stream],
    scorers: Mapping[str, PolicyScorer],
    *,
    asked_rates: Sequence[float] = ASKED_RATES,
    prevalences: Sequence[float] = PREVALENCES,
    model_leak: Mapping[str, float] = {},
    latency_p: float = ESPD_P,
    n_resamples: int = 1000,
    seed: int = 0,
    n_jobs: int = 1,
    cache: PointsCache = no_cache,
    progress: ProgressBar = no_progress_bar,
) -> Frontier:
    """Compare policies, and the anchors, on the same test conversations.

    Every policy is run on both splits. One whose model is missing, or which needs what the streams lack, is
    listed in ``skipped``, as is a threshold that validation is too small for. Intervals resample the test
    streams' clusters.

    Raises ``ValueError`` for a prevalence outside (0, 1), a conversation in both splits, or two policies of
    one name.

    Parameters
    ----------
    scorers
        The scorer of each model, by ``Policy.model_key``. Message scores must cover both splits.
    asked_rates
        False positive rates for which thresholds are chosen.
    model_leak
        What each model file gives away, by model key: the strongest attack's share of training authors found
        at the lowest false positive rate that can be shown. A model that is not there counts as unknown:
        nothing is credited to it.
    latency_p
        Of the latency penalty (``evaluation.early_warning``).
    n_jobs
        Processes. The result does not depend on their number.
    cache
        May keep the operating points of each policy, and return them when the same work is asked for again.
    progress
        Sees the steps go by.
    """
    for prevalence in prevalences:
        checked_prevalence(prevalence)
    if {stream.id for stream in validation} & {stream.id for stream in test}:
        raise ValueError(
            "a conversation stands in both validation and test: thresholds must be chosen on other"
            " conversations than they are measured on"
        )
    everything = [*validation, *test]
    scorers = {key: _with_scored_messages(scorer, everything) for key, scorer in scorers.items()}
    policies = anchors_and_policies(policies)
    obstacles = {policy.name: _obstacle(policy, everything, scorers) for policy in policies}
    runnable = [policy for policy in policies if not obstacles[policy.name]]
    work = _operating_points(
        runnable, validation, test, scorers, asked_rates=asked_rates, seed=seed, cache=cache, n_jobs=n_jobs
    )
    by_policy = {
        result.policy.name: result
        for result in progress(work, label="running policies", length=len(runnable))
    }
    in_order = [by_policy[policy.name] for policy in runnable]
    points = [point for result in in_order for point in result.points]
    skipped = [(name, np.nan, reason) for name, reason in obstacles.items() if reason]
    skipped += [(result.policy.name, rate, reason) for result in in_order for rate, reason in result.skipped]

    metrics = ResampledMetrics(
        {point.name: point.costs for point in points},
        n_resamples=n_resamples,
        seed=seed,
        progress=progress,
    )
    leaks = np.array([policy_model_leak(point.policy, model_leak) for point in points])
    standing, axes = standings(points, metrics, model_leak, progress=progress)
    comparable = np.array([not reason_not_compared(point.policy) for point in points])
    first_messages = first_stages(test)
    combined_by = [combining_rule(point.policy, scorers) for point in points]
    columns = points_table(points, metrics, first_messages, leaks, combined_by, latency_p=latency_p)
    interval = (
        f"95 % percentile interval over {metrics.n_clusters} resampled clusters of test conversations,"
        f" B = {n_resamples}"
    )
    facts = {
        "n_conversations": len(test),
        "n_benign": sum(stream.benign for stream in test),
        "n_clusters": metrics.n_clusters,
        "n_resamples": n_resamples,
        "seed": seed,
        "axes": axes,
        "margins": {metric: METRIC_BY_ID[metric].margin for metric in axes},
        "prevalences": list(prevalences),
        "latency_p": latency_p,
        "interval": interval,
        "models_whose_running_score_holds_every_row": sorted(
            key for key, scorer in scorers.items() if isinstance(scorer.conversation, AllRowsScorer)
        ),
    }
    return Frontier(
        facts=facts | RULES,
        points=pd.concat([columns, standing], axis=1),
        intervals=intervals_table(points, metrics, interval),
        exchange=exchange_table(
            metrics,
            eligible=comparable & (standing["status"] != "dominated").to_numpy(),
            prevalences=prevalences,
        ),
        base_rates=by_point(points, lambda costs: base_rates_of(costs, prevalences)),
        stages=by_point(points, lambda costs: recall_before_stages(costs, first_messages)),
        scenes=by_point(points, lambda costs: false_alarms_by_scene(costs, test)),
        per_find=per_find_table(metrics, prevalences=prevalences),
        skipped=pd.DataFrame(skipped, columns=["policy", "asked_rate", "reason"]),
        operating_points=tuple(points),
    )


def anchors_and_policies(policies: Iterable[Policy]) -> tuple[Policy, ...]:
    """The policies, with the missing anchors put before them."""
    given = tuple(policies)
    names = {policy.name for policy in given}
    if len(names) < len(given):
        raise ValueError("policies must have different names")
    missing = (policy for policy in shipped_policies() if policy.name in ANCHORS and policy.name not in names)
    return (*missing, *given)


def _operating_points(
    policies: Sequence[Policy],
    validation: Sequence[Stream],
    test: Sequence[Stream],
    scorers: Mapping[str, PolicyScorer],
    *,
    asked_rates: Sequence[float],
    seed: int,
    cache: PointsCache,
    n_jobs: int,
) -> Iterator[PolicyOperatingPoints]:
    """The operating points of every policy, in groups that share scores.

    One process runs a whole group.
    """
    groups: dict[tuple[object, ...], list[Policy]] = {}
    for policy in policies:
        groups.setdefault((policy.model_key, policy.fixed_rule, policy.who, policy.window), []).append(policy)

    def of_group(group: Sequence[Policy]) -> Iterator[PolicyOperatingPoints]:
        return operating_points_of_policies(
            group,
            validation,
            test,
            _scorer_for(group[0], scorers),
            asked_rates=asked_rates,
            seed=seed,
            cache=cache,
        )

    if n_jobs == 1:
        for group in groups.values():
            yield from of_group(group)
        return
    run_group = delayed(_all_of_group)
    for results in Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
        run_group(of_group, group) for group in groups.values()
    ):
        yield from results


def _all_of_group(
    of_group: Callable[[Sequence[Policy]], Iterator[PolicyOperatingPoints]], group: Sequence[Policy]
) -> list[PolicyOperatingPoints]:
    # A generator cannot come back from another process.
    return list(of_group(group))


def combining_rule(policy: Policy, scorers: Mapping[str, PolicyScorer]) -> str:
    """How the probabilities of messages become the score of a conversation.

    "noisy or", "stage maxima", "fitted" (a conversation scorer that came with the model), or "" for a policy
    without text.
    """
    if policy.where == "none" or not policy.reads_to_decide:
        return ""
    rule = _scorer_for(policy, scorers).conversation
    return next((name.replace("_", " ") for name, fixed in FIXED_RULES.items() if rule is fixed), "fitted")


def _with_scored_messages(scorer: PolicyScorer, streams: Sequence[Stream]) -> PolicyScorer:
    messages = scorer.messages
    if not isinstance(messages, MessageScores):
        messages = scored(streams, messages)
    return replace(scorer, messages=messages, conversation=scorer.running())


def _scorer_for(policy: Policy, scorers: Mapping[str, PolicyScorer]) -> PolicyScorer:
    """The scorer of a policy's model; without text, any."""
    scorer = scorers[policy.model_key] if policy.model_key in scorers else next(iter(scorers.values()))
    return replace(scorer, conversation=FIXED_RULES[policy.fixed_rule]) if policy.fixed_rule else scorer


def _obstacle(policy: Policy, streams: Sequence[Stream], scorers: Mapping[str, PolicyScorer]) -> str:
    """Why a policy cannot be run; "" when it can."""
    if policy.where != "none" and policy.reads_to_decide and policy.model_key not in scorers:
        return f"no scorer was given for model {policy.model_key!r}"
    obstacles = (obstacle(policy, stream, _scorer_for(policy, scorers)) for stream in streams)
    return next(filter(None, obstacles), "")
