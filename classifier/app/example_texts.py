"""Example texts of the demo page, from ``examples.toml``.

They were written without looking at any score.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def example_texts() -> dict[str, list[dict[str, str]]]:
    """The examples by the name of their list.

    Each has its ``text``; most have the ``label`` in question, and some the ``speaker``.

    >>> sorted(example_texts())
    ['example', 'indirect', 'noisy', 'not_shown', 'same_words']
    """
    content = (files("classifier.app") / "examples.toml").read_text(encoding="utf-8")
    examples: dict[str, list[dict[str, str]]] = tomllib.loads(content)
    return examples
