"""Rows of messages and scores as lines of CSV or JSONL."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from classifier.errors import InputError
from classifier.readers.tables import Row


def text_of(rows: Sequence[Row], *, kind: str, columns: Sequence[str]) -> bytes:
    """``rows`` as lines of CSV without a header, or of JSONL.

    A CSV row without one of ``columns`` leaves it empty; one with a column more raises ``InputError``.
    A lone surrogate, which UTF-8 cannot hold, stays an escape in JSON and becomes a question mark in
    CSV.

    >>> text_of([{"author": "ann", "text": "pizza, at six"}], kind=".csv", columns=["author", "text"])
    b'ann,"pizza, at six"\\n'
    """
    if kind == ".jsonl":
        return b"".join(map(_json_line, rows))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    known = set(columns)
    for row in rows:
        if not row.keys() <= known:
            extra = next(name for name in row if name not in known)
            raise InputError(
                f"column {extra!r} is in a row but not in the first one; give every row the same "
                "columns, or write .jsonl"
            )
        fields = list(map(row.get, columns))
        writer.writerow(
            fields
            if _PLAIN.issuperset(map(type, fields))
            else [field if type(field) in _PLAIN else _plain(field) for field in fields]
        )
    return buffer.getvalue().encode("utf-8", "replace")


_PLAIN = frozenset({str, int, float, bool, type(None)})
"""What the csv module writes as it should; None as nothing."""


def _json_line(row: Row) -> bytes:
    try:
        return (json.dumps(row, ensure_ascii=False, default=_plain) + "\n").encode("utf-8")
    except UnicodeEncodeError:
        return (json.dumps(row, default=_plain) + "\n").encode("ascii")


def _plain(value: Any) -> Any:
    """A Parquet value as text: a time as ISO 8601, else what Python prints."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
