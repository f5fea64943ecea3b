"""Segments of PANC and VTPAN, as CSV of ``label``, ``chatName``, ``segment``.

A segment is the text of a whole stretch of chat, without its speakers or its lines. It becomes a
conversation of one message without an author, so whatever needs authors or order refuses it
(``classifier.readers.external.require_speakers``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from classifier.readers.csv_rows import csv_rows
from classifier.readers.external import (
    NO_TIME,
    OnFault,
    checked_name,
    checked_text,
    external_conversation,
    shown,
    stop,
)
from classifier.readers.opening import binary_lines
from classifier.records import Conversation, Message
from classifier.taxonomy import BENIGN, PATTERN

HEADER = ("label", "chatName", "segment")
LABELS = {"predator": PATTERN, "non-predator": BENIGN}


def read_panc(path: Path, *, on_fault: OnFault = stop) -> Iterator[Conversation]:
    """Each segment as a conversation named by its ``chatName``.

    A file that is not UTF-8 throughout is read as Latin-1. A fault is another label than "predator" and
    "non-predator", a name used twice, and a row of another width. Raises ``InputError`` for another
    header.
    """
    named: dict[str, int] = {}
    for number, row in csv_rows(path, encoding=_encoding(path), on_fault=on_fault):
        try:
            if set(row) != set(HEADER):
                raise ValueError(f"expected the columns {', '.join(HEADER)}, got {shown(*row)}")
            if row["label"] not in LABELS:
                raise ValueError(f"label {row['label'][:60]!r}: expected {' or '.join(LABELS)}")
            name = checked_name(row["chatName"], noun="chatName")
            if name in named:
                raise ValueError(f"chatName {name!r} was already used on line {named[name]}")
            message = Message(author="", time=NO_TIME, text=checked_text(row["segment"]), line=1)
        except ValueError as error:
            on_fault(f"{path}:{number}: {error}")
            continue
        named[name] = number
        yield external_conversation(name, [message], corpus="panc", label=LABELS[row["label"]])


def _encoding(path: Path) -> str:
    for _, raw in binary_lines(path):
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8"
