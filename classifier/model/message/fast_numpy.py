"""Scores many messages at once with scipy's sparse product: (messages x tokens) @ (tokens x n-grams) counts exactly."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.model.message.fast_one import OneByOne
from classifier.model.message.fast_tokens import TokenArrays, TokenTable
from classifier.model.message.term_tables import NODE_STEP, WORD_STEP, Floats, Ints, Longs, PairTable, Terms, WordTree

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
        halves = (terms.word_weights, terms.character_weights, terms.pair_weights)
        self._halves = [(np.ascontiguousarray(half[:, :-1]), np.ascontiguousarray(half[:, -1])) for half in halves]
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
        n_words, n_characters, n_pairs = map(len, (self._terms.word_weights, self._terms.character_weights, self._terms.pair_weights))
        words, word_ends = words_of(arrays, found, ends)
        if n_words:
            logits += self._share(_counts(*word_terms(self._terms.tree, words, word_ends), len(texts), n_words), *self._halves[0])
        if n_pairs:
            found_pairs = pair_terms(self._terms.pairs, len(self._terms.tree.number), words, word_ends)
            logits += self._share(_counts(*found_pairs, len(texts), n_pairs), *self._halves[2])
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


def words_of(arrays: TokenArrays, found: Ints, ends: Longs) -> tuple[Ints, Longs]:
    """The numbers of all words, message by message, and where each message's end."""
    starts = arrays.starts[:, 0]
    n_words = (starts[1:] - starts[:-1])[found]
    stops = np.concatenate([[0], np.cumsum(n_words)])
    return arrays.words[np.arange(stops[-1]) + np.repeat(starts[found] - stops[:-1], n_words)], stops[ends]


def word_terms(tree: WordTree, words: Ints, word_ends: Longs) -> tuple[Ints, Ints]:
    """The message and the term of each known word n-gram; one that occurs twice stands twice."""
    message = _message(word_ends)
    at = np.flatnonzero(words >= 0)
    node = words[at]
    terms, of = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int32)]
    width = 1
    while len(node):
        term = tree.term[node]
        terms.append(term[term >= 0])
        of.append(message[at[term >= 0]])
        going = tree.goes_on[node] & (at + width < word_ends[message[at]])
        at, node = at[going], node[going]
        node = _looked_up(tree.children, len(tree.number), node, words[at + width])
        at, node = at[node >= 0], node[node >= 0]
        width += 1
    return np.concatenate(of), np.concatenate(terms)


def pair_terms(pairs: PairTable, n_words: int, words: Ints, word_ends: Longs) -> tuple[Ints, Ints]:
    """The message and the term of each known pair of words; one that occurs twice stands twice."""
    message = _message(word_ends)
    at = np.flatnonzero(pairs.begins[words])
    last = word_ends[message[at]] - 1
    terms, of = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int32)]
    for apart in range(pairs.low, pairs.high + 1):
        inside = at + apart <= last
        at, last = at[inside], last[inside]
        both = at[pairs.ends[words[at + apart]]]
        term = _looked_up(pairs.rows, n_words, words[both], words[both + apart])
        terms.append(term[term >= 0])
        of.append(message[both[term >= 0]])
    return np.concatenate(of), np.concatenate(terms)


def _message(word_ends: Longs) -> Ints:
    """The message that each word stands in."""
    return np.repeat(np.arange(len(word_ends), dtype=np.int32), np.diff(word_ends, prepend=0))


def _looked_up(rows: Longs, n_words: int, node: Ints, word: Ints) -> Ints:
    """What the table has for each ``node`` and ``word``, or -1."""
    keys, last = rows[:, 0], len(rows) - 1
    node = node.astype(np.int64)
    key = np.where(word >= 0, node * n_words + word, -2)
    mixed = node * NODE_STEP + word.astype(np.int64) * WORD_STEP
    place = (mixed ^ (mixed >> 17)) & last
    held = keys[place]
    left = np.flatnonzero((held != key) & (held != -1))
    while len(left):
        place[left] = (place[left] + 1) & last
        held[left] = keys[place[left]]
        left = left[(held[left] != key[left]) & (held[left] != -1)]
    return np.where(held == key, rows[place, 1], -1).astype(np.int32)


def _counts(message: Ints, terms: Ints, n_messages: int, n_terms: int) -> Any:
    """Exact counts (messages x terms) of ``terms``, each of which occurs once in its ``message``."""
    from scipy.sparse import coo_array

    return coo_array((np.ones(len(terms)), (message, terms)), shape=(n_messages, n_terms)).tocsr()


def _occurrences(columns: Ints, ends: Longs, n_columns: int) -> Any:
    return _matrix(np.concatenate([[0], ends]), columns, np.ones(len(columns)), n_columns)


def _matrix(starts: Longs, columns: Any, values: Floats, n_columns: int) -> Any:
    from scipy.sparse import csr_array

    return csr_array((values, columns, starts), shape=(len(starts) - 1, n_columns))
