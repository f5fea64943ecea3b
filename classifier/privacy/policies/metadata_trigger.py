"""Conditions on metadata under which a policy begins to read."""

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
CATEGORICAL_SIGNALS = ("known_from", "sender_age_band", "contact_age_band")
NUMERIC_SIGNALS = ("young_contacts", "hour", "messages", "initiator_share", "messages_per_hour")
_CONDITION = re.compile(r"\s*(\w+)\s*(==|!=|>=|<=|>|<)\s*(\S+)\s*")


@dataclass(frozen=True)
class MetadataSignals:
    """What is known of a conversation without reading its text.

    Parameters
    ----------
    metadata
        The conversation's record of its two accounts.
    initiator
        The account that opened the contact.
    authors, times
        Of each message so far.
    share_of_conditions_met
        The share of the policy's conditions that hold now, in [0, 1].
    """

    metadata: Metadata
    initiator: str
    authors: Sequence[str]
    times: Sequence[datetime]
    share_of_conditions_met: float = 0.0

    def signal(self, name: str) -> str | float:
        """The current value of one of ``CATEGORICAL_SIGNALS`` or ``NUMERIC_SIGNALS``.

        - "hour": hour of day of the last message, with its minutes, in [0, 24).
        - "initiator_share": share of the messages so far that the initiator wrote.
        - "messages_per_hour": since the first message; an interval below one hour counts as one hour.
        """
        if name in CATEGORICAL_SIGNALS or name == "young_contacts":
            value: str | float = getattr(self.metadata, name)
            return value
        n_messages = len(self.authors)
        if name == "messages":
            return n_messages
        if name == "initiator_share":
            return sum(author == self.initiator for author in self.authors) / n_messages
        last = self.times[-1]
        if name == "hour":
            return last.hour + last.minute / 60
        return n_messages / max(1.0, (last - self.times[0]).total_seconds() / 3600)


@dataclass(frozen=True)
class Condition:
    """A signal compared with a value, such as ``young_contacts >= 6``."""

    name: str
    comparison: str
    value: str | float

    def holds(self, signals: MetadataSignals) -> bool:
        """Whether the condition is true of these signals."""
        return OPERATORS[self.comparison](signals.signal(self.name), self.value)


def parse_condition(text: str) -> Condition:
    """The condition that a policy file writes as ``name comparison value``.

    Raises ``ValueError`` for a name that is not a metadata signal: the text cannot be used here.

    >>> parse_condition("young_contacts >= 6")
    Condition(name='young_contacts', comparison='>=', value=6.0)
    """
    match = _CONDITION.fullmatch(text)
    name, comparison, value = match.groups() if match else ("", "", "")
    if name in CATEGORICAL_SIGNALS and comparison in ("==", "!="):
        return Condition(name, comparison, value)
    if name in NUMERIC_SIGNALS:
        try:
            return Condition(name, comparison, float(value))
        except ValueError:
            pass
    raise ValueError(
        f"trigger condition {text!r}: expected one of {', '.join(CATEGORICAL_SIGNALS)} "
        f"with == or != and a word, or one of {', '.join(NUMERIC_SIGNALS)} "
        "with a comparison and a number; a condition on text is a text_trigger"
    )
