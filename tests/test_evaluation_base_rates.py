"""Base rates: a good test of something rare is wrong most of the time."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.evaluation.base_rates import PREVALENCES, base_rate_table, ppv
from classifier.evaluation.rates import Rate

RATES = st.integers(1, 300).flatmap(lambda n: st.builds(Rate, st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("tpr", "fpr", "prevalence", "percent"),
    [(0.9, 0.01, 1e-3, 8.3), (0.9, 0.01, 1e-4, 0.9), (0.9, 0.001, 1e-4, 8.3)],
)
def test_known_predictive_values(tpr, fpr, prevalence, percent):
    assert round(100 * ppv(tpr, fpr, prevalence), 1) == percent


def test_a_predictive_value_is_a_count_in_a_population():
    # Of 100,000, 100 follow the pattern and 90 are found; of 99,900 others 999 are flagged.
    assert ppv(0.9, 0.01, 1e-3) == pytest.approx(90 / (90 + 999))


def test_when_flags_are_chance_they_say_nothing():
    assert ppv(0.3, 0.3, 0.02) == pytest.approx(0.02)


def test_without_flags_there_is_no_predictive_value():
    assert math.isnan(ppv(0.0, 0.0, 0.1))
    assert math.isnan(ppv(math.nan, 0.1, 0.1))


def test_the_table_counts_alerts_in_a_stated_volume():
    row = base_rate_table(Rate(90, 100), Rate(10, 1000), prevalences=[1e-3], volume=100_000).iloc[0]
    assert row[["true_finds", "false_alarms", "alerts"]].tolist() == pytest.approx([90, 999, 1089])
    assert row["false_alarms_per_true_find"] == pytest.approx(11.1)
    assert row["volume"] == 100_000


def test_prevalences_of_a_report_go_down_to_one_in_a_million():
    assert (
        base_rate_table(Rate(9, 10), Rate(1, 10), volume=1000)["prevalence"].tolist()
        == list(PREVALENCES)
        == [1e-2, 1e-3, 1e-4, 1e-5, 1e-6]
    )


@given(RATES, RATES, st.sampled_from(PREVALENCES))
def test_the_bounds_hold_whatever_rates_the_two_intervals_allow(tpr, fpr, prevalence):
    row = base_rate_table(tpr, fpr, prevalences=[prevalence], volume=1000).iloc[0]
    (tpr_low, tpr_high), (fpr_low, fpr_high) = tpr.interval(0.975), fpr.interval(0.975)
    corners = [ppv(t, f, prevalence) for t in (tpr_low, tpr_high) for f in (fpr_low, fpr_high)]
    defined = [corner for corner in corners if not math.isnan(corner)]
    assert row["ppv_low"] == pytest.approx(min(defined))
    assert row["ppv_high"] == pytest.approx(max(defined))


@given(RATES, RATES)
def test_false_alarms_per_true_find_are_the_odds_against(tpr, fpr):
    row = base_rate_table(tpr, fpr, prevalences=[1e-2], volume=1000).iloc[0]
    for per_find, share in (("", "ppv"), ("_low", "ppv_high"), ("_high", "ppv_low")):
        if row[share] > 0:
            assert row[f"false_alarms_per_true_find{per_find}"] == pytest.approx(
                (1 - row[share]) / row[share]
            )


def test_no_true_find_is_infinitely_many_false_alarms_each():
    row = base_rate_table(Rate(0, 10), Rate(1, 10), prevalences=[0.01], volume=1000).iloc[0]
    assert row["false_alarms_per_true_find"] == math.inf
    assert math.isnan(
        base_rate_table(Rate(0, 10), Rate(0, 10), prevalences=[0.01], volume=1000).iloc[0][
            "false_alarms_per_true_find"
        ]
    )


def test_no_false_alarm_among_few_does_not_show_a_clean_record():
    row = base_rate_table(Rate(50, 50), Rate(0, 100), prevalences=[1e-4], volume=1_000_000).iloc[0]
    assert row["ppv"] == 1.0
    assert row["ppv_low"] < 0.003


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: ppv(1.2, 0.1, 0.1), "tpr must be in \\[0, 1\\], got 1.2"),
        (lambda: ppv(0.9, 0.1, -0.1), "prevalence must be in \\[0, 1\\], got -0.1"),
        (lambda: base_rate_table(Rate(1, 2), Rate(1, 2), volume=0), "volume must be at least 1, got 0"),
    ],
)
def test_what_makes_no_sense_is_refused(attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt()
