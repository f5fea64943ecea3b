"""What one author's side of a conversation looks like in numbers: counted in whole units, so that a running count and a count from scratch are equal.

A conversation is looked at from each author in turn: that author is the *writer*, all others together are the *other*. Nothing but "wrote first" depends on the
order of the messages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.errors import InputError
from classifier.records import Metadata
from classifier.taxonomy import LABELS, STAGES

Numbers = NDArray[np.float64]
Units = NDArray[np.int64]

CONTENT_FEATURES: tuple[str, ...] = (
    *(f"{label}: noisy-or" for label in LABELS),
    *(f"{label}: maximum" for label in LABELS),
    *(f"{label}: log count" for label in LABELS),
    *(f"{label}: noisy-or of other" for label in LABELS),
    "distinct stages",
    "asymmetry",
)
"""From message probabilities. Noisy-or is 1 - prod(1 - p) over one's messages; the count is of messages at or over the label's threshold."""

VOLUME_FEATURES: tuple[str, ...] = ("log messages by writer", "log messages by other")
"""log(1 + n) of each side's messages, with every head."""

AGE_BANDS: dict[str, str] = {
    "unstated": "unstated",
    "under_13": "under 18",
    "13_17": "under 18",
    "18_25": "18 to 25",
    "over_25": "over 25",
}
"""The bands of ``records.Metadata``, as features tell them apart."""

_BANDS = tuple(dict.fromkeys(AGE_BANDS.values()))

METADATA_FEATURES: tuple[str, ...] = (
    "known online",
    *(f"writer's stated age {band}" for band in _BANDS),
    *(f"other's stated age {band}" for band in _BANDS),
    "log young contacts",
    "hour, sine",
    "hour, cosine",
    "log mean gap",
    "wrote first",
    "share of messages",
)
"""From metadata, times and authors. Hours are means over the messages so far, gaps are in seconds, log(1 + gap)."""

FEATURES: tuple[str, ...] = CONTENT_FEATURES + VOLUME_FEATURES + METADATA_FEATURES

HEAD_FEATURES: dict[str, tuple[str, ...]] = {
    "text": CONTENT_FEATURES + VOLUME_FEATURES,
    "metadata": VOLUME_FEATURES + METADATA_FEATURES,
    "both": FEATURES,
}
"""What each head of the pattern model sees. ``metadata`` is content-free: it is never given a message probability."""

FEATURE_LABEL: dict[str, str] = {name: name.partition(": ")[0] if ": " in name else "" for name in FEATURES}
"""The stage or cue a feature belongs to, "" for one of the whole conversation."""

N_AUTHORS = 8
"""Authors kept apart; all further ones are counted as if they were one."""

UNIT = 10**9
"""Sums are kept in whole billionths, so they are exact and in no order, and a message adds the same to a long conversation as to a short one."""

_N = len(LABELS)
NONE, COUNT, FLAGGED, MAXIMUM, MESSAGES = (
    slice(0, _N),
    slice(_N, 2 * _N),
    2 * _N,
    slice(2 * _N + 1, 3 * _N + 1),
    3 * _N + 1,
)
"""Columns of an author's sums: sum of log(1 - p) and count per label, messages with any of the five stages, largest p per label, messages.

All are in billionths but the last.
"""
WIDTH = MESSAGES + 1
_FADING = slice(0, MESSAGES)
LEAST_LOG = -1000 * UNIT
_LARGEST = 1 - 1 / UNIT


