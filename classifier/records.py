"""Messages and conversations, as every room of the project uses them.

The records are checked once, where a file is read (``classifier.readers``); inside the project they are
trusted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class PersonalSpan:
    """Characters of a message that are personal information.

    They run from ``start`` to ``end`` (exclusive); ``kind`` is name, school, phone and so on.
    """

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Message:
    """One message of a conversation.

    ``labels`` are the behaviours its words show; ``family`` is the phrase family it was drawn from.
    ``tactics`` are the finer tags of a line of a dialogue (schema 2); ``tactic`` is the first of them, or
    a phrase family's own. ``line`` is the number that a corpus from outside gives the line; 0 where there
    is none.
    """

    author: str
    time: datetime
    text: str
    labels: tuple[str, ...] = ()
    tactic: str = ""
    manner: str = "plain"
    family: str = ""
    personal: tuple[PersonalSpan, ...] = ()
    line: int = 0
    tactics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Metadata:
    """What is known of a conversation without reading it.

    ``known_from`` is "online" or "in_person"; age bands are as *stated* ("unstated" when they are not);
    ``young_contacts`` counts the young accounts the sender writes to. Hours, pace and lopsidedness
    follow from the messages' times and authors.
    """

    known_from: str
    sender_age_band: str
    contact_age_band: str
    young_contacts: int


@dataclass(frozen=True)
class Conversation:
    """An exchange between ``sender`` and ``contact``.

    ``label`` is what the generator scripted it to be, which no single message shows. A chain of dialogues
    (schema 2) has its ``relation``, which is its ``scene`` too; the ids of its ``dialogues`` in order; the
    ``pair`` that one of them belongs to; and, if it is a pattern, its ``overtness`` (overt, mixed, faint).

    A conversation that is not ``synthetic`` comes from outside and is for evaluation only (see
    ``classifier.readers.external_conversations``): nothing is fitted on it.
    """

    id: str
    label: str
    scene: str
    split: str
    register: str
    sender: str
    contact: str
    metadata: Metadata
    messages: tuple[Message, ...]
    corpus: str
    version: str
    seed: int
    synthetic: bool = True
    families: tuple[str, ...] = field(default=())
    relation: str = ""
    overtness: str = ""
    dialogues: tuple[str, ...] = ()
    pair: str = ""

    @property
    def clusters(self) -> tuple[str, ...]:
        """The families of its messages, that of the first labelled message first.

        They are its dialogues, which other conversations have too; intervals resample them.
        """
        labelled_first = sorted(self.messages, key=lambda message: not message.labels)
        return tuple(dict.fromkeys(message.family for message in labelled_first))
