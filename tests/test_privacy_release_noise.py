"""What can be learnt from flipped bits: which bits flip, how many alerts are false, and the count behind them, at odds that can be reckoned by hand.

At epsilon = ln 3 one bit in four is flipped.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from classifier.evaluation.rates import Rate
from classifier.privacy.policies.release import (
    CountEstimate,
    chance_an_alert_is_true,
    debiased_count,
    epsilon_of_flips,
    false_alerts_per_million,
    laplace_standard_error,
    randomised,
)

ONE_IN_FOUR = math.log(3)


def test_bits_that_are_never_flipped_have_an_infinite_epsilon_and_even_odds_none():
    assert epsilon_of_flips(0) == math.inf
    assert epsilon_of_flips(0.5) == 0
    assert epsilon_of_flips(0.1) == pytest.approx(math.log(9))


def test_one_bit_in_four_is_flipped_whichever_it_is():
    for bit in (False, True):
        flipped = randomised([bit] * 40_000, ONE_IN_FOUR, seed=1) != bit
        assert flipped.mean() == pytest.approx(0.25, abs=4 * math.sqrt(0.25 * 0.75 / 40_000))


def test_flips_follow_from_the_seed_and_keep_the_shape():
    bits = np.zeros((20, 10))
    assert randomised(bits, 0.0, seed=1).shape == (20, 10)
    assert (randomised(bits, 0.0, seed=1) == randomised(bits, 0.0, seed=1)).all()
    assert (randomised(bits, 0.0, seed=1) != randomised(bits, 0.0, seed=2)).any()


@pytest.mark.parametrize("epsilon", [800.0, math.inf])
def test_an_epsilon_too_large_for_a_float_flips_nothing(epsilon):
    assert randomised([0, 1, 1], epsilon, seed=0).tolist() == [False, True, True]
    assert false_alerts_per_million(epsilon) == 0


def test_one_bit_in_four_is_a_quarter_million_false_alerts():
    assert false_alerts_per_million(ONE_IN_FOUR) == pytest.approx(250_000)


# Of 1000 conversations a share are patterns; a quarter of all bits is flipped.
@pytest.mark.parametrize(
    ("prevalence", "recall", "expected"),
    [
        (0.2, 1.0, 150 / (150 + 200)),  # 200 alerts, 150 kept; 800 others, 200 turned into alerts.
        (0.2, 0.5, 75 / (75 + 225)),  # 100 alerts, 75 kept; 900 others, 225 turned into alerts.
        (1.0, 1.0, 1.0),
        (1.0, 0.5, 375 / (375 + 125)),
        (0.0, 1.0, 0.0),
        (0.2, 0.0, 0.0),
    ],
)
def test_the_share_of_true_alerts_counted_among_a_thousand(prevalence, recall, expected):
    assert chance_an_alert_is_true(ONE_IN_FOUR, prevalence=prevalence, recall=recall) == pytest.approx(
        expected
    )


def test_without_any_alert_no_share_of_them_is_true():
    assert math.isnan(chance_an_alert_is_true(math.inf, prevalence=0.0))


@pytest.mark.parametrize(
    "change",
    [
        {"prevalence": -0.1},
        {"prevalence": 1.5},
        {"prevalence": math.nan},
        {"prevalence": 0.1, "recall": -0.1},
        {"prevalence": 0.1, "recall": 1.5},
    ],
)
def test_a_share_outside_0_and_1_is_refused(change):
    with pytest.raises(ValueError, match=r"prevalence and recall must be in \[0, 1\], got"):
        chance_an_alert_is_true(1.0, **change)


def test_the_count_behind_flipped_bits():
    # 400 true alerts of 1600: 300 are kept, 300 of the others flip, so 600 come in; the error is sqrt(1600 * 3/16) over a half.
    estimate = debiased_count(Rate(600, 1600), ONE_IN_FOUR)
    assert estimate.count == pytest.approx(400)
    assert estimate.standard_error == pytest.approx(2 * math.sqrt(300))
    assert estimate.n == 1600


def test_the_count_is_not_cut_off_at_none_or_at_all():
    assert debiased_count(Rate(0, 100), ONE_IN_FOUR).count == pytest.approx(-50)
    assert debiased_count(Rate(100, 100), ONE_IN_FOUR).count == pytest.approx(150)


def test_at_even_odds_the_count_is_unknown_and_says_so():
    unknown = debiased_count(Rate(50, 100), 0.0)
    assert math.isnan(unknown.count)
    assert (unknown.standard_error, unknown.n) == (math.inf, 100)
    assert str(CountEstimate(10.4, 2.6, 100)) == "10 ± 3 of 100"


def test_a_trusted_counter_s_error_is_root_2_over_epsilon():
    assert laplace_standard_error(2.0) == pytest.approx(math.sqrt(2) / 2)
    assert laplace_standard_error(0.0) == math.inf


@pytest.mark.parametrize(
    "call",
    [false_alerts_per_million, laplace_standard_error, lambda epsilon: randomised([0, 1], epsilon, seed=0)],
)
@pytest.mark.parametrize("epsilon", [-0.5, math.nan])
def test_an_epsilon_below_0_is_refused(call, epsilon):
    with pytest.raises(ValueError, match=f"epsilon must be at least 0, got {epsilon}"):
        call(epsilon)


@pytest.mark.parametrize("probability", [-0.1, 0.51, 1.5, math.nan])
def test_a_flip_that_is_likelier_than_not_is_refused(probability):
    with pytest.raises(ValueError, match=r"probability must be in \[0, 0.5\], got"):
        epsilon_of_flips(probability)


def test_what_is_no_bit_is_refused_and_the_first_five_values_named():
    with pytest.raises(ValueError, match=r"bits must be 0 and 1 or False and True, got \[2, 3, 4, 5, 6\]$"):
        randomised([7, 2, 3, 4, 5, 6], 1.0, seed=0)
