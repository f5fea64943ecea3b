"""Generic typing noise at fixed rates, and the scores of models under it.

The noise is drawn without any model: it does not search for what a detector misses, its rates are the same
for every text, and only aggregate figures are reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from classifier.progress import say
from classifier.taxonomy import STAGES

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

LOOK_ALIKES = {"a": "а", "c": "с", "e": "е", "i": "і", "o": "о", "p": "р", "s": "ѕ", "x": "х", "y": "у"}
"""Latin letters and the Cyrillic letters that look like them."""

EMOJI = ("🙂", "😂", "👍", "🎉", "🙈", "✨", "🐶", "🎧")


@dataclass(frozen=True)
class NoiseRates:
    """Share of words that get each kind of noise, drawn independently.

    ``spacing`` and ``emoji`` fall between words.
    """

    typo: float
    casing: float
    look_alike: float
    elongation: float
    spacing: float
    emoji: float


STRENGTHS: dict[str, NoiseRates] = {
    "light": NoiseRates(typo=0.03, casing=0.02, look_alike=0.01, elongation=0.01, spacing=0.02, emoji=0.01),
    "medium": NoiseRates(typo=0.10, casing=0.08, look_alike=0.05, elongation=0.04, spacing=0.06, emoji=0.04),
    "heavy": NoiseRates(typo=0.25, casing=0.20, look_alike=0.15, elongation=0.10, spacing=0.15, emoji=0.10),
}


def add_noise(text: str, strength: str, rng: Random) -> str:
    """``text`` with typing noise of a ``strength``: "light", "medium" or "heavy".

    White space becomes single spaces first. Same text, strength and ``rng`` state, same result. Raises
    ``ValueError`` for another strength.

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


def noise_table(
    test: pd.DataFrame,
    train: pd.DataFrame,
    pipeline: Pipeline,
    options: dict[str, Any],
    *,
    seed: int,
    n_messages: int = 5_000,
) -> pd.DataFrame:
    """Macro average precision under typing noise, with and without the normaliser.

    The model without it has no tactics either, which would take most of the time. Columns: ``noise``
    ("none" or a strength), ``model``, ``average_precision``, ``n``.

    Parameters
    ----------
    test
        The table of ``messages_table``; at most ``n_messages`` distinct ones are drawn with ``seed``.
    train
        Messages on which the model without normaliser is fitted.
    pipeline
        The fitted pipeline under test.
    options
        The options it was fitted with.
    """
    import numpy as np
    import pandas as pd
    from sklearn.metrics import average_precision_score

    from classifier.model.message.stage_classifier import fit_message_model, predict_messages

    say("adding noise")
    distinct = test.drop_duplicates(["text", "family"])
    distinct = distinct.sample(min(n_messages, len(distinct)), random_state=seed)
    labels_alone = train.drop(columns="tactics", errors="ignore")
    models = {
        "with normaliser": pipeline,
        "without": fit_message_model(labels_alone, **options | {"normaliser": False}),
    }
    rows = []
    for strength in ("none", *STRENGTHS):
        rng = Random(seed)
        texts = distinct["text"].tolist()
        if strength != "none":
            texts = [add_noise(text, strength, rng) for text in texts]
        for name, model in models.items():
            probabilities = predict_messages(model, texts)
            precisions = [average_precision_score(distinct[stage], probabilities[stage]) for stage in STAGES]
            row = {"noise": strength, "model": name, "average_precision": float(np.mean(precisions))}
            rows.append(row | {"n": len(distinct)})
    return pd.DataFrame(rows)


def _gap(rates: NoiseRates, rng: Random) -> str:
    return rng.choice(("", "  ")) if rng.random() < rates.spacing else " "


def _typed(word: str, rates: NoiseRates, rng: Random) -> str:
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
    """Two neighbouring characters swapped, one doubled, or one left out.

    A word of one character stays.
    """
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
    """One letter repeated to three to five times, if the word has any."""
    letters = [at for at, character in enumerate(word) if character.isalpha()]
    if not letters:
        return word
    at = rng.choice(letters)
    return word[:at] + word[at] * rng.randint(3, 5) + word[at + 1 :]
