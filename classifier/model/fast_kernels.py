"""The loops of the numba engine: plain Python over arrays, compiled where numba is installed and, far slower, run as they are where it is not.

Everything stays within 63 bits; ``int(...)`` keeps numpy's scalars from overflowing when a loop runs as Python.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

from numpy.typing import NDArray

from classifier.model.fast_terms import NODE_STEP, WORD_STEP, Floats, Ints, Longs

try:
    import numba

    HAS_NUMBA = True
except ImportError:  # not installed, or not for this numpy
    HAS_NUMBA = False

HASH_START, HASH_STEP, HASH_MASK = 0x811C9DC5, 0x01000193, 0xFFFFFFFF  # FNV-1a, 32 bits
PROBES = 32
"""Places looked at before a token counts as not remembered, so that tokens made to collide cost no more than new ones."""
LONG = 2000
"""Words and n-grams of a text above which terms are weighed one by one: large sums, of which most is then taken off again, would cost digits."""

F = TypeVar("F", bound=Callable[..., Any])


def _compiled(function: F) -> F:
    """Compiled when first called; kept on disk beside this file or, where that cannot be written, in the user's cache folder."""
    if not HAS_NUMBA:
        return function
    try:
        return cast(F, numba.njit(cache=True)(function))
    except RuntimeError:  # numba found no folder it may write
        return cast(F, numba.njit(function))


class Memo(NamedTuple):
    """The tokens remembered. Token i has hash ``hashes[i]`` and code points ``kept[spans[i]:spans[i + 1]]``, words ``words[word_starts[i]:word_starts[i + 1]]`` and
    character n-grams ``grams[gram_starts[i]:gram_starts[i + 1]]``. ``sums[i]`` is what the weights of its one-word terms come to, and then those of its n-grams. ``places`` holds token numbers by hash, -1 where free.
    """

    places: Ints
    hashes: Longs
    spans: Longs
    kept: NDArray[Any]
    word_starts: Longs
    words: Ints
    gram_starts: Longs
    grams: Ints
    sums: Floats


class Weights(NamedTuple):
    """The model: the word tree's arrays and each half's weights, as ``fast_terms`` has them; ``n_words`` is the number of words in the tree."""

    term: Ints
    goes_on: NDArray[Any]
    pair_keys: Longs
    pair_nodes: Ints
    word_weights: Floats
    character_weights: Floats
    both: Floats
    n_words: int
    sublinear_tf: bool


class Room(NamedTuple):
    """Where a text is counted. ``there`` begins with the stamp of the latest text and has one place per term, the words half first, which bears that stamp if the term
    stands in that text; ``counts`` has a zero per term, ``touched`` room for each, ``sums`` for both halves' rows, ``paths`` and ``nodes`` for as many nodes as
    the longest n-gram has words.
    """

    there: NDArray[Any]
    counts: Ints
    touched: Ints
    sums: Floats
    paths: Longs
    nodes: Longs


@_compiled
def find_tokens(points: Any, text_ends: Longs, is_space: Any, memo: Memo, found: Ints, found_ends: Longs, missed: Longs) -> int:
    """Write the number of each token of ``points`` (the code points of all texts end to end) to ``found``, -1 where it is not remembered, and where each text's tokens
    end to ``found_ends``. Returns how many were not; row by row, ``missed`` gets their place in ``found``, their start and end in ``points`` and their hash.
    """
    places, hashes, spans, kept = memo.places, memo.hashes, memo.spans, memo.kept
    n_found = 0
    n_missed = 0
    at = 0
    for text in range(len(text_ends)):
        end = text_ends[text]
        while at < end:
            if points[at] < len(is_space) and is_space[points[at]]:
                at += 1
                continue
            start = at
            mixed = HASH_START
            while at < end and not (points[at] < len(is_space) and is_space[points[at]]):
                mixed = ((mixed ^ int(points[at])) * HASH_STEP) & HASH_MASK
                at += 1
            number = -1
            place = (mixed ^ (mixed >> 15)) & (len(places) - 1)
            for _ in range(PROBES):
                held = int(places[place])
                if held < 0:
                    break
                if hashes[held] == mixed and spans[held + 1] - spans[held] == at - start:
                    offset = 0
                    while offset < at - start and kept[spans[held] + offset] == points[start + offset]:
                        offset += 1
                    if offset == at - start:
                        number = held
                        break
                place = (place + 1) & (len(places) - 1)
            if number < 0:
                missed[n_missed, 0] = n_found
                missed[n_missed, 1] = start
                missed[n_missed, 2] = at
                missed[n_missed, 3] = mixed
                n_missed += 1
            found[n_found] = number
            n_found += 1
        found_ends[text] = n_found
    return n_missed


