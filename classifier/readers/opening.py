"""Bounded opening of files from outside.

A file can fill neither memory nor time: only regular files are read, line length and expansion are
bounded, and so is the depth of JSON. A symbolic link is followed to a regular file; pipes, devices and
folders are refused.
"""

from __future__ import annotations

import gzip
import io
import json
import stat
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from classifier.errors import InputError
from classifier.readers.external import OnFault, stop

COMPRESSIONS = (".gz", ".zst")
MAX_LINE_BYTES = 16 << 20
MAX_JSON_BYTES = 512 << 20
"""A file that is one JSON value is held in memory whole, at several times its size."""
MAX_RATIO = 100
FREE_BYTES = 16 << 20
"""Up to here a file may expand at any ratio; beyond it ``MAX_RATIO`` holds."""


def plain_suffix(path: Path) -> str:
    """The ending of the name in lower case, without that of a compression.

    >>> plain_suffix(Path("Chat.CSV.gz"))
    '.csv'
    """
    name = Path(path.stem) if path.suffix.lower() in COMPRESSIONS else path
    return name.suffix.lower()


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of ``path``, expanded when its name ends in .gz or .zst.

    Raises ``InputError`` when it is missing, a folder, no regular file, unreadable, broken, or expands
    beyond ``MAX_RATIO``, also when that shows only while reading.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(
                f"{path}: {'a folder' if path.is_dir() else 'neither a file nor a folder'}; name a file"
            )
        with _expanded(path) as stream:
            yield stream
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


@contextmanager
def _expanded(path: Path) -> Iterator[IO[bytes]]:
    compression = path.suffix.lower()
    if compression not in COMPRESSIONS:
        with path.open("rb") as stream:
            yield stream
        return
    with path.open("rb") as packed:
        if compression == ".gz":
            source: Any = gzip.GzipFile(fileobj=packed)
        else:
            import pyarrow

            source = pyarrow.CompressedInputStream(packed, "zstd")
        with source:
            yield io.BufferedReader(_Counted(source, path))


class _Counted(io.RawIOBase):
    """Reads from ``source`` and stops when ``path`` has expanded too far."""

    def __init__(self, source: Any, path: Path) -> None:
        self._source = source
        self._path = path
        self._most = max(FREE_BYTES, MAX_RATIO * path.stat().st_size)
        self._total = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._source.read(len(buffer))
        self._total += len(content)
        if self._total > self._most:
            raise InputError(
                f"{self._path}: expands to more than {MAX_RATIO} times its size; a file of chat does "
                "not, expand it yourself if it is meant"
            )
        buffer[: len(content)] = content
        return len(content)


def binary_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of ``path`` with their numbers from 1, line ends kept.

    Raises ``InputError`` for a line over ``MAX_LINE_BYTES``.
    """
    with opened(path) as stream:
        number = 0
        while line := stream.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                raise InputError(
                    f"{path}:{number}: a line of more than {MAX_LINE_BYTES >> 20} MiB; this is no file "
                    "of messages"
                )
            yield number, line


def text_lines(path: Path, *, encoding: str = "utf-8", on_fault: OnFault = stop) -> Iterator[tuple[int, str]]:
    """The lines of a text file with their numbers, without a byte order mark.

    A line that cannot be decoded with ``encoding`` is a fault.
    """
    for number, raw in binary_lines(path):
        if number == 1:
            if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise InputError(f"{path}:1: looks like UTF-16; save the file as UTF-8")
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if b"\0" in raw:
            on_fault(
                f"{path}:{number}: holds a NUL byte; it is no text, or not in UTF-8: save the file as UTF-8"
            )
            continue
        try:
            line = raw.decode(encoding)
        except UnicodeDecodeError as error:
            on_fault(
                f"{path}:{number}: not UTF-8 ({error.reason} at byte {error.start} of the line); save "
                "the file as UTF-8"
            )
            continue
        yield number, line


def parsed_json(text: str, where: str) -> Any:
    """The JSON value in ``text``.

    Raises ``InputError`` that begins with ``where`` when it is broken, too deep, or has a number too
    large to read.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise InputError(f"{where}: JSON nested too deeply; messages are flat") from None
    except ValueError as error:
        raise InputError(f"{where}: not a whole JSON value ({error}); it may be cut off") from None


def whole_json(path: Path) -> Any:
    """The one JSON value that ``path`` holds.

    Raises ``InputError``, also for a key that stands twice in one object.
    """
    with opened(path) as stream:
        raw = stream.read(MAX_JSON_BYTES + 1)
    if len(raw) > MAX_JSON_BYTES:
        raise InputError(f"{path}: more than {MAX_JSON_BYTES >> 20} MiB of JSON; split the file")
    try:
        return json.loads(raw.decode("utf-8-sig"), object_pairs_hook=distinct_keys)
    except RecursionError:
        raise InputError(f"{path}: JSON nested too deeply; messages are flat") from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{line}: not UTF-8 ({error.reason}); save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}:{error.lineno}: not a whole JSON value ({error.msg} at column {error.colno}); it "
            "may be cut off"
        ) from None
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None


def distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs, for ``json``. Raises ``ValueError`` for a key that stands twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"key {twice[:60]!r} stands twice in one object; give every entry its own")
    return found
