"""The error for input that a user can mend.

Its message says what was expected, what came, and where.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MOST_FAULTS = 5
"""Faults of one line or file that are named."""

LONGEST_NAME = 60
"""Characters of a name from a file that are shown."""
LONGEST_MESSAGE = 400
"""Characters that are shown of what is wrong at one place of a file."""


class InputError(ValueError):
    """A file, option or text that cannot be used.

    The command line shows it as one line and exits with 2.
    """


def in_one_line(faults: Iterable[Mapping[str, Any]]) -> str:
    """The faults of a pydantic validation as one line: each with its place.

    ``faults`` is what ``error.errors()`` lists; of more than ``MOST_FAULTS`` the others are counted. A name
    from a file may hold anything, so a very long one or one with line breaks is quoted, and a very long
    message is cut.

    >>> in_one_line([{"loc": ("size",), "msg": "Field required"}, {"loc": (2, "olive\\ns"), "msg": "Extra"}])
    "size: Field required; 2.'olive\\\\ns': Extra"
    >>> in_one_line([{"loc": (number,), "msg": "Extra"} for number in range(8)])
    '0: Extra; 1: Extra; 2: Extra; 3: Extra; 4: Extra; and 3 more'
    """
    lines = [_with_place(fault) for fault in faults]
    more = [f"and {len(lines) - MOST_FAULTS} more"] if len(lines) > MOST_FAULTS else []
    return "; ".join(lines[:MOST_FAULTS] + more)


def _with_place(fault: Mapping[str, Any]) -> str:
    place = ".".join(map(_name, fault["loc"]))
    return f"{place}: {_message(fault['msg'])}{_what_came(fault)}".removeprefix(": ")


def _message(text: str) -> str:
    text = text.removeprefix("Value error, ")
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}..."


def _what_came(fault: Mapping[str, Any]) -> str:
    """The value that was refused, where the message alone does not tell."""
    came = fault.get("input")
    is_short = isinstance(came, str | int | float | None) and len(str(came)) <= LONGEST_NAME
    return f", got {came!r}" if is_short and fault["msg"].startswith("Input should") else ""


def _name(part: str | int) -> str:
    text = str(part)
    return text if text.isprintable() and len(text) <= LONGEST_NAME else repr(text[:LONGEST_NAME])
