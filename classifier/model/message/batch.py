"""Scores many messages at once, to the probabilities of ``StageClassifier``.

Terms are counted exactly by a sparse product: (messages x tokens) @ (tokens x n-grams).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.errors import InputError
from classifier.model.message.reading.marks import in_scope, may_quote, negated
from classifier.model.message.reading.passages import highest_of_passages, split_into_passages
from classifier.model.message.reading.platform_lines import silenced
from classifier.model.message.scorer import MessageModel, checked_texts, joined, sigmoid
from classifier.model.message.term_tables import Floats, Ints, Longs, pair_terms, terms_of, word_terms
from classifier.model.message.token_table import GrowingArray, TokenArrays, TokenTable
from classifier.taxonomy import COLUMNS, LABELS

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MEMO_TOKENS = 131_072
"""Default number of tokens in the memo."""

ENTRIES_PER_TOKEN = 32
"""Words and n-grams in the memo for each token; long tokens fill the memo sooner."""

MOST_TIMES = 100
"""How often an n-gram may occur in a message that is scored by the sums of its tokens.

Beyond it, the difference of two large sums would lose digits.
"""

BLOCK_TEXTS, CHUNK_TEXTS, CHUNK_CHARACTERS = 128, 4096, 1 << 18
"""Size of a chunk, which is scored at once.

It is made of blocks of texts and ends with the block that brings it to this many texts or characters.
"""


class BatchScorer:
    """Scores equal to those of ``MessageModel`` within 1e-9, with a memo of tokens.

    The memo is emptied when, after a chunk of messages, it holds more than ``memo_tokens`` tokens or 32
    words and n-grams for each, so no input makes it grow further: at 131,072 tokens some 120 MB at most.
    One scorer may be used by many threads; they take turns. A pickled scorer has no memo.

    Raises ``InputError`` for ``memo_tokens`` below 1.
    """

    def __init__(self, model: MessageModel, *, memo_tokens: int = MEMO_TOKENS) -> None:
        if memo_tokens < 1:
            raise InputError(f"memo_tokens must be at least 1, got {memo_tokens}")
        self.model = model
        self._memo_tokens = memo_tokens
        self._lock = Lock()
        self._terms = terms_of(model)
        self._table = TokenTable(self._terms)
        self._clear()

    @property
    def n_tokens(self) -> int:
        """Tokens in the memo now."""
        return len(self._table)

    def scores(self, texts: Iterable[str]) -> Floats:
        """Probabilities of shape (texts, ``COLUMNS``), each in [0, 1].

        Raises ``TypeError`` for what is not many texts, see ``checked_texts``.
        """
        return np.concatenate([np.zeros((0, len(COLUMNS))), *self.stream(texts)])

    def probabilities(self, texts: Iterable[str]) -> Floats:
        """The ``scores`` of the labels alone, shape (texts, labels)."""
        return self.scores(texts)[:, : len(LABELS)]

    def stream(self, texts: Iterable[str]) -> Iterator[Floats]:
        """``scores`` in pieces of some thousand rows, in constant memory."""
        return map(self._chunk_scores, _chunks(checked_texts(texts)))

    def _chunk_scores(self, texts: Sequence[str]) -> Floats:
        passages, starts = split_into_passages(texts)
        with self._lock:
            logits = self._bounded_logits(passages)
        return silenced(sigmoid(highest_of_passages(joined(logits), starts)), texts)

    def _clear(self) -> None:
        self._table.clear()
        self._numbers = _TokenNumbers()
        self._grams: csr_array | None = None
        self._sums = GrowingArray(np.float64, width=len(COLUMNS) + 1)

    def _bounded_logits(self, texts: Sequence[str]) -> Floats:
        """The logits of ``texts`` as they stand.

        Afterwards the memo is whole and within its bounds, or empty.
        """
        try:
            logits = self._logits(texts)
        except BaseException:  # an interrupt may have left an incomplete token in the memo
            self._clear()
            raise
        if (
            len(self._table) > self._memo_tokens
            or self._table.n_entries > ENTRIES_PER_TOKEN * self._memo_tokens
        ):
            self._clear()
        return logits

    def _logits(self, texts: Sequence[str]) -> Floats:
        """Logits of shape (texts, ``COLUMNS``), not yet joined."""
        tokens, ends = self._tokens(texts)
        arrays = self._table.view()
        logits = np.tile(self._terms.intercept, (len(texts), 1))
        weights = self._terms.weights
        n_words, n_characters, n_pairs = (len(weights[name][0]) for name in ("words", "characters", "pairs"))
        words, word_ends = words_of(arrays, tokens, ends)
        if n_words:
            message, term = word_terms(self._terms.tree, words, word_ends)
            logits += self._group_logits(_counts(message, term, len(texts), n_words), *weights["words"])
        if n_pairs:
            message, term = pair_terms(self._terms.pairs, len(self._terms.tree.number), words, word_ends)
            logits += self._group_logits(_counts(message, term, len(texts), n_pairs), *weights["pairs"])
        if n_characters:
            self._sum_new_tokens(arrays, *weights["characters"])
            occurrences = _occurrences(tokens, ends, len(self._table))
            logits += self._character_logits(occurrences, *weights["characters"])
        return logits

    def _tokens(self, texts: Sequence[str]) -> tuple[Ints, Longs]:
        """The numbers of all tokens, end to end, and each text's end.

        New tokens are added to the table.
        """
        is_marked = np.array([not self.model.normaliser or may_quote(text) for text in texts], dtype=bool)
        split = [
            (self.model.marked(text) if is_done else text).split()
            for text, is_done in zip(texts, is_marked, strict=True)
        ]
        lengths = np.array([len(tokens) for tokens in split], dtype=np.int64)
        tokens = self._numbered(list(chain.from_iterable(split)))
        ends = np.cumsum(lengths)
        scope = in_scope(self._table.view().kinds[tokens], np.repeat(ends - lengths, lengths))
        at = np.flatnonzero(scope & ~np.repeat(is_marked, lengths))
        distinct, place = np.unique(tokens[at], return_inverse=True)
        marks = self._numbered([negated(self._table.tokens[number]) for number in distinct])
        return np.insert(tokens, at + 1, marks[place]), ends + np.searchsorted(at, ends)

    def _numbered(self, tokens: list[str]) -> Ints:
        numbers = np.fromiter(map(self._numbers.__getitem__, tokens), np.int32, len(tokens))
        self._table.extend(self._numbers.new)
        self._numbers.new.clear()
        return numbers

    def _group_logits(self, counts: Any, weights: Floats, squares: Floats) -> Floats:
        """The part of the log-odds of one feature group, from exact counts (messages x terms).

        ``counts`` is used up.
        """
        many = np.flatnonzero(counts.data > 1)
        counts.data[many] = self._tf(counts.data[many])
        sums: Floats = counts @ weights
        counts.data **= 2
        return _scaled(sums, counts @ squares)

    def _sum_new_tokens(self, arrays: TokenArrays, weights: Floats, squares: Floats) -> None:
        """Sum the weights, and the squares, of each new token's n-grams."""
        if self._grams is None or self._grams.shape[0] != len(self._table):
            n_grams = len(arrays.grams)
            self._grams = _matrix(arrays.starts[:, 1], arrays.grams, np.ones(n_grams), len(weights))
            new = self._grams[self._sums.size :]
            self._sums.extend(np.column_stack([new @ weights, new @ squares]))

    def _character_logits(self, occurrences: Any, weights: Floats, squares: Floats) -> Floats:
        """``_group_logits`` of the character n-grams, from the tokens (messages x tokens).

        A message's sums are those of its tokens, corrected for n-grams that occur more than once: the
        tokens count such a one n times, and it should count ``_tf(n)``. So few rows of ``weights`` are read.
        """
        counts = occurrences @ self._grams
        if counts.data.max(initial=0) > MOST_TIMES:
            return self._group_logits(counts, weights, squares)
        many = np.flatnonzero(counts.data > 1)
        n = counts.data[many]
        tf = self._tf(n)
        starts = np.searchsorted(many, counts.indptr)
        excess = _matrix(starts, counts.indices[many], tf - n, len(weights))
        summed = occurrences @ self._sums.view()
        sums: Floats = summed[:, :-1] + excess @ weights
        excess.data = tf**2 - n
        return _scaled(sums, summed[:, -1] + excess @ squares)

    def _tf(self, n: Floats) -> Floats:
        """What a term that occurs ``n`` times counts."""
        return 1.0 + np.log(n) if self._terms.sublinear_tf else n

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.model, self._memo_tokens)


