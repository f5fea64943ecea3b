"""Labelled rows of a user's own file: what is read of them, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from classifier.errors import InputError
from classifier.readers.checked_values import checked_name, name_key, shown
from classifier.readers.fault_handling import stop
from classifier.readers.rows.cell_time import cell_time
from classifier.readers.rows.column_names import Columns, result_name
from classifier.readers.rows.read_block import numbered_rows
from classifier.readers.rows.row_files import RowFiles
from classifier.taxonomy import BENIGN, LABELS, PATTERN, STAGES

ZERO_ONE = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}
"""What a label column may hold, in any case."""
CONVERSATION_ZERO_ONE = ZERO_ONE | {BENIGN: 0, PATTERN: 1}
EMPTY = "(empty)"
"""The slice of rows whose group column holds nothing."""
EARLIEST, LATEST = datetime.min, datetime.max
"""Bounds on time that leave every row in."""


@dataclass(frozen=True)
class LabelledRows:
    """Messages with labels that people gave them, for evaluation only.

    Parameters
    ----------
    name
        How messages call the input.
    messages
        One row a message: ``row`` (file and line), ``conversation`` (an empty string where the file has no
        such column), ``author`` (empty where unknown), ``text``, a 0/1 column for each of ``labels``, and
        the columns of ``groups``.
    labels
        The labels that the file has a column for, in the order of ``LABELS``.
    conversation_label
        0 or 1 by conversation, for those that have a label; may be empty.
    groups
        Names of the columns to make slices by.
    unread
        Names of the columns that say nothing here.
    """

    name: str
    messages: pd.DataFrame
    labels: tuple[str, ...]
    conversation_label: pd.Series[int]
    groups: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages among ``labels``."""
        return tuple(label for label in self.labels if label in STAGES)

    @property
    def has_conversations(self) -> bool:
        """Whether rows say which conversation they are of."""
        return bool((self.messages["conversation"] != "").all())

    @property
    def clusters(self) -> pd.Series[str]:
        """What is resampled, one value a message: its conversation, else the row itself."""
        return self.messages["conversation" if self.has_conversations else "row"]


def read_labelled_rows(
    files: RowFiles,
    *,
    groups: tuple[str, ...] = (),
    since: datetime = EARLIEST,
    until: datetime = LATEST,
) -> LabelledRows:
    """The rows of ``files`` with their labels, checked.

    Raises ``InputError`` naming file, line, column and remedy: for a file without a label, a label that is
    not 0 or 1, a conversation with two labels, and a row without a time where times are bounded.

    Parameters
    ----------
    files
        Opened with "text" as the one required field.
    groups
        Columns of the file to keep for slices.
    since, until
        Only messages from ``since`` on and before ``until`` are kept.
    """
    columns = files.columns
    label_column = _label_columns(columns, files.name)
    if not label_column and "conversation_label" not in columns.fields:
        raise InputError(
            f"{files.name}:1: no column of labels; expected 0/1 columns named after labels "
            f"({', '.join(LABELS)}) or conversation_label; the columns are {shown(*_header(columns))}"
        )
    group_column = {group: _group_column(group, columns, files.name) for group in groups}
    is_bounded = since > EARLIEST or until < LATEST
    if is_bounded and "time" not in columns.fields:
        raise InputError(
            f"{files.name}:1: no column for time, which --since and --until go by; say which, e.g. "
            "--column time=NAME"
        )
    options = files.files[0].options
    day_first = options.day_first
    has_conversations = "conversation_id" in columns.fields or bool(options.conversation_id)
    found: list[dict[str, Any]] = []
    of_conversation: dict[str, int] = {}
    for where, row in numbered_rows(files, stop):
        if is_bounded and not since <= _time(row, where, day_first=day_first) < until:
            continue
        message = _message(row, where, has_conversations=has_conversations)
        message |= {
            label: _zero_one(row.get(column), label, where, allowed=ZERO_ONE)
            for label, column in label_column.items()
        }
        message |= {
            group: _group_value((message if column in ("author", "conversation") else row).get(column))
            for group, column in group_column.items()
        }
        _note_label(row, message["conversation"], of_conversation, where)
        found.append(message)
    if not found:
        bounds = " from --since on and before --until" if is_bounded else ""
        raise InputError(f"{files.name}: has no rows{bounds}; an evaluation needs some")
    return LabelledRows(
        files.name,
        pd.DataFrame(found),
        tuple(label_column),
        pd.Series(
            list(of_conversation.values()), index=pd.Index(list(of_conversation), dtype="str"), dtype="int64"
        ),
        groups,
        tuple(
            column
            for column, name in columns.others.items()
            if name not in {*label_column.values(), *group_column.values()}
        ),
    )


