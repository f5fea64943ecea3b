"""Verdicts on constraints, and the number of conversations that would show them."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from scipy.stats import binomtest

from classifier.privacy.constraints.constraint import Constraint, parse_constraint
from classifier.privacy.constraints.feasibility import feasible_points
from classifier.privacy.constraints.sample_size import conversations_needed
from classifier.privacy.tradeoff.frontier import Frontier

EMPTY = pd.DataFrame()
RESULTS = Path(__file__).parent.parent / "data" / "results" / "v2"


def frontier(*points, effect=1.0):
    """Points given as (name, false alarms of 1000, patterns found of 100).

    Half of the messages are read, with an interval from .4 to .6.
    """
    rows = [
        {
            "point": name,
            "policy": f"{name} policy",
            "human_read_benign_per_million": 1000.0 * alarms,
            "false_positive_rate": alarms / 1000,
            "recall": found / 100,
            "machine_read_share": 0.5,
            "threshold": 0.7,
            "false_alarms": alarms,
            "human_read": alarms,
            "n_benign": 1000,
            "found": found,
            "n_pattern": 100,
        }
        for name, alarms, found in points
    ]
    metrics = ["machine_read_share", "human_read_benign_per_million", "false_positive_rate", "recall"]
    read = pd.DataFrame(
        [
            {
                "point": name,
                "metric": metric,
                "low": 0.4,
                "high": 0.6,
                "design_effect": effect,
                "df": math.inf,
            }
            for name, _, _ in points
            for metric in metrics
        ]
    )
    return Frontier({}, pd.DataFrame(rows), read, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY)


CAREFUL = frontier(("careful", 0, 90))


def only(constraint, of=CAREFUL):
    """The one row of a single point and a single constraint."""
    table = feasible_points(of, [constraint])
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.parametrize(
    ("text", "kept"), [("share<=0.5", (True, True, False)), ("share>=0.5", (False, True, True))]
)
def test_a_value_equal_to_its_limit_keeps_it(text, kept):
    constraint = parse_constraint(text)
    assert (constraint.kept_by(0.4), constraint.kept_by(0.5), constraint.kept_by(0.6)) == kept


@pytest.mark.parametrize("comparison", ["<=", ">="])
def test_no_value_keeps_no_limit(comparison):
    assert not Constraint("share", comparison, 0.5).kept_by(math.nan)


def test_a_constraint_is_read_with_spaces_and_said_without():
    assert str(parse_constraint(" recall >= 0.50 ")) == "recall>=0.5"


@pytest.mark.parametrize("text", ["recall=0.5", "recall>=half", "recall>=0.5 or so", ">=0.5"])
def test_text_that_is_no_constraint_is_refused_with_the_form_of_one(text):
    with pytest.raises(ValueError, match=rf"written as metric<=number or metric>=number, got '{text}'"):
        parse_constraint(text)


def test_no_false_alarm_in_a_thousand_supports_three_in_a_thousand():
    row = only("human_read_benign_per_million<=3000")
    # Nobody of 1000 at a rate p has the chance (1 - p)^1000, which is 5 % at the bound.
    assert row["bound"] == pytest.approx(1e6 * (1 - 0.05 ** (1 / 1000)))
    assert (row["value"], row["verdict"], row["n"], row["feasible"]) == (0, "supported", 1000, True)


def test_no_false_alarm_in_a_thousand_does_not_show_one_in_a_thousand():
    row = only("false_positive_rate<=0.001")
    assert row["bound"] == pytest.approx(1 - 0.05 ** (1 / 1000))
    assert (row["verdict"], row["feasible"]) == ("not shown", False)
    # .999^2994 is still above 5 %, .999^2995 no longer.
    assert (row["needed_error_free"], row["needed_at_this_rate"]) == (2995, 2995)


def test_a_limit_per_million_takes_as_many_conversations_as_the_same_rate():
    assert only("human_read_benign_per_million<=1000")["needed_error_free"] == 2995


def test_a_recall_is_supported_by_its_lower_bound_over_the_patterns():
    row = only("recall>=0.8")
    assert row["bound"] == pytest.approx(binomtest(90, 100, alternative="greater").proportion_ci(0.95).low)
    assert (row["value"], row["verdict"], row["n"]) == (0.9, "supported", 100)
    # At most .2 missed: .8^13 is above 5 %, .8^14 no longer. And one in ten is missed.
    assert (row["needed_error_free"], row["needed_at_this_rate"]) == (14, 63)


def test_no_number_of_conversations_shows_the_very_rate_that_was_seen():
    row = only("recall>=0.9")
    assert (row["verdict"], row["needed_at_this_rate"]) == ("not shown", math.inf)


@pytest.mark.parametrize(
    "constraint",
    [
        "recall>=1",
        "recall>=0",
        "false_positive_rate<=0",
        "false_positive_rate<=1",
        "false_positive_rate<=1.5",
        "recall>=-0.5",
    ],
)
def test_a_limit_at_or_beyond_the_ends_of_a_rate_asks_for_no_number(constraint):
    row = only(constraint)
    assert row[["needed_error_free", "needed_at_this_rate"]].isna().all()


@pytest.mark.parametrize(
    ("constraint", "bound", "verdict"),
    [
        ("machine_read_share<=0.6", 0.6, "supported"),
        ("machine_read_share<=0.55", 0.6, "not shown"),
        ("machine_read_share<=0.45", 0.6, "violated"),
        ("machine_read_share>=0.4", 0.4, "supported"),
        ("machine_read_share>=0.45", 0.4, "not shown"),
        ("machine_read_share>=0.55", 0.4, "violated"),
    ],
)
def test_a_share_of_messages_is_judged_by_the_end_of_its_interval(constraint, bound, verdict):
    row = only(constraint)
    assert (row["bound"], row["verdict"]) == (bound, verdict)
    assert row[["n", "needed_error_free", "needed_at_this_rate"]].isna().all()


def test_a_number_without_an_interval_is_never_supported():
    row = only("threshold<=0.9")
    assert math.isnan(row["bound"])
    assert row["verdict"] == "not shown"


def test_a_point_is_feasible_when_every_one_of_its_limits_is_supported():
    table = feasible_points(
        frontier(("careful", 0, 90), ("hasty", 100, 100)), ["false_positive_rate<=0.01", "recall>=0.8"]
    )
    assert table[["point", "policy", "constraint", "verdict", "feasible"]].to_numpy().tolist() == [
        ["careful", "careful policy", "false_positive_rate<=0.01", "supported", True],
        ["careful", "careful policy", "recall>=0.8", "supported", True],
        ["hasty", "hasty policy", "false_positive_rate<=0.01", "violated", False],
        ["hasty", "hasty policy", "recall>=0.8", "supported", False],
    ]


def test_only_numbers_can_be_limited():
    with pytest.raises(
        ValueError,
        match="'policy<=3': no such metric, "
        "expected one of human_read_benign_per_million, false_positive_rate, recall",
    ):
        feasible_points(CAREFUL, ["policy<=3"])


@pytest.mark.parametrize(
    ("rate", "at_most", "n", "events"),
    [
        (0.5, 0.9, 6, 3),
        (0.5, 0.7, 24, 12),
        (0.1, 0.2, 63, 7),
        (0.1, 0.3, 24, 3),
        (0.25, 0.5, 18, 5),
        (0.3, 0.4, 88, 27),
        (0.001, 0.002, 7215, 8),
        (0.0, 0.3, 9, 0),
    ],
)
def test_the_number_needed_would_do_and_one_fewer_would_not(rate, at_most, n, events):
    assert conversations_needed(rate, at_most=at_most) == n
    assert binomtest(events, n, alternative="less").proportion_ci(0.95).high <= at_most
    assert binomtest(math.ceil(rate * (n - 1)), n - 1, alternative="less").proportion_ci(0.95).high > at_most


def test_a_smaller_number_may_do_by_chance_and_every_larger_one_does():
    def shown(n):
        return binomtest(math.ceil(n / 100), n, alternative="less").proportion_ci(0.95).high <= 0.02

    assert (shown(600), shown(601), shown(718)) == (True, False, False)
    assert conversations_needed(0.01, at_most=0.02) == 719
    assert all(shown(n) for n in range(719, 1500))


@pytest.mark.parametrize("rate", [0.2, 0.3, math.nan])
def test_a_rate_no_smaller_than_the_limit_never_shows_it(rate):
    assert conversations_needed(rate, at_most=0.2) == math.inf


def test_the_more_points_are_looked_at_the_stricter_each_bound():
    names = [(f"p{number}", 0, 90) for number in range(10)]
    table = feasible_points(frontier(*names), ["false_positive_rate<=0.004"])
    # At 1 - .05 / 10 a thousand error-free conversations show 1 - .005 ** (1 / 1000), which is .0053.
    assert table["bound"].tolist() == pytest.approx([1 - 0.005 ** (1 / 1000)] * 10)
    assert set(table["verdict"]) == {"not shown"}
    assert only("false_positive_rate<=0.004")["verdict"] == "supported"


def test_a_zero_by_construction_is_supported_and_not_counted_among_the_points_looked_at():
    points = frontier(("careful", 0, 90), ("silent", 0, 0))
    points.points["exact_zeros"] = ["", "false_positive_rate, human_read_benign_per_million"]
    table = feasible_points(points, ["human_read_benign_per_million<=0"])
    assert table[["point", "bound", "verdict", "n_looked_at"]].to_numpy().tolist()[1] == [
        "silent",
        0.0,
        "supported",
        1,
    ]


def test_false_support_stays_below_five_per_cent_in_the_stored_simulation():
    stored = pd.read_csv(RESULTS / "false_support.csv")
    corrected = stored[stored["bounds"] == "corrected"]
    assert (corrected["share"] <= 0.05).all()
    assert stored.loc[stored["bounds"] == "uncorrected", "share"].max() > 0.9


def test_conversations_that_share_dialogues_support_less():
    limit = "false_positive_rate<=0.01"
    alone, together = (only(limit, frontier(("loud", 4, 90), effect=effect)) for effect in (1.0, 3.0))
    assert (alone["verdict"], together["verdict"]) == ("supported", "not shown")
