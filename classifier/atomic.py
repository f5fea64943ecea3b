"""Files written beside their place and renamed into it.

No reader finds half a file, not even after a power cut. What a killed run left half written is removed
when its file is written the next time; a writer holds a lock on its own half, so that no other takes it.
"""

from __future__ import annotations

import fcntl
import glob
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

HALF = ".half"
"""How the name of a file ends that is being written."""


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A binary stream whose content becomes ``path`` when the block ends.

    After an error ``path`` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_halves(path)
    descriptor, name = _locked_half(path)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        synced_folder(path.parent)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _locked_half(path: Path) -> tuple[int, str]:
    """Descriptor and name of a new file beside ``path``, locked where the file system can."""
    while True:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=HALF, dir=path.parent)
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, name
        os.close(descriptor)  # taken for a killed run's before it was locked


def _remove_halves(path: Path) -> None:
    """Remove the halves of ``path`` that nobody writes any more."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.????????{HALF}"):
        with suppress(OSError), left.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def synced_folder(folder: Path) -> None:
    """Wait until what was renamed into or out of ``folder`` is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_bytes(path: Path, content: bytes) -> None:
    """``content`` as the whole of ``path``."""
    with replacing(path) as stream:
        stream.write(content)
