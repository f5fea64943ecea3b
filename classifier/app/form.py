"""What did the browser send, and can it be used? FormFields of a query or a form, checked one by one; what cannot be used is refused in a sentence."""

from __future__ import annotations

import math
from collections.abc import Collection
from urllib.parse import parse_qsl

from classifier.text import printable

MAX_FIELDS = 20
SHOWN_CHARACTERS = 60
"""How much of an unusable value is shown back."""

FormFields = dict[str, str]


class RequestError(Exception):
    """A request that cannot be answered: its HTTP ``status``, and the sentence that says why and what would do."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def parsed(content: bytes) -> FormFields:
    """The fields of a query string or a url-encoded form, the last of each name. Bytes that are no UTF-8 become U+FFFD.

    >>> parsed(b"text=our+secret&step=2"), parsed(b"text=%ED%A0%80")["text"] == "\ufffd" * 3
    ({'text': 'our secret', 'step': '2'}, True)
    """
    try:
        return dict(
            parse_qsl(
                content.decode("utf-8", errors="replace"),
                keep_blank_values=True,
                errors="replace",
                max_num_fields=MAX_FIELDS,
            )
        )
    except ValueError:
        raise RequestError(400, f"This page takes at most {MAX_FIELDS} fields.") from None


def chosen(fields: FormFields, name: str, options: Collection[str], *, default: str) -> str:
    """The field's value, one of ``options``; ``default`` where it is not given."""
    value = fields.get(name, default)
    if value not in options:
        raise RequestError(
            404, f"{name}: there is no {quoted(value)} here. Go back and choose one from the list."
        )
    return value


def whole_number(fields: FormFields, name: str, *, low: int, high: int, default: int) -> int:
    """The field as a whole number from ``low`` to ``high``."""
    value = fields.get(name, str(default)).strip()
    if not (value.isascii() and value.isdigit() and len(value) <= 18 and low <= int(value) <= high):
        raise RequestError(
            400, f"{name}: expected a whole number from {low:,} to {high:,}, got {quoted(value)}."
        )
    return int(value)


def share(fields: FormFields, name: str, *, default: float) -> float:
    """The field as a number over 0 and at most 1."""
    value = fields.get(name, f"{default:g}").strip()
    try:
        number = float(value) if value.isascii() else math.nan
    except ValueError:
        number = math.nan
    if not 0 < number <= 1:
        raise RequestError(
            400, f"{name}: expected a number over 0 and at most 1, such as {default:g}, got {quoted(value)}."
        )
    return number


def quoted(value: str) -> str:
    """``value`` as it may be shown back: printable, short, in quotation marks.

    >>> quoted("a\\x00b"), quoted("")
    ('“a�b”', '“”')
    """
    return f"“{printable(value[:SHOWN_CHARACTERS])}{'…' if len(value) > SHOWN_CHARACTERS else ''}”"
