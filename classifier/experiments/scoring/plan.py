"""The plan of a scoring run."""

from __future__ import annotations

from dataclasses import dataclass

from classifier.readers.tables import RowFile
from classifier.taxonomy import LABELS

_AGGREGATE_COLUMNS = {
    "conversation": ("conversation_id", "score", "flagged", "warned_at"),
    "sender": ("author", "score", "conversations", "flagged"),
}


@dataclass(frozen=True)
class ScoringPlan:
    """What is made of the rows of ``file``.

    Parameters
    ----------
    file
        The rows to score.
    level
        "message", "conversation" or "sender": what a row of the result is about.
    kind
        Format of the result: ".csv", ".jsonl" or ".parquet".
    """

    file: RowFile
    level: str
    kind: str

    @property
    def columns(self) -> list[str]:
        """The columns of the result."""
        columns = _AGGREGATE_COLUMNS.get(self.level, (*self.file.columns, *LABELS, "stages"))
        return list(dict.fromkeys(columns))
