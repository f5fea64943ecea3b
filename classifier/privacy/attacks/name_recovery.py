"""Names in training text that can be recovered from a model.

Each figure stands beside that of decoy names. *Read*: the name stands in the file. *Tried*: all features of
the name are among those the file knows, which also undoes unsalted hashes. *Asked*: the model answers to the
name otherwise than to an empty text, which needs no look inside and undoes a salt as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from classifier.evaluation.rates import Rate
from classifier.privacy.model_variants.inspected_model import InspectedModel, strings_in
from classifier.privacy.model_variants.vocabulary import plain_spelling, words_and_pairs

ANSWERS = 1e-9
"""A change in some probability above this is an answer. Without an answer the arithmetic is the same, and the
change 0."""


@dataclass(frozen=True)
class NamesFound:
    """How many names an attack recovered.

    ``found`` is of the names in training, ``decoys`` of names that were not: the rate of false finds.
    """

    found: Rate
    decoys: Rate


def names_read(content: object, names: Collection[str]) -> set[str]:
    """The names that stand as whole words in ``content``.

    That is, in some string that can be reached in it. Of a longer name, every two neighbouring words must be
    found together. A name's possessive counts as the name. The ends of a string count as ends of a word, so a
    character n-gram that happens to be a name counts too. So does an ellipsis, which a model file has between
    two words that stood apart in a message: these are no name together.

    >>> names_read({"vocabulary_": {"ask zola": 0, "pizza": 1}}, ["Zola", "Mei"])
    {'Zola'}
    >>> sorted(names_read(["tell … zola", "mei … lin"], ["Zola", "Mei", "Mei Lin"]))
    ['Mei', 'Zola']
    """
    runs = [run for string in strings_in(content) for run in string.split("…")]
    reachable = {gram for run in runs for gram in words_and_pairs(plain_spelling(run))}

    def stands_in_content(form: str) -> bool:
        terms = _pairs_or_word(plain_spelling(form))
        return bool(terms) and reachable.issuperset(terms)

    return {name for name in names if any(map(stands_in_content, _with_possessive(name)))}


def names_tried(model: InspectedModel, names: Collection[str]) -> set[str]:
    """The names all of whose features are known to the file."""

    def is_known(form: str) -> bool:
        features = model.features(form)
        return bool(features) and all(feature in model.trained_features for feature in features)

    return {name for name in names if any(map(is_known, _with_possessive(name)))}


def names_asked(model: InspectedModel, names: Collection[str]) -> set[str]:
    """The names that the model answers to.

    Its answer differs from that to an empty text.
    """
    asked = [(name, form) for name in sorted(names) for form in _with_possessive(name)]
    answers = model.probabilities(["", *(form for _, form in asked)])
    differs = (np.abs(answers[1:] - answers[0]) > ANSWERS).any(axis=1)
    return {name for (name, _), answered in zip(asked, differs.tolist(), strict=True) if answered}


NAME_ATTACKS: dict[str, Callable[[InspectedModel, Collection[str]], set[str]]] = {
    "names_read": lambda model, names: names_read(model.content, names),
    "names_tried": names_tried,
    "names_asked": names_asked,
}


def names_found(
    model: InspectedModel, attack: str, *, names: Collection[str], decoys: Collection[str]
) -> NamesFound:
    """How many names, and how many decoys, an attack recovers.

    All ``names`` were in training, and no decoy was. Raises ``ValueError`` when a name stands in both.
    """
    if both := sorted(set(map(plain_spelling, names)) & set(map(plain_spelling, decoys))):
        raise ValueError(f"decoys must not be names that were in training, got {both[:5]!r} in both")
    recovered_by = NAME_ATTACKS[attack]

    def rate(group: Collection[str]) -> Rate:
        distinct = sorted(set(group))
        return Rate(hits=len(recovered_by(model, distinct)), n=len(distinct))

    return NamesFound(found=rate(names), decoys=rate(decoys))


def _with_possessive(name: str) -> tuple[str, str]:
    return name, f"{name}'s"


def _pairs_or_word(name: str) -> list[str]:
    """The pairs of words in a name, or its one word.

    These can stand among terms of one or two words.
    """
    grams = words_and_pairs(name)
    return [gram for gram in grams if " " in gram] or grams
