"""The scorers that a policy needs.

The caller passes them in; this room knows no model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from classifier.privacy.message_streams import MessageScorer, MessageScores, Numbers
from classifier.privacy.policies.metadata_trigger import MetadataSignals
from classifier.taxonomy import STAGES

ConversationScorer = Callable[[Numbers, Sequence[str]], Any]
"""Maps message probabilities, shape (messages, columns), and authors to the conversation's score.

It may return several running scores, of which the last counts.
"""


@runtime_checkable
class RunningScorer(Protocol):
    """A conversation scorer that carries a state between messages.

    So it needs no earlier message again.
    """

    def __call__(self, rows: Numbers, authors: Sequence[str]) -> Any:
        """The score of these rows."""

    def start(self) -> Any:
        """The state before any message."""

    def update(self, state: Any, row: Numbers, author: str) -> Any:
        """The state after one more message, without its row."""

    def score(self, state: Any) -> float:
        """The score of a state."""


class NoisyOr:
    """Expected share of the five stages seen so far.

    Messages are combined by noisy-or: a stage has been seen with probability 1 - prod(1 - p) over the
    messages. The score is in [0, 1], and one more message never lowers it.

    >>> NoisyOr()(np.array([[1.0, 0, 0, 0, 0], [0, 0.25, 0, 0, 0]]), ["a", "b"])
    0.25
    """

    def __call__(self, rows: Numbers, authors: Sequence[str]) -> float:
        """The score of these rows; of a single column, its noisy-or."""
        return self.score(np.multiply.reduce(1.0 - rows[:, : len(STAGES)], axis=0))

    def start(self) -> Any:
        """The probability that no message has shown a stage: 1."""
        return np.ones(1)

    def update(self, state: Any, row: Numbers, author: str) -> Any:
        """The probabilities of not having been shown, after one more message."""
        return state * (1.0 - row[: len(STAGES)])

    def score(self, state: Any) -> float:
        """The mean over stages of the probability of having been shown."""
        # This is np.mean without its checks, which take time at every message.
        return float(1.0 - np.add.reduce(state) / state.size)


class StageMaxima:
    """Mean over the five stages of the highest probability of any message.

    Noisy-or multiplies over all messages, so that with many of them every stage counts as seen and the score
    tells little but length. Here one more message raises the score only if it shows a stage better than any
    before. The score is in [0, 1], and one more message never lowers it.

    >>> StageMaxima()(np.array([[1.0, 0, 0, 0, 0], [0.5, 0.25, 0, 0, 0]]), ["a", "b"])
    0.25
    """

    def __call__(self, rows: Numbers, authors: Sequence[str]) -> float:
        """The score of these rows; of a single column, its maximum."""
        return self.score(np.maximum.reduce(rows[:, : len(STAGES)], axis=0, initial=0.0))

    def start(self) -> Any:
        """The highest probability before any message: 0."""
        return np.zeros(1)

    def update(self, state: Any, row: Numbers, author: str) -> Any:
        """The highest probabilities after one more message."""
        return np.maximum(state, row[: len(STAGES)])

    def score(self, state: Any) -> float:
        """The mean over stages of the highest probability."""
        return float(np.add.reduce(state) / state.size)


NOISY_OR, STAGE_MAXIMA = NoisyOr(), StageMaxima()
FIXED_RULES: Mapping[str, NoisyOr | StageMaxima] = {"noisy_or": NOISY_OR, "stage_maxima": STAGE_MAXIMA}
"""Rules that combine the messages of a conversation without having been fitted on any."""


@dataclass(frozen=True)
class AllRowsScorer:
    """Running scorer made of a plain function.

    The function gets all rows again at each message, so the state is all rows so far: numbers, no text.
    """

    function: ConversationScorer

    def __call__(self, rows: Numbers, authors: Sequence[str]) -> float:
        """The function's last score."""
        return _last_score(self.function(rows, authors))

    def start(self) -> Any:
        """No rows and no authors."""
        return ((), ())

    def update(self, state: Any, row: Numbers, author: str) -> Any:
        """The rows and authors with one more message."""
        return ((*state[0], row), (*state[1], author))

    def score(self, state: Any) -> float:
        """The function's score of all rows so far."""
        return self(np.array(state[0]), state[1])


@dataclass(frozen=True)
class CachedScorer:
    """Running scorer that computes each score of another one only once.

    For runs that are repeated at other thresholds. The simulation may remember scores between runs; a policy
    may not.
    """

    scorer: RunningScorer
    cache: dict[bytes, float] = field(default_factory=dict)

    def remember(self, rows: Numbers, authors: Sequence[str]) -> None:
        """Compute the score after every message at once, where the scorer can."""
        running = getattr(self.scorer, "running", None)
        if running is None:
            return
        key = b""
        for row, author, score in zip(rows, authors, running(rows, authors), strict=True):
            key = _key(key, row, author)
            self.cache[key] = float(score)

    def __call__(self, rows: Numbers, authors: Sequence[str]) -> float:
        """The scorer's last score of these rows."""
        key = _key(b"rows", rows, "\0".join(authors))
        if key not in self.cache:
            self.cache[key] = _last_score(self.scorer(rows, authors))
        return self.cache[key]

    def start(self) -> Any:
        """The state before any message."""
        return _CachedState(b"", self.scorer.start())

    def update(self, state: Any, row: Numbers, author: str) -> Any:
        """The state with one more pending message."""
        state.key = _key(state.key, row, author)
        state.pending.append((row, author))
        return state

    def score(self, state: Any) -> float:
        """The cached score, else the scorer's after all pending messages."""
        if state.key not in self.cache:
            for row, author in state.pending:
                state.scorer_state = self.scorer.update(state.scorer_state, row, author)
            state.pending.clear()
            self.cache[state.key] = self.scorer.score(state.scorer_state)
        return self.cache[state.key]


@dataclass
class _CachedState:
    """State of a ``CachedScorer``.

    ``key`` is a hash of the messages so far; ``pending`` are those that ``scorer_state`` lacks.
    """

    key: bytes
    scorer_state: Any
    pending: list[tuple[Numbers, str]] = field(default_factory=list)


def _key(before: bytes, rows: Numbers, authors: str) -> bytes:
    return hashlib.blake2b(before + rows.tobytes() + authors.encode(), digest_size=16).digest()


def _last_score(scores: Any) -> float:
    return float(np.asarray(scores, dtype=np.float64).reshape(-1)[-1])


def share_of_conditions_met(signals: MetadataSignals) -> float:
    """The default score of metadata."""
    return signals.share_of_conditions_met


@dataclass(frozen=True)
class PolicyScorer:
    """The three scorers that a policy may need.

    Parameters
    ----------
    messages
        Scores single messages: a function of texts, or ``MessageScores`` made by ``message_streams.scored``.
    conversation
        Scores a conversation from the rows of its messages so far.
    metadata
        Scores a conversation whose text is not read.
    """

    messages: MessageScorer | MessageScores
    conversation: ConversationScorer = NOISY_OR
    metadata: Callable[[MetadataSignals], float] = share_of_conditions_met

    def running(self) -> RunningScorer:
        """The conversation scorer as a running scorer."""
        if isinstance(self.conversation, RunningScorer):
            return self.conversation
        return AllRowsScorer(self.conversation)
