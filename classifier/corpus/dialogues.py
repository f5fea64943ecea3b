"""Dialogues: short exchanges written whole, read from TOML; the second material of the corpus.

Every line of a dialogue follows from the one before. A conversation of the corpus is a chain of them
(``classifier.corpus.generator.chains``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from classifier.corpus import grammar
from classifier.errors import InputError, in_one_line
from classifier.readers.toml_files import read_toml
from classifier.taxonomy import LABELS, TACTICS

VOICES = {"v2": "dialogues", "v2-alt": "second_voice/dialogues"}
"""The folder of each voice. ``v2-alt`` shares no writer with ``v2`` and is used only for testing."""

ANY = "any"
"""The relation, and the use, of ordinary talk that fits every relation."""

AGES = ("child", "young", "adult", "older", "unstated")

_LINE = re.compile(
    r"(?P<optional>\?)?(?P<speaker>[AB])(?: (?P<tags>[a-z_.+]+))?"
    r"(?: \[(?P<manner>negated|quoted|advised|reported)\])?: (?P<text>\S.*)"
)
_LINE_FORMAT = (
    "expected 'A: text', 'A label.tactic+label.tactic: text' or 'A [reported]: text', '?' before it"
)


@dataclass(frozen=True)
class Line:
    """One message of a dialogue; the rest makes sense without an ``optional`` one."""

    speaker: Literal["A", "B"]
    tactics: tuple[str, ...]
    manner: str
    text: str
    optional: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """The stages and cues that the tactics belong to, in the taxonomy's order.

        >>> Line("A", ("time_place", "gift_offer"), "plain", "pizza at noon, on me").labels
        ('flattery', 'meeting')
        """
        shown = {TACTICS[tactic] for tactic in self.tactics}
        return tuple(label for label in LABELS if label in shown)


@dataclass(frozen=True)
class Dialogue:
    """A short exchange of two people, A and B.

    A opened the contact, and is the scripted sender of a pattern.

    ``use`` is "pattern", "ordinary", or "any" for ordinary talk that fits every relation. A ``hard``
    dialogue is ordinary and carries tactics that patterns live on. ``ages`` are A's and B's. ``in_person``
    is true of the relation.
    """

    id: str
    relation: str
    use: Literal["pattern", "ordinary", "any"]
    hard: bool
    pair: str
    writer: str
    ages: tuple[str, str]
    mood: str
    register: str
    lines: tuple[Line, ...]
    in_person: bool = False

    @property
    def family(self) -> str:
        """The unit of the split: the pair's name, else the id."""
        return self.pair or self.id


