"""Values at a limit, empty rates, and sums, worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from privacy_toys import SCORER, chat, policy

from classifier.privacy.constraints.constraint import Constraint
from classifier.privacy.constraints.feasibility import feasible_points
from classifier.privacy.constraints.sample_size import conversations_needed
from classifier.privacy.message_streams import streams_from_conversations
from classifier.privacy.model_variants.person_cap import sampled_documents
from classifier.privacy.simulate.policy_simulation import run_policy
from classifier.privacy.tradeoff.conversation_costs import (
    SUMS,
    conversation_costs,
    messages_per_find,
    metric_values,
)
from classifier.privacy.tradeoff.frontier import compare_policies
from classifier.privacy.tradeoff.point_tables import base_rates_of, by_point
from classifier.privacy.tradeoff.policy_detection import (
    chosen_threshold,
    decision_scores,
    detection,
    first_stages,
    recall_before_stages,
)
from classifier.privacy.tradeoff.policy_operating_points import OperatingPoint
from classifier.taxonomy import PATTERN

WATCH = policy("watch", where="device", release="alert_bit", threshold=0.3)


def four(name):
    """Two patterns, the first found at its fourth message, and two benign conversations."""
    return streams_from_conversations(
        [
            chat(
                f"{name}1",
                "s: pizza at noon",
                "c: ok",
                "s: you are pretty",
                "s: it is our secret",
                label=PATTERN,
                minutes=60,
            ),
            chat(f"{name}2", "s: toast again", "c: you are pretty", label=PATTERN),
            chat(f"{name}3", "c: ok", "s: meet me at the pitch", "c: ok"),
            chat(f"{name}4", "s: rain all day", "c: see the score?"),
        ]
    )


CHATS = four("t")


def costs_of(reading_policy=WATCH, streams=CHATS):
    return conversation_costs(run_policy(reading_policy, streams, SCORER), streams)


def test_without_message_labels_premature_alerts_are_undefined():
    unlabelled = first_stages(CHATS).assign(any=math.nan)
    found = detection(costs_of(), unlabelled, p=0.01)
    assert math.isnan(found["premature"])
    assert (found["premature_hits"], detection(costs_of(), first_stages(CHATS), p=0.01)["premature"]) == (
        0,
        0.0,
    )


@pytest.mark.parametrize("comparison", ["<=", ">="])
def test_a_value_at_the_limit_is_within_it_and_nan_is_not(comparison):
    limit = Constraint("recall", comparison, 0.5)
    assert limit.kept_by(0.5)
    assert not limit.kept_by(math.nan)
    assert [limit.kept_by(value) for value in (0.4, 0.6)] == (
        [True, False] if comparison == "<=" else [False, True]
    )


def test_a_lower_limit_on_recall_is_tested_by_the_misses():
    frontier = compare_policies(
        [WATCH],
        four("v"),
        CHATS,
        {"private/plain": SCORER},
        asked_rates=(),
        prevalences=(0.01,),
        n_resamples=20,
        seed=0,
    )
    found = feasible_points(frontier, ["recall>=0.9"]).set_index("point")
    columns = ["value", "n", "verdict", "needed_error_free", "needed_at_this_rate"]
    # Four points are looked at: at 1 - .05 / 4, .9 ** 42 is below .0125, and .9 ** 41 is not.
    assert found["n_looked_at"].tolist() == [4] * 4
    needed = 42
    assert found.loc["flag_all", columns].tolist() == [1.0, 2, "not shown", needed, needed]
    assert found.loc["read_nothing", columns].tolist() == [0.0, 2, "violated", needed, math.inf]


def test_the_smallest_number_that_shows_a_rate_is_given_exactly():
    # One-sided 95 %, no event: 1 - .05 ** (1 / n) <= .1 from n = 29 on.
    assert 0.05 ** (1 / 28) < 0.9 <= 0.05 ** (1 / 29)
    assert conversations_needed(0.0, at_most=0.1) == 29
    assert conversations_needed(0.1, at_most=0.1) == math.inf


def test_first_stages_are_the_initiators_own_first_messages():
    first = first_stages(CHATS)
    assert first.loc[0, ["flattery", "secrecy", "any"]].tolist() == [3, 4, 3]
    assert first.loc[0, ["isolation", "info_request", "meeting"]].isna().all()
    assert first.loc[1].isna().all()  # the compliment came from the one who was written to
    assert first.loc[2, "meeting"] == 2
    assert first.loc[3].isna().all()


def test_costs_and_detection_by_hand():
    costs = costs_of()
    assert costs["flagged"].tolist() == [True, False, False, False]
    found = detection(costs, first_stages(CHATS), p=0.01)
    assert (found["n_pattern"], found["found"], found["recall"], found["undetected_share"]) == (
        2,
        1,
        0.5,
        0.5,
    )
    assert (found["n_benign"], found["false_alarms"], found["false_positive_rate"]) == (2, 0, 0.0)
    assert (found["median_messages_to_alert"], found["median_hours_to_alert"], found["premature_hits"]) == (
        4,
        3,
        0,
    )
    assert recall_before_stages(costs, first_stages(CHATS)).set_index("stage").loc[
        ["flattery", "secrecy"], ["hits", "n"]
    ].to_numpy().tolist() == [[0, 1], [0, 1]]


def test_in_a_million_conversations_by_hand():
    # Of a million, 10,000 are patterns, half of which are found; no benign conversation is flagged.
    table = base_rates_of(costs_of(), [0.01])
    assert table[["volume", "true_finds", "false_alarms"]].to_numpy().tolist() == [[1_000_000, 5_000, 0]]


def test_the_tables_of_points_are_concatenated_with_one_index():
    points = [OperatingPoint(name, WATCH, math.nan, math.nan, costs_of()) for name in ("a", "b")]
    table = by_point(points, lambda costs: costs[["conversation", "n_read"]].head(2))
    assert table.to_dict("list") == {
        "point": ["a", "a", "b", "b"],
        "conversation": ["t1", "t2"] * 2,
        "n_read": [4, 2, 4, 2],
    }
    assert table.index.tolist() == [0, 1, 2, 3]


def test_messages_read_for_each_pattern_found_by_hand():
    totals = np.zeros(len(SUMS))
    for sum_, value in {
        ("benign", "conversations"): 10,
        ("pattern", "conversations"): 4,
        ("pattern", "flagged"): 2,
        ("benign", "n_read"): 50,
        ("pattern", "n_read"): 80,
    }.items():
        totals[SUMS.index(sum_)] = value
    values = metric_values(totals)
    # 20 messages are read of a pattern and 5 of a benign conversation; half of the patterns are found:
    # (.1 * 20 + .9 * 5) / (.1 * .5).
    assert float(messages_per_find(values, prevalence=0.1)) == pytest.approx(130.0)
    for wrong in (0, 1):
        with pytest.raises(ValueError, match="prevalence must be stated, between 0 and 1"):
            messages_per_find(values, prevalence=wrong)


def test_an_alert_rests_on_the_highest_score_and_after_a_report_on_the_last():
    # With a window of one message each is scored by itself.
    keeps = {"release": "alert_bit", "window": 1, "retain_messages": 1, "retain_hours": 9.0}
    secret, rain, both = (
        streams_from_conversations([chat("noon", *lines, label=PATTERN)])
        for lines in (["s: our secret"], ["s: rain all day"], ["s: our secret", "s: rain all day"])
    )
    watched, reported = policy(where="device", **keeps), policy(where="user_report", report_rate=1.0, **keeps)
    highest, last = (decision_scores(watched, alone, SCORER, seed=0)[0] for alone in (secret, rain))
    assert highest > last
    assert [decision_scores(found, both, SCORER, seed=0)[0] for found in (watched, reported)] == [
        highest,
        last,
    ]


def test_a_threshold_is_never_below_the_lowest_score_there_is():
    scores = np.array([-np.inf, 0.3, -np.inf, 0.2])
    streams = [replace(stream, clusters=(str(number),)) for number, stream in enumerate(CHATS * 200)]
    many = np.tile(scores, 200)
    assert chosen_threshold(streams, many, max_fpr=0.9) == 0.2
    assert chosen_threshold(streams, np.full(800, -np.inf), max_fpr=0.9) > -np.inf


def test_documents_are_sampled_only_when_there_are_more_than_asked_for():
    documents = pd.DataFrame({"sender": ["ann", "ann", "bo", "cy"], "text": ["one", "two", "three", "four"]})
    assert sampled_documents(documents, cap=2, n_rows=4, seed=0)["text"].tolist() == [
        "one",
        "two",
        "three",
        "four",
    ]
    assert len(sampled_documents(documents, cap=2, n_rows=3, seed=0)) == 3
    assert sorted(sampled_documents(documents, cap=1, n_rows=4, seed=0)["sender"]) == ["ann", "bo", "cy"]
