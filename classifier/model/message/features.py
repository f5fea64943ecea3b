"""The features of a text, and the options of a message model.

Words, character n-grams and pairs of words are counted exactly as by scikit-learn's vectorisers,
without scikit-learn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain
from typing import Any

_TOKEN = re.compile(r"(?u)\b\w+\b")
SHORT_WORD = 100
"""Characters of a padded word up to which the places of its n-grams are kept."""

APART = " … "
"""The separator of the two words of a pair, as no word holds it."""


def word_ngrams(text: str, low: int, high: int) -> list[str]:
    """Runs of ``low`` to ``high`` words of a normalised text, joined by a space.

    >>> word_ngrams("our little secret", 1, 2)
    ['our', 'little', 'secret', 'our little', 'little secret']
    """
    words = _TOKEN.findall(text)
    return [
        " ".join(words[start : start + n])
        for n in range(low, high + 1)
        for start in range(len(words) - n + 1)
    ]


def char_ngrams(text: str, low: int, high: int) -> list[str]:
    """Runs of ``low`` to ``high`` characters inside each word, padded with a space at both edges.

    This is scikit-learn's ``char_wb``. A padded word shorter than n characters is counted once, whole,
    and no longer n is tried on it.

    >>> char_ngrams("hi u", 3, 4)
    [' hi', 'hi ', ' hi ', ' u ']
    """
    return list(each_char_ngram(text, low, high))


def each_char_ngram(text: str, low: int, high: int) -> Iterator[str]:
    """``char_ngrams`` one at a time, for words of any length."""
    padded = (f" {word} " for word in text.split())
    return chain.from_iterable(map(word.__getitem__, _slices_of(len(word), low, high)) for word in padded)


def _slices_of(length: int, low: int, high: int) -> Iterable[slice]:
    """Where a padded word of ``length`` characters has its n-grams."""
    return (_kept_slices if length <= SHORT_WORD else _slices)(length, low, high)


def _slices(length: int, low: int, high: int) -> Iterator[slice]:
    for n in range(low, max(low, min(high, length)) + 1):
        yield from (slice(start, start + n) for start in range(max(1, length - n + 1)))


@cache
def _kept_slices(length: int, low: int, high: int) -> tuple[slice, ...]:
    return tuple(_slices(length, low, high))


def word_pairs(text: str, low: int, high: int) -> list[str]:
    """Every two words of a normalised text that stand ``low`` to ``high`` places apart.

    They are in the order of the text.

    >>> word_pairs("dont tell your mum", 2, 3)
    ['dont … your', 'dont … mum', 'tell … mum']
    """
    words = _TOKEN.findall(text)
    return [
        f"{first}{APART}{second}"
        for at, first in enumerate(words)
        for second in words[at + low : at + high + 1]
    ]


GRAMS: dict[str, Callable[[str, int, int], list[str]]] = {
    "words": word_ngrams,
    "characters": char_ngrams,
    "pairs": word_pairs,
}
"""The analyser of each feature group, in order: ``GRAMS[group](normalised text, low, high)``."""

RANGE_OPTIONS = {"words": "word_ngrams", "characters": "char_ngrams", "pairs": "word_pairs"}
"""The option of ``StageClassifier`` with the ``low`` and ``high`` of each feature group.

The value ``None`` leaves the group out.
"""

DEFAULT_OPTIONS: dict[str, Any] = {
    "word_ngrams": (1, 2),
    "char_ngrams": (3, 5),
    "word_pairs": (2, 8),
    "min_df": 2,
    "sublinear_tf": True,
    "C": 16.0,
    "class_weight": None,
    "normaliser": True,
}
"""Defaults of the options of ``StageClassifier``, chosen on validation families."""


def checked_options(options: dict[str, Any]) -> dict[str, Any]:
    """``DEFAULT_OPTIONS`` with ``options`` over them.

    Raises ``ValueError`` for an unknown option, or when every feature group is left out.
    """
    if unknown := sorted(set(options) - set(DEFAULT_OPTIONS)):
        raise ValueError(
            f"unknown option {', '.join(map(repr, unknown))}; expected some of {', '.join(DEFAULT_OPTIONS)}"
        )
    chosen = DEFAULT_OPTIONS | options
    if all(chosen[option] is None for option in RANGE_OPTIONS.values()):
        raise ValueError(f"{', '.join(RANGE_OPTIONS.values())} are all None: nothing is left to count")
    return chosen
