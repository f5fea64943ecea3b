"""Section on what leaves the place of reading, and what is kept there."""

from __future__ import annotations

import math

from classifier.report.printed_tables import Column, format_interval, format_number, printed_table
from classifier.report.sections import CaptionedTable, Section, Tables
from classifier.report.tradeoff.printed_points import titled


def released_section(tables: Tables) -> Section:
    """Bits, epsilon, messages kept and over-redaction of each policy."""
    table = tables["released"]
    masked = table[["over_redaction", "over_redaction_low", "over_redaction_high"]].to_numpy(dtype=float)
    rows = titled(tables, table).assign(
        most=["text" if math.isinf(bits) else format_number(bits, 2) for bits in table["bits_max"]],
        entropy=[format_number(bits, 4) for bits in table["bits_entropy"]],
        noise=["no noise" if math.isinf(value) else f"{value:g}" for value in table["epsilon"]],
        count=[format_number(value, 1) for value in table["aggregate_epsilon"]],
        masked=[_with_interval(*row) for row in masked],
    )
    columns = [
        Column("title", "policy"),
        Column("most", "bits released, at most"),
        Column("entropy", "bits released, entropy"),
        Column("noise", "epsilon of a release"),
        Column("count", "epsilon of the count"),
        Column("peak_kept", "messages kept at once, at most", 0),
        Column("masked", "words of behaviour masked (95 %)"),
    ]
    return Section(
        "What leaves, and what is kept",
        "released",
        [CaptionedTable(printed_table(rows, columns), "Releases, retention and redaction of each policy")],
    )


def _with_interval(value: float, low: float, high: float) -> str:
    text = format_number(value)
    return text if math.isnan(value) else f"{text} {format_interval(low, high)}"
