"""Features of one author's side of a conversation.

A conversation is looked at from each author in turn: that author is the *writer*, all others together
are the *other*. Nothing but "wrote first" depends on the order of the messages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.errors import InputError
from classifier.model.conversation.message_sums import (
    COUNT,
    EVIDENCE,
    MESSAGES,
    UNIT,
    WRITTEN,
    Numbers,
    Units,
    added_sums,
    author_slots,
    running_clock,
    running_sums,
)
from classifier.records import Metadata
from classifier.taxonomy import COLUMNS, LABELS, STAGES

CONTENT_FEATURES: tuple[str, ...] = (
    *(f"{column}: log count" for column in COLUMNS),
    *(f"{label}: seen" for label in LABELS),
    *(f"{label}: seen of other" for label in LABELS),
    "distinct stages",
)
"""Features from message probabilities p of labels and tactics, fading with the half-life.

Counts are of one side's flagged messages, as log(1 + count). "Seen" is 1 - exp(-evidence), the noisy-or,
with the sum of -log(1 - p) as the evidence. A distinct stage counts as its messages do, but at most 1.
"""

VOLUME_FEATURES: tuple[str, ...] = ("log recent messages by writer", "log recent messages by other")
"""log(1 + n) of each side's messages, fading as the evidence does; every head has them."""

AGE_BANDS: dict[str, str] = {
    "unstated": "unstated",
    "under_13": "under 18",
    "13_17": "under 18",
    "18_25": "18 to 25",
    "over_25": "over 25",
}
"""The age bands of ``records.Metadata``, each with the band of its feature."""

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
"""Features from metadata, times and authors.

Hours are means over the messages so far; gaps are in seconds, as log(1 + gap).
"""

FEATURES: tuple[str, ...] = CONTENT_FEATURES + VOLUME_FEATURES + METADATA_FEATURES

HEAD_FEATURES: dict[str, tuple[str, ...]] = {
    "text": CONTENT_FEATURES + VOLUME_FEATURES,
    "metadata": VOLUME_FEATURES + METADATA_FEATURES,
    "both": FEATURES,
}
"""The features of each head of the conversation model.

Head "metadata" is content-free: it is never given a message probability.
"""

FEATURE_LABEL: dict[str, str] = {
    name: name.partition(": ")[0].partition(".")[0] if ": " in name else "" for name in FEATURES
}
"""The stage or cue of each feature, "" for a feature of the whole conversation."""


def features(
    head: str,
    sums: Units,
    *,
    clocks: Units | None = None,
    metadata: Metadata | None = None,
    is_sender: ArrayLike = (),
) -> Numbers:
    """The features of each author as the writer, shape (..., authors, features).

    Raises ``ValueError`` for a head that needs metadata and gets none.

    Parameters
    ----------
    sums
        Shape (..., authors, ``WIDTH``).
    clocks
        Shape (..., 4), as of ``running_clock``; for the metadata features.
    is_sender
        Whether each author is the one that ``metadata`` calls the sender; for the metadata features.
    """
    other = sums.sum(axis=-2, keepdims=True) - sums
    volume = np.log1p(np.stack([sums[..., WRITTEN], other[..., WRITTEN]], axis=-1) / UNIT)
    if head == "text":
        return np.concatenate([_content_features(sums, other), volume], axis=-1)
    if clocks is None or metadata is None:
        raise ValueError(f"head {head!r} needs the conversation's metadata and a time for each message")
    from_metadata = _metadata_features(sums, other, clocks, metadata, np.asarray(is_sender, dtype=bool))
    if head == "metadata":
        return np.concatenate([volume, from_metadata], axis=-1)
    return np.concatenate([_content_features(sums, other), volume, from_metadata], axis=-1)


def _content_features(sums: Units, other: Units) -> Numbers:
    counts = sums[..., COUNT] / UNIT
    seen, seen_of_other = (-np.expm1(-side[..., EVIDENCE] / UNIT) for side in (sums, other))
    distinct = np.minimum(counts[..., : len(STAGES)], 1).sum(axis=-1, keepdims=True)
    return np.concatenate([np.log1p(counts), seen, seen_of_other, distinct], axis=-1)


def _metadata_features(
    sums: Units, other: Units, clocks: Units, metadata: Metadata, is_sender: NDArray[np.bool_]
) -> Numbers:
    written = sums[..., MESSAGES]
    n = written + other[..., MESSAGES]
    sender, contact = _band(metadata.sender_age_band), _band(metadata.contact_age_band)
    ages = np.array([contact + sender, sender + contact])  # of a contact who writes, and of a sender
    gaps = np.log1p((clocks[..., 1] - clocks[..., 0])[..., None] / np.maximum(n - 1, 1))
    columns = np.empty((*written.shape, len(METADATA_FEATURES)))
    columns[..., 0] = metadata.known_from == "online"
    columns[..., 1 : 1 + 2 * len(_BANDS)] = ages[is_sender.astype(int)]
    columns[..., -6] = math.log1p(metadata.young_contacts)
    columns[..., -5] = clocks[..., 2, None] / (UNIT * n)
    columns[..., -4] = clocks[..., 3, None] / (UNIT * n)
    columns[..., -3] = gaps
    columns[..., -2] = np.arange(written.shape[-1]) == 0
    columns[..., -1] = written / n
    return columns


def check_metadata(metadata: Metadata) -> None:
    """Raise ``InputError`` for an unknown age band, or a wrong number of young contacts."""
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
    half_life: float,
    times: Sequence[datetime] = (),
    metadata: Metadata | None = None,
    sender: str = "",
) -> tuple[Numbers, NDArray[np.bool_]]:
    """``features`` after every message, and which authors have written by then.

    Their shapes are (messages, authors, features) and (messages, authors), with authors numbered by
    ``author_slots``. Raises ``ValueError`` when a needed argument is missing, or when they differ in
    length.

    Parameters
    ----------
    thresholds
        The message probability of each label from which a message is flagged.
    probabilities
        Shape (messages, ``COLUMNS``); not used by head "metadata".
    half_life
        Messages, of anybody, after which what was shown counts half.
    times, metadata, sender
        One time a message, the conversation's metadata, and the author that these call the sender;
        needed by heads "metadata" and "both".
    """
    added = added_sums(head, thresholds, probabilities, len(authors))
    slots = author_slots(authors)
    sums = running_sums(added, slots, half_life=half_life)
    written = sums[..., MESSAGES] > 0
    if head == "text":
        return features(head, sums), written
    if not sender or len(times) != len(authors):
        raise ValueError(
            f"head {head!r} needs the sender that the metadata speaks of, "
            f"and a time for each of {len(authors)} messages, got {sender!r} and {len(times)}"
        )
    if metadata is not None:
        check_metadata(metadata)
    is_sender = [name == sender for name in dict.fromkeys(authors)]
    return features(head, sums, clocks=running_clock(times), metadata=metadata, is_sender=is_sender), written
