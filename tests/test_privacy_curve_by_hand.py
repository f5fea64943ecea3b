"""AUC by counting pairs, sampled documents, and the draws behind a curve."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from classifier.privacy.model_variants.dp_curve import (
    EPSILONS,
    LabelledDocuments,
    dp_curve,
    labelled_documents,
    mean_auc,
)
from classifier.privacy.model_variants.dp_logistic import Weights, fit_plain, fit_private
from classifier.privacy.model_variants.person_cap import sampled_documents
from classifier.privacy.uniform_draw import stream_seed


def scored(scores, labels):
    """Weights and rows whose scores are the given ones, one column a label."""
    return Weights(np.eye(len(scores[0])), np.zeros(len(scores[0]))), LabelledDocuments(
        csr_array(np.array(scores)), np.array(labels)
    )


def toy(n, seed):
    """Rows over three words, of which the first mostly gives the label."""
    rng = np.random.default_rng(seed)
    words = np.eye(3)[rng.integers(0, 3, size=n)]
    return LabelledDocuments(
        csr_array(words), np.where(rng.random((n, 1)) < 0.7, words[:, :1], 1 - words[:, :1]).astype(np.int64)
    )


TRAIN, TEST = toy(60, 1), toy(40, 2)


def test_the_area_counts_pairs_and_ties_by_half():
    # .9 beats .1 and ties with .9; .5 beats .1 and loses to .9.
    assert mean_auc(*scored([[0.9], [0.1], [0.9], [0.5]], [[1], [0], [0], [1]])) == 2.5 / 4
    # One of five carries the label, and beats three of four.
    assert mean_auc(*scored([[0.4], [0.1], [0.2], [0.3], [0.8]], [[1], [0], [0], [0], [0]])) == 3 / 4


def test_the_mean_is_over_labels_that_some_rows_carry_and_some_do_not():
    scores = [[0.9, 0.1, 0.5, 0.5], [0.1, 0.9, 0.5, 0.5]]
    assert mean_auc(*scored(scores, [[1, 1, 1, 0], [0, 0, 1, 0]])) == 0.5
    assert mean_auc(*scored(scores, [[1, 0, 1, 0], [0, 0, 1, 0]])) == 1.0
    assert math.isnan(mean_auc(*scored(scores, [[1, 1, 0, 0], [1, 1, 0, 0]])))


def test_weights_for_other_labels_than_the_test_s_are_refused():
    weights, _ = scored([[0.9], [0.1]], [[1], [0]])
    with pytest.raises(ValueError, match="shorter than|longer than"):
        mean_auc(weights, LabelledDocuments(csr_array(np.array([[0.9], [0.1]])), np.array([[1, 0], [0, 1]])))


def test_all_documents_within_the_cap_are_taken_or_as_many_as_asked_for():
    documents = pd.DataFrame(
        {"text": [f"raid {number}" for number in range(12)], "sender": list("ababababcccc")}
    )
    assert (
        sampled_documents(documents, cap=4, n_rows=12, seed=0)["text"].tolist() == documents["text"].tolist()
    )
    assert sampled_documents(documents, cap=2, n_rows=12, seed=0)["sender"].value_counts().to_dict() == {
        "a": 2,
        "b": 2,
        "c": 2,
    }
    few = [tuple(sampled_documents(documents, cap=4, n_rows=5, seed=seed).index) for seed in range(8)]
    assert {len(drawn) for drawn in few} == {5}
    assert all(drawn == tuple(sorted(drawn)) for drawn in few)
    assert len(set(few)) > 1


def test_smaller_samples_are_nested_in_larger_ones():
    documents = pd.DataFrame(
        {"text": [f"raid {number}" for number in range(30)], "sender": [f"p{number}" for number in range(30)]}
    )
    drawn = [set(sampled_documents(documents, cap=1, n_rows=n, seed=0)["text"]) for n in (3, 10, 20, 30)]
    assert [len(texts) for texts in drawn] == [3, 10, 20, 30]
    assert drawn[0] < drawn[1] < drawn[2] < drawn[3]


def test_whether_a_document_is_drawn_does_not_depend_on_other_people_s_documents():
    mine = pd.DataFrame({"text": [f"raid {number}" for number in range(20)], "sender": ["mei"] * 20})
    others = pd.DataFrame({"text": ["pizza"] * 7, "sender": ["ayo"] * 7})

    def draws(documents):
        """Texts of mei in the order in which larger samples take them in."""
        sizes = [
            set(sampled_documents(documents, cap=20, n_rows=n, seed=0)["text"]) - {"pizza"} for n in range(28)
        ]
        return [sorted(after - before) for before, after in pairwise(sizes) if after - before]

    assert draws(pd.concat([others, mine], ignore_index=True)) == draws(mine)


def test_a_cap_counts_the_one_who_is_written_to():
    documents = pd.DataFrame(
        {"text": ["raid"] * 6, "sender": list("abcdef"), "contact": ["mei"] * 5 + ["noor"]}
    )
    found = sampled_documents(documents, cap=2, n_rows=6, seed=0)
    assert found["contact"].value_counts().to_dict() == {"mei": 2, "noor": 1}


def test_documents_become_rows_and_labels_in_the_order_asked_for():
    documents = pd.DataFrame(
        {"text": ["Pizza", "pizza raid"], "secrecy": [1, 0], "meeting": [0, 0], "raid": [1, 1]}
    )
    found = labelled_documents(documents, vocabulary=["pizza", "raid"], labels=["raid", "secrecy"])
    assert found.rows.toarray().round(2).tolist() == [[1.0, 0.0], [0.71, 0.71]]
    assert found.labels.tolist() == [[1, 1], [1, 0]]


def test_with_infinite_epsilon_every_draw_is_the_plain_fit():
    curve = dp_curve(TRAIN, TEST, epsilons=(math.inf,), n_seeds=2, regularisation=0.01)
    assert curve["method"].tolist() == ["plain", "output_perturbation", "objective_perturbation"]
    assert curve["n_seeds"].tolist() == [1, 2, 2]
    assert curve[["auc", "auc_low", "auc_high"]].nunique().tolist() == [1, 1, 1]
    assert curve.loc[0, "auc"] == mean_auc(fit_plain(TRAIN.rows, TRAIN.labels, regularisation=0.01), TEST)


def test_the_default_seed_is_0():
    default, zero = (
        dp_curve(TRAIN, TEST, epsilons=(2.0,), n_seeds=2, regularisation=0.01, **seed)
        for seed in ({}, {"seed": 0})
    )
    pd.testing.assert_frame_equal(default, zero, check_exact=True)


def test_a_point_of_the_curve_is_made_of_the_draws_of_its_own_seeds_and_a_band_of_their_middle():
    curve = dp_curve(
        TRAIN,
        TEST,
        epsilons=(2.0, 5.0),
        methods=["output_perturbation"],
        n_seeds=3,
        seed=7,
        regularisation=0.01,
    )
    draws = sorted(
        mean_auc(
            fit_private(
                TRAIN.rows,
                TRAIN.labels,
                method="output_perturbation",
                epsilon=5.0,
                regularisation=0.01,
                seed=stream_seed(7, "noise", "output_perturbation", 5.0, number),
            ),
            TEST,
        )
        for number in range(3)
    )
    assert curve["epsilon"].tolist() == [math.inf, 2.0, 5.0]
    assert curve.loc[2, "auc"] == pytest.approx(sum(draws) / 3)
    # Of three draws the 2.5 % quantile lies a twentieth of the way from the lowest to the middle one.
    assert draws[0] < draws[1] < draws[2]
    assert curve.loc[2, "auc_low"] == pytest.approx(draws[0] + 0.05 * (draws[1] - draws[0]))
    assert curve.loc[2, "auc_high"] == pytest.approx(draws[2] - 0.05 * (draws[2] - draws[1]))


def test_each_decade_of_epsilon_has_the_points_of_the_previous_one():
    assert EPSILONS[2:] == pytest.approx([10 * epsilon for epsilon in EPSILONS[:-2]])
    assert EPSILONS[2] == 1.0
