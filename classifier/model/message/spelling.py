"""Spelling correction: slips of typing are read as the word they most likely were.

"scret" was "secret", "anyoen" was "anyone", "tellyou" was "tell you". The words are those of the phrase
files of the first voice that stand in the train split, each with the number of families it stands in;
they hold no text of a conversation. A run of letters that is one of them, or a plain ending away from
one, is left alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

WORDS = Path(__file__).parent / "words.txt"
"""The word list, one word a line with the number of phrase families it stands in.

It is made by ``grooming-classifier corpus words``.
"""

COMMON = 8
"""Families from which on a word is common enough that a slip is read as it."""

VERY_COMMON = 15
"""The same for each of two words written as one."""

_RUN = re.compile("[a-z]{3,20}")
_ENDINGS = re.compile("(?:e?s|e?d|ing|ly|er)$")


def spelled(text: str) -> str:
    """``text``, in lower case, with its slips of typing corrected.

    Only runs of 3 to 20 letters a to z are looked at.

    >>> spelled("its our scret, dont telll anyoen yuo know")
    'its our secret, dont tell anyone you know'
    """
    return _RUN.sub(lambda run: _corrected(run.group()), text)


@cache
def words_sha256() -> str:
    """The sha256 of the word list.

    A model scores as it was trained only with the same list, so its file names this hash.
    """
    return hashlib.sha256(WORDS.read_bytes()).hexdigest()


@cache
def _n_families() -> dict[str, int]:
    lines = WORDS.read_text(encoding="ascii").split("\n")
    return {word: int(n) for word, n in (line.split(" ") for line in lines if line)}


@lru_cache(maxsize=1 << 16)
def _corrected(run: str) -> str:
    known = _n_families()
    if run in known or _ENDINGS.sub("", run) in known:
        return run
    for candidates in (
        _without_a_doubled_letter(run),
        _with_two_letters_swapped(run),
        _one_letter_off(run) if len(run) > 3 else (),
    ):
        common = {word for word in candidates if known.get(word, 0) >= COMMON and len(word) > 1}
        if common:
            return max(common, key=lambda word: (known[word], word))
    if len(run) < 6:
        return run
    rarer = ((min(known.get(run[:at], 0), known.get(run[at:], 0)), at) for at in range(2, len(run) - 1))
    splits = [(n, f"{run[:at]} {run[at:]}") for n, at in rarer if n >= VERY_COMMON]
    return max(splits)[1] if splits else run


def _without_a_doubled_letter(run: str) -> Iterator[str]:
    for at in range(len(run) - 1):
        if run[at] == run[at + 1]:
            yield run[:at] + run[at + 1 :]


def _with_two_letters_swapped(run: str) -> Iterator[str]:
    for at in range(len(run) - 1):
        yield run[:at] + run[at + 1] + run[at] + run[at + 2 :]


def _one_letter_off(run: str) -> Iterator[str]:
    """Runs that one letter less, one more or another one makes of ``run``.

    The first letter stays, as slips there are rare. Not all such runs are yielded, but of the common
    words among them the commonest is.
    """
    by_gap = _words_by_gap()
    yield by_gap.get(run, "")
    for at in range(1, len(run)):
        without = run[at + 1 :]
        yield run[:at] + without
        yield by_gap.get(f"{run[:at]}.{without}", "")


@cache
def _words_by_gap() -> dict[str, str]:
    """The commonest word for each run without one letter, and with a gap for one.

    "scret" lacks a letter; "s.cret" and "se.ret" have a gap. So few keys have to be looked up, where all
    letters in all places would be hundreds.
    """
    best: dict[str, tuple[int, str]] = {}
    for word, n in _n_families().items():
        if n < COMMON:
            continue
        for at in range(1, len(word)):
            for run in (word[:at] + word[at + 1 :], f"{word[:at]}.{word[at + 1 :]}"):
                best[run] = max(best.get(run, (0, "")), (n, word))
    return {run: word for run, (_, word) in best.items()}
