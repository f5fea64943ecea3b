"""Canaries: a planted line is remembered, and a cheating measure is caught."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from attack_toys import MARKS, PUBLIC, toy_documents

from classifier.privacy.attacks.canary_exposure import draw_canaries, exposure_bits, exposure_by_chance
from classifier.privacy.attacks.membership_inference import (
    loss_scores,
)
from classifier.privacy.model_variants.fit_variants import (
    private_terms,
    public_terms,
)


@pytest.fixture(scope="module")
def documents():
    return toy_documents()


WORDS = (
    "amber birch cedar delta ember fjord grove heron ivory jade kelp lotus maple nectar opal pearl".split()
)
CANARIES = draw_canaries("the pizza club word is {} {}", WORDS, n=6, n_labels=2, seed=0)


def mean_exposure(documents, fit, canaries, *, planted, rank=exposure_bits):
    rows = [
        (line, f"canary {k}", *marks)
        for k, (line, marks) in enumerate(zip(canaries.planted, canaries.labels, strict=True))
    ]
    lines = pd.DataFrame(rows, columns=["text", "sender", *MARKS])
    own = documents[["text", "sender", *MARKS]]
    opened = fit(pd.concat([own, lines], ignore_index=True) if planted else own, 0)
    bits = []
    for line, marks in zip(canaries.planted, canaries.labels, strict=True):
        losses = -loss_scores(
            opened.probabilities(canaries.candidates), np.tile(marks, (len(canaries.candidates), 1))
        )
        bits.append(rank(losses[canaries.candidates.index(line)], losses))
    return float(np.mean(bits))


def test_a_planted_line_is_the_best_remembered_of_all_candidates(documents):
    assert (
        mean_exposure(documents, private_terms(labels=MARKS), CANARIES, planted=True)
        > math.log2(16 * 15) - 0.5
    )


def test_a_line_never_planted_has_the_exposure_of_chance(documents):
    assert mean_exposure(documents, private_terms(labels=MARKS), CANARIES, planted=False) == pytest.approx(
        exposure_by_chance(16 * 15)
    )


def test_a_public_vocabulary_remembers_no_planted_line(documents):
    assert mean_exposure(
        documents, public_terms(labels=MARKS, vocabulary=PUBLIC), CANARIES, planted=True
    ) == pytest.approx(exposure_by_chance(16 * 15))


def test_chance_is_1_44_bits():
    assert exposure_by_chance(1_000_000) == pytest.approx(1.4427, abs=1e-4)
    ranks = np.random.default_rng(0).random((2000, 256))
    assert np.mean([exposure_bits(row[0], row) for row in ranks]) == pytest.approx(
        exposure_by_chance(256), abs=0.1
    )


def test_counting_ties_as_lowest_rank_is_caught_by_a_model_that_knows_nothing(documents):
    def hopeful(loss, losses):
        return math.log2(losses.size) - math.log2(1 + (losses < loss - 1e-12).sum())

    assert mean_exposure(
        documents, public_terms(labels=MARKS, vocabulary=PUBLIC), CANARIES, planted=False, rank=hopeful
    ) > 2 * exposure_by_chance(16 * 15)


def test_canaries_with_one_label_between_them_teach_the_template_and_hide_the_leak(documents):
    alike = replace(CANARIES, labels=((1, 0),) * 6)
    assert (
        mean_exposure(documents, private_terms(labels=MARKS), alike, planted=True)
        < mean_exposure(documents, private_terms(labels=MARKS), CANARIES, planted=True) - 1
    )


def test_canaries_use_no_word_twice_and_their_labels_are_opposite_in_pairs():
    used = [word for line in CANARIES.planted for word in line.split()[-2:]]
    assert len(set(used)) == 12
    assert [tuple(1 - mark for mark in row) for row in CANARIES.labels[::2]] == list(CANARIES.labels[1::2])


@pytest.mark.parametrize("n", [3, 10])
def test_canaries_that_cannot_be_drawn_are_refused(n):
    with pytest.raises(
        ValueError,
        match=f"n must be even, and words differ and be at least {2 * n}; "
        f"got n = {n}, 16 words, 16 of them different",
    ):
        draw_canaries("{} {}", WORDS, n=n, n_labels=1, seed=0)


def test_a_canary_that_is_no_candidate_is_refused():
    with pytest.raises(ValueError, match="the canary must be one of its candidates"):
        exposure_bits(0.3, [0.1, 0.2])
