"""How a number is written in a report: with its interval, its denominator, and nan as such."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Column:
    """A column of a printed table. With ``interval`` the columns ``<source>_low`` and ``<source>_high`` stand beside the value."""

    source: str
    heading: str
    digits: int = 3
    interval: bool = False


@dataclass(frozen=True)
class PrintedTable:
    """Headings and rows of text, ready for a page; ``numeric`` says which columns to align right."""

    headings: list[str]
    rows: list[list[str]]
    numeric: list[bool]


def number(value: object, digits: int = 3) -> str:
    """A value as it is printed.

    >>> number(0.12345), number(float("nan")), number(1234567), number("coach")
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


def printed(table: pd.DataFrame, columns: Sequence[Column]) -> PrintedTable:
    """The chosen columns of ``table`` as text."""
    from pandas.api.types import is_numeric_dtype

    rows = []
    for _, row in table.iterrows():
        cells = []
        for column in columns:
            text = number(row[column.source], column.digits)
            if column.interval:
                text += f" ({number(row[column.source + '_low'], column.digits)}–{number(row[column.source + '_high'], column.digits)})"
            cells.append(text)
        rows.append(cells)
    numeric = [is_numeric_dtype(table[column.source]) for column in columns]
    return PrintedTable([column.heading for column in columns], rows, numeric)
