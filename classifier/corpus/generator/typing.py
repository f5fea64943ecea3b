"""Typing habits: what one person's keyboard does to every sentence.

Habits belong to accounts, and are drawn from the same distribution for every account, so that style
says nothing of what a conversation was scripted to be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from classifier.corpus.content_policy import policy_problems
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


@dataclass(frozen=True)
class Habits:
    """The changes an account's typing makes; rates are per message."""

    lower_case: bool
    drops_apostrophes: bool
    drops_commas: bool
    drops_full_stops: bool
    abbreviation_rate: float
    typo_rate: float
    emoji_rate: float
    elongation_rate: float


def draw_habits(rng: Random) -> Habits:
    """The habits of one account; about a third type tidily."""
    tidy = rng.random() < 0.35
    return Habits(
        lower_case=not tidy and rng.random() < 0.8,
        drops_apostrophes=not tidy and rng.random() < 0.9,
        drops_commas=not tidy and rng.random() < 0.6,
        drops_full_stops=not tidy and rng.random() < 0.8,
        abbreviation_rate=0.0 if tidy else rng.choice((0.0, 0.3, 0.6)),
        typo_rate=0.01 if tidy else rng.choice((0.02, 0.05, 0.1)),
        emoji_rate=rng.choice((0.0, 0.02, 0.1)),
        elongation_rate=0.0 if tidy else rng.choice((0.0, 0.02)),
    )


def typed(segments: list[Segment], habits: Habits, rng: Random) -> list[Segment]:
    """The segments as typed by an account with these habits.

    Personal information stays marked.
    """
    abbreviates = rng.random() < habits.abbreviation_rate
    elongates = rng.random() < habits.elongation_rate
    done = []
    for segment in segments:
        text = segment.text
        if not segment.kind:
            if abbreviates:
                text = _ABBREVIABLE.sub(lambda match: ABBREVIATIONS[match.group().lower()], text)
            if rng.random() < habits.typo_rate:
                text = _with_typo(text, rng)
            if elongates:
                text = re.sub(
                    r"([aeiou])(?=[bcdfghklmnpqrstvwxyz]?\b)", lambda match: match.group() * 3, text, count=1
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


def _with_typo(text: str, rng: Random) -> str:
    """``text`` with one slip in a word of at least four letters.

    Two neighbouring letters are swapped, one is doubled or one left out, unless that spells a refused
    term.
    """
    words = list(re.finditer(r"[A-Za-z]{4,}", text))
    if not words:
        return text
    word = rng.choice(words).span()
    at = rng.randrange(word[0] + 1, word[1] - 1)
    slips = (text[at + 1] + text[at], text[at] * 2 + text[at + 1], text[at + 1])
    slip = rng.choice(slips)
    slipped = text[:at] + slip + text[at + 2 :]
    return text if policy_problems(slipped[word[0] : word[1] + 1]) else slipped
