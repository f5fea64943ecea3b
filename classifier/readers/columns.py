"""The columns of a table of messages, and its rows as conversations.

One row is one message; the rows of a conversation stand together, in the order they were written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from classifier.errors import InputError
from classifier.readers.external import (
    MAX_MESSAGES,
    OnFault,
    checked_name,
    checked_text,
    external_conversation,
    parsed_time,
    shown,
)
from classifier.records import Conversation, Message
from classifier.taxonomy import CONVERSATION_LABELS

NAMES = {
    "conversation_id": (
        "conversation_id",
        "conversation",
        "chat_id",
        "thread_id",
        "dialogue_id",
        "dialog_id",
        "channel_id",
        "room_id",
    ),
    "author": ("author", "author_id", "user", "user_id", "username", "sender", "speaker"),
    "text": ("text", "message", "body", "content", "utterance"),
    "time": ("time", "timestamp", "datetime", "created_at", "sent_at", "date"),
    "line": ("line",),
    "conversation_label": ("conversation_label",),
}
"""What a message needs, each with the column names that are taken for it. The first three must be found."""
REQUIRED = ("conversation_id", "author", "text")

NumberedRow = tuple[int, Mapping[str, Any]]
"""A row with the line or the row number that a fault in it is told with."""


def chosen_columns(names: Iterable[str], *, where: str, columns: Mapping[str, str]) -> dict[str, str]:
    """The column of each field of ``NAMES`` that the table has.

    ``columns`` says which; else the one known name for it is taken. Raises ``InputError`` beginning
    with ``where`` when a needed column is missing, or several could be meant.

    >>> chosen_columns(["chat_id", "Speaker", "body"], where="chat.csv:1", columns={})
    {'conversation_id': 'chat_id', 'author': 'Speaker', 'text': 'body'}
    """
    given = [name for name in names if isinstance(name, str)]
    there = shown(*given) or "none"
    if unknown := sorted(set(columns) - set(NAMES)):
        raise InputError(f"column {unknown[0]!r}: expected one of {', '.join(NAMES)}")
    found = {}
    for field, aliases in NAMES.items():
        if field in columns:
            if columns[field] not in given:
                raise InputError(
                    f"{where}: no column {columns[field]!r} for {field}; the columns are {there}"
                )
            found[field] = columns[field]
            continue
        candidates = [name for alias in aliases for name in given if name.strip().lower() == alias]
        if candidates and candidates[0] == field:
            candidates = candidates[:1]
        if len(candidates) > 1:
            raise InputError(
                f"{where}: {field} could be any of {shown(*candidates)}; say which, e.g. --column "
                f"{field}={shown(candidates[0])}"
            )
        if candidates:
            found[field] = candidates[0]
        elif field in REQUIRED:
            raise InputError(
                f"{where}: no column for {field}; the columns are {there}: say which, e.g. --column "
                f"{field}=NAME"
            )
    return found


def grouped(
    rows: Iterable[NumberedRow], *, path: object, corpus: str, columns: Mapping[str, str], on_fault: OnFault
) -> Iterator[Conversation]:
    """Conversations from rows, each yielded when its last row has passed.

    The columns are chosen by the first row. A fault is a row that is not a message, a row of a
    conversation that had ended above, or a conversation with two different labels.
    """
    chosen: dict[str, str] = {}
    ended: dict[str, int] = {}
    current = ""
    messages: list[Message] = []
    labels: set[str] = set()
    number = 0
    for number, row in rows:
        if not chosen:
            chosen = chosen_columns(row, where=f"{path}:{number}", columns=columns)
        try:
            id_ = checked_name(row.get(chosen["conversation_id"]), noun="conversation_id")
            if id_ in ended:
                raise ValueError(
                    f"conversation {id_!r} had ended on line {ended[id_]}; sort the rows so that each "
                    "conversation stands together"
                )
            message, label = _message(row, chosen, position=len(messages) + 1 if id_ == current else 1)
            if id_ == current and len(messages) >= MAX_MESSAGES:
                raise ValueError(f"conversation {id_!r} has more than {MAX_MESSAGES:,} messages")
        except ValueError as error:
            on_fault(f"{path}:{number}: {error}")
            continue
        if id_ != current and messages:
            ended[current] = number - 1
            yield from _whole(
                current, messages, labels, where=f"{path}:{number - 1}", corpus=corpus, on_fault=on_fault
            )
        if id_ != current:
            current, messages, labels = id_, [], set()
        messages.append(message)
        labels.add(label)
    if messages:
        yield from _whole(
            current, messages, labels, where=f"{path}:{number}", corpus=corpus, on_fault=on_fault
        )


def _message(row: Mapping[str, Any], chosen: Mapping[str, str], *, position: int) -> tuple[Message, str]:
    """The message of a row, and the label of its conversation.

    An empty author means that the corpus does not say who wrote it.
    """
    author = row.get(chosen["author"])
    line = row.get(chosen.get("line", ""))
    label = row.get(chosen.get("conversation_label", "")) or ""
    if label not in ("", *CONVERSATION_LABELS):
        raise ValueError(
            f"conversation_label {label!r}: expected {' or '.join(CONVERSATION_LABELS)}, or nothing"[:200]
        )
    return (
        Message(
            author="" if author == "" else checked_name(author, noun="author"),
            time=parsed_time(row.get(chosen.get("time", ""))),
            text=checked_text(row.get(chosen["text"])),
            line=position if line in (None, "") else checked_line(line),
        ),
        str(label),
    )


def checked_line(value: Any) -> int:
    """``value`` as a line number from 1; else ``ValueError``."""
    given = repr(value)[:40]
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 9:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10**9:
        raise ValueError(f"line {given}: expected a whole number from 1")
    return value


def _whole(
    id_: str, messages: list[Message], labels: set[str], *, where: str, corpus: str, on_fault: OnFault
) -> Iterator[Conversation]:
    if len(labels) > 1:
        on_fault(f"{where}: conversation {id_!r} ends here with more than one conversation_label")
    else:
        yield external_conversation(id_, messages, corpus=corpus, label=labels.pop())
