"""Marks for words that stand in a negation or beside a quotation.

A bag of words takes "I will not keep it a secret" for "keep it a secret". So a word in the scope of a
negation stands in the text a second time, marked, and a message that quotes somebody says so. That is the
NOT_ of Das and Chen (Management Science, 2007), with the plain word kept beside it.
"""

from __future__ import annotations

import re

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
_QUOTATION = re.compile(f"[{_MARKS}][^{_MARKS}]+[{_MARKS}]")
_WORD = re.compile(r"\w")
_EDGES = re.compile(r"\A\W+|\W+\Z")
_STOPS = (".", ",", "!", "?", ";", ":", "\u2026")


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


def _negated(tokens: list[str]) -> list[str]:
    words, left = [], 0
    for token in tokens:
        words.append(token)
        core = _EDGES.sub("", token)
        if left and core:
            words.append(NEGATED + core)
            left -= 1
        if _NEGATION.fullmatch(core):
            left = SCOPE
        if token.endswith(_STOPS):
            left = 0
    return words
