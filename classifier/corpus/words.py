"""The words of the phrase files, with the number of families of each.

The model's spelling step knows these words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from classifier.corpus.families import PhraseFamily

_SLOT = re.compile(r"\{\w+\}")
_APOSTROPHES = str.maketrans("", "", "'’")


def word_counts(families: Iterable[PhraseFamily]) -> dict[str, int]:
    """Words of the phrasings, each with the number of families it stands in.

    Words are runs of the letters a to z, in lower case and without apostrophes, in alphabetical order.
    The filler of a slot does not count.

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
