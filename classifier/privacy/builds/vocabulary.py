"""Which words may a model know without having learnt them from anybody? The public vocabulary, and texts as rows over a fixed vocabulary.

A vocabulary fitted on private text tells whose text it was, whatever is done to the weights (``membership.py``). This one was written beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_WORD = re.compile(r"(?u)\b\w+\b")
_APOSTROPHES = dict.fromkeys(map(ord, "'’"))


def plain(text: str) -> str:
    """``text`` in lower case without apostrophes: the spelling of the public vocabulary. A model's own normaliser, which does more, can stand in its place.

    >>> plain("Don't TELL")
    'dont tell'
    """
    return text.lower().translate(_APOSTROPHES)


def words_and_pairs(text: str) -> list[str]:
    """Every word of a prepared text, then every two neighbouring words joined by a space.

    >>> words_and_pairs("our little secret")
    ['our', 'little', 'secret', 'our little', 'little secret']
    """
    words: list[str] = _WORD.findall(text)
    return words + [f"{first} {second}" for first, second in pairwise(words)]


@cache
def public_vocabulary() -> tuple[str, ...]:
    """The words and word pairs of ``public_vocabulary.txt``, sorted. Chosen from the taxonomy, not from any data.

    >>> "our secret" in public_vocabulary(), "pizza" in public_vocabulary()
    (True, True)
    """
    return parsed_vocabulary(
        (files("classifier.privacy.builds") / "public_vocabulary.txt").read_text(encoding="utf-8")
    )


def parsed_vocabulary(content: str) -> tuple[str, ...]:
    """The entries of a vocabulary file: one a line, ``#`` begins a comment line.

    Raises ``ValueError``, with the line, for an entry that no text could match, and for one that is not sorted after the one before: an order other than the
    alphabet's (by frequency, say) tells of the data it comes from.

    >>> parsed_vocabulary("# toys\\npizza\\nraid night\\n")
    ('pizza', 'raid night')
    """
    entries: list[str] = []
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if line != plain(line) or len(line.split(" ")) > 2 or words_and_pairs(line)[-1:] != [line]:
            raise ValueError(
                f"line {number}: expected a word, or two with one space between them, in lower case and without apostrophes; got {line!r}"
            )
        if entries and line <= entries[-1]:
            raise ValueError(
                f"line {number}: entries must be sorted and differ, got {line!r} after {entries[-1]!r}"
            )
        entries.append(line)
    return tuple(entries)


def vocabulary_kind(vocabulary: Collection[str], *, public: Collection[str]) -> Literal["public", "private"]:
    """Whether a model's terms are exactly the ``public`` list. A subset is private: which words were left out was decided by looking at the text.

    >>> vocabulary_kind(["pizza", "raid"], public=["raid", "pizza"]), vocabulary_kind(["pizza"], public=["raid", "pizza"])
    ('public', 'private')
    """
    return "public" if set(vocabulary) == set(public) else "private"


def bounded_rows(
    texts: Iterable[str], vocabulary: Sequence[str], *, prepare: Callable[[str], str] = plain
) -> csr_array:
    """One row a text and one column a term: which terms stand in the text, scaled to length 1. A text without any is a row of zeros.

    Each row depends on its own text alone (no document frequencies), as differential privacy of the rows needs.

    >>> bounded_rows(["pizza PIZZA raid", "rain"], ["pizza", "raid"]).toarray().round(2).tolist()
    [[0.71, 0.71], [0.0, 0.0]]
    """
    column_of = {term: column for column, term in enumerate(vocabulary)}
    found = (set(words_and_pairs(prepare(text))) for text in texts)
    return unit_rows(
        ([column_of[term] for term in terms if term in column_of] for terms in found), len(column_of)
    )


def unit_rows(columns: Iterable[Collection[int]], width: int) -> csr_array:
    """One row for each collection of different columns: equal values there, scaled to length 1, and zeros elsewhere."""
    from scipy.sparse import csr_array

    marked = [sorted(row) for row in columns]
    lengths = np.array([len(row) for row in marked], dtype=np.int64)
    flat = np.array([column for row in marked for column in row], dtype=np.int64)
    ends = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    return csr_array(
        (np.repeat(1.0 / np.sqrt(np.maximum(lengths, 1)), lengths), flat, ends), shape=(len(marked), width)
    )
