"""The choice of operating points for the labels of messages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.thresholds import message_threshold
from classifier.model.message.operating_points import MAX_FALSE_ALARMS, Counts, MessageOperatingPoint
from classifier.readers.messages_table import messages_table
from classifier.records import Conversation
from classifier.taxonomy import LABELS


def choose_operating_points(
    messages: pd.DataFrame, scores: NDArray[np.float64]
) -> dict[str, MessageOperatingPoint]:
    """Each operating point's thresholds, with what they have on the lines of dialogues.

    A threshold is the lowest that keeps to the point's share of lines without the label. Phrases are
    left out where there are lines of conversations: they were written around the labels, so that false
    alarms are commoner among them than in talk.

    Parameters
    ----------
    messages
        As ``read_message_tables`` has them.
    scores
        Of models not fitted on them, shape (messages, ``COLUMNS``).
    """
    is_spoken = (messages["conversation"] != "").to_numpy()
    used = is_spoken if is_spoken.any() else ~is_spoken
    labels = messages.loc[used, list(LABELS)].to_numpy(dtype=bool)
    probabilities = scores[used][:, : len(LABELS)]
    points = {}
    for name, most in MAX_FALSE_ALARMS.items():
        thresholds = [
            message_threshold(labels[:, column], probabilities[:, column], max_false_alarms=most)
            for column in range(len(LABELS))
        ]
        points[name] = measured_point(labels, probabilities, np.array(thresholds))
    return points


def measured_point(
    labels: NDArray[np.bool_], probabilities: NDArray[np.float64], thresholds: NDArray[np.float64]
) -> MessageOperatingPoint:
    """``thresholds`` with what they find and falsely flag among these messages."""
    flagged = probabilities >= thresholds
    return MessageOperatingPoint(thresholds, _counts(flagged, labels), _counts(flagged, ~labels))


def _counts(flagged: NDArray[np.bool_], among: NDArray[np.bool_]) -> tuple[Counts, ...]:
    pairs = zip((flagged & among).sum(axis=0).tolist(), among.sum(axis=0).tolist(), strict=True)
    return tuple((int(hits), int(n)) for hits, n in pairs)


def of_distinct_lines(
    conversations: Sequence[Conversation], scores: NDArray[np.float64]
) -> dict[str, MessageOperatingPoint]:
    """``choose_operating_points`` on the messages of ``conversations``, each distinct line once.

    ``scores`` has a row for every message, in their order.
    """
    messages = messages_table(conversations)
    once = ~messages.duplicated(["text", "family"]).to_numpy()
    return choose_operating_points(messages[once].reset_index(drop=True), scores[once])
