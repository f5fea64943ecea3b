"""When does a policy begin to read? Conditions on what is known of a conversation without its text."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from classifier.records import Metadata

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
WORDS = ("known_from", "sender_age_band", "contact_age_band")
NUMBERS = ("young_contacts", "hour", "messages", "initiator_share", "messages_per_hour")
_FORM = re.compile(r"\s*(\w+)\s*(==|!=|>=|<=|>|<)\s*(\S+)\s*")


@dataclass(frozen=True)
class Outside:
    """What can be seen of a conversation up to now without reading it: who wrote when, and its metadata. ``met`` is the share of a policy's conditions that hold."""

    metadata: Metadata
    initiator: str
    authors: Sequence[str]
    times: Sequence[datetime]
    met: float = 0.0

    def signal(self, name: str) -> str | float:
        """The present value of one of ``WORDS`` or ``NUMBERS``; ``hour`` is that of the last message, a pace counts at least one hour."""
        if name in WORDS or name == "young_contacts":
            value: str | float = getattr(self.metadata, name)
            return value
        n = len(self.authors)
        if name == "messages":
            return n
        if name == "initiator_share":
            return sum(author == self.initiator for author in self.authors) / n
        last = self.times[-1]
        if name == "hour":
            return last.hour + last.minute / 60
        return n / max(1.0, (last - self.times[0]).total_seconds() / 3600)


@dataclass(frozen=True)
class Condition:
    """``name`` compared with ``value``, as in ``young_contacts >= 6``."""

    name: str
    comparison: str
    value: str | float

    def holds(self, outside: Outside) -> bool:
        """Whether it is so now."""
        return OPERATORS[self.comparison](outside.signal(self.name), self.value)


def parse_condition(text: str) -> Condition:
    """The condition a policy file writes as ``name comparison value``.

    Raises ``ValueError`` for a name that is no metadata: text is not to be had here.

    >>> parse_condition("young_contacts >= 6")
    Condition(name='young_contacts', comparison='>=', value=6.0)
    """
    match = _FORM.fullmatch(text)
    name, comparison, value = match.groups() if match else ("", "", "")
    if name in WORDS and comparison in ("==", "!="):
        return Condition(name, comparison, value)
    if name in NUMBERS:
        try:
            return Condition(name, comparison, float(value))
        except ValueError:
            pass
    raise ValueError(
        f"trigger condition {text!r}: expected one of {', '.join(WORDS)} with == or != and a word, or one of {', '.join(NUMBERS)} with a comparison and a number; "
        "a condition on text is a text_trigger"
    )
