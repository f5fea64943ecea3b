"""Checks of the parts of a monitor's state, each raising ``ValueError`` for a damaged one."""

from __future__ import annotations

from typing import Any

import numpy as np

from classifier.model.conversation.message_sums import (
    COUNT,
    EVIDENCE,
    MESSAGES,
    MOST_EVIDENCE,
    UNIT,
    WIDTH,
    WRITTEN,
    Units,
)

MOST_MESSAGES = 10**9
"""Most messages of one author in a resumed state: the sums of some authors fit into 64 bits."""
_FARTHEST = 10**12
"""Most seconds before or after 1970, three times what a calendar has."""


def checked_tags(tags: Any) -> list[str]:
    """The tags of the authors."""
    if (
        not isinstance(tags, list)
        or not all(isinstance(tag, str) for tag in tags)
        or len(set(tags)) < len(tags)
    ):
        raise ValueError(f"authors must be different tags, got {tags!r}")
    return tags


def checked_sums(rows: Any, n_authors: int) -> Units:
    """The sums of each author, shape (authors, ``WIDTH``)."""
    sums = _whole_numbers(rows, (n_authors, WIDTH)) if rows else np.zeros((0, WIDTH), dtype=np.int64)
    if len(sums) != n_authors:
        raise ValueError(f"{len(sums)} rows of sums for {n_authors} authors")
    if (sums < 0).any() or (sums[:, MESSAGES] < 1).any():
        raise ValueError("a sum has the wrong sign")
    if (sums[:, MESSAGES] > MOST_MESSAGES).any():
        raise ValueError(f"more than {MOST_MESSAGES} messages of an author")
    if (sums[:, EVIDENCE] > MOST_EVIDENCE).any() or (
        sums[:, COUNT.start : WRITTEN + 1] > sums[:, MESSAGES, None] * UNIT
    ).any():
        raise ValueError("a sum is more than its messages can have shown")
    return sums


def checked_clock(values: Any, n_messages: int) -> Units:
    """The ``running_clock`` after ``n_messages`` messages, shape (4,)."""
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
