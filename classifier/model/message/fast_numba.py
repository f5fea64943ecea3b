"""Scores many messages at once by compiled loops over their code points; needs numba (the extra ``fast``) to be fast."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.model.message.fast_kernels import Memo, Room, Weights, add_up, add_up_known, fill_sums, place_tokens
from classifier.model.message.fast_tokens import Growing, TokenTable
from classifier.model.message.term_tables import Floats, Longs, Terms

SPACES = np.array([chr(point).isspace() for point in range(0x3001)])
"""Whether a code point is white space. None beyond these is."""


class NumbaEngine:
    """The log-odds of messages, and a memo of tokens, which has ``grown`` since someone last set that to False."""

    name = "numba"

    def __init__(self, terms: Terms) -> None:
        self._intercept = terms.intercept
        tree = terms.tree
        self._weights = Weights(
            tree.term,
            tree.goes_on,
            tree.children,
            terms.pairs.low,
            terms.pairs.high,
            terms.pairs.rows,
            terms.pairs.begins,
            terms.pairs.ends,
            terms.word_weights,
            terms.character_weights,
            terms.weights,
            len(tree.number),
            terms.sublinear_tf,
        )
        self._table = TokenTable(terms)
        n_terms = len(terms.weights)
        self._room = Room(
            there=np.zeros(terms.n_words + terms.n_characters + 1, dtype=np.uint8),
            counts=np.zeros(n_terms, dtype=np.int32),
            touched=np.zeros(n_terms, dtype=np.int32),
            sums=np.zeros(2 * len(terms.intercept) + 2),
            paths=np.zeros(terms.words.high if terms.words else 0, dtype=np.int64),
        )
        self.clear()

    def clear(self) -> None:
        """Forget every token."""
        self.grown = False
        self._table.clear()
        self._room.there[:] = 0
        self._room.counts[:] = 0
        self._places = np.full(1024, -1, dtype=np.int64)
        self._hashes, self._spans, self._kept = Growing(np.int64), Growing(np.int64, [0]), Growing(np.uint32)
        self._sums = Growing(np.float64, width=2 * len(self._intercept) + 2)
        self._memo = self._remembered()

    @property
    def n_tokens(self) -> int:
        """Tokens in the memo."""
        return len(self._table)

    @property
    def n_entries(self) -> int:
        """Words, n-grams and code points in the memo, of all tokens together."""
        return self._table.n_entries + self._kept.size

    def logits(self, texts: Sequence[str]) -> Floats:
        """Shape (texts, labels)."""
        joined = "".join(texts)
        points = _code_points(joined)
        text_ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
        most = (len(joined) + len(texts)) // 2 + 1
        found, ends, missed = np.empty(most, dtype=np.int32), np.empty(len(texts), dtype=np.int64), np.empty((most, 4), dtype=np.int64)
        logits = np.empty((len(texts), len(self._intercept)))
        logits[:] = self._intercept
        n_missed = add_up_known(points, text_ends, SPACES, self._memo, self._weights, self._room, found, ends, missed, logits)
        if n_missed:
            found[missed[:n_missed, 0]] = self._added(joined, missed[:n_missed])
            add_up(found, ends, self._memo, self._weights, self._room, logits)
        return logits

    def one(self, text: str) -> list[float]:
        """One log-odds per label."""
        row: list[float] = self.logits([text])[0].tolist()
        return row

    def _added(self, joined: str, missed: Longs) -> list[int]:
        """The numbers of tokens that were not in the memo, now added to it."""
        self.grown = True
        tokens = [joined[start:end] for start, end in zip(missed[:, 1].tolist(), missed[:, 2].tolist(), strict=True)]
        first = len(self._table)
        numbers: dict[str, int] = {}
        new = []
        for row, token in enumerate(tokens):
            if token not in numbers:
                numbers[token] = first + len(numbers)
                new.append(row)
        self._table.extend(numbers)
        self._hashes.extend(missed[new, 3])
        self._kept.extend(_code_points("".join(numbers)))
        self._spans.extend(self._spans.view()[-1] + np.cumsum(missed[new, 2] - missed[new, 1]))
        self._sums.extend(np.empty((len(numbers), 2 * len(self._intercept) + 2)))
        if 2 * len(self._table) > len(self._places):
            size = len(self._places)
            while 2 * len(self._table) > size:
                size *= 2
            self._places = np.full(2 * size, -1, dtype=np.int64)
            place_tokens(self._places, self._hashes.view(), 0)
        else:
            place_tokens(self._places, self._hashes.view(), first)
        self._memo = self._remembered()
        fill_sums(self._memo, self._weights, first)
        return [numbers[token] for token in tokens]

    def _remembered(self) -> Memo:
        return Memo(self._places, self._spans.view(), self._kept.view(), *self._table.view(), self._sums.view())


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
