"""Error rates per named slice of the data, worst first."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import pandas as pd

from classifier.evaluation.clustered_units import Clusters


def false_alarms_by(
    slices: pd.Series[str],
    flagged: pd.Series[bool],
    *,
    clusters: Iterable[Hashable] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """False alarms per slice of benign units, highest rate first.

    Both series have one value per benign unit. Columns: ``slice``, ``rate``, ``rate_low``, ``rate_high``,
    ``false_alarms``, ``n``. Of equal rates the larger slice comes first; the last row, "mean", takes all
    units together. Bounds are those of ``Rate``, with units in ``clusters`` or, without, each by itself.

    >>> table = false_alarms_by(pd.Series(["coach", "coach", "raid"]), pd.Series([True, False, False]))
    >>> table[["slice", "rate", "n"]].to_numpy().tolist()
    [['coach', 0.5, 2], ['raid', 0.0, 1], ['mean', 0.3333333333333333, 3]]
    """
    table = _rates_by(slices, flagged, clusters, confidence, ascending=False)
    return table.rename(columns={"hits": "false_alarms"})


def recall_by(
    slices: pd.Series[str],
    found: pd.Series[bool],
    *,
    clusters: Iterable[Hashable] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Recall per slice of positive units, lowest first.

    Both series have one value per positive unit. Columns: ``slice``, ``recall``, ``recall_low``,
    ``recall_high``, ``hits``, ``n``. Of equal recalls the larger slice comes first; the last row, "mean",
    takes all units together. Bounds are as in ``false_alarms_by``.
    """
    table = _rates_by(slices, found, clusters, confidence, ascending=True)
    return table.rename(columns={"rate": "recall", "rate_low": "recall_low", "rate_high": "recall_high"})


def _rates_by(
    slices: pd.Series[str],
    hit: pd.Series[bool],
    clusters: Iterable[Hashable] | None,
    confidence: float,
    *,
    ascending: bool,
) -> pd.DataFrame:
    if not slices.index.equals(hit.index):
        raise ValueError(f"slices and flags must have one index, got lengths {len(slices)} and {len(hit)}")
    if slices.isna().any() or (slices == "mean").any():
        raise ValueError("slices must all be named, and none 'mean', which is the row of all units together")
    of_units = Clusters.of(range(len(hit)) if clusters is None else clusters)
    names = slices.to_numpy().astype(str)
    marks = {name: names == name for name in sorted(set(names.tolist()))} | {"mean": names != "mean"}
    rows = []
    for name, inside in marks.items():
        rate = of_units.rate(hit.to_numpy(), inside)
        row = {"slice": name} | rate.columns("rate", confidence=confidence)
        rows.append(row | {"hits": rate.hits, "n": rate.n})
    table = pd.DataFrame(rows[:-1], columns=["slice", "rate", "rate_low", "rate_high", "hits", "n"])
    table = table.sort_values(["rate", "n", "slice"], ascending=[ascending, False, True], kind="stable")
    return pd.DataFrame([*table.to_dict("records"), rows[-1]], columns=table.columns)
