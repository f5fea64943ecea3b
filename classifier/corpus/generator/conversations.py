"""Conversations drawn from phrase families.

A pattern and a benign exchange are built by the same steps and differ in one thing, the behaviours
planned for the sender. Length, turns, times, habits, filler talk and the contact's turns come from the
same draws for both, so that none of these gives the script away. The contact answers a behaviour with a
neutral, unsure, refusing or telling line, never by doing what was asked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random

from classifier.corpus.families import PhraseFamily, load_families
from classifier.corpus.generator import accounts
from classifier.corpus.generator.phrasebook import Phrasebook, choose, phrasebook
from classifier.corpus.generator.spec import CorpusSpec
from classifier.corpus.generator.typing import typed
from classifier.corpus.grammar import Segment, expand
from classifier.corpus.split import SHARES, assign_families
from classifier.records import SPLITS, Conversation, Message, PersonalSpan
from classifier.taxonomy import BENIGN, CUES, PATTERN, STAGES

STAGE_COUNTS = {
    PATTERN: {1: 0.08, 2: 0.16, 3: 0.3, 4: 0.28, 5: 0.18},
    BENIGN: {0: 0.48, 1: 0.33, 2: 0.15, 3: 0.035, 4: 0.005},
}
"""How many distinct stages the sender shows, by script.

They overlap: a scripted pattern can be one stage, a benign exchange several.
"""

CONTACT_LABELS = frozenset({"flattery", "info_request", "false_affinity"})
"""Behaviours the contact may show, in either class; more would show a request being met."""

PATTERN_RATE_OF_SCRIPTED_SENDERS = 0.8
REPEAT_RATE = {PATTERN: 0.55, BENIGN: 0.3}
"""How often a stage that was shown is shown once more."""

CUE_RATE = {PATTERN: 0.4, BENIGN: 0.06}
NEGATIVE_TONE_RATE = 0.12
REPLY_RATE = 0.6
"""How often the contact answers a behaviour with a reply; else the contact talks of something else.

Never a bare yes: such lines are back-channel talk.
"""

ORDINARY_REPLY_RATE = {PATTERN: 0.0, BENIGN: 0.15}
"""Replies at ordinary turns: so the contact replies as often in either script."""

REPLIES = {"reply_neutral": 0.4, "reply_unsure": 0.3, "reply_refusing": 0.15, "reply_telling": 0.15}
CAUTIOUS_REPLIES = {"reply_neutral": 0.2, "reply_unsure": 0.4, "reply_refusing": 0.22, "reply_telling": 0.18}
CAUTIOUS_LABELS = frozenset({"info_request", "secrecy", "meeting", "pressure"})
ORDINARY_TALK = {"filler": 0.55, "question": 0.25, "backchannel": 0.2}
"""Kinds of ordinary talk and how often each is drawn.

