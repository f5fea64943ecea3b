"""Rows of CSV and JSONL read one by one, each fault with its line.

It reads what pyarrow is not trusted with, and says what is wrong with it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from classifier.errors import InputError
from classifier.readers.fault_handling import OnFault, stop
from classifier.readers.file_opening import MAX_LINE_BYTES, binary_lines, distinct_keys

csv.field_size_limit(MAX_LINE_BYTES)  # a line is bounded where it is read; no other limit is needed

_DECODER = json.JSONDecoder(object_pairs_hook=distinct_keys)


def csv_rows(
    lines: Iterable[bytes], *, name: str, before: int, delimiter: str
) -> Iterator[tuple[int, list[str]]]:
    """The fields of each row that is no empty line, with its last line's number.

    ``before`` counts the lines of the file before the first. Raises ``InputError`` for a line that is no
    text and for broken quotes: what follows them cannot be trusted.
    """
    row_lines: list[bytes] = []

    def decoded() -> Iterator[str]:
        for number, line in enumerate(lines, start=before + 1):
            row_lines.append(line)
            yield _text(line, f"{name}:{number}")

    reader = csv.reader(decoded(), strict=True, delimiter=delimiter)
    begun = before
    try:
        for fields in reader:
            begun = before + reader.line_num
            row_lines.clear()
            if fields:
                yield begun, fields
    except csv.Error as error:
        raise InputError(
            f"{name}:{before + reader.line_num}: {_quoting_fault(str(error), b''.join(row_lines), begun + 1)}"
        ) from None


def _quoting_fault(error: str, row: bytes, begun: int) -> str:
    if b'\\"' in row:
        return (
            f'not readable as CSV ({error}): a quote is escaped by a backslash; write it twice ("") inside '
            "a quoted text"
        )
    if "new-line" in error:
        return (
            f"not readable as CSV ({error}): a carriage return stands outside quotes; end lines in LF or "
            "CRLF, and quote a text that holds a line break"
        )
    if "unexpected end" in error or "field larger" in error:
        return (
            f"not readable as CSV ({error}): a quote of the row that begins on line {begun} is never closed"
        )
    return f"not readable as CSV ({error}); check the quotes of this row"


def json_object(raw: bytes, where: str) -> dict[str, Any]:
    """The JSON object of a line. Raises ``InputError`` beginning with ``where`` for anything else."""
    text = _text(raw, where)
    try:
        value = _DECODER.decode(text.strip())
    except RecursionError:
        raise InputError(f"{where}: JSON nested too deeply; messages are flat") from None
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError) or "limit" in str(error):
            raise InputError(f"{where}: not a whole JSON value ({error}); it may be cut off") from None
        raise InputError(f"{where}: {error}") from None
    if not isinstance(value, dict):
        raise InputError(f"{where}: expected a JSON object, got {type(value).__name__}")
    return value


def _text(line: bytes, where: str) -> str:
    if b"\0" in line:
        raise InputError(
            f"{where}: holds a NUL byte; it is no text, or in UTF-16: save the file as UTF-8, or say "
            "--encoding utf-16-le"
        )
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: not UTF-8 ({error.reason} at byte {error.start} of the line); save the file as UTF-8, "
            "or say its --encoding, e.g. cp1252"
        ) from None


def json_objects(path: Path, *, on_fault: OnFault = stop) -> Iterator[tuple[int, dict[str, Any]]]:
    """The JSON object on each line of a file, with the line's number.

    Empty lines are passed over; any other line is a fault.
    """
    for number, line in binary_lines(path):
        raw = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not raw.strip():
            continue
        try:
            yield number, json_object(raw, f"{path}:{number}")
        except InputError as error:
            on_fault(str(error))
