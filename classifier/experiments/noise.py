"""Generic typing noise, to ask how scores hold up when people type carelessly: fixed kinds at fixed rates, drawn without looking at any model.

Nothing here searches for what a detector misses; the rates are the same for every text and only aggregate figures are reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

LOOK_ALIKES = {"a": "а", "c": "с", "e": "е", "i": "і", "o": "о", "p": "р", "s": "ѕ", "x": "х", "y": "у"}
"""Latin letters and the Cyrillic ones that look like them."""

EMOJI = ("🙂", "😂", "👍", "🎉", "🙈", "✨", "🐶", "🎧")


@dataclass(frozen=True)
class Rates:
    """Share of words that get each kind of noise, drawn apart from one another; ``spacing`` and ``emoji`` fall between words."""

    typo: float
    casing: float
    look_alike: float
    elongation: float
    spacing: float
    emoji: float


STRENGTHS: dict[str, Rates] = {
    "light": Rates(typo=0.03, casing=0.02, look_alike=0.01, elongation=0.01, spacing=0.02, emoji=0.01),
    "medium": Rates(typo=0.10, casing=0.08, look_alike=0.05, elongation=0.04, spacing=0.06, emoji=0.04),
    "heavy": Rates(typo=0.25, casing=0.20, look_alike=0.15, elongation=0.10, spacing=0.15, emoji=0.10),
}


def add_noise(text: str, strength: str, rng: Random) -> str:
    """``text`` as careless typing at a ``strength`` of "light", "medium" or "heavy" might leave it. White space becomes single spaces first.

    Same text, strength and ``rng`` state, same result. Raises ``ValueError`` for another strength.

    >>> add_noise("see you at the pitch at five", "heavy", Random(2))
    'SEE you at the PTICH aat five'
    """
    if strength not in STRENGTHS:
        raise ValueError(f"strength must be one of {', '.join(STRENGTHS)}, got {strength!r}")
    rates = STRENGTHS[strength]
    noisy = ""
    for number, word in enumerate(text.split()):
        noisy += (_gap(rates, rng) if number else "") + _typed(word, rates, rng)
        if rng.random() < rates.emoji:
            noisy += " " + rng.choice(EMOJI)
    return noisy


def _gap(rates: Rates, rng: Random) -> str:
    return rng.choice(("", "  ")) if rng.random() < rates.spacing else " "


def _typed(word: str, rates: Rates, rng: Random) -> str:
    if rng.random() < rates.typo:
        word = _with_typo(word, rng)
    if rng.random() < rates.elongation:
        word = _elongated(word, rng)
    if rng.random() < rates.casing:
        word = rng.choice((str.upper, str.lower, str.swapcase))(word)
    if rng.random() < rates.look_alike:
        word = "".join(LOOK_ALIKES.get(letter, letter) if rng.random() < 0.5 else letter for letter in word)
    return word


def _with_typo(word: str, rng: Random) -> str:
    """Two neighbouring characters swapped, one doubled, or one left out; a word of one character stays."""
    if len(word) < 2:
        return word
    at = rng.randrange(len(word) - 1)
    return rng.choice(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1 :],
        )
    )


def _elongated(word: str, rng: Random) -> str:
    """One letter written three to five times, if the word has any."""
    letters = [at for at, character in enumerate(word) if character.isalpha()]
    if not letters:
        return word
    at = rng.choice(letters)
    return word[:at] + word[at] * rng.randint(3, 5) + word[at + 1 :]
