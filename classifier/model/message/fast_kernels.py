"""The loops of the numba engine: plain Python over arrays, compiled where numba is installed and, far slower, run as they are where it is not.

Everything stays within 63 bits; ``int(...)`` keeps numpy's scalars from overflowing when a loop runs as Python.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from classifier.model.message.term_tables import NODE_STEP, WORD_STEP, Floats, Ints, Longs

try:
    import numba

    HAS_NUMBA = True
except ImportError:  # not installed, or not for this numpy
    HAS_NUMBA = False

HASH_START, HASH_STEP, HASH_MASK = 0x011C9DC5, 0x01000193, 0x7FFFFFFF  # as FNV-1a, to 31 bits
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
    """The tokens remembered. Token i has the code points ``kept[spans[i]:spans[i + 1]]``, ``words`` and ``grams`` as in ``TokenArrays``, and in ``sums[i]`` what the
    weights of its one-word terms come to and then those of its n-grams. ``places`` holds hash * 2**32 + number of a token, by hash, and -1 where free.
    """

    places: Longs
    spans: Longs
    kept: NDArray[Any]
    starts: Longs
    words: Ints
    grams: Ints
    sums: Floats


class Weights(NamedTuple):
    """The model: the word tree's arrays, the table of pairs, and the weights of the words half, of the characters half and of all three, as ``fast_terms`` has them;
    ``n_words`` is the number of words in the tree.
    """

    term: Ints
    goes_on: NDArray[Any]
    children: Longs
    low: int
    high: int
    pairs: Longs
    begins: NDArray[Any]
    ends: NDArray[Any]
    word_weights: Floats
    character_weights: Floats
    all: Floats
    n_words: int
    sublinear_tf: bool


class Room(NamedTuple):
    """Where a text is counted. ``there`` begins with the stamp of the latest text and has one place per term of words and characters, which bears that stamp if the term
    stands in that text; ``counts`` has a zero per term, ``touched`` room for each, ``sums`` for two halves' rows, ``paths`` for as many nodes as the longest
    word n-gram has words.
    """

    there: NDArray[Any]
    counts: Ints
    touched: Ints
    sums: Floats
    paths: Longs


@_compiled
def find_tokens(points: Any, text_ends: Longs, is_space: Any, memo: Memo, found: Ints, found_ends: Longs, missed: Longs) -> int:
    """Write the number of each token of ``points`` (the code points of all texts end to end) to ``found``, -1 where it is not remembered, and where each text's tokens
    end to ``found_ends``. Returns how many were not; row by row, ``missed`` gets their place in ``found``, their start and end in ``points`` and their hash.
    """
    places, spans, kept = memo.places, memo.spans, memo.kept
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
                if held >> 32 == mixed:
                    known = held & 0xFFFFFFFF
                    offset = 0
                    if spans[known + 1] - spans[known] == at - start:
                        while offset < at - start and kept[spans[known] + offset] == points[start + offset]:
                            offset += 1
                    if offset == at - start:
                        number = known
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
def place_tokens(places: Longs, hashes: Longs, first: int) -> None:
    """Put the tokens from number ``first`` on into ``places``. One that finds no free place within the probes is left out and looked up anew when it comes again."""
    for number in range(first, len(hashes)):
        mixed = int(hashes[number])
        place = (mixed ^ (mixed >> 15)) & (len(places) - 1)
        for _ in range(PROBES):
            if places[place] < 0:
                places[place] = (mixed << 32) | number
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
        for index in range(memo.starts[token, 0], memo.starts[token + 1, 0]):
            position = weights.term[memo.words[index]] if memo.words[index] >= 0 else -1
            if position >= 0:
                for column in range(width):
                    sums[token, column] += weights.word_weights[position, column]
        for index in range(memo.starts[token, 1], memo.starts[token + 1, 1]):
            for column in range(width):
                sums[token, width + column] += weights.character_weights[memo.grams[index], column]


@_compiled
def word_terms(found: Ints, found_ends: Longs, memo: Memo, weights: Weights, paths: Longs, numbers: Ints, number_ends: Longs, terms: Ints, term_ends: Longs) -> None:
    """Write the numbers of the words of all texts to ``numbers``, their known word n-grams to ``terms``, a longer one than of one word as -1 - position, and where each
    text's end to ``number_ends`` and ``term_ends``.
    """
    starts, words, term, goes_on, children = memo.starts, memo.words, weights.term, weights.goes_on, weights.children
    n_numbers = 0
    n_terms = 0
    at = 0
    for text in range(len(found_ends)):
        n_paths = 0
        while at < found_ends[text]:
            for index in range(starts[found[at], 0], starts[found[at] + 1, 0]):
                word = int(words[index])
                numbers[n_numbers] = word
                n_numbers += 1
                n_before = n_paths if word >= 0 else -1
                n_paths = 0
                for path in range(n_before + 1):
                    node = word
                    if path < n_before:
                        key = int(paths[path]) * weights.n_words + word
                        mixed = int(paths[path]) * NODE_STEP + word * WORD_STEP
                        place = (mixed ^ (mixed >> 17)) & (len(children) - 1)
                        while children[place, 0] != -1 and children[place, 0] != key:
                            place = (place + 1) & (len(children) - 1)
                        if children[place, 0] == -1:
                            continue
                        node = int(children[place, 1])
                    if term[node] >= 0:
                        terms[n_terms] = term[node] if path == n_before else -1 - term[node]
                        n_terms += 1
                    if goes_on[node]:
                        paths[n_paths] = node
                        n_paths += 1
            at += 1
        number_ends[text] = n_numbers
        term_ends[text] = n_terms


@_compiled
def add_share(sums: Floats, first: int, logits: Floats, text: int) -> None:
    """Add one half's ``sums``, from column ``first`` on, divided by its length."""
    n_labels = logits.shape[1]
    if sums[first + n_labels] > 0.0:
        scale = 1.0 / math.sqrt(sums[first + n_labels])
        for column in range(n_labels):
            logits[text, column] += sums[first + column] * scale


