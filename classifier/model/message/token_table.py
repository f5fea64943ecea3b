"""The words and character n-grams of white-space tokens, looked up once and kept.

A marked message is normalised as its tokens are, one by one: no step of ``normalise`` reaches across white
space (NFKC joins no mark to a space and no white space vanishes; the patterns look only at letters next
to each other). Words and character n-grams lie inside tokens too, so a message's counts are, exactly,
the sums of its tokens' counts. Only a run of several words and a pair of words cross from one token to
the next.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.model.message.features import each_char_ngram
from classifier.model.message.reading.marks import token_kind
from classifier.model.message.term_tables import Ints, Longs, Terms

_WORD = re.compile(r"\w+")


class TokenArrays(NamedTuple):
    """The words and character n-grams of all tokens, end to end.

    Token i has ``words[starts[i, 0]:starts[i + 1, 0]]``, numbers in the word tree, -1 for a word in no
    term, and ``grams[starts[i, 1]:starts[i + 1, 1]]``, its known character n-grams, one that it holds
    twice standing twice. ``kinds`` has the ``token_kind`` of each.
    """

    kinds: NDArray[np.uint8]
    starts: Longs
    words: Ints
    grams: Ints


class TokenTable:
    """A growing table of tokens, numbered in the order of their adding."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self.clear()

    def clear(self) -> None:
        """Remove every token."""
        self.tokens: list[str] = []
        self._kinds = GrowingArray(np.uint8)
        self._starts = GrowingArray(np.int64, [(0, 0)], width=2)
        self._words, self._grams = GrowingArray(np.int32), GrowingArray(np.int32)

    def __len__(self) -> int:
        return self._starts.size - 1

    @property
    def n_entries(self) -> int:
        """Words and n-grams kept, of all tokens together."""
        return self._words.size + self._grams.size

    def view(self) -> TokenArrays:
        """The arrays as they are now."""
        return TokenArrays(self._kinds.view(), self._starts.view(), self._words.view(), self._grams.view())

    def extend(self, tokens: Sequence[str]) -> None:
        """Number and look up new tokens."""
        ends: list[tuple[int, int]] = []
        words, grams = array("i"), array("i")
        for token in tokens:
            token_words, token_grams = token_terms(self._terms, token)
            words.extend(token_words)
            grams.extend(token_grams)
            ends.append((self._words.size + len(words), self._grams.size + len(grams)))
        self.tokens += tokens
        self._kinds.extend([token_kind(token) for token in tokens])
        self._starts.extend(ends)
        self._words.extend(words)
        self._grams.extend(grams)


def token_terms(terms: Terms, token: str) -> tuple[list[int], Iterator[int]]:
    """The numbers of a token's words in the word tree, and its known character n-grams.

    A word that is in no term has the number -1. N-grams come one at a time: a token may have ten million
    letters.
    """
    spelling = terms.spelled(token)
    number = terms.tree.number
    words = [number.get(word, -1) for word in _WORD.findall(spelling)] if number else []
    if terms.characters is None:
        return words, iter(())
    group = terms.characters
    places = map(group.position.get, each_char_ngram(spelling, group.low, group.high))
    return words, (place for place in places if place is not None)


class GrowingArray:
    """A growing array of numbers, or of rows of ``width`` numbers."""

    def __init__(self, dtype: Any, items: Any = (), *, width: int | None = None) -> None:
        self._room: NDArray[Any] = np.empty((1024,) if width is None else (1024, width), dtype=dtype)
        self.size = 0
        self.extend(items)

    def extend(self, items: Any) -> None:
        """Add ``items``; when they do not fit, the room is doubled."""
        size = self.size + len(items)
        if size > len(self._room):
            room = np.empty((max(size, 2 * len(self._room)), *self._room.shape[1:]), dtype=self._room.dtype)
            room[: self.size] = self.view()
            self._room = room
        if len(items):
            self._room[self.size : size] = items
        self.size = size

    def view(self) -> NDArray[Any]:
        """The items added so far, without a copy."""
        return self._room[: self.size]