Without enough questions among it, a question mark would give a request for information away.
"""


@dataclass(frozen=True)
class _Script:
    """One conversation before its words.

    It has the author of each turn, and the label planned for it ('' for ordinary talk).
    """

    label: str
    scene: str
    turns: list[bool]
    planned: list[str]


def generate(
    spec: CorpusSpec,
    *,
    families: list[PhraseFamily] | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Iterator[Conversation]:
    """The conversations of a corpus, split after split.

    The same spec gives the same conversations. ``families`` replaces the voice's own phrase files;
    ``progress`` is called with the number of conversations done.
    """
    done = 0
    for split, book in phrasebooks(spec, families=families).items():
        for conversation in generate_senders(spec, split, book):
            done += 1
            progress(done)
            yield conversation


def split_sizes(spec: CorpusSpec) -> dict[str, int]:
    """How many conversations each split gets.

    >>> split_sizes(CorpusSpec(n_conversations=1000))
    {'train': 700, 'validation': 150, 'test': 150}
    """
    shares = {"test": 1.0} if spec.test_only else SHARES
    return {split: round(spec.n_conversations * shares[split]) for split in SPLITS if split in shares}


def phrasebooks(spec: CorpusSpec, *, families: list[PhraseFamily] | None = None) -> dict[str, Phrasebook]:
    """The phrasebook of each split; no family stands in two."""
    families = load_families(spec.voice) if families is None else families
    homes = (
        dict.fromkeys((family.id for family in families), "test")
        if spec.test_only
        else assign_families(families, seed=spec.seed)
    )
    return {
        split: phrasebook(family for family in families if homes[family.id] == split)
        for split in split_sizes(spec)
    }


def generate_senders(
    spec: CorpusSpec,
    split: str,
    book: Phrasebook,
    *,
    first: int = 0,
    senders: int = sys.maxsize,
    made: int = 0,
) -> Iterator[Conversation]:
    """The conversations of some senders of a split.

    They are up to ``senders`` senders from number ``first`` on; ``made`` conversations stand before
    them. Every sender has draws of its own, so a split can be made piece by piece.
    """
    n = split_sizes(spec)[split]
    for number in range(first, first + senders):
        if made >= n:
            return
        rng = Random(f"{spec.name}:{spec.seed}:{split}:{number}")
        sender = accounts.draw_sender(
            f"{split}-s{number:05d}",
            rng,
            scripted_share=spec.pattern_share / PATTERN_RATE_OF_SCRIPTED_SENDERS,
        )
        for contacted in range(min(sender.n_conversations, n - made)):
            contact = accounts.draw_account(
                f"{split}-c{number:05d}-{contacted}", rng, usual_hour=sender.account.usual_hour
            )
            pattern = sender.scripted and rng.random() < PATTERN_RATE_OF_SCRIPTED_SENDERS
            yield _conversation(
                f"{spec.name}-{split}-{made:06d}", spec, split, book, sender, contact, pattern, rng
            )
            made += 1


def _conversation(
    id_: str,
    spec: CorpusSpec,
    split: str,
    book: Phrasebook,
    sender: accounts.Sender,
    contact: accounts.Account,
    pattern: bool,
    rng: Random,
) -> Conversation:
    script = _draw_script(PATTERN if pattern else BENIGN, book, rng)
    times = accounts.draw_times(len(script.turns), sender.account.usual_hour, rng)
    messages: list[Message] = []
    said: set[tuple[str, int]] = set()
    for turn, (by_sender, planned) in enumerate(zip(script.turns, script.planned, strict=True)):
        author = sender.account if by_sender else contact
        family = _choose_family(script, turn, planned, messages, author, sender.account.id, book, rng)
        segments = typed(expand(_unsaid(family, said, rng), rng), author.habits, rng)
        messages.append(_message(author.id, segments, family, times[turn]))
    return Conversation(
        id=id_,
        label=script.label,
        scene=script.scene,
        split=split,
        register=sender.account.register,
        sender=sender.account.id,
        contact=contact.id,
        metadata=accounts.draw_metadata(
            sender, pattern=pattern, in_person=book.scenes[script.scene].in_person, rng=rng
        ),
        messages=tuple(messages),
        corpus=spec.name,
        version=spec.version,
        seed=spec.seed,
        families=tuple(sorted({message.family for message in messages})),
    )


def _message(author: str, segments: list[Segment], family: PhraseFamily, time: datetime) -> Message:
    spans, at = [], 0
    for segment in segments:
        if segment.kind:
            spans.append(PersonalSpan(at, at + len(segment.text), segment.kind))
        at += len(segment.text)
    text = "".join(segment.text for segment in segments)
    return Message(author, time, text, family.labels, family.tactic, family.manner, family.id, tuple(spans))


def _draw_script(label: str, book: Phrasebook, rng: Random) -> _Script:
    """Scene, turns and planned behaviours, these at random turns of the sender."""
    scenes = {
        scene: family.weight
        for scene, family in book.scenes.items()
        if label == BENIGN or not family.benign_only
    }
    scene = rng.choices(list(scenes), list(scenes.values()))[0]
    turns = accounts.draw_turns(accounts.draw_length(rng), rng)
    if True not in turns:
        turns[rng.randrange(len(turns))] = True
    own = [turn for turn, by_sender in enumerate(turns) if by_sender]
    behaviours = _draw_behaviours(label, rng)[: len(own)]
    planned = [""] * len(turns)
    for turn, behaviour in zip(rng.sample(own, len(behaviours)), behaviours, strict=True):
        planned[turn] = behaviour
    return _Script(label, scene, turns, planned)


def _draw_behaviours(label: str, rng: Random) -> list[str]:
    """The labels of the sender's lines: stages one to a few times, cues at times."""
    counts = STAGE_COUNTS[label]
    n_stages = rng.choices(list(counts), list(counts.values()))[0]
    stages = rng.sample(STAGES, n_stages)
    if label == PATTERN and rng.random() < NEGATIVE_TONE_RATE:
        stages = [*{"isolation", *stages} - {"flattery"}]
        stages.sort(key=STAGES.index)
    behaviours = list(stages)
    for stage in stages:
        while rng.random() < REPEAT_RATE[label]:
            behaviours.append(stage)
    for cue in CUES:
        if rng.random() < CUE_RATE[label]:
            behaviours.append(cue)
    return behaviours


