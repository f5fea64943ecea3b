"""Average precision and AUC of resampled clusters, beside scikit-learn's weighted ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import t
from sklearn.metrics import average_precision_score, roc_auc_score

from classifier.evaluation.intervals import Resamples
from classifier.evaluation.ranking import auc_with_interval, aucs, average_precisions

# Scores from a few values, so that ties are common.
UNITS = st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=30)


def arrays(units):
    label, score, code = zip(*units, strict=True)
    return np.array(label), np.array(score) / 5, np.array(code)


@given(UNITS, st.integers(0, 99))
def test_each_resample_is_scikit_learns_weighted_metric(units, seed):
    label, score, codes = arrays(units)
    assume(np.unique(codes).size > 1)
    resamples = Resamples.of(codes, n_resamples=5, seed=seed)
    ap, auc = average_precisions(label, score, resamples), aucs(label, score, resamples)
    numbers = np.unique(codes, return_inverse=True)[1]
    for row, weight in enumerate(resamples.weights):
        drawn = np.repeat(np.arange(label.size), weight[numbers])
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
    label, score, _ = arrays(units)
    once = Resamples.none(label.size)
    assert aucs(label, score, once) == pytest.approx(1 - aucs(label, -score, once), nan_ok=True)


def test_equal_scores_are_flagged_together():
    assert average_precisions([1, 0], [0.5, 0.5], Resamples.none(2)).tolist() == [0.5]
    assert aucs([1, 0], [0.5, 0.5], Resamples.none(2)).tolist() == [0.5]


def test_a_conversation_of_two_dialogues_is_there_as_often_as_they_are():
    label, score = [1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]
    resamples = Resamples.of([("a", "b"), "a", "b", "c"], n_resamples=20, seed=0)
    a, b, c = resamples.weights.T
    times = np.array([a + b - 1, a, b, c])
    above = times[0] * (times[1] + times[3]) + times[2] * times[3]
    of = (times[0] + times[2]) * (times[1] + times[3])
    defined = of > 0
    assert aucs(label, score, resamples)[defined] == pytest.approx((above / np.where(of, of, 1))[defined])


def test_a_resample_has_the_same_value_alone_as_among_many():
    # 1,001 resamples of 4,000 distinct scores do not fit in one block.
    rng = np.random.default_rng(0)
    label, score, codes = rng.random(4000) < 0.3, rng.permutation(4000) / 4000, rng.integers(0, 6, 4000)
    resamples = Resamples.of(codes, n_resamples=1000, seed=0)
    among_many = average_precisions(label, score, resamples)
    alone = [average_precisions(label, score, resamples.rows(row, row + 1))[0] for row in (0, 999, 1000)]
    assert among_many[[0, 999, 1000]] == pytest.approx(alone)


def test_auc_stands_with_its_interval_and_counts():
    result = auc_with_interval(
        [1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.1], ["ann", "bea", "cat", "dan", "dan"]
    )
    assert result["auc"] == pytest.approx(5 / 6)
    assert result["auc_low"] < result["auc"] < result["auc_high"]
    assert [result[key] for key in ("positives", "n", "n_clusters")] == [2, 5, 4]


def test_the_variance_of_independent_units_is_delongs():
    # Two positives of 3 and 1 negatives below, of four: shares won 3/4 and 1/4, area 1/2. Negatives: positives
    # above are 2, 1, 1 and 0 of two. Variances over their own counts: (1/16 + 1/16) / 4 and (1/4 + 1/4) / 16.
    result = auc_with_interval([1, 0, 0, 1, 0, 0], [0.55, 0.1, 0.2, 0.15, 0.3, 0.9], range(6))
    influences = np.array([1 / 8, -1 / 8, 1 / 8, 0.0, 0.0, -1 / 8])
    assert result["auc"] == 0.5
    df = (influences @ influences) ** 2 / (influences**4).sum()
    reach = t.ppf(0.975, df) * math.sqrt(1 / 16) / 0.25
    assert result["auc_high"] == pytest.approx(1 / (1 + math.exp(-reach)))


def test_units_of_one_dialogue_that_go_together_widen_the_interval():
    rng = np.random.default_rng(0)
    label, dialogue = np.arange(400) % 2 == 0, np.arange(400) // 10
    score = label + np.repeat(rng.normal(size=40), 10) * np.where(label, 1, -1) + rng.normal(size=400)
    alone, together = (auc_with_interval(label, score, names) for names in (range(400), dialogue))
    assert together["auc"] == alone["auc"]
    assert together["auc_high"] - together["auc_low"] > 2 * (alone["auc_high"] - alone["auc_low"])


def test_a_perfect_score_has_no_room():
    result = auc_with_interval([1, 0, 1, 0], [0.9, 0.2, 0.8, 0.1], ["ann", "bea", "cat", "dan"])
    assert (result["auc"], result["auc_low"], result["auc_high"]) == (1.0, 1.0, 1.0)


def test_a_score_of_chance_has_an_interval_around_one_half():
    rng = np.random.default_rng(8)
    result = auc_with_interval(rng.random(400) < 0.5, rng.random(400), rng.integers(0, 60, 400))
    assert result["auc_low"] < 0.5 < result["auc_high"]


def test_resamples_must_be_of_the_units():
    with pytest.raises(ValueError, match="resamples must be of 2 units, got 1"):
        aucs([1, 0], [0.5, 0.4], Resamples.none(1))
