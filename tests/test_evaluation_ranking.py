"""Average precision and AUC of resampled clusters, beside scikit-learn's weighted ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from classifier.evaluation.intervals import cluster_weights
from classifier.evaluation.ranking import auc_with_interval, aucs, average_precisions

# Scores from a few values, so that ties are common.
UNITS = st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=30)


def arrays(units):
    label, score, code = zip(*units, strict=True)
    return np.array(label), np.array(score) / 5, np.array(code)


@given(UNITS, st.integers(0, 99))
def test_each_resample_is_scikit_learns_weighted_metric(units, seed):
    label, score, codes = arrays(units)
    weights = cluster_weights(4, n_resamples=5, seed=seed)
    ap, auc = (
        average_precisions(label, score, codes, weights=weights),
        aucs(label, score, codes, weights=weights),
    )
    for row, weight in enumerate(weights):
        drawn = np.repeat(np.arange(label.size), weight[codes])
        if label[drawn].any():
            assert ap[row] == pytest.approx(average_precision_score(label[drawn], score[drawn]))
        else:
            assert math.isnan(ap[row])
        if 0 < label[drawn].sum() < drawn.size:
            assert auc[row] == pytest.approx(roc_auc_score(label[drawn], score[drawn]))
        else:
            assert math.isnan(auc[row])


@given(UNITS)
def test_auc_of_turned_scores_is_one_minus_it(units):
    label, score, codes = arrays(units)
    ones = np.ones((1, 4), dtype=np.int64)
    assert aucs(label, score, codes, weights=ones) == pytest.approx(
        1 - aucs(label, -score, codes, weights=ones), nan_ok=True
    )


def test_equal_scores_are_flagged_together():
    ones = np.ones((1, 2), dtype=np.int64)
    assert average_precisions([1, 0], [0.5, 0.5], np.array([0, 1]), weights=ones).tolist() == [0.5]
    assert aucs([1, 0], [0.5, 0.5], np.array([0, 1]), weights=ones).tolist() == [0.5]


def test_a_resample_has_the_same_value_alone_as_among_many():
    # 1,001 resamples of 4,000 distinct scores do not fit in one block.
    rng = np.random.default_rng(0)
    label, score, codes = rng.random(4000) < 0.3, rng.permutation(4000) / 4000, rng.integers(0, 6, 4000)
    weights = cluster_weights(6, n_resamples=1001, seed=0)
    among_many = average_precisions(label, score, codes, weights=weights)
    alone = [average_precisions(label, score, codes, weights=weights[[row]])[0] for row in (0, 999, 1000)]
    assert among_many[[0, 999, 1000]] == pytest.approx(alone)


def test_auc_stands_with_its_interval_and_counts():
    result = auc_with_interval(
        [1, 0, 1, 0, 0],
        [0.9, 0.8, 0.7, 0.2, 0.1],
        ["ann", "bea", "cat", "dan", "dan"],
        n_resamples=300,
        seed=0,
    )
    assert result["auc"] == pytest.approx(5 / 6)
    assert result["auc_low"] <= result["auc"] <= result["auc_high"]
    assert [result[key] for key in ("positives", "n", "n_clusters", "n_resamples")] == [2, 5, 4, 300]


def test_an_interval_rests_on_a_thousand_resamples_unless_asked():
    assert auc_with_interval([1, 0], [0.9, 0.2], ["ann", "bea"], seed=0)["n_resamples"] == 1000


def test_a_perfect_score_is_perfect_in_every_resample():
    result = auc_with_interval(
        [1, 0, 1, 0], [0.9, 0.2, 0.8, 0.1], ["ann", "bea", "cat", "dan"], n_resamples=100, seed=0
    )
    assert (result["auc"], result["auc_low"], result["auc_high"]) == (1.0, 1.0, 1.0)


def test_a_score_of_chance_has_an_interval_around_one_half():
    rng = np.random.default_rng(8)
    result = auc_with_interval(
        rng.random(400) < 0.5, rng.random(400), rng.integers(0, 60, 400), n_resamples=200, seed=0
    )
    assert result["auc_low"] < 0.5 < result["auc_high"]


def test_codes_must_name_a_cluster_for_every_unit():
    with pytest.raises(ValueError, match="codes must name one cluster a unit"):
        aucs([1, 0], [0.5, 0.4], np.array([0]), weights=np.ones((1, 1), dtype=np.int64))
