"""The plan of a scoring run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from classifier.model.message.operating_points import DEFAULT_POINT
from classifier.taxonomy import COLUMNS, LABELS

if TYPE_CHECKING:
    from classifier.model.conversation.conversation_model import ConversationModel
    from classifier.model.message.scorer import MessageModel
    from classifier.readers.rows.row_files import RowFiles

_AGGREGATE_COLUMNS = {
    "conversation": ("conversation_id", "score", "flagged", "warned_at"),
    "sender": ("author", "score", "conversations", "flagged"),
}


@dataclass(frozen=True)
class Thresholds:
    """Which thresholds flag messages and conversations.

    Those of an operating point, with other ones for the labels in ``changed``; ``alert`` stands in for a
    conversation model's own alert threshold where it is given.
    """

    point: str = DEFAULT_POINT
    changed: tuple[tuple[str, float], ...] = ()
    alert: float | None = None

    def applied_to(self, model: MessageModel) -> MessageModel:
        """The message model with these thresholds."""
        return model.at_thresholds(self.point, dict(self.changed))

    def applied_to_conversations(self, model: ConversationModel) -> ConversationModel:
        """The conversation model with this alert threshold; it counts at the thresholds it was fitted at."""
        return model if self.alert is None else replace(model, alert_threshold=self.alert)


@dataclass(frozen=True)
class ScoringPlan:
    """What is made of the rows of ``files``.

    Parameters
    ----------
    files
        The rows to score.
    level
        "message", "conversation" or "sender": what a row of the result is about.
    kind
        Format of the result: "csv", "tsv", "jsonl" or "parquet".
    skips_bad
        Whether a row with a fault is left out; else it ends the run.
    is_safe
        Whether texts of CSV that a spreadsheet would take for formulas begin with an apostrophe.
    model
        Name and sha256 of the model, for the metadata of Parquet.
    thresholds
        Those that flag.
    tactics
        Whether a probability of each tactic follows the stages.
    known
        Whether the share of words that the model has seen comes last.
    sorts
        Whether a conversation's messages are read by time; else in the order of their rows.
    """

    files: RowFiles
    level: str
    kind: str
    skips_bad: bool = False
    is_safe: bool = False
    model: Mapping[str, str] = field(default_factory=dict)
    thresholds: Thresholds = Thresholds()
    tactics: bool = False
    known: bool = False
    sorts: bool = False

    @property
    def columns(self) -> list[str]:
        """The columns of the result."""
        of_messages = (*self.files.columns.results, *LABELS, "stages", *self.added_columns)
        return list(_AGGREGATE_COLUMNS.get(self.level, of_messages))

    @property
    def added_columns(self) -> tuple[str, ...]:
        """The columns after ``stages``, of which there are none unless asked for."""
        return (*(COLUMNS[len(LABELS) :] if self.tactics else ()), *(("known",) if self.known else ()))
