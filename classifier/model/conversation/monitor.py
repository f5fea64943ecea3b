"""Follows a conversation as it is written: a new score after every message, from a few whole numbers per author and no text.

The numbers are sums, so what a message costs and what the state takes up do not grow with the conversation, and a resumed monitor goes on exactly.
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
from classifier.model.conversation.features import (
    COUNT,
    LEAST_LOG,
    MAXIMUM,
    MESSAGES,
    N_AUTHORS,
    NONE,
    UNIT,
    WIDTH,
    Units,
    add_message,
    added_sums,
    check_metadata,
    clock,
    features,
    running_features,
)
from classifier.model.conversation.model import ConversationModel, running_log_odds, score_conversation
from classifier.model.message.scorer import sigmoid
from classifier.records import Metadata
from classifier.taxonomy import LABELS

STATE_VERSION = 1
MOST_MESSAGES = 10**9
"""Of one author, in a state that is resumed: the sums of nine such authors still fit into 64 bits."""
_FARTHEST = 10**12
"""Seconds before or after 1970, three times what a calendar has."""


def author_tag(author: str) -> str:
    """What a state keeps of an author's name: 12 characters of its hash.

    It has one length for any name and spares the state the name itself, but it is no anonymisation: who guesses a name can check the guess.

    >>> len(author_tag("anybody, however long the name")), author_tag("ann") == author_tag("ann")
    (12, True)
    """
    return hashlib.blake2b(author.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


@dataclass(frozen=True)
class Alert:
    """The first time a score was at or over the alert threshold: at which message (1-based), on whose side, and what each label had added by then.

    ``author`` is an ``author_tag``, or "" for the pooled authors; ``contributions`` are log-odds to four decimals, in the order of the taxonomy.
    """

    message: int
    author: str
    score: float
    contributions: tuple[float, ...]

    @property
    def carried_by(self) -> tuple[str, ...]:
        """The stages and cues that pushed towards the pattern, largest first."""
        pushing = [
            (-value, label) for value, label in zip(self.contributions, LABELS, strict=True) if value > 0
        ]
        return tuple(label for _, label in sorted(pushing))


class Monitor:
    """Scores one conversation message by message; ``score`` and ``alert`` are those of the messages so far.

    ``metadata`` and the ``sender`` it speaks of are needed by heads "metadata" and "both". Up to eight authors are kept apart, all further ones are counted as one.
    With a ``half_life``, what was shown that many messages ago counts half; an alert stays.
    """

    def __init__(
        self,
        model: ConversationModel,
        *,
        metadata: Metadata | None = None,
        sender: str = "",
        half_life: float | None = None,
    ) -> None:
        if model.head != "text" and (metadata is None or not sender):
            raise ValueError(f"head {model.head!r} needs metadata and the sender that it speaks of")
        if half_life is not None and not 0 < half_life < math.inf:
            raise ValueError(f"half_life must be a number of messages over 0, got {half_life!r}")
        if metadata is not None and model.head != "text":
            check_metadata(metadata)
        self.model = model
        self.score = math.nan
        self.alert: Alert | None = None
        self._metadata = metadata if model.head != "text" else None
        self._sender = author_tag(sender) if model.head != "text" else ""
        self._half_life = half_life
        self._authors: list[str] = []
        self._sums: Units = np.zeros((0, WIDTH), dtype=np.int64)
        self._clock: Units | None = None

    @property
    def n_messages(self) -> int:
        """How many messages have been read."""
        return int(self._sums[:, MESSAGES].sum())

    def update(self, author: str, probabilities: ArrayLike | None, time: datetime | None = None) -> float:
        """Read one message and return the conversation's score with it.

        ``probabilities`` are the message's, one per label; head "metadata" looks at none and takes ``None``. Heads "metadata" and "both" need ``time``, head "text"
        does not look at it. Raises ``ValueError`` for a missing part or a probability outside [0, 1], and then the message has not been counted.
        """
        given = (
            None
            if probabilities is None or self.model.head == "metadata"
            else np.asarray(probabilities, dtype=np.float64)[None]
        )
        added = added_sums(self.model.head, self.model.thresholds, given, 1)[0]
        tag = author_tag(author)
        if self._metadata is not None:
            if time is None:
                raise ValueError(f"head {self.model.head!r} needs a time for each message")
            self._clock = _clocks_together(self._clock, clock(time))
        slot = self._slot(tag)
        add_message(self._sums, slot, added, half_life=self._half_life)
        self.score = self._scored()
        return self.score

    def _slot(self, tag: str) -> int:
        if tag in self._authors:
            return self._authors.index(tag)
        slot = len(self._authors)
        if slot == len(self._sums):
            self._sums = np.concatenate([self._sums, np.zeros((1, WIDTH), dtype=np.int64)])
        if slot < N_AUTHORS:
            self._authors.append(tag)
        return slot

    def _features(self) -> NDArray[np.float64]:
        is_sender = [tag == self._sender for tag in self._authors] + [False] * (
            len(self._sums) - len(self._authors)
        )
        return features(
            self.model.head, self._sums, clocks=self._clock, metadata=self._metadata, is_sender=is_sender
        )

    def _scored(self) -> float:
        found = self._features()
        log_odds = self.model.log_odds(found)
        side = int(log_odds.argmax())
        score = float(sigmoid(log_odds[side]))
        if self.alert is None and score >= self.model.alert_threshold:
            added = self.model.parts(found[side]) @ self.model.of_label
            self.alert = Alert(
                self.n_messages,
                (*self._authors, "")[side],
                score,
                tuple(round(float(value), 4) for value in added),
            )
        return score

    def state(self) -> str:
        """All that is needed to go on, as JSON: no text, no name, at most 1,000 bytes for two authors however long the conversation.

        ``authors`` are tags, ``sums`` their numbers in the columns of ``pattern_features``; the rest is what the monitor was made with, its clock and its alert.
        """
        content: dict[str, Any] = {
            "version": STATE_VERSION,
            "model": self.model.fingerprint,
            "half_life": self._half_life,
            "authors": self._authors,
            "sums": self._sums.tolist(),
        }
        if self._metadata is not None:
            known = self._metadata
            content["metadata"] = [
                known.known_from,
                known.sender_age_band,
                known.contact_age_band,
                known.young_contacts,
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
        """The monitor whose ``state`` this is. Raises ``InputError`` for a damaged state or one made with another model."""
        try:
            content = json.loads(state)
            if content["version"] != STATE_VERSION or content["model"] != model.fingerprint:
                raise ValueError(
                    f"version {content['version']!r} of model {content['model']!r}, expected {STATE_VERSION} of {model.fingerprint!r}"
                )
            *known, sender = content["metadata"] if model.head != "text" else [""]
            monitor = cls(
                model,
                metadata=Metadata(*known) if known else None,
                sender="-",
                half_life=content["half_life"],
            )
            monitor._sender = sender
            monitor._authors = _checked_tags(content["authors"])
            monitor._sums = _checked_sums(content["sums"], len(monitor._authors))
            if monitor._metadata is not None and len(monitor._sums):
                monitor._clock = _checked_clock(content["clock"], monitor.n_messages)
            if len(monitor._sums):
                monitor.score = float(sigmoid(monitor.model.log_odds(monitor._features()).max()))
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


def _clocks_together(before: Units | None, new: Units) -> Units:
    if before is None:
        return new
    return np.array(
        [min(before[0], new[0]), max(before[1], new[1]), before[2] + new[2], before[3] + new[3]],
        dtype=np.int64,
    )


def _checked_tags(tags: Any) -> list[str]:
    if (
        not isinstance(tags, list)
        or len(tags) > N_AUTHORS
        or len(set(tags)) < len(tags)
        or not all(isinstance(tag, str) for tag in tags)
    ):
        raise ValueError(f"authors must be up to {N_AUTHORS} different tags, got {tags!r}")
    return tags


def _checked_sums(rows: Any, n_authors: int) -> Units:
    sums = _whole_numbers(rows, (len(rows), WIDTH)) if rows else np.zeros((0, WIDTH), dtype=np.int64)
    pooled = len(sums) - n_authors
    if pooled not in ((0, 1) if n_authors == N_AUTHORS else (0,)):
        raise ValueError(f"{len(sums)} rows of sums for {n_authors} authors")
    if (sums[:, NONE] > 0).any() or (sums[:, COUNT.start :] < 0).any() or (sums[:, MESSAGES] < 1).any():
        raise ValueError("a sum has the wrong sign")
    if (sums[:, MESSAGES] > MOST_MESSAGES).any():
        raise ValueError(f"more than {MOST_MESSAGES} messages of an author")
    most = sums[:, MESSAGES, None] * UNIT
    if (
        (sums[:, NONE] < LEAST_LOG).any()
        or (sums[:, COUNT.start : MAXIMUM.start] > most).any()
        or (sums[:, MAXIMUM] > UNIT).any()
    ):
        raise ValueError("a sum is more than its messages can have shown")
    return sums


def _checked_clock(values: Any, n_messages: int) -> Units:
    times = _whole_numbers(values, (4,))
    if not -_FARTHEST <= times[0] <= times[1] <= _FARTHEST:
        raise ValueError(f"the first message at {times[0]} and the last at {times[1]}, in seconds since 1970")
    if (times[2:] < -UNIT * n_messages).any() or (times[2:] > UNIT * n_messages).any():
        raise ValueError(f"hours that {n_messages} messages cannot have")
    return times


def _whole_numbers(values: Any, shape: tuple[int, ...]) -> Units:
    array = np.array(values)
    if array.shape != shape or array.dtype != np.int64:
        raise ValueError(f"expected whole numbers of shape {shape}, got {array.dtype} {array.shape}")
    return array


def running_scores(
    model: ConversationModel,
    probabilities: ArrayLike | None,
    authors: Sequence[str],
    *,
    times: Sequence[datetime] = (),
    metadata: Metadata | None = None,
    sender: str = "",
    half_life: float | None = None,
) -> NDArray[np.float64]:
    """The score after each message, shape (messages,): what a ``Monitor`` would have returned, all at once. Arguments as ``score_conversation``'s."""
    found, written = running_features(
        model.head,
        model.thresholds,
        probabilities,
        authors,
        times=times,
        metadata=metadata,
        sender=sender,
        half_life=half_life,
    )
    return sigmoid(running_log_odds(model, found, written))


@dataclass(frozen=True)
class MonitoredScorer:
    """A ``Monitor`` for a state, which holds whole numbers per author and no message."""

    model: ConversationModel

    def __call__(self, rows: NDArray[np.float64], authors: Sequence[str]) -> float:
        """The score of these rows of message probabilities."""
        return score_conversation(self.model, rows, authors)

    def start(self) -> Monitor:
        """A monitor that has seen nothing."""
        return Monitor(self.model)

    def update(self, state: Monitor, row: NDArray[np.float64], author: str) -> Monitor:
        """The same monitor after one more message."""
        state.update(author, row)
        return state

    def score(self, state: Monitor) -> float:
        """The score of the messages so far."""
        return state.score
