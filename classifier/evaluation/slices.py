"""Where does it go wrong most? Rates per named slice, worst first, the mean beside."""

from __future__ import annotations

import numpy as np
import pandas as pd

from classifier.evaluation.rates import Rate


def false_alarms_by(
    slices: pd.Series[str], flagged: pd.Series[bool], *, confidence: float = 0.95
) -> pd.DataFrame:
    """False alarms per slice; both series are about the same benign units, and only those.

    Columns: ``slice``, ``rate``, ``rate_low``, ``rate_high``, ``false_alarms``, ``n``. Highest rate first, equal rates by the larger slice; the last row,
    "mean", takes all units together. Bounds are Clopper-Pearson over units.

    >>> false_alarms_by(pd.Series(["coach", "coach", "raid"]), pd.Series([True, False, False]))[["slice", "rate", "n"]].to_numpy().tolist()
    [['coach', 0.5, 2], ['raid', 0.0, 1], ['mean', 0.3333333333333333, 3]]
    """
    table = _rates_by(slices, flagged, confidence=confidence)
    table = table.sort_values(["rate", "n", "slice"], ascending=[False, False, True], kind="stable")
    return _with_mean(table, flagged, confidence=confidence).rename(columns={"hits": "false_alarms"})


def recall_by(slices: pd.Series[str], found: pd.Series[bool], *, confidence: float = 0.95) -> pd.DataFrame:
    """Share found per slice; both series are about the same units that are there to be found, and only those.

    Columns: ``slice``, ``recall``, ``recall_low``, ``recall_high``, ``hits``, ``n``. Lowest recall first, equal ones by the larger slice; the last row,
    "mean", takes all units together. Bounds are Clopper-Pearson over units.
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
    counts, n = (
        np.bincount(codes, weights=hits, minlength=len(names)),
        np.bincount(codes, minlength=len(names)),
    )
    rows = [
        _row(str(name), Rate(int(k), int(size)), confidence)
        for name, k, size in zip(names, counts, n, strict=True)
    ]
    return pd.DataFrame(rows, columns=["slice", "rate", "rate_low", "rate_high", "hits", "n"])


def _with_mean(table: pd.DataFrame, hit: pd.Series[bool], *, confidence: float) -> pd.DataFrame:
    mean = _row("mean", Rate(int(hit.to_numpy().astype(bool).sum()), len(hit)), confidence)
    return pd.DataFrame([*table.to_dict("records"), mean], columns=table.columns)


def _row(name: str, rate: Rate, confidence: float) -> dict[str, object]:
    low, high = rate.interval(confidence)
    return {
        "slice": name,
        "rate": rate.value,
        "rate_low": low,
        "rate_high": high,
        "hits": rate.hits,
        "n": rate.n,
    }
