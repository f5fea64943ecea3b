"""Late warnings are worth less: golden values worked out by hand, formulas written a second time, extremes."""

from __future__ import annotations

import math
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.evaluation.early_warning import (
    ERISK_P,
    ESPD_P,
    erde,
    f_latency,
    latency_penalty,
    speed,
)
from classifier.evaluation.rates import Rate, f_beta

LABEL = [1, 1, 1, 1] + 8 * [0]
DECISION = [1, 1, 1, 0] + [1] + 7 * [0]
K = [3, 12, 40, 60, 2] + 7 * [25]

UNITS = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 200)), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("p", "quick", "product"),
    [(0.0078, 0.9571262985, 0.7178447239), (math.log(3) / 89, 0.9322123484, 0.6991592613)],
)
def test_f_latency_of_the_worked_example(p, quick, product):
    result = f_latency(LABEL, DECISION, K, p=p)
    assert result.f1 == 0.75
    assert result.speed == pytest.approx(quick, abs=1e-10)
    assert result.f_latency == pytest.approx(product, abs=1e-10)
    assert (result.precision, result.recall, result.p, result.n) == (Rate(3, 4), Rate(3, 4), p, 12)


@pytest.mark.parametrize(("o", "expected"), [(5, 0.2876354337), (50, 0.1111148943)])
def test_erde_of_the_worked_example(o, expected):
    assert erde(LABEL, DECISION, K, o=o) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("beta", [0.5, 1.0, 3.0])
def test_every_f_of_the_worked_example_is_three_quarters(beta):
    result = f_latency(LABEL, DECISION, K, p=ERISK_P)
    assert f_beta(result.precision.value, result.recall.value, beta=beta) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0.0078, [0, 0.035086, 0.188807, 0.333801, 0.367993]),
        (math.log(3) / 89, [0, 0.055491, 0.293532, 0.5, 0.544849]),
    ],
)
def test_penalties_by_hand(p, expected):
    assert latency_penalty([1, 10, 50, 90, 100], p=p) == pytest.approx(expected, abs=5e-7)


def test_what_other_functions_of_this_name_compute_is_not_matched():
    product = f_latency(LABEL, DECISION, K, p=ERISK_P).f_latency
    assert all(abs(product - other) > 1e-3 for other in (0.714926, 0.699597, 0.445833))


def test_the_penalty_is_a_hyperbolic_tangent():
    k = np.arange(1.0, 300.0)
    assert latency_penalty(k, p=0.02) == pytest.approx(np.tanh(0.02 * (k - 1) / 2))


def test_the_constants_of_the_two_lines_of_work():
    assert latency_penalty([90], p=ESPD_P) == pytest.approx([0.5])
    assert ERISK_P == 0.0078


def test_a_warning_at_the_first_message_costs_nothing():
    assert speed([1, 1, 1], p=0.5) == 1.0


def test_speed_is_the_median_and_one_very_late_warning_hardly_moves_it():
    assert speed([2, 3, 4], p=0.1) == pytest.approx(speed([2, 3, 100_000], p=0.1))


def test_without_a_true_positive_speed_is_zero():
    result = f_latency([1, 0], [0, 1], [5, 1], p=0.1)
    assert (result.f1, result.speed, result.f_latency) == (0.0, 0.0, 0.0)


def test_with_nothing_to_find_and_nothing_flagged_f1_is_undefined():
    assert math.isnan(f_latency([0, 0], [0, 0], [1, 1], p=0.1).f_latency)
    assert math.isnan(erde([], [], [], o=5))


def test_the_k_of_units_not_flagged_is_ignored():
    nowhere = [float("nan") if not decision else k for decision, k in zip(DECISION, K, strict=True)]
    assert f_latency(LABEL, DECISION, nowhere, p=ERISK_P) == f_latency(LABEL, DECISION, K, p=ERISK_P)
    assert erde(LABEL, DECISION, nowhere, o=5) == erde(LABEL, DECISION, K, o=5)


def test_a_result_is_printed_with_its_parts_and_its_p():
    assert (
        str(f_latency(LABEL, DECISION, K, p=ERISK_P))
        == "F_latency 0.718 = F1 0.750 * speed 0.957 (p = 0.0078, n = 12)"
    )


@pytest.mark.parametrize(("k", "cost"), [(4, 0.268941), (5, 0.5), (6, 0.731059)])
def test_a_true_positive_costs_more_the_later_it_comes(k, cost):
    assert erde([1], [1], [k], o=5) == pytest.approx(cost, abs=5e-7)


def test_a_warning_after_a_hundred_thousand_messages_does_not_overflow():
    assert erde([1], [1], [100_000], o=5) == 1.0


@pytest.mark.parametrize(("label", "decision", "cost"), [(1, 0, 1.0), (0, 0, 0.0)])
def test_a_miss_costs_one_and_a_true_negative_nothing(label, decision, cost):
    assert erde([label], [decision], [1], o=5) == cost


@given(UNITS, st.sampled_from([5, 50]))
def test_erde_is_the_sum_over_units_written_out(units, o):
    label, decision, k = zip(*units, strict=True)
    total = 0.0
    for y, d, seen in units:
        if d:
            total += 1 - 1 / (1 + math.exp(seen - o)) if y else sum(label) / len(units)
        else:
            total += y
    assert erde(label, decision, k, o=o) == pytest.approx(total / len(units))


@given(UNITS, st.floats(0.001, 0.5))
def test_f_latency_is_the_product_written_out(units, p):
    label, decision, k = zip(*units, strict=True)
    hits = [seen for y, d, seen in units if y and d]
    result = f_latency(label, decision, k, p=p)
    if sum(label) + sum(decision):
        f1 = 2 * len(hits) / (sum(label) + sum(decision))
        quick = 1 - median(-1 + 2 / (1 + math.exp(-p * (seen - 1))) for seen in hits) if hits else 0.0
        assert result.f_latency == pytest.approx(f1 * quick)
    else:
        assert math.isnan(result.f_latency)


@given(UNITS, st.integers(1, 50))
def test_warning_later_is_never_better(units, delay):
    label, decision, k = zip(*units, strict=True)
    later = [seen + delay for seen in k]
    assert erde(label, decision, later, o=5) >= erde(label, decision, k, o=5)
    assert speed(later, p=0.01) < speed(k, p=0.01)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: latency_penalty([0], p=0.1), "k must count messages from 1, got 0.0"),
        (lambda: latency_penalty([1], p=0.0), "p must be above 0, got 0.0"),
        (lambda: f_latency([1, 0], [1], [1, 1], p=0.1), "of one length, got shapes"),
        (lambda: f_latency([1, 2], [1, 0], [1, 1], p=0.1), "label must hold only 0 and 1"),
        (lambda: erde([1], [0.5], [1], o=5), "decision must hold only 0 and 1"),
        (
            lambda: erde(range(9), [1] * 9, [1] * 9, o=5),
            "label must hold only 0 and 1 or False and True, got \\[0, 1, 2, 3, 4\\]",
        ),
        (lambda: erde([1], [1], [0], o=5), "k of a flagged unit must count messages from 1"),
        (lambda: erde([1], [1], [float("nan")], o=5), "got one below 1 or nan"),
    ],
)
def test_what_makes_no_sense_is_refused(attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt()
