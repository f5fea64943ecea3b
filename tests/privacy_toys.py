"""Toy conversations about pizza and raids, and a scorer of single words."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from random import Random

import numpy as np

from classifier.privacy.message_streams import streams_from_conversations
from classifier.privacy.policies.policy import Policy
from classifier.privacy.simulate.policy_scorer import PolicyScorer
from classifier.records import Conversation, Message, Metadata, PersonalSpan
from classifier.taxonomy import LABELS, PATTERN

WORDS = {
    "pretty": ("flattery", 0.9),
    "only": ("isolation", 0.7),
    "where": ("info_request", 0.6),
    "secret": ("secrecy", 0.9),
    "meet": ("meeting", 0.8),
}
FILLER = (
    "pizza at noon",
    "the raid starts at nine",
    "ok",
    "my dog ate the map",
    "toast again",
    "who has the blue sword",
    "rain all day",
    "see the score?",
)
NAMES = ("Zola", "Quillon", "Emma", "Brannagh")


def word_probabilities(texts):
    """Probabilities, shape (texts, labels): those of ``WORDS``, else .02."""
    rows = np.full((len(texts), len(LABELS)), 0.02)
    for row, text in zip(rows, texts, strict=True):
        for word, (stage, probability) in WORDS.items():
            if word in text.lower():
                row[LABELS.index(stage)] = probability
    return rows


SCORER = PolicyScorer(word_probabilities)


def chat(
    id_,
    *lines,
    label="benign",
    minutes=10.0,
    sender="",
    contact="",
    known_from="online",
    young_contacts=1,
    scene="lunch",
    family="",
):
    """A conversation from lines "s: text" and "c: text".

    They are ``minutes`` apart; ``{name|Zola}`` marks a piece of personal information.
    """
    sender, contact = sender or f"{id_}-s", contact or f"{id_}-c"
    family = family or sender
    messages = []
    for number, line in enumerate(lines):
        who, marked = line.split(": ", 1)
        text, spans = "", []
        for part in re.split(r"(\{\w+\|[^}]*\})", marked):
            if part.startswith("{"):
                kind, part = part[1:-1].split("|")
                spans.append(PersonalSpan(len(text), len(text) + len(part), kind))
            text += part
        labels = tuple(stage for word, (stage, _) in WORDS.items() if word in text.lower())
        time = datetime(2031, 1, 6, 18) + timedelta(minutes=minutes * number)
        messages.append(
            Message(
                sender if who == "s" else contact, time, text, labels, family=family, personal=tuple(spans)
            )
        )
    metadata = Metadata(known_from, "unstated", "unstated", young_contacts)
    return Conversation(
        id_,
        label,
        scene,
        "test",
        "casual",
        sender,
        contact,
        metadata,
        tuple(messages),
        "toy",
        "1",
        0,
        families=(family,),
    )


def town(n=120, *, seed=1, split="t"):
    """``n`` conversations in 12 clusters, a quarter of them patterns.

    Patterns use the words of ``WORDS`` more often; names stand here and there.
    """
    conversations = []
    for number in range(n):
        rng = Random(f"{seed}:{number}")
        label = PATTERN if number % 4 == 0 else "benign"
        lines = []
        for _ in range(rng.randint(2, 14)):
            sender = rng.random() < 0.55
            words = [rng.choice(FILLER)]
            if rng.random() < (0.45 if label == PATTERN and sender else 0.06):
                words.append(rng.choice(list(WORDS)))
            if rng.random() < 0.15:
                words.append(f"says {{name|{rng.choice(NAMES)}}}")
            lines.append(f"{'s' if sender else 'c'}: {' '.join(words)}")
        conversations.append(
            chat(
                f"{split}{number}",
                *lines,
                label=label,
                minutes=rng.choice((1, 30, 400)),
                sender=f"{split}-s{number // 3}",
                known_from=rng.choice(("online", "online", "in_person")),
                young_contacts=rng.randint(1, 9),
                scene=rng.choice(("lunch", "gaming", "coach")),
            )
        )
    return streams_from_conversations(
        conversations, clusters=[(f"family{number % 12}",) for number in range(n)]
    )


def auc_standard_error(members, non_members):
    """Standard error of the AUC of uninformative scores (Mann & Whitney 1947).

    Texts are taken as independent.
    """
    return math.sqrt((members + non_members + 1) / (12 * members * non_members))


def policy(name="toy", **settings):
    """A policy with a description."""
    return Policy(name, "A toy.", **settings)


def log(run, id_):
    """The events of a conversation as (step, event, message)."""
    events = run.events[run.events["conversation"] == id_]
    return list(
        zip(events["step"].tolist(), events["event"].tolist(), events["message"].tolist(), strict=True)
    )
