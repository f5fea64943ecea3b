"""Finished pieces of long work, from which an interrupted run resumes.

Each piece lies under a digest of all that it depends on: inputs, options, program. A piece made of anything
else has another digest and is never used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.atomic import write_bytes
from classifier.errors import InputError

KINDS = (".py", ".toml", ".txt")
_SHA256_BYTES = 32


@dataclass(frozen=True)
class FinishedPieces:
    """The pieces of one run in ``folder``; ``basis`` is what all of them depend on."""

    folder: Path
    basis: Mapping[str, Any]

    def get(self, name: str, **depends_on: Any) -> bytes | None:
        """The content of a piece, or None when it is missing or damaged."""
        try:
            stored = self.path(name, **depends_on).read_bytes()
        except OSError:
            return None
        content = stored[_SHA256_BYTES:]
        return content if hashlib.sha256(content).digest() == stored[:_SHA256_BYTES] else None

    def put(self, name: str, content: bytes, **depends_on: Any) -> None:
        """Write a piece, whole or not at all."""
        write_bytes(self.path(name, **depends_on), hashlib.sha256(content).digest() + content)

    def count(self) -> int:
        """How many pieces there are."""
        return len(list(self.folder.glob("*.piece")))

    def path(self, name: str, **depends_on: Any) -> Path:
        """Where a piece lies, or would lie."""
        content = json.dumps({"basis": dict(self.basis), "on": depends_on}, sort_keys=True)
        return self.folder / f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:16]}.piece"


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