@_compiled
def place_tokens(places: Ints, hashes: Longs, first: int) -> None:
    """Put the tokens from number ``first`` on into ``places``. One that finds no free place within the probes is left out and looked up anew when it comes again."""
    for number in range(first, len(hashes)):
        mixed = int(hashes[number])
        place = (mixed ^ (mixed >> 15)) & (len(places) - 1)
        for _ in range(PROBES):
            if places[place] < 0:
                places[place] = number
                break
            place = (place + 1) & (len(places) - 1)


@_compiled
def fill_sums(memo: Memo, weights: Weights, first: int) -> None:
    """Write the sums of the tokens from number ``first`` on."""
    width = weights.word_weights.shape[1]
    sums = memo.sums
    for token in range(first, len(sums)):
        for column in range(2 * width):
            sums[token, column] = 0.0
        for index in range(memo.word_starts[token], memo.word_starts[token + 1]):
            position = weights.term[memo.words[index]] if memo.words[index] >= 0 else -1
            if position >= 0:
                for column in range(width):
                    sums[token, column] += weights.word_weights[position, column]
        for index in range(memo.gram_starts[token], memo.gram_starts[token + 1]):
            for column in range(width):
                sums[token, width + column] += weights.character_weights[memo.grams[index], column]


@_compiled
def next_paths(word: int, n_paths: int, weights: Weights, paths: Longs, nodes: Longs) -> int:
    """Write the nodes of all n-grams that end with ``word`` to ``nodes``, longest first, given the ``n_paths`` that go on from the word before. Returns how many."""
    n_nodes = 0
    pair_keys = weights.pair_keys
    for path in range(n_paths):
        key = int(paths[path]) * weights.n_words + word
        mixed = int(paths[path]) * NODE_STEP + word * WORD_STEP
        place = (mixed ^ (mixed >> 17)) & (len(pair_keys) - 1)
        while pair_keys[place] != -1 and pair_keys[place] != key:
            place = (place + 1) & (len(pair_keys) - 1)
        if pair_keys[place] == key:
            nodes[n_nodes] = weights.pair_nodes[place]
            n_nodes += 1
    nodes[n_nodes] = word
    return n_nodes + 1


@_compiled
def add_share(sums: Floats, first: int, logits: Floats, text: int) -> None:
    """Add one half's ``sums``, from column ``first`` on, divided by its length."""
    n_labels = logits.shape[1]
    if sums[first + n_labels] > 0.0:
        scale = 1.0 / math.sqrt(sums[first + n_labels])
        for column in range(n_labels):
            logits[text, column] += sums[first + column] * scale


@_compiled
def add_long(found: Ints, begin: int, end: int, memo: Memo, weights: Weights, room: Room, logits: Floats, text: int) -> None:
    """Add what one text, the tokens ``found[begin:end]``, amounts to: every term is counted, then weighed."""
    counts, touched, sums, paths, nodes = room.counts, room.touched, room.sums, room.paths, room.nodes
    n_labels = logits.shape[1]
    n_words = len(weights.word_weights)
    n_touched = 0
    n_paths = 0
    for at in range(begin, end):
        for index in range(memo.word_starts[found[at]], memo.word_starts[found[at] + 1]):
            n_nodes = next_paths(int(memo.words[index]), n_paths, weights, paths, nodes) if memo.words[index] >= 0 else 0
            n_paths = 0
            for number in range(n_nodes):
                position = weights.term[nodes[number]]
                if position >= 0:
                    if counts[position] == 0:
                        touched[n_touched] = position
                        n_touched += 1
                    counts[position] += 1
                if weights.goes_on[nodes[number]]:
                    paths[n_paths] = nodes[number]
                    n_paths += 1
        for index in range(memo.gram_starts[found[at]], memo.gram_starts[found[at] + 1]):
            position = memo.grams[index] + n_words
            if counts[position] == 0:
                touched[n_touched] = position
                n_touched += 1
            counts[position] += 1
    for column in range(len(sums)):
        sums[column] = 0.0
    for index in range(n_touched):
        position = touched[index]
        tf = 1.0 + math.log(counts[position]) if weights.sublinear_tf else float(counts[position])
        counts[position] = 0
        first = 0 if position < n_words else n_labels + 1
        for column in range(n_labels):
            sums[first + column] += tf * weights.both[position, column]
        sums[first + n_labels] += tf * tf * weights.both[position, n_labels]
    add_share(sums, 0, logits, text)
    add_share(sums, n_labels + 1, logits, text)


