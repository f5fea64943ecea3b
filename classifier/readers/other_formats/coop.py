"""Messages as items for Coop, ROOST's review tool.

One line is one submission of one conversation's messages, as its item API takes them. What an item type
is called and which fields it has is set in each Coop; here a type has the fields text, conversation_id,
author_id, line and created_at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from classifier.readers.checked_values import NO_TIME, written_time
from classifier.readers.rows.message_predictions import Prediction
from classifier.records import Conversation


def coop_line(
    conversation: Conversation,
    *,
    type_id: str,
    predictions: Mapping[tuple[str, int], Prediction] | None = None,
) -> str:
    """The submission of a conversation's messages, as one line of JSON.

    An item's id is made of the conversation's id and the line's number. A message with a prediction also has
    the fields score, the highest probability, and stages.
    """
    items = []
    for position, message in enumerate(conversation.messages, start=1):
        line = message.line or position
        data: dict[str, Any] = {
            "text": message.text,
            "conversation_id": conversation.id,
            "author_id": message.author,
            "line": line,
        }
        if message.time != NO_TIME:
            data["created_at"] = f"{written_time(message.time)}Z"
        if prediction := (predictions or {}).get((conversation.id, line)):
            data |= {"score": prediction.highest, "stages": list(prediction.stages)}
        items.append({"id": f"{conversation.id}:{line}", "typeId": type_id, "data": data})
    return json.dumps({"items": items}, ensure_ascii=False, separators=(",", ":")) + "\n"
