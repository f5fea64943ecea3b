"""The lines of a file of rows, read from any place on."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from classifier.errors import InputError
from classifier.readers.row_formats import packing

MAX_LINE_BYTES = 64 << 20
"""A longer line is refused: it is no message, and reading it would take memory without end."""


@dataclass(frozen=True)
class Place:
    """The position where a block begins or ends.

    ``at`` counts bytes of the unpacked file (for Parquet, rows); ``line`` counts lines.
    """

    at: int = 0
    line: int = 0


class FileLines:
    """The lines of a file from a place on, and how far they were read."""

    def __init__(self, path: Path, start: Place) -> None:
        self.path, self.at, self.line = path, start.at, start.line
        try:
            self._file: IO[bytes] = path.open("rb")
            self._size = max(1, path.stat().st_size)
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from None
        self._stream = _unpacked(path, self._file)
        try:
            if self._stream is self._file and start.at:
                self._file.seek(start.at)
            else:
                left = start.at
                while left and (skipped := len(self._stream.read(min(left, 1 << 20)))):
                    left -= skipped
        except Exception as error:
            raise self._unreadable(error) from None

    def __enter__(self) -> FileLines:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._file.close()

    @property
    def place(self) -> Place:
        """How far the lines were read."""
        return Place(self.at, self.line)

    @property
    def share(self) -> float:
        """The share of the file that was read, in [0, 1]."""
        return min(1.0, self._file.tell() / self._size) if self._file.seekable() else 0.0

    def raw(self) -> Iterator[bytes]:
        """Line by line, a byte order mark taken off the first."""
        while True:
            try:
                line = self._stream.readline(MAX_LINE_BYTES + 1)
            except Exception as error:
                raise self._unreadable(error) from None
            if not line:
                return
            self.at += len(line)
            self.line += 1
            if len(line) > MAX_LINE_BYTES:
                raise InputError(
                    f"{self.path}:{self.line}: a line of more than {MAX_LINE_BYTES} bytes; one line is "
                    "one message"
                )
            yield line.removeprefix(b"\xef\xbb\xbf") if self.line == 1 else line

    def decoded(self) -> Iterator[str]:
        """The lines as text. Raises ``InputError`` for one that is not UTF-8."""
        for line in self.raw():
            yield decoded_utf8(line, f"{self.path}:{self.line}")

    def _unreadable(self, error: Exception) -> Exception:
        """``error`` in the user's words where it is the file's."""
        if isinstance(error, OSError | EOFError) or type(error).__module__ == "zlib":
            return InputError(
                f"{self.path}: cannot be read after line {self.line}: "
                f"{getattr(error, 'strerror', None) or error}"
            )
        return error


def _unpacked(path: Path, file: IO[bytes]) -> IO[bytes]:
    packed = packing(path)
    if packed == ".gz":
        import gzip

        return io.BufferedReader(gzip.GzipFile(fileobj=file, mode="rb"), 1 << 20)
    if packed == ".zst":
        import pyarrow as pa

        return io.BufferedReader(pa.CompressedInputStream(file, "zstd"), 1 << 20)
    return file


def decoded_utf8(raw: bytes, where: str) -> str:
    """``raw`` as text. Raises ``InputError`` beginning with ``where`` when it is not UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-8 ({error.reason}); save the file as UTF-8") from None
