"""Models take many texts, and refuse one bare string, a table and ``None``."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from classifier.model.message.batch import BatchScorer
from classifier.model.message.file import load_classifier, load_model
from classifier.model.message.stage_classifier import predict_messages

TEXTS = ["pizza at 6?", "its our secret", "pizza at 6?"]


@pytest.fixture(scope="module", params=["message model", "batch scorer", "batch stream", "pipeline"])
def score(request, small_model):
    if request.param == "pipeline":
        pipeline = load_classifier(small_model)
        return lambda texts: predict_messages(pipeline, texts).to_numpy()
    model = load_model(small_model)
    if request.param == "batch stream":
        return lambda texts: np.concatenate([np.zeros((0, 43)), *BatchScorer(model).stream(texts)])[:, :7]
    return model.probabilities if request.param == "message model" else BatchScorer(model).probabilities


@pytest.mark.parametrize(
    "texts",
    [
        tuple(TEXTS),
        pd.Series(TEXTS, index=[7, 8, 9]),
        pd.Index(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
    ],
    ids=["tuple", "Series", "Index", "array", "array of objects"],
)
def test_many_texts_score_as_their_list_does(score, texts):
    assert np.array_equal(score(texts), score(TEXTS))


def test_an_iterator_scores_as_its_list_does(score):
    assert np.array_equal(score(iter(TEXTS)), score(TEXTS))


@pytest.mark.parametrize(
    ("texts", "came"),
    [
        ("hi", "one string; put it into a list"),
        ("", "one string; put it into a list"),
        (np.str_("hi"), "one string; put it into a list"),
        (pd.DataFrame({"text": TEXTS}), "a DataFrame of 2 dimensions; give one column of it"),
        (np.array([TEXTS]), "a ndarray of 2 dimensions; give one column of it"),
        (np.array("hi"), "a ndarray"),
        (None, "None"),
        ({"text": TEXTS}, "a dict"),
        (b"hi", "a bytes"),
        (3, "a int"),
    ],
    ids=str,
)
def test_what_is_not_many_texts_is_refused(score, texts, came):
    with pytest.raises(
        TypeError, match=re.escape(f"texts must be a list, Series or array of strings, got {came}")
    ):
        score(texts)


def test_a_stream_refuses_before_it_is_read(small_model):
    with pytest.raises(TypeError, match="got one string; put it into a list"):
        BatchScorer(load_model(small_model)).stream("hi")


def test_no_texts_have_no_rows(score):
    assert len(score(pd.Series([], dtype=str))) == 0
