"""Costs of conversations, and the tables made of them: known values, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from privacy_toys import SCORER, chat, policy, town
from scipy.stats import beta

from classifier.privacy.message_streams import streams_from_conversations
from classifier.privacy.policies.policy import EVERY_MESSAGE
from classifier.privacy.policies.released_information import entropy_bits
from classifier.privacy.simulate.policy_simulation import run_policy
from classifier.privacy.tradeoff.conversation_costs import (
    SUMS,
    conversation_costs,
    messages_per_find,
    metric_values,
    summands,
)
from classifier.privacy.tradeoff.cost_metric_table import METRIC_BY_ID
from classifier.privacy.tradeoff.point_tables import (
    POINT_COSTS,
    base_rates_of,
    intervals_table,
    per_find_table,
    points_table,
)
from classifier.privacy.tradeoff.policy_detection import first_stages
from classifier.privacy.tradeoff.policy_operating_points import OperatingPoint
from classifier.privacy.tradeoff.questions.released_data import released_table
from classifier.privacy.tradeoff.resampled_metrics import ResampledMetrics
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


def costs_of(found, streams):
    """The costs of a policy on these conversations."""
    return conversation_costs(run_policy(found, streams, SCORER), streams)


def metrics_of(costs):
    """The metrics of the sums of costs."""
    return metric_values(summands(costs).sum(axis=0))


def resampled(costs, *, n_resamples=20):
    return ResampledMetrics({"toy": costs}, n_resamples=n_resamples, seed=0)


def point(found, costs):
    return OperatingPoint("toy", found, math.nan, math.nan, costs)


def points_row(found, streams):
    """The row of one policy in the table of points."""
    costs = costs_of(found, streams)
    metrics = resampled(costs)
    leaks = np.array([math.nan])
    [row] = points_table(
        [point(found, costs)], metrics, first_stages(streams), leaks, [""], latency_p=0.01
    ).to_dict("records")
    return row


def released_row(found, streams):
    """The row of one policy in the table of what is released and kept."""
    [row] = released_table(["toy"], [found], [costs_of(found, streams)], streams).to_dict("records")
    return row


def test_costs_of_four_conversations_are_those_counted_by_hand():
    costs = costs_of(SCAN, STREAMS).set_index("conversation")
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
    costs = costs_of(bits, STREAMS)
    assert costs["flagged"].tolist() == [True, True, False, True]
    assert released_row(bits, STREAMS)["bits_entropy"] == entropy_bits([1, 1, 0])
    assert costs["flagged_at"].fillna(0).tolist() == [2, 3, 0, 2]
    assert costs["flagged_hours"].fillna(-1).tolist() == [1, 2, -1, 1]


@pytest.mark.parametrize(
    ("metric", "value", "numerator", "denominator", "observer"),
    [
        ("machine_read_share", 5 / 7, 5, 7, "R"),
        ("machine_read_conversations", 1.0, 3, 3, "R"),
        ("human_read_benign_per_million", 2e6 / 3, 2, 3, "H"),
        ("human_read_share", 3 / 7, 3, 7, "H"),
        ("company_read_share", 5 / 7, 5, 7, "C"),
        ("device_read_share", 0.0, 0, 7, "D"),
        ("human_alerted_benign_per_million", 2e6 / 3, 2, 3, "H"),
        ("retained_message_hours", 50 / 3, 50, 3, "R"),
        ("pii_people_exposed_per_1000", 2000 / 3, 2, 3, "H"),
    ],
)
def test_shares_are_of_what_was_counted_and_known_to_whom_they_say(
    metric, value, numerator, denominator, observer
):
    costs = costs_of(SCAN, STREAMS)
    totals = dict(zip(SUMS, summands(costs).sum(axis=0).tolist(), strict=True))
    assert metrics_of(costs)[metric] == pytest.approx(value)
    assert [totals[sum_] for sum_ in METRIC_BY_ID[metric].sums] == [numerator, denominator]
    assert METRIC_BY_ID[metric].observer == observer


@pytest.mark.parametrize(
    ("settings", "reader"),
    [
        ({}, "-"),
        ({"where": "device"}, "M"),
        ({"where": "server"}, "S"),
        ({"where": "private_inference", "seconds_per_message": 1.0}, "E"),
    ],
)
def test_a_point_names_its_first_reader(settings, reader):
    assert points_row(policy(**settings), STREAMS)["read_by"] == reader


def test_each_figure_says_what_its_interval_is():
    costs = costs_of(SCAN, STREAMS)
    metrics = resampled(costs, n_resamples=50)
    assert metrics.n_clusters == 3
    table = intervals_table([point(SCAN, costs)], metrics, "95 % percentile interval").set_index("metric")
    # Among benign conversations, ann's two are one cluster, with 3 of 5 messages read; dee's has 2 of 2.
    assert table.loc["machine_read_share", ["low", "high", "interval"]].tolist() == [
        0.6,
        1.0,
        "95 % percentile interval",
    ]
    assert (
        table.loc["human_read_benign_per_million", "interval"]
        == "95 % exact interval of as many conversations as those that share dialogues are worth"
    )


def test_the_bound_of_people_read_counts_conversations_that_share_an_account_for_less():
    # Told of 2 of 3, both of them ann's. Differences from 2/3 are 1/3, 1/3 and -2/3; ann's two share a cluster:
    # an effect of (4/9 + 4/9) / (6/9), and 2 degrees of freedom.
    worth = (1.6448536 / 2.9199856) ** 2 / (4 / 3)
    assert points_row(SCAN, STREAMS)["human_read_benign_per_million_upper"] == pytest.approx(
        1e6 * beta.ppf(0.95, 2 * worth + 1, worth), rel=1e-6
    )


def test_a_noisy_count_points_at_no_conversation_and_has_its_epsilon_towards_those_who_count():
    counted = released_row(policy(where="device", release="aggregate", release_epsilon=1.0), STREAMS)
    assert (counted["bits_max"], counted["epsilon"], counted["aggregate_epsilon"]) == (0.0, 0.0, 1.0)
    alerted = released_row(policy(where="device", release="alert_bit"), STREAMS)
    assert (alerted["bits_max"], alerted["epsilon"]) == (1.0, math.inf)
    assert math.isnan(alerted["aggregate_epsilon"])


def test_the_bits_of_an_alert_beside_which_text_is_shown_are_those_of_the_score_alone():
    released = released_row(SCAN, STREAMS)
    assert released["bits_entropy"] == entropy_bits([1, 1, 0])
    assert released["bits_max"] == math.inf


def test_without_benign_conversations_their_costs_are_undefined():
    streams = streams_from_conversations([chat(id_, "s: secret", label=PATTERN) for id_ in "ab"])
    assert math.isnan(released_row(SCAN, streams)["peak_kept"])
    assert math.isnan(metrics_of(costs_of(SCAN, streams))["machine_read_share"])


def test_the_cost_of_a_detection_depends_on_the_stated_prevalence():
    costs = costs_of(SCAN, STREAMS)
    [read] = per_find_table(resampled(costs), prevalences=[0.01]).to_dict("records")
    [alarms] = base_rates_of(costs, [0.01]).to_dict("records")
    assert read["messages_per_find"] == pytest.approx((0.01 * 1 + 0.99 * 5 / 3) / (0.01 * 1))
    assert alarms["false_alarms_per_true_find"] == pytest.approx(99 * (2 / 3) / 1.0)
    assert (read["prevalence"], alarms["prevalence"]) == (0.01, 0.01)


def test_exposed_pieces_and_people_are_counted_in_benign_conversations():
    costs = costs_of(SCAN, STREAMS)
    totals = dict(zip(SUMS, summands(costs).sum(axis=0).tolist(), strict=True))
    assert totals["benign", "pii_items"] == 2
    assert totals["benign", "pii_people"] == 2  # bo wrote "Zola", ann wrote "Kit"


def test_the_peak_of_messages_kept_is_that_of_one_benign_conversation():
    # Each is read to its end or to the alert: two messages, one, two.
    assert released_row(SCAN, STREAMS)["peak_kept"] == 2


def test_an_account_exposed_twice_is_one_person():
    streams = streams_from_conversations(
        [chat(id_, "s: secret {name|Zola}", sender="ann", contact=id_ + "x") for id_ in "ab"]
    )
    costs = costs_of(SCAN, streams)
    assert costs["pii_people"].tolist() == [0.5, 0.5]
    assert costs["pii_items"].sum() == 2


def test_no_alarm_in_a_thousand_is_not_none_in_a_million():
    streams = streams_from_conversations([chat(f"r{number}", "s: pizza") for number in range(1000)])
    row = points_row(policy(where="device", release="alert_bit"), streams)
    assert row["human_read_benign_per_million_upper"] == 0.0  # 0 by construction
    assert row["human_alerted_benign_per_million"] == 0.0
    assert round(row["human_alerted_benign_per_million_upper"]) == 2991


def test_reading_without_finding_costs_infinitely_much_and_doing_neither_is_undefined():
    streams = town(40)
    reads, idle = (metrics_of(costs_of(found, streams)) for found in (policy(where="device"), policy()))
    assert messages_per_find(reads, prevalence=0.1) == math.inf
    assert np.isnan(messages_per_find(idle, prevalence=0.1))


def test_an_empty_class_gives_nan_and_no_error():
    streams = streams_from_conversations([chat("a", "s: pizza")])
    costs = costs_of(SCAN, streams)
    assert np.isnan(metrics_of(costs)["recall"])


def test_the_table_of_a_policy_that_masks_has_over_redaction():
    masking = policy(where="server", release="excerpt", levels=2, redactor="lexicon", threshold=0.15)
    streams = streams_from_conversations([chat("a", "s: secret Emma"), chat("b", "s: pizza")])
    row = released_row(masking, streams)
    # One of two words; at the bounds, 1 - p ** 2 and p ** 2 of the lower and of the upper one are .975.
    assert row["over_redaction"] == 0.5
    assert (1 - row["over_redaction_low"]) ** 2 == pytest.approx(0.975)
    assert row["over_redaction_high"] ** 2 == pytest.approx(0.975)


def test_the_tables_of_a_policy_that_does_nothing_are_all_zeros():
    streams = town(40)
    row, released = points_row(policy(), streams), released_row(policy(), streams)
    assert [row[metric] for metric in POINT_COSTS] == [0] * len(POINT_COSTS)
    assert (row["human_read_benign_per_million_upper"], row["false_positive_rate"]) == (0, 0)
    assert [released[name] for name in ("bits_max", "bits_entropy", "epsilon", "peak_kept")] == [0] * 4
