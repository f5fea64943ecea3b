"""Real one-to-one chat between students, for evaluation only.

The set is the PyPI package ``chitchat-dataset``. Its conversations are dealt into two halves: A serves
statistics and blind readings, B every reported figure. It is not part of this project: nothing is trained on
it, no phrase is written from it, and nothing saved here may contain its text. It has no labels: what is
flagged in it counts as a false alarm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Literal

import pandas as pd

from classifier.errors import InputError


def half_of(conversation_id: str) -> Literal["A", "B"]:
    """The half a conversation belongs to, by a hash of its id.

    >>> half_of("pizza"), half_of("choir")
    ('A', 'B')
    """
    return "A" if hashlib.sha256(conversation_id.encode()).digest()[0] % 2 == 0 else "B"


def read_chitchat(half: Literal["A", "B", "both"] = "both") -> pd.DataFrame:
    """One row a message: ``conversation``, ``index`` (1-based), ``author``, ``text``.

    Raises ``InputError`` when the package is not installed.
    """
    try:
        import chitchat_dataset
    except ModuleNotFoundError:
        raise InputError(
            "chitchat-dataset is not installed; install it with: pip install "
            "'grooming-pattern-classifier[evaluation]'"
        ) from None
    conversations = chitchat_dataset.Dataset()
    return pd.DataFrame(
        [
            (id_, index, author, text)
            for id_ in conversations
            if half in ("both", half_of(id_))
            for index, (author, text) in enumerate(_messages(conversations[id_]), start=1)
        ],
        columns=["conversation", "index", "author", "text"],
    )


def _messages(conversation: dict[str, list[list[dict[str, str]]]]) -> Iterator[tuple[str, str]]:
    for turn in conversation["messages"]:
        for message in turn:
            yield message["sender"], message["text"]
