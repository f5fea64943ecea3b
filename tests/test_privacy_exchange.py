"""The price of one more pattern, by hand.

Four clusters, each with one pattern and one benign conversation of ten messages.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from classifier.evaluation.intervals import cluster_weights
from classifier.privacy.tradeoff.conversation_costs import COUNTS
from classifier.privacy.tradeoff.exchange_rates import exchange_table
from classifier.privacy.tradeoff.resampled_metrics import ResampledMetrics

HUMAN, MACHINE = "recall against human reads", "recall against machine reads"


def costs(found, alarms, read):
    """Costs of a policy that finds ``found`` patterns and flags ``alarms`` benign conversations.

    They are the first ones; of every benign conversation ``read`` messages are read. Every other count is 0.
    """
    flagged = [number < share for number in range(4) for share in (found, alarms)]
    described = {
        "clusters": [(number,) for number in range(4) for _ in range(2)],
        "benign": [False, True] * 4,
        "n_messages": 10,
    }
    counted = {
        "n_read": [10, read] * 4,
        "is_read": [True, read > 0] * 4,
        "is_shown": flagged,
        "is_told": flagged,
        "flagged": flagged,
        "flagged_at": np.where(flagged, 1.0, np.nan),
    }
    return pd.DataFrame(described | dict.fromkeys(COUNTS, 0.0) | counted)


QUIET, SOME, ALL = costs(0, 0, 0), costs(2, 1, 2), costs(4, 4, 10)


def exchange(points, *, prevalences=(0.1,), aside=()):
    resampled = ResampledMetrics(points, n_resamples=200, seed=0)
    return exchange_table(
        resampled, eligible=np.array([name not in aside for name in points]), prevalences=prevalences
    )


def steps(table, view):
    return table.loc[table["view"] == view, ["from_point", "to_point", "value"]].to_numpy().tolist()


def test_false_alarms_for_one_more_pattern():
    # Of ten conversations one is a pattern: nine benign ones for each. A quarter of them for half a pattern,
    # then three quarters for the other half.
    table = exchange({"quiet": QUIET, "some": SOME, "all": ALL})
    assert steps(table, HUMAN) == [
        ["quiet", "some", pytest.approx(4.5)],
        ["some", "all", pytest.approx(13.5)],
    ]
    row = table.iloc[0]
    assert row[["recall_from", "recall_to", "cost_from", "cost_to", "prevalence"]].tolist() == [
        0,
        0.5,
        0,
        250_000,
        0.1,
    ]
    assert row["unit"] == "benign conversations read by a person, for one more pattern found"


def test_messages_read_for_one_more_pattern():
    # Nine benign conversations of two messages each for half a pattern, then of eight more.
    table = exchange({"quiet": QUIET, "some": SOME, "all": ALL})
    assert steps(table, MACHINE) == [
        ["quiet", "some", pytest.approx(36)],
        ["some", "all", pytest.approx(144)],
    ]
    assert (
        table["unit"].iloc[-1]
        == "messages of benign conversations read by a machine, for one more pattern found"
    )


def test_the_rarer_the_pattern_the_dearer_one_more():
    table = exchange({"quiet": QUIET, "some": SOME}, prevalences=(0.5, 0.1, 0.01))
    assert table.loc[table["view"] == HUMAN, "value"].tolist() == pytest.approx([0.5, 4.5, 49.5])


def test_a_prevalence_of_zero_is_refused():
    with pytest.raises(ValueError, match="prevalence must be stated, between 0 and 1, got 0"):
        exchange({"quiet": QUIET, "some": SOME}, prevalences=(0,))


def test_the_order_in_which_points_are_given_does_not_matter():
    assert steps(exchange({"all": ALL, "quiet": QUIET, "some": SOME}), HUMAN) == steps(
        exchange({"quiet": QUIET, "some": SOME, "all": ALL}), HUMAN
    )


def test_of_equal_points_the_first_stands_for_all():
    table = exchange({"quiet": QUIET, "some": SOME, "twin": SOME, "triplet": SOME, "all": ALL})
    assert [step[:2] for step in steps(table, HUMAN)] == [["quiet", "some"], ["some", "all"]]


def test_a_point_that_costs_more_and_finds_no_more_is_no_neighbour():
    table = exchange({"quiet": QUIET, "wasteful": costs(2, 3, 1), "some": SOME, "all": ALL})
    assert [step[:2] for step in steps(table, HUMAN)] == [["quiet", "some"], ["some", "all"]]
    assert [step[:2] for step in steps(table, MACHINE)] == [["quiet", "wasteful"], ["wasteful", "all"]]


def test_a_point_below_the_hull_is_passed_over_so_that_prices_rise():
    # One more pattern for two alarms, then three more for two: .5 then 1.5 patterns an alarm.
    table = exchange({"quiet": QUIET, "steep": costs(1, 2, 0), "all": ALL})
    assert [step[:2] for step in steps(table, HUMAN)] == [["quiet", "all"]]
    concave = exchange({"quiet": QUIET, "some": SOME, "three": costs(3, 3, 5), "all": ALL})
    assert [step[2] for step in steps(concave, HUMAN)] == sorted(step[2] for step in steps(concave, HUMAN))


def test_a_point_on_the_line_between_two_others_stays():
    table = exchange({"quiet": QUIET, "half": costs(2, 2, 5), "all": ALL})
    assert [step[:2] for step in steps(table, HUMAN)] == [["quiet", "half"], ["half", "all"]]


def test_an_ineligible_point_neither_stands_on_a_frontier_nor_dominates_others():
    table = exchange({"oracle": costs(4, 0, 0), "quiet": QUIET, "some": SOME, "all": ALL}, aside=("oracle",))
    assert [step[:2] for step in steps(table, HUMAN)] == [["quiet", "some"], ["some", "all"]]


def test_a_single_point_has_no_neighbour():
    assert exchange({"quiet": QUIET}).columns[:3].tolist() == ["view", "from_point", "to_point"]
    assert exchange({"quiet": QUIET}).empty


def test_the_interval_runs_from_the_fifth_to_the_hundred_and_ninety_fifth_of_two_hundred_resamples():
    rates = []
    for times in cluster_weights(4, n_resamples=200, seed=0).tolist():
        alarms, found = times[0], times[0] + times[1] + times[2]
        rates.append(9 * alarms / found if found else math.inf)
    row = exchange({"quiet": QUIET, "three": costs(3, 1, 0)}).iloc[0]
    assert (row["low"], row["high"]) == pytest.approx((sorted(rates)[4], sorted(rates)[194]))
    assert 0 <= row["low"] < row["value"] < row["high"] < math.inf


def test_a_resample_in_which_nothing_more_is_found_makes_the_rate_infinite():
    nothing_more = [
        times[0] + times[1] == 0 for times in cluster_weights(4, n_resamples=200, seed=0).tolist()
    ]
    row = exchange({"quiet": QUIET, "some": SOME}).iloc[0]
    assert row["no_gain_share"] == sum(nothing_more) / 200
    assert 0.025 < row["no_gain_share"] < 0.2
    assert row["low"] < row["high"] == math.inf


def test_a_gain_in_every_resample_leaves_no_share_without():
    assert exchange({"quiet": QUIET, "all": ALL}).iloc[0][
        ["value", "low", "high", "no_gain_share"]
    ].tolist() == pytest.approx([9, 9, 9, 0])
