"""The columns of a table of messages: which holds what, and their names in a result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from classifier.errors import InputError
from classifier.readers.checked_values import cleaned, shown
from classifier.taxonomy import LABELS

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
"""The fields of a message, each with the column names that are taken for it."""
REQUIRED = ("conversation_id", "author", "text")
LEADING = ("conversation_id", "author", "text", "time")
"""The columns a result begins with; time only where the input has it."""
RESERVED = frozenset({*NAMES, *LABELS, "stages", "known"})
"""Names of our own columns. A user's column of that name comes out as ``input_NAME``."""


@dataclass(frozen=True)
class Columns:
    """The columns of a table of messages.

    Parameters
    ----------
    fields
        The table's column for each field of ``NAMES`` that it has.
    others
        Every other column of the table, with its name in a result.
    """

    fields: Mapping[str, str]
    others: Mapping[str, str]

    @property
    def results(self) -> dict[str, str]:
        """Each column of a result in order, with the table's column.

        That is empty where the table has none.
        """
        leading = {
            field: self.fields.get(field, "") for field in LEADING if field != "time" or field in self.fields
        }
        rest = {field: column for field, column in self.fields.items() if field not in LEADING}
        return leading | rest | {name: column for column, name in self.others.items()}

    @property
    def renamed(self) -> list[str]:
        """The table's columns that a result calls by another name because theirs is one of ours."""
        return [column for column, name in self.others.items() if column != name]


def result_name(column: str) -> str:
    """The name in a result of a column that is no field.

    >>> result_name("mood"), result_name("secrecy")
    ('mood', 'input_secrecy')
    """
    return f"input_{column}" if column in RESERVED else column


def chosen_columns(
    names: Iterable[str], *, where: str, columns: Mapping[str, str], required: Sequence[str] = REQUIRED
) -> Columns:
    """The column of each field of ``NAMES`` that the table has, and the others.

    ``columns`` says which; else the one known name is taken, whatever its case, spaces and underscores.
    Raises ``InputError`` beginning with ``where`` when a required column is missing, several could be meant,
    or a name would stand twice in a result.

    >>> chosen_columns(["Chat ID", "Speaker", "body", "mood"], where="chat.csv:1", columns={}).results
    {'conversation_id': 'Chat ID', 'author': 'Speaker', 'text': 'body', 'mood': 'mood'}
    """
    given = [name for name in names if isinstance(name, str)]
    if unknown := sorted(set(columns) - set(NAMES)):
        raise InputError(f"column {unknown[0]!r}: expected one of {', '.join(NAMES)}")
    found = {}
    for field in NAMES:
        column = _column_of(field, given, where=where, columns=columns, is_required=field in required)
        if column is not None:
            found[field] = column
    others = {name: result_name(cleaned(name)) for name in given if name not in found.values()}
    results = [*found, *others.values()]
    if twice := next((name for name in results if results.count(name) > 1), None):
        raise InputError(
            f"{where}: two columns would come out as {twice!r}; give one of them another name, or name the "
            "columns with --column"
        )
    return Columns(found, others)


def _column_of(
    field: str, given: Sequence[str], *, where: str, columns: Mapping[str, str], is_required: bool
) -> str | None:
    there = shown(*given) or "none"
    if field in columns:
        named = [name for name in given if name == columns[field]]
        named = named or [name for name in given if name.strip() == columns[field].strip()]
        if not named:
            raise InputError(f"{where}: no column {columns[field]!r} for {field}; the columns are {there}")
        return named[0]
    left = [name for name in given if name not in columns.values()]
    if field in left:
        return field
    known = [_plain(alias) for alias in NAMES[field]]
    candidates = sorted(
        (name for name in left if _plain(name) in known), key=lambda name: known.index(_plain(name))
    )
    if candidates and _plain(candidates[0]) == _plain(field) and len({*map(_plain, candidates[:2])}) > 1:
        candidates = candidates[:1]
    if len(candidates) > 1:
        raise InputError(
            f"{where}: {field} could be any of {shown(*candidates)}; say which, e.g. --column "
            f"{field}={shown(candidates[0])}"
        )
    if not candidates and is_required:
        raise InputError(
            f"{where}: no column for {field}; the columns are {there}: say which, e.g. --column {field}=NAME"
        )
    return candidates[0] if candidates else None


def _plain(name: str) -> str:
    """``name`` without case, spaces, underscores and hyphens."""
    return re.sub(r"[\s_-]+", "", name.casefold())
