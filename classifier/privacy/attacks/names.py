"""Which names of people in the training text can the holder of a model file get back? Read, tried and asked; always beside names that were not there.

*Read*: the name stands in the file. *Tried*: all the features of the name are among those the file knows, which also undoes unsalted hashes. *Asked*: the model
answers to the name otherwise than to an empty text, which takes no look inside at all and undoes a salt as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from classifier.evaluation.rates import Rate
from classifier.privacy.builds.opened import OpenedModel, strings_in
from classifier.privacy.builds.vocabulary import plain, words_and_pairs

ANSWERS = 1e-9
"""A change in some probability above this is an answer; without one the arithmetic is the same and the change is 0."""


@dataclass(frozen=True)
class NamesFound:
    """``found``: gold names got back, out of all names in training. ``decoys``: names got "back" that were never there, the rate of false finds."""

    found: Rate
    decoys: Rate


def names_read(content: object, names: Collection[str], *, prepare: Callable[[str], str] = plain) -> set[str]:
    """The names that stand as whole words in some string reachable in ``content``. Of a longer name, every two neighbouring words must be found together.

    A name's possessive counts as the name. The ends of a string count as ends of a word, so a character n-gram that happens to be a name counts too. So does an
    ellipsis, which a model file has between two words that stood apart in a message: these are no name together.

    >>> names_read({"vocabulary_": {"ask zola": 0, "pizza": 1}}, ["Zola", "Mei"])
    {'Zola'}
    >>> sorted(names_read(["tell … zola", "mei … lin"], ["Zola", "Mei", "Mei Lin"]))
    ['Mei', 'Zola']
    """
    reachable = {
        gram
        for string in strings_in(content)
        for run in string.split("…")
        for gram in words_and_pairs(prepare(run))
    }
    return {
        name
        for name in names
        if any(
            parts and reachable.issuperset(parts)
            for parts in (_parts(prepare(form)) for form in _forms(name))
        )
    }


def names_tried(opened: OpenedModel, names: Collection[str]) -> set[str]:
    """The names all of whose features are known to the file."""
    features = {name: [opened.features(form) for form in _forms(name)] for name in names}
    return {
        name
        for name, forms in features.items()
        if any(own and all(feature in opened.known for feature in own) for own in forms)
    }


def names_asked(opened: OpenedModel, names: Collection[str]) -> set[str]:
    """The names to which the model answers otherwise than to an empty text."""
    asked = [(name, form) for name in sorted(names) for form in _forms(name)]
    answers = opened.probabilities(["", *(form for _, form in asked)])
    moved = (np.abs(answers[1:] - answers[0]) > ANSWERS).any(axis=1)
    return {name for (name, _), told in zip(asked, moved.tolist(), strict=True) if told}


NAME_ATTACKS: dict[str, Callable[[OpenedModel, Collection[str]], set[str]]] = {
    "names_read": lambda opened, names: names_read(opened.content, names),
    "names_tried": names_tried,
    "names_asked": names_asked,
}


def names_found(
    opened: OpenedModel, attack: str, *, names: Collection[str], decoys: Collection[str]
) -> NamesFound:
    """How many ``names``, all of which were in training, and how many ``decoys``, none of which was, an attack brings out.

    Raises ``ValueError`` when a name stands in both.
    """
    if both := sorted({plain(name) for name in names} & {plain(name) for name in decoys}):
        raise ValueError(f"decoys must not be names that were in training, got {both[:5]!r} in both")
    find = NAME_ATTACKS[attack]
    return NamesFound(
        *(Rate(hits=len(find(opened, sorted(set(group)))), n=len(set(group))) for group in (names, decoys))
    )


def _forms(name: str) -> tuple[str, str]:
    return name, f"{name}'s"


def _parts(prepared: str) -> list[str]:
    """The words of a name, or its pairs where it has several words: what of it can stand among terms of one and two words."""
    grams = words_and_pairs(prepared)
    return [gram for gram in grams if " " in gram] or grams
