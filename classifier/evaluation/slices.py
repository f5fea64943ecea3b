"""Error rates per named slice of the data, worst first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from classifier.evaluation.rates import Rate


def false_alarms_by(
    slices: pd.Series[str], flagged: pd.Series[bool], *, confidence: float = 0.95
) -> pd.DataFrame:
    """False alarms per slice of benign units, highest rate first.

    Both series have one value per benign unit. Columns: ``slice``, ``rate``, ``rate_low``, ``rate_high``,
    ``false_alarms``, ``n``. Of equal rates the larger slice comes first; the last row, "mean", takes all
    units together. Bounds are Clopper-Pearson over units.

    >>> table = false_alarms_by(pd.Series(["coach", "coach", "raid"]), pd.Series([True, False, False]))
    >>> table[["slice", "rate", "n"]].to_numpy().tolist()
    [['coach', 0.5, 2], ['raid', 0.0, 1], ['mean', 0.3333333333333333, 3]]
    """
    table = _rates_by(slices, flagged, confidence=confidence)
    table = table.sort_values(["rate", "n", "slice"], ascending=[False, False, True], kind="stable")
    return _with_mean(table, flagged, confidence=confidence).rename(columns={"hits": "false_alarms"})


def recall_by(slices: pd.Series[str], found: pd.Series[bool], *, confidence: float = 0.95) -> pd.DataFrame:
    """Recall per slice of positive units, lowest first.

    Both series have one value per positive unit. Columns: ``slice``, ``recall``, ``recall_low``,
    ``recall_high``, ``hits``, ``n``. Of equal recalls the larger slice comes first; the last row, "mean",
    takes all units together. Bounds are Clopper-Pearson over units.
    """
    table = _rates_by(slices, found, confidence=confidence)
    table = table.sort_values(["rate", "n", "slice"], ascending=[True, False, True], kind="stable")
    return _with_mean(table, found, confidence=confidence).rename(
        columns={"rate": "recall", "rate_low": "recall_low", "rate_high": "recall_high"}
    )


def _rates_by(slices: pd.Series[str], hit: pd.Series[bool], *, confidence: float) -> pd.DataFrame:
    if not slices.index.equals(hit.index):
        raise ValueError(f"slices and flags must have one index, got lengths {len(slices)} and {len(hit)}")
    if slices.isna().any() or (slices == "mean").any():
        raise ValueError("slices must all be named, and none 'mean', which is the row of all units together")
    hits = hit.to_numpy().astype(bool)
    names, codes = np.unique(slices.to_numpy().astype(str), return_inverse=True)
    counts = np.bincount(codes, weights=hits, minlength=len(names))
    sizes = np.bincount(codes, minlength=len(names))
    rows = [
        _row(str(name), Rate(int(count), int(size)), confidence)
        for name, count, size in zip(names, counts, sizes, strict=True)
    ]
    return pd.DataFrame(rows, columns=["slice", "rate", "rate_low", "rate_high", "hits", "n"])


def _with_mean(table: pd.DataFrame, hit: pd.Series[bool], *, confidence: float) -> pd.DataFrame:
    mean = _row("mean", Rate(int(hit.to_numpy().astype(bool).sum()), len(hit)), confidence)
    return pd.DataFrame([*table.to_dict("records"), mean], columns=table.columns)


def _row(name: str, rate: Rate, confidence: float) -> dict[str, object]:
    row: dict[str, object] = {"slice": name}
    return row | rate.columns("rate", confidence=confidence) | {"hits": rate.hits, "n": rate.n}
