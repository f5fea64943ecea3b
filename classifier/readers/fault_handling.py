"""Whether reading stops at a fault in a file or leaves the faulty part out."""

from __future__ import annotations

from collections.abc import Callable

from classifier.errors import InputError

OnFault = Callable[[str], None]
"""Called with what is wrong with a part of a file, and where.

When it returns, that part is left out and reading goes on.
"""


def stop(fault: str) -> None:
    """The strict ``OnFault``: raise an ``InputError`` at the first fault."""
    raise InputError(fault)
