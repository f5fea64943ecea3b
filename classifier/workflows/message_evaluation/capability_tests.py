"""Capability tests of message scorers, after CheckList (Ribeiro, Wu, Guestrin & Singh 2020, ACL).

Four kinds: minimum functionality (plain leaflet lines are flagged), dilution (a flagged line stays flagged
beside what a comma or a full stop joins to it), invariance (a change without new content changes no flag),
direction (an added line that shows a behaviour raises its probability). Each case either fails or passes;
the report shows the share that fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.slice_rates import false_alarms_by
from classifier.progress import say
from classifier.records import Conversation, Message
from classifier.taxonomy import LABELS
from classifier.workflows.message_evaluation.baselines import TextScorer
from classifier.workflows.message_evaluation.typing_noise import add_noise

CaseResults = tuple[str, str, NDArray[np.bool_], Sequence[str]]
"""Kind, capability, whether each of its cases failed, and the family of each case's text."""

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
"""Lines as a leaflet for parents would quote them, by label."""

NEUTRAL = (
    "The bus was late again.",
    "I had soup for lunch.",
    "My sister is learning the drums.",
    "It rained all morning here.",
    "The match starts at noon.",
    "We watched that film twice.",
)
"""Sentences that show nothing, to stand beside one that does."""

MIN_RISE = 0.05
"""A smaller rise in probability counts as none; texts already above 1 minus this are left out."""


def capability_table(
    test: Sequence[Conversation], pipeline: Any, thresholds: NDArray[np.float64], *, seed: int
) -> pd.DataFrame:
    """Failure rate of each capability, by kind, highest first within a kind.

    Columns: ``slice`` (the capability), ``rate``, ``rate_low``, ``rate_high``, ``failures``, ``n``, ``kind``.
    """
    say("trying capabilities")
    messages = [message for conversation in test for message in conversation.messages]
    cases = capability_cases(
        lambda texts: np.asarray(pipeline.predict_proba(list(texts))), thresholds, messages, seed=seed
    )
    tables = [
        false_alarms_by(group["capability"], group["failed"], clusters=group["family"])
        .iloc[:-1]
        .assign(kind=kind)
        for kind, group in cases.groupby("kind", sort=False)
    ]
    return pd.concat(tables, ignore_index=True).rename(columns={"false_alarms": "failures"})


def capability_cases(
    score: TextScorer,
    thresholds: NDArray[np.float64],
    messages: Sequence[Message],
    *,
    seed: int,
    n: int = 400,
) -> pd.DataFrame:
    """Outcomes of capability tests, one row per case.

    Columns: ``kind``, ``capability``, ``failed``, ``family``.

    Parameters
    ----------
    score
        The scorer under test.
    thresholds
        The threshold of each label.
    messages
        Test messages; ``n`` of them, drawn with ``seed``, are used for each invariance and direction, and
        ``n`` of those with a label for each dilution.
    """
    rng = Random(seed)
    drawn = rng.sample(list(messages), min(n, len(messages)))
    personal = [message for message in messages if message.personal]
    drawn_personal = rng.sample(personal, min(n, len(personal)))
    results = [
        *_minimum(score, thresholds),
        *_dilutions(score, thresholds, messages, rng, n=n),
        *_joined(score, thresholds, messages, Random(f"joined {seed}"), n=n),
        *_invariances(score, thresholds, drawn, drawn_personal, rng),
        *_directions(score, drawn),
    ]
    return pd.DataFrame(
        [
            (kind, capability, bool(failed), family)
            for kind, capability, failures, families in results
            for failed, family in zip(failures, families, strict=True)
        ],
        columns=["kind", "capability", "failed", "family"],
    )


def _minimum(score: TextScorer, thresholds: NDArray[np.float64]) -> Iterator[CaseResults]:
    for column, label in enumerate(LABELS):
        failed = score(LEAFLET[label])[:, column] < thresholds[column]
        yield "minimum functionality", f"leaflet lines of {label}", failed, LEAFLET[label]


def _dilutions(
    score: TextScorer, thresholds: NDArray[np.float64], messages: Sequence[Message], rng: Random, *, n: int
) -> Iterator[CaseResults]:
    """Flagged messages with a label, beside one neutral sentence and between two."""
    cases, found = _found(score, thresholds, messages, rng, n=n)
    if not cases:
        return
    for n_neutral, name in ((1, "beside a neutral sentence"), (2, "between two neutral sentences")):
        texts = []
        for message in cases:
            first, *others = rng.sample(NEUTRAL, n_neutral)
            texts.append(" ".join([first, _as_sentence(message.text), *others]))
        yield "dilution", name, (score(texts) < thresholds)[found], _families_of(cases, found)


