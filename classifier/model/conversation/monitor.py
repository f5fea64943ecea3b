"""Monitor of one conversation: a new score after every message.

The state holds no text. It is a few whole numbers per author. They are sums, so neither the cost of a
message nor the size of the state grows with the conversation, and a resumed monitor goes on exactly.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.errors import InputError
from classifier.model.conversation.conversation_model import (
    ConversationModel,
    running_log_odds,
    score_conversation,
)
from classifier.model.conversation.features import check_metadata, features
from classifier.model.conversation.message_sums import (
    MESSAGES,
    WIDTH,
    Units,
    add_to,
    added_sums,
    clock,
    faded,
)
from classifier.model.conversation.monitor_state import checked_clock, checked_sums, checked_tags
from classifier.model.message.scorer import sigmoid
from classifier.records import Metadata
from classifier.taxonomy import LABELS

STATE_VERSION = 2


def author_tag(author: str) -> str:
    """A hash of 12 characters for an author's name.

    It has one length for any name, and the state does not hold the name itself. It is no anonymisation:
    a guessed name can be checked.

    >>> len(author_tag("anybody, however long the name")), author_tag("ann") == author_tag("ann")
    (12, True)
    """
    return hashlib.blake2b(author.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


@dataclass(frozen=True)
class Alert:
    """The first time a score was at or over the alert threshold.

    Parameters
    ----------
    message
        The number of messages seen by then.
    author
        The ``author_tag`` of the author from whose side the score was largest.
    contributions
        What each label had added to the log-odds, to four decimals, in the order of the taxonomy.
    """

    message: int
    author: str
    score: float
    contributions: tuple[float, ...]


class Monitor:
    """Scores one conversation message by message.

    ``score`` and ``alert`` are those of the messages so far; ``score`` is nan before the first. What was
    shown fades with the model's half-life; an alert stays.

    Parameters
    ----------
    metadata, sender
        The conversation's metadata and the author that it calls the sender; needed by heads "metadata"
        and "both".
    """

    def __init__(
        self, model: ConversationModel, *, metadata: Metadata | None = None, sender: str = ""
    ) -> None:
        if model.head != "text" and (metadata is None or not sender):
            raise ValueError(f"head {model.head!r} needs metadata and the sender that it speaks of")
        if metadata is not None and model.head != "text":
            check_metadata(metadata)
        self.model = model
        self.score = math.nan
        self.alert: Alert | None = None
        self._metadata = metadata if model.head != "text" else None
        self._sender = author_tag(sender) if model.head != "text" else ""
        self._authors: list[str] = []
        self._sums: Units = np.zeros((0, WIDTH), dtype=np.int64)
        self._clock: Units | None = None

    @property
    def n_messages(self) -> int:
        """Number of messages read."""
        return int(self._sums[:, MESSAGES].sum())

    def update(self, author: str, probabilities: ArrayLike | None, time: datetime | None = None) -> float:
        """Read one message and return the conversation's score with it.

        ``probabilities`` are the message's, one for each of ``COLUMNS``; head "metadata" looks at none and
        takes ``None``. Heads "metadata" and "both" need ``time``, head "text" does not look at it. Raises
        ``ValueError`` for a missing argument or a probability outside [0, 1], and then the message has
        not been counted.
        """
        if probabilities is None or self.model.head == "metadata":
            row = None
        else:
            row = np.asarray(probabilities, dtype=np.float64)[None]
        added = added_sums(self.model.head, self.model.thresholds, row, 1)[0]
        tag = author_tag(author)
        if self._metadata is not None:
            if time is None:
                raise ValueError(f"head {self.model.head!r} needs a time for each message")
            self._clock = _joined_clocks(self._clock, clock(time))
        slot = self._slot(tag)
        self._sums = faded(self._sums, self.model.half_life)
        add_to(self._sums, slot, added)
        self.score = self._score_and_alert()
        return self.score

    def _slot(self, tag: str) -> int:
        if tag in self._authors:
            return self._authors.index(tag)
        self._sums = np.concatenate([self._sums, np.zeros((1, WIDTH), dtype=np.int64)])
        self._authors.append(tag)
        return len(self._authors) - 1

    def _features(self) -> NDArray[np.float64]:
        is_sender = [tag == self._sender for tag in self._authors]
        return features(
            self.model.head, self._sums, clocks=self._clock, metadata=self._metadata, is_sender=is_sender
        )

    def _score_and_alert(self) -> float:
        rows = self._features()
        log_odds = self.model.log_odds(rows, self.n_messages)
        side = int(log_odds.argmax())
        score = float(sigmoid(log_odds[side]))
        if self.alert is None and score >= self.model.alert_threshold:
            added = self.model.contributions(rows[side]) @ self.model.label_matrix
            self.alert = Alert(
                self.n_messages,
                self._authors[side],
                score,
                tuple(round(float(value), 4) for value in added),
            )
        return score

    def state(self) -> str:
        """The state as JSON, from which ``resume`` goes on.

        It holds no text and no name. For two authors it has at most 1,500 bytes, however long the
        conversation. ``authors`` are tags, ``sums`` their sums in the columns of
        ``classifier.model.conversation.features``; the rest is the monitor's arguments, its clock and
        its alert.
        """
        content: dict[str, Any] = {
            "version": STATE_VERSION,
            "model": self.model.fingerprint,
            "authors": self._authors,
            "sums": self._sums.tolist(),
        }
        if self._metadata is not None:
            content["metadata"] = [
                self._metadata.known_from,
                self._metadata.sender_age_band,
                self._metadata.contact_age_band,
                self._metadata.young_contacts,
                self._sender,
            ]
            content["clock"] = None if self._clock is None else self._clock.tolist()
        if self.alert is not None:
            content["alert"] = [
                self.alert.message,
                self.alert.author,
                self.alert.score,
                *self.alert.contributions,
            ]
        return json.dumps(content, separators=(",", ":"))

    @classmethod
    def resume(cls, model: ConversationModel, state: str) -> Self:
        """The monitor of a ``state``.

        Raises ``InputError`` for a damaged state or one made with another model.
        """
        try:
            content = json.loads(state)
            if content["version"] != STATE_VERSION or content["model"] != model.fingerprint:
                raise ValueError(
                    f"version {content['version']!r} of model {content['model']!r}, "
                    f"expected {STATE_VERSION} of {model.fingerprint!r}"
                )
            *fields, sender = content["metadata"] if model.head != "text" else [""]
            monitor = cls(
                model,
                metadata=Metadata(*fields) if fields else None,
                sender="-",
            )
            monitor._sender = sender
            monitor._authors = checked_tags(content["authors"])
            monitor._sums = checked_sums(content["sums"], len(monitor._authors))
            if monitor._metadata is not None and len(monitor._sums):
                monitor._clock = checked_clock(content["clock"], monitor.n_messages)
            if len(monitor._sums):
                log_odds = monitor.model.log_odds(monitor._features(), monitor.n_messages)
                monitor.score = float(sigmoid(log_odds.max()))
            if "alert" in content:
                message, author, score, *contributions = content["alert"]
                if len(contributions) != len(LABELS):
                    raise ValueError(f"alert with {len(contributions)} contributions, expected {len(LABELS)}")
                monitor.alert = Alert(
                    int(message), str(author), float(score), tuple(float(value) for value in contributions)
                )
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise InputError(f"state of a monitor cannot be used: {error}") from None
        return monitor


def _joined_clocks(before: Units | None, new: Units) -> Units:
    if before is None:
        return new
    return np.array(
        [min(before[0], new[0]), max(before[1], new[1]), before[2] + new[2], before[3] + new[3]],
        dtype=np.int64,
    )


def running_scores(
    model: ConversationModel,
    probabilities: ArrayLike | None,
    authors: Sequence[str],
    *,
    times: Sequence[datetime] = (),
    metadata: Metadata | None = None,
    sender: str = "",
) -> NDArray[np.float64]:
    """The scores that a ``Monitor`` would return, shape (messages,).

    The arguments are those of ``score_conversation``.
    """
    sides, written = model.running_features(
        probabilities, authors, times=times, metadata=metadata, sender=sender
    )
    return sigmoid(running_log_odds(model, sides, written))


@dataclass(frozen=True)
class MonitoredScorer:
    """A scorer of conversations whose state is a ``Monitor``, which holds no message."""

    model: ConversationModel

    def __call__(self, rows: NDArray[np.float64], authors: Sequence[str]) -> float:
        """The score of a conversation, from its rows of message probabilities."""
        return score_conversation(self.model, rows, authors)

    def start(self) -> Monitor:
        """A monitor without a message."""
        return Monitor(self.model)

    def update(self, state: Monitor, row: NDArray[np.float64], author: str) -> Monitor:
        """The same monitor after one more message."""
        state.update(author, row)
        return state

    def score(self, state: Monitor) -> float:
        """The score of the messages so far."""
        return state.score

    def running(self, rows: NDArray[np.float64], authors: Sequence[str]) -> NDArray[np.float64]:
        """The score after every message, all at once."""
        return running_scores(self.model, rows, authors)
