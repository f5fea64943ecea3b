"""Takes off what hides a message from a program and not from a person.

Marks of other programs (entities, tags, bold), invisible characters, and letters set apart by spaces,
dots or line breaks. What follows is counted in words, and these steps reach across words; what lies
inside one word is levelled by ``classifier.model.message.reading.normalise``.
"""

from __future__ import annotations

import html
import re
import sys
import unicodedata
from collections import Counter
from functools import cache

from classifier.model.message.reading.spelling import in_known_words

_UNUSUAL = re.compile("[&<*~|\\\\\x00-\x08\x0e-\x1f\x7f-\U0010ffff]")
# The second and third of three single letters; begun with what is no letter, it is found faster.
_MAY_BE_APART = re.compile("[^a-zA-Z0-9][a-zA-Z][^a-zA-Z0-9]+[a-zA-Z](?![a-zA-Z0-9])")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,80}>")
_EMPHASIS = re.compile(r"\*+|~~+")
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"
_MOJIBAKE = re.compile("\u00e2(?:\u20ac[\u2122\u02dc]|\x80[\x98\x99])")
_APART = re.compile(r"(?<!\w)[^\W\d_](?:(?:[^\w]|_){1,3}[^\W\d_]){2,}(?![^\W_])")
_GAP = re.compile(r"(?:[^\w]|_)+")


def readable(text: str) -> str:
    """``text`` without marks, invisible characters and gaps between the letters of a word.

    >>> readable("d.o.n.t t_e_l_l your <b>mum</b>, it&#39;s **our** secret")
    "dont tell your mum, it's our secret"
    """
    if _UNUSUAL.search(text) is None and _MAY_BE_APART.search(text) is None:
        return text
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub("", text)
    text = text.replace("\\n", "\n")
    if not text.isascii() or not text.isprintable():
        text = _MOJIBAKE.sub("'", text)
        if any(blank in text for blank in _BLANKS):
            has_spaces = any(map(str.isspace, text))
            text = text.translate(dict.fromkeys(map(ord, _BLANKS), "" if has_spaces else " "))
        text = text.translate(invisible())
    return _APART.sub(lambda match: _joined(match.group()), _EMPHASIS.sub("", text))


def _joined(spread: str) -> str:
    """Single letters as the words they spell, where the gaps or a dictionary show these.

    >>> _joined("d o n t  t e l l"), _joined("o u r s e c r e t"), _joined("a b c d")
    ('dont tell', 'our secret', 'a b c d')
    """
    gaps = _GAP.findall(spread)
    usual = Counter(gaps).most_common(1)[0][0]
    words = [""]
    for letter, gap in zip(_GAP.split(spread), [*gaps, usual], strict=True):
        words[-1] += letter
        if gap != usual and (len(gap) > len(usual) or gap.isspace()):
            words.append("")
    if usual.isspace() and len(words) == 1:
        return in_known_words(words[0].lower()) or spread
    return " ".join(words).strip()


@cache
def invisible() -> dict[int, None]:
    """Characters without a shape of their own: controls, format characters, variation selectors."""
    invisible = {0x034F, 0xFFFC, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
    invisible |= {code for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Cf"}
    invisible |= {code for code in range(0xA0) if unicodedata.category(chr(code)) == "Cc"}
    return dict.fromkeys(invisible - {ord(space) for space in "\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85"})
