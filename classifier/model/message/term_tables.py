"""A message model's terms as arrays, and which of them a message's words make."""

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
"""Odd constants that mix a node and a word into a place of a hash table."""


@dataclass(frozen=True)
class WordTree:
    """Every word n-gram of a model as a path of words.

    Parameters
    ----------
    number
        The number of each word that occurs in any term; it is also the node of the path of that word
        alone.
    term
        The term that ends at each node, or -1.
    goes_on
        Whether a longer path leads through each node.
    children
        Where a path goes on from a node by a word: an open-addressing hash table, its size a power of
        two, with node * words + word in column 0 (-1 in a free row) and the next node in column 1.
    """

    number: dict[str, int]
    term: Ints
    goes_on: NDArray[np.bool_]
    children: Longs


def word_tree(group: FeatureGroup, others: Iterable[str]) -> WordTree:
    """The tree of a group of words; the words ``others`` get numbers too.

    A term of fewer than ``low`` or more than ``high`` words is never counted and has no place in it.
    """
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
    return WordTree(number, np.array(term_at, dtype=np.int32), goes_on, _hash_table(children, len(number)))


@dataclass(frozen=True)
class PairTable:
    """The pairs of a model, each of two words that stand ``low`` to ``high`` places apart.

    ``rows`` is a hash table like ``WordTree.children``, with first * words + second in column 0 and the
    pair's term in column 1. ``begins`` and ``ends`` say for the number of a word whether it is first, or
    second, in any pair; their last entry, that of number -1, is False.
    """

    low: int
    high: int
    rows: Longs
    begins: NDArray[np.bool_]
    ends: NDArray[np.bool_]


def pair_table(group: FeatureGroup, words: dict[tuple[str, str], int], number: dict[str, int]) -> PairTable:
    """The table of a group of pairs.

    ``words`` has the position of each pair of words in the group, ``number`` the number of each word.
    """
    pairs = {(number[first], number[second]): position for (first, second), position in words.items()}
    begins, ends = np.zeros((2, len(number) + 1), dtype=np.bool_)
    begins[[first for first, _ in pairs]] = True
    ends[[second for _, second in pairs]] = True
    return PairTable(group.low, group.high, _hash_table(pairs, len(number)), begins, ends)


def _pair_words(group: FeatureGroup) -> dict[tuple[str, str], int]:
    """The two words of each term; other terms are never counted and left out."""
    split = [term.split(APART) for term in group.terms]
    return {(words[0], words[1]): position for position, words in enumerate(split) if len(words) == 2}


def _hash_table(entries: dict[tuple[int, int], int], n_words: int) -> Longs:
    """The rows of an open-addressing hash table of ``entries``, as ``WordTree.children`` describes."""
    size = 4
    while size < 2 * len(entries):
        size *= 2
    table = [(-1, -1)] * size
    for (node, word), child in entries.items():
        mixed = node * NODE_STEP + word * WORD_STEP  # below 2**63 where node and word are below 2**30
        place = (mixed ^ (mixed >> 17)) & (size - 1)
        while table[place][0] != -1:
            place = (place + 1) & (size - 1)
        table[place] = (node * n_words + word, child)
    return np.array(table, dtype=np.int64)


def word_terms(tree: WordTree, words: Ints, word_ends: Longs) -> tuple[Ints, Ints]:
    """The message and the term of each known word n-gram, repeats included."""
    message = _message_of_word(word_ends)
    at = np.flatnonzero(words >= 0)
    node = words[at]
    terms, messages = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int32)]
    width = 1
    while len(node):
        term = tree.term[node]
        terms.append(term[term >= 0])
        messages.append(message[at[term >= 0]])
        going = tree.goes_on[node] & (at + width < word_ends[message[at]])
        at, node = at[going], node[going]
        known = words[at + width] >= 0
        at, node = at[known], node[known]
        found, node = _look_up(tree.children, len(tree.number), node, words[at + width])
        at = at[found]
        width += 1
    return np.concatenate(messages), np.concatenate(terms)


