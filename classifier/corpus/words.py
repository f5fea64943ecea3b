"""Which words the phrase files are written in, and in how many families each stands: what the model's spelling goes by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from classifier.corpus.families import PhraseFamily

_SLOT = re.compile(r"\{\w+\}")
_APOSTROPHES = str.maketrans("", "", "'’")


def word_counts(families: Iterable[PhraseFamily]) -> dict[str, int]:
    """Runs of letters a to z in the phrasings, in lower case and without apostrophes, with the number of families each stands in; in the order of the alphabet.

    What fills a slot is no word of a phrasing.

    >>> from dataclasses import replace
    >>> from classifier.corpus.families import load_families
    >>> family = replace(load_families("v1")[0], phrasings=("Don't [tell|ask] {name}, I won't tell",))
    >>> word_counts([family])
    {'ask': 1, 'dont': 1, 'i': 1, 'tell': 1, 'wont': 1}
    """
    counts: Counter[str] = Counter()
    for family in families:
        text = _SLOT.sub(" ", "\n".join(family.phrasings)).lower().translate(_APOSTROPHES)
        counts.update(set(re.findall("[a-z]+", text)))
    return dict(sorted(counts.items()))


def as_lines(counts: dict[str, int]) -> bytes:
    """The word list as a file: a word and its count a line.

    >>> as_lines({"ask": 1, "tell": 2})
    b'ask 1\\ntell 2\\n'
    """
    return "".join(f"{word} {n}\n" for word, n in counts.items()).encode("ascii")
