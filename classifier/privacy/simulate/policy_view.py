"""The only access of a policy to texts and message scores."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from classifier.privacy.message_streams import MessageScorer, MessageScores, Numbers, Stream


@dataclass(frozen=True)
class ReadMessage:
    """A message that a policy has read.

    ``index`` counts from 0; ``hours`` since the first message is when it was read, not when it was written;
    ``row`` holds its probabilities.
    """

    index: int
    author: str
    hours: float
    text: str
    row: Numbers


class PolicyView:
    """A conversation through which every message read is logged as read.

    Parameters
    ----------
    messages
        The scorer of single texts, or scores made before the run.
    record
        Called as ``record(step, event, message, value, hours)`` for each read.
    """

    def __init__(
        self, stream: Stream, messages: MessageScorer | MessageScores, record: Callable[..., None]
    ) -> None:
        self._stream, self._record = stream, record
        self._row = _row_reader(stream, messages)

    def read(self, index: int, *, step: int) -> ReadMessage:
        """Message ``index`` (from 0), read when ``step`` messages have been written."""
        stream = self._stream
        now = stream.hours[step - 1]
        self._record(step, "read", index + 1, math.nan, now)
        text = stream.texts[index] if stream.texts else ""
        return ReadMessage(index, stream.authors[index], now, text, self._row(index))


def _row_reader(stream: Stream, messages: MessageScorer | MessageScores) -> Callable[[int], Numbers]:
    """The function that maps a message index to its row."""
    if isinstance(messages, MessageScores):
        rows = messages.rows.get(stream.id, np.empty((0, 0)))
        if len(rows) != len(stream):
            raise ValueError(
                f"scores hold no row for each of the {len(stream)} messages of conversation {stream.id!r}"
            )
        return lambda index: rows[index]
    return lambda index: np.asarray(messages([stream.texts[index]]), dtype=np.float64)[0]
