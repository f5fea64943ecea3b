"""Thresholds: chosen on validation data, refused when it cannot show what is asked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from classifier.evaluation.rates import Rate, false_positive_rate
from classifier.evaluation.thresholds import (
    TooFewUnits,
    best_f1_threshold,
    error_free_units_needed,
    k_of_n,
    message_threshold,
    threshold_for_fpr,
    threshold_for_reviews,
)

UNITS = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=25).filter(
    lambda units: any(label for label, _ in units)
)


def exact_upper(hits, n):
    return binomtest(hits, n, alternative="less").proportion_ci(0.95, method="exact").high


@given(UNITS)
def test_no_other_score_has_a_better_f1(units):
    label, score = (np.array(column) for column in zip(*units, strict=True))
    chosen = best_f1_threshold(label, score)
    f1 = {float(t): f1_score(label, score >= t) for t in np.unique(score)}
    best = max(f1.values())
    assert f1[chosen] == pytest.approx(best)
    assert all(f1[t] < best - 1e-12 for t in f1 if t > chosen)


def test_of_equally_good_thresholds_the_highest_is_taken():
    # At .9: P = 1, R = 1/2; at .2: P = 1/2, R = 1. Both F1 = 2/3.
    assert best_f1_threshold([1, 0, 0, 1], [0.9, 0.5, 0.4, 0.2]) == 0.9


def test_without_a_positive_there_is_no_best_threshold():
    with pytest.raises(ValueError, match="at least one positive to choose a threshold by F1, got none of 2"):
        best_f1_threshold([0, 0], [0.1, 0.2])


@pytest.mark.parametrize(("rate", "needed"), [(1e-4, 29_956), (1e-2, 299), (0.5, 5)])
def test_so_many_error_free_units_show_a_rate_and_one_fewer_does_not(rate, needed):
    assert error_free_units_needed(rate) == needed
    assert exact_upper(0, needed) <= rate < exact_upper(0, needed - 1)


def test_the_threshold_is_the_smallest_whose_bound_holds():
    rng = np.random.default_rng(2)
    label, score = rng.random(500) < 0.2, rng.random(500).round(2)
    chosen = threshold_for_fpr(label, score, max_fpr=0.05)
    shown = {t: exact_upper(int((score[~label] >= t).sum()), int((~label).sum())) for t in np.unique(score)}
    assert chosen == min(t for t, bound in shown.items() if bound <= 0.05)


def test_the_observed_rate_alone_is_not_enough():
    # 5 of 100 benign are at or above .95, yet 5 in 100 may come of a rate of 10 %.
    label, score = [0] * 100, [i / 100 for i in range(100)]
    assert false_positive_rate(label, score, threshold=0.95).value == 0.05
    assert threshold_for_fpr(label, score, max_fpr=0.05) == 0.99


def test_when_the_highest_score_is_benign_the_threshold_lies_just_above_it():
    threshold = threshold_for_fpr([0] * 99, [0.5] * 98 + [1.0], max_fpr=0.0301)
    assert threshold == np.nextafter(1.0, 2.0)
    assert false_positive_rate([0] * 99, [0.5] * 98 + [1.0], threshold=threshold).hits == 0


def test_the_bound_holds_for_new_units_as_often_as_said():
    # Uniform benign scores: the true rate of a threshold is 1 - threshold.
    rng = np.random.default_rng(5)
    kept = sum(1 - threshold_for_fpr([0] * 200, rng.random(200), max_fpr=0.05) <= 0.05 for _ in range(400))
    assert 0.93 <= kept / 400 <= 1.0


def test_too_few_units_says_how_many_are_needed():
    with pytest.raises(
        TooFewUnits, match=r"at least 29956 benign units without a false alarm .* got 300 benign units"
    ) as caught:
        threshold_for_fpr([0] * 300, [0.1] * 300, max_fpr=1e-4)
    assert caught.value.needed == 29_956


def test_exactly_enough_units_are_enough():
    assert threshold_for_fpr([0] * 299, [0.1] * 299, max_fpr=0.01) == np.nextafter(0.1, 1.0)
    with pytest.raises(TooFewUnits, match="at least 299"):
        threshold_for_fpr([0] * 298, [0.1] * 298, max_fpr=0.01)


def test_a_bound_of_exactly_the_rate_asked_for_is_low_enough():
    # At .5 one of 40 benign units is flagged, and its bound is what is asked for.
    label, score, bound = [0] * 40 + [1], [0.1] * 39 + [0.5, 0.9], Rate(1, 40).upper()
    assert threshold_for_fpr(label, score, max_fpr=bound) == 0.5
    assert threshold_for_reviews(label, score, reviews_per_day=bound, volume_per_day=1, prevalence=0) == 0.5


def test_reviews_are_the_smallest_threshold_that_keeps_the_day():
    rng = np.random.default_rng(6)
    label = np.arange(600) < 100
    score = np.round(rng.random(600) * 0.7 + 0.3 * label, 2)
    chosen = threshold_for_reviews(label, score, reviews_per_day=400, volume_per_day=10_000, prevalence=0.002)

    def alerts(t):
        return 10_000 * (
            0.002 * (score[label] >= t).mean() + 0.998 * exact_upper(int((score[~label] >= t).sum()), 500)
        )

    assert chosen == min(t for t in np.unique(score) if alerts(t) <= 400)


def test_true_finds_fill_the_reviewers_day_too():
    label, score = [0] * 400 + [1] * 10, [0.1] * 400 + [0.9] * 10
    assert (
        threshold_for_reviews(label, score, reviews_per_day=600, volume_per_day=10_000, prevalence=0.01)
        == 0.9
    )
    assert (
        threshold_for_reviews(label, score, reviews_per_day=100, volume_per_day=10_000, prevalence=0.0099)
        > 0.9
    )


def test_the_more_patterns_there_are_the_fewer_benign_units_can_fill_the_day():
    # Half of 1,000 are benign, so 50 reviews allow one in ten of them, which takes 29: .9 ** 29 < .05 < .9 ** 28.
    assert threshold_for_reviews(
        [0] * 29 + [1], [0.1] * 29 + [0.9], reviews_per_day=50, volume_per_day=1000, prevalence=0.5
    ) == np.nextafter(0.9, 1.0)
    with pytest.raises(TooFewUnits, match="at least 29 benign units"):
        threshold_for_reviews(
            [0] * 28 + [1], [0.1] * 28 + [0.9], reviews_per_day=50, volume_per_day=1000, prevalence=0.5
        )


def test_a_day_with_room_for_every_benign_unit_is_still_no_day_with_room_for_all():
    assert (
        threshold_for_reviews(
            [0] * 20 + [1], [0.1] * 20 + [0.9], reviews_per_day=9, volume_per_day=10, prevalence=0.5
        )
        == 0.9
    )


def test_less_than_one_review_a_day_can_be_asked_for():
    assert (
        threshold_for_reviews(
            [0] * 99 + [1], [0.1] * 99 + [0.9], reviews_per_day=0.5, volume_per_day=10, prevalence=0
        )
        == 0.9
    )


def test_a_review_budget_the_data_cannot_show_is_refused():
    with pytest.raises(TooFewUnits, match="benign units without a false alarm"):
        threshold_for_reviews(
            [0] * 50 + [1], [0.1] * 51, reviews_per_day=10, volume_per_day=100_000, prevalence=1e-4
        )


def test_k_of_n_counts_flags_not_their_order():
    assert k_of_n([[1, 0, 1], [0, 0, 1], [1, 1, 1]], 2).tolist() == [True, False, True]
    assert k_of_n([[1, 0, 1]], 3).tolist() == [False]


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=6), st.integers(1, 3))
def test_more_flags_asked_never_flags_more(flags, k):
    assert not (k_of_n(flags, k + 1) & ~k_of_n(flags, k)).any()


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: error_free_units_needed(0.0), "max_rate must be between 0 and 1, got 0.0"),
        (lambda: error_free_units_needed(1.0), "max_rate must be between 0 and 1, got 1.0"),
        (
            lambda: message_threshold([1, 0], [0.9, 0.1], max_false_alarms=1.0),
            "max_false_alarms must be in \\[0, 1\\), got 1.0",
        ),
        (
            lambda: message_threshold([1, 1], [0.9, 0.1], max_false_alarms=0.1),
            "at least one message without it, got none of 2",
        ),
        (
            lambda: threshold_for_reviews(
                [0, 1], [0.1, 0.9], reviews_per_day=0, volume_per_day=5, prevalence=0.1
            ),
            "reviews_per_day must be above 0",
        ),
        (
            lambda: threshold_for_reviews(
                [0, 1], [0.1, 0.9], reviews_per_day=10, volume_per_day=5, prevalence=0.1
            ),
            "below volume_per_day, got 10 and 5",
        ),
        (
            lambda: threshold_for_reviews(
                [0, 1], [0.1, 0.9], reviews_per_day=1, volume_per_day=5, prevalence=1.0
            ),
            "prevalence must be in",
        ),
        (
            lambda: threshold_for_reviews(
                [0, 0], [0.1, 0.9], reviews_per_day=1, volume_per_day=5, prevalence=0.1
            ),
            "at least one positive, got none of 2",
        ),
        (lambda: k_of_n([1, 0], 1), "flags must have shape \\(units, n\\)"),
        (lambda: k_of_n([[1, 0]], 0), "k must be in 1..n, got shape \\(1, 2\\) and k=0"),
        (lambda: k_of_n([[1, 0]], 3), "k must be in 1..n, got shape \\(1, 2\\) and k=3"),
    ],
)
def test_what_makes_no_sense_is_refused(attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt()


def test_a_message_threshold_flags_no_more_ordinary_messages_than_allowed():
    label = [1, 0, 1, 0, 0, 0]
    score = [0.9, 0.8, 0.7, 0.3, 0.2, 0.1]
    assert message_threshold(label, score, max_false_alarms=0.25) == 0.7
    assert message_threshold(label, score, max_false_alarms=0.24) == 0.9


def test_a_score_that_differs_in_its_last_bits_is_flagged_too():
    score = 0.7123456789123456
    threshold = message_threshold([1, 0], [score, 0.1], max_false_alarms=0.0)
    assert threshold <= np.nextafter(score, 0.0)
    assert score - threshold < 1e-9


def test_when_no_observed_threshold_is_allowed_nothing_is_flagged():
    assert message_threshold([1, 0], [0.5, 0.5], max_false_alarms=0.0) > 0.5


def test_a_single_ordinary_message_is_all_of_them():
    assert message_threshold([1, 0], [0.5, 0.5], max_false_alarms=0.5) > 0.5
