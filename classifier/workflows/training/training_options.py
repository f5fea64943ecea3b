"""Options of a message model as people write them, on the command line and in TOML."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from classifier.model.message.features import DEFAULT_OPTIONS

NONE = "none"
LONGEST_RANGE = 10
"""The highest bound of a feature group that a model file takes."""


def recipe_value(option: str, written: object) -> Any:
    """The value of an option of ``StageClassifier``, from what a person wrote.

    A range is ``"1,2"`` or, in TOML, ``[1, 2]``; ``"none"`` stands for None. Raises ``ValueError`` for an
    unknown option and for what cannot be its value, saying what was expected.

    >>> recipe_value("word_ngrams", "1,2"), recipe_value("char_ngrams", "none"), recipe_value("C", 4)
    ((1, 2), None, 4.0)
    """
    if option not in _READ:
        raise ValueError(f"unknown option; expected one of {', '.join(DEFAULT_OPTIONS)}")
    return _READ[option](written)


def recipe_text(value: object) -> str:
    """A value as a person writes it, which ``recipe_value`` reads back.

    >>> recipe_text((1, 2)), recipe_text(None), recipe_text(True), recipe_text(0.5)
    ('1,2', 'none', 'true', '0.5')
    """
    if value is None:
        return NONE
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _range(written: object) -> tuple[int, int] | None:
    if written == NONE:
        return None
    bounds = written.split(",") if isinstance(written, str) else written
    try:
        low, high = map(_whole, bounds)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        low, high = 0, 0
    if not 1 <= low <= high <= LONGEST_RANGE:
        raise _expected(f"LOW,HIGH from 1 to {LONGEST_RANGE}, such as 1,2, or {NONE!r}", written)
    return low, high


def _whole(written: object) -> int:
    """A whole number, of digits or of TOML; else ``ValueError``."""
    if isinstance(written, bool) or not isinstance(written, int | str):
        raise ValueError(f"not a whole number: {written!r}")
    return int(written)


def _least_texts(written: object) -> int:
    if isinstance(written, bool) or not isinstance(written, int) or written < 1:
        raise _expected("a whole number from 1", written)
    return written


def _strength(written: object) -> float:
    if (
        isinstance(written, bool)
        or not isinstance(written, int | float)
        or not (math.isfinite(written) and written > 0)
    ):
        raise _expected("a number above 0", written)
    return float(written)


def _weights(written: object) -> str | None:
    if written not in (NONE, "balanced"):
        raise _expected(f"{NONE!r} or 'balanced'", written)
    return None if written == NONE else "balanced"


def _yes_or_no(written: object) -> bool:
    if not isinstance(written, bool):
        raise _expected("true or false", written)
    return written


def _expected(what: str, written: object) -> ValueError:
    return ValueError(f"expected {what}, got {repr(written)[:60]}")


_READ: dict[str, Callable[[object], Any]] = {
    "word_ngrams": _range,
    "char_ngrams": _range,
    "word_pairs": _range,
    "min_df": _least_texts,
    "sublinear_tf": _yes_or_no,
    "C": _strength,
    "class_weight": _weights,
    "normaliser": _yes_or_no,
}
"""What reads each option."""
