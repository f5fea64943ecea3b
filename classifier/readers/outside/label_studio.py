"""Tasks for Label Studio, and its annotations as a table.

One task is one message with the lines before it as context. What comes back is a table of the labels
people chose, beside the generator's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from classifier.errors import InputError
from classifier.readers.columns import checked_line
from classifier.readers.external import checked_name, cleaned
from classifier.records import Conversation
from classifier.taxonomy import LABELS

CONTEXT_MESSAGES = 4

CONFIG = (
    '<View>\n  <Header value="Which behaviours do the words of the last line show, whoever writes it? '
    'Reported, negated, quoted or advised behaviour is not shown."/>\n'
    '  <Text name="context" value="$context"/>\n  <Text name="text" value="$text"/>\n  <Choices '
    'name="labels" toName="text" choice="multiple">\n'
    + "".join(f'    <Choice value="{label}"/>\n' for label in LABELS)
    + "  </Choices>\n</View>\n"
)
"""The labelling interface to paste into a Label Studio project."""


def to_tasks(conversations: Iterable[Conversation]) -> list[dict[str, Any]]:
    """One task per message.

    The generator's labels are kept under ``data.generator_labels`` and not shown to the annotator.
    """
    return [
        {
            "data": {
                "conversation": conversation.id,
                "index": index,
                "context": "\n".join(
                    f"{_side(conversation, earlier.author)}: {earlier.text}"
                    for earlier in conversation.messages[max(0, index - 1 - CONTEXT_MESSAGES) : index - 1]
                ),
                "text": f"{_side(conversation, message.author)}: {message.text}",
                "generator_labels": list(message.labels),
                "synthetic": conversation.synthetic,
            }
        }
        for conversation in conversations
        for index, message in enumerate(conversation.messages, start=1)
    ]


def _side(conversation: Conversation, author: str) -> str:
    return "A" if author == conversation.sender else "B"


def read_annotations(path: Path) -> pd.DataFrame:
    """A Label Studio JSON export as a table.

    Columns: ``conversation``, ``index``, ``annotator``, and per label the person's 0/1 and
    ``generator_<label>``. Raises ``InputError`` naming the task when the export has another shape.
    """
    try:
        tasks = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a readable JSON export ({error})") from None
    if not isinstance(tasks, list):
        raise InputError(
            f"{path}: expected a list of tasks as Label Studio's JSON export is, got {type(tasks).__name__}"
        )
    rows = []
    for position, task in enumerate(tasks, start=1):
        try:
            data = task["data"]
            for annotation in task["annotations"]:
                chosen = {
                    choice
                    for result in annotation["result"]
                    if result["from_name"] == "labels"
                    for choice in result["value"]["choices"]
                }
                row: dict[str, Any] = {
                    "conversation": checked_name(data["conversation"], noun="conversation"),
                    "index": checked_line(data["index"]),
                    "annotator": cleaned(str(annotation.get("completed_by", ""))),
                }
                row |= {label: int(label in chosen) for label in LABELS}
                row |= {f"generator_{label}": int(label in data["generator_labels"]) for label in LABELS}
                rows.append(row)
        except ValueError as error:
            raise InputError(f"{path}: task {position}: {error}") from None
        except (AttributeError, KeyError, TypeError) as error:
            raise InputError(
                f"{path}: task {position}: expected data and annotations as Label Studio's JSON export "
                f"has them, missing {error}"
            ) from None
    return pd.DataFrame(rows)