def _joined(
    score: TextScorer, thresholds: NDArray[np.float64], messages: Sequence[Message], rng: Random, *, n: int
) -> Iterator[CaseResults]:
    """Flagged messages with a label, each joined by a comma to another clause."""
    cases, found = _found(score, thresholds, messages, rng, n=n)
    without_common_label = [
        [other.text for other in cases if not {*other.labels} & {*message.labels}] for message in cases
    ]
    clauses = {
        "joined by a comma to a neutral clause": [rng.choice(NEUTRAL) for _ in cases],
        "joined by a comma to another sign": [
            rng.choice(texts) if texts else "" for texts in without_common_label
        ],
    }
    for name, added in clauses.items():
        at = [number for number, clause in enumerate(added) if clause]
        texts = [f"{_as_clause(cases[number].text)}, {_as_clause(added[number])}" for number in at]
        if texts:
            lost = score(texts) < thresholds
            joined = [cases[number] for number in at]
            yield "dilution", name, lost[found[at]], _families_of(joined, found[at])


def _families_of(cases: Sequence[Message], found: NDArray[np.bool_]) -> list[str]:
    """The family of each pair of a message and a label that is ``found``."""
    return [cases[number].family for number in np.nonzero(found)[0].tolist()]


def _found(
    score: TextScorer, thresholds: NDArray[np.float64], messages: Sequence[Message], rng: Random, *, n: int
) -> tuple[list[Message], NDArray[np.bool_]]:
    """At most ``n`` messages with a label, and which of their labels are flagged."""
    labelled = [message for message in messages if message.labels]
    cases = rng.sample(labelled, min(n, len(labelled)))
    if not cases:
        return [], np.zeros((0, len(LABELS)), dtype=bool)
    has_label = np.array([[label in message.labels for label in LABELS] for message in cases])
    return cases, has_label & (score([message.text for message in cases]) >= thresholds)


def _as_sentence(text: str) -> str:
    return text if text.rstrip().endswith((".", "!", "?")) else text.rstrip() + "."


def _as_clause(text: str) -> str:
    return text.strip().rstrip(".!?")


def _invariances(
    score: TextScorer,
    thresholds: NDArray[np.float64],
    drawn: list[Message],
    drawn_personal: list[Message],
    rng: Random,
) -> Iterator[CaseResults]:
    changes: dict[str, tuple[list[Message], Callable[[Message], str]]] = {
        "another name or place": (drawn_personal, lambda m: _with_other_fillers(m, drawn_personal, rng)),
        "upper case": (drawn, lambda message: message.text.upper()),
        "a light noise of typing": (drawn, lambda message: add_noise(message.text, "light", rng)),
        "a friendly opening": (drawn, lambda message: "hope your day was good. " + message.text),
        "an ordinary ending": (drawn, lambda message: message.text + " anyway the bus is here"),
    }
    for name, (cases, change) in changes.items():
        if cases:
            before = score([message.text for message in cases]) >= thresholds
            after = score([change(message) for message in cases]) >= thresholds
            families = [message.family for message in cases]
            yield "invariance", name, (before != after).any(axis=1), families


def _with_other_fillers(message: Message, others: list[Message], rng: Random) -> str:
    """The text with each personal span replaced by another of its kind."""
    text = message.text
    for span in sorted(message.personal, key=lambda span: -span.start):
        fillers = {filler for other in others for filler in _fillers(other, span.kind)}
        text = text[: span.start] + rng.choice(sorted(fillers)) + text[span.end :]
    return text


def _fillers(message: Message, kind: str) -> list[str]:
    return [message.text[span.start : span.end] for span in message.personal if span.kind == kind]


def _directions(score: TextScorer, drawn: list[Message]) -> Iterator[CaseResults]:
    texts = [message.text for message in drawn]
    families = np.array([message.family for message in drawn])
    before = score(texts)
    for column, label in enumerate(LABELS):
        after = score([f"{text} {LEAFLET[label][0]}" for text in texts])
        can_rise = before[:, column] <= 1 - MIN_RISE
        failed = after[:, column] - before[:, column] < MIN_RISE
        yield "direction", f"a line of {label} added", failed[can_rise], families[can_rise].tolist()
