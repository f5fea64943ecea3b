"""Break-even of reports and metadata: shares worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest
from privacy_toys import policy

from classifier.privacy.tradeoff.policy_operating_points import OperatingPoint
from classifier.privacy.tradeoff.questions.assumption_sweeps import break_even_table, gate, sweep_table
from classifier.privacy.tradeoff.questions.threshold_prices import threshold_prices


def point(name, *, found=0, alarms=0, passed=(10, 100), **settings):
    """A point over 10 patterns and 100 benign conversations, in 11 clusters of ten.

    Of the ``passed`` patterns and benign conversations 5 and 4 messages were read.
    """
    n_read = [
        (5 if number < passed[0] else 0) if number < 10 else (4 if number - 10 < passed[1] else 0)
        for number in range(110)
    ]
    costs = pd.DataFrame(
        {
            "clusters": [(str(number % 11),) for number in range(110)],
            "benign": [number >= 10 for number in range(110)],
            "flagged": [number < found or 10 <= number < 10 + alarms for number in range(110)],
            "is_told": [number < found or 10 <= number < 10 + alarms for number in range(110)],
            "n_read": n_read,
            "is_read": [messages > 0 for messages in n_read],
        }
    )
    return OperatingPoint(name, policy(name, **settings), math.nan, math.nan, costs)


READING = point("reading", found=6, alarms=2, where="device", release="alert_bit")
REPORTS = point(
    "reports",
    found=2,
    alarms=1,
    passed=(2, 1),
    where="user_report",
    evidence="nothing",
    release="full_transcript",
    report_rate=0.2,
    false_report_rate=0.01,
)
SCORED_REPORTS = point(
    "scored",
    found=4,
    alarms=1,
    passed=(5, 4),
    where="user_report",
    release="full_transcript",
    report_rate=0.5,
    false_report_rate=0.04,
)
METADATA = point(
    "trigger",
    found=6,
    alarms=1,
    passed=(8, 50),
    where="device",
    trigger=("messages >= 5",),
    release="alert_bit",
)


def only(table):
    [row] = table.to_dict("records")
    return row


def test_reporting_alone_has_to_reach_the_recall_it_is_measured_against():
    row = only(break_even_table([READING, REPORTS], allowed_losses=[0.0], n_resamples=50))
    assert (row["gated"], row["reading"], row["gate"]) == ("reports", "reading", "report")
    assert (row["recall"], row["needed"], row["assumed"]) == (0.6, 0.6, 0.2)
    assert row["benign_allowed"] == pytest.approx(0.02)
    assert row["needed_low"] < 0.6 < row["needed_high"]
    assert not row["holds"]


def test_a_lower_recall_may_be_allowed():
    row = only(break_even_table([READING, REPORTS], allowed_losses=[0.25], n_resamples=50))
    assert row["needed"] == pytest.approx(0.35)


def test_what_is_scored_after_a_report_needs_more_reports_and_may_have_more_false_ones():
    row = only(break_even_table([READING, SCORED_REPORTS], allowed_losses=[0.0], n_resamples=50))
    # 4 of 5 reported patterns are found, 1 of 4 reported benign conversations is flagged.
    assert row["needed"] == pytest.approx(0.6 / 0.8)
    assert row["benign_allowed"] == pytest.approx(0.02 / 0.25)


def test_the_shares_of_metadata_are_those_of_the_corpus():
    row = only(break_even_table([READING, METADATA], allowed_losses=[0.0], n_resamples=50))
    assert (row["gate"], row["assumed"], row["assumed_benign"]) == ("metadata", 0.8, 0.5)
    assert row["needed"] == pytest.approx(0.6 / (6 / 8))
    # Human reads allow 0.02 / (1/50) = 1; messages read allow 4 / 4 = 1.
    assert row["benign_allowed"] == 1


def test_a_gate_that_tells_only_the_user_tells_no_person_of_anybody():
    held_back = point(
        "contact",
        found=5,
        alarms=40,
        passed=(0, 0),
        where="first_contact",
        evidence="metadata",
        trigger=("known_from == online",),
        threshold=1.0,
        accept_rate=0.5,
        release="alert_bit",
        recipient="user",
    )
    row = only(break_even_table([READING, held_back], allowed_losses=[0.0], n_resamples=50))
    assert (row["gate"], row["needed"], row["assumed"], row["assumed_benign"]) == ("contact", 0.6, 0.5, 0.4)
    assert row["benign_allowed"] == 1


def test_messages_read_bound_the_share_that_may_pass():
    half = point("half", found=6, alarms=9, passed=(10, 50), where="device", release="alert_bit")
    row = only(break_even_table([half, METADATA], allowed_losses=[0.0], n_resamples=50))
    assert row["benign_allowed"] == pytest.approx(0.5)


def test_a_recall_beyond_what_the_gate_can_find_is_out_of_reach():
    better = point("better", found=9, alarms=2, where="device", release="alert_bit")
    row = only(break_even_table([better, SCORED_REPORTS], allowed_losses=[0.0], n_resamples=50))
    assert row["needed"] == pytest.approx(0.9 / 0.8)
    assert not row["reachable"]


def test_it_holds_where_nothing_is_lost_and_nothing_more_is_read():
    worse = point("worse", found=0, alarms=50, where="device", release="alert_bit")
    assert only(break_even_table([worse, REPORTS], allowed_losses=[0.0], n_resamples=50))["holds"]


def test_recall_rises_with_the_assumed_share():
    table = sweep_table([READING, SCORED_REPORTS], rates=[0.0, 0.5, 1.0], n_resamples=50)
    assert table["gated"].unique().tolist() == ["scored"]
    assert table["recall"].tolist() == pytest.approx([0.0, 0.4, 0.8])
    assert table["is_ours"].tolist() == [False, True, False]


def test_without_a_gated_policy_there_is_nothing_to_sweep():
    assert break_even_table([READING]).empty
    assert sweep_table([READING]).empty


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"where": "user_report", "report_rate": 0.1}, "report"),
        ({"where": "server", "evidence": "metadata", "trigger": ("hour >= 20",)}, "metadata"),
        ({"where": "server"}, ""),
        ({"where": "server", "evidence": "label"}, ""),
    ],
)
def test_a_gate_is_what_the_policy_rests_on(settings, expected):
    assert gate(policy(**settings)) == expected


def test_one_more_find_costs_the_false_alarms_added_by_the_finds_added():
    strict = point("toy", found=2, alarms=1, where="device", release="alert_bit", threshold=0.9)
    loose = point("toy", found=6, alarms=21, where="device", release="alert_bit", threshold=0.5)
    [row] = threshold_prices([loose, strict], prevalences=[0.1], n_resamples=50).to_dict("records")
    # 20 of 100 benign for 4 of 10 patterns, and nine benign conversations for each pattern.
    assert row["price"] == pytest.approx(9 * 0.2 / 0.4)
    assert row["n_more_alarms"] == 20
    assert (row["recall_from"], row["recall_to"]) == (0.2, 0.6)
    assert row["price_low"] <= row["price"] <= row["price_high"]


def test_a_looser_threshold_that_finds_no_more_has_an_infinite_price():
    strict = point("toy", found=2, alarms=1, where="device", release="alert_bit", threshold=0.9)
    loose = point("toy", found=2, alarms=11, where="device", release="alert_bit", threshold=0.5)
    [row] = threshold_prices([strict, loose], prevalences=[0.1], n_resamples=50).to_dict("records")
    assert row["price"] == math.inf
    assert row["no_gain_share"] == 1


def test_no_price_is_told_of_fewer_than_ten_more_false_alarms():
    strict = point("toy", found=2, alarms=1, where="device", release="alert_bit", threshold=0.9)
    loose = point("toy", found=6, alarms=10, where="device", release="alert_bit", threshold=0.5)
    [row] = threshold_prices([loose, strict], prevalences=[0.1], n_resamples=50).to_dict("records")
    assert row["n_more_alarms"] == 9
    assert [math.isnan(row[name]) for name in ("price", "price_low", "price_high")] == [True] * 3


def test_a_threshold_that_adds_too_few_false_alarms_is_passed_over():
    strict, near, far = (
        point("toy", found=found, alarms=alarms, where="device", release="alert_bit", threshold=at)
        for found, alarms, at in ((2, 1, 0.9), (3, 5, 0.7), (6, 21, 0.5))
    )
    named = [replace(each, name=f"toy@{each.policy.threshold}") for each in (strict, near, far)]
    table = threshold_prices(named, prevalences=[0.1], n_resamples=50)
    steps = table[["from_point", "to_point", "n_more_alarms"]].to_numpy().tolist()
    assert steps == [["toy@0.9", "toy@0.5", 20], ["toy@0.7", "toy@0.5", 16]]
