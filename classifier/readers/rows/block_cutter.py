"""Files of text cut into blocks that end where a row ends.

A block of CSV whose quotes all open and close a field is left as bytes, for pyarrow. Another is read row by
row here, so that its end is the end of a row whatever its quotes look like.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from classifier.errors import InputError
from classifier.readers.file_opening import MAX_LINE_BYTES
from classifier.readers.rows.strict_parser import csv_rows

QUOTE, LINE_FEED, RETURN = b'"\n\r'

FieldRows = list[tuple[int, list[str]]]
"""Rows of CSV as fields, each with the number of its last line."""


@dataclass(frozen=True)
class Place:
    """Where a block begins or ends.

    ``file`` counts the files before; ``at`` counts the bytes of unpacked UTF-8 (for Parquet, rows), and
    ``line`` the lines, of this one.
    """

    file: int = 0
    at: int = 0
    line: int = 0


class Cutter:
    """The rest of a file of text, handed out in blocks.

    ``delimiter`` is that of CSV, or empty where a line is a row; ``waiting`` are bytes that were read from
    ``stream`` and belong to no block yet.
    """

    def __init__(self, stream: IO[bytes], place: Place, *, name: str, delimiter: str) -> None:
        self._stream, self._name, self.delimiter = stream, name, delimiter
        self.place = place
        self.waiting = b""

    def blocks(self, size: int) -> Iterator[bytes | FieldRows]:
        """Blocks of about ``size`` bytes; ``place`` is where the last one ends."""
        while block := self._next(size):
            yield block

    def _next(self, size: int) -> bytes | FieldRows:
        while True:
            more = self._stream.read(max(0, size - len(self.waiting)))
            is_last = len(self.waiting) + len(more) < size
            self.waiting += more
            if not self.waiting:
                return b""
            end = self._end(is_last)
            if end is None:
                return self._strict(size)
            if end:
                break
            if len(self.waiting) > MAX_LINE_BYTES:
                raise self._too_long(self.place.line + 1)
            size = min(2 * len(self.waiting), MAX_LINE_BYTES + 1)
        block, self.waiting = self.waiting[:end], self.waiting[end:]
        self._advance(block)
        return block

    def _end(self, is_last: bool) -> int | None:
        """Where the last whole row ends; 0 for none, None for the strict reader to tell."""
        waiting = self.waiting
        if not self.delimiter:
            return len(waiting) if is_last else waiting.rfind(b"\n") + 1
        if b"\0" in waiting or waiting.count(b"\r", 0, -1) != waiting.count(b"\r\n"):
            return None
        return quoted_end(waiting, ord(self.delimiter), is_last=is_last)

    def _strict(self, size: int) -> FieldRows:
        """Rows up to the first that ends at or after ``size`` bytes."""
        begun = self.place
        rows: FieldRows = []
        lines = self.lines()
        for row in csv_rows(lines, name=self._name, before=begun.line, delimiter=self.delimiter):
            rows.append(row)
            if self.place.at - begun.at >= size:
                break
        return rows

    def first_row(self) -> list[str]:
        """The fields of the first row."""
        rows = csv_rows(self.lines(), name=self._name, before=self.place.line, delimiter=self.delimiter)
        return next(rows, (0, []))[1]

    def lines(self) -> Iterator[bytes]:
        """Line by line; ``place`` is after the last."""
        while True:
            end = self.waiting.find(b"\n") + 1
            line, self.waiting = self.waiting[:end], self.waiting[end:]
            if not end:
                line = self.waiting + self._stream.readline(MAX_LINE_BYTES + 1)
                self.waiting = b""
            if not line:
                return
            if len(line) > MAX_LINE_BYTES:
                raise self._too_long(self.place.line + 1)
            self._advance(line)
            yield line

    def _advance(self, content: bytes) -> None:
        self.place = Place(
            self.place.file, self.place.at + len(content), self.place.line + content.count(b"\n")
        )

    def _too_long(self, line: int) -> InputError:
        return InputError(
            f"{self._name}:{line}: a line of more than {MAX_LINE_BYTES >> 20} MiB; this is no file of "
            "messages"
        )


def quoted_end(content: bytes, delimiter: int, *, is_last: bool) -> int | None:
    r"""Where the last whole row of CSV ends in ``content``; 0 for none.

    ``content`` begins with a row. None where a quote up to there neither opens nor closes a field, or where
    the last row of a file does not end.

    >>> quoted_end(b'a,"b\nc"\nd,"e\nf', ord(","), is_last=False)
    8
    >>> quoted_end(b'a,b "c" d\n', ord(","), is_last=False) is None
    True
    """
    quotes = np.flatnonzero(np.frombuffer(content, np.uint8) == QUOTE)
    opening, closing = quotes[::2], quotes[1::2]
    if is_last:
        end = len(content)
        if len(opening) > len(closing):
            return None
    else:
        end = content.rfind(b"\n") + 1
        while end:
            before = int(np.searchsorted(opening, end)) - 1
            if before < 0 or (before < len(closing) and closing[before] < end):
                break
            end = content.rfind(b"\n", 0, int(opening[before])) + 1
    used = int(np.searchsorted(closing, end))
    return end if _are_framed(content, opening[:used], closing[:used], delimiter) else None


def _are_framed(
    content: bytes, opening: NDArray[np.int64], closing: NDArray[np.int64], delimiter: int
) -> bool:
    """Whether each quote stands at an end of a field, or beside another."""
    framed = np.frombuffer(b"\n" + content + b"\n", np.uint8)
    before, after = framed[opening], framed[closing + 2]
    outside = (delimiter, LINE_FEED, QUOTE)
    return bool(np.isin(before, outside).all() and np.isin(after, (*outside, RETURN)).all())
