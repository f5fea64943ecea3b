"""The plan of a conversation: its shape first, then the dialogues that fill it.

The shape (how many dialogues, how long each, which of them are talk of any relation, who opens those)
is drawn before the script, and from the same distribution for patterns and benign exchanges. A pattern
then puts scripted dialogues where a benign exchange has ordinary ones of the same relation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

from classifier.corpus.dialogues import ANY, Dialogue, Line
from classifier.taxonomy import STAGES

MEAN_DIALOGUES = 3
MAX_DIALOGUES = 40
MAX_MESSAGES = 300
ANY_RATE = 0.35
"""How often a dialogue is talk of any relation; at least one of a conversation is of its own."""

OVERT_FROM_MESSAGES = 12
OVERT_RATE = 0.6
"""How often a pattern with room for two scripted dialogues is planned overt, so that a third of all are."""

FAINT_RATE = 0.5
"""How often any other pattern is planned faint; the rest are mixed."""

SCRIPTED_DIALOGUES = {"overt": (2, 2, 3, 3, 4), "mixed": (1, 1, 2, 2, 3), "faint": (1, 1, 1, 2)}
"""Numbers of scripted dialogues to try, by overtness, as often as they are listed."""

CAREFUL = "careful"
"""The register of whole sentences with capitals: it stands out most beside another."""

N_TRIED = 40
N_COMPARED = 20
"""Of up to so many that would do, the one that fits people and shape best is taken: a lean, not a rule."""


@dataclass(frozen=True)
class Turns:
    """Turn-taking of a dialogue: lines, A's share, share that follow the same speaker."""

    n_lines: float
    by_a: float
    bursts: float

    @classmethod
    def of(cls, dialogue: Dialogue) -> Turns:
        """The turns of a dialogue as it is written."""
        speakers = [line.speaker for line in dialogue.lines]
        bursts = sum(one == other for one, other in pairwise(speakers))
        return cls(len(speakers), speakers.count("A") / len(speakers), bursts / len(speakers))


@dataclass(frozen=True)
class DialogueBook:
    """The dialogues of one split, by relation.

    They are patterns and ordinary ones by relation, and those for any relation. ``turns`` are those of
    every dialogue by its id; ``own`` the ids of all but the talk of any relation.
    """

    patterns: dict[str, list[Dialogue]]
    ordinary: dict[str, list[Dialogue]]
    anywhere: list[Dialogue]
    turns: dict[str, Turns]
    own: tuple[str, ...]


def dialogue_book(dialogues: Iterable[Dialogue]) -> DialogueBook:
    """The dialogues arranged by what the generator looks them up for."""
    found: dict[str, dict[str, list[Dialogue]]] = {
        use: defaultdict(list) for use in ("pattern", "ordinary", "any")
    }
    ordered = sorted(dialogues, key=lambda dialogue: dialogue.id)
    for dialogue in ordered:
        found[dialogue.use][dialogue.relation].append(dialogue)
    return DialogueBook(
        dict(found["pattern"]),
        dict(found["ordinary"]),
        found[ANY].get(ANY, []),
        {dialogue.id: Turns.of(dialogue) for dialogue in ordered},
        tuple(dialogue.id for dialogue in ordered if dialogue.use != ANY),
    )


@dataclass(frozen=True)
class Shape:
    """The plan of a conversation: each dialogue's turns, and two flags.

    ``own``: it is of the pair's own relation, not talk of any. ``turned``: the sender speaks as B. Only
    talk of any relation is turned round, as the roles of every other dialogue are part of it.
    """

    turns: tuple[Turns, ...]
    own: tuple[bool, ...]
    turned: tuple[bool, ...]

    @property
    def n_messages(self) -> float:
        """Messages wanted in all."""
        return sum(turns.n_lines for turns in self.turns)


@dataclass(frozen=True)
class Link:
    """One dialogue of a chain; ``turned`` when the sender speaks as B."""

    dialogue: Dialogue
    turned: bool


@dataclass(frozen=True)
class Pair:
    """The register and ages of the two people, as far as known.

    "unstated" fits every age.
    """

    register: str
    ages: tuple[str, str]


