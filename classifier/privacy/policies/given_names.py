"""A public list of common given names.

Used to redact text, to read names out of model files, and to leave names as they are typed.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def given_names() -> tuple[str, ...]:
    """The names of ``given_names.txt``, with their capitals.

    >>> given_names()[:2]
    ('Aaron', 'Abdul')
    """
    path = files("classifier.privacy.policies") / "given_names.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))
