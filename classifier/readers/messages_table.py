"""The messages table: one row a message.

Models are fitted on it, and evaluation compares it with scores.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import pandas as pd

from classifier.records import Conversation
from classifier.taxonomy import LABELS

COLUMNS = [
    "conversation",
    "index",
    "author",
    "by_sender",
    "time",
    "text",
    "family",
    "tactic",
    "tactics",
    "manner",
    "scene",
    "register",
    "split",
    "conversation_label",
    "synthetic",
    *LABELS,
]
"""The columns of the messages table."""


def messages_table(conversations: Iterable[Conversation]) -> pd.DataFrame:
    """One row a message, in the order of the conversations.

    Columns: ``conversation`` (id), ``index`` (1-based), ``author``, ``by_sender`` (bool), ``time``,
    ``text``, ``family``, ``tactic``, ``tactics`` (joined by "|"), ``manner``, ``scene``, ``register``,
    ``split``, ``conversation_label``, ``synthetic`` (bool), and one 0/1 column per label of the taxonomy.
    """
    rows = [
        (
            c.id,
            index,
            m.author,
            m.author == c.sender,
            m.time,
            m.text,
            m.family,
            m.tactic,
            "|".join(m.tactics or (m.tactic,)),
            m.manner,
            c.scene,
            c.register,
            c.split,
            c.label,
            c.synthetic,
            *(int(label in m.labels) for label in LABELS),
        )
        for c in conversations
        for index, m in enumerate(c.messages, start=1)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def families_used(conversations: Iterable[Conversation]) -> set[str]:
    """The ids of all phrase families in the conversations."""
    return set(chain.from_iterable(conversation.families for conversation in conversations))
