"""Tables as text: numbers with their intervals, nan as such."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Column:
    """A column of a printed table.

    Parameters
    ----------
    source
        Column of the DataFrame.
    heading
        Its heading in print.
    digits
        Digits after the point.
    interval
        Whether the interval in ``<source>_low`` and ``<source>_high`` is printed after the value.
    """

    source: str
    heading: str
    digits: int = 3
    interval: bool = False


@dataclass(frozen=True)
class PrintedTable:
    """Headings and rows of text; ``numeric`` marks the columns to align right."""

    headings: list[str]
    rows: list[list[str]]
    numeric: list[bool]


def format_number(value: object, digits: int = 3) -> str:
    """A value as it is printed in a report.

    >>> format_number(0.12345), format_number(float("nan")), format_number(1234567), format_number("coach")
    ('0.123', 'nan', '1,234,567', 'coach')
    """
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    if isinstance(value, str):
        return value
    as_float = float(value)  # type: ignore[arg-type]
    if math.isnan(as_float):
        return "nan"
    if as_float.is_integer() and (digits == 0 or isinstance(value, int) or abs(as_float) >= 1000):
        return f"{int(as_float):,}"
    return f"{as_float:.{digits}f}"


def format_interval(low: object, high: object, digits: int = 3) -> str:
    """The two ends of an interval in brackets.

    >>> format_interval(0.41, 0.6)
    '(0.410–0.600)'
    """
    return f"({format_number(low, digits)}–{format_number(high, digits)})"


def printed_table(table: pd.DataFrame, columns: Sequence[Column]) -> PrintedTable:
    """The chosen columns of ``table`` as text."""
    from pandas.api.types import is_numeric_dtype

    rows = [[_cell(row, column) for column in columns] for _, row in table.iterrows()]
    numeric = [is_numeric_dtype(table[column.source]) for column in columns]
    return PrintedTable([column.heading for column in columns], rows, numeric)


def _cell(row: pd.Series[Any], column: Column) -> str:
    text = format_number(row[column.source], column.digits)
    if not column.interval:
        return text
    low, high = row[f"{column.source}_low"], row[f"{column.source}_high"]
    return f"{text} {format_interval(low, high, column.digits)}"
