"""Near copies among sentences, and phrasings counted without them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classifier.corpus import grammar
from classifier.corpus.families import PhraseFamily

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BLOCK = 500
"""Sentences compared at a time."""


def without_near_copies(sentences: Sequence[str], *, threshold: float = 0.8) -> list[int]:
    """Positions of the sentences left when near copies are dropped.

    A sentence is dropped when it is as close as ``threshold`` to an earlier kept one. Closeness is the
    cosine of character 5-gram counts, in [0, 1]. Both edges count as two characters, so that the
    shortest sentences have 5-grams too.

    >>> without_near_copies(["see you at the gate", "see you at the gate!", "lovely weather"])
    [0, 2]
    """
    kept = np.ones(len(sentences), dtype=bool)
    for row, earlier, _ in _close_to_earlier(sentences, threshold):
        kept[row] = not kept[earlier].any()
    return [int(position) for position in np.flatnonzero(kept)]


def near_pairs(sentences: Sequence[str], *, threshold: float = 0.8) -> list[tuple[int, int]]:
    """Positions (earlier, later) of sentences that nearly equal an earlier one.

    The earlier one is the closest. Closeness is as in ``without_near_copies``.

    >>> near_pairs(["see you at the gate", "lovely weather", "see you at the gate!"])
    [(0, 2)]
    """
    return [
        (int(earlier[np.lexsort((earlier, -cosines))[0]]), row)
        for row, earlier, cosines in _close_to_earlier(sentences, threshold)
    ]


def _close_to_earlier(
    sentences: Sequence[str], threshold: float
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.float64]]]:
    """Each position with earlier ones as close as ``threshold``, those positions, and their cosines.

    The commonest 5-grams of a sentence, as many as are shorter than half of ``threshold``, add less than
    that to any cosine. So two sentences are compared only where the other 5-grams add half of it or more,
    one block of sentences at a time.
    """
    if not sentences:
        return
    vectors = _five_grams(sentences)
    rare, by_term = _without_the_commonest(vectors, threshold / 2), vectors.T.tocsr()
    for start in range(0, len(sentences), BLOCK):
        shared = (rare[start : start + BLOCK] @ by_term).tocoo()
        maybe = (shared.col < shared.row + start) & (shared.data >= threshold / 2)
        row, earlier = shared.row[maybe] + start, shared.col[maybe].astype(np.int64)
        cosines = np.asarray(vectors[row].multiply(vectors[earlier]).sum(axis=1)).ravel()
        near = cosines >= threshold - 1e-12
        row, earlier, cosines = row[near], earlier[near], cosines[near]
        for later in np.unique(row):
            yield int(later), earlier[row == later], cosines[row == later]


def _without_the_commonest(vectors: csr_matrix, length: float) -> csr_matrix:
    """Each row without its commonest 5-grams, which together are shorter than ``length``.

    They add less than ``length`` to a cosine with another row of length 1.
    """
    n_rows = np.bincount(vectors.indices, minlength=vectors.shape[1])
    sizes = np.diff(vectors.indptr)
    commonest_first = np.lexsort((-n_rows[vectors.indices], np.repeat(np.arange(len(sizes)), sizes)))
    squares = np.cumsum(vectors.data[commonest_first] ** 2)
    within = squares - np.repeat(np.concatenate([[0], squares])[vectors.indptr[:-1]], sizes)
    rare: csr_matrix = vectors.copy()
    rare.data[commonest_first[within < length**2 - 1e-9]] = 0.0
    rare.eliminate_zeros()
    return rare


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
