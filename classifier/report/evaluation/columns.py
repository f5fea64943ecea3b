"""Columns that the evaluation page and the model card share."""

from __future__ import annotations

from classifier.report.tables import Column

MESSAGE_COLUMNS = (
    Column("label", "label"),
    Column("precision", "precision", interval=True),
    Column("recall", "recall", interval=True),
    Column("f1", "F1", interval=True),
    Column("average_precision", "average precision", interval=True),
    Column("support", "shown in", 0),
    Column("n", "messages", 0),
)
SYSTEM_COLUMNS = (
    Column("system", "system"),
    Column("f1", "macro F1", interval=True),
    Column("average_precision", "macro average precision", interval=True),
)


def false_alarm_columns(slice_heading: str, n_heading: str) -> tuple[Column, ...]:
    """Columns of false alarms by slice: slice, rate, false alarms and their denominator."""
    return (
        Column("slice", slice_heading),
        Column("rate", "flagged", interval=True),
        Column("false_alarms", "false alarms", 0),
        Column("n", n_heading, 0),
    )


def tactic_columns() -> tuple[Column, ...]:
    """Columns of recall by tactic, with the denominator last."""
    return (
        Column("tactic", "tactic"),
        Column("label", "label"),
        Column("recall", "recall", interval=True),
        Column("hits", "found", 0),
        Column("n", "messages", 0),
    )
