"""Costs counted for each conversation, and metrics of their sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from classifier.evaluation.clustered_units import Clusters
from classifier.evaluation.intervals import divide_or_nan
from classifier.evaluation.rates import Rate
from classifier.privacy.message_streams import Stream
from classifier.privacy.policies.policy import Policy
from classifier.privacy.policies.redaction import readable_entities
from classifier.privacy.simulate.event_log import PolicyRun
from classifier.privacy.tradeoff.cost_metric import Sum
from classifier.privacy.tradeoff.cost_metric_table import COST_METRICS

Numbers = NDArray[np.float64]

COMPANY_PLACES = ("server", "metadata_trigger", "user_report")
"""Where reading is done by the company; written out here, so that no policy can name a place of its own."""

SUMS: tuple[Sum, ...] = tuple(dict.fromkeys(sum_ for metric in COST_METRICS for sum_ in metric.sums))
"""What is added up over conversations: each sum that some metric divides, or divides by."""


@dataclass(frozen=True)
class ConversationEvents:
    """A policy's events and conversations, for counting by conversation."""

    policy: Policy
    events: pd.DataFrame
    streams: Sequence[Stream]

    def of_kind(self, kind: str) -> pd.DataFrame:
        """The events of one kind of ``simulate.event_log.EVENTS``."""
        return self.events[(self.events["event"] == kind).to_numpy()]

    def distinct_messages(self, kind: str) -> NDArray[np.int64]:
        """How many messages have an event of that kind, by conversation."""
        if kind not in self._distinct:
            events = self.of_kind(kind)
            conversations, messages = _conversation_numbers(events), events["message"].to_numpy()
            width = int(messages.max(initial=0)) + 1
            once = np.unique(conversations * width + messages) // width
            self._distinct[kind] = np.bincount(once, minlength=len(self.streams)).astype(np.int64)
        return self._distinct[kind]

    @cached_property
    def _distinct(self) -> dict[str, NDArray[np.int64]]:
        return {}

    def added_up(self, events: pd.DataFrame, values: ArrayLike) -> Numbers:
        """One value of each of these events, added up by conversation."""
        added = np.bincount(_conversation_numbers(events), weights=values, minlength=len(self.streams))
        return added.astype(np.float64)

    def of_contact(self, kind: str) -> Numbers:
        """How many messages of the person contacted have an event of that kind, by conversation."""
        once = self.of_kind(kind).drop_duplicates(["conversation", "message"])
        numbers = _conversation_numbers(once)
        by_contact = [
            self.streams[number].authors[message - 1] != self.streams[number].initiator
            for number, message in zip(numbers.tolist(), once["message"].tolist(), strict=True)
        ]
        return self.added_up(once, by_contact)

    @cached_property
    def releases(self) -> pd.DataFrame:
        """The first release that points at each conversation, by its number."""
        released = self.of_kind("released")
        first = released[(released["value"] >= 1).to_numpy()].drop_duplicates("conversation")
        return first.set_index(_conversation_numbers(first)).reindex(range(len(self.streams)))

    @cached_property
    def exposed(self) -> tuple[Numbers, Numbers]:
        """Personal information, and accounts, readable in what was shown.

        Both are counted by conversation. An account's 1 is shared among the conversations of one label it was
        exposed in, so that the numbers add up to that of accounts. Both are nan where text was shown that the
        streams do not hold.
        """
        shown = self.of_kind("shown")
        items, people = np.zeros(len(self.streams)), np.zeros(len(self.streams))
        exposed_in: dict[tuple[bool, str], list[int]] = {}
        numbers = _conversation_numbers(shown)
        messages, texts = shown["message"].tolist(), shown["text"].tolist()
        edges = [*np.flatnonzero(np.diff(numbers, prepend=-1)).tolist(), len(numbers)]
        for start, stop in pairwise(edges):
            number = int(numbers[start])
            stream = self.streams[number]
            if not stream.texts:
                items[number], people[number] = np.nan, np.nan
                continue
            readable = readable_entities(stream, texts[start:stop])
            items[number] = len(set().union(*readable))
            shown_messages = zip(messages[start:stop], readable, strict=True)
            authors = {stream.authors[message - 1] for message, entities in shown_messages if entities}
            for author in authors:
                exposed_in.setdefault((stream.benign, author), []).append(number)
        for conversations in exposed_in.values():
            people[conversations] += 1.0 / len(conversations)
        return items, people


def _conversation_numbers(events: pd.DataFrame) -> NDArray[np.int64]:
    return np.asarray(events["conversation"].cat.codes, dtype=np.int64)


