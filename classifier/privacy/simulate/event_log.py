"""The event log of a policy run, the source of every cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from classifier.privacy.policies.policy import Policy

EVENTS = ("read", "scored", "kept", "dropped", "alert", "released", "shown", "metadata")

_CODE = {event: code for code, event in enumerate(EVENTS)}


@dataclass(frozen=True)
class PolicyRun:
    """A policy and the event log of its run.

    Parameters
    ----------
    events
        One row for each event, conversation by conversation, in order. Columns: ``conversation`` (its id),
        ``step`` (number of messages written by then), ``event``, ``message`` (the number, from 1, of the
        message concerned; 0 for none), ``value``, ``hours`` (since the conversation's first message) and
        ``text`` (as shown to a person). The events:

        - "read": the text reached the machine, or a person; where it is computed on under encryption, nobody
          saw it.
        - "scored": ``value`` is the score an alert may rest on; -inf while too few stages have been seen.
        - "kept", "dropped": the message is held over to the next message; it is forgotten.
        - "alert": the policy's own decision.
        - "released": ``value`` left the place of reading. 1 or more points at the conversation, so that
          somebody can act.
        - "shown": a person saw ``text``.
        - "metadata": who writes to whom, when and how much was looked at, once a conversation.
    noisy_alerts
        The count that an aggregate release publishes, else nan.
    """

    policy: Policy
    events: pd.DataFrame
    noisy_alerts: float


class EventLog:
    """Events in the order in which they happen.

    ``numbers`` is one flat list with six numbers for each event. ``texts`` maps the position of an event to
    the text shown.
    """

    def __init__(self) -> None:
        self.numbers: list[float] = []
        self.texts: dict[int, str] = {}

    def add(
        self, conversation: int, step: int, event: str, message: int, value: float, hours: float, text: str
    ) -> None:
        """Append an event of the conversation at this position."""
        if text:
            self.texts[len(self.numbers) // 6] = text
        self.numbers += (conversation, step, _CODE[event], message, value, hours)

    def table(self, ids: list[str]) -> pd.DataFrame:
        """The table of ``PolicyRun``; ``ids`` of the conversations by position."""
        columns = np.array(self.numbers, dtype=np.float64).reshape(-1, 6).T
        text = np.full(columns.shape[1], "", dtype=object)
        text[list(self.texts)] = list(self.texts.values())
        conversation, step, event, message = columns[:4].astype(np.int64)
        return pd.DataFrame(
            {
                "conversation": pd.Categorical.from_codes(conversation, pd.Index(ids, dtype=object)),
                "step": step,
                "event": pd.Categorical.from_codes(event, pd.Index(EVENTS, dtype=object)),
                "message": message,
                "value": columns[4],
                "hours": columns[5],
                "text": text,
            }
        )
