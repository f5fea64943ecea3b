"""Fields of a query string or a form, checked one by one."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from classifier.text import printable

Value = TypeVar("Value")

MAX_FIELDS = 40
MAX_QUOTED = 60
"""Characters of an unusable value that are shown back."""

MAX_SHOWN_AGAIN = 200
"""Characters of a field that are shown again in its form."""

FormFields = dict[str, str]


class RequestError(Exception):
    """A request that cannot be answered.

    Parameters
    ----------
    status
        HTTP status of the answer.
    reason
        Sentence for the user: what was expected, what came, and the remedy.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def parsed_fields(content: bytes) -> FormFields:
    """The fields of a query string or a url-encoded form, the last of each name.

    Bytes that are not UTF-8 become U+FFFD.

    >>> parsed_fields(b"text=our+secret&step=2")
    {'text': 'our secret', 'step': '2'}
    >>> parsed_fields(b"text=%ED%A0%80")["text"] == "\ufffd" * 3
    True
    """
    text = content.decode("utf-8", errors="replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MAX_FIELDS))
    except ValueError:
        raise RequestError(400, f"This page takes at most {MAX_FIELDS} fields.") from None


def choice_field(fields: FormFields, name: str, options: Collection[str], *, default: str) -> str:
    """The value of a field that must be one of ``options``."""
    value = fields.get(name, default)
    if value not in options:
        raise RequestError(
            404, f"{name}: there is no {quoted(value)} here. Go back and choose one from the list."
        )
    return value


def integer_field(fields: FormFields, name: str, *, low: int, high: int, default: int) -> int:
    """The field as a whole number from ``low`` to ``high``."""
    value = fields.get(name, str(default)).strip()
    is_number = value.isascii() and value.isdigit() and len(value) <= 18
    if not (is_number and low <= int(value) <= high):
        raise RequestError(
            400, f"{name}: expected a whole number from {low:,} to {high:,}, got {quoted(value)}."
        )
    return int(value)


def share_field(fields: FormFields, name: str, *, default: float) -> float:
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


def checked_field(
    read: Callable[..., Value],
    fields: FormFields,
    name: str,
    *,
    default: Value,
    errors: dict[str, str],
    **bounds: Any,
) -> Value:
    """The field as ``read`` gives it.

    Where it cannot be used, ``default`` is returned and the reason goes into ``errors``, so that the page can
    show its form again.

    >>> errors = {}
    >>> checked_field(integer_field, {"step": "x"}, "step", default=1, errors=errors, low=1, high=9), errors
    (1, {'step': 'expected a whole number from 1 to 9, got “x”.'})
    """
    try:
        return read(fields, name, default=default, **bounds)
    except RequestError as error:
        errors[name] = str(error).removeprefix(f"{name}: ")
        return default


def typed_text(fields: FormFields, name: str, default: object) -> str:
    """What stands in a field of a form that is shown again, printable and cut."""
    return printable(fields.get(name, str(default))[:MAX_SHOWN_AGAIN])


def quoted(value: str) -> str:
    """``value`` in quotation marks, printable and cut to ``MAX_QUOTED`` characters.

    >>> quoted("a\\x00b"), quoted("")
    ('“a�b”', '“”')
    """
    return f"“{printable(value[:MAX_QUOTED])}{'…' if len(value) > MAX_QUOTED else ''}”"