def messages_read(log: ConversationEvents) -> NDArray[np.int64]:
    """Messages that a machine or a person read in the clear."""
    if log.policy.where == "private_inference":
        return np.zeros(len(log.streams), dtype=np.int64)
    return log.distinct_messages("read")


def is_read(log: ConversationEvents) -> NDArray[np.bool_]:
    """Whether any message was read in the clear."""
    return messages_read(log) > 0


def messages_read_by_company(log: ConversationEvents) -> NDArray[np.int64]:
    """Messages that reached the company: its servers, or a reviewer of its own."""
    if log.policy.where in COMPANY_PLACES:
        return log.distinct_messages("read")
    return log.distinct_messages("shown") * (log.policy.told == "platform_reviewer")


def messages_read_by_device(log: ConversationEvents) -> NDArray[np.int64]:
    """Messages that the person's own device read."""
    return log.distinct_messages("read") * (log.policy.where == "device")


def messages_shown(log: ConversationEvents) -> NDArray[np.int64]:
    """Messages that a person saw who is no party to the conversation."""
    return log.distinct_messages("shown")


def is_shown(log: ConversationEvents) -> NDArray[np.bool_]:
    """Whether such a person saw any message."""
    return messages_shown(log) > 0


def is_told(log: ConversationEvents) -> NDArray[np.bool_]:
    """Whether such a person was told of the conversation, with text or without."""
    return is_shown(log) | (flagged(log) & log.policy.tells_a_human)


def looked_at_metadata(log: ConversationEvents) -> NDArray[np.bool_]:
    """Whether who writes to whom, when and how much was looked at."""
    return log.distinct_messages("metadata") > 0


def compute_seconds(log: ConversationEvents) -> Numbers:
    """Seconds of computing under encryption, at the policy's stated seconds a message."""
    return log.distinct_messages("read").astype(np.float64) * log.policy.seconds_per_message


def messages_after_alert(log: ConversationEvents) -> Numbers:
    """Messages that followed when it was flagged; 0 where it never was."""
    lengths = np.array([len(stream) for stream in log.streams], dtype=np.float64)
    return np.nan_to_num(lengths - flagged_at(log))


def flagged(log: ConversationEvents) -> NDArray[np.bool_]:
    """Whether something was released that points at the conversation."""
    return log.releases["step"].notna().to_numpy()


def flagged_at(log: ConversationEvents) -> Numbers:
    """The message at which it was flagged, from 1; else nan."""
    return log.releases["step"].to_numpy(dtype=np.float64)


def flagged_hours(log: ConversationEvents) -> Numbers:
    """Hours from the first message until it was flagged; else nan."""
    return log.releases["hours"].to_numpy(dtype=np.float64)


def message_hours(log: ConversationEvents) -> Numbers:
    """Hours that messages were kept, added up over messages."""
    kind = log.events["event"]
    sign = np.where(kind == "dropped", 1.0, np.where(kind == "kept", -1.0, 0.0))
    return log.added_up(log.events, sign * log.events["hours"].to_numpy())


def personal_items(log: ConversationEvents) -> Numbers:
    """Different pieces of personal information that a person could read."""
    return log.exposed[0]


def exposed_people(log: ConversationEvents) -> Numbers:
    """Accounts with personal information readable in their shown messages."""
    return log.exposed[1]


def contact_messages_read(log: ConversationEvents) -> Numbers:
    """Messages of the person contacted that reached the machine, or a person."""
    return log.of_contact("read")


def contact_messages_shown(log: ConversationEvents) -> Numbers:
    """Messages of the person contacted that a person saw."""
    return log.of_contact("shown")


def peak_kept(log: ConversationEvents) -> NDArray[np.int64]:
    """The most messages kept at once."""
    kind = log.events["event"]
    change = (kind == "kept").to_numpy().astype(np.int64) - (kind == "dropped").to_numpy()
    peaks = np.zeros(len(log.streams), dtype=np.int64)
    # All that is kept is dropped in the end, so one running sum serves all conversations.
    np.maximum.at(peaks, _conversation_numbers(log.events), np.cumsum(change))
    return peaks


def output(log: ConversationEvents) -> NDArray[np.int64]:
    """What was released first that points at the conversation; 0 for nothing."""
    return log.releases["value"].fillna(0).to_numpy(dtype=np.int64)