def _choose_family(
    script: _Script,
    turn: int,
    planned: str,
    before: list[Message],
    author: accounts.Account,
    sender: str,
    book: Phrasebook,
    rng: Random,
) -> PhraseFamily:
    if planned:
        return choose(_showing(planned, script, book, rng), author.register, rng)
    by_sender = author.id == sender
    role = "sender" if by_sender else "contact"
    if not by_sender:
        asked = _unanswered(before, sender)
        if rng.random() < (REPLY_RATE if asked else ORDINARY_REPLY_RATE[script.label]):
            kinds = CAUTIOUS_REPLIES if asked & CAUTIOUS_LABELS or not asked else REPLIES
            return choose(book.talk[rng.choices(list(kinds), list(kinds.values()))[0]], author.register, rng)
        if asked:
            return choose(book.talk["filler"], author.register, rng)
        if rng.random() < 0.04:
            shown = [
                family
                for family in book.shown.get(script.scene, [])
                if family.role != "sender" and set(family.labels) <= CONTACT_LABELS
            ]
            if shown:
                return choose(shown, author.register, rng)
    if rng.random() < 0.4:
        plain = [family for family in book.plain.get(script.scene, []) if family.role in (role, "any")]
        if plain:
            return choose(plain, author.register, rng)
    kind = rng.choices(list(ORDINARY_TALK), list(ORDINARY_TALK.values()))[0]
    return choose(book.talk.get(kind, book.talk["filler"]), author.register, rng)


def _unanswered(before: list[Message], sender: str) -> set[str]:
    """The labels the sender has shown since the contact last wrote."""
    labels: set[str] = set()
    for message in reversed(before):
        if message.author != sender:
            break
        labels.update(message.labels)
    return labels


def _showing(label: str, script: _Script, book: Phrasebook, rng: Random) -> list[PhraseFamily]:
    """Families that show ``label``: often the scene's own, else of its tactics.

    A benign exchange keeps to ordinary tactics.
    """
    own = [
        family
        for family in book.shown.get(script.scene, [])
        if label in family.labels and family.role != "contact"
    ]
    if own and rng.random() < (0.25 if script.label == PATTERN else 0.6):
        return own
    families = book.by_label[label]
    if script.label == BENIGN:
        families = [family for family in families if family.ordinary] or families
    return families


def _unsaid(family: PhraseFamily, said: set[tuple[str, int]], rng: Random) -> str:
    """A phrasing new to this conversation, or any one when all are used."""
    left = [number for number in range(len(family.phrasings)) if (family.id, number) not in said] or list(
        range(len(family.phrasings))
    )
    number = rng.choice(left)
    said.add((family.id, number))
    return family.phrasings[number]
