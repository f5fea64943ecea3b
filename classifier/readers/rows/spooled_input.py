"""Standard input and pipes, kept in a temporary file while they are read as rows."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO

from classifier.errors import InputError
from classifier.readers.rows.file_endings import ROW_FORMATS, files_named


def is_open_pipe(path: Path) -> bool:
    """Whether ``path`` is a pipe that this process was given, as by ``<(...)`` or as /dev/stdin."""
    try:
        return path.parts[:2] in (("/", "dev"), ("/", "proc")) and stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False


@contextmanager
def row_sources(sources: Sequence[str], format_: str) -> Iterator[tuple[list[Path], str]]:
    """The files that names, patterns, a pipe or "-" stand for.

    With them comes how messages call a pipe; empty for files, which are called by their names.
    """
    if len(sources) > 1 or not (sources[0] == "-" or is_open_pipe(Path(sources[0]))):
        yield files_named(sources), ""
        return
    name = "standard input" if sources[0] == "-" else sources[0]
    with (
        nullcontext(sys.stdin.buffer)
        if sources[0] == "-"
        else _opened_descriptor(Path(sources[0])) as stream,
        spooled(stream, format_) as path,
    ):
        yield [path], name


@contextmanager
def spooled(source: IO[bytes], format_: str) -> Iterator[Path]:
    """The bytes of ``source`` as a file that can be read from any place on.

    Its name has the ending of ``format_``, or with "auto" of what its beginning looks like, and of its
    compression.
    """
    with tempfile.TemporaryDirectory(prefix="grooming-classifier-") as folder:
        path = Path(folder) / "rows"
        try:
            with path.open("wb") as stream:
                shutil.copyfileobj(source, stream, 1 << 20)
        except OSError as error:
            raise InputError(f"{folder}: input from a pipe cannot be kept: {error.strerror}") from None
        yield path.rename(path.with_name(f"rows{_ending(path, format_)}"))


def _ending(path: Path, format_: str) -> str:
    with path.open("rb") as stream:
        head = stream.read(64)
    packed = ".gz" if head[:2] == b"\x1f\x8b" else ".zst" if head[:4] == b"\x28\xb5\x2f\xfd" else ""
    if format_ not in ROW_FORMATS:
        is_json = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"
        format_ = "parquet" if head[:4] == b"PAR1" else "jsonl" if is_json else "csv"
    return f".{'jsonl' if format_ == 'corpus' else format_}{packed}"


def _opened_descriptor(path: Path) -> IO[bytes]:
    try:
        return os.fdopen(os.open(path, os.O_RDONLY), "rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
