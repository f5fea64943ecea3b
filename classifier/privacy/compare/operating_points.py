"""Operating points: policies at thresholds, with their costs.

Thresholds are chosen on validation, costs counted on test conversations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from classifier.evaluation.curves import partial_auc
from classifier.evaluation.thresholds import TooFewUnits
from classifier.privacy.compare.costs import conversation_costs
from classifier.privacy.compare.detection import chosen_threshold, decision_scores
from classifier.privacy.policies.policy import Policy
from classifier.privacy.simulate.run import run_policy
from classifier.privacy.simulate.scorer import CachedScorer, NoisyOr, PolicyScorer
from classifier.privacy.stream import Stream


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
        Of each test conversation; columns ``costs.COST_COLUMNS``.
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


PointsCache = Callable[[Policy, Sequence[Stream], Callable[[], PolicyOperatingPoints]], PolicyOperatingPoints]
"""Called with a policy, the test streams and a function that computes the policy's points.

It returns the points, computed now or found from before (``finished.FinishedPolicies.operating_points``)."""


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

    All policies share ``scorer``, and scores computed for one are used again for the next; otherwise as
    ``policy_operating_points``.
    """
    if not isinstance(scorer.conversation, NoisyOr):  # which takes no longer than a look-up
        scorer = replace(scorer, conversation=CachedScorer(scorer.running()))
    for policy in policies:

        def compute(policy: Policy = policy) -> PolicyOperatingPoints:
            return policy_operating_points(
                policy, validation, test, scorer, asked_rates=asked_rates, seed=seed
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
) -> PolicyOperatingPoints:
    """The operating points of one policy.

    One for each of ``asked_rates`` (false positive rates) that validation can show; where two of them give
    one threshold, the first stands for both. A policy without a threshold to move has one point.
    """

    def point(name: str, at_threshold: Policy, rate: float, area: float) -> OperatingPoint:
        run = run_policy(at_threshold, test, scorer, seed=seed)
        return OperatingPoint(name, at_threshold, rate, area, conversation_costs(run, test))

    if not policy.tunable:
        return PolicyOperatingPoints(policy, (point(policy.name, policy, np.nan, np.nan),), ())
    scores = decision_scores(policy, validation, scorer, seed=seed)
    is_pattern = [not stream.benign for stream in test]
    area = partial_auc(is_pattern, decision_scores(policy, test, scorer, seed=seed), max_fpr=0.01)
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
