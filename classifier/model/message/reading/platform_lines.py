"""Lines that a platform writes itself into a chat, and no person."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_NAME = (
    r"(?-i:(?!(?:I|We|They|He|She|It|Who|Then|So|And|But|You|When|My|Mum|Mom|Dad)\b)"
    r"[A-Z+@~\d]\S*(?: [A-Z+@~\d(]\S*){0,3})"
)
_LINES = (
    r"(?:this|your) message (?:was|has been) (?:deleted|removed|unsent)(?: by .{1,40})?",
    r"you (?:deleted|unsent|removed) (?:this|a) message",
    r"unsent a message",
    r"\[?(?:message )?(?:deleted|removed)\]?|\[no text\]",
    r"[<\[(]?(?:media|image|photo|video|audio|sticker|gif|document|contact card|attachment|file)s?"
    r" (?:omitted|attached|not included|unavailable)[>\])]?",
    r"(?:missed|cancell?ed|declined|unanswered) (?:voice |video |group )*call(?: at .{1,20})?",
    r"messages and calls are end-to-end encrypted\b.{0,200}",
    r"(?:stranger|your partner|you) (?:has|have) disconnected",
    r"you(?:'re| are) now chatting with a random stranger\b.{0,60}",
    rf"{_NAME} (?:unsent a message"
    r"|(?:joined|left) (?:the |this )?(?:group|chat|call|channel|server|conversation|room)(?: using .{1,40})?"
    r"|(?:pinned a message|created (?:the|this) group|started a (?:call|poll))\b.{0,60})",
    rf"(?:{_NAME}|you) (?:(?:added|removed|invited) (?:{_NAME}|you)"
    r"(?: (?:to|from) the (?:group|chat|channel))?"
    r"|changed the (?:group|chat|channel|subject|group name|group icon|theme)\b.{0,80})",
)
_PLATFORM_LINE = re.compile(rf"[\u200e\u200f\W]*(?:{'|'.join(_LINES)})[.!\s>\])\u200e]*", re.IGNORECASE)
_LONGEST = 300


def is_platform_line(text: str) -> bool:
    """Whether the whole text is such a line.

    >>> is_platform_line("This message was deleted"), is_platform_line("delete this message ok")
    (True, False)
    """
    return len(text) <= _LONGEST and _PLATFORM_LINE.fullmatch(text) is not None


def silenced(scores: NDArray[np.float64], texts: Sequence[str]) -> NDArray[np.float64]:
    """``scores`` with 0 in every column of a platform's line, one row a text."""
    platform = [at for at, text in enumerate(texts) if is_platform_line(text)]
    if not platform:
        return scores
    silent = scores.copy()
    silent[platform] = 0.0
    return silent
