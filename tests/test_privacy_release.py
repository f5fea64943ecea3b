"""What one release lets out: steps of a score, noise on a count, and the bits and nats it can tell."""

from __future__ import annotations

import math

import numpy as np
import pytest
from privacy_toys import policy

from classifier.privacy.policies.release import (
    entropy_bits,
    flip_probability,
    ldp_epsilon,
    level,
    lot,
    noisy_count,
)


def test_a_lot_lies_in_the_unit_interval_and_is_drawn_by_seed_purpose_and_name():
    draws = [
        lot(seed, purpose, str(number))
        for seed in (0, 1)
        for purpose in ("flip", "report")
        for number in range(500)
    ]
    assert 0 <= min(draws) < 0.01
    assert 0.99 < max(draws) < 1
    assert len(set(draws)) == 2000
    assert np.mean(draws) == pytest.approx(0.5, abs=4 * math.sqrt(1 / 12 / 2000))


def test_every_step_of_a_score_is_equally_wide_and_none_is_the_step_of_no_alert():
    steps = [level(score, 4) for score in (0.0, 0.24, 0.25, 0.49, 0.5, 0.74, 0.75, 1.0)]
    assert steps == [1, 1, 2, 2, 3, 3, 4, 4]
    assert [level(score, 4) for score in (-0.5, 1.5)] == [1, 4]
    assert level(0.9, 1) == 1


def test_even_odds_of_a_flip_at_epsilon_0_and_one_in_four_at_ln_3():
    assert flip_probability(0.0) == 0.5
    assert flip_probability(math.log(3)) == pytest.approx(0.25)


@pytest.mark.parametrize("epsilon", [0.5, 4.0])
def test_the_noise_on_a_count_is_as_long_on_average_as_one_over_epsilon_and_leans_to_no_side(epsilon):
    noise = np.array([noisy_count(100, epsilon, seed=seed) for seed in range(4000)]) - 100
    # Laplace noise of scale 1: its length has mean 1 and standard deviation 1, it itself has standard deviation sqrt(2).
    assert np.abs(noise * epsilon).mean() == pytest.approx(1.0, abs=4 / math.sqrt(4000))
    assert (noise * epsilon).mean() == pytest.approx(0.0, abs=4 * math.sqrt(2 / 4000))


def test_a_noisy_count_follows_from_its_seed():
    assert noisy_count(7, 1.0, seed=3) == noisy_count(7, 1.0, seed=3) != noisy_count(7, 1.0, seed=4)
    assert noisy_count(8, 1.0, seed=3) - noisy_count(7, 1.0, seed=3) == pytest.approx(1.0)


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


def test_what_never_changes_tells_nothing_and_that_is_not_minus_zero():
    assert str(entropy_bits([5, 5, 5], corrected=False)) == "0.0"
    assert entropy_bits([5]) == 0.0
    assert math.isnan(entropy_bits([]))


def test_truth_values_are_outputs_and_raw_scores_are_not():
    assert entropy_bits([True, False], corrected=False) == 1.0
    with pytest.raises(ValueError, match=r"quantised outputs \(whole numbers\), got float64"):
        entropy_bits([0.25, 0.5])
