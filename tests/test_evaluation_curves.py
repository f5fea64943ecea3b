"""Curves: every threshold once, and the areas beside scikit-learn's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from classifier.evaluation.curves import auc, curve_points, partial_auc, roc_table
from classifier.evaluation.rates import false_positive_rate, true_positive_rate

UNITS = st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=40).filter(
    lambda units: len({label for label, _ in units}) == 2
)


@given(UNITS)
def test_roc_points_are_those_of_scikit_learn(units):
    label, score = zip(*units, strict=True)
    fpr, tpr, thresholds = roc_curve(label, score, drop_intermediate=False)
    table = roc_table(label, score)
    assert table["threshold"].tolist() == thresholds.tolist()
    assert table["false_positive_rate"].to_numpy() == pytest.approx(fpr)
    assert table["true_positive_rate"].to_numpy() == pytest.approx(tpr)


@given(UNITS)
def test_each_roc_row_is_what_flagging_at_its_threshold_gives(units):
    label, score = zip(*units, strict=True)
    for _, row in roc_table(label, score).iterrows():
        assert (
            row["false_positive_rate"] == false_positive_rate(label, score, threshold=row["threshold"]).value
        )
        assert row["true_positive_rate"] == true_positive_rate(label, score, threshold=row["threshold"]).value


@given(UNITS)
def test_the_area_is_the_share_of_pairs_in_the_right_order(units):
    positive = [score for label, score in units if label]
    benign = [score for label, score in units if not label]
    pairs = [1.0 if p > b else 0.5 if p == b else 0.0 for p in positive for b in benign]
    label, score = zip(*units, strict=True)
    assert auc(label, score) == pytest.approx(sum(pairs) / len(pairs))


@given(UNITS, st.sampled_from([0.01, 0.1, 0.5, 0.9]))
def test_a_partial_area_is_scikit_learns_before_its_rescaling(units, max_fpr):
    label, score = zip(*units, strict=True)
    chance, most = max_fpr**2 / 2, max_fpr
    rescaled = 0.5 * (1 + (partial_auc(label, score, max_fpr=max_fpr) * max_fpr - chance) / (most - chance))
    assert rescaled == pytest.approx(roc_auc_score(label, score, max_fpr=max_fpr))


@given(UNITS)
def test_a_point_is_the_highest_threshold_that_reaches_its_level(units):
    label, score = (np.array(column) for column in zip(*units, strict=True))
    for _, row in curve_points(label, score, levels=(0.25, 0.5, 1.0)).iterrows():
        flagged = score >= row["threshold"]
        assert row["recall"] == flagged[label].mean() >= row["level"]
        assert row["precision"] == label[flagged].mean()
        assert row["false_positive_rate"] == flagged[~label].mean()
        assert (score > row["threshold"])[label].mean() < row["level"]


def test_a_level_that_falls_on_a_whole_number_of_finds_takes_no_more():
    label, score = [1] * 20 + [0], [*range(20, 0, -1), 0]
    assert curve_points(label, score, levels=(0.15,))["true_finds"].tolist() == [3]


def test_without_a_positive_unit_a_curve_has_no_points():
    assert len(curve_points([0, 0], [0.1, 0.2])) == 0


def test_a_perfect_score_has_every_area_one():
    assert auc([0, 0, 1], [0.1, 0.2, 0.9]) == 1.0
    assert partial_auc([0, 0, 1], [0.1, 0.2, 0.9], max_fpr=0.01) == 1.0


def test_a_constant_score_is_chance():
    assert auc([0, 1], [0.5, 0.5]) == 0.5
    assert partial_auc([0, 1], [0.5, 0.5], max_fpr=0.1) == pytest.approx(0.05)


def test_no_good_in_the_far_half_helps_the_near_one():
    label, score = [0, 1, 0, 1], [0.9, 0.8, 0.1, 0.05]
    assert partial_auc(label, score, max_fpr=0.5) == 0.0
    assert auc(label, score) == 0.25


def test_with_one_kind_of_unit_rates_are_undefined():
    assert math.isnan(auc([1, 1], [0.1, 0.2]))
    assert roc_table([1, 1], [0.1, 0.2])["false_positive_rate"].isna().all()


def test_counts_stand_beside_the_rates():
    table = roc_table([1, 0, 0], [0.9, 0.9, 0.1])
    assert table[["false_alarms", "true_finds"]].to_numpy().tolist() == [[0, 0], [1, 1], [2, 1]]


@pytest.mark.parametrize("max_fpr", [0.0, 1.1, np.nan])
def test_a_width_outside_the_curve_is_refused(max_fpr):
    with pytest.raises(ValueError, match="max_fpr must be above 0 and at most 1, got"):
        partial_auc([0, 1], [0.1, 0.2], max_fpr=max_fpr)
