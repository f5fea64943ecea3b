"""Scores many messages at once with scipy's sparse product: (messages x tokens) @ (tokens x n-grams) counts exactly."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.model.fast_one import OneByOne
from classifier.model.fast_terms import NODE_STEP, WORD_STEP, Floats, Ints, Longs, Terms, WordTree
from classifier.model.fast_tokens import TokenArrays, TokenTable

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ONE_CHARACTERS = 1000
"""Longest text that ``OneByOne`` is given."""


class NumpyEngine:
    """The log-odds of messages, and a memo of tokens, which has ``grown`` since someone last set that to False."""

    name = "numpy"

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._table = TokenTable(terms)
        self._halves = [(np.ascontiguousarray(half[:, :-1]), np.ascontiguousarray(half[:, -1])) for half in (terms.word_weights, terms.character_weights)]
        self.clear()

    def clear(self) -> None:
        """Forget every token."""
        self.grown = False
        self._table.clear()
        self._numbers = _Numbers()
        self._grams: csr_array | None = None
        self.__dict__.pop("_one", None)

    @cached_property
    def _one(self) -> OneByOne:
        return OneByOne(self._terms)

    @property
    def n_tokens(self) -> int:
        """Tokens in the memo."""
        return len(self._table) + (self._one.n_tokens if "_one" in self.__dict__ else 0)

    @property
    def n_entries(self) -> int:
        """Words and n-grams in the memo, of all tokens together."""
        return self._table.n_entries + (self._one.n_entries if "_one" in self.__dict__ else 0)

    def one(self, text: str) -> list[float]:
        """One log-odds per label."""
        if len(text) > ONE_CHARACTERS:
            row: list[float] = self.logits([text])[0].tolist()
            return row
        n_tokens = self._one.n_tokens
        logits = self._one.logits(text)
        self.grown |= self._one.n_tokens > n_tokens
        return logits

    def logits(self, texts: Sequence[str]) -> Floats:
        """Shape (texts, labels)."""
        found, ends = self._tokens(texts)
        arrays = self._table.view()
        logits = np.tile(self._terms.intercept, (len(texts), 1))
        n_words, n_characters = len(self._terms.word_weights), len(self._terms.character_weights)
        if n_words:
            terms, term_ends = word_terms(self._terms.tree, arrays, found, ends)
            each_itself = _matrix(np.arange(n_words + 1), np.arange(n_words), np.ones(n_words), n_words)
            logits += self._share(_occurrences(terms, term_ends, n_words) @ each_itself, *self._halves[0])
        if n_characters:
            if self._grams is None or self._grams.shape[0] != len(self._table):
                self._grams = _matrix(arrays.starts[:, 1], arrays.grams, np.ones(len(arrays.grams)), n_characters)
            logits += self._share(_occurrences(found, ends, len(self._table)) @ self._grams, *self._halves[1])
        return logits

    def _tokens(self, texts: Sequence[str]) -> tuple[Ints, Longs]:
        """The numbers of all tokens of ``texts``, end to end, and where each text's tokens end. New tokens are looked up."""
        split = [text.split() for text in texts]
        ends = np.cumsum([len(tokens) for tokens in split], dtype=np.int64)
        found = np.fromiter(map(self._numbers.__getitem__, chain.from_iterable(split)), np.int32, ends[-1] if len(ends) else 0)
        self.grown |= bool(self._numbers.new)
        self._table.extend(self._numbers.new)
        self._numbers.new.clear()
        return found, ends

    def _share(self, counts: Any, weights: Floats, squares: Floats) -> Floats:
        """What one half adds to the log-odds, of exact counts (messages x terms)."""
        tf = counts.data
        if self._terms.sublinear_tf:
            many = np.flatnonzero(tf > 1)
            tf[many] = 1.0 + np.log(tf[many])
        sums: Floats = counts @ weights
        counts.data = tf * tf
        length = np.sqrt(counts @ squares)
        length[length == 0] = 1.0
        sums /= length[:, None]
        return sums


class _Numbers(dict[str, int]):
    """The number of a token; a token without one gets the next, and stands in ``new``."""

    def __init__(self) -> None:
        self.new: list[str] = []

    def __missing__(self, token: str) -> int:
        number = self[token] = len(self)
        self.new.append(token)
        return number


def word_terms(tree: WordTree, arrays: TokenArrays, found: Ints, ends: Longs) -> tuple[Ints, Longs]:
    """The known word n-grams, message by message, and where each message's end; an n-gram that occurs twice stands twice."""
    starts = arrays.starts[:, 0]
    n_words = (starts[1:] - starts[:-1])[found]
    stops = np.concatenate([[0], np.cumsum(n_words)])
    words = arrays.words[np.arange(stops[-1]) + np.repeat(starts[found] - stops[:-1], n_words)]
    word_ends = stops[ends]
    message = np.repeat(np.arange(len(ends)), np.diff(word_ends, prepend=0))
    at = np.flatnonzero(words >= 0)
    node = words[at]
    terms, of = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int64)]
    width = 1
    while len(node):
        term = tree.term[node]
        terms.append(term[term >= 0])
        of.append(message[at[term >= 0]])
        going = tree.goes_on[node] & (at + width < word_ends[message[at]])
        at, node = at[going], node[going]
        node = _children(tree, node, words[at + width])
        at, node = at[node >= 0], node[node >= 0]
        width += 1
    messages = np.concatenate(of)
    return np.concatenate(terms)[np.argsort(messages, kind="stable")], np.cumsum(np.bincount(messages, minlength=len(ends)))


def _children(tree: WordTree, node: Ints, word: Ints) -> Ints:
    """The node that each ``node`` goes on to by ``word``, or -1."""
    keys, last = tree.pairs[:, 0], len(tree.pairs) - 1
    key = np.where(word >= 0, node.astype(np.int64) * len(tree.number) + word, -2)
    mixed = node.astype(np.int64) * NODE_STEP + word.astype(np.int64) * WORD_STEP
    place = (mixed ^ (mixed >> 17)) & last
    left = np.flatnonzero((keys[place] != key) & (keys[place] != -1))
    while len(left):
        place[left] = (place[left] + 1) & last
        left = left[(keys[place[left]] != key[left]) & (keys[place[left]] != -1)]
    return np.where(keys[place] == key, tree.pairs[place, 1], -1)


def _occurrences(columns: Ints, ends: Longs, n_columns: int) -> Any:
    return _matrix(np.concatenate([[0], ends]), columns, np.ones(len(columns)), n_columns)


def _matrix(starts: Longs, columns: Any, values: Floats, n_columns: int) -> Any:
    from scipy.sparse import csr_array

    return csr_array((values, columns, starts), shape=(len(starts) - 1, n_columns))
