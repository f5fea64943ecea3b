"""Tables as text: numbers with their intervals, a dash for what is undefined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

UNDEFINED = "–"
"""Printed for nan: 0/0, or not measured."""


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

    A dash stands for what is undefined (0/0) or was not measured.

    >>> format_number(0.12345), format_number(float("nan")), format_number(1234567), format_number("coach")
    ('0.123', '–', '1,234,567', 'coach')
    """
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    if isinstance(value, str):
        return value
    as_float = float(value)  # type: ignore[arg-type]
    if math.isnan(as_float):
        return UNDEFINED
    if as_float.is_integer() and (digits == 0 or isinstance(value, int) or abs(as_float) >= 1000):
        return f"{int(as_float):,}"
    return f"{as_float:,.{digits}f}"


def format_interval(low: object, high: object, digits: int = 3) -> str:
    """The two ends of an interval in brackets.

    >>> format_interval(0.41, 0.6)
    '(0.410–0.600)'
    """
    return f"({format_number(low, digits)}–{format_number(high, digits)})"


def format_percent(value: float) -> str:
    """A share in percent, with one digit below ten percent and two significant ones below one.

    The space before the sign does not break.

    >>> format_percent(0.4508).split(), format_percent(0.00045).split(), format_percent(float("nan"))
    (['45', '%'], ['0.045', '%'], '–')
    """
    if math.isnan(value):
        return UNDEFINED
    if 0 < value < 0.01:
        return f"{100 * value:.2g}\N{NO-BREAK SPACE}%"
    digits = 0 if value >= 0.0995 or value == 0 else 1
    return f"{100 * value:.{digits}f}\N{NO-BREAK SPACE}%"


def percent_with_interval(value: float, low: float, high: float) -> str:
    """A share with its bounds, in percent; "–" for nan.

    >>> percent_with_interval(0.5, 0.25, 0.75).replace("\N{NO-BREAK SPACE}", " ")
    '50 % (25 % to 75 %)'
    """
    if math.isnan(value):
        return UNDEFINED
    return f"{format_percent(value)} ({format_percent(low)} to {format_percent(high)})"


def printed_table(table: pd.DataFrame, columns: Sequence[Column]) -> PrintedTable:
    """The chosen columns of ``table`` as text."""
    from pandas.api.types import is_numeric_dtype

    cells = [_cells(table, column) for column in columns]
    numeric = [is_numeric_dtype(table[column.source]) for column in columns]
    headings = [column.heading for column in columns]
    return PrintedTable(headings, [list(row) for row in zip(*cells, strict=True)], numeric)


def _cells(table: pd.DataFrame, column: Column) -> list[str]:
    """The cells of a column; an undefined value has no interval either."""
    if not column.interval:
        return [format_number(value, column.digits) for value in table[column.source].tolist()]
    # A column read from a file may hold whole numbers by chance: a rate of 1 is still 1.000.
    names = (column.source, f"{column.source}_low", f"{column.source}_high")
    numbers, lows, highs = (table[name].astype(float).tolist() for name in names)
    values = [format_number(value, column.digits) for value in numbers]
    return [
        value if value == UNDEFINED else f"{value} {format_interval(low, high, column.digits)}"
        for value, low, high in zip(values, lows, highs, strict=True)
    ]
