"""Sums of an author's messages in whole units, and conversation clocks.

Units are whole numbers, so a running sum and a sum from scratch are equal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.taxonomy import LABELS, STAGES

Numbers = NDArray[np.float64]
Units = NDArray[np.int64]

N_AUTHORS = 8
"""Authors kept apart; all further ones count as one."""

UNIT = 10**9
"""Units in 1: sums are kept in whole billionths.

So they are exact in any order, and a message adds the same to a long conversation as to a short one.
"""

_N = len(LABELS)
LOG_NONE, COUNT, FLAGGED, MAXIMUM, MESSAGES = (
    slice(0, _N),
    slice(_N, 2 * _N),
    2 * _N,
    slice(2 * _N + 1, 3 * _N + 1),
    3 * _N + 1,
)
"""Columns of an author's sums, all in billionths but the last.

In order: sum of log(1 - p) per label, count per label, messages with any of the five stages, largest p
per label, messages.
"""
WIDTH = MESSAGES + 1
_FADING = slice(0, MESSAGES)
LEAST_LOG = -1000 * UNIT
_LARGEST = 1 - 1 / UNIT


def checked_probabilities(probabilities: ArrayLike) -> Numbers:
    """``probabilities`` as an array of shape (messages, labels).

    Raises ``ValueError`` for another shape or a value outside [0, 1].
    """
    array = np.asarray(probabilities, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != _N:
        raise ValueError(
            f"probabilities must have shape (messages, {_N}), one column per label of the taxonomy, "
            f"got {array.shape}"
        )
    if not ((array >= 0) & (array <= 1)).all():
        raise ValueError("probabilities must be in [0, 1]")
    return array


def message_sums(probabilities: Numbers, thresholds: Numbers) -> Units:
    """What each message adds to its author's sums, shape (messages, ``WIDTH``).

    A probability counts as at most 1 - 1e-9; one equal to its threshold is counted.

    >>> sums = message_sums(np.array([[0.5, 0, 0, 0, 0, 0, 0]]), np.full(7, 0.5))
    >>> int(sums[0, MAXIMUM][0]), int(sums[0, LOG_NONE][0]), int(sums[0, FLAGGED])
    (500000000, -693147181, 1000000000)
    """
    counted = probabilities >= thresholds
    capped = np.minimum(probabilities, _LARGEST)
    sums = np.empty((len(probabilities), WIDTH), dtype=np.int64)
    sums[:, LOG_NONE] = np.rint(np.log1p(-capped) * UNIT)
    sums[:, COUNT] = counted * UNIT
    sums[:, FLAGGED] = counted[:, : len(STAGES)].any(axis=1) * UNIT
    sums[:, MAXIMUM] = np.rint(capped * UNIT)
    sums[:, MESSAGES] = 1
    return sums


def content_free_sums(n_messages: int) -> Units:
    """What each message adds to its author's sums for head "metadata": a message."""
    sums = np.zeros((n_messages, WIDTH), dtype=np.int64)
    sums[:, MESSAGES] = 1
    return sums


def added_sums(head: str, thresholds: Numbers, probabilities: ArrayLike | None, n_messages: int) -> Units:
    """``message_sums`` of a conversation, for head "metadata" its ``content_free_sums``."""
    if n_messages < 1:
        raise ValueError("a conversation must have at least one message, got none")
    if head == "metadata":
        return content_free_sums(n_messages)
    if probabilities is None:
        raise ValueError(f"head {head!r} needs message probabilities")
    checked = checked_probabilities(probabilities)
    if len(checked) != n_messages:
        raise ValueError(f"probabilities and authors must be as long, got {len(checked)} and {n_messages}")
    return message_sums(checked, thresholds)


def add_message(sums: Units, slot: int, added: Units, *, half_life: float | None) -> None:
    """Add one message of author ``slot`` to ``sums``, shape (authors, ``WIDTH``), in place.

    With a ``half_life``, all that messages have shown so far first fades, to half after that many
    messages of any author. The number of messages does not fade.
    """
    if half_life is not None:
        sums[:, _FADING] = np.rint(sums[:, _FADING] * 0.5 ** (1 / half_life))
    largest = np.maximum(sums[slot, MAXIMUM], added[MAXIMUM])
    sums[slot] += added
    sums[slot, MAXIMUM] = largest
    np.maximum(sums[slot, LOG_NONE], LEAST_LOG, out=sums[slot, LOG_NONE])


def running_sums(added: Units, slots: Sequence[int], *, half_life: float | None = None) -> Units:
    """Every author's sums after every message, shape (messages, authors, ``WIDTH``)."""
    apart = np.zeros((len(added), max(slots) + 1, WIDTH), dtype=np.int64)
    if half_life is not None:
        sums = np.zeros_like(apart[0])
        for number, slot in enumerate(slots):
            add_message(sums, slot, added[number], half_life=half_life)
            apart[number] = sums
        return apart
    apart[np.arange(len(added)), slots] = added
    sums = np.cumsum(apart, axis=0)
    sums[..., MAXIMUM] = np.maximum.accumulate(apart[..., MAXIMUM], axis=0)
    np.maximum(sums[..., LOG_NONE], LEAST_LOG, out=sums[..., LOG_NONE])
    return sums


def author_slots(authors: Sequence[str]) -> list[int]:
    """Each message's author as a number, in the order in which they first write.

    The ninth and all later authors have one number.

    >>> author_slots(["ann", "bo", "ann", "cy"])
    [0, 1, 0, 2]
    """
    known: dict[str, int] = {}
    return [known.setdefault(author, min(len(known), N_AUTHORS)) for author in authors]


def clock(time: datetime) -> Units:
    """One message's time as whole numbers, a ``running_clock`` of one message.

    Seconds since 1970 twice (first and last), then sine and cosine of the hour in billionths.
    """
    local = time.replace(tzinfo=None)
    at = local - (time.utcoffset() or local - local)
    seconds = int((at - datetime(1970, 1, 1)).total_seconds())
    angle = 2 * math.pi * (local.hour * 3600 + local.minute * 60 + local.second) / 86_400
    return np.array(
        [seconds, seconds, round(math.sin(angle) * UNIT), round(math.cos(angle) * UNIT)], dtype=np.int64
    )


def running_clock(times: Sequence[datetime]) -> Units:
    """First time, last time and summed sine and cosine after every message, shape (messages, 4)."""
    clocks = np.array([clock(time) for time in times], dtype=np.int64)
    running = np.cumsum(clocks, axis=0)
    running[:, 0] = np.minimum.accumulate(clocks[:, 0])
    running[:, 1] = np.maximum.accumulate(clocks[:, 1])
    return running
