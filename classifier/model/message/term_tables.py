"""A stage model's terms as arrays: a tree of words, a table of pairs of words, and one row of weights per term."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from classifier.model.message.features import APART, GRAMS
from classifier.model.message.scorer import FeatureGroup, MessageModel

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float64]

NODE_STEP, WORD_STEP = 0x9E3779B1, 0x85EBCA77


@dataclass(frozen=True)
class WordTree:
    """Every word n-gram of a model as a path of words.

    ``number`` names the words that occur in any term; a word's number is also the node of the path of that word alone. A longer path goes on from a node by a word to
    the node in column 1 of the row of ``children`` with node * words + word in column 0: an open-addressing table, its size a power of two, its free rows -1.
    ``term`` is the term that ends at a node, or -1; ``goes_on`` says whether a longer path leads through it.
    """

    number: dict[str, int]
    term: Ints
    goes_on: NDArray[np.bool_]
    children: Longs


def word_tree(group: FeatureGroup, others: Iterable[str]) -> WordTree:
    """The tree of a group of words, which numbers the ``others`` too. A term of fewer than ``low`` or more than ``high`` words is never counted and has no place in it."""
    paths = {tuple(term.split(" ")): position for position, term in enumerate(group.terms)}
    paths = {words: position for words, position in paths.items() if group.low <= len(words) <= group.high}
    number: dict[str, int] = {}
    for words in paths:
        for word in words:
            number.setdefault(word, len(number))
    for word in others:
        number.setdefault(word, len(number))
    term_at = [-1] * len(number)
    children: dict[tuple[int, int], int] = {}
    for words, position in paths.items():
        node = number[words[0]]
        for word in words[1:]:
            if (node, number[word]) not in children:
                children[node, number[word]] = len(term_at)
                term_at.append(-1)
            node = children[node, number[word]]
        term_at[node] = position
    goes_on = np.zeros(len(term_at), dtype=np.bool_)
    goes_on[[node for node, _ in children]] = True
    return WordTree(number, np.array(term_at, dtype=np.int32), goes_on, _table(children, len(number)))


@dataclass(frozen=True)
class PairTable:
    """The pairs of a model, each of two words that stand ``low`` to ``high`` places apart.

    A pair's term is in column 1 of the row of ``rows`` with first * words + second in column 0, a table as ``WordTree.children`` is. ``begins`` and ``ends`` say of a
    word's number whether it is first, or second, in any pair; their last place, that of -1, is False.
    """

    low: int
    high: int
    rows: Longs
    begins: NDArray[np.bool_]
    ends: NDArray[np.bool_]


def pair_table(group: FeatureGroup, words: dict[tuple[str, str], int], number: dict[str, int]) -> PairTable:
    """The table of a group of pairs, whose ``words`` have their numbers in ``number``."""
    pairs = {(number[first], number[second]): position for (first, second), position in words.items()}
    begins, ends = np.zeros((2, len(number) + 1), dtype=np.bool_)
    begins[[first for first, _ in pairs]] = True
    ends[[second for _, second in pairs]] = True
    return PairTable(group.low, group.high, _table(pairs, len(number)), begins, ends)


def _pair_words(group: FeatureGroup) -> dict[tuple[str, str], int]:
    """The two words of each term. A term that is not of two is never counted and left out."""
    split = [term.split(APART) for term in group.terms]
    return {(words[0], words[1]): position for position, words in enumerate(split) if len(words) == 2}


def _table(places: dict[tuple[int, int], int], n_words: int) -> Longs:
    size = 4
    while size < 2 * len(places):
        size *= 2
    table = [(-1, -1)] * size
    for (node, word), child in places.items():
        mixed = node * NODE_STEP + word * WORD_STEP  # below 2**63 where node and word are below 2**30
        place = (mixed ^ (mixed >> 17)) & (size - 1)
        while table[place][0] != -1:
            place = (place + 1) & (size - 1)
        table[place] = (node * n_words + word, child)
    return np.array(table, dtype=np.int64)


@dataclass(frozen=True)
class Terms:
    """What the engines need of a model.

    ``weights`` has a row per term, those of the words group first and those of the pairs group last: idf times each label's coefficient, and last idf squared, which
    summed over a message is the squared length that a group is divided by.
    """

    prepared: Callable[[str], str]
    words: FeatureGroup | None
    tree: WordTree
    characters: FeatureGroup | None
    pairs: PairTable
    weights: Floats
    intercept: Floats
    sublinear_tf: bool

    @property
    def n_words(self) -> int:
        """Terms of the words group."""
        return 0 if self.words is None else len(self.words.terms)

    @property
    def n_characters(self) -> int:
        """Terms of the characters group."""
        return 0 if self.characters is None else len(self.characters.terms)

    @property
    def word_weights(self) -> Floats:
        """The rows of the words group."""
        return self.weights[: self.n_words]

    @property
    def character_weights(self) -> Floats:
        """The rows of the characters group."""
        return self.weights[self.n_words : self.n_words + self.n_characters]

    @property
    def pair_weights(self) -> Floats:
        """The rows of the pairs group."""
        return self.weights[self.n_words + self.n_characters :]


def terms_of(model: MessageModel) -> Terms:
    """The arrays of ``model``. Raises ``ValueError`` for a group that is of something else than words, characters and pairs, or that comes twice."""
    feature_groups: dict[str, FeatureGroup] = {}
    rows: dict[str, Floats] = {}
    offset = 0
    for group in model.feature_groups:
        if group.analyser not in GRAMS or group.analyser in feature_groups:
            raise ValueError(
                f"expected at most one group each of {', '.join(GRAMS)}, got {[group.analyser for group in model.feature_groups]}"
            )
        coef = model.coef[:, offset : offset + len(group.terms)]
        feature_groups[group.analyser], rows[group.analyser] = (
            group,
            np.vstack([coef * group.idf, group.idf**2]).T,
        )
        offset += len(group.terms)
    none = np.zeros((0, len(model.labels) + 1))
    pairs = feature_groups.get("pairs", FeatureGroup("pairs", 1, 1, (), np.zeros(0)))
    pair_words = _pair_words(pairs)
    tree = word_tree(
        feature_groups.get("words", FeatureGroup("words", 1, 1, (), np.zeros(0))),
        chain.from_iterable(pair_words),
    )
    return Terms(
        prepared=model.prepared,
        words=feature_groups.get("words"),
        tree=tree,
        characters=feature_groups.get("characters"),
        pairs=pair_table(pairs, pair_words, tree.number),
        weights=np.ascontiguousarray(np.vstack([rows.get(name, none) for name in GRAMS])),
        intercept=model.intercept,
        sublinear_tf=model.sublinear_tf,
    )
