"""Terms that stay in the bytes of a model file and are searched there.

Reading a million characters of terms takes longer than to score one message. So a model for a few texts
searches the terms, and only one for many reads them all.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import overload


@dataclass(frozen=True)
class SearchedTerms(Sequence[str]):
    """Terms in ascending order: ``content`` has them end to end in UTF-8, ``ends`` where each ends."""

    content: bytes
    ends: list[int]

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        return self.content[self.ends[place - 1] if place else 0 : self.ends[place]].decode()

    def __len__(self) -> int:
        return len(self.ends)

    def __iter__(self) -> Iterator[str]:
        for start, end in pairwise([0, *self.ends]):
            yield self.content[start:end].decode()


@dataclass(frozen=True)
class SearchedPositions(Mapping[str, int]):
    """The place of each term, found by bisection.

    >>> positions = SearchedPositions(SearchedTerms(b"mumourtell", [3, 6, 10]))
    >>> positions["our"], "you" in positions
    (1, False)
    """

    terms: SearchedTerms

    def __getitem__(self, term: str) -> int:
        place = bisect_left(self.terms, term)
        if place == len(self.terms) or self.terms[place] != term:
            raise KeyError(term)
        return place

    def __len__(self) -> int:
        return len(self.terms)

    def __iter__(self) -> Iterator[str]:
        return iter(self.terms)
