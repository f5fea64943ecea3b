"""How does a policy do, at each of its thresholds? Thresholds chosen on validation, costs and finds measured on test."""

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
from classifier.privacy.simulate.scorer import NoisyOr, Remembered, Scorer
from classifier.privacy.stream import Stream


@dataclass(frozen=True)
class Point:
    """A policy at a threshold: ``costs`` of each test conversation (``costs.COSTS``), ``asked_rate`` for which the threshold was chosen and ``partial_auc`` up to a
    false positive rate of 1 %; both nan where no threshold moves the alerts."""

    name: str
    policy: Policy
    asked_rate: float
    partial_auc: float
    costs: pd.DataFrame


@dataclass(frozen=True)
class Measured:
    """All points of a policy, and the rates for which no threshold could be chosen, each with the reason."""

    policy: Policy
    points: tuple[Point, ...]
    skipped: tuple[tuple[float, str], ...]


Keep = Callable[[Policy, Sequence[Stream], Callable[[], Measured]], Measured]
"""Given a policy, the test streams and the work of measuring it: what comes of the work, done now or kept from before (``parts.Parts``)."""


def unkept(policy: Policy, test: Sequence[Stream], work: Callable[[], Measured]) -> Measured:
    """The work, done now."""
    return work()


def measure_all(
    policies: Sequence[Policy],
    validation: Sequence[Stream],
    test: Sequence[Stream],
    scorer: Scorer,
    *,
    asked_rates: Sequence[float],
    seed: int,
    keep: Keep = unkept,
) -> Iterator[Measured]:
    """Each of the policies, which share ``scorer``: what one has made it compute is not computed again for the next."""
    if not isinstance(scorer.conversation, NoisyOr):  # which takes no longer than a look-up
        scorer = replace(scorer, conversation=Remembered(scorer.running()))
    for policy in policies:
        yield keep(
            policy,
            test,
            lambda policy=policy: measure(
                policy, validation, test, scorer, asked_rates=asked_rates, seed=seed
            ),
        )  # type: ignore[misc]


def measure(
    policy: Policy,
    validation: Sequence[Stream],
    test: Sequence[Stream],
    scorer: Scorer,
    *,
    asked_rates: Sequence[float],
    seed: int,
) -> Measured:
    """A point for each of ``asked_rates`` (false positive rates) that validation can show; where two give one threshold, the first stands for both.

    A policy without a threshold to move is one point.
    """

    def point(name: str, at: Policy, rate: float, area: float) -> Point:
        return Point(name, at, rate, area, conversation_costs(run_policy(at, test, scorer, seed=seed), test))

    if not policy.tunable:
        return Measured(policy, (point(policy.name, policy, np.nan, np.nan),), ())
    scores = decision_scores(policy, validation, scorer, seed=seed)
    area = partial_auc(
        [not stream.benign for stream in test],
        decision_scores(policy, test, scorer, seed=seed),
        max_fpr=0.01,
    )
    points: dict[float, Point] = {}
    skipped = []
    for rate in asked_rates:
        try:
            threshold = chosen_threshold(validation, scores, max_fpr=rate)
        except TooFewUnits as error:
            skipped.append((rate, str(error)))
            continue
        if threshold not in points:
            points[threshold] = point(
                f"{policy.name}@{rate:g}", replace(policy, threshold=threshold), rate, area
            )
    return Measured(policy, tuple(points.values()), tuple(skipped))
