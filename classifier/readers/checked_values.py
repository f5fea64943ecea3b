"""Names, texts, times and line numbers from outside, each checked and cleaned."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

NO_TIME = datetime.min
"""The time of a message whose corpus gives none. Written out as nothing."""
MAX_CHARACTERS = 1_000_000
"""The longest message that is read; as JSON with every character escaped it still fits a line."""
MAX_NAME = 1_000
MAX_MESSAGES = 1_000_000

_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_EPOCH = datetime(1970, 1, 1)
_YEAR_10_000 = 253_402_300_800


def cleaned(text: str) -> str:
    r"""``text`` with NUL and lone surrogates replaced by U+FFFD.

    No text file can hold them.

    >>> cleaned("pizza \ud83c at 6")
    'pizza \ufffd at 6'
    """
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def shown(*texts: str, most: int = 200) -> str:
    r"""``texts`` from a file for a message of one line, cut at ``most`` characters.

    Line breaks and control characters are escaped.

    >>> shown("author", "te\nxt")
    'author, te\\nxt'
    """
    joined = ", ".join(texts)
    return "".join(ch if ch.isprintable() else repr(ch)[1:-1] for ch in joined[:most]) + (
        "..." if len(joined) > most else ""
    )


def checked_name(value: Any, *, noun: str) -> str:
    """``value`` as the name of an author or a conversation.

    Whole numbers are taken as their digits. Raises ``ValueError`` for another type and for a name that
    is too long.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"no {noun}")
    if len(value) > MAX_NAME:
        raise ValueError(f"{noun} of {len(value):,} characters, at most {MAX_NAME:,} are read")
    return cleaned(value.strip())


def name_key(name: str) -> str:
    """``name`` as names are compared: trimmed, in Unicode's composed form.

    >>> name_key(" zoe\u0308 ") == "zo\u00eb"
    True
    """
    return name.strip() if name.isascii() else unicodedata.normalize("NFC", name.strip())


def nearly_equal(name: str) -> str:
    """A key that names share which differ in case, spaces and signs alone.

    It is empty for a name of signs alone.

    >>> nearly_equal("Sam ") == nearly_equal("SAM \N{CHERRY BLOSSOM}")
    True
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(ch for ch in folded if ch.isalnum())


def checked_text(value: Any) -> str:
    """``value`` as the text of a message.

    Raises ``ValueError`` when it is no text or longer than ``MAX_CHARACTERS``.
    """
    if not isinstance(value, str):
        raise ValueError(f"text must be a string, got {type(value).__name__}")
    if len(value) > MAX_CHARACTERS:
        raise ValueError(f"text of {len(value):,} characters, where one may have at most {MAX_CHARACTERS:,}")
    return cleaned(value)


def parsed_time(value: Any, *, per_second: int = 1) -> datetime:
    """A time in UTC, without a zone, from ISO 8601 or seconds since 1970.

    None and empty text give ``NO_TIME``. With ``per_second=1000`` a number counts milliseconds, and so does
    one that would be after the year 9999 in seconds. Raises ``ValueError`` for anything else, and for a
    number before 1970 or after that year.

    >>> parsed_time("2031-01-06T12:00:00+01:00"), parsed_time("60"), parsed_time(None) == NO_TIME
    (datetime.datetime(2031, 1, 6, 11, 0), datetime.datetime(1970, 1, 1, 0, 1), True)
    """
    if value is None or (isinstance(value, str) and value.strip().lower() in ("", "none", "null", "nan")):
        return NO_TIME
    if isinstance(value, datetime):
        return _without_zone(value)
    if isinstance(value, str) and len(value) <= 40:
        try:
            value = float(value)
        except ValueError:
            return _from_iso(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"time {_short(value)}: expected ISO 8601, or seconds or milliseconds since 1970")
    if per_second == 1 and _YEAR_10_000 <= value < _YEAR_10_000 * 1000:
        per_second = 1000
    if not 0 <= value < _YEAR_10_000 * per_second:  # nan is not, either
        raise ValueError(f"time {_short(value)} is not between 1970 and the year 9999")
    return _EPOCH + timedelta(seconds=value / per_second)


def _from_iso(text: str) -> datetime:
    try:
        return _without_zone(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise ValueError(
            f"time {_short(text)}: expected ISO 8601, or seconds or milliseconds since 1970"
        ) from None


def _without_zone(time: datetime) -> datetime:
    return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def written_time(time: datetime) -> str:
    """``time`` as ``parsed_time`` reads it back; nothing for ``NO_TIME``."""
    return (
        "" if time == NO_TIME else time.isoformat(timespec="milliseconds" if time.microsecond else "seconds")
    )


def checked_line(value: Any) -> int:
    """``value`` as a line number from 1; else ``ValueError``."""
    given = repr(value)[:40]
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 9:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10**9:
        raise ValueError(f"line {given}: expected a whole number from 1")
    return value
