"""Calibration: reliability, proper scores, and the maps that recalibrate a probability."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from classifier.evaluation.calibration import (
    Temperature,
    Unchanged,
    brier,
    compare_calibrators,
    expected_calibration_error,
    fit_isotonic,
    fit_sigmoid,
    fit_temperature,
    log_loss,
    reliability_table,
)
from classifier.evaluation.rates import Rate

UNITS = st.lists(st.tuples(st.booleans(), st.floats(0.01, 0.99)), min_size=2, max_size=40)


def too_sure(n, seed):
    """Labels whose log-odds are half of what the probabilities claim."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(size=n)
    return rng.random(n) < expit(log_odds), expit(2 * log_odds)


@given(UNITS)
def test_brier_and_log_loss_are_those_of_scikit_learn(units):
    label, p = zip(*units, strict=True)
    assert brier(label, p) == pytest.approx(brier_score_loss(label, p))
    assert log_loss(label, p) == pytest.approx(sklearn_log_loss(label, p, labels=[False, True]))


def test_log_loss_of_a_certainty_that_failed_is_infinite_and_of_one_that_held_is_zero():
    assert log_loss([1], [0.0]) == math.inf
    assert log_loss([1, 0], [1.0, 0.0]) == 0.0


def test_scores_of_nothing_are_undefined():
    assert math.isnan(brier([], []))
    assert math.isnan(log_loss([], []))
    assert math.isnan(expected_calibration_error([], []).value)


def test_bins_hold_the_same_number_of_units_when_probabilities_differ():
    table = reliability_table([0, 1] * 25, np.linspace(0, 1, 50), n_bins=5)
    assert table["n"].tolist() == [10] * 5


def test_reliability_is_that_of_scikit_learns_quantile_bins():
    label, p = too_sure(400, seed=0)
    table = reliability_table(label, p, n_bins=8)
    observed, mean = calibration_curve(label, p, n_bins=8, strategy="quantile")
    assert table["observed"].to_numpy() == pytest.approx(observed)
    assert table["mean_probability"].to_numpy() == pytest.approx(mean)


def test_equal_probabilities_share_a_bin():
    table = reliability_table([0, 1, 0, 1, 1], [0.2, 0.2, 0.2, 0.2, 0.9], n_bins=4)
    assert table[["lowest", "highest", "n"]].to_numpy().tolist() == [[0.2, 0.2, 4], [0.9, 0.9, 1]]


@given(UNITS, st.integers(1, 12))
def test_every_unit_is_in_one_bin(units, n_bins):
    label, p = zip(*units, strict=True)
    table = reliability_table(label, p, n_bins=n_bins)
    assert (table["n"].sum(), table["positives"].sum()) == (len(label), sum(label))
    assert len(table) <= n_bins
    assert (table["lowest"].to_numpy()[1:] > table["highest"].to_numpy()[:-1]).all()


def test_each_bin_has_exact_bounds():
    row = reliability_table([0, 1, 1], [0.5, 0.5, 0.5]).iloc[0]
    assert (row["observed_low"], row["observed_high"]) == Rate(2, 3).interval()


def test_the_calibration_error_is_the_mean_gap_with_its_bins():
    # Bin .1: none of 2 came true, gap .1. Bin .8: 1 of 2, gap .3.
    error = expected_calibration_error([0, 0, 0, 1], [0.1, 0.1, 0.8, 0.8], n_bins=2)
    assert error.value == pytest.approx(0.2)
    assert str(error) == "0.200 (2 bins of equal mass)"


def test_the_number_of_bins_is_that_of_the_bins_in_use():
    assert expected_calibration_error([0, 1, 1], [0.7, 0.7, 0.7], n_bins=10).n_bins == 1


