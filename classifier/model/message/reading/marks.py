"""Marks for words that stand in a negation or beside a quotation.

A bag of words takes "I will not keep it a secret" for "keep it a secret". So a word in the scope of a
negation stands in the text a second time, marked, and a message that quotes somebody says so. That is the
NOT_ of Das and Chen (Management Science, 2007), with the plain word kept beside it.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

SCOPE = 3
"""Words after a negation that are marked, unless a punctuation mark comes before."""

NEGATED = "not_"
"""What a marked word begins with."""

QUOTATION = "in_quotation"
"""The word that a message with a quotation in it begins with."""

_NEGATION = re.compile(
    r"\b(?:no(?:t|r|pe|body|thing)?|nah|never|neither|without|cannot"
    r"|(?:do|wo|ca|is|are|did|does|would|should|could|was|were|have|has|ai)n['\u2019]?t)\b",
    re.IGNORECASE,
)
_MARKS = '"\u201c\u201d\u00ab\u00bb'
_MARK = re.compile(f"[{_MARKS}]")
_QUOTATION = re.compile(f"[{_MARKS}][^{_MARKS}]+[{_MARKS}]")
_WORD = re.compile(r"\w")
_CORE = re.compile(r"\w(?:.*\w)?", re.DOTALL)
_STOPS = (".", ",", "!", "?", ";", ":", "\u2026")
_NEGATES, _ENDS_SCOPE, _IS_WORD = 1, 2, 4


def marked(text: str) -> str:
    """``text`` with its negated words marked, and with a sign when it quotes somebody.

    A text that is a quotation from end to end quotes nobody.

    >>> marked("no, i wont keep it secret"), marked('she wrote "keep it"')
    ('no, i wont keep not_keep it not_it secret not_secret', 'in_quotation she wrote "keep it"')
    >>> marked('"keep it secret"')
    '"keep it secret"'
    """
    if _NEGATION.search(text) is not None:
        text = " ".join(_negated(text.split()))
    if _QUOTATION.search(text) is not None and _WORD.search(_QUOTATION.sub("", text)) is not None:
        return f"{QUOTATION} {text}"
    return text


def may_quote(text: str) -> bool:
    """Whether ``text`` holds a quotation mark; without one it is marked for negation alone."""
    # The only one in ASCII comes first: it is looked for in every passage.
    return '"' in text or (not text.isascii() and _MARK.search(text) is not None)


def negated(token: str) -> str:
    """The marked word of a token in the scope of a negation.

    >>> negated("it!")
    'not_it'
    """
    return NEGATED + _core(token)


def _core(token: str) -> str:
    """A token without the marks at its edges, empty where it is marks alone."""
    found = _CORE.search(token)
    return found.group() if found else ""


def token_kind(token: str) -> int:
    """Whether a token negates, ends a scope and holds a word, as ``in_scope`` needs it."""
    word = token if token.isalnum() else _core(token)
    negates = _NEGATES if _NEGATION.fullmatch(word) else 0
    return negates | (_ENDS_SCOPE if token.endswith(_STOPS) else 0) | (_IS_WORD if word else 0)


def in_scope(kinds: NDArray[np.uint8], starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which tokens of many texts, end to end, ``marked`` puts a marked word after.

    ``kinds`` has the ``token_kind`` of each token, ``starts`` where its text begins.

    >>> tokens = "ok no, i wont keep it".split()
    >>> in_scope(np.array([token_kind(token) for token in tokens], dtype=np.uint8), np.zeros(6, int))
    array([False, False, False, False,  True,  True])
    """
    negation, stop = (_last_before(kinds & kind > 0) for kind in (_NEGATES, _ENDS_SCOPE))
    is_word = kinds & _IS_WORD > 0
    n_words = np.concatenate([[0], np.cumsum(is_word)])
    in_reach = n_words[1:] - n_words[negation + 1] <= SCOPE
    return np.asarray(is_word & in_reach & (negation >= starts) & (stop < negation))


def _last_before(holds: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The last place before each where ``holds`` is true, or -1."""
    last = np.maximum.accumulate(np.where(holds, np.arange(len(holds)), -1))
    return np.concatenate([[-1], last])[:-1]


def _negated(tokens: list[str]) -> list[str]:
    words, left = [], 0
    for token in tokens:
        words.append(token)
        kind = token_kind(token)
        if left and kind & _IS_WORD:
            words.append(negated(token))
            left -= 1
        if kind & _NEGATES:
            left = SCOPE
        if kind & _ENDS_SCOPE:
            left = 0
    return words
