"""What must hold of any scorer of messages, tried on many inputs, in the manner of CheckList (Ribeiro, Wu, Guestrin, Singh 2020, ACL).

Three kinds: minimum functionality (plain leaflet lines are flagged), invariance (a change that says nothing new changes no flag), direction (a line added
that shows a behaviour raises its probability). Each case either fails or does not; what share fails is for the report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.experiments.noise import add_noise
from classifier.records import Message
from classifier.taxonomy import LABELS

Scorer = Callable[[Sequence[str]], NDArray[np.float64]]

LEAFLET: dict[str, tuple[str, ...]] = {
    "flattery": (
        "you are so pretty",
        "you're really mature for your age",
        "i love your drawings, you are so talented",
        "i'll buy you whatever you want",
        "will you be my girlfriend",
    ),
    "isolation": (
        "your parents don't understand you like i do",
        "your friends aren't real friends",
        "you only need me",
        "i'd be so lonely without you",
        "are things bad at home",
    ),
    "info_request": (
        "how old are you",
        "what school do you go to",
        "send me a photo of you",
        "are your parents at home",
        "what's your phone number",
    ),
    "secrecy": (
        "don't tell your parents about us",
        "this is our secret",
        "delete these messages",
        "let's talk in another app where nobody can see",
        "is anyone else reading this",
    ),
    "meeting": (
        "let's meet up",
        "can we meet in person",
        "meet me at the park tomorrow",
        "i can pick you up",
        "come on your own",
    ),
    "false_affinity": ("i live near you too", "i know your friends", "i went to the same school"),
    "pressure": (
        "do it now or i won't talk to you again",
        "come on, just send it",
        "after all i did for you, you owe me",
    ),
}
"""Lines as a leaflet for parents would quote them."""

LESS_IS_NOTHING = 0.05
"""A rise of less than this in probability counts as no rise; lines already above .95 are left out."""


def capability_cases(
    score: Scorer, thresholds: NDArray[np.float64], messages: Sequence[Message], *, seed: int, n: int = 400
) -> pd.DataFrame:
    """One row a case. Columns: ``kind``, ``capability``, ``failed``.

    ``messages`` are test messages; ``n`` of them, drawn with ``seed``, are used for each invariance and direction.
    """
    rng = Random(seed)
    drawn = rng.sample(list(messages), min(n, len(messages)))
    named = [message for message in messages if message.personal]
    parts = [
        *_minimum(score, thresholds),
        *_invariances(score, thresholds, drawn, rng.sample(named, min(n, len(named))), rng),
        *_directions(score, drawn),
    ]
    return pd.DataFrame(
        [(kind, capability, bool(failed)) for kind, capability, failures in parts for failed in failures],
        columns=["kind", "capability", "failed"],
    )


Part = tuple[str, str, NDArray[np.bool_]]


def _minimum(score: Scorer, thresholds: NDArray[np.float64]) -> Iterator[Part]:
    for column, label in enumerate(LABELS):
        yield (
            "minimum functionality",
            f"leaflet lines of {label}",
            score(LEAFLET[label])[:, column] < thresholds[column],
        )


def _invariances(
    score: Scorer, thresholds: NDArray[np.float64], drawn: list[Message], named: list[Message], rng: Random
) -> Iterator[Part]:
    changes: dict[str, tuple[list[Message], Callable[[Message], str]]] = {
        "another name or place": (named, lambda message: _renamed(message, named, rng)),
        "upper case": (drawn, lambda message: message.text.upper()),
        "a light noise of typing": (drawn, lambda message: add_noise(message.text, "light", rng)),
        "a friendly opening": (drawn, lambda message: "hope your day was good. " + message.text),
        "an ordinary ending": (drawn, lambda message: message.text + " anyway the bus is here"),
    }
    for name, (cases, change) in changes.items():
        if cases:
            before, after = (
                score(texts) >= thresholds
                for texts in ([message.text for message in cases], [change(message) for message in cases])
            )
            yield "invariance", name, (before != after).any(axis=1)


def _renamed(message: Message, others: list[Message], rng: Random) -> str:
    """The text with each piece of personal information exchanged for one of its kind from another message."""
    text = message.text
    for span in sorted(message.personal, key=lambda span: -span.start):
        fillers = sorted(
            {
                other.text[there.start : there.end]
                for other in others
                for there in other.personal
                if there.kind == span.kind
            }
        )
        text = text[: span.start] + rng.choice(fillers) + text[span.end :]
    return text


def _directions(score: Scorer, drawn: list[Message]) -> Iterator[Part]:
    texts = [message.text for message in drawn]
    before = score(texts)
    for column, label in enumerate(LABELS):
        after = score([f"{text} {LEAFLET[label][0]}" for text in texts])
        open_cases = before[:, column] <= 1 - LESS_IS_NOTHING
        yield (
            "direction",
            f"a line of {label} added",
            (after[:, column] - before[:, column] < LESS_IS_NOTHING)[open_cases],
        )