def pair_terms(pairs: PairTable, n_words: int, words: Ints, word_ends: Longs) -> tuple[Ints, Ints]:
    """The message and the term of each known pair of words, repeats included."""
    message, is_end = _message_of_word(word_ends), pairs.ends[words]
    at = np.flatnonzero(pairs.begins[words])
    last = word_ends[message[at]] - 1
    terms, messages = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int32)]
    for apart in range(pairs.low, pairs.high + 1):
        inside = at + apart <= last
        at, last = at[inside], last[inside]
        both = at[is_end[at + apart]]
        found, term = _look_up(pairs.rows, n_words, words[both], words[both + apart])
        terms.append(term)
        messages.append(message[both[found]])
    return np.concatenate(messages), np.concatenate(terms)


def _message_of_word(word_ends: Longs) -> Ints:
    return np.repeat(np.arange(len(word_ends), dtype=np.int32), np.diff(word_ends, prepend=0))


def _look_up(rows: Longs, n_words: int, node: Ints, word: Ints) -> tuple[Longs, Ints]:
    """Which pairs of ``node`` and known ``word`` stand in the hash table ``rows``, and their values."""
    keys, last = rows[:, 0], len(rows) - 1
    node, word = node.astype(np.int64), word.astype(np.int64)
    key = node * n_words + word
    mixed = node * NODE_STEP + word * WORD_STEP
    place = (mixed ^ (mixed >> 17)) & last
    key_there = keys[place]
    unsettled = np.flatnonzero((key_there != key) & (key_there != -1))
    while len(unsettled):
        place[unsettled] = (place[unsettled] + 1) & last
        key_there[unsettled] = keys[place[unsettled]]
        is_other = (key_there[unsettled] != key[unsettled]) & (key_there[unsettled] != -1)
        unsettled = unsettled[is_other]
    found = np.flatnonzero(key_there == key)
    return found, rows[place[found], 1].astype(np.int32)


@dataclass(frozen=True)
class Terms:
    """The arrays of a message model that ``BatchScorer`` uses.

    ``weights`` holds two arrays for each group of ``GRAMS``, with a row per term: idf times the coefficient
    of each of ``COLUMNS``, and idf squared, which summed over a message is the squared length that a group
    is divided by. A group that the model lacks has no rows.
    """

    spelled: Callable[[str], str]
    tree: WordTree
    characters: FeatureGroup | None
    pairs: PairTable
    weights: dict[str, tuple[Floats, Floats]]
    intercept: Floats
    sublinear_tf: bool


def terms_of(model: MessageModel) -> Terms:
    """The arrays of ``model``.

    Raises ``ValueError`` for a group of anything but words, characters and pairs, or one that comes
    twice.
    """
    feature_groups: dict[str, FeatureGroup] = {}
    weights = {name: (np.zeros((0, len(model.weights))), np.zeros(0)) for name in GRAMS}
    offset = 0
    for group in model.feature_groups:
        if group.analyser not in GRAMS or group.analyser in feature_groups:
            raise ValueError(
                f"expected at most one feature group each of {', '.join(GRAMS)}, "
                f"got {[group.analyser for group in model.feature_groups]}"
            )
        coef = model.coef(slice(offset, offset + len(group.terms)))
        feature_groups[group.analyser] = group
        weights[group.analyser] = (np.ascontiguousarray((coef * group.idf).T), group.idf**2)
        offset += len(group.terms)
    words = feature_groups.get("words", FeatureGroup("words", 1, 1, (), np.zeros(0)))
    pairs = feature_groups.get("pairs", FeatureGroup("pairs", 1, 1, (), np.zeros(0)))
    pair_words = _pair_words(pairs)
    tree = word_tree(words, chain.from_iterable(pair_words))
    return Terms(
        spelled=model.spelled,
        tree=tree,
        characters=feature_groups.get("characters"),
        pairs=pair_table(pairs, pair_words, tree.number),
        weights=weights,
        intercept=model.intercept,
        sublinear_tf=model.sublinear_tf,
    )
