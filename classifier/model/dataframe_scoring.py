"""Table functions for scoring, pandas tables in and out.

Each declares the columns of its result. Dask runs them over Parquet files
(``classifier.workflows.scoring.dask_cluster``) and Spark over its own partitions.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from classifier.errors import InputError
from classifier.model.conversation.bulk_monitor import BulkMonitor
from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.message.batch import BatchScorer
from classifier.taxonomy import COLUMNS, LABELS

MESSAGE_SCHEMA: dict[str, str] = dict.fromkeys(LABELS, "float64") | {"stages": "str"}
"""Columns of ``score_frame`` and their dtypes.

A probability per label, and the labels at or over their thresholds, joined by "|".
"""

CONVERSATION_SCHEMA: dict[str, str] = {
    "conversation_id": "str",
    "score": "float64",
    "flagged": "int64",
    "warned_at": "Int64",
}
"""Columns of ``conversation_frame`` and their dtypes, one row a conversation.

Its highest score, whether that reached the alert threshold, and the number of messages seen when a
score first did (missing without a warning).
"""

SIDE_SCHEMA: dict[str, str] = {"conversation_id": "str", "author": "str", "score": "float64"}
"""Columns of ``side_frame`` and their dtypes, one row an author of a conversation."""

SENDER_SCHEMA: dict[str, str] = {
    "author": "str",
    "score": "float64",
    "conversations": "int64",
    "flagged": "int64",
}
"""Columns of ``sender_frame`` and their dtypes, one row an author.

The highest score from that author's side, the number of conversations the author wrote in, and how
many of these reached the alert threshold.
"""


def score_frame(frame: pd.DataFrame, scorer: BatchScorer, *, tactics: bool = False) -> pd.DataFrame:
    """Scores of messages: the columns of ``MESSAGE_SCHEMA``, the index of ``frame``.

    With ``tactics`` a column ``label.tactic`` for each follows. ``frame`` has a column ``text`` of strings;
    other columns are not used. Each row depends on its own text alone. Raises ``InputError`` for a missing
    text.
    """
    is_text = frame["text"].map(lambda text: isinstance(text, str)).to_numpy(dtype=bool)
    if missing := np.flatnonzero(~is_text).tolist():
        raise InputError(
            f"text: expected a string in every row, row {missing[0] + 1} of the table has "
            f"{frame['text'].iloc[missing[0]]!r}"
        )
    found = scorer.scores(frame["text"])
    probabilities = found[:, : len(LABELS)]
    model = scorer.model
    is_flagged = np.any(probabilities >= model.thresholds, axis=1).tolist()
    scores = pd.DataFrame(probabilities, columns=list(LABELS), index=frame.index)
    scores["stages"] = pd.Series(
        [
            "|".join(model.flagged(row)) if any_flagged else ""
            for row, any_flagged in zip(probabilities, is_flagged, strict=True)
        ],
        index=frame.index,
        dtype="str",
    )
    if tactics:
        columns = list(COLUMNS[len(LABELS) :])
        of_tactics = pd.DataFrame(found[:, len(LABELS) :], columns=columns, index=frame.index)
        scores = pd.concat([scores, of_tactics], axis=1)
    return scores


def conversation_frame(frame: pd.DataFrame, conversation_model: ConversationModel) -> pd.DataFrame:
    """Scores of whole conversations: the columns of ``CONVERSATION_SCHEMA``.

    ``frame`` has the messages in order: ``conversation_id``, ``author`` and a probability for each of
    ``COLUMNS``.
    """
    return conversations_of(_monitor_conversations(frame, conversation_model))


def conversations_of(monitor: BulkMonitor) -> pd.DataFrame:
    """The scores of a monitor's conversations, in the order in which they began.

    They have the columns of ``CONVERSATION_SCHEMA``.
    """
    warned_at = monitor.warned_at
    columns = (monitor.ids, monitor.highest, warned_at > 0, warned_at)
    scores = pd.DataFrame(dict(zip(CONVERSATION_SCHEMA, columns, strict=True))).astype(CONVERSATION_SCHEMA)
    scores["warned_at"] = scores["warned_at"].mask(scores["warned_at"] == 0)
    return scores


def side_frame(frame: pd.DataFrame, conversation_model: ConversationModel) -> pd.DataFrame:
    """Scores of each author's side of whole conversations: the columns of ``SIDE_SCHEMA``.

    ``frame`` is as for ``conversation_frame``; a score is the highest from that author's side.
    """
    return sides_of(_monitor_conversations(frame, conversation_model))


def sides_of(monitor: BulkMonitor) -> pd.DataFrame:
    """The scores of each author's side of a monitor's conversations: the columns of ``SIDE_SCHEMA``."""
    return pd.DataFrame(dict(zip(SIDE_SCHEMA, monitor.sides(), strict=True))).astype(SIDE_SCHEMA)


def sender_frame(sides: pd.DataFrame, conversation_model: ConversationModel) -> pd.DataFrame:
    """Scores of authors, by name: the columns of ``SENDER_SCHEMA``.

    ``sides`` is a ``side_frame`` with all conversations of its authors.
    """
    flagged = sides.assign(flagged=sides["score"] >= conversation_model.alert_threshold)
    senders = flagged.groupby("author", sort=True).agg(
        score=("score", "max"), conversations=("score", "size"), flagged=("flagged", "sum")
    )
    return senders.reset_index().astype(SENDER_SCHEMA)


def _monitor_conversations(frame: pd.DataFrame, conversation_model: ConversationModel) -> BulkMonitor:
    """A bulk monitor that has read all messages of ``frame``."""
    monitors = BulkMonitor(conversation_model)
    monitors.update(
        frame["conversation_id"].tolist(),
        frame["author"].tolist(),
        frame[list(COLUMNS)].to_numpy(dtype=np.float64),
    )
    return monitors
