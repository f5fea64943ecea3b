"""What a comparison of policies reads: a corpus, and files of attacks and curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from classifier.corpus.corpus_folder import content_hash, read_corpus, require_splits
from classifier.errors import InputError
from classifier.privacy.message_streams import Stream, streams_from_conversations
from classifier.privacy.stored_table import load_stored_table
from classifier.privacy.uniform_draw import uniform_draw
from classifier.records import Conversation


@dataclass(frozen=True)
class Material:
    """The conversations of a corpus, by what they are for.

    ``train`` to fit on, validation to choose thresholds and test to measure on, both also as streams;
    ``scored`` holds validation, then test.
    """

    train: Sequence[Conversation]
    scored: Sequence[Conversation]
    validation: Sequence[Stream]
    test: Sequence[Stream]
    sha256: str

    @property
    def tested(self) -> Sequence[Conversation]:
        """The test conversations, in the order of their streams."""
        return self.scored[len(self.validation) :]

    @property
    def facts(self) -> dict[str, Any]:
        """What the report says of the corpus."""
        first = self.scored[-1]
        return {
            "corpus": f"{first.corpus}, version {first.version}",
            "corpus_sha256": self.sha256,
            "split": (
                "thresholds from validation, figures from test: phrase families and accounts that "
                "stand in neither train nor validation"
            ),
        }


def read_material(corpus: Path, *, at_most: int | None, seed: int) -> Material:
    """The conversations of a corpus folder.

    Of validation and of test at most ``at_most``, drawn by lot; None for all. Raises ``InputError`` for one
    without validation or test conversations.
    """
    splits = read_corpus(corpus)
    require_splits(
        corpus,
        splits,
        "validation",
        "test",
        reason="thresholds are chosen on validation and measured on test, so both are needed",
    )
    for split in ("validation", "test") if at_most else ():
        drawn = sorted(splits[split], key=lambda found: uniform_draw(seed, "quick", found.id))[:at_most]
        splits[split] = sorted(drawn, key=lambda found: found.id)
    validation, test = (streams_from_conversations(splits[split]) for split in ("validation", "test"))
    return Material(
        splits["train"], [*splits["validation"], *splits["test"]], validation, test, content_hash(corpus)
    )


def read_leaks(
    attack: Path | None, curve: Path | None, corpus_sha256: str
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Facts and tables of an attack and of a curve, where given.

    Both must be of this corpus.
    """
    facts, tables = {}, {}
    for kind, table, path in (("attack", "attacks", attack), ("curve", "curve", curve)):
        if path is not None:
            stored = load_stored_table(path, kind)
            if stored.facts["corpus_sha256"] != corpus_sha256:
                raise InputError(
                    f"{path}: was made on another corpus than the one compared here; run "
                    f"'grooming-classifier privacy {kind}' on this one"
                )
            facts[kind], tables[table] = stored.facts, stored.table
    return facts, tables
