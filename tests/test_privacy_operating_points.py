"""Operating points: one per threshold, and a reason for each rate without one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from privacy_toys import SCORER, chat, policy, town, word_probabilities

from classifier.privacy.message_streams import streams_from_conversations
from classifier.privacy.policies.policy import shipped_policies
from classifier.privacy.simulate.policy_scorer import NOISY_OR, PolicyScorer
from classifier.privacy.simulate.policy_simulation import run_policy
from classifier.privacy.tradeoff.policy_detection import decision_scores
from classifier.privacy.tradeoff.policy_operating_points import (
    SharedRuns,
    operating_points_of_policies,
    policy_operating_points,
)
from classifier.taxonomy import PATTERN

WATCH = policy("watch", where="device", release="alert_bit")
LATER = policy("later", where="device", release="alert_bit", retain_messages=1, retain_hours=1.0)


def talk(split, *, benign="s: pizza", pattern="s: our secret"):
    """Thirty conversations about pizza, and ten that are not."""
    return streams_from_conversations(
        [
            chat(
                f"{split}{number}",
                *([pattern] if number < 10 else [benign]),
                label=PATTERN if number < 10 else "benign",
            )
            for number in range(40)
        ]
    )


VALIDATION, TEST = talk("v"), talk("t")


def test_each_rate_that_gives_a_threshold_of_its_own_is_a_point():
    # One of 40 benign conversations stands above the others. Flagging none shows 1 - .05 ** (1/40) = 7.2 %,
    # flagging that one 11.3 %.
    validation = streams_from_conversations(
        [chat(f"v{number}", "s: pizza" if number else "s: where") for number in range(40)]
    )
    found = policy_operating_points(WATCH, validation, TEST, SCORER, asked_rates=(0.1, 0.15), seed=0)
    assert [(point.name, point.asked_rate) for point in found.points] == [
        ("watch@0.1", 0.1),
        ("watch@0.15", 0.15),
    ]
    first, second = (point.policy.threshold for point in found.points)
    assert second == SCORER.conversation(word_probabilities(["where"]), ["a"]) < first


def test_where_two_rates_give_one_threshold_the_first_stands_for_both():
    found = policy_operating_points(WATCH, VALIDATION, TEST, SCORER, asked_rates=(0.2, 0.1), seed=0)
    assert [(point.name, point.asked_rate) for point in found.points] == [("watch@0.2", 0.2)]
    assert found.skipped == ()


def test_a_rate_that_validation_cannot_show_is_skipped_with_the_reason():
    found = policy_operating_points(WATCH, VALIDATION, TEST, SCORER, asked_rates=(0.01, 0.1), seed=0)
    assert [point.name for point in found.points] == ["watch@0.1"]
    [(rate, reason)] = found.skipped
    assert rate == 0.01
    assert "takes at least 299 benign units without a false alarm" in reason
    assert "got 30 benign units" in reason


def test_costs_are_of_the_test_conversations_at_the_threshold_chosen():
    [point] = policy_operating_points(WATCH, VALIDATION, TEST, SCORER, asked_rates=(0.1,), seed=0).points
    assert point.costs["conversation"].tolist() == [f"t{number}" for number in range(40)]
    assert point.costs["flagged"].tolist() == [True] * 10 + [False] * 30
    assert point.policy.name == "watch"


@pytest.mark.parametrize(
    ("test", "area"),
    [
        (TEST, 1.0),
        (talk("t", benign="s: our secret", pattern="s: pizza"), 0.0),
        (talk("t", benign="s: our secret"), 0.005),
    ],
)
def test_the_area_is_that_up_to_a_false_positive_rate_of_one_percent(test, area):
    # All patterns above all benign conversations, all below, and all alike: the curve is then the diagonal,
    # and its mean up to .01 is .005.
    [point] = policy_operating_points(WATCH, VALIDATION, test, SCORER, asked_rates=(0.1,), seed=0).points
    assert point.partial_auc == pytest.approx(area)


def test_a_policy_without_a_threshold_to_move_is_one_point():
    everything = policy("everything", where="server", evidence="nothing", release="alert_bit")
    found = policy_operating_points(everything, VALIDATION, TEST, SCORER, asked_rates=(0.1, 0.2), seed=0)
    [point] = found.points
    assert (point.name, point.policy, found.skipped) == ("everything", everything, ())
    assert np.isnan([point.asked_rate, point.partial_auc]).all()
    assert point.costs["flagged"].all()


def test_policies_run_together_or_alone_have_the_same_points():
    scorer = PolicyScorer(word_probabilities, lambda rows, authors: float(rows.max()))
    validation, test = town(60, seed=2, split="v"), town(24, seed=3, split="t")
    together = list(
        operating_points_of_policies([WATCH, LATER], validation, test, scorer, asked_rates=(0.2,), seed=0)
    )
    for found, asked in zip(together, (WATCH, LATER), strict=True):
        alone = policy_operating_points(asked, validation, test, scorer, asked_rates=(0.2,), seed=0)
        assert found.points[0].policy == alone.points[0].policy
        assert found.points[0].costs.equals(alone.points[0].costs)


def test_a_score_that_one_policy_needed_is_not_computed_again_for_the_next():
    asked = []

    def largest(rows, authors):
        asked.append((rows.tobytes(), tuple(authors)))
        return float(rows.max())

    list(
        operating_points_of_policies(
            [WATCH, LATER],
            VALIDATION,
            TEST,
            PolicyScorer(word_probabilities, largest),
            asked_rates=(0.1,),
            seed=0,
        )
    )
    assert len(asked) == len(set(asked)) == 80


def test_a_cached_policy_is_not_run():
    asked = []

    def cache(policy, test, work):
        asked.append((policy.name, len(test)))
        return work() if policy is WATCH else None

    first, second = operating_points_of_policies(
        [WATCH, LATER],
        VALIDATION,
        TEST,
        PolicyScorer(word_probabilities, NOISY_OR),
        asked_rates=(0.1,),
        seed=0,
        cache=cache,
    )
    assert asked == [("watch", 40), ("later", 40)]
    assert first.policy == WATCH
    assert second is None


def test_runs_that_are_shared_are_those_of_each_policy_alone():
    streams = town(40)
    scorer = replace(SCORER, conversation=lambda rows, authors: float(rows.max()))
    shared = SharedRuns(scorer, 3)
    for found in shipped_policies():
        found = replace(found, threshold=0.5) if found.evidence == "text" else found
        alone, run = run_policy(found, streams, scorer, seed=3), shared.run(found, streams)
        assert run.policy == found
        pd.testing.assert_frame_equal(run.events, alone.events)
        np.testing.assert_array_equal(
            shared.decision_scores(found, streams), decision_scores(found, streams, scorer, seed=3)
        )
