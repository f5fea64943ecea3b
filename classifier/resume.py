"""One hash of the program, by which interrupted work knows its own pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

from classifier.errors import InputError

KINDS = (".py", ".toml", ".txt")


def program_sha256(rooms: Collection[str]) -> str:
    """One hash of the named rooms of the package and of its top level.

    It covers code, phrases, word lists and policies; a change in any gives another hash.

    >>> program_sha256(["corpus"]) == program_sha256(["corpus"]) != program_sha256(["corpus", "model"])
    True
    """
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if path.suffix in KINDS):
        place = path.relative_to(package)
        if len(place.parts) == 1 or place.parts[0] in rooms:
            digest.update(f"{place.as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes. Raises ``InputError`` when it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
