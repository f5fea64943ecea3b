"""The phrase families of one split, arranged for the generator."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from classifier.corpus.families import PhraseFamily


@dataclass(frozen=True)
class Phrasebook:
    """Families by what they are looked up for.

    ``by_label``: lines of the stage and cue files. ``shown`` and ``plain``: a scene's lines with and
    without a behaviour. ``talk``: filler and replies.
    """

    by_label: dict[str, list[PhraseFamily]]
    shown: dict[str, list[PhraseFamily]]
    plain: dict[str, list[PhraseFamily]]
    talk: dict[str, list[PhraseFamily]]

    @property
    def scenes(self) -> dict[str, PhraseFamily]:
        """Every scene, sorted, with a family that says what is true of it."""
        return {
            scene: (self.plain.get(scene) or self.shown[scene])[0]
            for scene in sorted(set(self.shown) | set(self.plain))
        }


def phrasebook(families: Iterable[PhraseFamily]) -> Phrasebook:
    """The families as a ``Phrasebook``.

    A family of a stage file stands under its label, of a scene under shown or plain, of talk under its
    kind.
    """
    by_label: dict[str, list[PhraseFamily]] = defaultdict(list)
    shown: dict[str, list[PhraseFamily]] = defaultdict(list)
    plain: dict[str, list[PhraseFamily]] = defaultdict(list)
    talk: dict[str, list[PhraseFamily]] = defaultdict(list)
    for family in sorted(families, key=lambda family: family.id):
        if family.kind == "stage":
            by_label[family.source].append(family)
        elif family.kind == "talk":
            talk[family.source].append(family)
        else:
            (shown if family.labels else plain)[family.source].append(family)
    return Phrasebook(dict(by_label), dict(shown), dict(plain), dict(talk))


def choose(families: Sequence[PhraseFamily], register: str, rng: Random) -> PhraseFamily:
    """One family, more often one in the author's register.

    Of two drawn, the one in that register is taken.
    """
    first, second = rng.choice(families), rng.choice(families)
    return second if first.register != register and second.register == register else first
