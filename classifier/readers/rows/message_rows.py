"""The messages of a conversation as rows, as ``convert`` writes them and ``score`` reads a corpus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from classifier.readers.checked_values import written_time
from classifier.records import Conversation, Message

MESSAGE_COLUMNS = ("conversation_id", "line", "author", "time", "text", "conversation_label")
"""The columns of message rows. ``score`` needs conversation_id, author and text, and keeps the others."""


def numbered_messages(conversation: Conversation) -> Iterator[tuple[int, Message]]:
    """Each message with the line that its corpus gives it, else its place from 1."""
    for position, message in enumerate(conversation.messages, start=1):
        yield message.line or position, message


def message_rows(conversation: Conversation) -> Iterator[dict[str, Any]]:
    """A row a message, with ``MESSAGE_COLUMNS``."""
    for line, message in numbered_messages(conversation):
        yield {
            "conversation_id": conversation.id,
            "line": line,
            "author": message.author,
            "time": written_time(message.time),
            "text": message.text,
            "conversation_label": conversation.label,
        }