def checked_probabilities(probabilities: ArrayLike) -> Numbers:
    """As an array of shape (messages, labels). Raises ``ValueError`` for another shape or a value outside [0, 1]."""
    array = np.asarray(probabilities, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != _N:
        raise ValueError(
            f"probabilities must have shape (messages, {_N}), one column per label of the taxonomy, got {array.shape}"
        )
    if not ((array >= 0) & (array <= 1)).all():
        raise ValueError("probabilities must be in [0, 1]")
    return array


def message_sums(probabilities: Numbers, thresholds: Numbers) -> Units:
    """What each message adds to its author's sums, shape (messages, ``WIDTH``). A probability counts as at most 1 - 1e-9; one equal to its threshold is counted.

    >>> sums = message_sums(np.array([[0.5, 0, 0, 0, 0, 0, 0]]), np.full(7, 0.5))
    >>> int(sums[0, MAXIMUM][0]), int(sums[0, NONE][0]), int(sums[0, FLAGGED])
    (500000000, -693147181, 1000000000)
    """
    at = probabilities >= thresholds
    capped = np.minimum(probabilities, _LARGEST)
    sums = np.empty((len(probabilities), WIDTH), dtype=np.int64)
    sums[:, NONE] = np.rint(np.log1p(-capped) * UNIT)
    sums[:, COUNT] = at * UNIT
    sums[:, FLAGGED] = at[:, : len(STAGES)].any(axis=1) * UNIT
    sums[:, MAXIMUM] = np.rint(capped * UNIT)
    sums[:, MESSAGES] = 1
    return sums


def content_free_sums(n_messages: int) -> Units:
    """What each message adds when no text may be looked at: itself."""
    sums = np.zeros((n_messages, WIDTH), dtype=np.int64)
    sums[:, MESSAGES] = 1
    return sums


def add_message(sums: Units, slot: int, added: Units, *, half_life: float | None) -> None:
    """Count one message of ``slot`` into ``sums``, shape (authors, ``WIDTH``), in place.

    With a ``half_life``, all that messages have shown so far first fades, to half after that many messages of anybody. How many were written does not fade.
    """
    if half_life is not None:
        sums[:, _FADING] = np.rint(sums[:, _FADING] * 0.5 ** (1 / half_life))
    largest = np.maximum(sums[slot, MAXIMUM], added[MAXIMUM])
    sums[slot] += added
    sums[slot, MAXIMUM] = largest
    np.maximum(sums[slot, NONE], LEAST_LOG, out=sums[slot, NONE])


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
    np.maximum(sums[..., NONE], LEAST_LOG, out=sums[..., NONE])
    return sums


def author_slots(authors: Sequence[str]) -> list[int]:
    """Each message's author by number: in the order they first write, the ninth and all after it under one number.

    >>> author_slots(["ann", "bo", "ann", "cy"])
    [0, 1, 0, 2]
    """
    known: dict[str, int] = {}
    return [known.setdefault(author, min(len(known), N_AUTHORS)) for author in authors]


def clock(time: datetime) -> Units:
    """One message's time as whole numbers: seconds twice (for the first and the last), sine and cosine of its hour in billionths."""
    local = time.replace(tzinfo=None)
    at = local - (time.utcoffset() or local - local)
    seconds = int((at - datetime(1970, 1, 1)).total_seconds())
    angle = 2 * math.pi * (local.hour * 3600 + local.minute * 60 + local.second) / 86_400
    return np.array(
        [seconds, seconds, round(math.sin(angle) * UNIT), round(math.cos(angle) * UNIT)], dtype=np.int64
    )


def running_clock(times: Sequence[datetime]) -> Units:
    """First time, last time, summed sine and cosine of the hour after every message, shape (messages, 4)."""
    each = np.array([clock(time) for time in times], dtype=np.int64)
    running = np.cumsum(each, axis=0)
    running[:, 0] = np.minimum.accumulate(each[:, 0])
    running[:, 1] = np.maximum.accumulate(each[:, 1])
    return running


def features(
    head: str,
    sums: Units,
    *,
    clocks: Units | None = None,
    metadata: Metadata | None = None,
    is_sender: ArrayLike = (),
) -> Numbers:
    """One row of ``HEAD_FEATURES[head]`` for each author as the writer: ``sums`` of shape (..., authors, ``WIDTH``) give (..., authors, features).

    ``clocks`` has shape (..., 4); ``is_sender`` says of each author whether it is the account that ``metadata`` calls the sender. Both serve the metadata features.
    """
    other = sums.sum(axis=-2, keepdims=True) - sums
    volume = np.log1p(np.stack([sums[..., MESSAGES], other[..., MESSAGES]], axis=-1))
    if head == "text":
        return np.concatenate([_content(sums, other), volume], axis=-1)
    if clocks is None or metadata is None:
        raise ValueError(f"head {head!r} needs the conversation's metadata and a time for each message")
    around = _around(sums, other, clocks, metadata, np.asarray(is_sender, dtype=bool))
    return np.concatenate(
        [volume, around] if head == "metadata" else [_content(sums, other), volume, around], axis=-1
    )


def _content(sums: Units, other: Units) -> Numbers:
    counts = sums[..., COUNT] / UNIT
    own, others = sums[..., FLAGGED], other[..., FLAGGED]
    return np.concatenate(
        [
            -np.expm1(sums[..., NONE] / UNIT),
            sums[..., MAXIMUM] / UNIT,
            np.log1p(counts),
            -np.expm1(other[..., NONE] / UNIT),
            np.minimum(counts[..., : len(STAGES)], 1).sum(axis=-1, keepdims=True),
            ((own - others) / np.maximum(own + others, 1))[..., None],
        ],
        axis=-1,
    )


def _around(
    sums: Units, other: Units, clocks: Units, metadata: Metadata, is_sender: NDArray[np.bool_]
) -> Numbers:
    written = sums[..., MESSAGES]
    n = written + other[..., MESSAGES]
    both = np.array(
        [
            _band(metadata.contact_age_band) + _band(metadata.sender_age_band),
            _band(metadata.sender_age_band) + _band(metadata.contact_age_band),
        ]
    )
    gaps = np.log1p((clocks[..., 1] - clocks[..., 0])[..., None] / np.maximum(n - 1, 1))
    around = np.empty((*written.shape, len(METADATA_FEATURES)))
    around[..., 0] = metadata.known_from == "online"
    around[..., 1 : 1 + 2 * len(_BANDS)] = both[is_sender.astype(int)]
    around[..., -6] = math.log1p(metadata.young_contacts)
    around[..., -5] = clocks[..., 2, None] / (UNIT * n)
    around[..., -4] = clocks[..., 3, None] / (UNIT * n)
    around[..., -3] = gaps
    around[..., -2] = np.arange(written.shape[-1]) == 0
    around[..., -1] = written / n
    return around


def check_metadata(metadata: Metadata) -> None:
    """Raise ``InputError`` for an age band that is none of ``AGE_BANDS``, or a number of young contacts that is no number."""
    for stated in (metadata.sender_age_band, metadata.contact_age_band):
        if stated not in AGE_BANDS:
            raise InputError(f"age band must be one of {', '.join(AGE_BANDS)}, got {stated!r}")
    if not isinstance(metadata.young_contacts, int) or metadata.young_contacts < 0:
        raise InputError(
            f"young_contacts must be a whole number of at least 0, got {metadata.young_contacts!r}"
        )


def _band(stated: str) -> list[float]:
    return [float(band == AGE_BANDS[stated]) for band in _BANDS]


def running_features(
    head: str,
    thresholds: Numbers,
    probabilities: ArrayLike | None,
    authors: Sequence[str],
    *,
    times: Sequence[datetime] = (),
    metadata: Metadata | None = None,
    sender: str = "",
    half_life: float | None = None,
) -> tuple[Numbers, NDArray[np.bool_]]:
    """``features`` after every message, shape (messages, authors, features), and which authors have written by then, shape (messages, authors).

    Authors are numbered by ``author_slots``. ``times``, ``metadata`` and ``sender`` are needed by the heads that look at metadata, ``probabilities`` by the others.
    Raises ``ValueError`` when one is missing, or when they differ in length.
    """
    added = added_sums(head, thresholds, probabilities, len(authors))
    if half_life is not None and not 0 < half_life < math.inf:
        raise ValueError(f"half_life must be a number of messages over 0, got {half_life!r}")
    slots = author_slots(authors)
    sums = running_sums(added, slots, half_life=half_life)
    written = sums[..., MESSAGES] > 0
    if head == "text":
        return features(head, sums), written
    if not sender or len(times) != len(authors):
        raise ValueError(
            f"head {head!r} needs the sender that the metadata speaks of, and a time for each of {len(authors)} messages, got {sender!r} and {len(times)}"
        )
    if metadata is not None:
        check_metadata(metadata)
    names = list(dict.fromkeys(authors))[:N_AUTHORS]
    is_sender = [slot < len(names) and names[slot] == sender for slot in range(sums.shape[1])]
    return features(head, sums, clocks=running_clock(times), metadata=metadata, is_sender=is_sender), written


def added_sums(head: str, thresholds: Numbers, probabilities: ArrayLike | None, n_messages: int) -> Units:
    """``message_sums`` of a conversation, or ``content_free_sums`` for the head that reads no text, whatever it is given."""
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
