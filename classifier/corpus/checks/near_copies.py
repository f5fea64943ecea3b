"""Near copies among sentences, and phrasings counted without them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from classifier.corpus import grammar
from classifier.corpus.families import PhraseFamily

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def without_near_copies(sentences: Sequence[str], *, threshold: float = 0.8) -> list[int]:
    """Positions of the sentences left when near copies are dropped.

    A sentence is dropped when it is as close as ``threshold`` to an earlier kept one. Closeness is the
    cosine of character 5-gram counts, in [0, 1]. Both edges count as two characters, so that the
    shortest sentences have 5-grams too.

    >>> without_near_copies(["see you at the gate", "see you at the gate!", "lovely weather"])
    [0, 2]
    """
    if not sentences:
        return []
    vectors = _five_grams(sentences)
    close = (vectors @ vectors.T).tocsr()
    kept = np.ones(len(sentences), dtype=bool)
    for row in range(len(sentences)):
        start, stop = close.indptr[row], close.indptr[row + 1]
        near = close.indices[start:stop][close.data[start:stop] >= threshold - 1e-12]
        kept[row] = not any(kept[other] for other in near if other < row)
    return [int(position) for position in np.flatnonzero(kept)]


def near_pairs(sentences: Sequence[str], *, threshold: float = 0.8) -> list[tuple[int, int]]:
    """Positions (earlier, later) of sentences that nearly equal an earlier one.

    The earlier one is the closest. Closeness is as in ``without_near_copies``; memory stays small, as
    one block of sentences is compared at a time.

    >>> near_pairs(["see you at the gate", "lovely weather", "see you at the gate!"])
    [(0, 2)]
    """
    if not sentences:
        return []
    vectors = _five_grams(sentences)
    everything, found = vectors.T.tocsr(), []
    for start in range(0, len(sentences), 500):
        close = (vectors[start : start + 500] @ everything).tocsr()
        for row in range(close.shape[0]):
            at = slice(close.indptr[row], close.indptr[row + 1])
            others, cosines = close.indices[at], close.data[at]
            near = (cosines >= threshold - 1e-12) & (others < start + row)
            if near.any():
                best = others[near][np.lexsort((others[near], -cosines[near]))[0]]
                found.append((int(best), start + row))
    return found


def _five_grams(sentences: Sequence[str]) -> csr_matrix:
    """Counts of character 5-grams, a row of length 1 each sentence."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.preprocessing import normalize

    padded = [f"\x02\x02{sentence.lower()}\x03\x03" for sentence in sentences]
    counts = CountVectorizer(analyzer="char", ngram_range=(5, 5), lowercase=False).fit_transform(padded)
    vectors: csr_matrix = normalize(counts).tocsr()
    return vectors


def distinct_phrasings(families: Iterable[PhraseFamily]) -> list[tuple[PhraseFamily, str]]:
    """Every (family, phrasing) left when near-copies, wherever they stand, are dropped."""
    pairs = [(family, phrasing) for family in families for phrasing in family.phrasings]
    kept = without_near_copies([grammar.skeleton(phrasing) for _, phrasing in pairs])
    return [pairs[position] for position in kept]
