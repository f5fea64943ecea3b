"""Segments of PANC and VTPAN, as CSV of ``label``, ``chatName``, ``segment``.

A segment is the text of a whole stretch of chat, without its speakers or its lines. It becomes a
conversation of one message without an author, so whatever needs authors or order refuses it
(``classifier.readers.external_conversations.require_speakers``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from classifier.readers.checked_values import NO_TIME, checked_name
from classifier.readers.external_conversations import external_conversation
from classifier.readers.fault_handling import OnFault, stop
from classifier.readers.file_opening import binary_lines
from classifier.readers.rows.read_block import numbered_rows
from classifier.readers.rows.row_files import RowOptions, open_rows
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
    named: dict[str, str] = {}
    options = RowOptions("csv", {"conversation_id": "chatName", "text": "segment"}, encoding=_encoding(path))
    files = open_rows(path, options, required=("conversation_id", "text"))
    for where, row in numbered_rows(files, on_fault):
        try:
            if row.get("label") not in LABELS:
                raise ValueError(f"label {str(row.get('label'))[:60]!r}: expected {' or '.join(LABELS)}")
            name = checked_name(row["conversation_id"], noun="chatName")
            if name in named:
                raise ValueError(f"chatName {name!r} was already used on line {named[name]}")
        except ValueError as error:
            on_fault(f"{where}: {error}")
            continue
        named[name] = where.rpartition(":")[2]
        message = Message(author="", time=NO_TIME, text=row["text"], line=1)
        yield external_conversation(name, [message], corpus="panc", label=LABELS[row["label"]])


def _encoding(path: Path) -> str:
    for _, raw in binary_lines(path):
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8"
