"""What a policy's score is made by. The caller passes it in; this room knows no model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from classifier.privacy.policies.trigger import Outside
from classifier.privacy.stream import MessageScorer, MessageScores, Numbers
from classifier.taxonomy import STAGES

ConversationScorer = Callable[[Numbers, Sequence[str]], Any]
"""Rows of message probabilities, shape (messages, columns), and their authors, to one score (or to running scores, of which the last counts)."""


@runtime_checkable
class RunningScorer(Protocol):
    """A conversation scorer that can go on from a state of its own, and so needs no message again."""

    def __call__(self, rows: Numbers, authors: Sequence[str]) -> Any:
        """The score of these rows."""

    def start(self) -> Any:
        """The state before any message."""

    def update(self, state: Any, row: Numbers, author: str) -> Any:
        """The state after one more message; it must not hold the row."""

    def score(self, state: Any) -> float:
        """The score of a state."""


class NoisyOr:
    """The share of the five stages shown so far, each counted by 1 - prod(1 - p) over the messages. In [0, 1]; one more message never lowers it.

    >>> NoisyOr()(np.array([[1.0, 0, 0, 0, 0], [0, 0.25, 0, 0, 0]]), ["a", "b"])
    0.25
    """

    def __call__(self, rows: Numbers, authors: Sequence[str]) -> float:
        """The score of these rows; with a single column, that of the column."""
        return self.score(np.multiply.reduce(1.0 - rows[:, : len(STAGES)], axis=0))

    def start(self) -> Any:
        """The chance, by stage, that no message has shown it."""
        return np.ones(1)

    def update(self, state: Any, row: Numbers, author: str) -> Any:
        """The chance after one more message."""
        return state * (1.0 - row[: len(STAGES)])

    def score(self, state: Any) -> float:
        """The mean over stages of the chance that some message has shown it."""
        return float(
            1.0 - np.add.reduce(state) / state.size
        )  # a mean, without what np.mean checks at every message


NOISY_OR = NoisyOr()


@dataclass(frozen=True)
class FromRows:
    """A plain function made to run on: it has to be handed every row again, so the state is all rows (numbers, no text)."""

    function: ConversationScorer

    def __call__(self, rows: Numbers, authors: Sequence[str]) -> float:
        """The function's score, the last of several."""
        return _last(self.function(rows, authors))

    def start(self) -> Any:
        """No row."""
        return ((), ())

    def update(self, state: Any, row: Numbers, author: str) -> Any:
        """One row more."""
        return ((*state[0], row), (*state[1], author))

    def score(self, state: Any) -> float:
        """The function's score of all rows."""
        return self(np.array(state[0]), state[1])


@dataclass(frozen=True)
class Remembered:
    """The same scores as ``scorer``, each computed once however often a run is repeated with another threshold. For the harness, which may remember; a policy may not."""

    scorer: RunningScorer
    known: dict[bytes, float] = field(default_factory=dict)

    def __call__(self, rows: Numbers, authors: Sequence[str]) -> float:
        """The score of these rows."""
        key = _key(b"rows", rows, "\0".join(authors))
        if key not in self.known:
            self.known[key] = _last(self.scorer(rows, authors))
        return self.known[key]

    def start(self) -> Any:
        """No message."""
        return _Progress(b"", self.scorer.start())

    def update(self, state: Any, row: Numbers, author: str) -> Any:
        """One message more, of which the scorer is told when it is needed."""
        state.key = _key(state.key, row, author)
        state.untold.append((row, author))
        return state

    def score(self, state: Any) -> float:
        """The score by this key; when it is not known, the scorer is told what it has missed."""
        if state.key not in self.known:
            for row, author in state.untold:
                state.inner = self.scorer.update(state.inner, row, author)
            state.untold.clear()
            self.known[state.key] = self.scorer.score(state.inner)
        return self.known[state.key]


@dataclass
class _Progress:
    """A key for the messages so far, the scorer's own state, and the messages it has not been told of."""

    key: bytes
    inner: Any
    untold: list[tuple[Numbers, str]] = field(default_factory=list)


def _key(before: bytes, rows: Numbers, authors: str) -> bytes:
    return hashlib.blake2b(before + rows.tobytes() + authors.encode(), digest_size=16).digest()


def _last(scores: Any) -> float:
    return float(np.asarray(scores, dtype=np.float64).reshape(-1)[-1])


def share_met(outside: Outside) -> float:
    """The share of the policy's conditions that hold now."""
    return outside.met


@dataclass(frozen=True)
class Scorer:
    """The three scorers a policy may need: of single messages, of a conversation's rows so far, and, where nothing is read, of its metadata.

    ``messages`` is a function of texts, or ``MessageScores`` made by ``stream.scored``.
    """

    messages: MessageScorer | MessageScores
    conversation: ConversationScorer = NOISY_OR
    metadata: Callable[[Outside], float] = share_met

    def running(self) -> RunningScorer:
        """The conversation scorer as one that can go on."""
        return (
            self.conversation if isinstance(self.conversation, RunningScorer) else FromRows(self.conversation)
        )
