"""The words and character n-grams of a text, exactly as scikit-learn's vectorisers count them, without scikit-learn."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"(?u)\b\w+\b")


def word_ngrams(text: str, low: int, high: int) -> list[str]:
    """Runs of ``low`` to ``high`` words of a normalised text, joined by a space.

    >>> word_ngrams("our little secret", 1, 2)
    ['our', 'little', 'secret', 'our little', 'little secret']
    """
    words = _TOKEN.findall(text)
    return [" ".join(words[start : start + n]) for n in range(low, high + 1) for start in range(len(words) - n + 1)]


def char_ngrams(text: str, low: int, high: int) -> list[str]:
    """Runs of ``low`` to ``high`` characters inside each word, the word's edges padded with a space (scikit-learn's ``char_wb``).

    A padded word shorter than n characters is counted once, whole, and no longer n is tried on it.

    >>> char_ngrams("hi u", 3, 4)
    [' hi', 'hi ', ' hi ', ' u ']
    """
    grams: list[str] = []
    for word in text.split():
        padded = f" {word} "
        for n in range(low, high + 1):
            grams.append(padded[:n])
            grams.extend(padded[start : start + n] for start in range(1, len(padded) - n + 1))
            if n >= len(padded):
                break
    return grams