class _DialogueEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str = Field(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$")
    use: Literal["pattern", "ordinary", "any"]
    hard: bool
    pair: str = Field(pattern=r"^[a-z0-9_]*$")
    writer: str = Field(min_length=1)
    ages: str
    mood: str = Field(min_length=1)
    register_: Literal["casual", "young", "careful", "second_language", "regional", "voice"] = Field(
        alias="register"
    )
    lines: list[str] = Field(min_length=4, max_length=30)


class _DialogueFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    relation: str = Field(pattern=r"^[a-z0-9_]+$")
    description: str = Field(min_length=1)
    pattern: bool
    in_person: bool = False
    dialogue: list[_DialogueEntry]


class DialogueError(InputError):
    """A dialogue file that breaks the format; the message names file, dialogue and remedy."""


def read_dialogue_file(path: Path) -> list[Dialogue]:
    """The dialogues of one TOML file. Raises ``DialogueError`` naming file, dialogue and remedy.

    At the head of the file stand ``relation``, ``description``, ``pattern`` (whether patterns may be set in
    this relation) and, where people of the relation usually know each other in person, ``in_person = true``.
    """
    content = read_toml(path, DialogueError)
    try:
        parsed = _DialogueFile.model_validate(content)
    except ValidationError as error:
        raise DialogueError(f"{path}{_named(content, error)}: {in_one_line(error.errors())}") from None
    return [_dialogue(entry, parsed, f"{path}: dialogue {entry.id!r}") for entry in parsed.dialogue]


def holds_dialogues(path: Path) -> bool:
    """Whether a TOML file holds dialogues rather than phrases."""
    try:
        return (
            re.search(r"(?m)^(?:relation\s*=|\[\[dialogue\]\])", path.read_text(encoding="utf-8")) is not None
        )
    except (OSError, ValueError):
        return False


def _named(content: dict[str, object], error: ValidationError) -> str:
    """The dialogue of the first fault, as a piece of a message."""
    match error.errors()[0]["loc"], content.get("dialogue"):
        case ("dialogue", int(position), *_), list(entries) if isinstance(entries[position], dict):
            return f": dialogue {str(entries[position].get('id', '(without id)'))[:60]!r}"
    return ""


def _dialogue(entry: _DialogueEntry, file: _DialogueFile, where: str) -> Dialogue:
    first, _, second = entry.ages.partition(", ")
    if first not in AGES or second not in AGES:
        raise DialogueError(f"{where}: ages {entry.ages!r}: expected A's and B's, two of {', '.join(AGES)}")
    if entry.id.split(".")[0] != file.relation:
        raise DialogueError(
            f"{where}: stands in a file of {file.relation!r}; the id begins with the relation"
        )
    if (entry.use == ANY) != (file.relation == ANY):
        raise DialogueError(f"{where}: use 'any' goes with relation 'any', got {entry.use!r}")
    if entry.use == "pattern" and not file.pattern:
        raise DialogueError(
            f"{where}: a pattern in a file that says pattern = false; move it or make it ordinary"
        )
    lines = tuple(_line(text, where) for text in entry.lines)
    return Dialogue(
        id=entry.id,
        relation=file.relation,
        use=entry.use,
        hard=entry.hard,
        pair=entry.pair,
        writer=entry.writer,
        ages=(first, second),
        mood=entry.mood,
        register=entry.register_,
        lines=lines,
        in_person=file.in_person,
    )


def _line(written: str, where: str) -> Line:
    match = _LINE.fullmatch(written)
    if match is None:
        raise DialogueError(f"{where}: cannot read {written!r}: {_LINE_FORMAT}")
    tactics = tuple(_tactic(tag, written, where) for tag in (match["tags"] or "").split("+") if tag)
    if match["manner"] and tactics:
        raise DialogueError(
            f"{where}: {written!r}: a {match['manner']} line shows nothing; leave out its tactics"
        )
    if faults := grammar.problems(match["text"]):
        raise DialogueError(f"{where}: {written!r}: {'; '.join(faults)}")
    speaker: Literal["A", "B"] = "A" if match["speaker"] == "A" else "B"
    return Line(speaker, tactics, match["manner"] or "plain", match["text"], match["optional"] is not None)


def _tactic(tag: str, written: str, where: str) -> str:
    label, _, tactic = tag.partition(".")
    if tactic not in TACTICS:
        raise DialogueError(
            f"{where}: {written!r}: unknown tactic {tag!r}; expected label.tactic of the taxonomy"
        )
    if TACTICS[tactic] != label:
        raise DialogueError(f"{where}: {written!r}: {tactic!r} belongs to {TACTICS[tactic]!r}, not {label!r}")
    return tactic


def read_dialogue_folder(folder: Path) -> list[Dialogue]:
    """Every dialogue of the TOML files under ``folder``, ordered by id.

    Raises ``DialogueError`` when there is none, an id is used twice or the files of a relation differ in
    what they say of it.
    """
    read = [(path, read_dialogue_file(path)) for path in sorted(folder.rglob("*.toml"))]
    if not read:
        raise DialogueError(f"{folder}: holds no .toml of dialogues; expected <relation>/<topic>.toml")
    homes: dict[str, Path] = {}
    in_person: dict[str, bool] = {}
    for path, dialogues in read:
        for dialogue in dialogues:
            if dialogue.id in homes:
                raise DialogueError(
                    f"{path}: dialogue {dialogue.id!r} stands in {homes[dialogue.id]} too; "
                    "give it an id of its own"
                )
            homes[dialogue.id] = path
            if in_person.setdefault(dialogue.relation, dialogue.in_person) != dialogue.in_person:
                raise DialogueError(
                    f"{path}: in_person is {dialogue.in_person} here and not in the other files of "
                    f"{dialogue.relation!r}; say the same in each"
                )
    return sorted((dialogue for _, found in read for dialogue in found), key=lambda dialogue: dialogue.id)


def load_dialogues(voice: str = "v2") -> list[Dialogue]:
    """Every dialogue of a voice, ordered by id."""
    if voice not in VOICES:
        raise ValueError(f"voice must be one of {list(VOICES)}, got {voice!r}")
    return read_dialogue_folder(Path(str(files("classifier.corpus") / VOICES[voice])))


def same_opening(first: Dialogue, second: Dialogue) -> int:
    """How many lines two dialogues share from the start."""
    shared = 0
    for one, other in zip(first.lines, second.lines, strict=False):
        if one != other:
            break
        shared += 1
    return shared


def pairs(dialogues: Iterable[Dialogue]) -> dict[str, list[Dialogue]]:
    """The dialogues of each two-way pair, by the pair's name."""
    found: dict[str, list[Dialogue]] = {}
    for dialogue in dialogues:
        if dialogue.pair:
            found.setdefault(dialogue.pair, []).append(dialogue)
    return found


def tactic_counts(dialogues: Iterable[Dialogue]) -> Counter[str]:
    """In how many dialogues each tactic is shown."""
    return Counter(
        tactic for dialogue in dialogues for tactic in {t for line in dialogue.lines for t in line.tactics}
    )
