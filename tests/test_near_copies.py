"""Sentences that nearly equal an earlier one are found as by comparing each with each."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

from classifier.corpus.checks.near_copies import near_pairs, without_near_copies


def cosine(one, other):
    counts = [
        Counter(padded[at : at + 5] for at in range(len(padded) - 4))
        for padded in (f"\x02\x02{sentence}\x03\x03" for sentence in (one, other))
    ]
    product = sum(n * counts[1][gram] for gram, n in counts[0].items())
    return product / math.prod(math.sqrt(sum(n * n for n in count.values())) for count in counts)


@pytest.fixture(scope="module")
def lines():
    rng = random.Random(3)
    return ["".join(rng.choices("ab", k=rng.randint(1, 9))) for _ in range(400)]


@pytest.mark.parametrize("threshold", [0.4, 0.8, 0.95])
def test_near_pairs_are_those_of_each_with_each(lines, threshold):
    close = {}
    for later, line in enumerate(lines):
        for earlier in range(later):
            if (near := cosine(lines[earlier], line)) >= threshold - 1e-9:
                close.setdefault(later, {})[earlier] = near
    pairs = near_pairs(lines, threshold=threshold)
    assert [later for _, later in pairs] == list(close)
    assert all(close[later][earlier] > max(close[later].values()) - 1e-9 for earlier, later in pairs)
    kept = set()
    for later in range(len(lines)):
        if not kept & set(close.get(later, ())):
            kept.add(later)
    assert without_near_copies(lines, threshold=threshold) == sorted(kept)


def test_nothing_has_no_near_copies():
    assert without_near_copies([]) == near_pairs([]) == []
