"""Exposure metrics: known values, by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from privacy_toys import SCORER, chat, policy, town
from scipy.stats import beta

from classifier.privacy.message_streams import streams_from_conversations
from classifier.privacy.policies.policy import EVERY_MESSAGE
from classifier.privacy.policies.release_mechanisms import flip_probability
from classifier.privacy.policies.released_information import (
    distinct_outputs,
    entropy_bits,
    ldp_epsilon,
    released_bits_max,
)
from classifier.privacy.simulate.exposure import exposure_table
from classifier.privacy.simulate.policy_simulation import run_policy
from classifier.privacy.tradeoff.conversation_costs import (
    conversation_costs,
    messages_per_find,
    metric_values,
    summands,
)
from classifier.taxonomy import PATTERN

SCAN = policy(
    where="server",
    release="full_transcript",
    retain_messages=EVERY_MESSAGE,
    retain_hours=10.0,
    threshold=0.15,
)
STREAMS = streams_from_conversations(
    [
        chat("a", "s: pizza", "c: {name|Zola} has a secret", sender="ann", contact="bo", minutes=60),
        chat("b", "s: {name|Kit} and a secret", "c: ok", "c: ok", sender="ann", contact="cy", minutes=60),
        chat("c", "s: pizza", "c: ok", sender="dee", contact="ed", minutes=60),
        chat("d", "s: secret {name|Moss}", "c: ok", sender="fay", contact="gil", label=PATTERN, minutes=60),
    ]
)


@pytest.fixture(scope="module")
def table():
    found = exposure_table(run_policy(SCAN, STREAMS, SCORER), STREAMS, prevalences=[0.01], n_resamples=50)
    return found.set_index("metric")


def metrics_of(costs):
    """The metrics of the sums of costs."""
    return metric_values(summands(costs).sum(axis=0))


def test_costs_of_four_conversations_are_those_counted_by_hand():
    costs = conversation_costs(run_policy(SCAN, STREAMS, SCORER), STREAMS).set_index("conversation")
    assert costs["n_read"].tolist() == [2, 1, 2, 1]
    assert costs["n_shown"].tolist() == [2, 1, 0, 1]
    assert costs["flagged_at"].fillna(0).tolist() == [2, 1, 0, 1]
    assert costs["flagged_hours"].fillna(-1).tolist() == [1, 0, -1, 0]
    assert costs["message_hours"].tolist() == [20, 10, 20, 10]
    assert costs["pii_items"].tolist() == [1, 1, 0, 1]
    assert metrics_of(costs)["pii_items_exposed_per_1000"] == pytest.approx(2000 / 3)


def test_a_released_bit_of_0_points_at_no_conversation():
    # At epsilon 20 a bit is flipped once in 500 million; it comes when the last message has been written.
    bits = policy(where="device", release="randomised_bit", release_epsilon=20.0, threshold=0.15)
    run = run_policy(bits, STREAMS, SCORER)
    costs = conversation_costs(run, STREAMS)
    assert costs["flagged"].tolist() == [True, True, False, True]
    exposure = exposure_table(run, STREAMS, prevalences=[], n_resamples=5).set_index("metric")
    assert exposure.loc["released_bits_entropy", "value"] == entropy_bits([1, 1, 0])
    assert costs["flagged_at"].fillna(0).tolist() == [2, 3, 0, 2]
    assert costs["flagged_hours"].fillna(-1).tolist() == [1, 2, -1, 1]


@pytest.mark.parametrize(
    ("metric", "value", "numerator", "denominator", "observer"),
    [
        ("machine_read_share", 5 / 7, 5, 7, "S"),
        ("machine_read_conversations", 1.0, 3, 3, "S"),
        ("human_read_benign_per_million", 2e6 / 3, 2, 3, "H"),
        ("human_read_share", 3 / 7, 3, 7, "H"),
        ("company_read_share", 5 / 7, 5, 7, "C"),
        ("device_read_share", 0.0, 0, 7, "D"),
        ("human_alerted_benign_per_million", 2e6 / 3, 2, 3, "H"),
        ("retained_message_hours", 50 / 3, 50, 3, "S"),
        ("pii_people_exposed_per_1000", 2000 / 3, 2, 3, "H"),
    ],
)
def test_shares_stand_beside_what_they_are_shares_of(table, metric, value, numerator, denominator, observer):
    row = table.loc[metric]
    assert row["value"] == pytest.approx(value)
    assert (row["numerator"], row["denominator"], row["observer"]) == (numerator, denominator, observer)


def test_each_figure_says_what_its_interval_is(table):
    # Among benign conversations, ann's two are one cluster, with 3 of 5 messages read; dee's has 2 of 2.
    assert table.loc["machine_read_share", ["low", "high", "interval"]].tolist() == [
        0.6,
        1.0,
        "95 % cluster bootstrap over 3 clusters, B = 50",
    ]
    # Told of 2 of 3, both of them ann's. Differences from 2/3 are 1/3, 1/3 and -2/3; ann's two share a cluster:
    # an effect of (4/9 + 4/9) / (6/9), and 2 degrees of freedom.
    worth = (1.6448536 / 2.9199856) ** 2 / (4 / 3)
    assert table.loc["human_read_benign_per_million", ["low", "high"]].tolist() == pytest.approx(
        [0, 1e6 * beta.ppf(0.95, 2 * worth + 1, worth)], rel=1e-6
    )
    assert table.loc[["peak_retained_messages", "ldp_epsilon"], "interval"].tolist() == ["none", "none"]
    assert (
        table.loc["peak_retained_messages", ["low", "high", "numerator", "denominator", "prevalence"]]
        .isna()
        .all()
    )


@pytest.mark.parametrize(
    ("settings", "observer"),
    [({"release": "alert_bit"}, "H"), ({"release": "aggregate", "release_epsilon": 1.0}, "A")],
    ids=str,
)
def test_the_observer_of_a_release_is_the_reviewer_or_the_reader_of_aggregates(settings, observer):
    found = exposure_table(
        run_policy(policy(where="device", **settings), STREAMS, SCORER),
        STREAMS,
        prevalences=[],
        n_resamples=5,
    ).set_index("metric")
    assert set(found.loc[["released_bits_max", "released_bits_entropy", "ldp_epsilon"], "observer"]) == {
        observer
    }
    assert set(found.loc[["machine_read_share", "peak_retained_messages"], "observer"]) == {"M"}


def test_the_bits_of_an_alert_beside_which_text_is_shown_are_those_of_the_score_alone(table):
    assert table.loc["released_bits_entropy", "unit"].endswith("; of the score alone, not the text")
    silent = exposure_table(
        run_policy(policy(where="device", release="alert_bit"), STREAMS, SCORER),
        STREAMS,
        prevalences=[],
        n_resamples=5,
    ).set_index("metric")
    assert silent.loc["released_bits_entropy", "unit"] == "bits per benign conversation, Miller-Madow"


def test_intervals_use_a_thousand_resamples_and_seed_0_by_default():
    streams = town(60)
    run = run_policy(policy(where="device", release="alert_bit", threshold=0.2), streams, SCORER)
    default, explicit = (
        exposure_table(run, streams, prevalences=[], **options)
        for options in ({}, {"n_resamples": 1000, "seed": 0})
    )
    pd.testing.assert_frame_equal(default, explicit, check_exact=True)


def test_without_benign_conversations_their_costs_are_undefined():
    streams = streams_from_conversations([chat(id_, "s: secret", label=PATTERN) for id_ in "ab"])
    found = exposure_table(
        run_policy(SCAN, streams, SCORER), streams, prevalences=[], n_resamples=5
    ).set_index("metric")
    assert math.isnan(found.loc["peak_retained_messages", "value"])
    assert math.isnan(found.loc["machine_read_share", "value"])


def test_the_cost_of_a_detection_depends_on_the_stated_prevalence(table):
    assert table.loc["messages_per_true_detection", "value"] == pytest.approx(
        (0.01 * 1 + 0.99 * 5 / 3) / (0.01 * 1)
    )
    assert table.loc["benign_alerts_per_true_detection", "value"] == pytest.approx(99 * (2 / 3) / 1.0)
    assert (
        table.loc[["messages_per_true_detection", "benign_alerts_per_true_detection"], "prevalence"] == 0.01
    ).all()


def test_exposed_pieces_and_people_are_counted_in_benign_conversations(table):
    assert table.loc["pii_items_exposed", "value"] == 2
    assert table.loc["pii_people_exposed", "value"] == 2  # bo wrote "Zola", ann wrote "Kit"
    assert table.loc["peak_retained_messages", "value"] == 2


def test_an_account_exposed_twice_is_one_person():
    streams = streams_from_conversations(
        [chat(id_, "s: secret {name|Zola}", sender="ann", contact=id_ + "x") for id_ in "ab"]
    )
    costs = conversation_costs(run_policy(SCAN, streams, SCORER), streams)
    assert costs["pii_people"].tolist() == [0.5, 0.5]
    assert costs["pii_items"].sum() == 2


def test_no_alarm_in_a_thousand_is_not_none_in_a_million():
    streams = streams_from_conversations([chat(f"r{number}", "s: pizza") for number in range(1000)])
    found = exposure_table(
        run_policy(policy(where="device", release="alert_bit"), streams, SCORER),
        streams,
        prevalences=[],
        n_resamples=20,
    ).set_index("metric")
    assert found.loc["human_read_benign_per_million", ["high", "interval"]].tolist() == [
        0.0,
        "none: 0 by construction",
    ]
    row = found.loc["human_alerted_benign_per_million"]
    assert (row["value"], round(row["high"]), row["interval"]) == (
        0.0,
        2991,
        "one-sided 95 % exact, of as many conversations as those that share dialogues are worth",
    )


def test_reading_without_finding_costs_infinitely_much_and_doing_neither_is_undefined():
    streams = town(40)
    reads, idle = (
        metrics_of(conversation_costs(run_policy(found, streams, SCORER), streams))
        for found in (policy(where="device"), policy())
    )
    assert messages_per_find(reads, prevalence=0.1) == math.inf
    assert np.isnan(messages_per_find(idle, prevalence=0.1))


def test_an_empty_class_gives_nan_and_no_error():
    streams = streams_from_conversations([chat("a", "s: pizza")])
    costs = conversation_costs(run_policy(SCAN, streams, SCORER), streams)
    assert np.isnan(metrics_of(costs)["recall"])


def test_the_table_of_a_policy_that_masks_has_over_redaction():
    masking = policy(where="server", release="excerpt", levels=2, redactor="lexicon", threshold=0.15)
    streams = streams_from_conversations([chat("a", "s: secret Emma"), chat("b", "s: pizza")])
    row = (
        exposure_table(run_policy(masking, streams, SCORER), streams, prevalences=[], n_resamples=20)
        .set_index("metric")
        .loc["over_redaction"]
    )
    assert (row["value"], row["numerator"], row["denominator"]) == (0.5, 1, 2)


@pytest.mark.parametrize(
    ("settings", "outputs", "epsilon"),
    [
        ({}, 1, 0.0),
        ({"where": "device", "release": "alert_bit"}, 2, math.inf),
        ({"where": "device", "release": "quantised_score", "levels": 7}, 8, math.inf),
        ({"where": "device", "release": "randomised_bit", "release_epsilon": 2.0}, 2, 2.0),
        ({"where": "device", "release": "aggregate", "release_epsilon": 2.0}, 1, 0.0),
        ({"where": "server", "release": "excerpt", "levels": 4}, math.inf, math.inf),
    ],
)
def test_what_a_release_can_say_at_most(settings, outputs, epsilon):
    assert distinct_outputs(policy(**settings)) == outputs
    assert released_bits_max(policy(**settings)) == math.log2(outputs)
    assert ldp_epsilon(policy(**settings)) == epsilon


def test_a_flipped_bit_keeps_its_epsilon():
    # The two answers to one question differ in probability by a factor of e^epsilon.
    flip = flip_probability(1.7)
    assert math.log((1 - flip) / flip) == pytest.approx(1.7)


def test_entropy_of_rare_alerts_is_that_of_a_coin_as_rare():
    assert entropy_bits([1] + [0] * 999, corrected=False) == pytest.approx(0.0114, abs=5e-5)
    assert entropy_bits([0, 1, 2, 3], corrected=False) == 2.0
    assert entropy_bits([0, 1], corrected=True) == pytest.approx(1 + 1 / (4 * math.log(2)))
    assert entropy_bits([5, 5, 5]) == 0.0
    assert math.isnan(entropy_bits([]))


def test_the_table_of_a_policy_that_does_nothing_is_all_zeros():
    streams = town(40)
    found = exposure_table(run_policy(policy(), streams, SCORER), streams, prevalences=[0.01], n_resamples=20)
    spent = found[~found["metric"].isin(["messages_per_true_detection", "benign_alerts_per_true_detection"])]
    assert (spent["value"] == 0).all()
    assert found.loc[found["metric"] == "human_read_benign_per_million", "high"].item() == 0


def test_the_same_run_gives_the_same_table_and_another_seed_other_intervals():
    streams = town(60)
    run = run_policy(policy(where="device", release="alert_bit", threshold=0.2), streams, SCORER)
    first, second, other = (
        exposure_table(run, streams, prevalences=[0.01], n_resamples=30, seed=seed) for seed in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    assert not first["low"].equals(other["low"])
