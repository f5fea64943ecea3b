"""Intervals over resampled clusters: families are drawn whole, and 0/0 is left out and counted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import bootstrap

from classifier.evaluation.intervals import (
    Resamples,
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


def test_the_first_row_is_the_data_and_the_others_take_families_whole():
    resamples = Resamples.of(["raid", "pizza", "raid"], n_resamples=50, seed=0)
    hits, n = resamples.sums([0, 1, 1], [1, 1, 1])
    assert (hits[0], n[0]) == (2, 3)
    # Families stand in the order of their names: pizza has one message, which is hit, raid two, one of them hit.
    pizza, raid = resamples.weights[1:].T
    assert hits[1:].tolist() == (pizza + raid).tolist()
    assert n[1:].tolist() == (pizza + 2 * raid).tolist()


def test_a_unit_of_two_clusters_comes_again_with_each_and_goes_with_each():
    drawn = Resamples.of([("raid", "pizza"), "raid"], n_resamples=50, seed=0)
    pizza, raid = drawn.weights.T
    assert drawn.sums([1, 0])[0].tolist() == np.maximum(1 + (pizza - 1) + (raid - 1), 0).tolist()
    assert drawn.group_sums(np.array([0, 1]), 2, np.ones(2))[1].tolist() == raid.tolist()


def test_no_share_lies_outside_0_and_1():
    units = [(f"a{number % 7}", f"b{number % 5}", f"c{number % 3}") for number in range(60)]
    rates = Resamples.of(units, n_resamples=500, seed=0).rates([1] * 57 + [0] * 3, [1] * 60)
    assert (rates.min() >= 0, rates.max() <= 1, rates[0]) == (True, True, 57 / 60)


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
        (lambda: Resamples.of(["a", "a"], n_resamples=9, seed=0), "at least 2 different ones, got 1"),
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
