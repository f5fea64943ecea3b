"""The plan of a scoring run."""

from __future__ import annotations

from dataclasses import dataclass

from classifier.readers.rows.table import RowFiles
from classifier.taxonomy import LABELS

_AGGREGATE_COLUMNS = {
    "conversation": ("conversation_id", "score", "flagged", "warned_at"),
    "sender": ("author", "score", "conversations", "flagged"),
}


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
    model_name
        Written into the metadata of Parquet.
    """

    files: RowFiles
    level: str
    kind: str
    skips_bad: bool = False
    is_safe: bool = False
    model_name: str = ""

    @property
    def columns(self) -> list[str]:
        """The columns of the result."""
        return list(_AGGREGATE_COLUMNS.get(self.level, (*self.files.columns.results, *LABELS, "stages")))
