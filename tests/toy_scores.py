"""Message scores written by hand as labels alone, with no tactic shown."""

from __future__ import annotations

import numpy as np

from classifier.taxonomy import COLUMNS, LABELS

HALF = np.full(len(LABELS), 0.5)
"""The threshold of each label."""

NEVER = 1e18
"""A half-life so long that nothing fades."""


def of_labels(rows):
    """Scores of shape (messages, COLUMNS) from rows of seven, one a label."""
    rows = np.asarray(rows, dtype=np.float64)
    return np.hstack([rows, np.zeros((len(rows), len(COLUMNS) - len(LABELS)))])


def showing(*labels, p=0.8):
    """Scores of p in the given label or tactic of each message; None shows nothing."""
    rows = np.zeros((len(labels), len(COLUMNS)))
    for row, label in enumerate(labels):
        if label is not None:
            rows[row, COLUMNS.index(label)] = p
    return rows
