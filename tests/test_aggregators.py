"""Simple aggregators, on three messages about pizza worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from toy_scores import of_labels

from classifier.workflows.conversation_evaluation.aggregators import (
    AGGREGATORS,
    mean_over_median,
    noisy_or,
    softmax_mean,
    top_k_mean,
)

PIZZA = of_labels(
    [
        [0.2, 0.1, 0.0, 0.0, 0.0, 0.9, 0.9],
        [0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.2, 0.0, 0.0],
    ]
)
BY_HAND = {
    "maximum": 0.5,
    "top-3 mean": 0.3,
    "noisy-or": 1 - 0.8 * 0.5 * 0.8,
    "softmax-weighted mean": (2 * 0.2 + 0.5 * math.exp(3)) / (2 + math.exp(3)),
    "mean over median": 0.1 / math.sqrt(0.02),
}


@pytest.mark.parametrize("name", AGGREGATORS)
def test_an_aggregator_agrees_with_a_result_by_hand(name):
    assert AGGREGATORS[name](PIZZA) == pytest.approx(BY_HAND[name], abs=1e-12)


@pytest.mark.parametrize("name", AGGREGATORS)
def test_cues_play_no_part(name):
    without = PIZZA.copy()
    without[:, 5:] = 0
    assert AGGREGATORS[name](without) == AGGREGATORS[name](PIZZA)


@pytest.mark.parametrize("name", AGGREGATORS)
def test_order_plays_no_part(name):
    assert AGGREGATORS[name](PIZZA[::-1]) == pytest.approx(AGGREGATORS[name](PIZZA), abs=1e-15)


def test_fewer_messages_than_k_are_all_taken():
    assert top_k_mean(PIZZA[:2], k=3) == pytest.approx(0.35)
    assert top_k_mean(PIZZA, k=1) == 0.5


def test_a_softmax_mean_lies_between_the_mean_and_the_maximum():
    assert softmax_mean(PIZZA, temperature=1e6) == pytest.approx(0.3, abs=1e-6)
    assert softmax_mean(PIZZA, temperature=1e-3) == pytest.approx(0.5)


def test_messages_all_alike_do_not_stand_out():
    assert mean_over_median(PIZZA[:1]) == 0
    assert mean_over_median(np.full((7, 43), 0.1)) == 0


def test_a_noisy_or_grows_with_length():
    quiet = np.full((200, 43), 0.02)
    assert noisy_or(quiet) == pytest.approx(1 - 0.98**200)