def _label_columns(columns: Columns, name: str) -> dict[str, str]:
    """The column of each label there is one for, whatever its case."""
    found: dict[str, str] = {}
    for label in LABELS:
        names = {label, result_name(label), f"meta.{label}"}  # the last as ConvoKit's tables call it
        for column in columns.others.values():
            if column.strip().lower() in names and found.setdefault(label, column) != column:
                both = shown(found[label], column)
                raise InputError(f"{name}:1: two columns of the label {label}: {both}; leave one out")
    return found


def _header(columns: Columns) -> list[str]:
    return [*columns.fields.values(), *columns.others]


def _group_column(group: str, columns: Columns, name: str) -> str:
    """The key of ``group`` in a row as read, or in its message."""
    if group.strip().lower() in LABELS:
        raise InputError(f"--by {group}: is a label; name a column that says something else of a message")
    by_name = {column: field for field, column in columns.fields.items()} | dict(columns.others)
    if group not in by_name:
        raise InputError(f"--by {group}: {name} has no such column; its columns are {shown(*by_name)}")
    return "conversation" if by_name[group] == "conversation_id" else by_name[group]


def _group_value(value: Any) -> str:
    text = "" if value is None else str(value).strip()
    return text or EMPTY


def _message(row: Mapping[str, Any], where: str, *, has_conversations: bool) -> dict[str, Any]:
    try:
        conversation = (
            checked_name(row["conversation_id"], noun="conversation_id") if has_conversations else ""
        )
        author = (row["author"] or "").strip()
        author = checked_name(author, noun="author") if author else ""
    except ValueError as error:
        raise InputError(f"{where}: {error}; give the row one, or take it out") from None
    path, _, line = where.rpartition(":")
    return {
        "row": f"{Path(path).name}:{line}",
        "conversation": name_key(conversation),
        "author": name_key(author),
        "text": row["text"] or "",
    }


def _zero_one(value: Any, column: str, where: str, *, allowed: Mapping[str, int]) -> int:
    written = "" if value is None else str(value).strip()
    if written.lower() not in allowed:
        came = f"got {shown(repr(written), most=40)}" if written else "it is empty"
        expected = " or ".join(["0 or 1", *(word for word in allowed if word not in ZERO_ONE)])
        raise InputError(
            f"{where}: {column}: expected {expected}, {came}; label the row, or take it out of the file"
        )
    return allowed[written.lower()]


def _note_label(row: Mapping[str, Any], conversation: str, labels: dict[str, int], where: str) -> None:
    """Keep the label of a row's conversation. A row without one says nothing."""
    value = row.get("conversation_label")
    if value is None or not str(value).strip():
        return
    if not conversation:
        raise InputError(
            f"{where}: conversation_label: needs a conversation_id; say which column has it, e.g. "
            "--column conversation_id=NAME"
        )
    label = _zero_one(value, "conversation_label", where, allowed=CONVERSATION_ZERO_ONE)
    if labels.setdefault(conversation, label) != label:
        raise InputError(
            f"{where}: conversation_label: is {label}, and {labels[conversation]} further up for the same "
            "conversation; give all its rows one label"
        )


def _time(row: Mapping[str, Any], where: str, *, day_first: bool) -> datetime:
    try:
        time = cell_time(row.get("time"), day_first=day_first)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
    if time == EARLIEST:
        raise InputError(
            f"{where}: time: is empty, and --since and --until go by it; give the row one, or take it out"
        )
    return time
