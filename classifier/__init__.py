"""Warning signs of online grooming in synthetic conversations.

A classifier of messages and conversations, and an evaluation of privacy versus detection. For research,
prototyping and teaching: scores are for a person to review, never for automated action against a person.

The public names are listed in ``__init__.pyi``, each with its module; one is imported when it is first used.

>>> from classifier import load_model, shipped_model
>>> model = load_model(shipped_model())
>>> model.probabilities(["dont tell your mum about this, its our secret"]).shape
(1, 7)
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

_PUBLIC_NAME = re.compile(r"^from (\S+) import \(?\s*(\w+) as \2\b", re.MULTILINE)


def _homes() -> dict[str, str]:
    """The module of each public name."""
    stub = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    return {name: module for module, name in _PUBLIC_NAME.findall(stub)}


def __getattr__(name: str) -> Any:
    home = None if name.startswith("__") else _homes().get(name)
    if home is None:
        raise AttributeError(f"module 'classifier' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_homes()})
