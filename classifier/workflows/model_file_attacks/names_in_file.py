"""Names of the training text that can be recovered from a model file."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import pandas as pd

from classifier.model.message.file import load_model
from classifier.privacy.attacks.name_recovery import NAME_ATTACKS, names_found
from classifier.privacy.model_variants.dp_statement import dp_statement
from classifier.privacy.model_variants.inspected_model import InspectedModel
from classifier.privacy.model_variants.vocabulary import plain_spelling, words_and_pairs
from classifier.privacy.policies.given_names import given_names
from classifier.records import Conversation, Message


def inspect_model_file(path: Path) -> InspectedModel:
    """The message model in ``path`` as an attacker sees it.

    An attacker who holds the file sees its terms by feature group, its scores, and its bytes.
    """
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
    return InspectedModel(
        features=terms_of,
        trained_features=frozenset(terms),
        probabilities=model.probabilities,
        content=path.read_bytes(),
        statement=statement,
    )


def names_table(
    model: InspectedModel, conversations: Iterable[Conversation], phrases: Iterable[str]
) -> pd.DataFrame:
    """How many names each attack finds, beside decoy names that occur nowhere.

    The names are those in ``conversations``, which must all be training data; the decoys are listed names
    that occur neither in them nor in ``phrases``, the texts that the model was fitted on beside them.

    Columns: ``attack``; ``share``, ``share_low``, ``share_high`` (Clopper-Pearson, 95 %), ``found``, ``n`` of
    the names; ``decoys_found``, ``n_decoys``.
    """
    messages = [message for conversation in conversations for message in conversation.messages]
    names = {name for message in messages for name in _names_in(message)}
    texts = chain((message.text for message in messages), phrases)
    terms = {term for text in texts for term in words_and_pairs(plain_spelling(text))}
    decoys = unwritten_names(terms | names)
    rows = []
    for attack in NAME_ATTACKS:
        result = names_found(model, attack, names=names, decoys=decoys)
        rows.append(
            {"attack": attack}
            | result.found.columns("share")
            | {"found": result.found.hits, "n": result.found.n}
            | {"decoys_found": result.decoys.hits, "n_decoys": result.decoys.n}
        )
    return pd.DataFrame(rows)


def _names_in(message: Message) -> list[str]:
    return [
        plain_spelling(message.text[span.start : span.end])
        for span in message.personal
        if span.kind == "name"
    ]


def unwritten_names(written: set[str]) -> list[str]:
    """The names of the public list that are not among the ``written`` terms.

    ``written`` must also hold names that are no term of their own because of their spelling, such as a name
    joined to a mark.

    >>> "Aaron" in unwritten_names(set()), "Aaron" in unwritten_names({"aaron"})
    (True, False)
    """
    return [name for name in given_names() if plain_spelling(name) not in written]
