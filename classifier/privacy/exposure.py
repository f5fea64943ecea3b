"""What did a policy cost the people who did nothing? Every exposure metric, with its unit and observer, from the event log.

Observers: M the machine on the device, S the server, H a human reviewer, A whoever reads aggregates. What the holder of a model file learns is in ``attack`` and ``dp``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.baserates import base_rate_table
from classifier.evaluation.bootstrap import cluster_codes, cluster_sums, cluster_weights, percentile_interval
from classifier.evaluation.rates import Rate
from classifier.privacy.observe import EVENTS, PolicyRun
from classifier.privacy.policy import Policy
from classifier.privacy.redact import readable_entities, redaction_table
from classifier.privacy.release import entropy_bits, ldp_epsilon, released_bits_max
from classifier.privacy.stream import Stream

Totals = NDArray[np.float64]

COSTS = (
    "conversation",
    "cluster",
    "innocent",
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
    code, kind = events["conversation"].cat.codes.to_numpy().astype(np.int64), events["event"].cat.codes.to_numpy()
    is_ = {event: kind == position for position, event in enumerate(EVENTS)}
    hours = np.where(is_["dropped"], 1.0, np.where(is_["kept"], -1.0, 0.0)) * events["hours"].to_numpy()
    released = events[is_["released"] & (events["value"] >= 1).to_numpy()].drop_duplicates("conversation")
    table = pd.DataFrame(
        {
            "conversation": [stream.id for stream in streams],
            "cluster": [stream.cluster for stream in streams],
            "innocent": [stream.innocent for stream in streams],
            "n_messages": [len(stream) for stream in streams],
            "n_read": _distinct_messages(events[is_["read"]], n),
            "n_shown": _distinct_messages(events[is_["shown"]], n),
            "message_hours": np.bincount(code, weights=hours, minlength=n),
            "peak_kept": _peak(code, is_["kept"].astype(np.int64) - is_["dropped"], n),
        }
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


def _distinct_messages(events: pd.DataFrame, n: int) -> NDArray[np.int64]:
    once = events.drop_duplicates(["conversation", "message"])
    return np.bincount(once["conversation"].cat.codes.to_numpy(), minlength=n).astype(np.int64)


def _peak(code: NDArray[np.int64], change: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """The most messages kept at once. All that is kept is dropped in the end, so one running sum serves all conversations."""
    peak = np.zeros(n, dtype=np.int64)
    np.maximum.at(peak, code, np.cumsum(change))
    return peak


def _personal_information(shown: pd.DataFrame, streams: Sequence[Stream]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
        for author in {stream.authors[message - 1] for message, found in zip(messages[start:stop], readable, strict=True) if found}:
            exposed.setdefault((stream.innocent, author), []).append(number)
    for numbers in exposed.values():
        people[numbers] += 1.0 / len(numbers)
    return items, people


SUMS = (
    "innocent",
    "pattern",
    "innocent_flagged",
    "found",
    "messages",
    "messages_read",
    "messages_shown",
    "message_hours",
    "people",
    "items",
    "pattern_messages_read",
    "innocent_read",
)
"""What adds up over conversations; all but ``pattern``, ``found`` and ``pattern_messages_read`` are of innocent conversations."""


def cost_sums(costs: pd.DataFrame) -> Totals:
    """What each conversation adds to the sums: shape (conversations, ``len(SUMS)``)."""
    innocent = costs["innocent"].to_numpy(dtype=np.float64)
    pattern = 1.0 - innocent
    flagged, n_read = costs["flagged"].to_numpy(dtype=np.float64), costs["n_read"].to_numpy(dtype=np.float64)
    return np.column_stack(
        [
            innocent,
            pattern,
            innocent * flagged,
            pattern * flagged,
            innocent * costs["n_messages"].to_numpy(),
            innocent * n_read,
            innocent * costs["n_shown"].to_numpy(),
            # A nan of a pattern is no cost to the innocent, and nan * 0 is nan.
            np.where(innocent > 0, costs["message_hours"].to_numpy(), 0.0),
            np.where(innocent > 0, costs["pii_people"].to_numpy(), 0.0),
            np.where(innocent > 0, costs["pii_items"].to_numpy(), 0.0),
            pattern * n_read,
            innocent * (n_read > 0),
        ]
    )


def figures(totals: Totals) -> dict[str, NDArray[np.float64]]:
    """The figures that follow from sums, by name; ``totals`` has shape (..., ``len(SUMS)``), 0/0 is nan."""
    sums = {name: totals[..., position] for position, name in enumerate(SUMS)}
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "human_read_innocent_per_million": 1e6 * sums["innocent_flagged"] / sums["innocent"],
            "machine_read_share": sums["messages_read"] / sums["messages"],
            "machine_read_conversations": sums["innocent_read"] / sums["innocent"],
            "human_read_messages": sums["messages_shown"] / sums["messages"],
            "pii_people_exposed_per_1000": 1e3 * sums["people"] / sums["innocent"],
            "pii_items_exposed_per_1000": 1e3 * sums["items"] / sums["innocent"],
            "retained_message_hours": sums["message_hours"] / sums["innocent"],
            "recall": sums["found"] / sums["pattern"],
        }


def messages_per_true_detection(totals: Totals, *, prevalence: float) -> NDArray[np.float64]:
    """Messages read for each pattern that is found, [π m₁ + (1 - π) m₀] / (π recall), m the mean number read in a conversation. Nothing found: infinite, or nan."""
    checked_prevalence(prevalence)
    sums = {name: totals[..., position] for position, name in enumerate(SUMS)}
    with np.errstate(divide="ignore", invalid="ignore"):
        read = prevalence * sums["pattern_messages_read"] / sums["pattern"] + (1.0 - prevalence) * sums["messages_read"] / sums["innocent"]
        return np.asarray(read / (prevalence * sums["found"] / sums["pattern"]))


def checked_prevalence(prevalence: float) -> float:
    """``prevalence``, when it is one. Raises ``ValueError`` otherwise: no predictive value, and no cost of a detection, exists without a stated prevalence."""
    if not 0 < prevalence < 1:
        raise ValueError(f"prevalence must be stated, between 0 and 1, got {prevalence!r}: what a detection costs depends on it more than on anything else")
    return prevalence


def reader(policy: Policy) -> str:
    """The observer who reads first: M on the device, S on the server; none reads nothing.

    >>> reader(Policy("pizza", "A toy.", where="device"))
    'M'
    """
    return {"none": "-", "device": "M"}.get(policy.where, "S")


def exposure_table(run: PolicyRun, streams: Sequence[Stream], *, prevalences: Sequence[float], n_resamples: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Every exposure metric of one policy, each with what it takes to read it.

    Columns: ``policy``, ``metric``, ``value``, ``low``, ``high``, ``interval`` (its kind), ``numerator``, ``denominator`` (nan where there is none), ``unit``,
    ``observer``, ``prevalence`` (nan where the metric has none). Costs are of innocent conversations. "cluster bootstrap" resamples the streams' clusters.
    """
    costs = conversation_costs(run, streams)
    sums = cost_sums(costs)
    codes, n_clusters = cluster_codes(costs["cluster"].to_numpy())
    drawn = cluster_weights(n_clusters, n_resamples=n_resamples, seed=seed) @ cluster_sums(sums, codes, n_clusters)
    total = dict(zip(SUMS, sums.sum(axis=0), strict=True))
    now, resampled, policy, who = figures(sums.sum(axis=0)), figures(drawn), run.policy, reader(run.policy)
    clusters = f"95 % cluster bootstrap over {n_clusters} clusters, B = {n_resamples}"
    innocent = costs[costs["innocent"]]
    alarms, found = Rate(int(total["innocent_flagged"]), int(total["innocent"])), Rate(int(total["found"]), int(total["pattern"]))
    rows: list[dict[str, Any]] = []

    def add(metric: str, value: Any, unit: str, observer: str, *, bounds: tuple[float, float] = (math.nan, math.nan), interval: str = "none", **more: float) -> None:
        row = {"policy": policy.name, "metric": metric, "value": float(value), "low": bounds[0], "high": bounds[1], "interval": interval, "unit": unit, "observer": observer}
        rows.append(row | {"numerator": math.nan, "denominator": math.nan, "prevalence": math.nan} | more)

    def add_ratio(metric: str, unit: str, observer: str, above: str, below: str) -> None:
        drawn_bounds = percentile_interval(resampled[metric])
        add(metric, now[metric], unit, observer, bounds=(drawn_bounds.low, drawn_bounds.high), interval=clusters, numerator=total[above], denominator=total[below])

    add_ratio("machine_read_share", "innocent messages read / innocent messages", who, "messages_read", "messages")
    add_ratio("machine_read_conversations", "innocent conversations with a message read / innocent conversations", who, "innocent_read", "innocent")
    add(
        "human_read_innocent_per_million",
        now["human_read_innocent_per_million"],
        "innocent conversations put before a person, per million",
        "H",
        bounds=(0.0, 1e6 * alarms.upper()),
        interval="one-sided 95 % Clopper-Pearson",
        numerator=alarms.hits,
        denominator=alarms.n,
    )
    add_ratio("human_read_messages", "innocent messages shown / innocent messages", "H", "messages_shown", "messages")
    for prevalence in prevalences:
        read = messages_per_true_detection(sums.sum(axis=0), prevalence=prevalence)
        drawn_read = percentile_interval(messages_per_true_detection(drawn, prevalence=prevalence))
        add("messages_per_true_detection", read, "messages read per pattern found", who, bounds=(drawn_read.low, drawn_read.high), interval=clusters, prevalence=prevalence)
        [base] = base_rate_table(found, alarms, prevalences=[prevalence], volume=1_000_000).to_dict("records")
        add(
            "innocent_reviews_per_true_detection",
            base["false_alarms_per_true_find"],
            "innocent conversations put before a person per pattern found",
            "H",
            bounds=(base["false_alarms_per_true_find_low"], base["false_alarms_per_true_find_high"]),
            interval="95 % Clopper-Pearson on both rates (Bonferroni)",
            prevalence=prevalence,
        )
    add_ratio("retained_message_hours", "message-hours per innocent conversation", who, "message_hours", "innocent")
    add("peak_retained_messages", innocent["peak_kept"].max() if len(innocent) else math.nan, "messages kept at once, the most in any innocent conversation", who)
    gets, text = "A" if policy.release == "aggregate" else "H", "; of the score alone, not the text" if policy.shows_text else ""
    add("released_bits_max", released_bits_max(policy), "bits per conversation, without the time of release", gets)
    add("released_bits_entropy", entropy_bits(innocent["output"].to_numpy()), f"bits per innocent conversation, Miller-Madow{text}", gets, denominator=total["innocent"])
    add("ldp_epsilon", ldp_epsilon(policy), "nats per conversation, one release", gets)
    for metric, name, unit in (
        ("pii_items_exposed", "items", "pieces of personal information readable"),
        ("pii_people_exposed", "people", "accounts with a piece readable in a message of theirs"),
    ):
        add(metric, total[name], f"{unit}, in all innocent conversations", "H", denominator=total["innocent"])
    add_ratio("pii_people_exposed_per_1000", "accounts exposed per 1,000 innocent conversations", "H", "people", "innocent")
    if policy.redactor != "none":
        table = redaction_table(streams, policy.redactor)
        [over] = table[table["measure"] == "cue tokens masked"].to_dict("records")
        add(
            "over_redaction",
            over["rate"],
            "words masked / words of messages that show a behaviour, outside gold spans",
            "H",
            bounds=(over["rate_low"], over["rate_high"]),
            interval="95 % Clopper-Pearson over words, too narrow",
            numerator=over["hits"],
            denominator=over["n"],
        )
    columns = ["policy", "metric", "value", "low", "high", "interval", "numerator", "denominator", "unit", "observer", "prevalence"]
    return pd.DataFrame(rows, columns=columns)
