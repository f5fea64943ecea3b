"""Columns that the evaluation page and the model card share."""

from __future__ import annotations

import pandas as pd

from classifier.report.printed_tables import Column

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

CAP_COLUMNS = (
    Column("set", "set"),
    Column("percent", "cap"),
    Column("f1", "F1", interval=True),
    Column("precision", "precision"),
    Column("recall", "recall"),
    Column("false_alarm_rate", "FPR", 5),
    Column("found", "found", 0),
    Column("support", "shown in", 0),
    Column("n", "messages", 0),
)
"""Columns of ``macro_by_cap``."""
DISGUISE_COLUMNS = (
    Column("kind", "disguise"),
    Column("rate", "still flagged", interval=True),
    Column("hits", "kept", 0),
    Column("n", "cases", 0),
)


def macro_by_cap(table: pd.DataFrame) -> pd.DataFrame:
    """The macro rows of a table of F1 by cap; ``percent`` is the cap in print."""
    macro = table[table["label"] == "macro"]
    return macro.assign(percent=[f"{100 * cap:g}\N{NO-BREAK SPACE}%" for cap in macro["cap"]])


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
