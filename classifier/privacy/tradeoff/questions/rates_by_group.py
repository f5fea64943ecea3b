"""Whom a policy looks at: false alarms and exposure by group.

Groups are the registers, relations and stated age bands of benign conversations. All shares are of benign
conversations, or their messages, unless the function says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.clustered_units import Clusters
from classifier.evaluation.intervals import Resamples, divide_or_nan, percentile_interval
from classifier.evaluation.sender_metrics import all_families
from classifier.privacy.tradeoff.policy_operating_points import OperatingPoint
from classifier.records import Conversation

Numbers = NDArray[np.float64]

DIMENSIONS = ("register", "relation", "sender_age_band", "contact_age_band")
"""The columns of ``description_table`` that group conversations."""

MEASURES: dict[str, tuple[str, str]] = {
    "false_alarm_rate": ("flagged", "conversations"),
    "messages_read_share": ("n_read", "n_messages"),
    "messages_shown_share": ("n_shown", "n_messages"),
    "contact_read_share": ("n_read_contact", "n_contact"),
    "contact_shown_share": ("n_shown_contact", "n_contact"),
}
"""What is measured of each group: a column added up, and the one it is divided by.

``n_contact`` are the messages of the person contacted.
"""

YOUNG_BANDS = ("under_13", "13_17")
SMALLEST_GROUP = 20
"""Conversations below which a group is not called the worst."""


def description_table(conversations: Sequence[Conversation]) -> pd.DataFrame:
    """What is known of each conversation besides its text.

    Columns: ``conversation``, those of ``DIMENSIONS``, ``sender``, and ``n_contact``, the messages that
    somebody other than the sender wrote. What a record does not say is "unstated".
    """
    rows = [
        {
            "conversation": conversation.id,
            "register": conversation.register or "unstated",
            "relation": conversation.relation or conversation.scene or "unstated",
            "sender_age_band": conversation.metadata.sender_age_band,
            "contact_age_band": conversation.metadata.contact_age_band,
            "sender": conversation.sender,
            "n_contact": sum(message.author != conversation.sender for message in conversation.messages),
        }
        for conversation in conversations
    ]
    return pd.DataFrame(rows, columns=["conversation", *DIMENSIONS, "sender", "n_contact"])


def group_table(
    points: Sequence[OperatingPoint],
    descriptions: pd.DataFrame,
    *,
    dimensions: Sequence[str] = DIMENSIONS,
    n_resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Every measure in every group of benign conversations, by point.

    Columns: ``point``, ``dimension``, ``group``, ``measure``, ``value``, ``low``, ``high``, ``numerator``,
    ``denominator``, ``n_conversations``; the group "all" is that of all benign conversations. Intervals are
    95 % percentile intervals over resampled dialogues; those of false alarm rates are those of ``Rate``.

    ``descriptions`` is the table of ``description_table``, of the points' conversations in their order.
    """
    members, keys = _members(descriptions, dimensions)
    clusters = Clusters.of(points[0].costs["clusters"] if points else ())
    rows = []
    for point, shares in zip(
        points, _all_shares(points, descriptions, members, n_resamples, seed), strict=True
    ):
        benign, flagged = (point.costs[name].to_numpy(dtype=bool) for name in ("benign", "flagged"))
        for measure, (values, above, below, n) in shares.items():
            for number, (dimension, group) in enumerate(keys):
                low, high = _percentile_bounds(values[1:, number])
                if measure == "false_alarm_rate":
                    low, high = clusters.rate(flagged, benign & members[:, number]).interval()
                rows.append(
                    {
                        "point": point.name,
                        "dimension": dimension,
                        "group": group,
                        "measure": measure,
                        "value": values[0, number],
                        "low": low,
                        "high": high,
                        "numerator": above[0, number],
                        "denominator": below[0, number],
                        "n_conversations": n[number],
                    }
                )
    return pd.DataFrame(rows, columns=list(GROUP_COLUMNS))


