"""Text as a terminal or a page can show it."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    """``text`` with every unprintable character replaced by U+FFFD.

    These are control characters, lone surrogates and marks that turn the writing direction; spaces and
    line breaks stay.
    """
    return "".join(
        ch
        if ch.isprintable() or ch in "\t\n\r" or unicodedata.category(ch).startswith("Z")
        else "\N{REPLACEMENT CHARACTER}"
        for ch in text
    )
