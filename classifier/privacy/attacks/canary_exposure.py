"""Planted canaries: how well a model remembers one line.

The measure is the rank of its loss among all the lines it could have been, in bits.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

NULL_BITS = 1.0 / math.log(2.0)
"""The mean exposure of a line that was never planted, 1.44 bits, for many candidates.

A rank that is uniform gives log2(n) - mean log2(rank).
"""


@dataclass(frozen=True)
class Canaries:
    """Planted lines, with all the lines they were drawn from.

    Parameters
    ----------
    planted
        The lines put into training.
    candidates
        All lines they were drawn from, themselves among them.
    labels
        The 0/1 row that each planted line carries in training.
    """

    planted: tuple[str, ...]
    candidates: tuple[str, ...]
    labels: tuple[tuple[int, ...], ...]


def draw_canaries(template: str, words: Sequence[str], *, n: int, n_labels: int, seed: int) -> Canaries:
    """Draw an even number ``n`` of lines, with their labels.

    A line is ``template`` with two different ``words`` in its two gaps; candidates are all such lines. No
    word is used twice, so that lines do not lend each other weight. Labels are drawn at random, and every
    second row is the opposite of the one before. Were the rows alike, the template would learn them, and a
    line of unknown words, which is all template, would look better remembered than any that was planted.

    >>> words = ["amber", "birch", "cedar", "delta"]
    >>> canaries = draw_canaries("the pizza club word is {} {}", words, n=2, n_labels=1, seed=0)
    >>> canaries.candidates[0], len(canaries.candidates), sorted(canaries.labels)
    ('the pizza club word is amber birch', 12, [(0,), (1,)])
    """
    if len(set(words)) != len(words) or 2 * n > len(words) or n % 2:
        raise ValueError(
            f"n must be even, and words differ and be at least {2 * n}; got n = {n}, {len(words)} words,"
            f" {len(set(words))} of them different"
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(words))
    planted = tuple(template.format(words[order[2 * k]], words[order[2 * k + 1]]) for k in range(n))
    rows = rng.integers(0, 2, size=(n // 2, n_labels))
    labels = tuple(tuple(marks.tolist()) for row in rows for marks in (row, 1 - row))
    candidates = tuple(template.format(*pair) for pair in itertools.permutations(words, 2))
    return Canaries(planted, candidates, labels)


def exposure_bits(loss: float, candidate_losses: ArrayLike) -> float:
    """The exposure of a canary, in bits.

    log2 of the number of candidates minus log2 of its rank by loss. The lowest loss has rank 1 (Carlini et
    al. 2019, USENIX Security, definition 3). ``candidate_losses`` holds the canary's own. We depart from the
    paper where losses tie: log2 of the rank is averaged over the places they share, so that a model that
    tells nothing apart has the exposure of a line never planted, not the highest.

    >>> round(exposure_bits(0.1, [0.1] + [0.5] * 1023), 6), round(exposure_bits(0.5, [0.5] * 1024), 2)
    (10.0, 1.44)
    """
    losses = np.asarray(candidate_losses, dtype=np.float64)
    # Equal sums in another order differ by rounding, which must not decide a rank.
    below, tied = int((losses < loss - 1e-12).sum()), int((np.abs(losses - loss) <= 1e-12).sum())
    if not tied:
        raise ValueError(
            f"the canary must be one of its candidates, got a loss of {loss!r} that none of the {losses.size}"
            " has"
        )
    return math.log2(losses.size) - float(np.log2(np.arange(below + 1, below + tied + 1)).mean())


def exposure_by_chance(n_candidates: int) -> float:
    """The mean exposure, in bits, of a line never planted.

    Near 1.44 bits, a little less for few candidates.

    >>> round(exposure_by_chance(16), 2), round(exposure_by_chance(100_000), 2), round(NULL_BITS, 2)
    (1.23, 1.44, 1.44)
    """
    return exposure_bits(0.0, np.zeros(n_candidates))
