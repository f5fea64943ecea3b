"""Conversation scores by overtness, by length and in two-way pairs."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.conversation.features import HEAD_FEATURES
from classifier.records import Conversation, Message, Metadata
from classifier.taxonomy import BENIGN, COLUMNS, LABELS, PATTERN
from classifier.workflows.conversation_evaluation.breakdowns import (
    LENGTHS,
    N_LONG,
    alerts_by_length,
    by_overtness,
    two_way_pairs,
)
from classifier.workflows.conversation_evaluation.conversation_scores import ScoredConversations

START = datetime(2031, 1, 6, 15)


def chat(number, *families, overtness="", pair="", dialogues=()):
    """A conversation of a line for each family, told by turns."""
    messages = tuple(
        Message("ann" if at % 2 == 0 else "bo", START + timedelta(minutes=at), "pizza", family=family)
        for at, family in enumerate(families)
    )
    return Conversation(
        id=f"c{number}",
        label=PATTERN if overtness else BENIGN,
        scene="raid",
        split="test",
        register="casual",
        sender="ann",
        contact="bo",
        metadata=Metadata("online", "unstated", "unstated", 1),
        messages=messages,
        corpus="toy",
        version="1",
        seed=0,
        families=tuple(sorted(set(families))),
        relation="raid",
        overtness=overtness,
        dialogues=dialogues or tuple(dict.fromkeys(families)),
        pair=pair,
    )


def scored(conversations, scores, secrecy=None):
    """Scored conversations with these highest scores, and each message's probability of secrecy."""
    secrecy = secrecy or [[0.0] * len(c.messages) for c in conversations]
    rows = []
    for values in secrecy:
        probabilities = np.zeros((len(values), len(COLUMNS)))
        probabilities[:, LABELS.index("secrecy")] = values
        rows.append(probabilities)
    running = [np.full(len(c.messages), score) for c, score in zip(conversations, scores, strict=True)]
    return ScoredConversations(conversations, rows, running)


def flags_secrecy(alert_threshold=0.5):
    """A model whose score is over a half from the first message with secrecy on."""
    names = HEAD_FEATURES["text"]
    weights = np.zeros(len(names))
    weights[names.index("secrecy: seen")] = 10.0
    limits = np.full(len(LABELS), 0.5)
    return ConversationModel("text", weights, -1.0, 1.0, 0.0, limits, alert_threshold, 40.0, 0.0, 0.0)


def many_benign(n, score):
    return [chat(100 + number, "x", "y", "x") for number in range(n)], [score] * n


def test_each_overtness_is_set_against_benign_conversations_of_the_same_lengths():
    benign, low = many_benign(400, 0.1)
    long_one = chat(1, *["x"] * 30)
    overt, faint = chat(2, "p", "q", "p", overtness="overt"), chat(3, "p", "q", "p", overtness="faint")
    test = scored([*benign, long_one, overt, faint], [*low, 0.99, 0.9, 0.05])
    validation = scored(benign, [0.2] * 400)
    told = {
        "train": validation,
        "validation": validation,
        "test": scored([*benign, long_one, overt, faint], [*low, 0.99, 0.9, 0.8]),
    }
    table = by_overtness({"test": test}, told, threshold=0.6).set_index("overtness")
    assert table.index.tolist() == ["overt", "faint", "all"]
    assert table["auc"].tolist() == pytest.approx([1.0, 0.0, 0.5])
    assert table["tpr"].tolist() == [1.0, 0.0, 0.5]
    assert table["fpr_n"].tolist() == [
        400,
        400,
        400,
    ]  # the long one is no match for patterns of three messages
    assert table["ceiling_tpr"].tolist() == [1.0, 1.0, 1.0]
    assert table["share_of_ceiling"].tolist() == [1.0, 0.0, 0.5]


def test_without_a_showable_rate_there_is_none():
    few, low = many_benign(20, 0.1)
    pattern = chat(1, "p", "q", "p", overtness="overt")
    both = scored([*few, pattern], [*low, 0.9])
    told = dict.fromkeys(("train", "validation", "test"), both)
    table = by_overtness({"test": both}, told, threshold=np.nan)
    assert table[["tpr", "fpr", "ceiling_tpr", "share_of_ceiling"]].isna().all(axis=None)
    assert table["fpr_n"].tolist() == [20, 20]


def test_benign_conversations_strung_together_alert_as_often_as_their_messages_make_them():
    calm, low = many_benign(30, 0.1)
    table = alerts_by_length(scored(calm, low), flags_secrecy(), seed=0)
    assert table["length"].tolist() == ["10–50", *map(str, LENGTHS)]
    assert table["alerts"].tolist() == [0] * 6
    loud = scored(calm, low, secrecy=[[0.9, 0.0, 0.0]] * 30)
    assert alerts_by_length(loud, flags_secrecy(), seed=0)["alerts"].tolist() == [0] + [N_LONG] * 5


def of_pair(number, name, id_, *secrecy, overtness=""):
    """A conversation that begins with other talk and goes on with a dialogue of a pair."""
    families = ["raid", *[name] * (len(secrecy) - 1)]
    return chat(number, *families, overtness=overtness, pair=name, dialogues=("raid.a", id_)), list(secrecy)


def test_the_dialogues_of_a_pair_are_told_apart_by_their_own_lines_alone():
    made = [
        of_pair(1, "left", "raid.p", 0.0, 0.0, 0.9, overtness="mixed"),
        of_pair(2, "left", "raid.o", 0.9, 0.0, 0.0),
        of_pair(3, "right", "raid.q", 0.0, 0.9, 0.0, overtness="faint"),
        of_pair(4, "right", "raid.r", 0.9, 0.0, 0.0),
        of_pair(5, "right", "raid.r", 0.9, 0.0, 0.0, overtness="mixed"),
    ]
    conversations, secrecy = map(list, zip(*made, strict=True))
    found = scored(conversations, [0.5] * 5, secrecy=secrecy)
    [row] = two_way_pairs({"test": found}, flags_secrecy()).to_dict("records")
    # The ordinary dialogue that stands in a pattern, too, stays ordinary.
    assert (row["auc"], row["positives"], row["n"], row["n_clusters"]) == (1.0, 2, 4, 2)


def test_a_set_without_two_pairs_has_no_row():
    conversation, secrecy = of_pair(1, "left", "raid.p", 0.0, 0.9, overtness="mixed")
    found = scored([conversation], [0.5], secrecy=[secrecy])
    assert len(two_way_pairs({"test": found}, flags_secrecy())) == 0