@_compiled
def weigh(touched: Ints, counts: Ints, rows: Floats, sublinear_tf: bool, sums: Floats, first: int) -> None:
    """Add the terms ``touched`` to ``sums``, from column ``first`` on, as often as they were counted, and set their ``counts`` back to zero."""
    width = rows.shape[1]
    for index in range(len(touched)):
        position = touched[index]
        tf = float(counts[position])
        if sublinear_tf and tf > 1.0:
            tf = 1.0 + math.log(tf)
        counts[position] = 0
        for column in range(width - 1):
            sums[first + column] += tf * rows[position, column]
        sums[first + width - 1] += tf * tf * rows[position, width - 1]


@_compiled
def add_pairs(numbers: Ints, number_ends: Longs, weights: Weights, room: Room, logits: Floats) -> None:
    """Add to each text's row of ``logits`` what the pairs of its words amount to: every pair is counted, then weighed."""
    pairs, begins, ends, low, high = weights.pairs, weights.begins, weights.ends, weights.low, weights.high
    counts, touched, sums = room.counts, room.touched, room.sums
    n_before = len(weights.word_weights) + len(weights.character_weights)
    begin = 0
    for text in range(len(number_ends)):
        end = number_ends[text]
        n_touched = 0
        for at in range(begin, end - low):
            first = int(numbers[at])
            if not begins[first]:
                continue
            for other in range(at + low, min(at + high + 1, end)):
                second = int(numbers[other])
                if not ends[second]:
                    continue
                key = first * weights.n_words + second
                mixed = first * NODE_STEP + second * WORD_STEP
                place = (mixed ^ (mixed >> 17)) & (len(pairs) - 1)
                while pairs[place, 0] != -1 and pairs[place, 0] != key:
                    place = (place + 1) & (len(pairs) - 1)
                if pairs[place, 0] == -1:
                    continue
                position = n_before + int(pairs[place, 1])
                if counts[position] == 0:
                    touched[n_touched] = position
                    n_touched += 1
                counts[position] += 1
        sums[:] = 0.0
        weigh(touched[:n_touched], counts, weights.all, weights.sublinear_tf, sums, 0)
        add_share(sums, 0, logits, text)
        begin = end