def test_the_sigmoid_is_scikit_learns_logistic_regression_on_platts_targets():
    label, p = too_sure(500, seed=1)
    n1, n0 = label.sum(), (~label).sum()
    target = np.where(label, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
    # A soft target is two rows, one of each label, weighted.
    x = logit(np.concatenate([p, p]))[:, None]
    model = LogisticRegression(C=1e12, tol=1e-10, max_iter=1000).fit(
        x, np.repeat([1, 0], 500), sample_weight=np.concatenate([target, 1 - target])
    )
    fitted = fit_sigmoid(label, p)
    assert (fitted.slope, fitted.intercept) == pytest.approx(
        (model.coef_[0, 0], model.intercept_[0]), abs=1e-4
    )


def test_the_sigmoid_stays_finite_where_the_kinds_do_not_overlap():
    fitted = fit_sigmoid([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])
    assert 0 < fitted.slope < 100
    assert fitted([0.85])[0] < 1


def test_the_temperature_is_the_best_of_a_grid():
    label, p = too_sure(2000, seed=2)
    fitted = fit_temperature(label, p)
    grid = [log_loss(label, Temperature(t)(p)) for t in np.linspace(0.5, 4, 400)]
    assert log_loss(label, fitted(p)) <= min(grid)
    assert fitted.temperature == pytest.approx(2.0, abs=0.3)


def test_certainties_that_come_true_three_times_of_four_are_cooled_to_three_quarters():
    assert fit_temperature([0, 1, 1, 1], [1.0, 1.0, 1.0, 1.0])([1.0]) == pytest.approx([0.75], abs=1e-6)
    assert fit_temperature([1, 0, 0, 0], [0.0, 0.0, 0.0, 0.0])([0.0]) == pytest.approx([0.25], abs=1e-6)


def test_six_of_ten_that_come_true_three_times_of_four_are_heated_to_three_quarters():
    assert fit_temperature([0, 1, 1, 1], [0.6, 0.6, 0.6, 0.6])([0.6]) == pytest.approx([0.75], abs=1e-6)


def test_one_unit_of_each_kind_is_enough_to_fit():
    assert fit_isotonic([0, 1], [0.2, 0.8])([0.2, 0.5, 0.8]) == pytest.approx([0.0, 0.5, 1.0])


def test_a_temperature_moves_nothing_across_one_half():
    p = np.linspace(0.01, 0.99, 99)
    assert ((Temperature(3.0)(p) > 0.5) == (p > 0.5)).all()
    assert Temperature(1.0)(p) == pytest.approx(p)


def test_the_isotonic_map_is_scikit_learns():
    label, p = too_sure(300, seed=3)
    model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(p, label)
    new = np.linspace(0, 1, 101)
    fitted = fit_isotonic(label, p)
    assert fitted(new) == pytest.approx(model.predict(new))
    assert (np.diff(fitted(new)) >= 0).all()


def test_the_comparison_fits_on_validation_and_measures_on_test():
    validation, test = (
        pd.DataFrame(dict(zip(("label", "probability"), too_sure(3000, seed=seed), strict=True)))
        for seed in (4, 5)
    )
    table = compare_calibrators(validation, test).set_index("calibrator")
    assert table.index.tolist() == ["none", "sigmoid", "isotonic", "temperature"]
    mended = fit_sigmoid(validation["label"], validation["probability"])(test["probability"])
    assert table.loc["sigmoid", "brier"] == brier(test["label"], mended)
    assert table.loc["none", "log_loss"] == log_loss(test["label"], test["probability"])
    for mended in ("sigmoid", "isotonic", "temperature"):
        assert table.loc[mended, "brier"] < table.loc["none", "brier"]
        assert table.loc[mended, "calibration_error"] < table.loc["none", "calibration_error"]
    assert set(table["n"]) == {3000}
    assert set(table["n_bins"].loc[["none", "sigmoid", "temperature"]]) == {10}


def test_a_calibration_error_has_ten_bins_unless_asked():
    assert expected_calibration_error([0, 1] * 50, np.linspace(0.005, 0.995, 100)).n_bins == 10


def test_no_map_changes_nothing():
    assert Unchanged()([0.1, 0.9]).tolist() == [0.1, 0.9]


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: brier([0, 1], [0.5, 1.5]), "probability must be in \\[0, 1\\], got 0.5 to 1.5"),
        (lambda: reliability_table([0, 1], [0.5, 0.5], n_bins=0), "n_bins must be at least 1, got 0"),
        (lambda: fit_sigmoid([1, 1], [0.5, 0.6]), "both 0 and 1 to fit a calibrator, got 2 positives of 2"),
        (lambda: fit_temperature([0, 0], [0.5, 0.6]), "got 0 positives of 2"),
        (lambda: fit_isotonic([0, 0], [0.5, 0.6]), "got 0 positives of 2"),
    ],
)
def test_what_makes_no_sense_is_refused(attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt()
