"""Rates of labelled rows by the values of a column, and their largest gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from classifier.errors import InputError
from classifier.evaluation.intervals import Resamples
from classifier.workflows.labelled_rows.labelled_row_reader import LabelledRows
from classifier.workflows.labelled_rows.resampled_rates import any_of, rate_columns, with_interval

MAX_SLICES = 100
MIN_UNITS = 10
"""A slice of fewer units is shown, and left out of the gap: its rate says little."""
SEVERAL = "(several)"
"""The slice of conversations whose messages are of more than one."""
WORST_IS_LOWEST = {
    "message_recall": True,
    "message_false_alarm_rate": False,
    "conversation_tpr": True,
    "conversation_fpr": False,
}
"""Each rate of a slice, and whether its lowest value is the worst."""


@dataclass(frozen=True)
class SlicedRate:
    """A rate by slices: ``hit`` and ``of`` mark units, ``slices`` names the slice of each."""

    metric: str
    resamples: Resamples
    hit: NDArray[np.bool_]
    of: NDArray[np.bool_]
    slices: NDArray[np.object_]


def slice_tables(
    rows: LabelledRows,
    flags: pd.DataFrame,
    conversations: pd.DataFrame,
    *,
    min_units: int = MIN_UNITS,
    **resampling: int,
) -> dict[str, pd.DataFrame]:
    """The tables "slices" and "gaps" of every column of ``rows.groups``.

    "slices" has ``by``, ``slice``, ``metric`` and ``rate`` with ``_low``, ``_high``, ``_hits``, ``_n``.
    Metrics: ``message_recall``, of messages that show a stage those flagged for one;
    ``message_false_alarm_rate``, of messages without a stage; ``conversation_tpr``, ``conversation_fpr``.

    "gaps" has ``by``, ``metric``, the ``worst`` and the ``best`` slice, their rates, and ``gap``, the
    distance, with bounds over the same resamples, nan where a slice has too few clusters. Slices of fewer
    than ``min_units`` are not compared.
    Both slices are picked after looking, so that on new rows the gap is likely to be smaller.

    ``conversations`` has ``label`` and ``flagged``, indexed by conversation. Raises ``InputError`` for a
    column of more than ``MAX_SLICES`` values.
    """
    slices, gaps = [], []
    for by in rows.groups:
        if (n := rows.messages[by].nunique()) > MAX_SLICES:
            raise InputError(
                f"--by {by}: {rows.name} has {n:,} different values in it, at most {MAX_SLICES} are "
                "compared; name a column of few, such as bands"
            )
        for rate in _sliced_rates(rows, flags, conversations, by, **resampling):
            names = sorted(set(rate.slices[rate.of]))
            slices += [
                {"by": by, "slice": name, "metric": rate.metric}
                | rate_columns(rate.resamples, "rate", rate.hit, rate.of & (rate.slices == name))
                for name in names
            ]
            gap = largest_gap(rate, min_units=min_units)
            gaps += [{"by": by} | gap] if gap else []
    return {
        "slices": pd.DataFrame(slices, columns=SLICE_COLUMNS),
        "gaps": pd.DataFrame(gaps, columns=GAP_COLUMNS),
    }


SLICE_COLUMNS = ["by", "slice", "metric", "rate", "rate_low", "rate_high", "rate_hits", "rate_n"]
GAP_COLUMNS = ["by", "metric", "worst", "worst_rate", "worst_n", "best", "best_rate", "best_n"]
GAP_COLUMNS += ["gap", "gap_low", "gap_high", "n_slices"]


def _sliced_rates(
    rows: LabelledRows, flags: pd.DataFrame, conversations: pd.DataFrame, by: str, **resampling: int
) -> Iterator[SlicedRate]:
    if rows.stages:
        resamples = Resamples.of(rows.clusters, **resampling)
        shown, flag = any_of(rows.messages, rows.stages), any_of(flags, rows.stages)
        slices = rows.messages[by].to_numpy(dtype=object)
        yield SlicedRate("message_recall", resamples, flag, shown, slices)
        yield SlicedRate("message_false_alarm_rate", resamples, flag, ~shown, slices)
    if len(conversations) > 1:
        values = rows.messages.groupby("conversation")[by].unique()
        one = values.map(lambda found: found[0] if len(found) == 1 else SEVERAL)
        slices = one.loc[conversations.index].to_numpy(dtype=object)
        resamples = Resamples.of(np.arange(len(conversations)), **resampling)
        label = conversations["label"].to_numpy(dtype=bool)
        flag = conversations["flagged"].to_numpy(dtype=bool)
        yield SlicedRate("conversation_tpr", resamples, flag, label, slices)
        yield SlicedRate("conversation_fpr", resamples, flag, ~label, slices)


def largest_gap(rate: SlicedRate, *, min_units: int) -> dict[str, object]:
    """The worst and the best slice of a rate, and how far they lie apart.

    Empty with fewer than two slices of at least ``min_units``. Of equal rates the first by name.
    """
    drawn = {
        name: rate.resamples.rates(rate.hit, of)
        for name in sorted(set(rate.slices[rate.of]))
        if (of := rate.of & (rate.slices == name)).sum() >= min_units
    }
    if len(drawn) < 2:
        return {}
    lowest = min(drawn, key=lambda name: drawn[name][0])
    highest = max(drawn, key=lambda name: drawn[name][0])
    worst, best = (lowest, highest) if WORST_IS_LOWEST[rate.metric] else (highest, lowest)
    pair = [rate.of & (rate.slices == name) for name in (lowest, highest)]
    bounds = with_interval(rate.resamples, "gap", drawn[highest] - drawn[lowest], *pair)
    return {
        "metric": rate.metric,
        "worst": worst,
        "worst_rate": float(drawn[worst][0]),
        "worst_n": _n(rate, worst),
        "best": best,
        "best_rate": float(drawn[best][0]),
        "best_n": _n(rate, best),
        **bounds,
        "n_slices": len(drawn),
    }


def _n(rate: SlicedRate, name: ArrayLike) -> int:
    return int((rate.of & (rate.slices == name)).sum())
