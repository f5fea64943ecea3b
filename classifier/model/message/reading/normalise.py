"""Normalisation of a text to the spelling that the model sees.

NFKC, case, zero-width and combining characters, look-alike letters, apostrophes and elongation are
levelled and slips of typing put right, so that ``Ｄｏｎ'ｔ``, ``d0nt``, ``dooooont`` and ``dotn`` meet.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from classifier.model.message.reading.disguises import invisible
from classifier.model.message.reading.spelling import LOOK_ALIKES, is_known, spelled

_APOSTROPHES = dict.fromkeys(map(ord, "'\u2019\u2018`\u00b4\u02bc\u201b\u2032\u02b9"))
_OWN_LOOK_ALIKES = str.maketrans("\u04cf\u03b7\u03c4\u03b5\u03b2\u03ba\u0142\u00f8\u0111\u0127", "lntebklodh")
_LEET_LETTERS = str.maketrans("013457@$+|!", "oieastastli")
_LEET_WORD = re.compile(r"(?<![\w@$+|!])[a-z@$0-9+|!]*[@$0-9+|!][a-z@$0-9+|!]*(?![\w@$+|!])")
_DOUBLED = re.compile(r"(?<!\w)(?:([^\W\d_])\1){3,}(?!\w)")
_ELONGATION = re.compile(r"([^\W\d_w])\1{2,}")  # www stays
_REPEATED = re.compile(r"(.)\1")
_PLAIN = re.compile(r"[a-z ]*\Z")


def normalise(text: str) -> str:
    """``text`` in the spelling the model is fitted on.

    It is levelled, and slips of typing are put right. Never fails, whatever the string holds.

    >>> normalise("DON\u2019T  tell\u2026 s3cret!! soooo 10000")
    'dont tell... secret!! so 10000'
    """
    return " ".join(spelled(levelled(text)).split())


def levelled(text: str) -> str:
    """``text`` in one form of each letter, its slips of typing left as they are.

    Digits and signs inside a word are read as letters where letters stand on both sides or a known word
    comes out, so "4pm" and "2nite" stay as they are. A letter repeated three times or more is written
    twice.

    >>> levelled("DON\u2019T  tel\u2026 s3cret!! soooo 10000")
    'dont  tel... secret!! soo 10000'
    """
    if not text.isascii() or not text.isprintable():
        text = text.translate(_look_alikes()).translate(invisible())
    text = text.lower()
    if _PLAIN.match(text) is None:
        text = unicodedata.normalize("NFKC", text).lower()
        if not text.isascii():
            parts = (
                ch
                for ch in unicodedata.normalize("NFD", text)
                if unicodedata.category(ch) not in ("Mn", "Me")
            )
            text = "".join(parts).translate(_look_alikes()).translate(_OWN_LOOK_ALIKES)
        text = text.translate(_APOSTROPHES)
        text = _LEET_WORD.sub(_letters_for_leet, text)
    if _REPEATED.search(text) is None:
        return text
    text = _DOUBLED.sub(lambda match: match.group()[::2], text)
    return _ELONGATION.sub(r"\1\1", text)


@cache
def _look_alikes() -> dict[int, str]:
    rows = (line.split() for line in LOOK_ALIKES.read_text(encoding="ascii").splitlines())
    return {int(code, 16): letter for code, letter in rows}


def _letters_for_leet(match: re.Match[str]) -> str:
    """The word that signs and digits among letters spell.

    Closing marks ("go!") are no letters, and neither is what has no letter or spells no known word.
    """
    word = match.group()
    core = word.rstrip("!")
    if len(core) < 3 or not any(ch.isalpha() for ch in core):
        return word
    letters = core.translate(_LEET_LETTERS)
    if (core[0].isalpha() and core[-1].isalpha()) or (letters.isalpha() and is_known(letters)):
        return letters + word[len(core) :]
    return word
