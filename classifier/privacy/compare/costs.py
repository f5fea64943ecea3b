"""What did a policy cost the people who did nothing? Costs of each conversation from the event log, what adds up over conversations, and the figures of the sums."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.privacy.policies.redact import readable_entities
from classifier.privacy.simulate.events import EVENTS, PolicyRun
from classifier.privacy.stream import Stream

Totals = NDArray[np.float64]

COSTS = (
    "conversation",
    "cluster",
    "benign",
    "n_messages",
    "n_read",
    "n_shown",
    "flagged",
    "flagged_at",
    "flagged_hours",
    "message_hours",
    "peak_kept",
    "output",
    "pii_items",
    "pii_people",
)


def conversation_costs(run: PolicyRun, streams: Sequence[Stream]) -> pd.DataFrame:
    """One row a conversation of what the log says happened to it. Columns ``COSTS``:

    ``flagged``: something was released that points at it, at message ``flagged_at`` and ``flagged_hours`` (nan when not); ``message_hours`` and ``peak_kept``
    of messages kept; ``output``: what was released, 0 for nothing; ``pii_items``: pieces of personal information a human could read; ``pii_people``: accounts
    in whose shown messages one could be read, an account's 1 being shared among the conversations of one label it was exposed in, so that the column adds up
    to the number of people. Both are nan where text was shown that the streams do not hold.
    """
    events, n = run.events, len(streams)
    code, kind = (
        events["conversation"].cat.codes.to_numpy().astype(np.int64),
        events["event"].cat.codes.to_numpy(),
    )
    is_ = {event: kind == position for position, event in enumerate(EVENTS)}
    hours = np.where(is_["dropped"], 1.0, np.where(is_["kept"], -1.0, 0.0)) * events["hours"].to_numpy()
    released = events[is_["released"] & (events["value"] >= 1).to_numpy()].drop_duplicates("conversation")
    table = described(streams).assign(
        n_read=_distinct_messages(events[is_["read"]], n),
        n_shown=_distinct_messages(events[is_["shown"]], n),
        message_hours=np.bincount(code, weights=hours, minlength=n),
        peak_kept=_peak(code, is_["kept"].astype(np.int64) - is_["dropped"], n),
    )
    at = released["conversation"].cat.codes.to_numpy()
    for name, source in (("output", "value"), ("flagged_at", "step"), ("flagged_hours", "hours")):
        column = np.full(n, 0.0 if name == "output" else np.nan)
        column[at] = released[source].to_numpy()
        table[name] = column
    table["output"] = table["output"].astype(np.int64)
    table["flagged"] = table["output"] >= 1
    table["pii_items"], table["pii_people"] = _personal_information(events[is_["shown"]], streams)
    return table[list(COSTS)]


def described(streams: Sequence[Stream]) -> pd.DataFrame:
    """The columns of ``COSTS`` that hold before any policy: ``conversation``, ``cluster``, ``benign``, ``n_messages``."""
    return pd.DataFrame(
        {
            "conversation": [stream.id for stream in streams],
            "cluster": [stream.cluster for stream in streams],
            "benign": [stream.benign for stream in streams],
            "n_messages": [len(stream) for stream in streams],
        }
    )


def _distinct_messages(events: pd.DataFrame, n: int) -> NDArray[np.int64]:
    once = events.drop_duplicates(["conversation", "message"])
    return np.bincount(once["conversation"].cat.codes.to_numpy(), minlength=n).astype(np.int64)


def _peak(code: NDArray[np.int64], change: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """The most messages kept at once. All that is kept is dropped in the end, so one running sum serves all conversations."""
    peak = np.zeros(n, dtype=np.int64)
    np.maximum.at(peak, code, np.cumsum(change))
    return peak


def _personal_information(
    shown: pd.DataFrame, streams: Sequence[Stream]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    items, people = np.zeros(len(streams)), np.zeros(len(streams))
    exposed: dict[tuple[bool, str], list[int]] = {}
    codes = shown["conversation"].cat.codes.to_numpy()
    messages, texts = shown["message"].tolist(), shown["text"].tolist()
    edges = [*np.flatnonzero(np.diff(codes, prepend=-1)).tolist(), len(codes)]
    for start, stop in pairwise(edges):
        number = int(codes[start])
        stream = streams[number]
        if not stream.texts:
            items[number], people[number] = np.nan, np.nan
            continue
        readable = readable_entities(stream, texts[start:stop])
        items[number] = len(set().union(*readable))
        for author in {
            stream.authors[message - 1]
            for message, found in zip(messages[start:stop], readable, strict=True)
            if found
        }:
            exposed.setdefault((stream.benign, author), []).append(number)
    for numbers in exposed.values():
        people[numbers] += 1.0 / len(numbers)
    return items, people


SUMS = (
    "benign",
    "pattern",
    "benign_flagged",
    "found",
    "messages",
    "messages_read",
    "messages_shown",
    "message_hours",
    "people",
    "items",
    "pattern_messages_read",
    "benign_read",
)
"""What adds up over conversations; all but ``pattern``, ``found`` and ``pattern_messages_read`` are of benign conversations."""


def cost_sums(costs: pd.DataFrame) -> Totals:
    """What each conversation adds to the sums: shape (conversations, ``len(SUMS)``)."""
    benign = costs["benign"].to_numpy(dtype=np.float64)
    pattern = 1.0 - benign
    flagged, n_read = costs["flagged"].to_numpy(dtype=np.float64), costs["n_read"].to_numpy(dtype=np.float64)
    return np.column_stack(
        [
            benign,
            pattern,
            benign * flagged,
            pattern * flagged,
            benign * costs["n_messages"].to_numpy(),
            benign * n_read,
            benign * costs["n_shown"].to_numpy(),
            # A nan of a pattern is no cost to the benign, and nan * 0 is nan.
            np.where(benign > 0, costs["message_hours"].to_numpy(), 0.0),
            np.where(benign > 0, costs["pii_people"].to_numpy(), 0.0),
            np.where(benign > 0, costs["pii_items"].to_numpy(), 0.0),
            pattern * n_read,
            benign * (n_read > 0),
        ]
    )


def figures(totals: Totals) -> dict[str, NDArray[np.float64]]:
    """The figures that follow from sums, by name; ``totals`` has shape (..., ``len(SUMS)``), 0/0 is nan."""
    sums = {name: totals[..., position] for position, name in enumerate(SUMS)}
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "human_read_benign_per_million": 1e6 * sums["benign_flagged"] / sums["benign"],
            "machine_read_share": sums["messages_read"] / sums["messages"],
            "machine_read_conversations": sums["benign_read"] / sums["benign"],
            "human_read_messages": sums["messages_shown"] / sums["messages"],
            "pii_people_exposed_per_1000": 1e3 * sums["people"] / sums["benign"],
            "pii_items_exposed_per_1000": 1e3 * sums["items"] / sums["benign"],
            "retained_message_hours": sums["message_hours"] / sums["benign"],
            "recall": sums["found"] / sums["pattern"],
        }


def messages_per_true_detection(totals: Totals, *, prevalence: float) -> NDArray[np.float64]:
    """Messages read for each pattern that is found, [π m₁ + (1 - π) m₀] / (π recall), m the mean number read in a conversation. Nothing found: infinite, or nan."""
    checked_prevalence(prevalence)
    sums = {name: totals[..., position] for position, name in enumerate(SUMS)}
    with np.errstate(divide="ignore", invalid="ignore"):
        read = (
            prevalence * sums["pattern_messages_read"] / sums["pattern"]
            + (1.0 - prevalence) * sums["messages_read"] / sums["benign"]
        )
        return np.asarray(read / (prevalence * sums["found"] / sums["pattern"]))


def checked_prevalence(prevalence: float) -> float:
    """``prevalence``, when it is one. Raises ``ValueError`` otherwise: no predictive value, and no cost of a detection, exists without a stated prevalence."""
    if not 0 < prevalence < 1:
        raise ValueError(
            f"prevalence must be stated, between 0 and 1, got {prevalence!r}: what a detection costs depends on it more than on anything else"
        )
    return prevalence
