"""Rates with their denominators, and scores flagged at a threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, ndtri, stdtrit


@dataclass(frozen=True)
class Rate:
    """A rate of ``hits`` out of ``n``, nan when ``n`` is 0.

    Bounds are the exact ones of Clopper & Pearson (1934), Biometrika 26: whatever the true rate, they cover
    it at least as often as ``confidence`` says, if units are independent. For units that share a phrase
    family or a dialogue they are taken at the effective sample size, n / ``design_effect``, corrected for
    ``df`` degrees of freedom (Korn & Graubard 1998, Survey Methodology 24).
    ``classifier.evaluation.clustered_units`` measures both.

    >>> print(Rate(hits=1, n=2))
    0.500 (1/2)
    >>> print(Rate(hits=0, n=0))
    nan (0/0)
    """

    hits: int
    n: int
    design_effect: float = 1.0
    df: float = math.inf

    def __post_init__(self) -> None:
        if not 0 <= self.hits <= self.n:
            raise ValueError(f"hits must be in 0..n, got hits={self.hits!r}, n={self.n!r}")

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.hits}/{self.n})"

    @property
    def value(self) -> float:
        """``hits / n``, in [0, 1]; nan at 0/0."""
        return self.hits / self.n if self.n else math.nan

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Two-sided bounds with equal tails. With ``n == 0`` they are (0, 1).

        >>> low, high = Rate(hits=0, n=10).interval()
        >>> f"{low:.3f} {high:.3f}"
        '0.000 0.308'
        """
        one_sided = (1.0 + _checked_confidence(confidence)) / 2.0
        return self.lower(one_sided), self.upper(one_sided)

    def upper(self, confidence: float = 0.95) -> float:
        """One-sided upper bound: the largest rate compatible with at most ``hits``.

        >>> f"{1e6 * Rate(hits=0, n=1000).upper():.0f} per million"
        '2991 per million'
        """
        worth = self._worth(confidence)
        return float(upper_bound(self.hits * worth, self.n * worth, confidence=confidence))

    def lower(self, confidence: float = 0.95) -> float:
        """One-sided lower bound: the smallest rate compatible with at least ``hits``."""
        worth = self._worth(confidence)
        return 1.0 - float(upper_bound((self.n - self.hits) * worth, self.n * worth, confidence=confidence))

    def columns(self, name: str, *, confidence: float = 0.95) -> dict[str, float]:
        """The value and its two-sided bounds as columns of a table.

        >>> {column: round(value, 3) for column, value in Rate(hits=0, n=10).columns("fpr").items()}
        {'fpr': 0.0, 'fpr_low': 0.0, 'fpr_high': 0.308}
        """
        low, high = self.interval(confidence)
        return {name: self.value, f"{name}_low": low, f"{name}_high": high}

    def _worth(self, confidence: float) -> float:
        """The effective sample size over the sample size, in (0, 1]."""
        if math.isinf(self.df):
            return 1.0 / self.design_effect
        normal, students = ndtri(confidence), stdtrit(self.df, confidence)
        return float((normal / students) ** 2 / self.design_effect)


def upper_bound(hits: ArrayLike, n: float, *, confidence: float = 0.95) -> NDArray[np.float64]:
    """One-sided Clopper-Pearson upper bound for each of ``hits`` out of ``n``.

    ``hits`` may have any shape. The bound is 1 where every unit is a hit.
    """
    count = np.asarray(hits, dtype=np.float64)
    missed = n - count
    # betaincinv has no value at missed == 0, where the bound is 1 by definition.
    bound = betaincinv(count + 1.0, np.where(missed > 0, missed, 1.0), _checked_confidence(confidence))
    return np.where(missed > 0, bound, 1.0)


def labelled_scores(label: ArrayLike, score: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Labels and scores as checked arrays of one length.

    Raises ``ValueError`` unless labels are 0/1 or bool and scores are without nan.
    """
    labels, scores = np.asarray(label), np.asarray(score, dtype=np.float64)
    if labels.ndim != 1 or labels.shape != scores.shape:
        raise ValueError(
            "label and score must be one-dimensional and of one length, "
            f"got shapes {labels.shape} and {scores.shape}"
        )
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(
            f"label must hold only 0 and 1 or False and True, got {np.unique(labels)[:5].tolist()!r}"
        )
    if np.isnan(scores).any():
        raise ValueError(f"score must not hold nan, got {int(np.isnan(scores).sum())} of {scores.size}")
    return labels.astype(bool), scores


def flagged(score: ArrayLike, threshold: float) -> NDArray[np.bool_]:
    """Which units are flagged: those at or above ``threshold``.

    >>> flagged([0.4, 0.5, 0.6], 0.5).tolist()
    [False, True, True]
    """
    scores = np.asarray(score, dtype=np.float64)
    if math.isnan(threshold) or np.isnan(scores).any():
        raise ValueError(
            f"threshold and score must be numbers, got threshold {threshold!r} "
            f"and {int(np.isnan(scores).sum())} nan scores of {scores.size}"
        )
    return scores >= threshold


def true_positive_rate(label: ArrayLike, score: ArrayLike, *, threshold: float) -> Rate:
    """Recall: the share of pattern units (label 1) that are flagged.

    >>> print(true_positive_rate([True, True, False], [0.9, 0.1, 0.8], threshold=0.5))
    0.500 (1/2)
    """
    labels, scores = labelled_scores(label, score)
    hit = flagged(scores, threshold)
    return Rate(hits=int((hit & labels).sum()), n=int(labels.sum()))


def false_positive_rate(label: ArrayLike, score: ArrayLike, *, threshold: float) -> Rate:
    """Share of the benign units (label 0) that are flagged.

    >>> print(false_positive_rate([False, False, True], [0.9, 0.1, 0.8], threshold=0.5))
    0.500 (1/2)
    """
    labels, scores = labelled_scores(label, score)
    hit = flagged(scores, threshold)
    return Rate(hits=int((hit & ~labels).sum()), n=int((~labels).sum()))


def f_beta(precision: float, recall: float, *, beta: float) -> float:
    """F-measure in which recall counts ``beta`` times as much as precision.

    ``(1 + b²) P R / (b² P + R)`` (van Rijsbergen 1979). Nan at 0/0 and when either is nan.

    >>> f"{f_beta(0.912, 0.492, beta=0.5):.6f}"
    '0.779000'
    """
    if not beta > 0:
        raise ValueError(f"beta must be above 0, got {beta!r}")
    weighted = beta**2 * precision + recall
    return (1.0 + beta**2) * precision * recall / weighted if weighted else math.nan


def _checked_confidence(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence!r}")
    return confidence
