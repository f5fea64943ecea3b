"""Streams and message scores, from our own records and from outside tables."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from privacy_toys import chat, word_probabilities

from classifier.privacy.message_streams import scored, streams_from_conversations, streams_from_scores
from classifier.taxonomy import LABELS, PATTERN

CHATS = [
    chat(
        "raid",
        "s: secret raid",
        "c: says {name|Zola}",
        "s: ok",
        minutes=90,
        label=PATTERN,
        sender="owl",
        scene="gaming",
        young_contacts=4,
    ),
    chat("lunch", "s: pizza"),
]


def test_a_record_becomes_a_stream_with_hours_since_its_first_message():
    raid, lunch = streams_from_conversations(CHATS)
    assert (raid.id, raid.label, raid.initiator, raid.scene) == ("raid", PATTERN, "owl", "gaming")
    assert raid.authors == ("owl", "raid-c", "owl")
    assert raid.hours == (0.0, 1.5, 3.0)
    assert raid.times[1] == datetime(2031, 1, 6, 19, 30)
    assert raid.texts == ("secret raid", "says Zola", "ok")
    assert raid.labels == (("secrecy",), (), ())
    assert [[(span.start, span.end, span.kind) for span in spans] for spans in raid.personal] == [
        [],
        [(5, 9, "name")],
        [],
    ]
    assert raid.metadata.young_contacts == 4
    assert [len(raid), len(lunch)] == [3, 1]


def test_only_a_conversation_scripted_as_benign_is_benign():
    assert [stream.benign for stream in streams_from_conversations(CHATS)] == [False, True]


def test_the_clusters_of_a_stream_are_given_or_its_dialogues_or_its_sender():
    def clusters(chats, **given):
        return [stream.clusters for stream in streams_from_conversations(chats, **given)]

    assert clusters(CHATS) == [("owl",), ("lunch-s",)]
    messages = [replace(message, family=name) for message, name in zip(CHATS[0].messages, "abc", strict=True)]
    silent = [replace(message, labels=()) for message in messages]
    shown = replace(CHATS[0], messages=(*silent[:2], replace(silent[2], labels=("secrecy",))))
    assert clusters([shown]) == [("c", "a", "b")]
    assert clusters(CHATS, clusters=[("x",), ("y",)]) == [("x",), ("y",)]


def test_clusters_must_name_some_for_each_conversation():
    with pytest.raises(ValueError, match="some for each conversation, got 1 for 2"):
        streams_from_conversations(CHATS, clusters=[("x",)])


def test_every_conversation_gets_the_rows_of_its_own_messages():
    rows = scored(streams_from_conversations(CHATS), word_probabilities).rows
    assert rows["raid"].shape == (3, 7)
    assert rows["raid"][:, LABELS.index("secrecy")].tolist() == [0.9, 0.02, 0.02]
    assert rows["lunch"].tolist() == [[0.02] * 7]


@pytest.mark.parametrize(("shape", "said"), [((4, 6), r"\(4, 6\)"), ((3, 7), r"\(3, 7\)")])
def test_a_scorer_of_another_shape_is_refused(shape, said):
    with pytest.raises(ValueError, match=rf"scorer must give shape \(4, 7\) for 4 texts, got {said}"):
        scored(streams_from_conversations(CHATS), lambda texts: np.zeros(shape))


@pytest.mark.parametrize(("number", "error"), [(0, "message 0"), (4, "message 4"), (76, "message 76")])
def test_of_many_messages_one_in_twentieth_is_scored_alone_too(number, error):
    """Of 80 texts every fourth is scored alone, the first and the 77th included."""
    streams = streams_from_conversations([chat("long", *(f"s: pizza {position}" for position in range(80)))])

    def looks_around(texts):
        rows = np.zeros((len(texts), 7))
        rows[:, 0] = [0.5 * (text == f"pizza {number}" and len(texts) > 1) for text in texts]
        return rows

    with pytest.raises(ValueError, match=f"gives {error} another row when it is scored alone"):
        scored(streams, looks_around)


def test_of_few_messages_every_one_is_scored_alone_too():
    def looks_around(texts):
        return np.array([[0.5 * (text == "ok" and len(texts) > 1)] * 7 for text in texts])

    with pytest.raises(ValueError, match="message 1 another row"):
        scored(streams_from_conversations([chat("a", "s: pizza", "c: ok")]), looks_around)


def test_a_difference_in_the_last_digits_is_forgiven():
    def shaky(texts):
        return word_probabilities(texts) + (5e-7 if len(texts) > 1 else 0)

    assert scored(streams_from_conversations(CHATS), shaky).rows["lunch"][0, 0] == pytest.approx(
        0.02, abs=1e-6
    )


def test_a_difference_in_the_fifth_digit_is_not_forgiven_however_large_the_number():
    def shaky(texts):
        return np.full((len(texts), 7), 1.0 + (1e-5 if len(texts) > 1 else 0))

    with pytest.raises(ValueError, match="message 0 another row"):
        scored(streams_from_conversations(CHATS), shaky)


TABLE = pd.DataFrame(
    {
        "conversation_id": ["b", "a", "a"],
        "index": [7, 2, 1],
        "author": ["x", "z", "y"],
        "label": ["benign", PATTERN, PATTERN],
        "score": [0.0, 1.0, 0.2],
    }
)


def test_a_bare_table_is_put_in_order_and_knows_no_hours():
    (a, b), scores = streams_from_scores(TABLE)
    assert (a.id, a.label, a.initiator, a.authors, a.clusters) == ("a", PATTERN, "y", ("y", "z"), ("a",))
    assert len(a.hours) == 2
    assert all(math.isnan(hours) for hours in (*a.hours, *b.hours))
    assert (a.times, a.texts, a.metadata) == ((), (), None)
    assert scores.columns == ("score",)
    assert [scores.rows[id_].tolist() for id_ in ("a", "b")] == [[[0.2], [1.0]], [[0.0]]]


def test_a_table_may_bring_times_clusters_and_the_initiator():
    times = pd.to_datetime(["2031-01-06 18:00", "2031-01-06 19:30", "2031-01-06 18:00"])
    (a, _), _ = streams_from_scores(
        TABLE.assign(time=times, cluster=["k", "l", "l"], initiator=["x", "z", "z"])
    )
    assert (a.hours, a.clusters, a.initiator) == ((0.0, 1.5), ("l",), "z")
    assert a.times == (datetime(2031, 1, 6, 18), datetime(2031, 1, 6, 19, 30))


def test_a_column_for_each_label_is_taken_before_a_score():
    (_, _), scores = streams_from_scores(
        TABLE.assign(**{label: number / 10 for number, label in enumerate(LABELS)})
    )
    assert scores.columns == LABELS
    assert scores.rows["b"].tolist() == [[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]]


def test_a_column_for_each_label_needs_no_score_beside_it():
    table = TABLE.drop(columns="score").assign(**dict.fromkeys(LABELS, 0.5))
    assert streams_from_scores(table)[1].rows["b"].tolist() == [[0.5] * 7]
    with pytest.raises(ValueError, match="needs a column 'score' or all of flattery, .*, pressure"):
        streams_from_scores(table.drop(columns="pressure"))


def test_with_only_some_labels_the_score_is_taken():
    assert streams_from_scores(TABLE.assign(flattery=0.5))[1].columns == ("score",)


@pytest.mark.parametrize("score", [-0.01, 1.01, math.nan])
def test_a_score_outside_zero_and_one_is_refused(score):
    with pytest.raises(ValueError, match=r"scores and probabilities must be in \[0, 1\]"):
        streams_from_scores(TABLE.assign(score=[0.5, 0.5, score]))


def test_a_repeated_message_is_named():
    with pytest.raises(ValueError, match="message 2 of conversation 'a' stands in the table twice"):
        streams_from_scores(TABLE.assign(index=[2, 2, 2]))


def test_all_missing_columns_are_named():
    with pytest.raises(ValueError, match="got none named index, label"):
        streams_from_scores(TABLE.drop(columns=["index", "label"]))


def test_the_first_of_unknown_labels_is_named_and_two_labels_of_one_conversation_are_refused():
    with pytest.raises(ValueError, match="label must be 'benign' or 'grooming_pattern', got 'bad'"):
        streams_from_scores(TABLE.assign(label=["worse", "bad", "bad"]))
    with pytest.raises(ValueError, match="conversation 'a' has more than one label"):
        streams_from_scores(TABLE.assign(label=["benign", "benign", PATTERN]))
