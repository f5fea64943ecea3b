"""The operating points of a message model: its thresholds, and what each had on validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.taxonomy import LABELS

MAX_FALSE_ALARMS: dict[str, float] = {"strict": 0.00025, "balanced": 0.0012, "sensitive": 0.005}
"""Share of validation messages without a label that each point's threshold of the label may flag.

With these, on ordinary chat (half A of chitchat), `strict` flags at most 0.3 % of the messages for each
label and `balanced` at most 1 %, by the model of the train split as by the shipped one.
"""

OPERATING_POINTS: tuple[str, ...] = tuple(MAX_FALSE_ALARMS)
DEFAULT_POINT = "balanced"

Counts = tuple[int, int]
"""Hits, and of how many."""


@dataclass(frozen=True)
class MessageOperatingPoint:
    """One threshold per label, with what they had on the messages they were chosen on.

    ``found`` counts the messages with a label that were flagged, ``false_alarms`` those without it; each
    has an entry per label.
    """

    thresholds: NDArray[np.float64]
    found: tuple[Counts, ...]
    false_alarms: tuple[Counts, ...]

    def to_json(self) -> dict[str, Any]:
        """The counts as a model's header keeps them; the thresholds are an array of the file."""
        return {
            label: {"found": list(found), "false_alarms": list(false_alarms)}
            for label, found, false_alarms in zip(LABELS, self.found, self.false_alarms, strict=True)
        }

    @classmethod
    def from_json(cls, counts: Mapping[str, Any], thresholds: NDArray[np.float64]) -> MessageOperatingPoint:
        """What ``to_json`` gave, with its thresholds. Raises ``ValueError`` for other counts."""
        return cls(
            thresholds,
            tuple(_checked_counts(counts[label]["found"]) for label in LABELS),
            tuple(_checked_counts(counts[label]["false_alarms"]) for label in LABELS),
        )


def _checked_counts(counts: Any) -> Counts:
    hits, n = counts
    if not (isinstance(hits, int) and isinstance(n, int) and 0 <= hits <= n):
        raise ValueError(f"expected hits and of how many, got {counts!r}")
    return hits, n
