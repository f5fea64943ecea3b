"""Which version of the program is this? One hash of its code and of its word lists, by which work that was cut short is known as its own again."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

KINDS = (".py", ".toml", ".txt")


def program_sha256(rooms: Collection[str]) -> str:
    """One hash of what the named rooms of the package and its top level hold: code, phrases, word lists, policies. Anything changed there gives another.

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
