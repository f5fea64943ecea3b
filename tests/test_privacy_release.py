"""Releases: score levels, flipped bits, noisy counts, and their information."""

from __future__ import annotations

import math

import numpy as np
import pytest
from privacy_toys import policy

from classifier.privacy.policies.release_mechanisms import flip_probability, level, noisy_count, randomised
from classifier.privacy.policies.released_information import (
    distinct_outputs,
    entropy_bits,
    ldp_epsilon,
    released_bits_max,
)

ONE_IN_FOUR = math.log(3)
"""The epsilon at which one bit in four is flipped."""


def test_every_step_of_a_score_is_equally_wide_and_none_is_the_step_of_no_alert():
    steps = [level(score, 4) for score in (0.0, 0.24, 0.25, 0.49, 0.5, 0.74, 0.75, 1.0)]
    assert steps == [1, 1, 2, 2, 3, 3, 4, 4]
    assert [level(score, 4) for score in (-0.5, 1.5)] == [1, 4]
    assert level(0.9, 1) == 1


def test_even_odds_of_a_flip_at_epsilon_0_and_one_in_four_at_ln_3():
    assert flip_probability(0.0) == 0.5
    assert flip_probability(ONE_IN_FOUR) == pytest.approx(0.25)


def test_the_two_answers_to_one_question_differ_in_probability_by_a_factor_of_e_to_the_epsilon():
    flip = flip_probability(1.7)
    assert math.log((1 - flip) / flip) == pytest.approx(1.7)


def test_one_bit_in_four_is_flipped_whether_it_is_0_or_1():
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
    assert flip_probability(epsilon) == 0


@pytest.mark.parametrize("call", [flip_probability, lambda epsilon: randomised([0, 1], epsilon, seed=0)])
@pytest.mark.parametrize("epsilon", [-0.5, math.nan])
def test_an_epsilon_below_0_is_refused(call, epsilon):
    with pytest.raises(ValueError, match=f"epsilon must be at least 0, got {epsilon}"):
        call(epsilon)


def test_values_other_than_bits_are_refused_and_the_first_five_named():
    with pytest.raises(ValueError, match=r"bits must be 0 and 1 or False and True, got \[2, 3, 4, 5, 6\]$"):
        randomised([7, 2, 3, 4, 5, 6], 1.0, seed=0)


@pytest.mark.parametrize("epsilon", [0.5, 4.0])
def test_the_noise_on_a_count_is_as_long_on_average_as_one_over_epsilon_and_leans_to_no_side(epsilon):
    noise = np.array([noisy_count(100, epsilon, seed=seed) for seed in range(4000)]) - 100
    # Laplace noise of scale 1 has standard deviation sqrt(2); its absolute value has mean and deviation 1.
    assert np.abs(noise * epsilon).mean() == pytest.approx(1.0, abs=4 / math.sqrt(4000))
    assert (noise * epsilon).mean() == pytest.approx(0.0, abs=4 * math.sqrt(2 / 4000))


def test_a_noisy_count_follows_from_its_seed():
    assert noisy_count(7, 1.0, seed=3) == noisy_count(7, 1.0, seed=3) != noisy_count(7, 1.0, seed=4)
    assert noisy_count(8, 1.0, seed=3) - noisy_count(7, 1.0, seed=3) == pytest.approx(1.0)


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


def test_a_flipped_bit_spends_its_epsilon_once_for_each_release():
    flipped = policy(where="device", release="randomised_bit", release_epsilon=0.5)
    assert ldp_epsilon(flipped) == 0.5
    assert ldp_epsilon(flipped, releases=4) == 2.0


def test_four_equally_frequent_outputs_are_two_bits_and_the_correction_is_of_three_halves_an_output():
    assert entropy_bits([0, 1, 2, 3], corrected=False) == 2.0
    # (K - 1) / (2 N) = 3 / 8 nats.
    assert entropy_bits([0, 1, 2, 3]) == pytest.approx(2.0 + 0.375 / math.log(2))
    # K = 2 and N = 4: 1/8 nats on top of the plug-in entropy of (1/4, 3/4), 2 - 3/4 log2(3) bits.
    assert entropy_bits([1, 0, 0, 0]) == pytest.approx(2.0 - 0.75 * math.log2(3) + 0.125 / math.log(2))


def test_entropy_of_rare_alerts_is_that_of_a_coin_as_rare():
    assert entropy_bits([1] + [0] * 999, corrected=False) == pytest.approx(0.0114, abs=5e-5)


def test_an_output_that_never_changes_has_entropy_zero_and_not_minus_zero():
    assert str(entropy_bits([5, 5, 5], corrected=False)) == "0.0"
    assert entropy_bits([5]) == 0.0
    assert math.isnan(entropy_bits([]))


def test_truth_values_are_outputs_and_raw_scores_are_not():
    assert entropy_bits([True, False], corrected=False) == 1.0
    with pytest.raises(ValueError, match=r"quantised outputs \(whole numbers\), got float64"):
        entropy_bits([0.25, 0.5])
