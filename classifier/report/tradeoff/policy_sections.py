"""Sections on policies: stated limits, what was skipped, and a line on each policy."""

from __future__ import annotations

import numpy as np
import pandas as pd

from classifier.report.printed_tables import Column, format_number, printed_table
from classifier.report.sections import CaptionedTable, Section, Tables
from classifier.report.tradeoff.cost_sections import POINT_COLUMN


def constraints_section(tables: Tables) -> Section:
    """The verdict on each point under each stated limit."""
    table = tables["constraints"]
    columns = [
        POINT_COLUMN,
        Column("constraint", "limit"),
        Column("value", "value"),
        Column("bound", "95 % bound"),
        Column("verdict", "the test set says"),
        Column("n", "test conversations", 0),
        Column("needed_error_free", "needed, without any event", 0),
        Column("needed_at_this_rate", "needed, at the rate seen", 0),
    ]
    answers = [_answer(str(constraint), rows) for constraint, rows in table.groupby("constraint", sort=False)]
    printed = printed_table(table, columns)
    return Section(
        "Which points keep a stated limit",
        "constraints",
        [CaptionedTable(printed, "Each point against each limit")],
        {"answers": answers},
    )


def _answer(constraint: str, rows: pd.DataFrame) -> dict[str, object]:
    """The points that support a limit; else the conversations that it would take."""
    n_needed = rows["needed_error_free"].iloc[0]
    return {
        "constraint": constraint,
        "supported": rows.loc[rows["verdict"] == "supported", "point"].tolist(),
        "n": format_number(rows["n"].iloc[0], 0),
        "n_needed": format_number(n_needed, 0) if n_needed > 0 else "",
    }


def skipped_section(tables: Tables) -> Section:
    """Policies and thresholds that were not run, with the reason."""
    table = tables["skipped"]
    asked = ["all" if np.isnan(rate) else f"{rate:g}" for rate in table["asked_rate"]]
    columns = [
        Column("policy", "policy"),
        Column("asked", "asked false positive rate"),
        Column("reason", "why not"),
    ]
    printed = printed_table(table.assign(asked=asked), columns)
    return Section(
        "What was not run",
        "skipped",
        [CaptionedTable(printed, "Skipped policies and thresholds")],
        {"n": len(table)},
    )


def policies_section(tables: Tables) -> Section:
    """Each policy with its description."""
    table = tables["points"].drop_duplicates("policy")
    columns = [Column("policy", "policy"), Column("description", "what it does")]
    return Section(
        "The policies", "policies", [CaptionedTable(printed_table(table, columns), "In a line each")]
    )
