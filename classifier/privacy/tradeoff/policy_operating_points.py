"""Operating points: policies at thresholds, with their costs.

Thresholds are chosen on validation, costs counted on test conversations.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.curves import partial_auc
from classifier.evaluation.thresholds import TooFewUnits
from classifier.privacy.message_streams import MessageScores, Stream
from classifier.privacy.policies.policy import Policy
from classifier.privacy.simulate.event_log import PolicyRun
from classifier.privacy.simulate.policy_scorer import CachedScorer, NoisyOr, PolicyScorer
from classifier.privacy.simulate.policy_simulation import run_policy
from classifier.privacy.tradeoff.conversation_costs import conversation_costs
from classifier.privacy.tradeoff.policy_detection import chosen_threshold, decision_scores


@dataclass(frozen=True)
class OperatingPoint:
    """A policy at one threshold, with its costs.

    Parameters
    ----------
    name
        The policy's name, and after @ the false positive rate asked for where a threshold was chosen.
    policy
        With that threshold.
    asked_rate
        False positive rate for which the threshold was chosen; nan where no threshold moves the alerts.
    partial_auc
        Area under the ROC curve up to a false positive rate of 1 %, on test; nan in the same case.
    costs
        Of each test conversation; columns ``conversation_costs.COST_COLUMNS``.
    """

    name: str
    policy: Policy
    asked_rate: float
    partial_auc: float
    costs: pd.DataFrame


@dataclass(frozen=True)
class PolicyOperatingPoints:
    """All operating points of a policy.

    ``skipped`` holds each rate for which no threshold could be chosen, with the reason.
    """

    policy: Policy
    points: tuple[OperatingPoint, ...]
    skipped: tuple[tuple[float, str], ...]


WORDS_ABOUT_IT = (
    "name",
    "description",
    "title",
    "group",
    "argued",
    "purpose",
    "legal_basis",
    "stands_for",
    "recipient",
    "seconds_per_message",
)
"""Settings that change no event of a run; who is told and what it takes is counted afterwards."""

AFTER_THE_SCORE = ("threshold", "release", "levels", "excerpt_messages", "release_epsilon", "redactor")
"""Settings that change no score, either."""


class SharedRuns:
    """Runs and decision scores of policies that come to the same ones, each made once.

    Reading on the device, on the server and under encryption gives the same events: who reads is counted
    from the policy. All policies must have one ``scorer``.
    """

    def __init__(self, scorer: PolicyScorer, seed: int) -> None:
        self.scorer, self.seed = scorer, seed
        self._events: dict[tuple[object, ...], PolicyRun] = {}
        self._scores: dict[tuple[object, ...], NDArray[np.float64]] = {}
        self._remembered: set[int] = set()

    def run(self, policy: Policy, streams: Sequence[Stream]) -> PolicyRun:
        """As ``run_policy``."""
        key = (id(streams), *_settings(policy, but=WORDS_ABOUT_IT))
        if key not in self._events:
            self._events[key] = run_policy(policy, streams, self.scorer, seed=self.seed)
        return replace(self._events[key], policy=policy)

    def decision_scores(self, policy: Policy, streams: Sequence[Stream]) -> NDArray[np.float64]:
        """As ``policy_detection.decision_scores``."""
        kept = () if policy.window else ("retain_messages", "retain_hours", "stop_on_alert")
        key = (id(streams), *_settings(policy, but=(*WORDS_ABOUT_IT, *AFTER_THE_SCORE, *kept)))
        if key not in self._scores:
            self._remember(streams)
            self._scores[key] = decision_scores(policy, streams, self.scorer, seed=self.seed)
        return self._scores[key]

    def _remember(self, streams: Sequence[Stream]) -> None:
        """Compute the running scores of whole conversations beforehand."""
        conversation, messages = self.scorer.conversation, self.scorer.messages
        if not isinstance(conversation, CachedScorer) or not isinstance(messages, MessageScores):
            return
        if id(streams) not in self._remembered:
            self._remembered.add(id(streams))
            for stream in streams:
                conversation.remember(messages.rows[stream.id], stream.authors)


def _settings(policy: Policy, *, but: Collection[str]) -> list[object]:
    """The values of a policy's settings; the places where all is read at once are one."""
    at_once = policy.where in ("device", "server", "private_inference")
    return [
        "at once" if name == "where" and at_once else value
        for name, value in vars(policy).items()
        if name in FIELDS and name not in but
    ]


FIELDS = frozenset(field.name for field in fields(Policy))

PointsCache = Callable[[Policy, Sequence[Stream], Callable[[], PolicyOperatingPoints]], PolicyOperatingPoints]
"""Called with a policy, the test streams and a function that computes the policy's points.

It returns the points, computed now or found from before (``FinishedPolicies.operating_points``)."""


def no_cache(
    policy: Policy, test: Sequence[Stream], compute: Callable[[], PolicyOperatingPoints]
) -> PolicyOperatingPoints:
    """The points, computed at each call."""
    return compute()


def operating_points_of_policies(
    policies: Sequence[Policy],
    validation: Sequence[Stream],
    test: Sequence[Stream],
    scorer: PolicyScorer,
    *,
    asked_rates: Sequence[float],
    seed: int,
    cache: PointsCache = no_cache,
) -> Iterator[PolicyOperatingPoints]:
    """The operating points of each policy, in order.

    All policies share ``scorer``, and scores and runs of one are used again for the next that comes to the
    same ones; otherwise as ``policy_operating_points``.
    """
    if not isinstance(scorer.conversation, NoisyOr):  # which takes no longer than a look-up
        scorer = replace(scorer, conversation=CachedScorer(scorer.running()))
    shared = SharedRuns(scorer, seed)
    for policy in policies:

        def compute(policy: Policy = policy) -> PolicyOperatingPoints:
            return policy_operating_points(
                policy, validation, test, scorer, asked_rates=asked_rates, seed=seed, shared=shared
            )

        yield cache(policy, test, compute)


def policy_operating_points(
    policy: Policy,
    validation: Sequence[Stream],
    test: Sequence[Stream],
    scorer: PolicyScorer,
    *,
    asked_rates: Sequence[float],
    seed: int,
    shared: SharedRuns | None = None,
) -> PolicyOperatingPoints:
    """The operating points of one policy.

    One for each of ``asked_rates`` (false positive rates) that validation can show; where two of them give
    one threshold, the first stands for both. A policy without a threshold to move has one point.
    """
    runs = shared or SharedRuns(scorer, seed)

    def point(name: str, at_threshold: Policy, rate: float, area: float) -> OperatingPoint:
        run = runs.run(at_threshold, test)
        return OperatingPoint(name, at_threshold, rate, area, conversation_costs(run, test))

    if not policy.tunable:
        return PolicyOperatingPoints(policy, (point(policy.name, policy, np.nan, np.nan),), ())
    scores = runs.decision_scores(policy, validation)
    is_pattern = [not stream.benign for stream in test]
    area = partial_auc(is_pattern, runs.decision_scores(policy, test), max_fpr=0.01)
    points: dict[float, OperatingPoint] = {}
    skipped = []
    for rate in asked_rates:
        try:
            threshold = chosen_threshold(validation, scores, max_fpr=rate)
        except TooFewUnits as error:
            skipped.append((rate, str(error)))
            continue
        if threshold not in points:
            at_threshold = replace(policy, threshold=threshold)
            points[threshold] = point(f"{policy.name}@{rate:g}", at_threshold, rate, area)
    return PolicyOperatingPoints(policy, tuple(points.values()), tuple(skipped))
