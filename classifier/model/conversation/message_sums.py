"""Sums of an author's messages in whole units, and conversation clocks.

Units are whole numbers, so a running sum and a sum from scratch are equal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.model.message.scorer import TACTIC_COLUMNS
from classifier.taxonomy import COLUMNS, LABELS

Numbers = NDArray[np.float64]
Units = NDArray[np.int64]

UNIT = 10**9
"""Units in 1: sums are kept in whole billionths.

So they are exact in any order, and a message adds the same to a long conversation as to a short one.
"""

EVIDENCE, COUNT = slice(0, len(LABELS)), slice(len(LABELS), len(LABELS) + len(COLUMNS))
WRITTEN, MESSAGES = COUNT.stop, COUNT.stop + 1
"""Columns of an author's sums.

In order: evidence per label, which is the sum of -log(1 - p); flagged messages per label and tactic; all
messages, these three in billionths and fading; messages again, in whole numbers and not fading. A message
flagged for a label counts for the tactic of the label that it shows best, too.
"""
WIDTH = MESSAGES + 1
_FADING = slice(0, MESSAGES)
MOST_EVIDENCE = 1000 * UNIT
_LARGEST = 1 - 1 / UNIT


def checked_probabilities(probabilities: ArrayLike) -> Numbers:
    """``probabilities`` as an array of shape (messages, ``COLUMNS``).

    Raises ``ValueError`` for another shape or a value outside [0, 1].
    """
    array = np.asarray(probabilities, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != len(COLUMNS):
        raise ValueError(
            f"probabilities must have shape (messages, {len(COLUMNS)}), a column per label and tactic of the "
            f"taxonomy, got {array.shape}"
        )
    if not ((array >= 0) & (array <= 1)).all():
        raise ValueError("probabilities must be in [0, 1]")
    return array


def message_sums(probabilities: Numbers, thresholds: Numbers) -> Units:
    """What each message adds to its author's sums, shape (messages, ``WIDTH``).

    A probability counts as at most 1 - 1e-9; one equal to its label's threshold is flagged.

    >>> sums = message_sums(np.full((1, len(COLUMNS)), 0.5), np.full(len(LABELS), 0.5))
    >>> int(sums[0, 0]), int(sums[0, WRITTEN]), int(sums[0, MESSAGES])
    (693147181, 1000000000, 1)
    """
    of_labels = probabilities[:, : len(LABELS)]
    sums = content_free_sums(len(probabilities))
    sums[:, EVIDENCE] = np.rint(-np.log1p(-np.minimum(of_labels, _LARGEST)) * UNIT)
    counts = sums[:, COUNT]
    for at, label in enumerate(LABELS):
        flagged = np.flatnonzero(of_labels[:, at] >= thresholds[at])
        counts[flagged, at] = UNIT
        columns = np.array(TACTIC_COLUMNS[label])
        tactics = probabilities[flagged][:, columns]
        shown = tactics.max(axis=1) > 0
        best = columns[tactics.argmax(axis=1)]
        counts[flagged[shown], best[shown]] = UNIT
    return sums


def content_free_sums(n_messages: int) -> Units:
    """What each message adds to its author's sums for head "metadata": a message."""
    sums = np.zeros((n_messages, WIDTH), dtype=np.int64)
    sums[:, WRITTEN] = UNIT
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


def faded(sums: Units, half_life: float) -> Units:
    """``sums`` one message later: half of what they were after ``half_life`` messages.

    >>> sums = content_free_sums(1)
    >>> later = faded(faded(sums, 2.0), 2.0)
    >>> int(later[0, WRITTEN]), int(later[0, MESSAGES])
    (500000000, 1)
    """
    later = sums.copy()
    later[..., _FADING] = np.rint(sums[..., _FADING] * 0.5 ** (1 / half_life))
    return later


def running_sums(added: Units, slots: Sequence[int], *, half_life: float) -> Units:
    """Every author's sums after every message, shape (messages, authors, ``WIDTH``)."""
    running = np.zeros((len(added), max(slots) + 1, WIDTH))
    rows, left = added.astype(np.float64), 0.5 ** (1 / half_life)
    sums = np.zeros(running.shape[1:])
    fading, evidence = sums[:, _FADING], sums[:, EVIDENCE]
    for number, slot in enumerate(slots):  # in place and in floats, which hold these numbers exactly
        fading *= left
        np.rint(fading, out=fading)
        sums[slot] += rows[number]
        np.minimum(evidence, MOST_EVIDENCE, out=evidence)
        running[number] = sums
    return running.astype(np.int64)


def add_to(sums: Units, at: Any, added: Units) -> None:
    """Add messages to the rows ``at`` of ``sums``, in place."""
    sums[at] += added
    sums[..., EVIDENCE] = np.minimum(sums[..., EVIDENCE], MOST_EVIDENCE)


def author_slots(authors: Sequence[str]) -> list[int]:
    """Each message's author as a number, in the order in which they first write.

    >>> author_slots(["ann", "bo", "ann", "cy"])
    [0, 1, 0, 2]
    """
    known: dict[str, int] = {}
    return [known.setdefault(author, len(known)) for author in authors]


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
