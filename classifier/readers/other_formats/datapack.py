"""Datapacks of the Chat Visualizer of the early-detection project.

A datapack is one JSON object with a table of chats; it is read, and written with scores as its heat
map. A chat's ``content`` is a list of messages, of separators, and of nulls where a line was left out;
a message has ``author``, ``body``, ``time`` in milliseconds and its line number ``lineNum``. A
message's ``prediction``, in [0, 1], is what the viewer colours it by.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from classifier.errors import InputError
from classifier.readers.checked_values import (
    MAX_MESSAGES,
    NO_TIME,
    checked_line,
    checked_name,
    checked_text,
    parsed_time,
)
from classifier.readers.external_conversations import external_conversation
from classifier.readers.fault_handling import OnFault, stop
from classifier.readers.file_opening import whole_json
from classifier.readers.rows.message_predictions import Prediction
from classifier.records import Conversation, Message
from classifier.taxonomy import BENIGN, PATTERN

CLASS_NAMES = {PATTERN: "predator", BENIGN: "non-predator", "": ""}
LABELS = {name: label for label, name in CLASS_NAMES.items()}
_EPOCH = datetime(1970, 1, 1)


def read_datapack(path: Path, *, on_fault: OnFault = stop) -> Iterator[Conversation]:
    """The chats as conversations; the whole file is held in memory.

    Nulls and separators are no messages; a null keeps its line, a separator has none. A message without
    a ``lineNum`` has its place in the content as its line; without a body it has an empty text. The
    sender is the author of the first message marked ``isFromPredator``. A fault is an entry of another
    kind, a message without an author or with an unreadable time, a line number used twice, another
    ``className``, and a chat without messages. The format's own labels of messages are not those of
    this project and are left out.
    """
    pack = whole_json(path)
    chats = pack.get("chats") if isinstance(pack, dict) else None
    if not isinstance(chats, dict):
        kind = "one JSON array" if isinstance(pack, list) else "one JSON value of another kind"
        raise InputError(
            f"{path}: expected a JSON object with an object 'chats', as datapacks are, got {kind}; for "
            "messages "
            "write one object a line and let the name end in .jsonl"
        )
    for name, chat in chats.items():
        where = f"{path}: chat {name[:60]!r}"
        try:
            id_ = checked_name(name, noun="chat name")
            if not isinstance(chat, dict) or not isinstance(chat.get("content"), list):
                raise ValueError("expected an object with a list 'content'")
            class_name = chat.get("className") or ""
            if not isinstance(class_name, str) or class_name not in LABELS:
                raise ValueError(f"className {class_name!r}: expected predator or non-predator"[:200])
            messages, sender = _messages(chat["content"], where, on_fault)
            if not messages:
                raise ValueError("has no messages")
        except ValueError as error:
            on_fault(str(error) if isinstance(error, InputError) else f"{where}: {error}")
            continue
        yield external_conversation(id_, messages, corpus="datapack", label=LABELS[class_name], sender=sender)


def _messages(content: list[Any], where: str, on_fault: OnFault) -> tuple[list[Message], str]:
    """The messages by line, and the author of the first marked one."""
    found: dict[int, Message] = {}
    sender = ""
    place = 0
    for position, entry in enumerate(content, start=1):
        if isinstance(entry, dict) and entry.get("type") == "separator":
            continue
        place += 1
        if entry is None:
            continue
        try:
            if not isinstance(entry, dict) or entry.get("type", "message") != "message":
                raise ValueError("expected a message, a separator or null")
            line = place if entry.get("lineNum") is None else checked_line(entry["lineNum"])
            if line in found:
                raise ValueError(f"line {line} stands twice")
            if len(found) >= MAX_MESSAGES:
                raise ValueError(f"more than {MAX_MESSAGES:,} messages")
            body = entry.get("body")
            time = parsed_time(entry.get("time"), per_second=1000)
            author = checked_name(entry.get("author"), noun="author")
            found[line] = Message(
                author=author, time=time, text="" if body is None else checked_text(body), line=line
            )
        except ValueError as error:
            on_fault(f"{where}, entry {position}: {error}")
            continue
        if entry.get("isFromPredator") is True and not sender:
            sender = author
    return [found[line] for line in sorted(found)], sender


def written_datapack(
    conversations: Iterable[Conversation], *, name: str, predictions: Mapping[tuple[str, int], Prediction]
) -> bytes:
    """A datapack of ``conversations`` with the predictions of their lines.

    Predictions are by (conversation, line). ``generatedAtTime`` is 0, so that the same conversations
    give the same file. Raises ``InputError`` for an id used twice.
    """
    chats: dict[str, Any] = {}
    for conversation in conversations:
        if conversation.id in chats:
            raise InputError(
                f"conversation {conversation.id!r} comes twice; a datapack names its chats by their ids"
            )
        content: list[Any] = []
        for position, message in enumerate(conversation.messages, start=1):
            line = message.line or position
            content += [None] * (line - 1 - len(content)) if line - len(content) < MAX_MESSAGES else []
            entry: dict[str, Any] = {
                "type": "message",
                "author": message.author,
                "body": message.text,
                "time": None if message.time == NO_TIME else _milliseconds(message.time),
                "isFromPredator": conversation.label == PATTERN and message.author == conversation.sender,
                "labels": list(message.labels),
                "lineNum": line,
            }
            if (conversation.id, line) in predictions:
                entry["prediction"] = predictions[conversation.id, line].highest
            content.append(entry)
        chats[conversation.id] = {
            "className": CLASS_NAMES[conversation.label],
            "hasErrors": False,
            "isLabelled": any(message.labels for message in conversation.messages),
            "authorOnRightSide": conversation.contact or None,
            "content": content,
        }
    pack = {"datapackID": name, "description": None, "generatedAtTime": 0, "chats": chats}
    return (json.dumps(pack, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _milliseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(milliseconds=1)
