"""How does whoever waits come to know how far the work is? The work hands its items through a function, and that function may count them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Watch(Protocol):
    """Hands on every item, unchanged and in order, and may show how many of ``length`` have passed under ``label``."""

    def __call__(self, items: Iterable[T], *, label: str, length: int) -> Iterator[T]:
        """The same items."""


def unwatched(items: Iterable[T], *, label: str, length: int) -> Iterator[T]:
    """Nobody waits.

    >>> list(unwatched(["pizza", "raid"], label="eating", length=2))
    ['pizza', 'raid']
    """
    return iter(items)
