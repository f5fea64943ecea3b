"""When was a unit first flagged, and what had happened by then? From scores message by message to the ``k`` of ``early_warning``, and what it hides."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from classifier.evaluation.rates import Rate, flagged

SKEPTICISM_WINDOW = 50
"""Messages each prediction of the skepticism rule looks back on."""

SKEPTICISM_LAST = 10
"""Predictions the skepticism rule counts over."""


def first_warnings(unit: ArrayLike, score: ArrayLike, *, threshold: float) -> pd.DataFrame:
    """When each unit was first flagged, from one score a message; rows stand in the order in which messages arrived, empty messages left out beforehand.

    Columns: ``unit``, ``decision`` (bool: flagged at any message, never taken back), ``k`` (messages seen at the first flag, from 1; nan when there is none),
    ``n_messages``. Units in the order in which they first appear.

    >>> first_warnings(["a", "b", "a", "a"], [0.1, 0.2, 0.7, 0.3], threshold=0.5).to_numpy().tolist()
    [['a', True, 2.0, 3], ['b', False, nan, 1]]
    """
    units = np.asarray(unit)
    hit = flagged(score, threshold)
    if units.ndim != 1 or units.shape != hit.shape:
        raise ValueError(
            f"unit and score must be one-dimensional and of one length, got shapes {units.shape} and {hit.shape}"
        )
    table = pd.DataFrame({"unit": units, "hit": hit})
    table["k"] = table.groupby("unit", sort=False).cumcount() + 1
    n_messages = table.groupby("unit", sort=False)["k"].max()
    k = table[table["hit"]].groupby("unit", sort=False)["k"].min().reindex(n_messages.index).astype(float)
    return pd.DataFrame({"decision": k.notna(), "k": k, "n_messages": n_messages}).reset_index()


def skeptical_warning(predictions: ArrayLike, *, skepticism: int) -> int | None:
    """The message at which a warning is raised, from 1: at least ``skepticism`` of the last 10 predictions are positive. ``None`` when it never is.

    ``predictions`` holds one 0 or 1 a message: whether the last 50 messages up to it look like the pattern. The rule of Vogt, Leser & Akbik (2021), "Early
    detection of sexual predators in chats", ACL; it is a baseline here.

    >>> skeptical_warning([1, 0, 1, 1], skepticism=3)
    4
    """
    if not 1 <= skepticism <= SKEPTICISM_LAST:
        raise ValueError(f"skepticism must be in 1..{SKEPTICISM_LAST}, got {skepticism!r}")
    positive = np.asarray(predictions)
    if positive.ndim != 1 or not np.isin(positive, (0, 1)).all():
        raise ValueError(f"predictions must be one row of 0 and 1, got shape {positive.shape}")
    so_far = np.cumsum(positive.astype(np.int64))
    ten_ago = np.concatenate(
        [np.zeros(min(SKEPTICISM_LAST, positive.size), dtype=np.int64), so_far[:-SKEPTICISM_LAST]]
    )
    reached = np.flatnonzero(so_far - ten_ago >= skepticism)
    return int(reached[0]) + 1 if reached.size else None


def recall_after(k_of_positives: ArrayLike, *, last: int) -> pd.DataFrame:
    """Share of positive units flagged within their first ``k`` messages, for ``k`` = 1 to ``last``. nan stands for a positive unit that was never flagged.

    Columns: ``k``, ``recall``, ``recall_low``, ``recall_high`` (Clopper-Pearson, 95 %), ``hits``, ``n``.

    >>> recall_after([1, 3, float("nan")], last=3)[["k", "hits", "n"]].to_numpy().tolist()
    [[1, 1, 3], [2, 1, 3], [3, 2, 3]]
    """
    if last < 1:
        raise ValueError(f"last must be at least 1, got {last!r}")
    seen = np.asarray(k_of_positives, dtype=np.float64)
    rows = []
    for k in range(1, last + 1):
        rate = Rate(int((seen <= k).sum()), seen.size)
        low, high = rate.interval()
        rows.append(
            {
                "k": k,
                "recall": rate.value,
                "recall_low": low,
                "recall_high": high,
                "hits": rate.hits,
                "n": rate.n,
            }
        )
    return pd.DataFrame(rows)


def target_share_seen(unit: ArrayLike, by_target: ArrayLike, warnings: pd.DataFrame) -> pd.DataFrame:
    """How much of what the young person wrote had been read when the warning came: their messages among the first ``k``, over all they wrote.

    ``unit`` and ``by_target`` (bool) describe messages in the order of ``first_warnings``, ``warnings`` is its table. Message ``k`` counts as read. Columns:
    ``unit``, ``seen``, ``n``, ``share``; the share is nan where no warning came or the young person wrote nothing: report how many beside any mean.

    >>> unit = ["a", "a", "a", "a"]
    >>> warnings = first_warnings(unit, [0.1, 0.2, 0.7, 0.3], threshold=0.5)
    >>> target_share_seen(unit, [True, False, False, True], warnings).to_numpy().tolist()
    [['a', 1, 2, 0.5]]
    """
    table = pd.DataFrame({"unit": np.asarray(unit), "by_target": np.asarray(by_target).astype(bool)})
    table["index"] = table.groupby("unit", sort=False).cumcount() + 1
    k = warnings.set_index("unit")["k"]
    if missing := set(table["unit"]) ^ set(k.index):
        raise ValueError(
            f"warnings must have one row for every unit of the messages and no other, got a difference of {len(missing)} units"
        )
    table["seen"] = table["by_target"] & (table["index"] <= table["unit"].map(k))
    counts = (
        table.groupby("unit", sort=False).agg(seen=("seen", "sum"), n=("by_target", "sum")).reindex(k.index)
    )
    share = (counts["seen"] / counts["n"].where(counts["n"] > 0)).where(k.notna())
    return counts.assign(share=share).reset_index()


def premature_warnings(k: ArrayLike, first_stage: ArrayLike) -> Rate:
    """Share of the flagged positive units that were flagged before the first message that carries any scripted stage, so without a reason in the words.

    Both hold one number a positive unit, counting messages from 1: ``k`` is nan for one never flagged, ``first_stage`` is nan for one without a staged message,
    and any warning of such a unit is premature. Without this figure a warning at message 1 of every unit would look perfectly early.

    >>> print(premature_warnings([1, 4, float("nan")], [3, 4, 2]))
    0.500 (1/2)
    """
    return Rate(int(is_premature(k, first_stage).sum()), int((~np.isnan(_numbers(k))).sum()))


def is_premature(k: ArrayLike, first_stage: ArrayLike) -> NDArray[np.bool_]:
    """Which units were flagged before their first staged message; ``k`` and ``first_stage`` as in ``premature_warnings``.

    >>> is_premature([1, 4, float("nan")], [3, 4, 2]).tolist()
    [True, False, False]
    """
    seen, staged = _numbers(k), _numbers(first_stage)
    if seen.shape != staged.shape:
        raise ValueError(f"k and first_stage must be of one length, got {seen.size} and {staged.size}")
    return ~np.isnan(seen) & ~(seen >= staged)  # a nan first_stage is never reached


def _numbers(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)
