"""Review of alerts under assumptions: every number here was worked out by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from classifier.privacy.tradeoff.questions.alert_review import (
    Reviewer,
    Sliders,
    review,
    review_table,
    tired,
)

RESTED = Reviewer(0.8, 0.25, minutes_per_item=6, appeal_rate=0.5, upheld_rate=0.4, minutes_per_appeal=20)


def outcome(reviewer=RESTED, **sliders):
    """A thousand conversations, a tenth of them patterns; half found, a fifth of the others flagged."""
    return review(0.5, 0.2, prevalence=0.1, conversations=1000, reviewer=reviewer, sliders=Sliders(**sliders))


def test_alerts_are_confirmed_turned_down_and_appealed():
    found = outcome()
    assert (found.patterns, found.alerts_true, found.alerts_false) == (100, 50, 180)
    assert (found.confirmed, found.turned_down, found.innocent_acted_on) == (40, 10, 45)
    assert (found.appeals, found.righted) == (22.5, 9)
    assert found.minutes == 230 * 6 + 22.5 * 20 == 1830
    assert found.minutes_per_confirmed == 45.75


def test_a_slider_at_zero_changes_nothing_and_is_zero():
    assert outcome() == outcome(evasion=0, chilling=0, function_creep=0)
    assert (outcome().conversations_chilled, outcome().flagged_by_second_list) == (0, 0)


def test_evasion_takes_true_alerts_alone():
    found = outcome(evasion=0.5)
    assert (found.alerts_true, found.confirmed, found.alerts_false, found.patterns) == (25, 20, 180, 100)


def test_chilled_conversations_are_not_held_and_raise_no_alert():
    found = outcome(chilling=0.1)
    assert found.conversations_chilled == pytest.approx(90)
    assert found.alerts_false == pytest.approx(162)
    assert found.alerts_true == 50


def test_a_second_target_list_flags_more_on_the_same_reads():
    found = outcome(function_creep=0.01)
    assert found.flagged_by_second_list == 9
    assert found.alerts_false == 180


@pytest.mark.parametrize(
    ("items_per_hour", "rates"),
    [(10, (0.8, 0.2)), (5, (0.8, 0.2)), (15, (0.65, 0.35)), (20, (0.5, 0.5)), (90, (0.5, 0.5))],
)
def test_accuracy_falls_to_chance_with_the_pace(items_per_hour, rates):
    hurried = Reviewer(0.8, 0.2, items_per_hour=items_per_hour, rested_items_per_hour=10, fatigue=0.1)
    assert tired(hurried) == pytest.approx(rates)


def test_no_alert_takes_no_time_and_alerts_without_a_find_take_it_for_nothing():
    nothing = review(0, 0, prevalence=0.1, conversations=10, reviewer=RESTED)
    assert nothing.minutes == 0
    assert math.isnan(nothing.minutes_per_confirmed)
    assert review(0, 0.5, prevalence=0.1, conversations=10, reviewer=RESTED).minutes_per_confirmed == math.inf


def test_an_alert_without_text_is_passed_on_and_takes_no_time():
    points = pd.DataFrame({"point": ["bit", "text"], "recall": 0.5, "false_positive_rate": 0.2})
    table = review_table(
        points, [False, True], prevalences=[0.1], conversations=1000, reviewer=RESTED
    ).set_index("point")
    assert table["confirmed"].tolist() == [50, 40]
    assert table["innocent_acted_on"].tolist() == [180, 45]
    assert table["minutes"].tolist() == [180 * 0.5 * 20, 1830]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Reviewer(1.1, 0.1), r"true_positive_rate must be in \[0, 1\], got 1.1"),
        (lambda: Reviewer(fatigue=-1), "fatigue must be a number of at least 0, got -1"),
        (lambda: Sliders(evasion=2), r"evasion must be in \[0, 1\], got 2"),
        (
            lambda: review(0.5, 0.1, prevalence=0, conversations=1, reviewer=RESTED),
            "prevalence must be stated",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
