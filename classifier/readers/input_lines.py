"""Texts from standard input, one a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from classifier.errors import InputError
from classifier.readers.rows.column_names import chosen_columns
from classifier.readers.rows.content_sniffing import require_text


def input_lines(stream: IO[bytes], name: str = "standard input") -> Iterator[str]:
    """The lines that are not empty, without their ends.

    Raises ``InputError`` for one that is not UTF-8, and where the first shows that these are the rows of a
    table and no texts.
    """
    for number, raw in enumerate(stream, start=1):
        if number == 1:
            require_text(raw, name)
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        try:
            line = raw.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise InputError(f"{name}:{number}: not UTF-8 ({error.reason})") from None
        if number == 1 and (format_ := _format_of(line)):
            raise InputError(
                f"{name}:1: looks like the rows of a table and not like a text a line; say --format {format_}"
            )
        if line:
            yield line


def _format_of(line: str) -> str:
    """The format of rows that begin with ``line``; empty for a text."""
    if line.startswith("{") and '"text"' in line and '"author"' in line:
        return "jsonl"
    for format_, delimiter in (("csv", ","), ("tsv", "\t"), ("csv --delimiter ';'", ";")):
        try:
            chosen_columns([name.strip('" ') for name in line.split(delimiter)], where="", columns={})
        except InputError:
            continue
        return format_
    return ""
