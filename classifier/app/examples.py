"""Which sentences does the demo page put before the model? Written beforehand, in ``lines.toml``, without looking at any score."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def lines() -> dict[str, list[dict[str, str]]]:
    """The lines by the list they stand in; each has its ``text``, most the ``label`` in question, some who is the ``speaker``.

    >>> sorted(lines())
    ['example', 'indirect', 'noisy', 'not_shown', 'same_words']
    """
    found: dict[str, list[dict[str, str]]] = tomllib.loads(
        (files("classifier.app") / "examples.toml").read_text(encoding="utf-8")
    )
    return found
