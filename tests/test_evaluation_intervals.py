"""Intervals over resampled clusters: families are drawn whole, and 0/0 is left out and counted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import bootstrap

from classifier.evaluation.intervals import (
    cluster_codes,
    cluster_sums,
    cluster_weights,
    divide_or_nan,
    percentile_interval,
)


def interval_of_a_share(sums, *, n_resamples):
    """Of the first over the second column, both added up over the drawn families."""
    totals = cluster_weights(len(sums), n_resamples=n_resamples, seed=0) @ sums
    return percentile_interval(divide_or_nan(totals[:, 0], totals[:, 1]))


def test_a_single_family_is_drawn_once_in_the_only_resample():
    assert cluster_weights(1, n_resamples=1, seed=0).tolist() == [[1]]


def test_every_resample_draws_as_many_families_as_there_are():
    weights = cluster_weights(7, n_resamples=50, seed=0)
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()
    assert (weights == 0).any()


def test_every_family_is_drawn_once_on_average():
    assert cluster_weights(5, n_resamples=20_000, seed=1).mean(axis=0) == pytest.approx(np.ones(5), abs=0.03)


def test_the_same_seed_draws_the_same_families():
    assert (cluster_weights(9, n_resamples=3, seed=4) == cluster_weights(9, n_resamples=3, seed=4)).all()
    assert (cluster_weights(9, n_resamples=3, seed=4) != cluster_weights(9, n_resamples=3, seed=5)).any()


def test_messages_are_added_up_by_family():
    codes, n_clusters = cluster_codes(["raid", "pizza", "raid"])
    assert cluster_sums(np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 1.0]]), codes, n_clusters).tolist() == [
        [0.0, 1.0],
        [2.0, 2.0],
    ]


def test_families_that_are_all_alike_leave_nothing_to_vary():
    interval = interval_of_a_share(np.array([[1.0, 4.0]] * 6), n_resamples=200)
    assert (interval.low, interval.high) == (0.25, 0.25)


def test_with_one_unit_a_family_it_is_the_plain_bootstrap():
    values = np.random.default_rng(3).random(40)
    ours = interval_of_a_share(np.column_stack([values, np.ones(40)]), n_resamples=4000)
    scipys = bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((scipys.low, scipys.high), abs=0.01)


def test_families_of_equal_messages_give_a_wider_interval_than_single_messages():
    in_families = np.array([[10.0 * (i % 2), 10.0] for i in range(10)])
    one_by_one = np.array([[float(i % 2), 1.0] for i in range(100)])
    wide, narrow = (interval_of_a_share(sums, n_resamples=2000) for sums in (in_families, one_by_one))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_the_interval_is_the_middle_of_the_values():
    interval = percentile_interval(np.arange(101.0), confidence=0.9)
    assert (interval.low, interval.high) == pytest.approx((5.0, 95.0))


def test_undefined_resamples_are_left_out_and_counted():
    interval = percentile_interval([0.0, 1.0, math.nan, math.nan], confidence=0.5)
    assert (interval.low, interval.high, interval.n_undefined) == (0.25, 0.75, 2)
    assert str(interval) == "0.250–0.750 (B = 4, 2 undefined and left out)"


def test_an_interval_of_nothing_but_undefined_is_nan():
    interval = percentile_interval([math.nan, math.nan])
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: cluster_codes(["pizza", "pizza"]), "at least 2 different ones, got 1"),
        (lambda: cluster_codes(["pizza", None]), "must all be named, got 1 missing of 2"),
        (lambda: cluster_weights(0, n_resamples=10, seed=0), "must be at least 1, got 0 and 10"),
        (lambda: cluster_weights(3, n_resamples=0, seed=0), "must be at least 1, got 3 and 0"),
        (lambda: percentile_interval([0.5], confidence=95), "confidence must be between 0 and 1, got 95"),
        (lambda: percentile_interval([0.5], confidence=0), "confidence must be between 0 and 1, got 0"),
        (lambda: percentile_interval([0.5], confidence=1), "confidence must be between 0 and 1, got 1"),
    ],
)
def test_what_makes_no_sense_is_refused(attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt()
