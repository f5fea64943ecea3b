"""From dialogues to conversations: chains of dialogues between the same two people.

Patterns and benign exchanges draw number, lengths, gaps and who opens a talk from the same distributions,
before anything else is known of them, so that none of these gives the script away. A person has one
register, one age and one way of typing through a whole conversation, as far as the dialogues allow.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from classifier.corpus.dialogues import Dialogue, Line
from classifier.corpus.generator import accounts
from classifier.corpus.generator.chain_plan import (
    DialogueBook,
    Link,
    Pair,
    choose_chain,
    dialogue_book,
    draw_overtness,
    draw_relation,
    draw_shape,
    overtness_of,
    scripted_lines,
)
from classifier.corpus.generator.corpus_spec import CorpusSpec, split_sizes
from classifier.corpus.generator.opening_lines import opening_line
from classifier.corpus.generator.typing_habits import evened, light_habits, typed
from classifier.corpus.grammar import Segment, expand, skeleton
from classifier.corpus.slot_fillers import SLOTS, fill
from classifier.corpus.split import assign_dialogues, every_nth
from classifier.records import Conversation, Message, Metadata, PersonalSpan
from classifier.taxonomy import BENIGN, PATTERN

PATTERN_RATE_OF_SCRIPTED_SENDERS = 0.8
"""How many conversations of a sender who holds scripted patterns are patterns."""

OPTIONAL_RATE = 0.5
"""How often a line that may be left out is said."""

STATED_RATE = 0.65
"""How often somebody whose age the dialogues know has stated it."""

KNOWN_IN_PERSON = {True: 0.85, False: 0.12}
"""How often two people know each other in person, by whether people of their relation usually do."""

_AGE_OF_BAND = {"unstated": "unstated", "13_17": "young", "18_25": "adult", "over_25": "adult"}
_BANDS_OF_AGE = {
    "unstated": ("unstated",),
    "child": ("under_13",),
    "young": ("13_17",),
    "adult": ("18_25", "over_25"),
    "older": ("over_25",),
}


@dataclass(frozen=True)
class _Talk:
    """One dialogue as it is said: the lines kept, and whether the sender writes each."""

    dialogue: Dialogue
    lines: tuple[Line, ...]
    by_sender: tuple[bool, ...]


def generate_chains(spec: CorpusSpec, dialogues: Iterable[Dialogue]) -> Iterator[Conversation]:
    """The conversations of a corpus of dialogues, split after split.

    The same spec and dialogues give the same conversations.
    """
    for split, book in dialogue_books(spec, dialogues).items():
        yield from generate_chain_senders(spec, split, book)


def dialogue_books(spec: CorpusSpec, dialogues: Iterable[Dialogue]) -> dict[str, DialogueBook]:
    """The dialogues that each split draws from: no family stands in two.

    Raises ``ValueError`` when a split gets no ordinary dialogue of a relation.
    """
    dialogues = list(dialogues)
    homes = (
        dict.fromkeys((dialogue.family for dialogue in dialogues), "test")
        if spec.test_only
        else assign_dialogues(dialogues, seed=spec.seed)
    )
    kept = every_nth(homes, spec.every)
    books = {
        split: dialogue_book(dialogue for dialogue in dialogues if kept.get(dialogue.family) == split)
        for split in split_sizes(spec)
    }
    for split, book in books.items():
        if not book.ordinary:
            raise ValueError(
                f"split {split!r} has no ordinary dialogue; at least three of one relation are needed"
            )
    return books


def generate_chain_senders(
    spec: CorpusSpec,
    split: str,
    book: DialogueBook,
    *,
    first: int = 0,
    senders: int = sys.maxsize,
    made: int = 0,
) -> Iterator[Conversation]:
    """The conversations of up to ``senders`` senders of a split from number ``first`` on, when ``made``
    stand before.

    Every sender has draws of its own, so a split can be made piece by piece.
    """
    n = split_sizes(spec)[split]
    for number in range(first, first + senders):
        if made >= n:
            return
        rng = Random(f"{spec.name}:{spec.seed}:{split}:{number}")
        share = spec.pattern_share / PATTERN_RATE_OF_SCRIPTED_SENDERS
        sender = accounts.draw_sender(f"{split}-s{number:05d}", rng, scripted_share=share)
        for contacted in range(min(sender.n_conversations, n - made)):
            contact = _draw_contact(f"{split}-c{number:05d}-{contacted}", sender, rng)
            scripted = sender.scripted and rng.random() < PATTERN_RATE_OF_SCRIPTED_SENDERS
            id_ = f"{spec.name}-{split}-{made:06d}"
            yield _conversation(
                id_, spec, split, book, sender, contact, scripted and bool(book.patterns), rng
            )
            made += 1


def _draw_contact(id_: str, sender: accounts.Sender, rng: Random) -> accounts.Account:
    """An account that writes in the sender's register, as the dialogues are written in one."""
    register = sender.account.register
    return accounts.Account(id_, light_habits(register, rng), register, sender.account.usual_hour)


