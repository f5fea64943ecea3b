"""What happened while a policy watched conversations? The log of events, from which every cost is computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from classifier.privacy.policies.policy import Policy

EVENTS = ("read", "scored", "kept", "dropped", "alert", "released", "shown")

_CODE = {event: code for code, event in enumerate(EVENTS)}


@dataclass(frozen=True)
class PolicyRun:
    """The event log of a policy over conversations.

    ``events``, one row each, conversation by conversation in order: ``conversation`` (id), ``step`` (messages written by then), ``event``, ``message`` (the one
    concerned, 1-based; 0 for none), ``value``, ``hours`` (since the conversation's first message) and ``text`` (as shown to a human). The events:

    - "read": the text reached the machine, or a human. "kept", "dropped": it was held over to the next message, and forgotten.
    - "scored": ``value`` is the score an alert may rest on; -inf while too few stages have been seen.
    - "alert": the policy's own decision. "released": ``value`` left the place of reading; 1 or more points at the conversation, so that somebody can act.
    - "shown": a human saw ``text``.

    ``noisy_alerts`` is what an aggregate release gives out, else nan.
    """

    policy: Policy
    events: pd.DataFrame
    noisy_alerts: float


class EventLog:
    """Events as they come: their numbers in one flat list, six an event, and the texts shown by event."""

    def __init__(self) -> None:
        self.numbers: list[float] = []
        self.texts: dict[int, str] = {}

    def add(
        self, conversation: int, step: int, event: str, message: int, value: float, hours: float, text: str
    ) -> None:
        """One event of the conversation of that number."""
        if text:
            self.texts[len(self.numbers) // 6] = text
        self.numbers += (conversation, step, _CODE[event], message, value, hours)

    def table(self, ids: list[str]) -> pd.DataFrame:
        """The events as ``PolicyRun`` holds them; ``ids`` of the conversations by number."""
        columns = np.array(self.numbers, dtype=np.float64).reshape(-1, 6).T
        text = np.full(columns.shape[1], "", dtype=object)
        text[list(self.texts)] = list(self.texts.values())
        whole = columns[:4].astype(np.int64)
        return pd.DataFrame(
            {
                "conversation": pd.Categorical.from_codes(whole[0], categories=pd.Index(ids, dtype=object)),
                "step": whole[1],
                "event": pd.Categorical.from_codes(whole[2], categories=pd.Index(EVENTS, dtype=object)),
                "message": whole[3],
                "value": columns[4],
                "hours": columns[5],
                "text": text,
            }
        )