def _restored(model: MessageModel, memo_tokens: int) -> BatchScorer:
    return BatchScorer(model, memo_tokens=memo_tokens)


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    source = iter(texts)
    chunk: list[str] = []
    n_characters = 0
    while block := list(islice(source, BLOCK_TEXTS)):
        chunk += block
        n_characters += sum(map(len, block))
        if len(chunk) >= CHUNK_TEXTS or n_characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, n_characters = [], 0
    if chunk:
        yield chunk


class _TokenNumbers(dict[str, int]):
    """The number of each token; new tokens are numbered and added to ``new``."""

    def __init__(self) -> None:
        self.new: list[str] = []

    def __missing__(self, token: str) -> int:
        number = self[token] = len(self)
        self.new.append(token)
        return number


def words_of(arrays: TokenArrays, tokens: Ints, ends: Longs) -> tuple[Ints, Longs]:
    """The numbers of all words, message by message, and where each message's words end."""
    starts = arrays.starts[:, 0]
    n_words = (starts[1:] - starts[:-1])[tokens]
    stops = np.concatenate([[0], np.cumsum(n_words)])
    index = np.arange(stops[-1]) + np.repeat(starts[tokens] - stops[:-1], n_words)
    return arrays.words[index], stops[ends]


def _counts(message: Ints, terms: Ints, n_messages: int, n_terms: int) -> Any:
    """Counts (messages x terms) of ``terms``, each of which occurs once in its ``message``."""
    from scipy.sparse import coo_array  # when a message is scored: it takes long to import

    return coo_array((np.ones(len(terms)), (message, terms)), shape=(n_messages, n_terms)).tocsr()


def _scaled(sums: Floats, squared_length: Floats) -> Floats:
    """``sums`` divided by the length of each message."""
    length = np.sqrt(squared_length)
    length[length == 0] = 1.0
    return sums / length[:, None]


def _occurrences(columns: Ints, ends: Longs, n_columns: int) -> Any:
    return _matrix(np.concatenate([[0], ends]), columns, np.ones(len(columns)), n_columns)


def _matrix(starts: Longs, columns: Any, values: Floats, n_columns: int) -> Any:
    from scipy.sparse import csr_array

    return csr_array((values, columns, starts), shape=(len(starts) - 1, n_columns))