def draw_shape(book: DialogueBook, rng: Random) -> Shape:
    """The shape of a conversation.

    The number of dialogues is geometric; the messages are at most ``MAX_MESSAGES``.
    """
    n = 1
    while n < MAX_DIALOGUES and rng.random() < 1 - 1 / MEAN_DIALOGUES:
        n += 1
    own = [rng.random() >= ANY_RATE for _ in range(n)]
    own[rng.randrange(n)] = True
    anywhere = [dialogue.id for dialogue in book.anywhere] or book.own
    turns = [book.turns[rng.choice(book.own if is_own else anywhere)] for is_own in own]
    while sum(each.n_lines for each in turns) > MAX_MESSAGES:
        turns.pop()
    own = own[: len(turns)]
    if True not in own:
        own[0] = True
    turned = [not is_own and rng.random() < 0.5 for is_own in own]
    return Shape(tuple(turns), tuple(own), tuple(turned))


def draw_overtness(shape: Shape, rng: Random) -> str:
    """The overtness a pattern of this shape is planned to have."""
    has_room = shape.n_messages >= OVERT_FROM_MESSAGES and sum(shape.own) >= 2
    if has_room and rng.random() < OVERT_RATE:
        return "overt"
    return "faint" if rng.random() < FAINT_RATE else "mixed"


def overtness_of(shown: Sequence[Iterable[str]]) -> str:
    """The overtness of a pattern, from the labels of each scripted line that is marked.

    >>> overtness_of([{"flattery"}, {"secrecy", "pressure"}])
    'faint'
    """
    stages = {label for labels in shown for label in labels if label in STAGES}
    if len(shown) >= 6 and len(stages) >= 3:
        return "overt"
    return "faint" if len(shown) <= 2 else "mixed"


def draw_relation(parts: dict[str, list[Dialogue]], age: str, rng: Random) -> str:
    """A relation, as often as it has dialogues for a sender of this age."""
    weights = {
        relation: sum(_same_age(dialogue.ages[0], age) for dialogue in dialogues)
        for relation, dialogues in parts.items()
    }
    if not any(weights.values()):
        weights = {relation: len(dialogues) for relation, dialogues in parts.items()}
    return rng.choices(list(weights), list(weights.values()))[0]


def choose_chain(
    book: DialogueBook,
    shape: Shape,
    relation: str,
    pair: Pair,
    *,
    overtness: str,
    rng: Random,
) -> tuple[list[Link], Pair]:
    """The dialogues of a conversation in order, and what they say of the people.

    ``overtness`` is empty for a benign exchange. No dialogue, and no family, stands in a chain twice,
    and at most one dialogue is of a two-way pair. Where the relation's own dialogues run out, talk of
    any relation takes their place; where that runs out, too, the chain ends early.
    """
    scripted: list[Dialogue] = []
    if overtness:
        scripted = _choose_scripted(book, relation, shape, pair, overtness, rng)
        for dialogue in scripted:
            pair = _narrowed(pair, dialogue, turned=False)
    own = [position for position, is_own in enumerate(shape.own) if is_own]
    at = dict(zip(rng.sample(own, len(scripted)), scripted, strict=True))
    links: dict[int, Link] = {position: Link(dialogue, turned=False) for position, dialogue in at.items()}
    for position in _positions(shape):
        if position in links:
            continue
        said = [link.dialogue for link in links.values()]
        room = shape.n_messages - sum(len(dialogue.lines) for dialogue in said)
        wanted = replace(shape.turns[position], n_lines=room / (len(shape.turns) - len(links)))
        pools = [book.ordinary.get(relation, []), book.anywhere] if shape.own[position] else [book.anywhere]
        turned = shape.turned[position]
        chosen = _choose_ordinary(book, pools, said, pair, wanted=wanted, turned=turned, rng=rng)
        if chosen is not None and (not links or wanted.n_lines >= len(chosen.lines) / 2):
            links[position] = Link(chosen, turned)
            pair = _narrowed(pair, chosen, turned=turned)
    if not links:  # a sender of an age that no dialogue of the relation is for
        anybody = replace(pair, ages=("unstated", "unstated"))
        return choose_chain(book, shape, relation, anybody, overtness=overtness, rng=rng)
    return [links[position] for position in sorted(links)], pair


def _positions(shape: Shape) -> list[int]:
    """The relation's own dialogues first, so that they say who the two are."""
    return sorted(range(len(shape.own)), key=lambda position: not shape.own[position])