GROUP_COLUMNS = (
    "point",
    "dimension",
    "group",
    "measure",
    "value",
    "low",
    "high",
    "numerator",
    "denominator",
    "n_conversations",
)


def gap_table(
    points: Sequence[OperatingPoint],
    descriptions: pd.DataFrame,
    *,
    dimensions: Sequence[str] = DIMENSIONS,
    smallest_group: int = SMALLEST_GROUP,
    n_resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """The worst group beside the mean, by point, dimension and measure.

    Columns: ``point``, ``dimension``, ``measure``, ``mean`` (of all benign conversations), ``worst_group``,
    ``worst``, ``gap`` (worst - mean), ``gap_low``, ``gap_high``, ``n_groups``.

    The interval of the gap is a percentile interval over resampled clusters for that group, at 95 % for all
    ``n_groups`` at once (Bonferroni), since the worst was picked after looking. Groups of fewer than
    ``smallest_group`` benign conversations are left out.
    """
    members, keys = _members(descriptions, dimensions)
    rows = []
    for point, shares in zip(
        points, _all_shares(points, descriptions, members, n_resamples, seed), strict=True
    ):
        for measure, (values, _, _, n) in shares.items():
            for dimension in dimensions:
                candidates = [
                    number
                    for number, (name, _) in enumerate(keys)
                    if name == dimension and n[number] >= smallest_group and not np.isnan(values[0, number])
                ]
                if candidates:
                    identity = {"point": point.name, "dimension": dimension, "measure": measure}
                    rows.append(identity | _gap(values, candidates, [group for _, group in keys]))
    return pd.DataFrame(rows, columns=list(GAP_COLUMNS))


GAP_COLUMNS = (
    "point",
    "dimension",
    "measure",
    "mean",
    "worst_group",
    "worst",
    "gap",
    "gap_low",
    "gap_high",
    "n_groups",
)


def _gap(values: Numbers, candidates: Sequence[int], groups: Sequence[str]) -> dict[str, Any]:
    everybody = 0  # the first group
    worst = max(candidates, key=lambda number: values[0, number])
    gaps = values[:, worst] - values[:, everybody]
    interval = percentile_interval(gaps[1:], confidence=1.0 - 0.05 / len(candidates))
    return {
        "mean": values[0, everybody],
        "worst_group": groups[worst],
        "worst": values[0, worst],
        "gap": gaps[0],
        "gap_low": interval.low,
        "gap_high": interval.high,
        "n_groups": len(candidates),
    }


def own_text_table(
    points: Sequence[OperatingPoint], descriptions: pd.DataFrame, *, n_resamples: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """How much of what the person contacted wrote is read, and shown to a person.

    Two groups: "benign, stated under 18" are benign conversations whose contact is stated to be under 18;
    "pattern" are the patterns, in which the contact is the young person by script. Columns: ``point``,
    ``group``, ``measure`` ("contact_read_share" or "contact_shown_share"), ``value``, ``low``, ``high``,
    ``numerator``, ``denominator``. Intervals as in ``group_table``.
    """
    if not points:
        return pd.DataFrame(columns=list(OWN_TEXT_COLUMNS))
    benign = points[0].costs["benign"].to_numpy(dtype=bool)
    young = descriptions["contact_age_band"].isin(YOUNG_BANDS).to_numpy()
    groups = {"benign, stated under 18": benign & young, "pattern": ~benign}
    members = np.column_stack(list(groups.values()))
    measures = ("contact_read_share", "contact_shown_share")
    rows = []
    shares_of_points = _all_shares(points, descriptions, members, n_resamples, seed, benign_alone=False)
    for point, shares in zip(points, shares_of_points, strict=True):
        for measure in measures:
            values, above, below, _ = shares[measure]
            for number, group in enumerate(groups):
                low, high = _percentile_bounds(values[1:, number])
                rows.append(
                    (
                        point.name,
                        group,
                        measure,
                        values[0, number],
                        low,
                        high,
                        above[0, number],
                        below[0, number],
                    )
                )
    return pd.DataFrame(rows, columns=list(OWN_TEXT_COLUMNS))


OWN_TEXT_COLUMNS = ("point", "group", "measure", "value", "low", "high", "numerator", "denominator")


def account_table(points: Sequence[OperatingPoint], descriptions: pd.DataFrame) -> pd.DataFrame:
    """The share of benign accounts that were ever flagged, by point.

    An account is a sender; it is benign when all its conversations here are. Columns: ``point``, ``value``,
    ``low``, ``high`` (95 %, those of ``Rate`` with accounts that share a dialogue), ``flagged``,
    ``n_accounts``, ``conversations_per_account``. The share grows with the conversations that an account
    holds, and here they are few.
    """
    if not points:
        return pd.DataFrame(columns=list(ACCOUNT_COLUMNS))
    senders = descriptions["sender"].to_numpy()
    accounts = (
        points[0]
        .costs.groupby(senders, sort=True)
        .agg(benign=("benign", "all"), clusters=("clusters", all_families), n=("benign", "size"))
    )
    accounts = accounts[accounts["benign"]]
    clusters = Clusters.of(accounts["clusters"])
    everyone, mean_size = np.ones(len(accounts)), float(accounts["n"].mean())
    rows = []
    for point in points:
        flagged = point.costs.groupby(senders, sort=True)["flagged"].any()[accounts.index]
        rate = clusters.rate(flagged, everyone)
        rows.append((point.name, rate.value, *rate.interval(), rate.hits, rate.n, mean_size))
    return pd.DataFrame(rows, columns=list(ACCOUNT_COLUMNS))


ACCOUNT_COLUMNS = ("point", "value", "low", "high", "flagged", "n_accounts", "conversations_per_account")


def _members(
    descriptions: pd.DataFrame, dimensions: Sequence[str]
) -> tuple[NDArray[np.bool_], list[tuple[str, str]]]:
    """Which conversation is in which group, and the groups' names; the first group is all."""
    columns, keys = [np.ones(len(descriptions), dtype=bool)], [("all", "all")]
    for dimension in dimensions:
        values = descriptions[dimension].to_numpy()
        for group in sorted(set(values)):
            columns.append(values == group)
            keys.append((dimension, str(group)))
    return np.column_stack(columns), keys


Shares = dict[str, tuple[Numbers, Numbers, Numbers, NDArray[np.int64]]]
"""By measure: values, numerators and denominators, shape (1 + resamples, groups), and conversations.

The first row is that of the data.
"""


def _all_shares(
    points: Sequence[OperatingPoint],
    descriptions: pd.DataFrame,
    members: NDArray[np.bool_],
    n_resamples: int,
    seed: int,
    *,
    benign_alone: bool = True,
) -> list[Shares]:
    if not points:
        return []
    first = points[0].costs
    if first["conversation"].tolist() != descriptions["conversation"].tolist():
        raise ValueError("descriptions must be of the points' conversations, in their order")
    if benign_alone:
        members = members & first["benign"].to_numpy(dtype=bool)[:, None]
    resamples = Resamples.of(first["clusters"], n_resamples=n_resamples, seed=seed)
    n_conversations = members.sum(axis=0)

    def summed(values: Any) -> Numbers:
        by_group = np.where(members, np.asarray(values, dtype=np.float64)[:, None], 0.0)
        return resamples.sums(*by_group.T).T

    below = {
        "conversations": summed(np.ones(len(first))),
        "n_messages": summed(first["n_messages"]),
        "n_contact": summed(descriptions["n_contact"]),
    }
    shares = []
    for point in points:
        above = {column: summed(point.costs[column]) for column, _ in MEASURES.values()}
        shares.append(
            {
                measure: (
                    divide_or_nan(above[column], below[total]),
                    above[column],
                    below[total],
                    n_conversations,
                )
                for measure, (column, total) in MEASURES.items()
            }
        )
    return shares


def _percentile_bounds(resampled: Numbers) -> tuple[float, float]:
    interval = percentile_interval(resampled)
    return interval.low, interval.high
