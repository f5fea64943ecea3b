"""Share of flagged messages that stay flagged when their letters are disguised.

Each disguise is one fixed rule, the same for every text and written without looking at any model; whole
messages are disguised, and only rates by kind are reported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import numpy as np
import pandas as pd

from classifier.evaluation.slice_rates import recall_by
from classifier.progress import say
from classifier.taxonomy import LABELS
from classifier.workflows.message_evaluation.typing_noise import LOOK_ALIKES

_WORD = re.compile(r"[^\W\d_]+")
_LEET = str.maketrans("aeiost", "431057")
_CYRILLIC = str.maketrans(LOOK_ALIKES)
_SMALL_CAPITALS = str.maketrans(
    "abcdefghijklmnoprstuvwyz",
    "\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274\u1d0f\u1d18"
    "\u0280\ua731\u1d1b\u1d1c\u1d20\u1d21\u028f\u1d22",
)


def _between(mark: str) -> Callable[[str], str]:
    """Puts ``mark`` between the letters of every word."""
    return lambda text: _WORD.sub(lambda word: mark.join(word.group()), text)


def _bracketed(text: str) -> str:
    return _WORD.sub(lambda word: "".join(f"[{letter}]" for letter in word.group()), text)


def _spaced(text: str) -> str:
    """Letters apart by one space, words by three."""
    return "   ".join(" ".join(word) for word in text.split())


def _doubled(text: str) -> str:
    return _WORD.sub(lambda word: "".join(letter * 2 for letter in word.group()), text)


DISGUISES: dict[str, Callable[[str], str]] = {
    "letters spaced": _spaced,
    "letters dotted": _between("."),
    "letters dashed": _between("-"),
    "letters starred": _between("*"),
    "letters underscored": _between("_"),
    "letters bracketed": _bracketed,
    "letters doubled": _doubled,
    "digits for letters": lambda text: text.lower().translate(_LEET),
    "look-alike letters": lambda text: text.lower().translate(_CYRILLIC),
    "small capitals": lambda text: text.lower().translate(_SMALL_CAPITALS),
    "invisible characters": _between("\u200b"),
    "words joined": lambda text: "".join(text.split()),
}
"""Kinds of disguise, each a function from text to text."""


def disguise_table(
    test: pd.DataFrame,
    scores: pd.DataFrame,
    model: Any,
    thresholds: Mapping[str, float],
    *,
    seed: int,
    n_messages: int = 400,
) -> pd.DataFrame:
    """Share of rightly flagged messages that keep their flag, by kind of disguise, lowest first.

    Columns: ``kind``, ``rate``, ``rate_low``, ``rate_high`` (95 %, those of ``Rate`` over families),
    ``hits``, ``n``; the last row, "mean", takes all kinds together. A message counts once for each label it
    shows and is flagged for. Without such a message the table has no rate: its last row is 0/0.

    Parameters
    ----------
    test, scores
        The messages, as a messages table, and their probabilities, a column per label.
    model
        What scores the disguised texts, by its ``scores``; the first columns are ``LABELS``.
    thresholds
        The threshold of each label.
    n_messages
        How many of the flagged messages are drawn, with ``seed``.
    """
    say("disguising flagged messages")
    labels = list(LABELS)
    least = np.array([thresholds[label] for label in labels])
    found = (test[labels].to_numpy() == 1) & (scores[labels].to_numpy() >= least)
    flagged = np.flatnonzero(found.any(axis=1)).tolist()
    drawn = Random(seed).sample(flagged, min(n_messages, len(flagged)))
    kinds: list[str] = []
    kept: list[bool] = []
    families: list[str] = []
    for kind, disguised in DISGUISES.items():
        if drawn:
            texts = [disguised(text) for text in test["text"].iloc[drawn]]
            still = (model.scores(texts)[:, : len(labels)] >= least)[found[drawn]]
            kinds += [kind] * len(still)
            kept += still.tolist()
            families += test["family"].iloc[drawn].repeat(found[drawn].sum(axis=1)).tolist()
    table = recall_by(pd.Series(kinds, dtype=str), pd.Series(kept, dtype=bool), clusters=families)
    names = {"slice": "kind", "recall": "rate", "recall_low": "rate_low", "recall_high": "rate_high"}
    return table.rename(columns=names)
