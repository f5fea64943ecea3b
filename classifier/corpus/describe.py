"""What a voice's phrases and a corpus hold, counted."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from classifier.corpus.families import PhraseFamily
from classifier.corpus.near_copies import distinct_phrasings
from classifier.records import Conversation
from classifier.taxonomy import CUES, LABELS


def phrase_counts(families: list[PhraseFamily]) -> pd.DataFrame:
    """Counts of distinct phrasings, near copies dropped.

    Columns: ``kind`` (stage, cue, scene, talk), ``source``, ``tactic``, ``families``, ``phrasings``.
    """
    rows = [
        (_kind(family), family.source, family.tactic, family.id) for family, _ in distinct_phrasings(families)
    ]
    table = pd.DataFrame(rows, columns=["kind", "source", "tactic", "family"])
    grouped = table.groupby(["kind", "source", "tactic"], sort=True)["family"]
    return pd.DataFrame({"families": grouped.nunique(), "phrasings": grouped.size()}).reset_index()


def _kind(family: PhraseFamily) -> str:
    return "cue" if family.kind == "stage" and family.source in CUES else family.kind


def conversation_counts(conversations: Iterable[Conversation]) -> pd.DataFrame:
    """Counts of conversations, one row a split and label.

    Columns: ``split``, ``label``, ``conversations``, ``messages``, ``senders``, ``median_length``,
    ``longest``.
    """
    table = pd.DataFrame(
        [(c.split, c.label, c.sender, len(c.messages)) for c in conversations],
        columns=["split", "label", "sender", "length"],
    )
    grouped = table.groupby(["split", "label"], sort=True)
    return grouped.agg(
        conversations=("length", "size"),
        messages=("length", "sum"),
        senders=("sender", "nunique"),
        median_length=("length", "median"),
        longest=("length", "max"),
    ).reset_index()


def label_counts(messages: pd.DataFrame) -> pd.DataFrame:
    """Messages that show each label, in patterns and in benign exchanges.

    Columns: ``label``, ``pattern``, ``benign``, ``share`` of all messages; 'none' last.
    """
    pattern = messages["conversation_label"] != "benign"
    shown = messages[list(LABELS)].astype(bool)
    columns = {label: shown[label] for label in LABELS} | {"none": ~shown.any(axis=1)}
    rows = [
        (label, int((mask & pattern).sum()), int((mask & ~pattern).sum()), float(mask.mean()))
        for label, mask in columns.items()
    ]
    return pd.DataFrame(rows, columns=["label", "pattern", "benign", "share"])


def vocabulary_growth(texts: list[str], *, points: int = 12) -> pd.DataFrame:
    """Distinct words after n words of text, at ``points`` sizes.

    Real chat keeps growing; a few templates level off. Columns: ``words``, ``distinct``.
    """
    seen: set[str] = set()
    sizes: list[int] = []
    distinct: list[int] = []
    n = 0
    for text in texts:
        words = text.lower().split()
        n += len(words)
        seen.update(words)
        sizes.append(n)
        distinct.append(len(seen))
    at = (
        np.unique(
            np.searchsorted(sizes, np.geomspace(min(100, n), n, points).astype(int)).clip(max=len(sizes) - 1)
        )
        if sizes
        else np.array([], dtype=int)
    )
    return pd.DataFrame({"words": [sizes[i] for i in at], "distinct": [distinct[i] for i in at]})
