"""What a voice's phrases and dialogues, and a corpus, hold, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
import pandas as pd

from classifier.corpus import grammar
from classifier.corpus.checks.near_copies import distinct_phrasings, without_near_copies
from classifier.corpus.dialogues import Dialogue, pairs, tactic_counts
from classifier.corpus.families import PhraseFamily
from classifier.records import Conversation
from classifier.taxonomy import CUES, LABELS, TACTICS


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


def dialogue_counts(dialogues: Sequence[Dialogue]) -> pd.DataFrame:
    """How much there is of a voice's dialogues. Columns: ``what``, ``count``.

    Lines are distinct when near copies are dropped; an opening that a pair shares is counted once.
    """
    marked = [any(line.tactics for line in dialogue.lines) for dialogue in dialogues]
    uses = Counter(
        dialogue.use if dialogue.use != "ordinary" else f"ordinary, {_kind_of_ordinary(dialogue, shown)}"
        for dialogue, shown in zip(dialogues, marked, strict=True)
    )
    by_writer = Counter(dialogue.writer for dialogue in dialogues for _ in dialogue.lines)
    skeletons = list(
        dict.fromkeys(grammar.skeleton(line.text) for dialogue in dialogues for line in dialogue.lines)
    )
    rows: list[tuple[str, float]] = [
        ("dialogues", len(dialogues)),
        *sorted(uses.items()),
        ("pairs", len(pairs(dialogues))),
        ("relations", len({dialogue.relation for dialogue in dialogues})),
        ("writers", len(by_writer)),
        ("largest share of a writer's lines", max(by_writer.values(), default=0) / max(1, by_writer.total())),
        ("lines", by_writer.total()),
        ("distinct lines", len(without_near_copies(skeletons))),
    ]
    return pd.DataFrame(rows, columns=["what", "count"])


def _kind_of_ordinary(dialogue: Dialogue, shown: bool) -> str:
    return "hard" if dialogue.hard else "everyday uses" if shown else "nothing marked"


def relation_counts(dialogues: Iterable[Dialogue]) -> pd.DataFrame:
    """Dialogues of each relation and use.

    Columns: ``relation``, ``pattern``, ``ordinary``, ``any``, ``hard``.
    """
    counts = Counter((dialogue.relation, dialogue.use) for dialogue in dialogues)
    hard = Counter(dialogue.relation for dialogue in dialogues if dialogue.hard)
    rows = [
        (relation, *(counts[relation, use] for use in ("pattern", "ordinary", "any")), hard[relation])
        for relation in sorted({relation for relation, _ in counts})
    ]
    return pd.DataFrame(rows, columns=["relation", "pattern", "ordinary", "any", "hard"])


def tactic_table(dialogues: Sequence[Dialogue]) -> pd.DataFrame:
    """Dialogues that show each tactic.

    Columns: ``label``, ``tactic``, ``pattern``, ``other`` (ordinary and any).
    """
    in_patterns = tactic_counts(dialogue for dialogue in dialogues if dialogue.use == "pattern")
    elsewhere = tactic_counts(dialogue for dialogue in dialogues if dialogue.use != "pattern")
    rows = [(label, tactic, in_patterns[tactic], elsewhere[tactic]) for tactic, label in TACTICS.items()]
    return pd.DataFrame(rows, columns=["label", "tactic", "pattern", "other"])


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
    split = [text.lower().split() for text in texts]
    if not split:
        return pd.DataFrame({"words": [], "distinct": []})
    sizes = np.cumsum([len(words) for words in split])
    is_new = ~pd.Series(list(chain.from_iterable(split)), dtype=object).duplicated()
    distinct = np.append(0, is_new.cumsum())[sizes]
    n = int(sizes[-1])
    wanted = np.geomspace(min(100, n), n, points).astype(int)
    at = np.unique(np.searchsorted(sizes, wanted).clip(max=len(sizes) - 1))
    return pd.DataFrame({"words": sizes[at], "distinct": distinct[at]})
