"""The passages of a message that are scored: the whole, and each of its sentences.

A message shows what one of its sentences shows. So the highest score of its passages counts, and a
neutral sentence beside a found one hides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from classifier.model.message.reading.disguises import readable

_END = re.compile(r"(?<=[.!?\u2026])[\"')\]]*\s+|[\n\r]\s*")
_HAS_END = re.compile(r"[.!?\u2026][\"')\]]*\s|[\n\r]")
_WORD_CHARACTER = re.compile(r"\w")


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order.

    They end in a full stop, a mark or a line break. What holds neither letter nor digit is none.

    >>> sentences("ok. dont tell them!! :) where are you")
    ['ok.', 'dont tell them!!', ':) where are you']
    """
    return [piece for piece in map(str.strip, _END.split(text)) if _WORD_CHARACTER.search(piece)]


def passages_of(text: str) -> list[str]:
    """The text as a person reads it and, of several, each different sentence.

    >>> passages_of("ok."), passages_of("ok. really? ok.")
    (['ok.'], ['ok. really? ok.', 'ok.', 'really?'])
    """
    text = readable(text)
    if _HAS_END.search(text) is None:
        return [text]
    parts = list(dict.fromkeys(sentences(text)))
    return [text, *parts] if len(parts) > 1 else [text]


def split_into_passages(texts: Iterable[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The passages of all texts end to end, and where each text's passages begin."""
    passages: list[str] = []
    starts = []
    for text in texts:
        starts.append(len(passages))
        passages += passages_of(text)
    return passages, np.array(starts, dtype=np.int64)


def highest_of_passages(scores: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The highest score of each text over its passages, column by column.

    >>> scores = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.3]])
    >>> highest_of_passages(scores, np.array([0, 2])).tolist()
    [[0.8, 0.9], [0.3, 0.3]]
    """
    if len(starts) == len(scores):
        return scores
    return np.asarray(np.maximum.reduceat(scores, starts, axis=0))
