"""How good are warnings when a late one is worth less? Latency-weighted F1 and ERDE.

Throughout, ``k`` is the number of messages seen when a unit was first flagged: 1-based, non-empty messages only, never taken back. The ``k`` of a unit that is
not flagged is not looked at; it may be nan.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

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
    cost = np.where(labels, np.where(decisions, expit(seen - o), 1.0), np.where(decisions, labels.mean(), 0.0))
    return float(cost.mean())


def _checked(label: ArrayLike, decision: ArrayLike, k: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64]]:
    labels, decisions, seen = np.asarray(label), np.asarray(decision), np.asarray(k, dtype=np.float64)
    if labels.ndim != 1 or not labels.shape == decisions.shape == seen.shape:
        raise ValueError(f"label, decision and k must be one-dimensional and of one length, got shapes {labels.shape}, {decisions.shape} and {seen.shape}")
    for name, values in (("label", labels), ("decision", decisions)):
        if not np.isin(values, (0, 1)).all():
            raise ValueError(f"{name} must hold only 0 and 1 or False and True, got {np.unique(values)[:5].tolist()!r}")
    if not (seen[decisions.astype(bool)] >= 1).all():
        raise ValueError("k of a flagged unit must count messages from 1, got one below 1 or nan")
    return labels.astype(bool), decisions.astype(bool), seen