@_compiled
def sum_long(found: Ints, terms: Ints, memo: Memo, weights: Weights, room: Room) -> None:
    """Set ``room.sums`` to what one text amounts to, of the tokens ``found`` and the word n-grams ``terms``: every term is counted, then weighed."""
    counts, touched = room.counts, room.touched
    n_words = len(weights.word_weights)
    n_touched = 0
    for index in range(len(terms)):
        position = terms[index] if terms[index] >= 0 else -1 - terms[index]
        if counts[position] == 0:
            touched[n_touched] = position
            n_touched += 1
        counts[position] += 1
    weigh(touched[:n_touched], counts, weights.all, weights.sublinear_tf, room.sums, 0)
    n_touched = 0
    for at in range(len(found)):
        for index in range(memo.starts[found[at], 1], memo.starts[found[at] + 1, 1]):
            position = memo.grams[index] + n_words
            if counts[position] == 0:
                touched[n_touched] = position
                n_touched += 1
            counts[position] += 1
    weigh(touched[:n_touched], counts, weights.all, weights.sublinear_tf, room.sums, weights.all.shape[1])


@_compiled
def sum_short(found: Ints, terms: Ints, memo: Memo, weights: Weights, room: Room) -> None:
    """The same from the sums of the tokens: only longer word n-grams, and terms that stand there twice, of which ``tf`` is not the count, are weighed."""
    there, counts, touched, sums = room.there, room.counts, room.touched, room.sums
    starts, grams, token_sums, rows = memo.starts, memo.grams, memo.sums, weights.all
    width = rows.shape[1]
    n_words = len(weights.word_weights)
    n_again = 0
    stamp = (int(there[0]) + 1) & 0xFF
    if stamp == 0:
        there[:] = 0
        stamp = 1
    there[0] = stamp
    for index in range(len(terms)):
        position = terms[index]
        if position < 0:
            position = -1 - position
            for column in range(width):
                sums[column] += rows[position, column]
        if there[position + 1] != stamp:
            there[position + 1] = stamp
        else:
            counts[position] += 1
            if counts[position] == 1:
                touched[n_again] = position
                n_again += 1
    for at in range(len(found)):
        token = found[at]
        for column in range(2 * width):
            sums[column] += token_sums[token, column]
        for index in range(starts[token, 1], starts[token + 1, 1]):
            position = grams[index] + n_words
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
        first = 0 if position < n_words else width
        for column in range(width - 1):
            sums[first + column] += (tf - count) * rows[position, column]
        sums[first + width - 1] += (tf * tf - count) * rows[position, width - 1]


@_compiled
def add_up(found: Ints, found_ends: Longs, memo: Memo, weights: Weights, room: Room, logits: Floats) -> None:
    """Add to each text's row of ``logits``, which hold the intercepts, what its tokens amount to."""
    starts, sums = memo.starts, room.sums
    n_found = 0 if len(found_ends) == 0 else found_ends[-1]
    n_words = 0
    for at in range(n_found):
        n_words += starts[found[at] + 1, 0] - starts[found[at], 0]
    terms = np.empty(n_words * len(room.paths), dtype=np.int32)
    term_ends = np.empty(len(found_ends), dtype=np.int64)
    numbers = np.empty(n_words, dtype=np.int32)
    number_ends = np.empty(len(found_ends), dtype=np.int64)
    word_terms(found, found_ends, memo, weights, room.paths, numbers, number_ends, terms, term_ends)
    begin = 0
    first_term = 0
    for text in range(len(found_ends)):
        end = found_ends[text]
        n_entries = term_ends[text] - first_term
        for at in range(begin, end):
            n_entries += starts[found[at] + 1, 1] - starts[found[at], 1]
        for column in range(len(sums)):
            sums[column] = 0.0
        if n_entries <= LONG:
            sum_short(found[begin:end], terms[first_term : term_ends[text]], memo, weights, room)
        else:
            sum_long(found[begin:end], terms[first_term : term_ends[text]], memo, weights, room)
        add_share(sums, 0, logits, text)
        add_share(sums, len(sums) // 2, logits, text)
        begin = end
        first_term = term_ends[text]
    add_pairs(numbers, number_ends, weights, room, logits)


@_compiled
def add_up_known(points: Any, text_ends: Longs, is_space: Any, memo: Memo, weights: Weights, room: Room, found: Ints, found_ends: Longs, missed: Longs, logits: Floats) -> int:
    """``find_tokens`` and, when none was missed, ``add_up``: one call where a message's tokens are all known."""
    n_missed = find_tokens(points, text_ends, is_space, memo, found, found_ends, missed)
    if n_missed == 0:
        add_up(found, found_ends, memo, weights, room, logits)
    return n_missed
