"""The project's own corpus files: one conversation a line, as JSON.

A record is checked here, once, with every fault named by file, line and field. A record without
``"synthetic": true`` is refused; there is no override. Files are gzipped when the name ends in .gz.

A record of schema 1 has a ``scene`` and messages with a ``tactic``; one of schema 2 has a ``relation``,
``dialogues``, ``overtness`` and ``pair``, and messages with ``tactics``.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from classifier.errors import InputError, in_one_line
from classifier.readers.file_opening import text_lines
from classifier.readers.rows.content_sniffing import is_corpus_record
from classifier.records import Conversation, Message, Metadata, PersonalSpan
from classifier.taxonomy import LABELS, TACTICS


class CorpusError(InputError):
    """A corpus file that cannot be used: which file, which line, what to do."""


def known_label(label: str) -> str:
    """``label``, for pydantic. Raises ``ValueError`` for one that the taxonomy does not have."""
    if label not in LABELS:
        raise ValueError(f"unknown label {label!r}, expected one of {', '.join(LABELS)}")
    return label


def known_tactic(tactic: str) -> str:
    """``tactic``, for pydantic. Raises ``ValueError`` for one that the taxonomy does not have."""
    if tactic and tactic not in TACTICS:
        raise ValueError(f"unknown tactic {tactic!r}, see classifier/taxonomy.py")
    return tactic


def marked_synthetic(value: Any) -> Any:
    """``True``, for pydantic. Raises ``ValueError`` for anything else."""
    if value is not True:
        raise ValueError('expected "synthetic": true; only clearly labelled synthetic conversations are read')
    return value


class _MessageEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    author: str = Field(min_length=1)
    time: datetime
    text: str
    # Tuples, as pydantic copies the default of a list for every message.
    labels: tuple[Annotated[str, AfterValidator(known_label)], ...] = ()
    tactic: Annotated[str, AfterValidator(known_tactic)] = ""
    tactics: tuple[Annotated[str, AfterValidator(known_tactic)], ...] = ()
    manner: Literal["plain", "negated", "quoted", "advised", "reported"] = "plain"
    family: str = Field(min_length=1)
    personal: tuple[tuple[int, int, str], ...] = ()


class _ConversationEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str = Field(min_length=1)
    synthetic: Annotated[bool, BeforeValidator(marked_synthetic)]
    corpus: str = Field(min_length=1)
    version: str = Field(min_length=1)
    seed: int
    split: Literal["train", "validation", "test"]
    label: Literal["benign", "grooming_pattern"]
    scene: str = ""
    relation: str = ""
    overtness: Literal["", "overt", "mixed", "faint"] = ""
    dialogues: tuple[str, ...] = ()
    pair: str = ""
    register_: str = Field(alias="register")
    sender: str
    contact: str
    known_from: Literal["online", "in_person"]
    sender_age_band: str
    contact_age_band: str
    young_contacts: int = Field(ge=0)
    families: list[str] = Field(min_length=1)
    messages: list[_MessageEntry] = Field(min_length=1)

    @model_validator(mode="after")
    def _of_one_schema(self) -> _ConversationEntry:
        if bool(self.relation) == ("scene" in self.model_fields_set):
            raise ValueError("expected either 'scene' (schema 1) or 'relation' (schema 2)")
        return self


def read_conversations(path: Path | str) -> list[Conversation]:
    """Every conversation of a JSONL file, in file order.

    Raises ``CorpusError`` for a missing or non-UTF-8 file, a truncated or invalid line, a record without
    the synthetic mark, and an id used twice.
    """
    return list(iterate_conversations(path))


def iterate_conversations(path: Path | str) -> Iterator[Conversation]:
    """Like ``read_conversations``, one at a time."""
    seen: dict[str, int] = {}
    for number, line in _lines(Path(path)):
        if not seen:
            _require_corpus(line, f"{path}:{number}")
        conversation = conversation_of(line, f"{path}:{number}")
        if conversation.id in seen:
            raise CorpusError(
                f"{path}:{number}: id: {conversation.id!r} was already used on line "
                f"{seen[conversation.id]}; give every conversation its own id"
            )
        seen[conversation.id] = number
        yield conversation


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        yield from ((number, line) for number, line in text_lines(path) if line.strip())
    except InputError as error:
        raise CorpusError(str(error)) from None


def _require_corpus(line: str, where: str) -> None:
    """Raise ``CorpusError`` where the first line shows a file of another kind."""
    kind = ""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        if not line.lstrip().startswith("{") and re.search("[,;\t]", line):
            kind = "rows of CSV"
    else:
        if isinstance(record, list):
            kind = "one JSON array"
        elif isinstance(record, dict) and "messages" not in record and "text" in record:
            kind = "message rows"
        elif isinstance(record, dict) and "messages" in record and not is_corpus_record(record):
            kind = "conversations of another tool"
    if kind:
        raise CorpusError(
            f"{where}: holds {kind}, and no conversations of a corpus of this project, one a line; only such "
            "corpora are trained on and evaluated, rows are scored"
        )


def conversation_of(line: str, where: str) -> Conversation:
    """The conversation of a line. Raises ``CorpusError`` beginning with ``where`` for any other."""
    try:
        entry = _ConversationEntry.model_validate_json(line)
    except ValidationError as error:
        raise CorpusError(f"{where}: {_fault(error.errors())}") from None
    return Conversation(
        id=entry.id,
        label=entry.label,
        scene=entry.relation or entry.scene,
        split=entry.split,
        register=entry.register_,
        sender=entry.sender,
        contact=entry.contact,
        metadata=Metadata(
            entry.known_from, entry.sender_age_band, entry.contact_age_band, entry.young_contacts
        ),
        messages=tuple(_message(message) for message in entry.messages),
        corpus=entry.corpus,
        version=entry.version,
        seed=entry.seed,
        synthetic=entry.synthetic,
        families=tuple(entry.families),
        relation=entry.relation,
        overtness=entry.overtness,
        dialogues=entry.dialogues,
        pair=entry.pair,
    )


def _fault(faults: Sequence[Any]) -> str:
    if faults[0]["type"] == "json_invalid":
        return (
            f"not a whole JSON object ({faults[0]['ctx']['error']}); the line may be cut off, write "
            "the file again"
        )
    return in_one_line(faults)


def _message(entry: _MessageEntry) -> Message:
    return Message(
        author=entry.author,
        time=entry.time,
        text=entry.text,
        labels=tuple(label for label in LABELS if label in entry.labels) if entry.labels else (),
        tactic=entry.tactics[0] if entry.tactics else entry.tactic,
        manner=entry.manner,
        family=entry.family,
        personal=tuple(PersonalSpan(*span) for span in entry.personal),
        tactics=entry.tactics,
    )


def to_json(conversation: Conversation) -> str:
    """The one line that ``read_conversations`` reads back to an equal record."""
    return json.dumps(
        {
            "id": conversation.id,
            "synthetic": conversation.synthetic,
            "corpus": conversation.corpus,
            "version": conversation.version,
            "seed": conversation.seed,
            "split": conversation.split,
            "label": conversation.label,
            **_setting(conversation),
            "register": conversation.register,
            "sender": conversation.sender,
            "contact": conversation.contact,
            "known_from": conversation.metadata.known_from,
            "sender_age_band": conversation.metadata.sender_age_band,
            "contact_age_band": conversation.metadata.contact_age_band,
            "young_contacts": conversation.metadata.young_contacts,
            "families": list(conversation.families),
            "messages": [_message_fields(message) for message in conversation.messages],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _setting(conversation: Conversation) -> dict[str, Any]:
    """The scene of a record, or its relation and chain of dialogues (schema 2)."""
    if not conversation.relation:
        return {"scene": conversation.scene}
    fields: dict[str, Any] = {"relation": conversation.relation}
    if conversation.overtness:
        fields["overtness"] = conversation.overtness
    fields["dialogues"] = list(conversation.dialogues)
    if conversation.pair:
        fields["pair"] = conversation.pair
    return fields


def _message_fields(message: Message) -> dict[str, Any]:
    """The fields of a message, without those that stand at their defaults."""
    fields: dict[str, Any] = {
        "author": message.author,
        "time": message.time.isoformat(timespec="seconds"),
        "text": message.text,
    }
    if message.labels:
        fields["labels"] = list(message.labels)
    if message.tactics:
        fields["tactics"] = list(message.tactics)
    elif message.tactic:
        fields["tactic"] = message.tactic
    if message.manner != "plain":
        fields["manner"] = message.manner
    fields["family"] = message.family
    if message.personal:
        fields["personal"] = [[span.start, span.end, span.kind] for span in message.personal]
    return fields


def to_jsonl(conversations: Iterable[Conversation]) -> bytes:
    """The bytes of a whole JSONL file, before compression."""
    return "".join(to_json(conversation) + "\n" for conversation in conversations).encode("utf-8")


@contextmanager
def compressing(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """A gzip stream into ``file`` with the same bytes for the same content.

    It writes neither a name nor a clock.
    """
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=9) as stream:
        yield cast(IO[bytes], stream)
