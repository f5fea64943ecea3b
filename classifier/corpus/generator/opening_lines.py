"""Short lines with which people come back to one another or change the subject.

A talk that begins in the middle has one before it more often than not, so that the talks of a conversation
do not meet without a word.
"""

from __future__ import annotations

import re
from random import Random

OPENED_RATE = 0.6
"""How often a talk that does not open itself has such a line."""

GREETINGS = (
    *("hey", "hi", "hello", "hi again", "hey again", "hey you", "hii", "heyy", "yo", "hello again"),
    *("you there?", "hey you there", "hi hi", "hey sorry", "sorry for the late reply", "im back", "back now"),
    *("hey long day", "hi hows it going", "hey hows it going", "whats up", "hey whats up", "how are you"),
)
TURNS = (
    *("so", "ok so", "anyway", "anyways", "btw", "oh btw", "by the way", "oh also", "also", "oh and"),
    *("wait", "oh wait", "ok wait", "random question", "question", "quick question", "another question"),
    *("ok new topic", "different topic", "so yeah", "hmm", "oh", "ok", "well", "speaking of that"),
)
_OPENS_ITSELF = re.compile(
    r"(?:hey+|hi+|hello|yo|morning|good|evening|sorry|so|ok|omg|btw|anyway|anyways|oh|guess|wait|random"
    r"|question|also|by the way|you (?:there|up|around)|how|whats up|did you|still)\b",
    re.IGNORECASE,
)


def opening_line(first: str, rng: Random) -> str:
    """A line to say before ``first``, which begins a talk; empty where there is none.

    >>> opening_line("hey did you see it", Random(1)), opening_line("mine is always late", Random(1))
    ('', 'yo')
    """
    if rng.random() >= OPENED_RATE or _OPENS_ITSELF.match(first):
        return ""
    return rng.choice(rng.choice((GREETINGS, TURNS)))
