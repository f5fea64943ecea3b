"""Which names of people in its training text can be got back from this very model file? The file is opened, and asked, as whoever holds it can."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from classifier.model.message.file import load_model
from classifier.privacy.attacks.names import NAME_ATTACKS, names_found
from classifier.privacy.builds.dp_statement import dp_statement
from classifier.privacy.builds.opened import OpenedModel
from classifier.privacy.builds.vocabulary import plain, words_and_pairs
from classifier.privacy.policies.given_names import given_names
from classifier.records import Conversation


def opened_file(path: Path) -> OpenedModel:
    """The stage model in ``path`` as its holder sees it: its terms by group, its scores, and its bytes for the walk."""
    model = load_model(path)

    def terms_of(text: str) -> list[tuple[str, str]]:
        prepared = model.prepared(text)
        return [(group.analyser, gram) for group in model.feature_groups for gram in group.grams(prepared)]

    terms = [(group.analyser, term) for group in model.feature_groups for term in group.terms]
    statement = dp_statement(
        epsilon_per_label=math.inf,
        n_labels=len(model.labels),
        unit="message",
        cap=1,
        vocabulary=[term for _, term in terms],
    )
    return OpenedModel(
        features=terms_of,
        known=frozenset(terms),
        probabilities=model.probabilities,
        content=path.read_bytes(),
        statement=statement,
    )


def names_table(opened: OpenedModel, conversations: Iterable[Conversation]) -> pd.DataFrame:
    """How many names in ``conversations``, all of them trained on, each attack brings out, beside listed names that stand nowhere in them.

    Columns: ``attack``; ``share``, ``share_low``, ``share_high`` (Clopper-Pearson, 95 %), ``found``, ``n`` of the names; ``decoys_found``, ``n_decoys``.
    """
    names: set[str] = set()
    written: set[str] = set()
    for message in (message for conversation in conversations for message in conversation.messages):
        names.update(
            plain(message.text[span.start : span.end]) for span in message.personal if span.kind == "name"
        )
        written.update(words_and_pairs(plain(message.text)))
    rows = []
    for attack in NAME_ATTACKS:
        result = names_found(opened, attack, names=names, decoys=unwritten_names(written | names))
        low, high = result.found.interval()
        rows.append(
            (
                attack,
                result.found.value,
                low,
                high,
                result.found.hits,
                result.found.n,
                result.decoys.hits,
                result.decoys.n,
            )
        )
    return pd.DataFrame(
        rows, columns=["attack", "share", "share_low", "share_high", "found", "n", "decoys_found", "n_decoys"]
    )


def unwritten_names(written: set[str]) -> list[str]:
    """The names of the public list that are not among the ``written`` terms. A name may be written so (joined to a mark, say) that it is no term: hand those in too.

    >>> "Aaron" in unwritten_names(set()), "Aaron" in unwritten_names({"aaron"})
    (True, False)
    """
    return [name for name in given_names() if plain(name) not in written]
