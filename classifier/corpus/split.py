"""The split of phrase families, and the check that none stands in two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from random import Random

from classifier.corpus.dialogues import Dialogue
from classifier.corpus.families import PhraseFamily
from classifier.records import SPLITS, Conversation

SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}


def assign_families(families: Iterable[PhraseFamily], *, seed: int) -> dict[str, str]:
    """A split for every family id: about 70/15/15 within each stratum; common ones stand in train.

    A stratum is a tactic, a scene with or without a shown behaviour, or a kind of talk. Every stratum
    of at least three families stands in all three splits. Adding a family to one stratum leaves the
    others as they were.
    """
    families = list(families)
    drawn = _assigned({family.id: _stratum(family) for family in families if not family.common}, seed)
    return drawn | {family.id: "train" for family in families if family.common}


def assign_dialogues(dialogues: Iterable[Dialogue], *, seed: int) -> dict[str, str]:
    """A split for every dialogue's family: about 70/15/15 by relation and use.

    The two dialogues of a pair are one family, so they stand in one split; pairs are a stratum of their
    own in each relation.
    """
    return _assigned(
        {
            dialogue.family: f"{dialogue.relation}/{'pair' if dialogue.pair else dialogue.use}"
            for dialogue in dialogues
        },
        seed,
    )


def every_nth(homes: Mapping[str, str], n: int) -> dict[str, str]:
    """Every ``n``-th family of each split, in the order of their ids.

    Each keeps the split that it has in ``homes``.

    >>> every_nth({"a": "train", "b": "train", "c": "test", "d": "train"}, 2)
    {'a': 'train', 'd': 'train', 'c': 'test'}
    """
    return {
        id_: split
        for split in SPLITS
        for id_ in sorted(id_ for id_, home in homes.items() if home == split)[::n]
    }


def _assigned(strata: dict[str, str], seed: int) -> dict[str, str]:
    """The split of every id, drawn within its stratum."""
    assigned: dict[str, str] = {}
    ordered = sorted(strata, key=lambda id_: (strata[id_], id_))
    for stratum, members in groupby(ordered, key=lambda id_: strata[id_]):
        ids = list(members)
        Random(f"{seed}:{stratum}").shuffle(ids)
        n_held_out = max(1, round(SHARES["test"] * len(ids))) if len(ids) >= 3 else 0
        for position, id_ in enumerate(ids):
            assigned[id_] = (
                "test" if position < n_held_out else "validation" if position < 2 * n_held_out else "train"
            )
    return assigned


def _stratum(family: PhraseFamily) -> str:
    if family.kind == "stage":
        return f"{family.source}/{family.tactic}"
    return f"{family.source}/{'shown' if family.labels else 'not shown'}"


def split_conversations(conversations: Iterable[Conversation]) -> dict[str, list[Conversation]]:
    """The conversations of each split.

    Raises ``ValueError`` when a phrase family, an account or an id stands in more than one. This is the
    guard against leaks: everything that fits or evaluates goes through it.
    """
    parts: dict[str, list[Conversation]] = {split: [] for split in SPLITS}
    for conversation in apart(conversations):
        parts[conversation.split].append(conversation)
    return parts


def apart(conversations: Iterable[Conversation]) -> Iterator[Conversation]:
    """The conversations as they come, checked one by one.

    Raises ``ValueError`` at the first whose phrase families, accounts or id were seen in another split.
    """
    homes: dict[tuple[str, str], str] = {}
    for conversation in conversations:
        claimed = [
            ("conversation id", conversation.id),
            ("account", conversation.sender),
            ("account", conversation.contact),
        ]
        for noun, id_ in [*claimed, *(("phrase family", family) for family in conversation.families)]:
            if homes.setdefault((noun, id_), conversation.split) != conversation.split:
                raise ValueError(
                    f"{noun} {id_!r} stands in both {homes[noun, id_]!r} and {conversation.split!r}; a "
                    "split by family must keep it in one"
                )
        yield conversation
