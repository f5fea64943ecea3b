"""The public vocabulary, and texts as rows over a fixed vocabulary.

A vocabulary fitted on private text shows whose text it was, whatever is done to the weights
(``attacks/membership_inference.py``). The public one was written beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

T = TypeVar("T")

_WORD = re.compile(r"(?u)\b\w+\b")
_APOSTROPHES = dict.fromkeys(map(ord, "'’"))


def plain_spelling(text: str) -> str:
    """``text`` in lower case without apostrophes.

    This is the spelling of the public vocabulary. A model's own normaliser, which does more, can be used in
    its place.

    >>> plain_spelling("Don't TELL")
    'dont tell'
    """
    return text.lower().translate(_APOSTROPHES)


def words_and_pairs(text: str) -> list[str]:
    """The words of a text, then its pairs of neighbouring words.

    >>> words_and_pairs("our little secret")
    ['our', 'little', 'secret', 'our little', 'little secret']
    """
    words: list[str] = _WORD.findall(text)
    return words + [f"{first} {second}" for first, second in pairwise(words)]


@cache
def public_vocabulary() -> tuple[str, ...]:
    """The words and word pairs of ``public_vocabulary.txt``, sorted.

    They were chosen from the taxonomy, not from any data.

    >>> "our secret" in public_vocabulary(), "pizza" in public_vocabulary()
    (True, True)
    """
    path = files("classifier.privacy.model_variants") / "public_vocabulary.txt"
    return parsed_vocabulary(path.read_text(encoding="utf-8"))


def parsed_vocabulary(content: str) -> tuple[str, ...]:
    """The entries of a vocabulary file.

    There is one entry on each line; ``#`` begins a comment line. Raises ``ValueError``, with the line, for
    an entry that no text could match, and for one that is out of alphabetical order: any other order (by
    frequency, say) carries information about the data it comes from.

    >>> parsed_vocabulary("# toys\\npizza\\nraid night\\n")
    ('pizza', 'raid night')
    """
    entries: list[str] = []
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if line != plain_spelling(line) or len(line.split(" ")) > 2 or words_and_pairs(line)[-1:] != [line]:
            raise ValueError(
                f"line {number}: expected a word, or two with one space between them, "
                f"in lower case and without apostrophes; got {line!r}"
            )
        if entries and line <= entries[-1]:
            raise ValueError(
                f"line {number}: entries must be sorted and differ, got {line!r} after {entries[-1]!r}"
            )
        entries.append(line)
    return tuple(entries)


def vocabulary_kind(vocabulary: Collection[str], *, public: Collection[str]) -> Literal["public", "private"]:
    """Whether a vocabulary is "public" or "private".

    Public means that its terms are exactly the ``public`` list. A subset is private: which words were left
    out was decided by looking at the text.

    >>> vocabulary_kind(["pizza", "raid"], public=["raid", "pizza"])
    'public'
    >>> vocabulary_kind(["pizza"], public=["raid", "pizza"])
    'private'
    """
    return "public" if set(vocabulary) == set(public) else "private"


def bounded_rows(
    texts: Iterable[str], vocabulary: Sequence[str], *, prepare: Callable[[str], str] = plain_spelling
) -> csr_array:
    """The terms of each text, marked in a row of length 1.

    The shape is (texts, terms). A text without any term is a row of zeros. Each row depends on its own text
    alone (no document frequencies), as differential privacy of the rows needs.

    >>> bounded_rows(["pizza PIZZA raid", "rain"], ["pizza", "raid"]).toarray().round(2).tolist()
    [[0.71, 0.71], [0.0, 0.0]]
    """
    return unit_rows(map(columns_of_terms(vocabulary, prepare), texts), len(vocabulary))


def columns_of_terms(
    vocabulary: Sequence[str], prepare: Callable[[str], str]
) -> Callable[[str], NDArray[np.int32]]:
    """A function from a text to the ascending columns of its terms in ``vocabulary``.

    >>> columns_of_terms(["pizza", "raid", "rain"], plain_spelling)("Rain! Pizza, rain").tolist()
    [0, 2]
    """
    column_of = {term: column for column, term in enumerate(vocabulary)}

    def columns(text: str) -> NDArray[np.int32]:
        found = {column_of[term] for term in words_and_pairs(prepare(text)) if term in column_of}
        return np.array(sorted(found), dtype=np.int32)

    return columns


def remembered(function: Callable[[str], T], *, most: int = 20_000) -> Callable[[str], T]:
    """``function``, with its values for the first ``most`` texts kept.

    For attacks, which fit many models on the same documents. Unlike that of ``functools.cache`` it can be
    sent to another process, with what it remembers.

    >>> count = remembered(len)
    >>> count("pizza"), count("pizza")
    (5, 5)
    """
    known: dict[str, T] = {}

    def remembering(text: str) -> T:
        if text in known:
            return known[text]
        value = function(text)
        if len(known) < most:
            known[text] = value
        return value

    return remembering


def unit_rows(columns: Iterable[ArrayLike], width: int) -> csr_array:
    """Rows of length 1 with equal values in the given columns.

    Each collection of different columns is one row; the values elsewhere are zero. The shape is
    (collections, ``width``).
    """
    # liblinear takes no wider indices.
    marked = [np.asarray(row, dtype=np.int32) for row in columns]
    lengths = np.array([len(row) for row in marked], dtype=np.int32)
    flat = np.concatenate([np.zeros(0, dtype=np.int32), *marked])
    ends = np.concatenate([np.zeros(1, dtype=np.int32), np.cumsum(lengths, dtype=np.int32)])
    rows = csr_array(
        (np.repeat(1.0 / np.sqrt(np.maximum(lengths, 1)), lengths), flat, ends), shape=(len(marked), width)
    )
    rows.sort_indices()
    return rows