def _choose_scripted(
    book: DialogueBook, relation: str, shape: Shape, pair: Pair, overtness: str, rng: Random
) -> list[Dialogue]:
    """Scripted dialogues that together have the overtness, or the best fit tried.

    The people's ages come first: where no such dialogues have the overtness, others of the right ages
    are taken.
    """
    patterns = book.patterns[relation]
    fitting = [dialogue for dialogue in patterns if _are_of_age(dialogue, pair, turned=False)] or patterns
    numbers = [n for n in SCRIPTED_DIALOGUES[overtness] if n <= sum(shape.own)] or [1]
    wanted = [turns for turns, is_own in zip(shape.turns, shape.own, strict=True) if is_own]
    tried = [rng.sample(fitting, min(rng.choice(numbers), len(fitting))) for _ in range(N_TRIED)]
    possible = [chosen for chosen in tried if _can_stand_together(chosen, pair)] or [[rng.choice(fitting)]]
    found = [
        chosen
        for chosen in possible
        if overtness_of([line.labels for dialogue in chosen for line in scripted_lines(dialogue)])
        == overtness
    ]
    return max((found or possible)[:N_COMPARED], key=lambda chosen: _fit_of_all(book, chosen, pair, wanted))


def _can_stand_together(chosen: list[Dialogue], pair: Pair) -> bool:
    """Whether one pair of people can say all of them.

    At most one may be of a two-way pair.
    """
    for dialogue in chosen:
        if not _are_of_age(dialogue, pair, turned=False):
            return False
        pair = _narrowed(pair, dialogue, turned=False)
    return sum(bool(dialogue.pair) for dialogue in chosen) <= 1


def _fit_of_all(book: DialogueBook, chosen: list[Dialogue], pair: Pair, wanted: list[Turns]) -> float:
    """The mean fit of dialogues that are said by one pair."""
    fits = [
        _fit(book, dialogue, pair, turns, turned=False)
        for dialogue, turns in zip(chosen, wanted, strict=False)
    ]
    return sum(fits) / len(fits)


def scripted_lines(dialogue: Dialogue) -> list[Line]:
    """The lines of a pattern in which its sender shows a behaviour."""
    return [line for line in dialogue.lines if line.speaker == "A" and line.tactics]


def _choose_ordinary(
    book: DialogueBook,
    pools: Sequence[Sequence[Dialogue]],
    used: Iterable[Dialogue],
    pair: Pair,
    *,
    wanted: Turns,
    turned: bool,
    rng: Random,
) -> Dialogue | None:
    """A fitting dialogue for people of these ages, or None.

    It comes from the first pool that has one left.
    """
    families = {dialogue.family for dialogue in used}
    has_pair = any(dialogue.pair for dialogue in used)
    for pool in pools:
        left = [
            dialogue
            for dialogue in pool
            if dialogue.family not in families
            and not (has_pair and dialogue.pair)
            and _are_of_age(dialogue, pair, turned=turned)
        ]
        if left:
            compared = rng.sample(left, min(len(left), N_COMPARED))
            return max(compared, key=lambda dialogue: _fit(book, dialogue, pair, wanted, turned=turned))
    return None


def _fit(book: DialogueBook, dialogue: Dialogue, pair: Pair, wanted: Turns, *, turned: bool) -> float:
    """How well a dialogue fits the register of two people and the turns wanted."""
    turns = book.turns[dialogue.id]
    by_sender = 1 - turns.by_a if turned else turns.by_a
    return (
        2 * (dialogue.register == pair.register)
        - 3 * ((dialogue.register == CAREFUL) != (pair.register == CAREFUL))
        - abs(turns.n_lines - wanted.n_lines) / 2
        - 12 * abs(by_sender - wanted.by_a)
        - 6 * abs(turns.bursts - wanted.bursts)
    )


def _are_of_age(dialogue: Dialogue, pair: Pair, *, turned: bool) -> bool:
    """Whether two people of these ages can say the dialogue."""
    ages = dialogue.ages[::-1] if turned else dialogue.ages
    return all(_same_age(one, other) for one, other in zip(ages, pair.ages, strict=True))


def _same_age(one: str, other: str) -> bool:
    return one == other or "unstated" in (one, other) or {one, other} == {"adult", "older"}


def _narrowed(pair: Pair, dialogue: Dialogue, *, turned: bool) -> Pair:
    """The pair with the ages that the dialogue states and were not yet known."""
    ages = dialogue.ages[::-1] if turned else dialogue.ages
    first, second = (
        stated if known == "unstated" else known for known, stated in zip(pair.ages, ages, strict=True)
    )
    return replace(pair, ages=(first, second))
