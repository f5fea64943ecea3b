"""Claims of differential privacy, against other implementations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.privacy.model_variants.dp_statement import DPStatement, dp_statement
from classifier.privacy.model_variants.vocabulary import public_vocabulary
from classifier.privacy.policies.release_mechanisms import flip_probability, randomised

# ---------------------------------------------------------------- the statement, and refusal L

PUBLIC = public_vocabulary()


def statement(**changes):
    return dp_statement(
        **{"epsilon_per_label": 0.5, "n_labels": 7, "unit": "conversation", "cap": 4, "vocabulary": PUBLIC}
        | changes
    )


def test_the_labels_epsilons_add_up_and_a_person_s_is_the_cap_times_that():
    assert statement().epsilon == 3.5
    assert statement().epsilon_person == 14.0
    assert statement().delta == 0.0


def test_the_statement_names_unit_neighbours_cap_and_what_is_not_covered():
    said = str(statement())
    for part in (
        "one conversation: epsilon 3.5, delta 0",
        "one unit replaced by any other",
        "adds at most 4: epsilon 14",
        "Not covered: the vocabulary",
        "the noise seed",
        "rounding",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("vocabulary", "reason"),
    [
        (["our secret", "zola"], "the vocabulary was fitted on private text"),
        (PUBLIC[:-1], "the vocabulary was fitted on private text"),
        ((*PUBLIC, "zola"), "the vocabulary was fitted on private text"),
    ],
    ids=["fitted", "the public list thinned out by data", "one name added"],
)
def test_over_a_vocabulary_that_is_not_the_public_one_epsilon_is_infinite(vocabulary, reason):
    assert statement(vocabulary=vocabulary).epsilon == math.inf
    assert statement(vocabulary=vocabulary).epsilon_person == math.inf
    assert reason in str(statement(vocabulary=vocabulary))


def test_a_plain_fit_has_no_epsilon_and_says_why():
    assert (
        str(statement(epsilon_per_label=math.inf))
        == "No differential privacy (epsilon is infinite): no noise was added to the weights."
    )


def test_hashed_features_have_no_vocabulary_to_compare():
    assert statement(vocabulary=None).epsilon == 3.5


def test_an_epsilon_claimed_over_a_private_vocabulary_is_refused():
    with pytest.raises(
        ValueError, match="epsilon = 1 claimed over a private vocabulary: the noise is on the weights"
    ):
        DPStatement(epsilon=1.0, unit="conversation", cap=1, vocabulary="private")


@pytest.mark.parametrize("change", [{"epsilon": 0.0}, {"cap": 0}, {"delta": 0.1}, {"vocabulary": "secret"}])
def test_a_statement_of_what_cannot_be_is_refused(change):
    with pytest.raises(ValueError, match=r"expected epsilon > 0|vocabulary must be"):
        DPStatement(**{"epsilon": 1.0, "unit": "message", "cap": 1, "vocabulary": "public"} | change)


# ---------------------------------------------------------------- G: randomised response


# OpenDP 0.16.0: make_randomized_response_bool(prob).map(1) for the probability that a bit stays as it is.
@pytest.mark.parametrize(
    ("stays", "epsilon"), [(0.6224593312018546, 0.5), (0.7310585786300049, 1.0), (0.9933071490757153, 5.0)]
)
def test_the_flip_probability_of_an_epsilon_agrees_with_opendp(stays, epsilon):
    assert flip_probability(epsilon) == pytest.approx(1 - stays, abs=1e-12)


def largest_ratio(flip, epsilon, *, n=200_000):
    """Log ratio of an answer's frequencies for the two true bits, at its largest."""
    shares = [flip(np.full(n, bit), epsilon).mean() for bit in (False, True)]
    return max(math.log(shares[1] / shares[0]), math.log((1 - shares[0]) / (1 - shares[1])))


def test_the_flips_that_are_drawn_have_the_epsilon_they_say():
    assert largest_ratio(lambda bits, epsilon: randomised(bits, epsilon, seed=0), 1.0) == pytest.approx(
        1.0, abs=0.02
    )


def test_flipping_with_probability_e_to_the_minus_epsilon_is_caught():
    def cheat(bits, epsilon):
        return bits ^ (np.random.default_rng(0).random(bits.shape) < math.exp(-epsilon) / 2)

    assert largest_ratio(cheat, 1.0) > 1.2


@given(st.floats(0, 30))
def test_epsilon_is_the_log_odds_that_a_bit_stays(epsilon):
    flip = flip_probability(epsilon)
    assert math.log((1 - flip) / flip) == pytest.approx(epsilon, abs=1e-2 if epsilon > 25 else 1e-5)


def test_one_alert_bit_at_epsilon_5_makes_6693_false_alerts_per_million_by_itself():
    assert round(1e6 * flip_probability(5)) == 6693


def test_the_count_of_flipped_bits_has_the_mean_and_deviation_of_the_flips():
    # 300 of 2000 bits are 1. The mean count is 300 (1 - p) + 1700 p, and its variance 2000 p (1 - p).
    truth, p = np.arange(2000) < 300, flip_probability(1.0)
    counts = np.array([randomised(truth, 1.0, seed=seed).sum() for seed in range(1000)])
    deviation = math.sqrt(2000 * p * (1 - p))
    assert abs(counts.mean() - (300 * (1 - p) + 1700 * p)) < 4 * deviation / math.sqrt(1000)
    assert counts.std() == pytest.approx(deviation, rel=0.1)


@pytest.mark.parametrize("epsilon", [-1, math.nan])
def test_an_epsilon_that_has_no_meaning_is_refused(epsilon):
    with pytest.raises(ValueError, match="epsilon must be at least 0"):
        flip_probability(epsilon)