@_compiled
def add_short(found: Ints, begin: int, end: int, memo: Memo, weights: Weights, room: Room, logits: Floats, text: int) -> None:
    """The same from the sums of the tokens: only longer n-grams, and terms that stand there twice, of which ``tf`` is not the count, are weighed."""
    there, counts, touched, sums, paths, nodes = room.there, room.counts, room.touched, room.sums, room.paths, room.nodes
    n_labels = logits.shape[1]
    n_words = len(weights.word_weights)
    n_again = 0
    n_paths = 0
    stamp = (int(there[0]) + 1) & 0xFF
    if stamp == 0:
        there[:] = 0
        stamp = 1
    there[0] = stamp
    for column in range(len(sums)):
        sums[column] = 0.0
    for at in range(begin, end):
        for column in range(len(sums)):
            sums[column] += memo.sums[found[at], column]
        for index in range(memo.word_starts[found[at]], memo.word_starts[found[at] + 1]):
            n_nodes = next_paths(int(memo.words[index]), n_paths, weights, paths, nodes) if memo.words[index] >= 0 else 0
            n_paths = 0
            for number in range(n_nodes):
                position = weights.term[nodes[number]]
                if position >= 0:
                    if number < n_nodes - 1:
                        for column in range(n_labels + 1):
                            sums[column] += weights.both[position, column]
                    if there[position + 1] != stamp:
                        there[position + 1] = stamp
                    else:
                        counts[position] += 1
                        if counts[position] == 1:
                            touched[n_again] = position
                            n_again += 1
                if weights.goes_on[nodes[number]]:
                    paths[n_paths] = nodes[number]
                    n_paths += 1
        for index in range(memo.gram_starts[found[at]], memo.gram_starts[found[at] + 1]):
            position = memo.grams[index] + n_words
            if there[position + 1] != stamp:
                there[position + 1] = stamp
            else:
                counts[position] += 1
                if counts[position] == 1:
                    touched[n_again] = position
                    n_again += 1
    for index in range(n_again):
        position = touched[index]
        count = counts[position] + 1.0
        counts[position] = 0
        tf = 1.0 + math.log(count) if weights.sublinear_tf else count
        first = 0 if position < n_words else n_labels + 1
        for column in range(n_labels):
            sums[first + column] += (tf - count) * weights.both[position, column]
        sums[first + n_labels] += (tf * tf - count) * weights.both[position, n_labels]
    add_share(sums, 0, logits, text)
    add_share(sums, n_labels + 1, logits, text)


@_compiled
def add_up(found: Ints, found_ends: Longs, memo: Memo, weights: Weights, room: Room, logits: Floats) -> None:
    """Add to each text's row of ``logits``, which hold the intercepts, what its tokens amount to."""
    begin = 0
    for text in range(len(found_ends)):
        end = found_ends[text]
        n_entries = 0
        for at in range(begin, end):
            n_entries += memo.gram_starts[found[at] + 1] - memo.gram_starts[found[at]] + memo.word_starts[found[at] + 1] - memo.word_starts[found[at]]
        if n_entries <= LONG:
            add_short(found, begin, end, memo, weights, room, logits, text)
        else:
            add_long(found, begin, end, memo, weights, room, logits, text)
        begin = end


@_compiled
def add_up_known(points: Any, text_ends: Longs, is_space: Any, memo: Memo, weights: Weights, room: Room, found: Ints, found_ends: Longs, missed: Longs, logits: Floats) -> int:
    """``find_tokens`` and, when none was missed, ``add_up``: one call where a message's tokens are all known."""
    n_missed = find_tokens(points, text_ends, is_space, memo, found, found_ends, missed)
    if n_missed == 0:
        add_up(found, found_ends, memo, weights, room, logits)
    return n_missed
