"""The bulk monitor gives each conversation the scores of a monitor of its own."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_scores import HALF

from classifier.model.conversation.bulk_monitor import BulkMonitor
from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.conversation.features import HEAD_FEATURES
from classifier.model.conversation.monitor import Monitor
from classifier.taxonomy import COLUMNS

MODEL = ConversationModel(
    "text",
    np.random.default_rng(0).uniform(0, 0.2, len(HEAD_FEATURES["text"])),
    -4.0,
    1.0,
    0.0,
    HALF,
    0.02,
)


def chat(n, *, seed, n_conversations=5, n_authors=3):
    rng = random.Random(seed)
    messages = [(f"c{rng.randrange(n_conversations)}", f"a{rng.randrange(n_authors)}") for _ in range(n)]
    return (
        [id_ for id_, _ in messages],
        [author for _, author in messages],
        np.random.default_rng(seed).beta(0.3, 3, size=(n, len(COLUMNS))),
    )


def one_by_one(ids, authors, probabilities):
    """What a monitor a conversation says: id, highest score, number of messages at the alert."""
    monitors, highest = {}, {}
    for id_, author, row in zip(ids, authors, probabilities, strict=True):
        score = monitors.setdefault(id_, Monitor(MODEL)).update(author, row)
        highest[id_] = max(highest.get(id_, 0.0), score)
    return (
        list(monitors),
        list(highest.values()),
        [0 if m.alert is None else m.alert.message for m in monitors.values()],
    )


@pytest.mark.parametrize("n_authors", [1, 2, 12, 40], ids="{} authors".format)
def test_each_conversation_gets_what_its_own_monitor_says(n_authors):
    messages = chat(400, seed=1, n_authors=n_authors)
    monitors = BulkMonitor(MODEL)
    monitors.update(*messages)
    ids, highest, warned_at = one_by_one(*messages)
    assert monitors.ids == ids
    np.testing.assert_allclose(monitors.highest, highest, rtol=0, atol=1e-12)
    assert monitors.warned_at.tolist() == warned_at
    assert any(warned_at)


@given(cuts=st.lists(st.integers(0, 60), max_size=6), seed=st.integers(0, 50))
def test_cuts_between_calls_change_no_bit(cuts, seed):
    ids, authors, probabilities = chat(60, seed=seed, n_authors=10)
    whole, cut = BulkMonitor(MODEL), BulkMonitor(MODEL)
    whole.update(ids, authors, probabilities)
    edges = [0, *sorted(cuts), 60]
    for start, end in pairwise(edges):
        cut.update(ids[start:end], authors[start:end], probabilities[start:end])
    assert whole.highest.tobytes() == cut.highest.tobytes()
    assert whole.warned_at.tolist() == cut.warned_at.tolist()
    assert whole.sides()[2].tobytes() == cut.sides()[2].tobytes()


def test_the_highest_of_a_conversation_is_that_of_one_of_its_sides():
    messages = chat(200, seed=2)
    monitors = BulkMonitor(MODEL)
    monitors.update(*messages)
    ids, _, scores = monitors.sides()
    assert monitors.highest.tolist() == [
        max(score for id_, score in zip(ids, scores, strict=True) if id_ == wanted) for wanted in monitors.ids
    ]


def test_every_author_of_a_large_group_is_a_side():
    monitors = BulkMonitor(MODEL)
    names = [f"a{number}" for number in range(30)]
    monitors.update(["c"] * 30, names, np.full((30, len(COLUMNS)), 0.1))
    assert monitors.sides()[1] == names


def test_a_probability_over_one_is_refused():
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        BulkMonitor(MODEL).update(["c"], ["a"], np.full((1, len(COLUMNS)), 1.5))
