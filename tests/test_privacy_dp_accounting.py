"""What is claimed of a private model or a noisy release: budgets add up as other implementations say, and what cannot be claimed is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.evaluation.rates import Rate
from classifier.privacy.builds.dp_statement import DPStatement, composed_epsilon, dp_statement
from classifier.privacy.builds.vocabulary import public_vocabulary
from classifier.privacy.policies.release import (
    chance_an_alert_is_true,
    debiased_count,
    epsilon_of_flips,
    false_alerts_per_million,
    flip_probability,
    laplace_standard_error,
    randomised,
)

# ---------------------------------------------------------------- G: composition

# dp-accounting 0.6.0: privacy_loss_distribution.from_randomized_response(2 / (1 + e^epsilon), 2, value_discretization_interval=1e-5).self_compose(times)
#   .get_epsilon_for_delta(delta). It rounds each loss up to a multiple of 1e-5, so it may lie above the exact value by times * 1e-5, and not below.
DP_ACCOUNTING = [
    (0.5, 7, 1e-6, 3.500042),
    (0.5, 7, 1e-3, 3.472061),
    (1.0, 7, 1e-6, 6.999991),
    (1.0, 7, 1e-3, 6.990999),
    (0.2, 50, 1e-9, 8.347272),
    (0.2, 50, 1e-6, 6.884004),
    (0.2, 50, 1e-3, 4.731266),
]


def agrees_with_dp_accounting(composed):
    return all(
        golden - times * 1e-5 - 2e-6 <= composed(epsilon, times, delta) <= golden + 2e-6
        for epsilon, times, delta, golden in DP_ACCOUNTING
    )


def test_composition_agrees_with_dp_accounting():
    assert agrees_with_dp_accounting(
        lambda epsilon, times, delta: composed_epsilon(epsilon, times, delta=delta)
    )


@pytest.mark.parametrize(
    "cheat",
    [
        lambda epsilon, times, delta: epsilon,
        lambda epsilon, times, delta: epsilon * math.sqrt(times),
        lambda epsilon, times, delta: epsilon * times,
    ],
    ids=["once for all", "square root", "plain sum"],
)
def test_a_composition_that_counts_otherwise_does_not_agree(cheat):
    assert not agrees_with_dp_accounting(cheat)


@given(st.floats(1e-3, 5), st.integers(1, 60))
def test_without_a_failure_probability_epsilons_add_up_and_with_one_they_come_to_no_more(epsilon, times):
    assert composed_epsilon(epsilon, times) == epsilon * times
    assert composed_epsilon(epsilon, times, delta=1e-6) <= epsilon * times


def test_composition_of_what_is_no_budget_is_refused():
    with pytest.raises(ValueError, match="expected epsilon > 0, times >= 1 and delta in"):
        composed_epsilon(0.0, 7)


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
def test_the_epsilon_of_flips_agrees_with_opendp(stays, epsilon):
    assert epsilon_of_flips(1 - stays) == pytest.approx(epsilon, abs=1e-9)
    assert flip_probability(epsilon) == pytest.approx(1 - stays, abs=1e-12)


def largest_ratio(flip, epsilon, *, n=200_000):
    """ln of how much likelier an answer becomes when the true bit changes, counted over many answers."""
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
def test_epsilon_and_flip_probability_are_each_other_s_inverse(epsilon):
    assert epsilon_of_flips(flip_probability(epsilon)) == pytest.approx(
        epsilon, abs=1e-2 if epsilon > 25 else 1e-5
    )


def test_one_alert_bit_at_epsilon_5_makes_6693_false_alerts_per_million_by_itself():
    assert round(false_alerts_per_million(5)) == 6693
    assert false_alerts_per_million(0) == 500_000
    assert false_alerts_per_million(math.inf) == 0


def test_at_one_pattern_in_a_thousand_seven_of_eight_flipped_alerts_are_false():
    assert chance_an_alert_is_true(5, prevalence=1e-3) == pytest.approx(
        0.993307 / (0.993307 + 999 * 0.006693), rel=1e-4
    )
    assert chance_an_alert_is_true(math.inf, prevalence=1e-3) == 1.0
    assert math.isnan(chance_an_alert_is_true(math.inf, prevalence=0.0))
    assert chance_an_alert_is_true(5, prevalence=1e-3, recall=0.0) == 0.0


def test_the_count_without_its_noise_is_right_on_average_and_as_uncertain_as_it_says():
    truth = np.arange(2000) < 300
    estimates = [
        debiased_count(Rate(int(randomised(truth, 1.0, seed=seed).sum()), 2000), 1.0) for seed in range(1000)
    ]
    counts = np.array([estimate.count for estimate in estimates])
    error = estimates[0].standard_error
    assert abs(counts.mean() - 300) < 4 * error / math.sqrt(1000)
    assert counts.std() == pytest.approx(error, rel=0.1)


def test_the_reported_count_itself_is_far_off():
    truth = np.arange(2000) < 300
    reported = np.mean([randomised(truth, 1.0, seed=seed).sum() for seed in range(100)])
    assert reported - 300 > 8 * debiased_count(Rate(0, 2000), 1.0).standard_error


def test_without_flips_the_count_is_exact_and_with_even_odds_unknown():
    assert debiased_count(Rate(7, 100), math.inf).count == pytest.approx(7)
    assert debiased_count(Rate(7, 100), math.inf).standard_error == 0
    assert math.isnan(debiased_count(Rate(7, 100), 0.0).count)
    assert debiased_count(Rate(7, 100), 0.0).standard_error == math.inf


def test_a_trusted_counter_needs_far_less_noise_than_flipped_bits():
    assert laplace_standard_error(1.0) == pytest.approx(math.sqrt(2))
    assert laplace_standard_error(0.5) == pytest.approx(2.0 * math.sqrt(2))
    assert laplace_standard_error(0.0) == math.inf
    assert debiased_count(Rate(0, 1_000_000), 1.0).standard_error > 500 * laplace_standard_error(1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: false_alerts_per_million(-1), "epsilon must be at least 0"),
        (lambda: false_alerts_per_million(math.nan), "epsilon must be at least 0"),
        (lambda: epsilon_of_flips(0.6), r"probability must be in \[0, 0.5\]"),
        (lambda: randomised([0, 2], 1.0, seed=0), "bits must be 0 and 1"),
        (lambda: chance_an_alert_is_true(1.0, prevalence=2), r"prevalence and recall must be in \[0, 1\]"),
    ],
)
def test_a_release_that_has_no_meaning_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
