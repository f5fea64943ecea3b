"""Bounded opening of files from outside.

A file can fill neither memory nor time: only regular files are read, line length and expansion are
bounded, and so is the depth of JSON. A symbolic link is followed to a regular file; pipes, devices and
folders are refused.
"""

from __future__ import annotations

import codecs
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
from classifier.readers.fault_handling import OnFault, stop

COMPRESSIONS = (".gz", ".zst")
MAX_LINE_BYTES = 16 << 20
MAX_JSON_BYTES = 512 << 20
"""A file that is one JSON value is held in memory whole, at several times its size."""
MAX_RATIO = 100
FREE_BYTES = 16 << 20
"""Up to here a file may expand at any ratio; beyond it ``MAX_RATIO`` holds."""
BUFFER_BYTES = 1 << 16


def plain_suffix(path: Path) -> str:
    """The ending of the name in lower case, without that of a compression.

    >>> plain_suffix(Path("Chat.CSV.gz"))
    '.csv'
    """
    name = Path(path.stem) if path.suffix.lower() in COMPRESSIONS else path
    return name.suffix.lower()


class ReadStream(io.BufferedReader):
    """The unpacked bytes of a file, in UTF-8 where it is text."""

    packed: IO[bytes]

    def packed_at(self) -> int:
        """How many bytes of the file itself have been read."""
        return self.packed.tell()


@contextmanager
def opened(path: Path, *, name: str = "", encoding: str = "utf-8", at: int = 0) -> Iterator[ReadStream]:
    """The bytes of ``path`` from ``at`` on, expanded when its name ends in .gz or .zst.

    Raises ``InputError`` when it is missing, a folder, no regular file, unreadable, broken, in another
    encoding, or expands beyond ``MAX_RATIO``, also when that shows only while reading. Another ``encoding``
    is read as UTF-8. ``name`` is how messages call the file, ``at`` a place in the bytes that are read.
    """
    name = name or str(path)
    require_regular(path, name)
    try:
        with path.open("rb") as packed:
            source: Any = packed
            if path.suffix.lower() == ".gz":
                source = _Counted(gzip.GzipFile(fileobj=packed), path, name)
            elif path.suffix.lower() == ".zst":
                import pyarrow

                source = _Counted(pyarrow.CompressedInputStream(packed, "zstd"), path, name)
            if not is_utf8(encoding):
                source = _Recoded(source, encoding, name)
            is_plain = source is packed
            stream = ReadStream(packed.raw if is_plain else source, BUFFER_BYTES)
            stream.packed = packed
            if is_plain:
                stream.seek(at)
            else:
                while at and (skipped := len(stream.read(min(at, 1 << 20)))):
                    at -= skipped
            yield stream
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def require_regular(path: Path, name: str = "") -> None:
    """Raise ``InputError`` for what is missing, a folder, or neither file nor folder."""
    name = name or str(path)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "neither a file nor a folder"
        raise InputError(f"{name}: {kind}; name a file")


def is_utf8(encoding: str) -> bool:
    """Whether ``encoding`` is a name of UTF-8.

    Raises ``InputError`` for one that is the name of no encoding.
    """
    try:
        found = codecs.lookup(encoding)
        "".encode(encoding)  # refuses codecs that are no encodings of text, such as base64
    except (LookupError, ValueError):
        raise InputError(
            f"encoding {encoding!r}: expected the name of one, e.g. utf-8, cp1252, utf-16 or latin-1"
        ) from None
    return found.name in ("utf-8", "ascii", "utf-8-sig")


class _Counted(io.RawIOBase):
    """Reads from ``source`` and stops when ``path`` has expanded too far."""

    def __init__(self, source: Any, path: Path, name: str) -> None:
        self._source = source
        self._name = name
        self._most = max(FREE_BYTES, MAX_RATIO * path.stat().st_size)
        self._total = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._source.read(len(buffer))
        self._total += len(content)
        if self._total > self._most:
            raise InputError(
                f"{self._name}: expands to more than {MAX_RATIO} times its size; a file of chat does "
                "not, expand it yourself if it is meant"
            )
        buffer[: len(content)] = content
        return len(content)


class _Recoded(io.RawIOBase):
    """The text of ``source``, which is in ``encoding``, as UTF-8."""

    def __init__(self, source: Any, encoding: str, name: str) -> None:
        self._source, self._name, self._encoding = source, name, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and not self._ended:
            content = self._source.read(BUFFER_BYTES)
            self._ended = not content
            try:
                text = self._decoder.decode(content, final=self._ended)
                self._ready = text.encode("utf-8")
            except UnicodeError as error:
                reason = getattr(error, "reason", error)
                raise InputError(
                    f"{self._name}: not {self._encoding} ({reason}); give another --encoding"
                ) from None
        n = min(len(buffer), len(self._ready))
        buffer[:n], self._ready = self._ready[:n], self._ready[n:]
        return n


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


def text_lines(path: Path, *, on_fault: OnFault = stop) -> Iterator[tuple[int, str]]:
    """The lines of a text file with their numbers, without a byte order mark.

    A line that cannot be decoded is a fault.
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
            line = raw.decode("utf-8")
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
