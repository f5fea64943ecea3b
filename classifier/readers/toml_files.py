"""TOML files as plain values: phrases, dialogues, policies, grids."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from classifier.errors import InputError


def read_toml(path: Path, error_type: type[InputError] = InputError) -> dict[str, Any]:
    """The content of a TOML file. Raises ``error_type`` naming the file and the fault."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise error_type(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise error_type(f"{path}: not readable as TOML: {error}") from None
