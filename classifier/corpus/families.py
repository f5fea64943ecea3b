"""Phrase families: the hand-written sentences of the corpus, read from TOML.

A family is one idea said several ways by one sort of person. Families, not sentences, are split into
train, validation and test, so that a test sentence was never seen in other words.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from classifier.corpus import grammar
from classifier.errors import InputError, in_one_line
from classifier.readers.toml_files import read_toml
from classifier.taxonomy import LABELS, TACTICS

REGISTERS = ("casual", "young", "careful", "second_language", "regional", "voice")
FOLDER = "phrases"
"""Where the phrase files stand, beside this file."""


@dataclass(frozen=True)
class PhraseFamily:
    """One idea said several ways.

    ``source`` is the stage, cue or scene, or the kind of talk, whose file it stands in. A ``common`` family
    holds the commonest wordings of a tactic, as leaflets quote them; it always stands in train.
    """

    id: str
    kind: Literal["stage", "scene", "talk"]
    source: str
    labels: tuple[str, ...]
    tactic: str
    manner: str
    register: str
    phrasings: tuple[str, ...]
    common: bool = False


class _FamilyEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str = Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")
    register_: Literal["casual", "young", "careful", "second_language", "regional", "voice"] = Field(
        alias="register"
    )
    phrasings: list[str] = Field(min_length=2)
    labels: list[str] = []
    manner: Literal["plain", "negated", "quoted", "advised", "reported"] = "plain"
    common: bool = False


class _PhraseFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    label: str | None = None
    scene: str | None = None
    talk: (
        Literal[
            "filler",
            "question",
            "backchannel",
            "reply_neutral",
            "reply_unsure",
            "reply_refusing",
            "reply_telling",
        ]
        | None
    ) = None
    description: str
    tactic: str = ""
    family: list[_FamilyEntry]


class PhraseError(InputError):
    """A phrase file that breaks the format, named with the family."""


def read_phrase_file(path: Path) -> list[PhraseFamily]:
    """The families of one TOML file.

    Raises ``PhraseError`` naming file, family and remedy.
    """
    content = read_toml(path, PhraseError)
    try:
        parsed = _PhraseFile.model_validate(content)
    except ValidationError as error:
        raise PhraseError(f"{path}: {in_one_line(error.errors())}") from None
    kinds = {"stage": parsed.label, "scene": parsed.scene, "talk": parsed.talk}
    named = [(kind, value) for kind, value in kinds.items() if value is not None]
    if len(named) != 1:
        raise PhraseError(
            f"{path}: expected exactly one of 'label', 'scene' and 'talk' at the top, got {len(named)}"
        )
    kind, source = named[0]
    if kind == "stage" and TACTICS.get(parsed.tactic) != source:
        raise PhraseError(
            f"{path}: tactic {parsed.tactic!r} is not one of {source!r}: expected "
            f"{[tactic for tactic, label in TACTICS.items() if label == source]}"
        )
    if kind != "stage" and parsed.tactic:
        raise PhraseError(f"{path}: 'tactic' goes with 'label', and this file holds a {kind}")
    return [_family(entry, parsed, kind, source, path) for entry in parsed.family]  # type: ignore[arg-type]


def _family(
    entry: _FamilyEntry, file: _PhraseFile, kind: Literal["stage", "scene", "talk"], source: str, path: Path
) -> PhraseFamily:
    where = f"{path}: family {entry.id!r}"
    shown = {*entry.labels, source} if kind == "stage" else set(entry.labels)
    labels = tuple(label for label in LABELS if label in shown)
    if unknown := set(entry.labels) - set(LABELS):
        raise PhraseError(f"{where}: unknown labels {sorted(unknown)}, expected some of {list(LABELS)}")
    if entry.manner != "plain" and labels:
        raise PhraseError(
            f"{where}: a {entry.manner} phrase shows no behaviour, so its labels must be [], got "
            f"{list(labels)}"
        )
    if entry.common and kind != "stage":
        raise PhraseError(
            f"{where}: 'common' goes with the families of a tactic, and this file holds a {kind}"
        )
    if kind == "talk" and labels:
        raise PhraseError(f"{where}: talk carries no labels, got {list(labels)}")
    for phrasing in entry.phrasings:
        if faults := grammar.problems(phrasing):
            raise PhraseError(f"{where}: {phrasing!r}: {'; '.join(faults)}")
    return PhraseFamily(
        entry.id,
        kind,
        source,
        labels,
        file.tactic,
        entry.manner,
        entry.register_,
        tuple(entry.phrasings),
        entry.common,
    )


def load_families() -> list[PhraseFamily]:
    """Every phrase family, ordered by id.

    Raises ``PhraseError`` when an id is used twice.

    >>> len({family.id for family in load_families()}) == len(load_families())
    True
    """
    root = Path(str(files("classifier.corpus") / FOLDER))
    families = [family for path in sorted(root.rglob("*.toml")) for family in read_phrase_file(path)]
    for id_, count in Counter(family.id for family in families).items():
        if count > 1:
            raise PhraseError(f"{root}: family id {id_!r} is used {count} times; ids must be unique")
    return sorted(families, key=lambda family: family.id)
