"""Tasks for Label Studio, and its annotations as a table.

One task is one message with the lines before it as context. What comes back is a table of the labels
people chose, beside the generator's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from classifier.errors import InputError
from classifier.readers.checked_values import checked_line, checked_name, cleaned
from classifier.readers.rows.message_predictions import Prediction
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


def to_tasks(
    conversations: Iterable[Conversation], predictions: Mapping[tuple[str, int], Prediction] | None = None
) -> list[dict[str, Any]]:
    """One task per message.

    The generator's labels are kept under ``data.generator_labels`` and not shown to the annotator.
    ``predictions`` by (conversation, line) become pre-annotations, which Label Studio shows.
    """
    tasks = []
    for conversation in conversations:
        letters = _letters(conversation)
        shown = [f"{letters[message.author]}: {message.text}" for message in conversation.messages]
        for index, message in enumerate(conversation.messages, start=1):
            task: dict[str, Any] = {
                "data": {
                    "conversation": conversation.id,
                    "index": index,
                    "context": "\n".join(shown[max(0, index - 1 - CONTEXT_MESSAGES) : index - 1]),
                    "text": shown[index - 1],
                    "generator_labels": list(message.labels),
                    "synthetic": conversation.synthetic,
                }
            }
            if prediction := (predictions or {}).get((conversation.id, message.line or index)):
                task["predictions"] = [_pre_annotation(prediction)]
            tasks.append(task)
    return tasks


def _letters(conversation: Conversation) -> dict[str, str]:
    """What each author is called: A for the sender, then B, C and so on."""
    authors = [conversation.sender, conversation.contact, *(m.author for m in conversation.messages)]
    named = [author for author in dict.fromkeys(authors) if author]
    letters = {author: chr(ord("A") + at) if at < 26 else f"A{at}" for at, author in enumerate(named)}
    return letters | {"": "?"}


def _pre_annotation(prediction: Prediction) -> dict[str, Any]:
    choice = {
        "from_name": "labels",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": list(prediction.stages)},
    }
    return {"score": prediction.highest, "result": [choice] if prediction.stages else []}


def read_annotations(path: Path) -> pd.DataFrame:
    """A Label Studio export as a table, one row an annotation that was submitted.

    Both of its JSON forms are read, "JSON" and "JSON-MIN"; skipped tasks are left out. Columns:
    ``conversation``, ``index``, ``annotator`` (an id), and per label the person's 0/1 and
    ``generator_<label>``. Raises ``InputError`` naming the task for another shape, a choice that is no label,
    and an export without annotations.
    """
    rows = []
    for position, task in enumerate(_tasks(path), start=1):
        try:
            if not isinstance(task, dict):
                raise ValueError(f"expected an object, got {type(task).__name__}")
            rows += _annotations(task)
        except ValueError as error:
            raise InputError(f"{path}: task {position}: {error}") from None
    if not rows:
        raise InputError(f"{path}: holds no annotations; predictions and skipped tasks do not count")
    return pd.DataFrame(rows)


def _tasks(path: Path) -> list[Any]:
    try:
        tasks = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a readable JSON export ({error})") from None
    if not isinstance(tasks, list):
        raise InputError(
            f"{path}: expected a list of tasks as Label Studio's JSON export is, got {type(tasks).__name__}"
        )
    return tasks


def _annotations(task: dict[str, Any]) -> list[dict[str, Any]]:
    if "data" not in task:  # JSON-MIN: one object an annotation, the choices beside the data
        return [_row(task, _as_labels(task.get("labels", [])), task.get("annotator"))]
    annotations = task.get("annotations")
    if not isinstance(annotations, list) or not isinstance(task["data"], dict):
        raise ValueError("expected 'data' and a list of 'annotations', as a JSON export has them")
    return [
        _row(task["data"], _chosen(annotation), annotation.get("completed_by"))
        for annotation in annotations
        if isinstance(annotation, dict) and not annotation.get("was_cancelled")
    ]


def _chosen(annotation: dict[str, Any]) -> set[str]:
    """The labels chosen in one annotation; results of other controls do not count."""
    chosen: set[str] = set()
    results = annotation.get("result") or []
    if not isinstance(results, list):
        raise ValueError(f"expected a list 'result' of an annotation, got {type(results).__name__}")
    for result in results:
        if not isinstance(result, dict) or result.get("type", "choices") != "choices":
            continue
        if result.get("from_name") != "labels":
            raise ValueError(
                f"choices named {result.get('from_name')!r}: expected 'labels', as annotate writes"
            )
        value = result.get("value")
        chosen |= _as_labels(value.get("choices") if isinstance(value, dict) else None)
    return chosen


def _as_labels(choices: Any) -> set[str]:
    if isinstance(choices, dict):
        choices = choices.get("choices")
    choices = [choices] if isinstance(choices, str) else choices
    if not isinstance(choices, list):
        raise ValueError(f"expected a list of choices, got {type(choices).__name__}")
    if unknown := [choice for choice in choices if choice not in LABELS]:
        raise ValueError(f"choice {unknown[0]!r} is no label; expected some of {', '.join(LABELS)}")
    return set(choices)


def _row(data: dict[str, Any], chosen: set[str], annotator: Any) -> dict[str, Any]:
    given = data.get("generator_labels")
    if not isinstance(given, list):
        raise ValueError("has no list 'generator_labels'; export tasks that 'corpus annotate' wrote")
    if isinstance(annotator, dict):  # some versions write the person out; only the id is kept
        annotator = annotator.get("id")
    return {
        "conversation": checked_name(data.get("conversation"), noun="conversation"),
        "index": checked_line(data.get("index")),
        "annotator": "" if annotator is None else cleaned(str(annotator)),
        **{label: int(label in chosen) for label in LABELS},
        **{f"generator_{label}": int(label in given) for label in LABELS},
    }
