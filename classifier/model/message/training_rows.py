"""What the regressions of a message model are fitted to, and how much each message weighs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.taxonomy import COLUMNS, LABELS, TACTICS

LEFT_OUT = -1
"""The target of a row that a regression is not fitted on."""

WEIGHT_OF_COUNTERPARTS = 3.0
"""Of a message that refuses, reports, quotes or advises and shows nothing. Chosen on validation and on the
lines of version 1's second voice: average precision .868 and .878, with a weight of 1 .868 and .876."""

PLAIN = "plain"
"""The manner of a message that speaks for itself."""


def training_targets(table: pd.DataFrame) -> NDArray[np.int8]:
    """What each regression is fitted to, shape (messages, ``COLUMNS``).

    A message that shows a label by another tactic is left out of the regression of a tactic: it is
    neither an example of it nor of its absence. Without a column ``tactics`` there are only labels.
    """
    labels = table[list(LABELS)].to_numpy(dtype=np.int8)
    if "tactics" not in table:
        return labels
    shown = [set(tactics.split("|")) for tactics in table["tactics"]]
    targets = np.zeros((len(table), len(COLUMNS)), dtype=np.int8)
    targets[:, : len(LABELS)] = labels
    for at, (tactic, label) in enumerate(TACTICS.items(), start=len(LABELS)):
        of_label = labels[:, LABELS.index(label)] == 1
        targets[of_label, at] = LEFT_OUT
        targets[of_label & np.array([tactic in tactics for tactics in shown], dtype=bool), at] = 1
    return targets


def training_weights(table: pd.DataFrame) -> NDArray[np.float64]:
    """The weight of each message in every regression.

    It is 1, or ``WEIGHT_OF_COUNTERPARTS`` of one whose ``manner`` is not plain and that shows no label.
    """
    if "manner" not in table:
        return np.ones(len(table))
    is_counterpart = (table["manner"] != PLAIN) & ~table[list(LABELS)].astype(bool).any(axis=1)
    return np.where(is_counterpart, WEIGHT_OF_COUNTERPARTS, 1.0)
