"""Does a probability of .8 come true four times in five? Reliability and proper scores; what mends a probability is in ``calibrators``."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, xlogy

from classifier.evaluation.rates import Rate, labelled_scores


@dataclass(frozen=True)
class CalibrationError:
    """An expected calibration error and the number of bins it was computed with, without which it means nothing."""

    value: float
    n_bins: int

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.n_bins} bins of equal mass)"


def reliability_table(label: ArrayLike, probability: ArrayLike, *, n_bins: int = 10) -> pd.DataFrame:
    """Units in at most ``n_bins`` bins of nearly equal mass, by probability; equal probabilities share a bin, so there may be fewer bins and unequal ones.

    Columns: ``lowest``, ``highest`` (probabilities in the bin), ``mean_probability``, ``observed`` (share of positives), ``observed_low``, ``observed_high``
    (Clopper-Pearson, 95 %), ``positives``, ``n``.

    >>> table = reliability_table([0, 0, 0, 1], [0.1, 0.1, 0.8, 0.8], n_bins=2)
    >>> table[["mean_probability", "observed", "n"]].to_numpy().tolist()
    [[0.1, 0.0, 2.0], [0.8, 0.5, 2.0]]
    """
    labels, p = labelled_probabilities(label, probability)
    if n_bins < 1:
        raise ValueError(f"n_bins must be at least 1, got {n_bins!r}")
    _, tied, sizes = np.unique(p, return_inverse=True, return_counts=True)
    # Each distinct probability goes where the middle of its units falls, so that one value with most of the mass does not swallow the few above it.
    middle = np.cumsum(sizes) - sizes / 2.0
    bins = np.floor(middle * n_bins / max(p.size, 1)).astype(np.int64)[tied]
    rows = []
    for number in np.unique(bins):
        inside = p[bins == number]
        rate = Rate(int(labels[bins == number].sum()), inside.size)
        low, high = rate.interval()
        row = {
            "lowest": inside.min(),
            "highest": inside.max(),
            "mean_probability": inside.mean(),
            "observed": rate.value,
        }
        rows.append(row | {"observed_low": low, "observed_high": high, "positives": rate.hits, "n": rate.n})
    columns = [
        "lowest",
        "highest",
        "mean_probability",
        "observed",
        "observed_low",
        "observed_high",
        "positives",
        "n",
    ]
    return pd.DataFrame(rows, columns=columns)


def expected_calibration_error(
    label: ArrayLike, probability: ArrayLike, *, n_bins: int = 10
) -> CalibrationError:
    """Mean over units of the gap between their bin's mean probability and its share of positives, and how many bins there came to be.

    Naeini, Cooper & Hauskrecht (2015), AAAI, with bins of equal mass instead of equal width. It grows with the number of bins and is never 0 on a finite sample
    by calibration alone: compare only figures of the same size and bins. Nan without units.

    >>> print(expected_calibration_error([0, 0, 0, 1], [0.1, 0.1, 0.8, 0.8], n_bins=2))
    0.200 (2 bins of equal mass)
    """
    table = reliability_table(label, probability, n_bins=n_bins)
    gap = (table["mean_probability"] - table["observed"]).abs() * table["n"]
    return CalibrationError(float(gap.sum() / table["n"].sum()) if len(table) else math.nan, len(table))


def brier(label: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared gap between probability and label, in [0, 1], lower is better (Brier 1950). Nan without units.

    >>> f"{brier([0, 1], [0.5, 0.9]):.2f}"
    '0.13'
    """
    labels, p = labelled_probabilities(label, probability)
    return float(np.mean((p - labels) ** 2)) if p.size else math.nan


def log_loss(label: ArrayLike, probability: ArrayLike) -> float:
    """Mean of ``-ln`` of the probability given to what happened, in nats. Infinite when something happened that was given probability 0: nothing is clipped.

    >>> f"{log_loss([0, 1], [0.5, 0.5]):.3f}", log_loss([1], [0.0])
    ('0.693', inf)
    """
    labels, p = labelled_probabilities(label, probability)
    return -float(np.mean(xlogy(labels, p) + xlogy(~labels, 1.0 - p))) if p.size else math.nan


def logit_offset(fitted_prevalence: float, stated_prevalence: float) -> float:
    """What to add to a log-odds that was calibrated at one prevalence, so that it holds at another: the difference of their log-odds.

    Elkan (2001), "The foundations of cost-sensitive learning", IJCAI, theorem 2. It supposes that positives and negatives look as before and only their shares
    differ.

    >>> f"{logit_offset(0.5, 0.01):.3f}"
    '-4.595'
    """
    for name, value in (("fitted_prevalence", fitted_prevalence), ("stated_prevalence", stated_prevalence)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must be between 0 and 1, got {value!r}")
    return float(logit(stated_prevalence) - logit(fitted_prevalence))


def at_prevalence(
    probability: ArrayLike, *, fitted_prevalence: float, stated_prevalence: float
) -> NDArray[np.float64]:
    """Probabilities moved from the prevalence they were calibrated at to a stated one.

    >>> at_prevalence([0.5, 0.9], fitted_prevalence=0.5, stated_prevalence=0.01).round(4).tolist()
    [0.01, 0.0833]
    """
    return np.asarray(
        expit(
            logit(np.asarray(probability, dtype=np.float64))
            + logit_offset(fitted_prevalence, stated_prevalence)
        )
    )


def labelled_probabilities(
    label: ArrayLike, probability: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """``labelled_scores`` whose scores are in [0, 1] as well."""
    labels, p = labelled_scores(label, probability)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"probability must be in [0, 1], got {float(p.min())!r} to {float(p.max())!r}")
    return labels, p
