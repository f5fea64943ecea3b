"""The words of the phrase files, with the number of families of each.

The model's spelling step knows these words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from classifier.corpus.families import load_families
from classifier.corpus.generator.corpus_spec import RELEASES
from classifier.corpus.split import assign_families

_SLOT = re.compile(r"\{\w+\}")
_APOSTROPHES = str.maketrans("", "", "'’")


def train_words() -> dict[str, int]:
    """Words of the phrases of v2's train split, each with its number of families.

    Dialogues are left out: they are typed as people type, slips and stretched words among them.
    """
    families = load_families()
    homes = assign_families(families, seed=RELEASES["v2"].seed)
    return word_counts(family.phrasings for family in families if homes[family.id] == "train")


def word_counts(families: Iterable[Iterable[str]]) -> dict[str, int]:
    """Words of the families' sentences, each with the number of families it stands in.

    Words are runs of the letters a to z, in lower case and without apostrophes, in alphabetical order.
    The filler of a slot does not count.

    >>> word_counts([["Don't [tell|ask] {name}, I won't tell"], ["Ask!"]])
    {'ask': 2, 'dont': 1, 'i': 1, 'tell': 1, 'wont': 1}
    """
    counts: Counter[str] = Counter()
    for sentences in families:
        text = _SLOT.sub(" ", "\n".join(sentences)).lower().translate(_APOSTROPHES)
        counts.update(set(re.findall("[a-z]+", text)))
    return dict(sorted(counts.items()))


def as_lines(counts: dict[str, int]) -> bytes:
    """The word list as a file: a word and its count a line.

    >>> as_lines({"ask": 1, "tell": 2})
    b'ask 1\\ntell 2\\n'
    """
    return "".join(f"{word} {n}\n" for word, n in counts.items()).encode("ascii")
