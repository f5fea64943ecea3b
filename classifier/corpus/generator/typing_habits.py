"""Typing habits: what one person's keyboard does to every sentence.

Habits belong to accounts, and are drawn from the same distribution for every account, so that style
says nothing of what a conversation was scripted to be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from classifier.corpus.grammar import Segment

ABBREVIATIONS = {
    "you": "u",
    "your": "ur",
    "you're": "ur",
    "are": "r",
    "because": "bc",
    "please": "pls",
    "people": "ppl",
    "really": "rly",
    "right now": "rn",
    "tomorrow": "tmrw",
    "tonight": "2nite",
    "thanks": "thx",
    "about": "abt",
    "something": "smth",
    "though": "tho",
    "okay": "ok",
    "with": "w",
    "what": "wat",
    "want to": "wanna",
    "going to": "gonna",
}
_ABBREVIABLE = re.compile(
    r"\b(" + "|".join(sorted(map(re.escape, ABBREVIATIONS), key=len, reverse=True)) + r")\b", re.IGNORECASE
)
EMOJI = ("🙂", "😂", "😅", "👍", "🎉", "🙈", "😴", "🤷", "✨", "😬", "🥲", "❤️", "👀", "🐶", "⚽", "🎧")

MISSPELLINGS = {
    "a lot": "alot",
    "actually": "actualy",
    "beginning": "begining",
    "believe": "beleive",
    "definitely": "definately",
    "different": "diffrent",
    "disappointed": "dissapointed",
    "finally": "finaly",
    "friend": "freind",
    "friends": "freinds",
    "interesting": "intresting",
    "minutes": "minuites",
    "necessary": "neccessary",
    "no one": "noone",
    "probably": "probly",
    "received": "recieved",
    "separate": "seperate",
    "surprise": "suprise",
    "tomorrow": "tommorow",
    "until": "untill",
    "weird": "wierd",
    "which": "wich",
}
"""Common misspellings; the generator makes no other slips."""

_MISSPELLABLE = re.compile(rf"\b(?:{'|'.join(MISSPELLINGS)})\b")
_WITHOUT_APOSTROPHE = re.compile(
    r"\b(?:im|ive|dont|didnt|doesnt|cant|isnt|wasnt|thats|whats|youre|theyre|havent)\b"
)


@dataclass(frozen=True)
class Habits:
    """The changes an account's typing makes; rates are per message."""

    lower_case: bool
    drops_apostrophes: bool
    drops_commas: bool
    drops_full_stops: bool
    abbreviation_rate: float
    emoji_rate: float
    misspells: frozenset[str] = frozenset()
    """Words this person always misspells, as ``MISSPELLINGS`` has it."""


def draw_habits(rng: Random) -> Habits:
    """The habits that a phrase is typed with; about a third of them are tidy."""
    tidy = rng.random() < 0.35
    return Habits(
        lower_case=not tidy and rng.random() < 0.8,
        drops_apostrophes=not tidy and rng.random() < 0.9,
        drops_commas=not tidy and rng.random() < 0.6,
        drops_full_stops=not tidy and rng.random() < 0.8,
        abbreviation_rate=0.0 if tidy else rng.choice((0.0, 0.3, 0.6)),
        emoji_rate=rng.choice((0.0, 0.02, 0.1)),
    )


def light_habits(register: str, rng: Random) -> Habits:
    """Habits for lines that were written with typing of their own: a few misspellings.

    Careful writers have none.
    """
    rate = 0.0 if register == "careful" else rng.choice((0.0, 0.1, 0.25))
    misspells = frozenset(word for word in MISSPELLINGS if rng.random() < rate)
    return Habits(False, False, False, False, 0.0, 0.0, misspells)


def evened(habits: Habits, texts: Sequence[str]) -> Habits:
    """The habits, evened out so that one person has one voice in all parts.

    ``texts`` are the person's lines, one string a part. A writer without capitals, apostrophes or full
    stops in one part has none in the others.
    """
    parts = [text.split("\n") for text in texts]
    return replace(
        habits,
        lower_case=any(_most(lines, r"[a-z]") for lines in parts),
        drops_apostrophes=any(_WITHOUT_APOSTROPHE.search(text) for text in texts),
        drops_full_stops=any(_most(lines, r".*[^.?!]$") for lines in parts),
    )


def _most(lines: Sequence[str], pattern: str) -> bool:
    """Whether more than half of the lines begin with what the pattern says."""
    return 2 * sum(re.match(pattern, line) is not None for line in lines) > len(lines)


def typed(segments: list[Segment], habits: Habits, rng: Random) -> list[Segment]:
    """The segments as typed by an account with these habits.

    Personal information stays marked.
    """
    abbreviates = rng.random() < habits.abbreviation_rate
    done = []
    for segment in segments:
        text = segment.text
        if not segment.kind:
            if abbreviates:
                text = _ABBREVIABLE.sub(lambda match: ABBREVIATIONS[match.group().lower()], text)
            if habits.misspells:
                text = _MISSPELLABLE.sub(
                    lambda match: (
                        MISSPELLINGS[match.group()] if match.group() in habits.misspells else match.group()
                    ),
                    text,
                )
        if habits.lower_case and segment.kind not in ("email", "handle"):
            text = text.lower()
        if habits.drops_apostrophes:
            text = text.replace("'", "").replace("’", "")
        if habits.drops_commas:
            text = text.replace(", ", " ")
        done.append(Segment(text, segment.kind))
    if (
        habits.drops_full_stops
        and not done[-1].kind
        and done[-1].text.endswith(".")
        and not done[-1].text.endswith("..")
    ):
        done[-1] = Segment(done[-1].text[:-1])
    if rng.random() < habits.emoji_rate:
        done.append(Segment(" " + rng.choice(EMOJI)))
    return [segment for segment in done if segment.text]
