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
LONG = 500
"""Tokens of a text above which n-grams are weighed one by one: sums of thousands of tokens, of which most is then taken off again, would cost digits."""

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
    character n-grams ``grams[gram_starts[i]:gram_starts[i + 1]]``, ``counts`` times. ``sums[i]`` is what the weights of its words come to, and then those of its
    n-grams. ``places`` holds token numbers by hash, -1 where free.
    """

    places: Ints
    hashes: Longs
    spans: Longs
    kept: NDArray[Any]
    word_starts: Longs
    words: Ints
    gram_starts: Longs
    grams: Ints
    counts: Ints
    sums: Floats


class Weights(NamedTuple):
    """The model: the word tree's arrays and each half's weights, as ``fast_terms`` has them, and which terms a token's sums contain: one-word terms, all n-grams."""

    first: Ints
    term: Ints
    goes_on: NDArray[Any]
    pair_keys: Longs
    pair_nodes: Ints
    word_weights: Floats
    character_weights: Floats
    sublinear_tf: bool
    words_summed: NDArray[Any]
    grams_summed: NDArray[Any]
    none_summed: NDArray[Any]


class Room(NamedTuple):
    """Where a text is counted: ``seen`` has a zero per term, ``touched`` room for each term, ``sums`` for each label and one more, ``paths`` for the longest n-gram."""

    seen: Ints
    touched: Ints
    sums: Floats
    paths: Longs


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
            position = weights.term[weights.first[memo.words[index]]] if memo.words[index] >= 0 else -1
            if position >= 0:
                for column in range(width):
                    sums[token, column] += weights.word_weights[position, column]
        for index in range(memo.gram_starts[token], memo.gram_starts[token + 1]):
            for column in range(width):
                sums[token, width + column] += memo.counts[index] * weights.character_weights[memo.grams[index], column]


@_compiled
def count_words(found: Ints, begin: int, end: int, memo: Memo, weights: Weights, room: Room) -> int:
    """Count the known word n-grams of one text, the tokens ``found[begin:end]``, in ``room.seen``. Returns how many different ones stand in ``room.touched``."""
    seen, touched, paths = room.seen, room.touched, room.paths
    pair_keys = weights.pair_keys
    n_touched = 0
    n_paths = 0
    for at in range(begin, end):
        for index in range(memo.word_starts[found[at]], memo.word_starts[found[at] + 1]):
            word = int(memo.words[index])
            n_before = n_paths if word >= 0 else -1
            n_paths = 0
            for path in range(n_before + 1):
                node = -1
                if path < n_before:
                    from_node = int(paths[path])
                    key = from_node * len(weights.first) + word
                    mixed = from_node * NODE_STEP + word * WORD_STEP
                    place = (mixed ^ (mixed >> 17)) & (len(pair_keys) - 1)
                    while pair_keys[place] != -1:
                        if pair_keys[place] == key:
                            node = int(weights.pair_nodes[place])
                            break
                        place = (place + 1) & (len(pair_keys) - 1)
                    if node < 0:
                        continue
                else:
                    node = int(weights.first[word])
                position = weights.term[node]
                if position >= 0:
                    if seen[position] == 0:
                        touched[n_touched] = position
                        n_touched += 1
                    seen[position] += 1
                if weights.goes_on[node]:
                    paths[n_paths] = node
                    n_paths += 1
    return n_touched


@_compiled
def count_grams(found: Ints, begin: int, end: int, memo: Memo, room: Room) -> int:
    """The same for the known character n-grams."""
    seen, touched = room.seen, room.touched
    grams, counts = memo.grams, memo.counts
    n_touched = 0
    for at in range(begin, end):
        for index in range(memo.gram_starts[found[at]], memo.gram_starts[found[at] + 1]):
            position = grams[index]
            if seen[position] == 0:
                touched[n_touched] = position
                n_touched += 1
            seen[position] += counts[index]
    return n_touched


@_compiled
def add_share(n_touched: int, half: Floats, summed: NDArray[Any], sublinear_tf: bool, room: Room, logits: Floats, text: int) -> None:
    """Add what one half counted to the text's row of ``logits``, and leave ``room.seen`` as zeros.

    ``room.sums`` already holds every term of ``summed`` as often as it was counted, which for those seen once is all there is to do.
    """
    seen, touched, sums = room.seen, room.touched, room.sums
    n_labels = logits.shape[1]
    for index in range(n_touched):
        position = touched[index]
        count = seen[position]
        seen[position] = 0
        held = count if summed[position] else 0
        if count == 1 and held == 1:
            continue
        tf = 1.0 + math.log(count) if sublinear_tf else float(count)
        for column in range(n_labels):
            sums[column] += (tf - held) * half[position, column]
        sums[n_labels] += (tf * tf - held) * half[position, n_labels]
    if sums[n_labels] > 0.0:
        length = math.sqrt(sums[n_labels])
        for column in range(n_labels):
            logits[text, column] += sums[column] / length


@_compiled
def start_sums(found: Ints, begin: int, end: int, memo: Memo, offset: int, room: Room) -> None:
    """Set ``room.sums`` to what the tokens of a text come to."""
    sums = room.sums
    for column in range(len(sums)):
        sums[column] = 0.0
    for at in range(begin, end):
        for column in range(len(sums)):
            sums[column] += memo.sums[found[at], offset + column]


@_compiled
def add_up(found: Ints, found_ends: Longs, memo: Memo, weights: Weights, room: Room, logits: Floats) -> None:
    """Add to each text's row of ``logits``, which hold the intercepts, what its tokens amount to."""
    begin = 0
    for text in range(len(found_ends)):
        end = found_ends[text]
        short = end - begin <= LONG
        last = end if short else begin
        if len(weights.word_weights) > 0:
            start_sums(found, begin, last, memo, 0, room)
            n_touched = count_words(found, begin, end, memo, weights, room)
            add_share(n_touched, weights.word_weights, weights.words_summed if short else weights.none_summed, weights.sublinear_tf, room, logits, text)
        if len(weights.character_weights) > 0:
            start_sums(found, begin, last, memo, len(room.sums), room)
            n_touched = count_grams(found, begin, end, memo, room)
            add_share(n_touched, weights.character_weights, weights.grams_summed if short else weights.none_summed, weights.sublinear_tf, room, logits, text)
        begin = end


@_compiled
def add_up_known(points: Any, text_ends: Longs, is_space: Any, memo: Memo, weights: Weights, room: Room, found: Ints, found_ends: Longs, missed: Longs, logits: Floats) -> int:
    """``find_tokens`` and, when none was missed, ``add_up``: one call where a message's tokens are all known."""
    n_missed = find_tokens(points, text_ends, is_space, memo, found, found_ends, missed)
    if n_missed == 0:
        add_up(found, found_ends, memo, weights, room, logits)
    return n_missed
