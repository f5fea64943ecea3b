"""Inputs of attacks on model files, drawn from a corpus."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from classifier.errors import InputError
from classifier.experiments.name_leaks import unwritten_names
from classifier.privacy.builds.vocabulary import plain_spelling, words_and_pairs
from classifier.records import Conversation


def conversations_of_some_senders(
    conversations: list[Conversation], n_senders: int, seed: int, *, where: str
) -> list[Conversation]:
    """The conversations of at most ``n_senders`` senders, drawn at random.

    Raises ``InputError``, which names ``where``, for fewer than 20 senders.
    """
    senders = sorted({conversation.sender for conversation in conversations})
    if len(senders) < 20:
        raise InputError(
            f"{where} has {len(senders)} senders; an attack needs at least 20, half of them outside training"
        )
    order = np.random.default_rng(seed).permutation(np.array(senders, dtype=object))
    drawn = set(order[:n_senders].tolist())
    return [conversation for conversation in conversations if conversation.sender in drawn]


def decoy_names(documents: pd.DataFrame) -> list[str]:
    """Given names of the public list that stand in no document.

    ``documents`` has the columns of ``documents.membership_documents``.
    """
    written = {gram for text in documents["text"] for gram in words_and_pairs(plain_spelling(text))}
    # A name may be written so (joined to a mark, say) that it is no term.
    written |= {plain_spelling(name) for names in documents["names"] for name in names}
    return unwritten_names(written)


def corpus_facts(splits: dict[str, list[Conversation]], sha256: str) -> dict[str, Any]:
    """Name, version and sha256 of the corpus of these conversations."""
    first = next(conversation for conversations in splits.values() for conversation in conversations)
    return {"corpus": f"{first.corpus}, version {first.version}", "corpus_sha256": sha256}
