"""How good are warnings when a late one is worth less? Latency-weighted F1 and ERDE.

Throughout, ``k`` is the number of messages seen when a unit was first flagged: 1-based, non-empty messages only, never taken back. The ``k`` of a unit that is
not flagged is not looked at; it may be nan.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from classifier.evaluation.intervals import (
    Interval,
    cluster_codes,
    cluster_sums,
    cluster_weights,
    percentile_interval,
)
from classifier.evaluation.rates import Rate

ERISK_P = 0.0078
"""The ``p`` of the eRisk shared tasks, set so that the penalty is one half after about 142 messages."""

ESPD_P = math.log(3.0) / 89.0
"""The ``p`` of early sexual predator detection (Vogt, Leser & Akbik 2021): half penalty at message 90."""


@dataclass(frozen=True)
class LatencyF1:
    """F1, speed and their product over one population of ``n`` units, with the ``p`` it was computed at."""

    precision: Rate
    recall: Rate
    f1: float
    speed: float
    f_latency: float
    p: float
    n: int

    def __str__(self) -> str:
        return f"F_latency {self.f_latency:.3f} = F1 {self.f1:.3f} * speed {self.speed:.3f} (p = {self.p:.4g}, n = {self.n})"


def p_for_half_penalty(k: float) -> float:
    """The ``p`` at which a warning at message ``k`` has a penalty of one half: ``ln(3) / (k - 1)``.

    >>> f"{p_for_half_penalty(90):.6f}"
    '0.012344'
    """
    if not k > 1:
        raise ValueError(f"k must be above 1, got {k!r}")
    return math.log(3.0) / (k - 1.0)


def latency_penalty(k: ArrayLike, *, p: float) -> NDArray[np.float64]:
    """``-1 + 2 / (1 + exp(-p (k - 1)))``: 0 for a warning at the first message, towards 1 for late ones.

    Equation 3 of Sadeque, Xu & Bethard (2018), "Measuring the latency of depression detection in social media", WSDM.

    >>> latency_penalty([1, 90], p=p_for_half_penalty(90)).round(6).tolist()
    [0.0, 0.5]
    """
    if not p > 0:
        raise ValueError(f"p must be above 0, got {p!r}")
    seen = np.asarray(k, dtype=np.float64)
    if not (seen >= 1).all():
        raise ValueError(f"k must count messages from 1, got {float(seen.min())!r}")
    return 2.0 * expit(p * (seen - 1.0)) - 1.0


def speed(k_of_true_positives: ArrayLike, *, p: float) -> float:
    """1 minus the median penalty of the true positives, in [0, 1]; 0 when there is none (a system that finds nothing is not fast)."""
    seen = np.asarray(k_of_true_positives, dtype=np.float64)
    return 1.0 - float(np.median(latency_penalty(seen, p=p))) if seen.size else 0.0


def f_latency(label: ArrayLike, decision: ArrayLike, k: ArrayLike, *, p: float) -> LatencyF1:
    """F1 * speed, with F1 and speed beside it over the same units (Sadeque, Xu & Bethard 2018).

    Nan when F1 is 0/0: no positive unit and none flagged. Public functions of the name "latency F1" that count ``k`` for ``k - 1``, or take the mean for the
    median, or ``1 - k / T`` for the speed, give other numbers.

    >>> print(f_latency([1, 1, 0], [True, False, False], [90, 7, 7], p=p_for_half_penalty(90)))
    F_latency 0.333 = F1 0.667 * speed 0.500 (p = 0.01234, n = 3)
    """
    labels, decisions, seen = _checked(label, decision, k)
    true_positives = int((labels & decisions).sum())
    precision = Rate(true_positives, int(decisions.sum()))
    recall = Rate(true_positives, int(labels.sum()))
    counted = precision.n + recall.n
    f1 = 2.0 * true_positives / counted if counted else math.nan
    quick = speed(seen[labels & decisions], p=p)
    return LatencyF1(precision, recall, f1=f1, speed=quick, f_latency=f1 * quick, p=p, n=labels.size)


def erde(label: ArrayLike, decision: ArrayLike, k: ArrayLike, *, o: float) -> float:
    """Early risk detection error, lower is better, in [0, 1]: the mean over units of what each cost.

    A true positive costs ``1 - 1 / (1 + exp(k - o))``, a miss 1, a false alarm the share of positive units, a true negative 0: Losada & Crestani (2016), "A
    test collection for research on depression and language use", CLEF, with c_fn = c_tp = 1. ``o`` = 5 and 50 are usual. Nan without units.

    >>> f"{erde([1, 0], [True, False], [5, 1], o=5):.3f}"
    '0.250'
    """
    labels, decisions, seen = _checked(label, decision, k)
    if not labels.size:
        return math.nan
    # expit(k - o) is 1 - 1/(1 + exp(k - o)) written so that a late k does not overflow.
    cost = np.where(
        labels, np.where(decisions, expit(seen - o), 1.0), np.where(decisions, labels.mean(), 0.0)
    )
    return float(cost.mean())


def _checked(
    label: ArrayLike, decision: ArrayLike, k: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64]]:
    labels, decisions, seen = np.asarray(label), np.asarray(decision), np.asarray(k, dtype=np.float64)
    if labels.ndim != 1 or not labels.shape == decisions.shape == seen.shape:
        raise ValueError(
            f"label, decision and k must be one-dimensional and of one length, got shapes {labels.shape}, {decisions.shape} and {seen.shape}"
        )
    for name, values in (("label", labels), ("decision", decisions)):
        if not np.isin(values, (0, 1)).all():
            raise ValueError(
                f"{name} must hold only 0 and 1 or False and True, got {np.unique(values)[:5].tolist()!r}"
            )
    if not (seen[decisions.astype(bool)] >= 1).all():
        raise ValueError("k of a flagged unit must count messages from 1, got one below 1 or nan")
    return labels.astype(bool), decisions.astype(bool), seen


def early_warning_intervals(
    label: ArrayLike,
    k: ArrayLike,
    premature: ArrayLike,
    clusters: ArrayLike,
    *,
    p: Mapping[str, float],
    n_resamples: int = 1000,
    seed: int,
) -> dict[str, Interval]:
    """95 % percentile intervals by figure: ``f1``, ``recall``, ``undetected``, ``premature``, ``median_messages``, and for each name in ``p`` ``speed_<name>`` and
    ``f_latency_<name>``.

    One value a unit: ``label``, ``k`` (nan for one never flagged), ``premature`` (bool, as from ``is_premature``; looked at for flagged positives only) and ``clusters``
    (phrase families, accounts). In every resample the figures are those of ``f_latency``, ``premature_warnings`` and the median over true positives; one that is 0/0
    there is left out. Raises ``ValueError`` for fewer than two clusters.

    >>> found = early_warning_intervals([1, 1, 0], [4, 4, np.nan], [False, False, False], ["raid", "pizza", "choir"], p={}, n_resamples=200, seed=0)
    >>> print(found["median_messages"])
    4.000–4.000 (B = 200, 15 undefined and left out)
    """
    labels, seen, early = (
        np.asarray(label).astype(bool),
        np.asarray(k, dtype=np.float64),
        np.asarray(premature).astype(bool),
    )
    codes, n_clusters = cluster_codes(clusters)
    if labels.ndim != 1 or not labels.shape == seen.shape == early.shape == codes.shape:
        raise ValueError(
            f"label, k, premature and clusters must be of one length, got shapes {labels.shape}, {seen.shape}, {early.shape} and {codes.shape}"
        )
    flagged = ~np.isnan(seen)
    found = labels & flagged
    messages, place = np.unique(seen[found], return_inverse=True)
    found_at = np.zeros((n_clusters, messages.size))
    np.add.at(found_at, (codes[found], place), 1.0)
    weights = cluster_weights(n_clusters, n_resamples=n_resamples, seed=seed)
    sums = cluster_sums(
        np.column_stack([labels, flagged, found, found & early]).astype(np.float64), codes, n_clusters
    )
    n_positive, n_flagged, n_found, n_early = (weights @ sums).T
    drawn = weights @ found_at
    f1 = _divided(2.0 * n_found, n_positive + n_flagged)
    values = {
        "f1": f1,
        "recall": _divided(n_found, n_positive),
        "undetected": _divided(n_positive - n_found, n_positive),
        "premature": _divided(n_early, n_found),
        "median_messages": _medians(messages, drawn),
    }
    for name, rate in p.items():
        # The median of the penalties: over an even number of units it is not the penalty of the median. Without a true positive the speed is 0, as in ``speed``.
        speed = 1.0 - np.nan_to_num(_medians(latency_penalty(messages, p=rate), drawn), nan=1.0)
        values |= {f"speed_{name}": speed, f"f_latency_{name}": f1 * speed}
    return {name: percentile_interval(resampled) for name, resampled in values.items()}


def _medians(values: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of ``values`` (ascending), each counted as often as a row of ``counts``, shape (resamples, values), says; nan in a row that counts none."""
    if not values.size:
        return np.full(len(counts), np.nan)
    so_far = counts.cumsum(axis=1)
    n = so_far[:, -1:]
    lower, upper = ((so_far <= middle).sum(axis=1) for middle in ((n - 1) // 2, n // 2))
    medians = (values[lower] + values[np.minimum(upper, values.size - 1)]) / 2.0
    return np.where(n[:, 0] > 0, medians, np.nan)


def _divided(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator > 0)
