"""Scores one message with so few steps that Python itself is what takes the time."""

from __future__ import annotations

import math
from operator import add, truediv

import numpy as np

from classifier.model.message.fast_tokens import Growing, token_terms
from classifier.model.message.term_tables import Terms

Entry = tuple[int, tuple[int, ...], tuple[int, ...]]
"""A token: its row of sums, its words' numbers, and its terms, one-word n-grams and character n-grams, one that it holds twice standing twice."""


class OneByOne:
    """The log-odds of one message at a time, and a memo of tokens of its own.

    A token's row of sums holds its terms' weights added up: words half, then characters half. The rows of a message's tokens are added and those of the terms that
    cross tokens, and then only terms that occur more than once, whose tf is not their count, are weighed anew.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        tree = terms.tree
        self._children = {key: node for key, node in tree.children.tolist() if key != -1}
        self._term, self._goes_on = tree.term.tolist(), tree.goes_on.tolist()
        pairs, self._n_before_pairs = terms.pairs, terms.n_words + terms.n_characters
        self._pairs = {key: self._n_before_pairs + term for key, term in pairs.rows.tolist() if key != -1}
        self._begins, self._apart = pairs.begins.tolist(), (pairs.low, pairs.high + 1)
        self._intercept = terms.intercept.tolist()
        self._numbers = list(range(len(terms.weights)))  # shared by all entries, which would else hold a new int for each of their terms
        self.clear()

    def clear(self) -> None:
        """Forget every token."""
        self._memo: dict[str, Entry] = {}
        self._width = self._terms.weights.shape[1]
        self._sums = Growing(np.float64, width=2 * self._width)
        self.n_entries = 0

    @property
    def n_tokens(self) -> int:
        """Tokens in the memo."""
        return len(self._memo)

    def logits(self, text: str) -> list[float]:
        """One log-odds per label. A text of more than about a thousand tokens would cost digits: much is added and then taken off."""
        memo = self._memo
        entries = [memo.get(token) or self._added(token) for token in text.split()]
        if not entries:
            return list(self._intercept)
        rows: list[int] = []
        terms: list[int] = []
        for row, _, held in entries:
            rows.append(row)
            terms += held
        sums = np.add.reduce(self._sums.view().take(rows, 0)).tolist()
        weights = self._terms.weights
        halves = [sums[: self._width], sums[self._width :], [0.0] * self._width]
        for half, crossing in ((0, self._longer(entries)), (2, self._paired(entries))):
            if crossing:
                halves[half] = list(map(add, halves[half], np.add.reduce(weights.take(crossing, 0)).tolist()))
                terms += crossing
        seen: set[int] = set()
        see = seen.add
        if again := [term for term in terms if term in seen or see(term)]:
            for (half, count), repeated in _by_count(again, self._terms.n_words, self._n_before_pairs).items():
                sums = halves[half]
                tf = 1.0 + math.log(count) if self._terms.sublinear_tf else float(count)
                more = np.add.reduce(weights.take(repeated, 0)).tolist()
                sums[:] = [total + (tf - count) * weight for total, weight in zip(sums, more, strict=True)]
                sums[-1] += (tf * tf - tf) * more[-1]
        lengths = [math.sqrt(max(sums[-1], 0.0)) or 1.0 for sums in halves]
        return [bias + sum(map(truediv, parts, lengths)) for bias, *parts in zip(self._intercept, *halves, strict=False)]

    def _added(self, token: str) -> Entry:
        word_numbers, grams = token_terms(self._terms, token)
        weights, offset = self._terms.weights, self._terms.n_words
        singles = [self._term[word] for word in word_numbers if word >= 0 and self._term[word] >= 0]
        characters = [self._numbers[offset + gram] for gram in grams]
        entry = (self._sums.size, tuple(word_numbers), (*singles, *characters))
        self._sums.extend([np.concatenate([weights[singles].sum(axis=0), weights[characters].sum(axis=0)])])
        self._memo[token] = entry
        self.n_entries += len(word_numbers) + len(entry[2])
        return entry

    def _longer(self, entries: list[Entry]) -> list[int]:
        """The known n-grams of two or more words."""
        child, n_words = self._children.get, len(self._terms.tree.number)
        found: list[int] = []
        paths: list[int] = []
        for _, words, _ in entries:
            for word in words:
                if paths and word >= 0:
                    further = []
                    for path in paths:
                        node = child(path * n_words + word)
                        if node is not None:
                            if self._term[node] >= 0:
                                found.append(self._term[node])
                            if self._goes_on[node]:
                                further.append(node)
                    paths = further
                else:
                    paths = []
                if word >= 0 and self._goes_on[word]:
                    paths.append(word)
        return found

    def _paired(self, entries: list[Entry]) -> list[int]:
        """The known pairs of words."""
        found = self._pairs.get
        n_words = len(self._terms.tree.number)
        low, high = self._apart
        words = [word for _, own, _ in entries for word in own]
        keys = [first * n_words + second for at, first in enumerate(words) if self._begins[first] for second in words[at + low : at + high] if second >= 0]
        return [term for term in map(found, keys) if term is not None]


def _by_count(again: list[int], n_words: int, n_before_pairs: int) -> dict[tuple[int, int], list[int]]:
    """The terms of ``again``, which has each once less often than the message, by their half (words 0, characters 1, pairs 2) and how often they occur."""
    counts: dict[int, int] = {}
    for term in again:
        counts[term] = counts.get(term, 1) + 1
    groups: dict[tuple[int, int], list[int]] = {}
    for term, count in counts.items():
        groups.setdefault(((term >= n_words) + (term >= n_before_pairs), count), []).append(term)
    return groups
