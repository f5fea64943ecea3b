"""Normalisation of a text to the spelling that the model sees.

NFKC, case, zero-width and combining characters, look-alike letters, apostrophes and elongation are
levelled and slips of typing put right, so that ``Ｄｏｎ'ｔ``, ``d0nt``, ``dooooont`` and ``dotn`` meet.
"""

from __future__ import annotations

import re
import unicodedata

from classifier.model.message.spelling import spelled

_INVISIBLE = dict.fromkeys(
    [
        0x00AD,
        0x034F,
        0x061C,
        0x180E,
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xFE00, 0xFE10),
        0xFEFF,
    ]
)
_APOSTROPHES = dict.fromkeys(map(ord, "'’‘`´ʼ"))
_LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕԁɡһӏνοαεικτυρ" + "ıłøđħ",
    "aeopcyxijsdghlvoaeiktup" + "ilodh",
)
_LEET_LETTERS = str.maketrans("013457@$", "oieastas")
_LEET_WORD = re.compile(r"(?<![\w@$])[a-z@$0-9]+(?![\w@$])")
_ELONGATION = re.compile(r"(\w)\1{2,}")
_SPACE = re.compile(r"\s+")
_PLAIN = re.compile(r"[a-z ]*\Z")


def normalise(text: str) -> str:
    """``text`` in the spelling the model is fitted on.

    Digits and signs inside a word are read as letters only where letters stand on both sides, so "4pm"
    and "2nite" stay as they are. A letter repeated three times or more is written twice. Never fails,
    whatever the string holds.

    >>> normalise("DON’T  tell… s3cret!! soooo")
    'dont tell... secret!! so'
    """
    text = text.lower()
    if _PLAIN.match(text) is None:
        text = unicodedata.normalize("NFKC", text).translate(_INVISIBLE).lower()
        if not text.isascii():
            text = "".join(
                ch for ch in unicodedata.normalize("NFD", text) if not unicodedata.combining(ch)
            ).translate(_LOOK_ALIKES)
        text = text.translate(_APOSTROPHES)
        text = _LEET_WORD.sub(_letters_for_leet, text)
    text = spelled(_ELONGATION.sub(r"\1\1", text))
    return _SPACE.sub(" ", text).strip()


def _letters_for_leet(match: re.Match[str]) -> str:
    word = match.group()
    if word.isalpha() or len(word) < 3 or not (word[0].isalpha() and word[-1].isalpha()):
        return word
    return word.translate(_LEET_LETTERS)
