"""What the regressions of a message model are fitted to, and how much each row weighs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.model.message.reading.disguises import readable
from classifier.model.message.reading.passages import parts_of
from classifier.taxonomy import COLUMNS, LABELS, TACTICS

LEFT_OUT = -1
"""The target of a row that a regression is not fitted on."""

WEIGHT_OF_COUNTERPARTS = 3.0
"""Of a message that refuses, reports, quotes or advises and shows nothing. Chosen on validation and on the
lines of version 1's second voice: average precision .868 and .878, with a weight of 1 .868 and .876."""

LEAST_WORDS_OF_PART = 3
"""Words of a clause that is fitted by itself. Of 3, 4 and 5, the number with the highest average precision on
validation and on the lines of version 1's second voice: .925 and .880, with 5 .924 and .878."""

PLAIN = "plain"
"""The manner of a message that speaks for itself."""


def with_parts(table: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """A messages table with the sentences and clauses of messages without a label as further rows.

    A message is scored by its highest passage. So every part of a message without a label is an example
    without a label. Of a message with a label it is not known which part shows it. The second
    value has, for each row of the result, the position in ``table`` of the row it is or comes from.

    >>> table = pd.DataFrame({"text": ["ok, the bus is late", "keep it, secret"], **dict.fromkeys(LABELS, 0)})
    >>> table.loc[1, "secrecy"] = 1
    >>> longer, row = with_parts(table)
    >>> longer["text"].tolist(), row.tolist()
    (['ok, the bus is late', 'keep it, secret', 'the bus is late'], [0, 1, 0])
    """
    neutral = np.flatnonzero(~table[list(LABELS)].astype(bool).any(axis=1))
    texts = table["text"].tolist()
    parts = [(row, part) for row in neutral.tolist() for part in parts_of(readable(texts[row]), _long_enough)]
    row = np.array([row for row, _ in parts], dtype=np.int64)
    below = table.iloc[row].assign(text=[part for _, part in parts])
    return pd.concat([table, below], ignore_index=True), np.concatenate([np.arange(len(table)), row])


def _long_enough(clauses: list[str]) -> list[str]:
    return [clause for clause in clauses if len(clause.split()) >= LEAST_WORDS_OF_PART]


def training_targets(table: pd.DataFrame) -> NDArray[np.int8]:
    """What each regression is fitted to, shape (rows, ``COLUMNS``).

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
    """The weight of each row in every regression.

    It is 1, or ``WEIGHT_OF_COUNTERPARTS`` of one whose ``manner`` is not plain and that shows no label.
    """
    if "manner" not in table:
        return np.ones(len(table))
    is_counterpart = (table["manner"] != PLAIN) & ~table[list(LABELS)].astype(bool).any(axis=1)
    return np.where(is_counterpart, WEIGHT_OF_COUNTERPARTS, 1.0)