def _conversation(
    id_: str,
    spec: CorpusSpec,
    split: str,
    book: DialogueBook,
    sender: accounts.Sender,
    contact: accounts.Account,
    pattern: bool,
    rng: Random,
) -> Conversation:
    shape = draw_shape(book, rng)
    age = _AGE_OF_BAND[sender.age_band]
    relation = draw_relation(book.patterns if pattern else book.ordinary, age, rng)
    planned = draw_overtness(shape, rng) if pattern else ""
    pair = Pair(sender.account.register, (age, "unstated"))
    links, pair = choose_chain(book, shape, relation, pair, overtness=planned, rng=rng)
    talks = _opened([_talk(link, rng) for link in links], rng)
    shown = [
        line.labels
        for talk in talks
        if talk.dialogue.use == "pattern"
        for line in talk.lines
        if line in scripted_lines(talk.dialogue)
    ]
    overtness = overtness_of(shown) if pattern else ""
    return _assembled(id_, spec, split, sender, contact, relation, talks, pair, overtness, rng)


def _talk(link: Link, rng: Random) -> _Talk:
    """The dialogue without the optional lines left out; a pattern's only marked line stays."""
    only = scripted_lines(link.dialogue) if link.dialogue.use == "pattern" else []
    lines = tuple(
        line
        for line in link.dialogue.lines
        if not line.optional or rng.random() < OPTIONAL_RATE or [line] == only
    )
    return _Talk(link.dialogue, lines, tuple((line.speaker == "A") != link.turned for line in lines))


def _opened(talks: list[_Talk], rng: Random) -> list[_Talk]:
    """The talks, with a short line before some; the first stays as it is."""
    opened = talks[:1]
    for talk in talks[1:]:
        if text := opening_line(skeleton(talk.lines[0].text), rng):
            by_sender = rng.random() < 0.5
            line = Line("A" if by_sender else "B", (), "plain", text)
            talk = replace(talk, lines=(line, *talk.lines), by_sender=(by_sender, *talk.by_sender))
        opened.append(talk)
    return opened


def _assembled(
    id_: str,
    spec: CorpusSpec,
    split: str,
    sender: accounts.Sender,
    contact: accounts.Account,
    relation: str,
    talks: list[_Talk],
    pair: Pair,
    overtness: str,
    rng: Random,
) -> Conversation:
    times = iter(accounts.draw_talk_times([talk.by_sender for talk in talks], sender.account.usual_hour, rng))
    writers = {
        by_sender: replace(account, habits=evened(account.habits, _texts(talks, by_sender)))
        for by_sender, account in ((True, sender.account), (False, contact))
    }
    messages = [message for talk in talks for message in _messages(talk, writers, times, rng)]
    in_person = any(talk.dialogue.in_person for talk in talks)
    return Conversation(
        id=id_,
        label=PATTERN if overtness else BENIGN,
        scene=relation,
        split=split,
        register=Counter(talk.dialogue.register for talk in talks).most_common(1)[0][0],
        sender=sender.account.id,
        contact=contact.id,
        metadata=Metadata(
            "in_person" if rng.random() < KNOWN_IN_PERSON[in_person] else "online",
            sender.age_band,
            rng.choice(_BANDS_OF_AGE[pair.ages[1]]) if rng.random() < STATED_RATE else "unstated",
            sender.young_contacts,
        ),
        messages=tuple(messages),
        corpus=spec.name,
        version=spec.version,
        seed=spec.seed,
        families=tuple(sorted({message.family for message in messages})),
        relation=relation,
        overtness=overtness,
        dialogues=tuple(talk.dialogue.id for talk in talks),
        pair=next((talk.dialogue.pair for talk in talks if talk.dialogue.pair), ""),
    )


def _texts(talks: list[_Talk], by_sender: bool) -> list[str]:
    """What one of the two writes in each talk, a line a message."""
    said = [
        [
            skeleton(line.text)
            for line, own in zip(talk.lines, talk.by_sender, strict=True)
            if own == by_sender
        ]
        for talk in talks
    ]
    return ["\n".join(lines) for lines in said if lines]


def _messages(
    talk: _Talk, writers: dict[bool, accounts.Account], times: Iterator[datetime], rng: Random
) -> Iterator[Message]:
    """The messages of one talk; a slot has one filler through it."""
    fixed = {
        slot: fill(slot, rng) for slot in SLOTS if any(f"{{{slot}}}" in line.text for line in talk.lines)
    }
    for line, by_sender in zip(talk.lines, talk.by_sender, strict=True):
        writer = writers[by_sender]
        segments = typed(expand(line.text, rng, fixed=fixed), writer.habits, rng)
        yield _message(writer.id, segments, line, talk.dialogue.family, next(times))


def _message(author: str, segments: list[Segment], line: Line, family: str, time: datetime) -> Message:
    spans, at = [], 0
    for segment in segments:
        if segment.kind:
            spans.append(PersonalSpan(at, at + len(segment.text), segment.kind))
        at += len(segment.text)
    return Message(
        author,
        time,
        "".join(segment.text for segment in segments),
        line.labels,
        line.tactics[0] if line.tactics else "",
        line.manner,
        family,
        tuple(spans),
        tactics=line.tactics,
    )
