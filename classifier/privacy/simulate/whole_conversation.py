"""Scores of whole conversations, which exist from the last message on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from classifier.privacy.message_streams import MessageScores, Numbers, Stream
from classifier.privacy.policies.policy import Policy
from classifier.privacy.simulate.policy_scorer import PolicyScorer

WHOLE = ("conversation_score",)
"""The columns of message scores that hold a score of the whole conversation at its last message."""


class LatestScore:
    """The score of the latest message; -inf before any has one."""

    def __call__(self, rows: Numbers, authors: Sequence[str]) -> float:
        """The score of the last row."""
        return float(rows[-1, 0])

    def start(self) -> Any:
        """No score."""
        return -math.inf

    def update(self, state: Any, row: Numbers, author: str) -> Any:
        """The score of this message."""
        return float(row[0])

    def score(self, state: Any) -> float:
        """The latest score."""
        return float(state)


def whole_conversation_scorer(scores: Mapping[str, float], streams: Sequence[Stream]) -> PolicyScorer:
    """A scorer that gives each conversation its own score, at its last message.

    ``scores`` has one for each of the streams' ids. Which policies may use it, ``part_read`` says.

    >>> streams = [Stream("a", "benign", "x", ("x", "y"), (0.0, 1.0))]
    >>> whole_conversation_scorer({"a": 0.7}, streams).messages.rows["a"].tolist()
    [[-inf], [0.7]]
    """
    rows = {}
    for stream in streams:
        rows[stream.id] = np.full((len(stream), 1), -np.inf)
        rows[stream.id][-1] = scores[stream.id]
    return PolicyScorer(MessageScores(rows, WHOLE), LatestScore())


def part_read(policy: Policy) -> str:
    """Why a policy may not use scores of whole conversations, or "".

    It rests on every message. A policy that reads some of them would know what it has not read.

    >>> part_read(Policy("pizza", "A toy.", where="device", window=5, retain_messages=5, retain_hours=1))
    'the scores are of whole conversations, and it scores the last 5 messages'
    """
    if not policy.reads_to_decide:
        return ""
    reasons = (
        (policy.window > 0, f"it scores the last {policy.window} messages"),
        (policy.who != "both", "it reads one side of them"),
        (policy.trigger or policy.text_trigger, "it begins to read at a trigger"),
        (policy.k_of_n > 0, "it counts stages in messages"),
        (policy.fixed_rule, "it combines scores of messages"),
    )
    found = next((reason for holds, reason in reasons if holds), "")
    return found and f"the scores are of whole conversations, and {found}"
