"""Phrases as single messages (``messages.jsonl.gz``): read and checked into the messages table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from classifier.errors import InputError, in_one_line
from classifier.readers.corpus_jsonl import CorpusError, known_label, known_tactic, marked_synthetic
from classifier.readers.file_opening import text_lines
from classifier.readers.messages_table import COLUMNS
from classifier.taxonomy import LABELS


class _PhraseEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    synthetic: Annotated[bool, BeforeValidator(marked_synthetic)]
    corpus: str = Field(min_length=1)
    version: str = Field(min_length=1)
    seed: int
    split: Literal["train", "validation", "test"]
    family: str = Field(min_length=1)
    source: str
    register_: str = Field(alias="register")
    text: str
    labels: list[Annotated[str, AfterValidator(known_label)]]
    tactics: list[Annotated[str, AfterValidator(known_tactic)]]
    manner: Literal["plain", "negated", "quoted", "advised", "reported"]


def read_phrase_messages(path: Path) -> pd.DataFrame:
    """One row a line, with the columns of ``messages_table``.

    A phrase stands in no conversation: ``conversation``, ``author`` and ``conversation_label`` are empty,
    ``index`` is 0, ``time`` not known; ``scene`` is the stage, scene or kind of talk of its file. Raises
    ``CorpusError`` naming file, line and field.
    """
    rows = []
    try:
        for number, line in text_lines(path):  # noqa: B007
            entry = _PhraseEntry.model_validate_json(line)
            rows.append(_row(entry))
    except ValidationError as error:
        raise CorpusError(f"{path}:{number}: {in_one_line(error.errors())}") from None
    except InputError as error:
        raise CorpusError(str(error)) from None
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(entry: _PhraseEntry) -> tuple[object, ...]:
    return (
        "",
        0,
        "",
        True,
        pd.NaT,
        entry.text,
        entry.family,
        entry.tactics[0] if entry.tactics else "",
        "|".join(entry.tactics),
        entry.manner,
        entry.source,
        entry.register_,
        entry.split,
        "",
        entry.synthetic,
        *(int(label in entry.labels) for label in LABELS),
    )
