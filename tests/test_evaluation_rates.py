"""Rates: who is flagged, out of how many, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from classifier.evaluation.rates import (
    Rate,
    f_beta,
    false_positive_rate,
    flagged,
    true_positive_rate,
    upper_bound,
)

COUNTS = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_counts_only_benign_conversations():
    rate = false_positive_rate([False, False, True], [0.9, 0.1, 0.8], threshold=0.5)
    assert rate == Rate(hits=1, n=2)


def test_counts_only_pattern_conversations():
    rate = true_positive_rate([True, True, True, False], [0.9, 0.1, 0.8, 0.7], threshold=0.5)
    assert rate == Rate(hits=2, n=3)


def test_a_score_equal_to_the_threshold_is_flagged():
    assert flagged([0.49, 0.5, 0.51], 0.5).tolist() == [False, True, True]
    assert false_positive_rate([0], [0.5], threshold=0.5) == Rate(1, 1)


def test_without_units_a_rate_is_nan_and_shows_it():
    assert math.isnan(Rate(0, 0).value)
    assert str(Rate(0, 0)) == "nan (0/0)"


def test_without_units_nothing_is_known():
    assert Rate(0, 0).interval() == (0.0, 1.0)


def test_one_sided_bounds_are_of_95_percent_unless_said():
    # Ten of ten: the rate under which that happens once in twenty times.
    assert Rate(10, 10).lower() == pytest.approx(0.05 ** (1 / 10))
    assert Rate(0, 10).upper() == pytest.approx(1 - 0.05 ** (1 / 10))


def test_a_rate_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Rate(1, 2).hits = 2


def test_a_rate_is_printed_with_its_denominator():
    assert str(Rate(1, 3)) == "0.333 (1/3)"


@given(COUNTS, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_bounds_are_those_of_scipys_exact_test(counts, confidence):
    hits, n = counts
    rate = Rate(hits, n)
    two_sided = binomtest(hits, n).proportion_ci(confidence, method="exact")
    assert rate.interval(confidence) == pytest.approx((two_sided.low, two_sided.high), abs=1e-9)
    assert rate.upper(confidence) == pytest.approx(
        binomtest(hits, n, alternative="less").proportion_ci(confidence, method="exact").high, abs=1e-9
    )
    assert rate.lower(confidence) == pytest.approx(
        binomtest(hits, n, alternative="greater").proportion_ci(confidence, method="exact").low, abs=1e-9
    )


def test_no_alarm_in_1000_does_not_exclude_2991_in_a_million():
    assert round(1e6 * Rate(0, 1000).upper()) == 2991


def test_the_columns_of_a_rate_are_its_value_and_its_two_sided_bounds():
    low, high = binomtest(25, 10_000).proportion_ci(0.95, method="exact")
    assert Rate(25, 10_000).columns("fpr") == pytest.approx({"fpr": 0.0025, "fpr_low": low, "fpr_high": high})


def test_upper_bounds_of_several_counts_are_those_of_each():
    assert upper_bound([0, 3, 10], 10).tolist() == [Rate(0, 10).upper(), Rate(3, 10).upper(), 1.0]


@pytest.mark.parametrize(
    ("precision", "recall", "beta", "expected"),
    [
        (0.9804, 0.7874, 0.5, 0.934585),
        (0.0915, 0.8938, 3.0, 0.476228),
        (0.912, 0.492, 0.5, 0.779000),
        (0.75, 0.75, 0.5, 0.75),
        (0.75, 0.75, 3.0, 0.75),
    ],
)
def test_f_beta_gives_the_published_values(precision, recall, beta, expected):
    assert f_beta(precision, recall, beta=beta) == pytest.approx(expected, abs=5e-7)


@given(st.floats(0.01, 1), st.floats(0.01, 1), st.floats(0.1, 10))
def test_f_beta_is_a_weighted_harmonic_mean(precision, recall, beta):
    assert f_beta(precision, recall, beta=beta) == pytest.approx(
        (1 + beta**2) / (1 / precision + beta**2 / recall)
    )


def test_f_beta_of_nothing_found_is_undefined():
    assert math.isnan(f_beta(0.0, 0.0, beta=1.0))
    assert math.isnan(f_beta(math.nan, 0.5, beta=1.0))


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: Rate(3, 2), "hits must be in 0..n, got hits=3, n=2"),
        (lambda: Rate(1, 2).upper(95), "confidence must be between 0 and 1, got 95"),
        (lambda: Rate(1, 2).upper(0), "confidence must be between 0 and 1, got 0"),
        (lambda: Rate(1, 2).interval(1), "confidence must be between 0 and 1, got 1"),
        (lambda: flagged([0.5], math.nan), "threshold and score must be numbers, got threshold nan"),
        (lambda: flagged([math.nan, 0.5], 0.5), "1 nan scores of 2"),
        (lambda: false_positive_rate([0, 1], [0.5], threshold=0.5), "of one length, got shapes"),
        (lambda: false_positive_rate([0, 2], [0.5, 0.5], threshold=0.5), "label must hold only 0 and 1"),
        (
            lambda: true_positive_rate([0, 1], [0.5, math.nan], threshold=0.5),
            "score must not hold nan, got 1 of 2",
        ),
        (lambda: f_beta(0.5, 0.5, beta=0.0), "beta must be above 0, got 0.0"),
    ],
)
def test_what_makes_no_sense_is_refused(attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt()
