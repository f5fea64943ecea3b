"""Conversations from outside, marked ``synthetic=False``.

They can be scored and evaluated, never trained on. What a corpus does not say stays empty: no phrase
families, no split, no metadata, and no label unless the corpus gives one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from classifier.errors import InputError
from classifier.records import Conversation, Message, Metadata

NOT_GENERATED = -1
"""The ``seed`` of a conversation that no generator made."""

_UNKNOWN = Metadata(
    known_from="unstated", sender_age_band="unstated", contact_age_band="unstated", young_contacts=0
)


def external_conversation(
    id_: str, messages: Sequence[Message], *, corpus: str, label: str = "", sender: str = ""
) -> Conversation:
    """``messages`` as a conversation from outside.

    ``label`` is empty where the corpus has none. Without a ``sender`` it is the author of the first
    message; the contact is the first other author, or empty.
    """
    authors = list(dict.fromkeys(message.author for message in messages if message.author))
    first = sender or next(iter(authors), "")
    return Conversation(
        id=id_,
        label=label,
        scene="",
        split="",
        register="",
        sender=first,
        contact=next((author for author in authors if author != first), ""),
        metadata=_UNKNOWN,
        messages=tuple(messages),
        corpus=corpus,
        version="",
        seed=NOT_GENERATED,
        synthetic=False,
    )


def require_speakers(conversations: Iterable[Conversation], *, purpose: str) -> None:
    """Raise ``InputError`` for a conversation whose messages have no authors.

    The segments of PANC and VTPAN have none.
    """
    for conversation in conversations:
        if not all(message.author for message in conversation.messages):
            raise InputError(
                f"conversation {conversation.id!r} does not say who wrote its messages, so {purpose} "
                "cannot be told; a segment is one text and can only be scored as a message"
            )
