"""First warnings, and what had been read by then."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from classifier.evaluation.clustered_units import Clusters
from classifier.evaluation.rates import Rate, flagged

N_LAST_PREDICTIONS = 10
"""How many of the latest predictions the skepticism rule counts."""


def first_warnings(unit: ArrayLike, score: ArrayLike, *, threshold: float) -> pd.DataFrame:
    """When each unit was first flagged, one row per unit.

    ``unit`` and ``score`` hold one value per message, in the order in which messages arrived; empty messages
    are left out beforehand. Units of the result are in the order in which they first appear.

    Columns: ``unit``, ``decision`` (bool: flagged at any message), ``k`` (messages seen at the first flag,
    from 1; nan without one), ``n_messages``.

    >>> first_warnings(["a", "b", "a", "a"], [0.1, 0.2, 0.7, 0.3], threshold=0.5).to_numpy().tolist()
    [['a', True, 2.0, 3], ['b', False, nan, 1]]
    """
    units = np.asarray(unit)
    hit = flagged(score, threshold)
    if units.ndim != 1 or units.shape != hit.shape:
        raise ValueError(
            "unit and score must be one-dimensional and of one length, "
            f"got shapes {units.shape} and {hit.shape}"
        )
    table = pd.DataFrame({"unit": units, "hit": hit})
    table["k"] = table.groupby("unit", sort=False).cumcount() + 1
    n_messages = table.groupby("unit", sort=False)["k"].max()
    k = table[table["hit"]].groupby("unit", sort=False)["k"].min().reindex(n_messages.index).astype(float)
    return pd.DataFrame({"decision": k.notna(), "k": k, "n_messages": n_messages}).reset_index()


def skeptical_warning(predictions: ArrayLike, *, skepticism: int) -> int | None:
    """First message, from 1, at which ``skepticism`` of the last 10 predictions are positive.

    ``None`` when that never happens. ``predictions`` holds one 0 or 1 per message: whether the conversation
    up to it looks like the pattern. The rule of Vogt, Leser & Akbik (2021), "Early detection of sexual
    predators in chats", ACL, whose predictions look at the last 50 messages; it is a baseline here.

    >>> skeptical_warning([1, 0, 1, 1], skepticism=3)
    4
    """
    if not 1 <= skepticism <= N_LAST_PREDICTIONS:
        raise ValueError(f"skepticism must be in 1..{N_LAST_PREDICTIONS}, got {skepticism!r}")
    positive = np.asarray(predictions)
    if positive.ndim != 1 or not np.isin(positive, (0, 1)).all():
        raise ValueError(f"predictions must be one row of 0 and 1, got shape {positive.shape}")
    so_far = np.cumsum(positive.astype(np.int64))
    padding = np.zeros(min(N_LAST_PREDICTIONS, positive.size), dtype=np.int64)
    ten_ago = np.concatenate([padding, so_far[:-N_LAST_PREDICTIONS]])
    reached = np.flatnonzero(so_far - ten_ago >= skepticism)
    return int(reached[0]) + 1 if reached.size else None


def recall_after(
    k_of_positives: ArrayLike, *, clusters: Iterable[Hashable] | None = None, last: int
) -> pd.DataFrame:
    """Share of positive units flagged within ``k`` messages, for ``k`` = 1 to ``last``.

    ``k_of_positives`` is nan for a positive unit that was never flagged. Columns: ``k``,
    ``recall``, ``recall_low``, ``recall_high`` (95 %, those of ``Rate``, with units in ``clusters`` or,
    without, each by itself), ``hits``, ``n``.

    >>> recall_after([1, 3, float("nan")], last=3)[["k", "hits", "n"]].to_numpy().tolist()
    [[1, 1, 3], [2, 1, 3], [3, 2, 3]]
    """
    if last < 1:
        raise ValueError(f"last must be at least 1, got {last!r}")
    seen = np.asarray(k_of_positives, dtype=np.float64)
    of_units = Clusters.of(range(seen.size) if clusters is None else clusters)
    rows = []
    for k in range(1, last + 1):
        rate = of_units.rate(seen <= k, np.ones(seen.size))
        rows.append({"k": k} | rate.columns("recall") | {"hits": rate.hits, "n": rate.n})
    return pd.DataFrame(rows)


def target_share_seen(unit: ArrayLike, by_target: ArrayLike, warnings: pd.DataFrame) -> pd.DataFrame:
    """Share of the young person's messages read by the warning.

    Their messages among the first ``k``, over all they wrote; message ``k`` counts as read. ``unit`` and
    ``by_target`` (bool) describe messages in the order of ``first_warnings``, ``warnings`` is its table.

    Columns: ``unit``, ``seen``, ``n``, ``share``. The share is nan for a unit without a warning or without
    such messages: report how many there are beside any mean.

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
            "warnings must have one row for every unit of the messages and no other, "
            f"got a difference of {len(missing)} units"
        )
    table["seen"] = table["by_target"] & (table["index"] <= table["unit"].map(k))
    by_unit = table.groupby("unit", sort=False)
    counts = by_unit.agg(seen=("seen", "sum"), n=("by_target", "sum")).reindex(k.index)
    share = (counts["seen"] / counts["n"].where(counts["n"] > 0)).where(k.notna())
    return counts.assign(share=share).reset_index()


def premature_warnings(k: ArrayLike, first_labelled: ArrayLike) -> Rate:
    """Share of warnings that came before any labelled message.

    It is a share of the flagged positive units. Such a warning has no reason in the text; without this figure
    a warning at message 1 of every unit would look perfectly early.

    Both arguments hold one number per positive unit, counting messages from 1. ``k`` is nan for a unit that
    was never flagged, ``first_labelled`` for one without a labelled message; any warning of such a unit is
    premature.

    >>> print(premature_warnings([1, 4, float("nan")], [3, 4, 2]))
    0.500 (1/2)
    """
    return Rate(int(is_premature(k, first_labelled).sum()), int((~np.isnan(_numbers(k))).sum()))


def is_premature(k: ArrayLike, first_labelled: ArrayLike) -> NDArray[np.bool_]:
    """Which units were flagged before their first labelled message.

    ``k`` and ``first_labelled`` are as in ``premature_warnings``.

    >>> is_premature([1, 4, float("nan")], [3, 4, 2]).tolist()
    [True, False, False]
    """
    seen, labelled = _numbers(k), _numbers(first_labelled)
    if seen.shape != labelled.shape:
        raise ValueError(f"k and first_labelled must be of one length, got {seen.size} and {labelled.size}")
    return ~np.isnan(seen) & ~(seen >= labelled)  # a nan first_labelled is never reached


def _numbers(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)
