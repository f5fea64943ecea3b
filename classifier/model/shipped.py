"""The small model that comes with the package."""

from __future__ import annotations

from pathlib import Path


def shipped_model() -> Path:
    """Its file; the pattern scorers fitted on it stand beside it.

    >>> shipped_model().name
    'small.safetensors'
    """
    return Path(__file__).parent / "small.safetensors"
