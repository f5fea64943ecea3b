"""Spelling correction: slips of typing are read as the word they most likely were.

"scret" was "secret", "anyoen" was "anyone", "tellyou" was "tell you". The words are those of the phrase
files of the first voice that stand in the train split, each with the number of families it stands in;
they hold no text of a conversation. A run of letters that is one of them, a plain ending away from one,
or an English word of the dictionary (SCOWL, in ``english.txt``) is left alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

LOOK_ALIKES = Path(__file__).parent / "look_alikes.txt"
"""Characters that look like a letter a to z: the code point in hexadecimal and the letter, one a line."""

WORDS = Path(__file__).parent / "words.txt"
"""The word list, one word a line with the number of phrase families it stands in.

It is made by ``grooming-classifier corpus words``.
"""

ENGLISH = Path(__file__).parent / "english.txt"
"""English words of three and more letters, one a line; ``scripts/release/word_data`` writes it."""

COMMON = 8
"""Families from which on a word is common enough that a slip is read as it."""

VERY_COMMON = 15
"""The same for each of several words written as one."""

MOST_LETTERS = 14
"""Letters of the longest word looked for among words written as one."""

LONGEST_RUN = 60
_RUN = re.compile(f"[a-z]{{3,{LONGEST_RUN}}}")
_ENDINGS = re.compile("(?:e?s|e?d|ing|ly|er)$")


def spelled(text: str) -> str:
    """``text``, in lower case, with its slips of typing corrected.

    Only runs of 3 to 60 letters a to z are looked at.

    >>> spelled("its our scret, dont telll anyoen yuo know")
    'its our secret, dont tell anyone you know'
    >>> spelled("the cancer policy is a threat, donttellanyone")
    'the cancer policy is a threat, dont tell anyone'
    """
    return _RUN.sub(lambda run: _corrected(run.group()), text)


@cache
def words_sha256() -> str:
    """The sha256 of the word lists and the look-alikes.

    A model scores as it was trained only with the same lists, so its file names this hash.
    """
    return hashlib.sha256(b"".join(path.read_bytes() for path in (WORDS, ENGLISH, LOOK_ALIKES))).hexdigest()


@cache
def _n_families() -> dict[str, int]:
    lines = WORDS.read_text(encoding="ascii").split("\n")
    return {word: int(n) for word, n in (line.split(" ") for line in lines if line)}


@cache
def english_words() -> frozenset[str]:
    """The words of ``ENGLISH``."""
    return frozenset(ENGLISH.read_text(encoding="ascii").split())


def is_known(run: str) -> bool:
    """Whether a run of letters is a word of the phrase files or of the dictionary."""
    return run in _n_families() or run in english_words()


@lru_cache(maxsize=1 << 16)
def _corrected(run: str) -> str:
    known = _n_families()
    if is_known(run) or _ENDINGS.sub("", run) in known:
        return run
    for candidates in (
        _without_a_doubled_letter(run),
        _with_two_letters_swapped(run),
        _one_letter_off(run) if len(run) > 4 else (),
    ):
        common = {word for word in candidates if known.get(word, 0) >= COMMON and len(word) > 1}
        if common:
            return max(common, key=lambda word: (known[word], word))
    return run if len(run) < 6 else in_known_words(run) or run


def in_known_words(run: str) -> str:
    """A run of letters as very common words, of three letters and more on average.

    They are the fewest there can be, and of several ways the one whose rarest word is commonest; empty
    where there is none.

    >>> in_known_words("donttellanyone"), in_known_words("zxqvtell")
    ('dont tell anyone', '')
    """
    known = _n_families()
    # Best way to spell each beginning of the run: minus the number of words, families of the rarest, text.
    best: list[tuple[int, int, str] | None] = [(0, 1 << 30, "")]
    for end in range(1, len(run) + 1):
        ways = []
        for start in range(max(0, end - MOST_LETTERS), end):
            before, n = best[start], known.get(run[start:end], 0)
            if before is not None and n >= VERY_COMMON and (end - start > 1 or run[start] in "aiu"):
                ways.append((before[0] - 1, min(before[1], n), f"{before[2]} {run[start:end]}"))
        best.append(max(ways) if ways else None)
    if best[-1] is None or len(run) < 3 * -best[-1][0]:
        return ""
    return best[-1][2].strip()


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
