"""Message rows from outside, CSV or JSONL, one at a time: the form the ``score`` command takes and gives back."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from classifier.errors import InputError

Row = dict[str, Any]
REQUIRED = ("conversation_id", "author", "text")
FORMATS = (".csv", ".jsonl")


def row_format(path: Path) -> str:
    """ ".csv" or ".jsonl", by the name. Raises ``InputError`` for another ending.

    >>> row_format(Path("chat.csv"))
    '.csv'
    """
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"{path}: expected a name ending in {' or '.join(FORMATS)}, got {path.suffix or 'no ending'!r}")
    return path.suffix.lower()


def read_rows(path: Path, *, required: Sequence[str] = REQUIRED) -> Iterator[Row]:
    """The rows of a CSV or JSONL file in order, each a dict with at least the ``required`` keys, the file's other columns kept.

    Raises ``InputError`` naming file and line for text that is not UTF-8, a missing column, a row of the wrong width or a line that is not a JSON object.
    """
    return _csv_rows(path, required) if row_format(path) == ".csv" else _jsonl_rows(path, required)


def _lines(path: Path) -> Iterator[str]:
    number = 0
    try:
        with path.open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}:{number}: not UTF-8 ({error.reason}); save the file as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _csv_rows(path: Path, required: Sequence[str]) -> Iterator[Row]:
    reader = csv.reader(_lines(path), strict=True)
    try:
        columns = next(reader, None)
        if columns is None:
            raise InputError(f"{path}:1: the file is empty; expected a header with {', '.join(required)}")
        if missing := [name for name in required if name not in columns]:
            raise InputError(f"{path}:1: no column {', '.join(map(repr, missing))} in the header; expected {', '.join(required)} and optionally time")
        for values in reader:
            if not values:
                continue
            if len(values) != len(columns):
                raise InputError(f"{path}:{reader.line_num}: {len(values)} fields where the header has {len(columns)}; quote a text that holds a comma or a line break")
            yield dict(zip(columns, values, strict=True))
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: not readable as CSV ({error}); check the quotes of this row") from None


def _jsonl_rows(path: Path, required: Sequence[str]) -> Iterator[Row]:
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}:{number}: not a whole JSON object ({error}); the line may be cut off") from None
        if not isinstance(row, dict):
            raise InputError(f"{path}:{number}: expected a JSON object, got {type(row).__name__}")
        if missing := [name for name in required if not isinstance(row.get(name), str)]:
            raise InputError(f"{path}:{number}: {', '.join(missing)}: expected a string in every row; one row is one message")
        yield row


class RowWriter:
    """Writes rows in the format of the file name, the header first; every row has the columns of the first."""

    def __init__(self, stream: IO[str], *, file_format: str) -> None:
        self._stream = stream
        self._json = file_format == ".jsonl"
        self._csv: csv.DictWriter[str] | None = None

    def write(self, row: Row) -> None:
        """Append one row."""
        if self._json:
            self._stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            return
        if self._csv is None:
            self._csv = csv.DictWriter(self._stream, fieldnames=list(row), lineterminator="\n")
            self._csv.writeheader()
        self._csv.writerow(row)
