"""The one kind of error that is the user's to mend: its message says what was expected, what came, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

LONGEST_NAME = 60
"""Characters of a name from a file that are shown."""


class InputError(ValueError):
    """A file, option or text that cannot be used. The command line shows it as one line and exits with 2."""


def in_one_line(faults: Iterable[Mapping[str, Any]]) -> str:
    """What pydantic's ``error.errors()`` lists: the place of each fault and what it is. A name in a file may hold anything, so one with line breaks, or a very long one, is quoted.

    >>> in_one_line([{"loc": ("size",), "msg": "Field required"}, {"loc": ("toppings", 2, "olive\\ns"), "msg": "Extra inputs are not permitted"}])
    "size: Field required; toppings.2.'olive\\\\ns': Extra inputs are not permitted"
    """
    return "; ".join(
        f"{'.'.join(map(_name, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}".removeprefix(
            ": "
        )
        for fault in faults
    )


def _name(part: str | int) -> str:
    text = str(part)
    return text if text.isprintable() and len(text) <= LONGEST_NAME else repr(text[:LONGEST_NAME])