COUNTS: dict[str, Callable[[ConversationEvents], NDArray[Any]]] = {
    "n_read": messages_read,
    "is_read": is_read,
    "n_read_by_company": messages_read_by_company,
    "n_read_by_device": messages_read_by_device,
    "n_shown": messages_shown,
    "is_shown": is_shown,
    "is_told": is_told,
    "metadata_seen": looked_at_metadata,
    "compute_seconds": compute_seconds,
    "flagged": flagged,
    "flagged_at": flagged_at,
    "flagged_hours": flagged_hours,
    "n_after_alert": messages_after_alert,
    "message_hours": message_hours,
    "pii_items": personal_items,
    "pii_people": exposed_people,
    "n_read_contact": contact_messages_read,
    "n_shown_contact": contact_messages_shown,
    "peak_kept": peak_kept,
    "output": output,
}
"""What is counted of each conversation: a column of ``COST_COLUMNS``, and the function that counts it."""

DESCRIPTION = ("conversation", "clusters", "benign", "n_messages")
COST_COLUMNS = (*DESCRIPTION, *COUNTS)


def conversation_costs(run: PolicyRun, streams: Sequence[Stream]) -> pd.DataFrame:
    """Costs of each conversation, one per row. Columns: ``COST_COLUMNS``.

    ``conversation`` is its id, ``clusters`` the dialogues it is resampled with, ``benign`` its label. The
    other columns are those of ``COUNTS``.
    """
    log = ConversationEvents(run.policy, run.events, streams)
    return conversation_descriptions(streams).assign(**{name: count(log) for name, count in COUNTS.items()})


def conversation_descriptions(streams: Sequence[Stream]) -> pd.DataFrame:
    """The columns of ``COST_COLUMNS`` that no policy changes: those of ``DESCRIPTION``."""
    return pd.DataFrame(
        {
            "conversation": [stream.id for stream in streams],
            "clusters": [stream.clusters for stream in streams],
            "benign": [stream.benign for stream in streams],
            "n_messages": [len(stream) for stream in streams],
        }
    )


def conversation_rate(costs: pd.DataFrame, column: str, among: Literal["benign", "pattern"]) -> Rate:
    """The share of benign conversations, or of patterns, that a 0/1 column of ``costs`` marks.

    Its bounds are adjusted for the dialogues that conversations share.
    """
    benign = costs["benign"].to_numpy(dtype=bool)
    return clusters_of(tuple(costs["clusters"])).rate(costs[column], benign == (among == "benign"))


@lru_cache(maxsize=4)
def clusters_of(names: tuple[tuple[str, ...], ...]) -> Clusters:
    """``Clusters`` of conversations with these names: the tables of all points have the same."""
    return Clusters.of(names)


def summands(costs: pd.DataFrame) -> Numbers:
    """What each conversation adds to the sums: shape (conversations, ``len(SUMS)``)."""
    benign = costs["benign"].to_numpy(dtype=bool)
    columns = []
    for among, column in SUMS:
        values = np.ones(len(costs)) if column == "conversations" else costs[column].to_numpy()
        # Not a product: a nan of a pattern is no cost to benign conversations, and nan * 0 is nan.
        columns.append(np.where(benign == (among == "benign"), values, 0.0))
    return np.column_stack(columns)


def metric_values(totals: Numbers) -> dict[str, Numbers]:
    """The metrics that are ratios of sums, by id; 0/0 is nan.

    ``totals`` has shape (..., ``len(SUMS)``), each array returned has shape (...).
    """
    values = {}
    for metric in COST_METRICS:
        if metric.sums:
            above, below = (np.asarray(totals[..., SUMS.index(sum_)]) for sum_ in metric.sums)
            values[metric.id] = metric.scale * divide_or_nan(above, below)
    return values


def messages_per_find(values: Mapping[str, Numbers], *, prevalence: float) -> Numbers:
    """Messages read for each pattern found, at a stated prevalence π.

    [π m₁ + (1 - π) m₀] / (π recall), where m₁ and m₀ are the mean numbers of messages read in a pattern and
    in a benign conversation. ``values`` are those of ``metric_values``. Infinite where something is read and
    nothing found; nan where neither.
    """
    checked_prevalence(prevalence)
    with np.errstate(divide="ignore", invalid="ignore"):
        read = (
            prevalence * values["pattern_messages_read"] + (1.0 - prevalence) * values["benign_messages_read"]
        )
        return np.asarray(read / (prevalence * values["recall"]))


def checked_prevalence(prevalence: float) -> float:
    """``prevalence``, when it is between 0 and 1; otherwise ``ValueError``.

    No predictive value, and no cost of a detection, exists without a stated prevalence.
    """
    if not 0 < prevalence < 1:
        raise ValueError(
            f"prevalence must be stated, between 0 and 1, got {prevalence!r}: what a detection costs depends"
            " on it more than on anything else"
        )
    return prevalence
