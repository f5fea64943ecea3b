"""The time in a cell of a table, in the ways that exports write it."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from classifier.readers.checked_values import NO_TIME, parsed_time

_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""Digits that are a date or a date and a time, by their number."""
_DAY_FIRST = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?:,?[ T]+(\d{1,2}:\d{2}(?::\d{2})?))?")
_SMALLEST_EPOCH = 100_000_000
"""Seconds since 1970 from here on, March 1973, are taken for such; fewer could be many things."""
_LARGEST_COUNT = 10_000
"""Numbers below are taken for seconds since a conversation began."""


def cell_time(value: Any, *, day_first: bool = False) -> datetime:
    """A time in UTC, without a zone; ``NO_TIME`` for nothing.

    Read are ISO 8601, compact dates, seconds and milliseconds since 1970, seconds below 10,000 and, with
    ``day_first``, dates like 04/01/2026. Raises ``ValueError`` for anything else.

    >>> times = cell_time(20260104), cell_time("1767520800000"), cell_time("4.1.2026 9:30", day_first=True)
    >>> [str(time) for time in times]
    ['2026-01-04 00:00:00', '2026-01-04 10:00:00', '2026-01-04 09:30:00']
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    text = str(value).strip() if isinstance(value, str | int) else ""
    if text.isascii() and text.isdecimal() and len(text) in _COMPACT:
        with suppress(ValueError):
            found = datetime.strptime(text, _COMPACT[len(text)])
            if 1970 <= found.year < 2100:
                return found
    if matched := _DAY_FIRST.fullmatch(text):
        if not day_first:
            raise ValueError(
                f"time {text!r}: does not say whether the day is first; say --day-first if it is, or write "
                "times as 2026-01-31T18:00"
            )
        day, _, month, year, clock = matched.groups()
        with suppress(ValueError):
            return datetime.fromisoformat(f"{year}-{month:>02}-{day:>02}T{(clock or '00:00').rjust(5, '0')}")
        raise ValueError(f"time {text!r}: is no date with the day first")
    if re.match(r"\d{1,2}([/.-])\d{1,2}\1\d{2}(?!\d)", text):
        raise ValueError(f"time {text!r}: has a year of two digits; write all four")
    if isinstance(value, str) and (year_first := re.match(r"\d{4}/\d{2}/\d{2}(?!\d)", text)):
        value = year_first[0].replace("/", "-") + text[year_first.end() :]
    if isinstance(value, str) and text.endswith(" UTC"):
        value = f"{text.removesuffix(' UTC')}Z"
    if (
        re.fullmatch(r"\d{5,8}(\.\d*)?", str(value).strip())
        and _LARGEST_COUNT <= float(value) < _SMALLEST_EPOCH
    ):
        raise ValueError(
            f"time {str(value).strip()!r}: neither a date nor seconds since 1970 (a spreadsheet's day "
            "number?); "
            "write ISO 8601"
        )
    return parsed_time(value)


def time_or_none(value: Any, *, day_first: bool = False) -> datetime | None:
    """As ``cell_time``, with None for nothing and for the NaN of a column of numbers."""
    if isinstance(value, float) and math.isnan(value):
        return None
    found = cell_time(value, day_first=day_first)
    return None if found == NO_TIME else found


def readable_time(value: Any, *, day_first: bool = False) -> datetime | None:
    """As ``time_or_none``, with None for what is no time too."""
    with suppress(ValueError):
        return time_or_none(value, day_first=day_first)
    return None
