"""Scores messages fast, to the Pipeline's own probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from math import exp
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.errors import InputError
from classifier.model.message.scorer import StageModel, sigmoid
from classifier.model.message.term_tables import Floats, terms_of

if TYPE_CHECKING:
    from classifier.model.message.fast_numba import NumbaEngine
    from classifier.model.message.fast_numpy import NumpyEngine

ENGINES = ("auto", "numpy", "numba")
MEMO_TOKENS = 131_072
"""Tokens remembered unless told otherwise."""
ENTRIES_PER_TOKEN = 32
"""Words, n-grams and letters remembered, for each token that may be: long tokens fill the memo sooner."""
BLOCK_TEXTS, CHUNK_TEXTS, CHUNK_CHARACTERS = 128, 4096, 1 << 18
"""A chunk is scored at once; it is made of blocks of texts and ends with the block that brings it to this many texts or characters."""


class FastScorer:
    """Probabilities equal to ``StageModel.probabilities`` within 1e-9, many messages at a time, with a memo of their tokens.

    ``engine`` is "numba" (the extra ``fast``: compiled loops), "numpy", or "auto", numba where it is installed. The memo is emptied when, after a chunk of messages, it
    holds more than ``memo_tokens`` tokens or 32 words, n-grams and letters for each, so no input makes it grow further: at 131,072 tokens some 70 MB at most. One
    scorer may be used by many threads; they take turns. A pickled scorer travels without its memo.

    Raises ``InputError`` for another engine, for numba where it is not installed and for ``memo_tokens`` below 1.
    """

    def __init__(self, model: StageModel, *, engine: str = "auto", memo_tokens: int = MEMO_TOKENS) -> None:
        if engine not in ENGINES:
            raise InputError(f"engine must be one of {', '.join(ENGINES)}, got {engine!r}")
        if memo_tokens < 1:
            raise InputError(f"memo_tokens must be at least 1, got {memo_tokens}")
        self.model = model
        self._asked, self._memo_tokens = engine, memo_tokens
        self._lock = Lock()
        self._engine = _engine(engine, model)

    @property
    def engine(self) -> str:
        """The engine in use: "numpy" or "numba"."""
        return self._engine.name

    @property
    def n_tokens(self) -> int:
        """Tokens in the memo now."""
        return self._engine.n_tokens

    def probabilities(self, texts: Iterable[str]) -> Floats:
        """Shape (texts, labels), each in [0, 1]."""
        return np.concatenate([np.zeros((0, len(self.model.labels))), *self.stream(texts)])

    def stream(self, texts: Iterable[str]) -> Iterator[Floats]:
        """The same in pieces of some thousand rows, while ``texts`` is read: in constant memory, whatever their number."""
        if isinstance(texts, str):
            raise TypeError("texts must be many strings, got one; use one()")
        for chunk in _chunks(texts):
            with self._lock:
                logits = self._remembering(self._engine.logits, chunk)
            yield sigmoid(logits)

    def one(self, text: str) -> Floats:
        """Shape (labels,): the probabilities of one message, for when messages come one at a time."""
        with self._lock:
            logits = self._remembering(self._engine.one, text)
        small = [exp(-abs(z)) for z in logits]
        return np.array([(1.0 if z >= 0 else e) / (1.0 + e) for z, e in zip(logits, small, strict=True)])

    def _remembering(self, score: Any, messages: Any) -> Any:
        """``score(messages)``, after which the memo is whole and within its bounds, or empty."""
        engine = self._engine
        try:
            logits = score(messages)
        except BaseException:  # an interrupt may have left a token half remembered
            engine.clear()
            raise
        if engine.grown:
            engine.grown = False
            if engine.n_tokens > self._memo_tokens or engine.n_entries > ENTRIES_PER_TOKEN * self._memo_tokens:
                engine.clear()
        return logits

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.model, self._asked, self._memo_tokens)


def _restored(model: StageModel, engine: str, memo_tokens: int) -> FastScorer:
    return FastScorer(model, engine=engine, memo_tokens=memo_tokens)


def _engine(engine: str, model: StageModel) -> NumpyEngine | NumbaEngine:
    """The one place where an engine is chosen."""
    if engine != "numpy":
        from classifier.model.message.fast_kernels import HAS_NUMBA

        if HAS_NUMBA:
            from classifier.model.message.fast_numba import NumbaEngine

            return NumbaEngine(terms_of(model))
        if engine == "numba":
            raise InputError("engine 'numba': numba is not installed; install the extra 'fast', or use engine 'numpy'")
    from classifier.model.message.fast_numpy import NumpyEngine

    return NumpyEngine(terms_of(model))


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
