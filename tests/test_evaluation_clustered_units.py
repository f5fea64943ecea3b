"""Rates of units in clusters: what a unit is worth, by hand and beside other formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import beta, t

from classifier.evaluation.clustered_units import Clusters
from classifier.evaluation.rates import Rate
from classifier.evaluation.thresholds import threshold_for_fpr


def test_units_by_themselves_have_the_exact_interval():
    rate = Clusters.of(range(20)).rate([1] * 3 + [0] * 17, [1] * 20)
    assert rate == Rate(3, 20)
    assert rate.interval() == pytest.approx((beta.ppf(0.025, 3, 18), beta.ppf(0.975, 4, 17)))


def test_families_whose_units_are_all_alike_count_as_one_unit_each():
    hit = [number < 30 for number in range(100) for _ in range(5)]
    rate = Clusters.of([number for number in range(100) for _ in range(5)]).rate(hit, [1] * 500)
    assert rate.design_effect == pytest.approx(5)


def test_a_pair_that_shares_two_dialogues_is_counted_once():
    # Units 0 and 1 share both dialogues, 2 and 3 none. Differences from 1/2: .5, .5, -.5, -.5.
    names = [("a", "b"), ("a", "b"), ("c",), ("d",)]
    rate = Clusters.of(names).rate([1, 1, 0, 0], [1, 1, 1, 1])
    # Alone 4 * .25 = 1; the pair adds 2 * .25.
    assert rate.design_effect == pytest.approx(1.5)
    # Sums by dialogue: 1, 1, -.5, -.5; (1 + 1 + .25 + .25)² / (1 + 1 + .0625 + .0625).
    assert rate.df == pytest.approx(2.5**2 / 2.125)


def test_units_outside_do_not_count():
    names = ["a", "a", "b", "b", "c"]
    inside, marked = Clusters.of(names), [1, 1, 1, 1, 0]
    assert inside.rate([1, 1, 0, 0, 1], marked) == Clusters.of(names[:4]).rate([1, 1, 0, 0], [1] * 4)


@pytest.mark.parametrize("hits", [0, 4])
def test_none_and_all_have_no_effect_to_measure(hits):
    assert Clusters.of(["a", "a", "b", "b"]).rate([hits] * 4, [1] * 4) == Rate(hits, 4)


def test_bounds_are_those_of_fewer_units_and_of_students_t():
    rate = Rate(20, 400, design_effect=4.0, df=10.0)
    normal, students = 1.959963984540054, t.ppf(0.975, 10)
    worth = (normal / students) ** 2 / 4
    assert rate.interval() == pytest.approx(
        (
            beta.ppf(0.025, 20 * worth, 380 * worth + 1),
            beta.ppf(0.975, 20 * worth + 1, 380 * worth),
        )
    )
    assert Rate(20, 400).interval()[1] < rate.interval()[1]


def test_a_threshold_is_stricter_where_alarms_come_in_families():
    rng = np.random.default_rng(0)
    families = np.repeat(np.arange(200), 10)
    score = np.repeat(rng.random(200), 10)
    alone = threshold_for_fpr(np.zeros(2000), score, max_fpr=0.05)
    together = threshold_for_fpr(np.zeros(2000), score, max_fpr=0.05, clusters=families)
    assert alone < together
    assert Clusters.of(families).rate(score >= together, np.ones(2000)).upper() <= 0.05
    below = np.unique(score[score < together])[-1]
    assert Clusters.of(families).rate(score >= below, np.ones(2000)).upper() > 0.05


def test_clusters_that_are_made_are_taken_as_they_are():
    made = Clusters.of(["raid", "pizza"])
    assert Clusters.of(made) is made


def test_names_must_be_there():
    for names in (["pizza", None], ["pizza", ()], ["pizza", math.nan]):
        with pytest.raises(ValueError, match="must all be named, got 1 missing of 2"):
            Clusters.of(names)
