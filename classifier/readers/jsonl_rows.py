"""Chat as JSONL: one message a line, as a flat JSON object.

The fields are chosen as ``classifier.readers.columns`` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from classifier.errors import InputError
from classifier.readers.columns import grouped
from classifier.readers.external import OnFault, stop
from classifier.readers.opening import parsed_json, text_lines
from classifier.records import Conversation


def read_jsonl(path: Path, *, columns: Mapping[str, str], on_fault: OnFault = stop) -> Iterator[Conversation]:
    """The conversations of a JSONL file.

    A fault is a line that is no JSON object, and what ``grouped`` finds.
    """
    return grouped(
        jsonl_objects(path, on_fault=on_fault), path=path, corpus="jsonl", columns=columns, on_fault=on_fault
    )


def jsonl_objects(path: Path, *, on_fault: OnFault = stop) -> Iterator[tuple[int, dict[str, Any]]]:
    """The JSON object on each line, with the line's number.

    Empty lines are passed over.
    """
    for number, line in text_lines(path, on_fault=on_fault):
        if not line.strip():
            continue
        try:
            value = parsed_json(line, f"{path}:{number}")
        except InputError as error:
            on_fault(str(error))
            continue
        if isinstance(value, dict):
            yield number, value
        else:
            on_fault(f"{path}:{number}: expected a JSON object, got {type(value).__name__}")
