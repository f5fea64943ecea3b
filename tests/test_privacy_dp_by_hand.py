"""Minima, budgets and noise scales by hand, and problems that are hard for a solver."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import expit

from classifier.privacy.model_variants.dp_logistic import (
    Weights,
    fit_plain,
    fit_private,
    logistic_minimum,
    objective_budget,
    output_noise_scale,
    spherical_noise,
    with_intercept_column,
)
from classifier.privacy.model_variants.person_cap import positions_within_cap

# At margin m the logistic loss has the slope -1 / (1 + e^m); at the minimum the penalty's slope cancels it.
ONE_ROW = csr_array([[1.0]])


# ---------------------------------------------------------------- the minimum


def test_the_minimum_of_one_row_is_where_the_penalty_outweighs_the_loss():
    assert logistic_minimum(ONE_ROW, np.array([1.0]), regularisation=1 / (1 + math.e)) == pytest.approx([1.0])
    assert logistic_minimum(ONE_ROW, np.array([-1.0]), regularisation=1 / (1 + math.e)) == pytest.approx(
        [-1.0]
    )
    assert logistic_minimum(
        ONE_ROW, np.array([1.0]), regularisation=1 / (2 + 2 * math.e**2)
    ) == pytest.approx([2.0])


def test_rows_are_averaged_so_that_a_row_twice_is_a_row_once():
    # Three pull one way and one pulls back: at w = 1 the mean loss has the slope (e - 3) / (1 + e) / 4.
    assert logistic_minimum(
        csr_array(np.ones((4, 1))),
        np.array([1.0, 1.0, 1.0, -1.0]),
        regularisation=(3 - math.e) / 4 / (1 + math.e),
    ) == pytest.approx([1.0])
    once = logistic_minimum(csr_array(np.eye(2)), np.array([1.0, -1.0]), regularisation=0.1)
    twice = logistic_minimum(
        csr_array(np.eye(2)[[0, 1, 0, 1]]), np.array([1.0, -1.0, 1.0, -1.0]), regularisation=0.1
    )
    assert once == pytest.approx(twice)
    assert once[0] == pytest.approx(-once[1])


def test_a_slope_tilts_the_minimum_away():
    # The slope 1/2 cancels the loss's -1/2 at 0; at w = ln 3 the loss pulls with a quarter.
    assert logistic_minimum(
        ONE_ROW, np.array([1.0]), regularisation=0.1, slope=np.array([0.5])
    ) == pytest.approx([0.0])
    assert logistic_minimum(
        ONE_ROW, np.array([1.0]), regularisation=0.1, slope=np.array([0.25 - 0.1 * math.log(3)])
    ) == pytest.approx([math.log(3)])
    # A term that no row has is moved by the slope alone, to -slope / penalty.
    assert logistic_minimum(
        csr_array([[1.0, 0.0]]), np.array([1.0]), regularisation=0.1, slope=np.array([0.0, 7.0])
    )[1] == pytest.approx(-70.0)


def gradient(rows, signs, w, penalty, slope):
    """By the definition, row by row."""
    each = [-sign * expit(-sign * (row @ w)) * row for row, sign in zip(rows, signs, strict=True)]
    return np.mean(each, axis=0) + penalty * w + slope


def hard_problems(n=250):
    """Few rows, a weak penalty and much noise, where whole Newton steps overshoot."""
    rng = np.random.default_rng(4)
    for _ in range(n):
        size, dimension = rng.integers(1, 6), rng.integers(1, 4)
        rows = rng.standard_normal((size, dimension))
        rows /= np.maximum(1.0, np.linalg.norm(rows, axis=1, keepdims=True))
        yield (
            rows,
            rng.choice([-1.0, 1.0], size),
            10 ** rng.uniform(-5, -1),
            rng.standard_normal(dimension) * 10 ** rng.uniform(-3, 2),
        )


def test_at_every_minimum_the_gradient_is_gone_however_weak_the_penalty_and_however_strong_the_noise():
    left = [
        np.linalg.norm(
            gradient(
                rows,
                signs,
                logistic_minimum(csr_array(rows), signs, regularisation=penalty, slope=slope),
                penalty,
                slope,
            )
        )
        / max(1.0, np.linalg.norm(slope))
        for rows, signs, penalty, slope in hard_problems()
    ]
    assert max(left) < 2e-9


# ---------------------------------------------------------------- fits


def test_a_label_of_every_row_is_the_intercept_s_alone_when_there_are_no_words():
    # On rows of 1/sqrt(2) the weight is sqrt(2) b for an intercept b, so 1 / (1 + e^b) = 2 penalty b.
    weights = fit_plain(csr_array((3, 0)), [[1, 0]] * 3, regularisation=1 / (2 + 2 * math.e))
    assert weights.intercept == pytest.approx([1.0, -1.0])
    assert weights.coef.shape == (2, 0)


def test_one_word_of_length_one_shares_the_weight_with_the_intercept():
    # Both are c and the margin is 2 c, so 1 / (1 + e^(2 c)) = 2 penalty c; here c = 1/2.
    weights = fit_plain(csr_array([[1.0, 0.0]]), [[1]], regularisation=1 / (1 + math.e))
    assert weights.coef[0] == pytest.approx([0.5, 0.0])
    assert weights.coef[0, 1] == 0.0
    assert weights.intercept == pytest.approx([0.5])
    assert weights.probabilities(csr_array([[1.0, 0.0], [0.0, 1.0]]))[:, 0] == pytest.approx(
        [expit(1.0), expit(0.5)]
    )


@pytest.mark.parametrize("method", ["output_perturbation", "objective_perturbation"])
def test_a_fit_with_an_infinite_epsilon_is_the_plain_one(method):
    rows, labels = csr_array(np.eye(3)[[0, 1, 2, 0]]), [[1, 0], [0, 0], [1, 1], [1, 0]]
    private, exact = (
        fit_private(rows, labels, method=method, epsilon=math.inf, regularisation=0.1, seed=0),
        fit_plain(rows, labels, regularisation=0.1),
    )
    assert private.coef == pytest.approx(exact.coef, abs=1e-8)
    assert private.intercept == pytest.approx(exact.intercept, abs=1e-8)


def test_output_noise_for_each_of_many_labels_has_the_scale_of_its_share_of_epsilon():
    rows, labels = csr_array((4, 0)), np.ones((4, 400))
    noise = (
        fit_private(
            rows, labels, method="output_perturbation", epsilon=400 * 2.0, regularisation=0.5, seed=0
        ).intercept
        - fit_plain(rows, labels[:, :1], regularisation=0.5).intercept
    )
    # In one dimension the length is exponential, so its mean is the scale,
    # 2 / (n Lambda epsilon) = 2 / (4 * 0.5 * 2); the intercept is the weight over sqrt(2).
    assert np.abs(noise).mean() * math.sqrt(2) == pytest.approx(0.5, rel=4 / math.sqrt(400))


def test_objective_noise_for_each_of_many_labels_has_the_scale_that_its_budget_leaves():
    # The share is 1 + 2 ln(1 + c / (n Lambda)), so that 1 is left and the scale is 2.
    share, labels = 1.0 + 2.0 * math.log(1.0 + 0.25 / 4), np.repeat([[1], [0], [1], [0]], 400, axis=1)
    found = fit_private(
        csr_array((4, 0)),
        labels,
        method="objective_perturbation",
        epsilon=400 * share,
        regularisation=1.0,
        seed=0,
    ).intercept
    # The tilt over n balances the gradient at the minimum: sqrt(2) times the intercept, on rows of 1/sqrt(2).
    tilts = 4 * (math.sqrt(0.5) * (expit(found) - 0.5) + math.sqrt(2) * found)
    assert np.abs(tilts).mean() == pytest.approx(2.0, rel=4 / math.sqrt(400))


def test_output_noise_is_the_same_whatever_the_labels_and_the_shift_by_objective_noise_is_not():
    rows = csr_array((4, 0))
    for method, same in (("output_perturbation", True), ("objective_perturbation", False)):
        agreed, divided = (
            fit_private(rows, labels, method=method, epsilon=1.0, regularisation=0.1, seed=0).intercept[0]
            - fit_plain(rows, labels, regularisation=0.1).intercept[0]
            for labels in ([[1]] * 4, [[1], [0]] * 2)
        )
        assert (agreed == pytest.approx(divided)) == same


# ---------------------------------------------------------------- budgets


def test_where_the_curvature_takes_all_of_epsilon_the_penalty_is_strengthened():
    # c / (n Lambda) = 1/4 and epsilon = 2 ln(5/4): nothing is left.
    # Delta = (1/4) / (sqrt(5/4) - 1) - 1 = sqrt(5/4).
    assert objective_budget(2.0 * math.log1p(0.25), 1, 1.0) == pytest.approx(
        (math.log(1.25), math.sqrt(1.25))
    )
    assert objective_budget(2.0 * math.log1p(0.25) + 0.5, 1, 1.0) == pytest.approx((0.5, 0.0))


def test_the_scale_of_output_noise_falls_with_rows_penalty_and_epsilon():
    assert output_noise_scale(1.0, 10, 0.1) == pytest.approx(2.0)
    assert output_noise_scale(4.0, 10, 0.1) == pytest.approx(0.5)
    assert output_noise_scale(1.0, 40, 0.1) == pytest.approx(0.5)
    assert output_noise_scale(1.0, 10, 0.4) == pytest.approx(0.5)


def test_noise_of_three_dimensions_is_three_scales_long_on_average():
    rng = np.random.default_rng(0)
    lengths = [np.linalg.norm(spherical_noise(3, 2.0, rng)) for _ in range(4000)]
    # Gamma(3, 2): mean 6, standard deviation 2 sqrt(3).
    assert np.mean(lengths) == pytest.approx(6.0, abs=4 * 2 * math.sqrt(3 / 4000))


# ---------------------------------------------------------------- what is refused


def test_a_constant_makes_rows_of_at_most_one_still_at_most_one():
    assert with_intercept_column(csr_array([[1.0, 0.0], [0.6, 0.8], [0.0, 0.0]])).toarray() == pytest.approx(
        math.sqrt(0.5) * np.array([[1, 0, 1], [0.6, 0.8, 1], [0, 0, 1]])
    )
    # A sum of many squares may be rounded up a little.
    assert with_intercept_column(csr_array([[1.0 + 1e-12]])).shape == (1, 2)


def test_the_longest_row_is_named():
    with pytest.raises(
        ValueError, match="have a length of at most 1, got 2 for row 2: the noise would be too small"
    ):
        with_intercept_column(csr_array([[1.0, 0.0], [1.0, 0.5], [0.0, 2.0]]))
    with pytest.raises(ValueError, match="got 1.001 for row 0"):
        with_intercept_column(csr_array([[1.001]]))


@pytest.mark.parametrize(
    "labels",
    [[1, 0], [[1], [0]], [[1], [0], [1], [0]], [[], [], []], [[1], [0], [0.5]], [[[1]], [[0]], [[1]]]],
)
def test_labels_of_another_shape_or_value_are_refused(labels):
    with pytest.raises(ValueError, match=r"labels must be 0/1 of shape \(3, labels\), got shape \("):
        fit_plain(csr_array(np.eye(3)[:, :2]), labels, regularisation=0.1)


@pytest.mark.parametrize(
    "options",
    [
        {"epsilon": 0.0},
        {"epsilon": -1.0},
        {"regularisation": 0.0},
        {"regularisation": -0.1},
        {"regularisation": math.inf},
        {"regularisation": math.nan},
    ],
)
def test_a_budget_or_penalty_out_of_range_is_refused(options):
    with pytest.raises(ValueError, match="epsilon and regularisation must be above 0, got"):
        fit_private(
            ONE_ROW,
            [[1]],
            **{"method": "output_perturbation", "epsilon": 0.5, "regularisation": 0.5, "seed": 0} | options,
        )


# ---------------------------------------------------------------- the cap


def test_one_row_of_each_person_is_kept_in_the_order_of_the_rows():
    people = ["mei", "ayo", "mei", "noor", "ayo", "mei"]
    kept = positions_within_cap(people, cap=1, seed=0)
    assert kept.tolist() == sorted(kept.tolist())
    assert sorted(people[position] for position in kept) == ["ayo", "mei", "noor"]
    assert len({tuple(positions_within_cap(people, cap=1, seed=seed)) for seed in range(10)}) > 1


def test_a_cap_of_0_is_refused():
    with pytest.raises(ValueError, match="cap must be at least 1, got 0"):
        positions_within_cap(["mei"], cap=0, seed=0)


def test_a_probability_is_the_logistic_function_of_words_and_intercept():
    weights = Weights(np.array([[1.0, -2.0]]), np.array([0.5]))
    assert weights.probabilities(csr_array([[0.6, 0.8]])) == pytest.approx(
        expit(np.array([[0.6 - 1.6 + 0.5]]))
    )
