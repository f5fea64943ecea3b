"""Inputs of attacks on model files, drawn from a corpus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from classifier.errors import InputError
from classifier.privacy.attacks.canary_exposure import Canaries, draw_canaries
from classifier.privacy.model_variants.vocabulary import plain_spelling, public_vocabulary, words_and_pairs
from classifier.privacy.uniform_draw import stream_seed
from classifier.records import Conversation
from classifier.taxonomy import LABELS
from classifier.workflows.model_file_attacks.names_in_file import unwritten_names

CANARY_TEMPLATE = "it was about {} and {} again"
"""A planted line: the gaps hold the two words that a model may remember."""

CANARY_WORDS = 32
"""Words that the gaps are filled from, at least: their 992 ordered pairs are the candidates."""


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
    rng = np.random.default_rng(stream_seed(seed, "senders"))
    order = rng.permutation(np.array(senders, dtype=object))
    drawn = set(order[:n_senders].tolist())
    return [conversation for conversation in conversations if conversation.sender in drawn]


def decoy_names(documents: pd.DataFrame) -> list[str]:
    """Given names of the public list that stand in no document.

    ``documents`` has the columns of ``attacks.membership_documents``.
    """
    written = {gram for text in documents["text"] for gram in words_and_pairs(plain_spelling(text))}
    # A name may be written so (joined to a mark, say) that it is no term.
    written |= {plain_spelling(name) for names in documents["names"] for name in names}
    return unwritten_names(written)


def canaries_by_kind(decoys: Sequence[str], *, n: int, seed: int) -> dict[str, Canaries]:
    """``n`` lines of each kind to plant, an even number; {} for none.

    ``canary_names`` hold two ``decoys``, names that no document holds: a model of private words must learn
    them, one of a public list cannot. ``canary_listed`` hold two words of the public list, which every model
    may know. Raises ``ValueError`` for an odd number, or one that the words do not suffice for.

    >>> kinds = canaries_by_kind([f"Zola{number}" for number in range(40)], n=2, seed=0)
    >>> list(kinds), len(kinds["canary_names"].candidates)
    (['canary_names', 'canary_listed'], 992)
    """
    if n == 0:
        return {}
    listed = set(public_vocabulary())
    words_of_kind = {
        "canary_names": sorted({plain_spelling(decoy) for decoy in decoys} - listed),
        "canary_listed": sorted(term for term in listed if " " not in term),
    }
    canaries = {}
    for kind, words in words_of_kind.items():
        kind_seed = stream_seed(seed, "canaries", kind)
        order = np.random.default_rng(kind_seed).permutation(np.array(words, dtype=object))
        chosen = order[: max(2 * n, CANARY_WORDS)].tolist()
        canaries[kind] = draw_canaries(
            CANARY_TEMPLATE, chosen, n=n, n_labels=len(LABELS), seed=stream_seed(seed, "planted", kind)
        )
    return canaries


def corpus_facts(splits: dict[str, list[Conversation]], sha256: str) -> dict[str, Any]:
    """Name, version and sha256 of the corpus of these conversations."""
    first = next(conversation for conversations in splits.values() for conversation in conversations)
    return {"corpus": f"{first.corpus}, version {first.version}", "corpus_sha256": sha256}
