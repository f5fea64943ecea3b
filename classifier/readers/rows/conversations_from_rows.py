"""Message rows as conversations: each is put together from its rows, wherever they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from classifier.readers.checked_values import MAX_MESSAGES, checked_line, checked_name, name_key
from classifier.readers.external_conversations import external_conversation
from classifier.readers.fault_handling import OnFault
from classifier.readers.rows.cell_time import cell_time
from classifier.readers.rows.read_block import numbered_rows, read_block
from classifier.readers.rows.row_files import RowFiles
from classifier.records import Conversation, Message
from classifier.taxonomy import CONVERSATION_LABELS

EMPTY_TEXT = "messages without a text have an empty one"


@dataclass
class _Gathered:
    """What has been read of one conversation."""

    id: str = ""
    messages: list[Message] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)


def read_rows(
    files: RowFiles, *, on_fault: OnFault, on_note: Callable[[str], None]
) -> Iterator[Conversation]:
    """Conversations from rows, each yielded when its last row has passed.

    The files are read twice, first to count, so that only conversations that are not at their end are held.
    A fault is a row that is not a message, or a conversation with two different labels.
    """
    left: Counter[str] = Counter()
    for block in files.blocks():
        ids = read_block(block).table["conversation_id"]
        for counted in ids.value_counts().to_pylist():
            left[name_key(counted["values"] or "")] += counted["counts"]
    waiting: dict[str, _Gathered] = {}
    day_first = files.files[0].options.day_first
    for where, row in numbered_rows(files, on_fault):
        key = name_key(row["conversation_id"] or "")
        found = waiting.setdefault(key, _Gathered())
        try:
            id_ = checked_name(row["conversation_id"], noun="conversation_id")
            if len(found.messages) >= MAX_MESSAGES:
                raise ValueError(f"conversation {id_!r} has more than {MAX_MESSAGES:,} messages")
            message, label = _message(row, position=len(found.messages) + 1, day_first=day_first)
            if row["text"] is None:
                on_note(EMPTY_TEXT)
            found.id = found.id or id_
            found.messages.append(message)
            found.labels.add(label)
        except ValueError as error:
            on_fault(f"{where}: {error}")
        left[key] -= 1
        if not left[key]:
            del waiting[key], left[key]
            if len(found.labels) > 1:
                on_fault(
                    f"{where}: conversation {found.id!r} ends here with more than one conversation_label"
                )
            elif found.messages:
                yield external_conversation(
                    found.id, found.messages, corpus=files.files[0].format, label=found.labels.pop()
                )


def _message(row: Mapping[str, Any], *, position: int, day_first: bool) -> tuple[Message, str]:
    """The message of a row, and the label of its conversation.

    An empty author means that the corpus does not say who wrote it.
    """
    author, line = row["author"] or "", row.get("line")
    label = row.get("conversation_label") or ""
    if label not in ("", *CONVERSATION_LABELS):
        raise ValueError(
            f"conversation_label {label!r}: expected {' or '.join(CONVERSATION_LABELS)}, or nothing"[:200]
        )
    return (
        Message(
            author=checked_name(author, noun="author") if author.strip() else "",
            time=cell_time(row.get("time"), day_first=day_first),
            text=row["text"] or "",
            line=position if line in (None, "") else checked_line(line),
        ),
        str(label),
    )
