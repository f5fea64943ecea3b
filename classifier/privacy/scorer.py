"""What a policy's score is made by. The caller passes it in; this room knows no model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from classifier.privacy.stream import MessageScorer, MessageScores, Numbers
from classifier.privacy.trigger import Outside
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

    >>> NoisyOr()(np.array([[1.0, 0, 0, 0, 0], [0, 0.5, 0, 0, 0]]), ["a", "b"])
    0.3
    """

    def __call__(self, rows: Numbers, authors: Sequence[str]) -> float:
        """The score of these rows; with a single column, that of the column."""
        return self.score(np.prod(1.0 - rows[:, : len(STAGES)], axis=0))

    def start(self) -> Any:
        """The chance, by stage, that no message has shown it."""
        return np.float64(1.0)

    def update(self, state: Any, row: Numbers, author: str) -> Any:
        """The chance after one more message."""
        return state * (1.0 - row[: len(STAGES)])

    def score(self, state: Any) -> float:
        """The mean over stages of the chance that some message has shown it."""
        return float(np.mean(1.0 - state))


NOISY_OR = NoisyOr()


@dataclass
class FromRows:
    """A plain function made to run on: it has to be handed every row again, so the state is all rows (numbers, no text). Same rows, same score: kept at hand."""

    function: ConversationScorer
    remembered: dict[bytes, float] = field(default_factory=dict)

    def __call__(self, rows: Numbers, authors: Sequence[str]) -> float:
        """The function's score, the last of several."""
        key = rows.tobytes() + "\0".join(authors).encode()
        if key not in self.remembered:
            self.remembered[key] = float(np.asarray(self.function(rows, authors), dtype=np.float64).reshape(-1)[-1])
        return self.remembered[key]

    def start(self) -> Any:
        """No row."""
        return ((), ())

    def update(self, state: Any, row: Numbers, author: str) -> Any:
        """One row more."""
        return ((*state[0], row), (*state[1], author))

    def score(self, state: Any) -> float:
        """The function's score of all rows."""
        return self(np.array(state[0]), state[1])


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
        return self.conversation if isinstance(self.conversation, RunningScorer) else FromRows(self.conversation)
