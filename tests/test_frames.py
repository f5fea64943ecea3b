"""Table functions: scores of the models, in the declared columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from test_score import rows

from classifier.errors import InputError
from classifier.model.conversation.file import load_conversation_model
from classifier.model.dataframe_scoring import (
    CONVERSATION_SCHEMA,
    MESSAGE_SCHEMA,
    SENDER_SCHEMA,
    conversation_frame,
    score_frame,
    sender_frame,
    side_frame,
)
from classifier.model.message.batch import BatchScorer
from classifier.model.message.file import load_model
from classifier.model.shipped_models import conversation_model_path
from classifier.taxonomy import LABELS


@pytest.fixture(scope="module")
def scorer(small_model):
    return BatchScorer(load_model(small_model))


@pytest.fixture(scope="module")
def conversation_model(small_model):
    return load_conversation_model(conversation_model_path(small_model))


def test_a_frame_scores_as_the_message_model_does(scorer):
    frame = pd.DataFrame(rows(16), index=range(100, 116))
    scores = score_frame(frame, scorer)
    assert {name: str(dtype) for name, dtype in scores.dtypes.items()} == {
        name: str(pd.Series(dtype=dtype).dtype) for name, dtype in MESSAGE_SCHEMA.items()
    }
    assert scores.index.tolist() == frame.index.tolist()
    expected = scorer.model.probabilities(frame["text"])
    np.testing.assert_allclose(scores[list(LABELS)], expected, rtol=0, atol=1e-9)
    assert scores["stages"].tolist() == ["|".join(scorer.model.flagged(row)) for row in expected]


def test_an_empty_frame_has_the_schema_too(scorer, conversation_model):
    empty = pd.DataFrame({"conversation_id": [], "author": [], "text": []}, dtype="str")
    assert list(score_frame(empty, scorer)) == list(MESSAGE_SCHEMA)
    both = empty.join(score_frame(empty, scorer, tactics=True))
    for frame, schema in [
        (conversation_frame(both, conversation_model), CONVERSATION_SCHEMA),
        (sender_frame(side_frame(both, conversation_model), conversation_model), SENDER_SCHEMA),
    ]:
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
            name: str(pd.Series(dtype=dtype).dtype) for name, dtype in schema.items()
        }


def test_a_missing_text_is_refused(scorer):
    with pytest.raises(InputError, match="row 2 of the table has None"):
        score_frame(pd.DataFrame({"text": ["hi", None]}, dtype=object), scorer)
