"""The phrases of a corpus as single messages.

The message model is fitted on them beside the conversations.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from random import Random

from classifier.corpus.families import PhraseFamily
from classifier.corpus.generator.corpus_spec import CorpusSpec
from classifier.corpus.generator.typing_habits import draw_habits, typed
from classifier.corpus.grammar import expand
from classifier.corpus.split import assign_families, every_nth
from classifier.records import SPLITS

TEXTS_A_FAMILY = 10
"""At most so many texts of a family: with five, average precision on a second voice was .016 lower."""


def phrase_messages(spec: CorpusSpec, families: Iterable[PhraseFamily]) -> Iterator[str]:
    """The lines of ``messages.jsonl.gz``: distinct texts of every family, a JSON object each.

    They stand split after split, family after family. Each text is typed with habits of its own.
    """
    families = sorted(families, key=lambda family: family.id)
    homes = every_nth(assign_families(families, seed=spec.seed), spec.every)
    for split in SPLITS:
        for family in families:
            if homes.get(family.id) == split:
                for text in _texts(family, Random(f"{spec.name}:{spec.seed}:{family.id}")):
                    yield _line(spec, split, family, text)


def _texts(family: PhraseFamily, rng: Random) -> list[str]:
    """Up to ``TEXTS_A_FAMILY`` texts: every phrasing once, and others of their choices and habits."""
    phrasings = rng.sample(family.phrasings, len(family.phrasings))
    texts: dict[str, None] = {}
    for turn in range(2 * TEXTS_A_FAMILY):
        segments = typed(expand(phrasings[turn % len(phrasings)], rng), draw_habits(rng), rng)
        texts["".join(segment.text for segment in segments)] = None
        if len(texts) == TEXTS_A_FAMILY:
            break
    return list(texts)


def _line(spec: CorpusSpec, split: str, family: PhraseFamily, text: str) -> str:
    record = {
        "synthetic": True,
        "corpus": spec.name,
        "version": spec.version,
        "seed": spec.seed,
        "split": split,
        "family": family.id,
        "source": family.source,
        "register": family.register,
        "text": text,
        "labels": list(family.labels),
        "tactics": [family.tactic] if family.tactic else [],
        "manner": family.manner,
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))
