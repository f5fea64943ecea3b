"""Ways of building a model: what each fits, and what it promises."""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from attack_toys import MARKS, toy_documents
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from classifier.privacy.model_variants.fit_variants import (
    hashed_terms,
    people_vocabulary,
    private_terms,
    private_weights,
    public_terms,
    salt_from_seed,
    standard_variants,
)


@pytest.fixture(scope="module")
def documents():
    return toy_documents()


def test_a_variant_without_noise_is_scikit_learns_regression_at_a_strength_of_four():
    # The intercept is penalised as any weight: a last column of ones.
    texts = ["pizza pizza raid", "pizza rain", "raid rain pizza", "rain"] * 5
    table = pd.DataFrame({"text": texts, "sender": range(20), "raid": [1, 0, 1, 0] * 5})
    terms = {"analyzer": lambda text: [*text.split(), *map(" ".join, pairwise(text.split()))]}
    tfidf, marks = (
        TfidfVectorizer(**terms, sublinear_tf=True),
        normalize(CountVectorizer(**terms, binary=True).fit_transform(texts)),
    )
    listed = CountVectorizer(vocabulary=["raid"], binary=True).transform(texts)
    for rows, fit in (
        (tfidf.fit_transform(texts), private_terms),
        (marks, hashed_terms),
        (listed, partial(public_terms, vocabulary=("raid",))),
    ):
        constant = np.hstack([rows.toarray(), np.ones((20, 1))])
        expected = (
            LogisticRegression(C=4.0, fit_intercept=False, tol=1e-9, max_iter=1000)
            .fit(constant, table["raid"])
            .predict_proba(constant)[:, 1]
        )
        assert fit(labels=["raid"])(table, 0).probabilities(texts)[:, 0] == pytest.approx(expected, abs=1e-5)


def test_a_variant_with_next_to_no_noise_is_scikit_learns_regression_at_the_penalty_fixed_beforehand():
    # Lambda .001 over 20 rows is a C of 1 / (2 * .001 * 20).
    texts = ["pizza raid", "pizza", "raid rain", "rain"] * 5
    table = pd.DataFrame({"text": texts, "sender": range(20), "raid": [1, 0, 0, 1] * 5})
    rows = normalize(CountVectorizer(vocabulary=["pizza", "raid"]).transform(texts))
    constant = np.hstack([rows.toarray(), np.ones((20, 1))])
    expected = (
        LogisticRegression(C=25.0, fit_intercept=False, tol=1e-9, max_iter=1000)
        .fit(constant, table["raid"])
        .predict_proba(constant)[:, 1]
    )
    opened = private_weights(epsilon=1e9, cap=1, labels=["raid"], vocabulary=("pizza", "raid"))(table, 0)
    assert opened.probabilities(texts)[:, 0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("fit", "promise"),
    [
        (private_terms(labels=MARKS), (math.inf, 1)),
        (hashed_terms(labels=MARKS), (math.inf, 1)),
        (public_terms(labels=MARKS), (math.inf, 1)),
        (private_weights(epsilon=3.0, cap=2, labels=MARKS), (3.0, 2)),
    ],
    ids=["private", "hashed", "public", "noisy"],
)
def test_a_variant_states_what_it_promises_for_a_document_and_how_many_a_sender_has(documents, fit, promise):
    statement = fit(documents[:20], 0).statement
    assert (statement.unit, statement.epsilon, statement.cap) == ("document", *promise)


def test_terms_are_hashed_into_a_quarter_of_a_million_cells_unless_asked():
    opened = hashed_terms(labels=["raid"])(
        pd.DataFrame({"text": ["pizza", "raid"], "sender": ["ayo", "mei"], "raid": [0, 1]}), 0
    )
    assert opened.content["coef"].shape == (1, 262_144)


def test_the_salt_of_an_experiment_has_sixteen_bytes_and_follows_from_the_seed():
    assert len(salt_from_seed(3)) == 16
    assert salt_from_seed(3) == salt_from_seed(3) != salt_from_seed(4)


def test_standard_variants_are_named_as_policies_name_their_models():
    assert list(standard_variants(salt=b"pizza")) == [
        "private/plain",
        "private-3/plain",
        "private-10/plain",
        "hashed-18/plain",
        "hashed-18-salted/plain",
        "public/plain",
        "public/objective_perturbation-1-cap1",
        "public/objective_perturbation-8-cap1",
    ]


def test_one_sender_s_many_documents_do_not_make_a_term_common():
    terms, people = [["zola"]] * 5 + [["pizza"], ["pizza"]], ["ayo"] * 5 + ["mei", "noor"]
    assert people_vocabulary(terms, people, min_people=2) == ("pizza",)
    by_document = people_vocabulary(terms, range(7), min_people=2)
    assert "zola" in by_document, (
        "counted by document, as min_df does, the name of one person's talk stays in"
    )


def test_a_vocabulary_that_nobody_shares_is_refused():
    with pytest.raises(ValueError, match="no term was used by 3 people, in 1 documents of 1"):
        people_vocabulary([["pizza"]], ["ayo"], min_people=3)
