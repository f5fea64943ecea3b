"""Early-warning metrics: latency-weighted F1, ERDE, and their intervals.

Throughout, ``k`` is the number of messages seen when a unit was first flagged: it counts from 1, leaves out
empty messages, and never changes later. The ``k`` of a unit that is not flagged is ignored; it may be nan.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from classifier.evaluation.intervals import Interval, Resamples, divide_or_nan, percentile_interval
from classifier.evaluation.rates import Rate

ERISK_P = 0.0078
"""The ``p`` of the eRisk shared tasks: the penalty is one half after about 142 messages."""

ESPD_P = math.log(3.0) / 89.0
"""The ``p`` of early sexual predator detection (Vogt, Leser & Akbik 2021).

The penalty is one half at message 90: one half at message ``k`` is ``p = ln(3) / (k - 1)``.
"""


@dataclass(frozen=True)
class LatencyF1:
    """F1, speed and their product over ``n`` units, with the ``p`` of the penalty."""

    precision: Rate
    recall: Rate
    f1: float
    speed: float
    f_latency: float
    p: float
    n: int

    def __str__(self) -> str:
        product = f"F_latency {self.f_latency:.3f} = F1 {self.f1:.3f} * speed {self.speed:.3f}"
        return f"{product} (p = {self.p:.4g}, n = {self.n})"


def latency_penalty(k: ArrayLike, *, p: float) -> NDArray[np.float64]:
    """Penalty of a warning at message ``k``: from 0 at the first, towards 1.

    ``-1 + 2 / (1 + exp(-p (k - 1)))``, equation 3 of Sadeque, Xu & Bethard (2018), "Measuring the latency of
    depression detection in social media", WSDM.

    >>> latency_penalty([1, 90], p=ESPD_P).round(6).tolist()
    [0.0, 0.5]
    """
    if not p > 0:
        raise ValueError(f"p must be above 0, got {p!r}")
    seen = np.asarray(k, dtype=np.float64)
    if not (seen >= 1).all():
        raise ValueError(f"k must count messages from 1, got {float(seen.min())!r}")
    return 2.0 * expit(p * (seen - 1.0)) - 1.0


def speed(k_of_true_positives: ArrayLike, *, p: float) -> float:
    """1 minus the median penalty of the true positives, in [0, 1].

    0 without a true positive: a system that finds nothing is not fast.
    """
    seen = np.asarray(k_of_true_positives, dtype=np.float64)
    return 1.0 - float(np.median(latency_penalty(seen, p=p))) if seen.size else 0.0


def f_latency(label: ArrayLike, decision: ArrayLike, k: ArrayLike, *, p: float) -> LatencyF1:
    """Latency-weighted F1: F1 times speed (Sadeque, Xu & Bethard 2018).

    F1 and speed are over the same units. Nan when F1 is 0/0: no positive unit and none flagged. Public
    implementations of "latency F1" that use ``k`` for ``k - 1``, the mean for the median, or ``1 - k / T``
    for the speed give other numbers.

    Parameters
    ----------
    label
        0/1 or bool, one value per unit.
    decision
        Whether each unit was flagged, 0/1 or bool.
    k
        Messages seen at the first flag, from 1; ignored for units that were not flagged.
    p
        Steepness of the penalty, above 0.

    Examples
    --------
    >>> print(f_latency([1, 1, 0], [True, False, False], [90, 7, 7], p=ESPD_P))
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
    """Early risk detection error: the mean cost per unit.

    In [0, 1], lower is better. A true positive costs ``1 - 1 / (1 + exp(k - o))``, a miss 1, a false alarm
    the share of positive units, a true negative 0: Losada & Crestani (2016), "A test collection for research
    on depression and language use", CLEF, with c_fn = c_tp = 1. ``o`` = 5 and 50 are usual. Nan without
    units.

    >>> f"{erde([1, 0], [True, False], [5, 1], o=5):.3f}"
    '0.250'
    """
    labels, decisions, seen = _checked(label, decision, k)
    if not labels.size:
        return math.nan
    # expit(k - o) is 1 - 1/(1 + exp(k - o)) written so that a late k does not overflow.
    cost_of_positives = np.where(decisions, expit(seen - o), 1.0)
    cost_of_benign = np.where(decisions, labels.mean(), 0.0)
    return float(np.where(labels, cost_of_positives, cost_of_benign).mean())


def early_warning_intervals(
    label: ArrayLike,
    k: ArrayLike,
    clusters: Iterable[Hashable],
    *,
    p: Mapping[str, float],
    n_resamples: int = 1000,
    seed: int,
) -> dict[str, Interval]:
    """95 % percentile intervals of the early-warning metrics over resampled clusters.

    Keys: ``f1``, ``recall``, ``undetected``, ``median_messages``, and for each name in ``p``
    ``speed_<name>`` and ``f_latency_<name>``. In every resample the figures are those of ``f_latency`` and
    the median over true positives; one that is 0/0 there is left out. Raises ``ValueError`` for fewer than
    two clusters.

    Parameters
    ----------
    label
        0/1 or bool, one value per unit, as all below.
    k
        Messages seen at the first flag, from 1; nan for a unit that was never flagged.
    clusters
        Dialogues, phrase family or account of each unit, as ``Clusters.of`` takes them.
    p
        Steepness of the penalty, by the name it has in the keys.

    Examples
    --------
    >>> label, k = [1, 1, 0], [4, 4, np.nan]
    >>> clusters = ["raid", "pizza", "choir"]
    >>> intervals = early_warning_intervals(label, k, clusters, p={}, n_resamples=200, seed=0)
    >>> print(intervals["median_messages"])
    4.000–4.000 (B = 200, 15 undefined and left out)
    """
    labels = np.asarray(label).astype(bool)
    seen = np.asarray(k, dtype=np.float64)
    resamples = Resamples.of(clusters, n_resamples=n_resamples, seed=seed)
    n_units = resamples.clusters.membership.shape[0]
    if not labels.shape == seen.shape == (n_units,):
        raise ValueError(
            "label, k and clusters must be of one length, "
            f"got shapes {labels.shape}, {seen.shape} and ({n_units},)"
        )
    flagged = ~np.isnan(seen)
    true_positive = labels & flagged
    # True positives by cluster and message of their warning: a resample's median needs only these counts.
    messages, column = np.unique(seen[true_positive], return_inverse=True)
    at = np.zeros(n_units, dtype=np.int64)
    at[true_positive] = column
    warned_at = resamples.group_sums(at, max(1, messages.size), true_positive.astype(np.float64))
    drawn_at = np.maximum(warned_at, 0.0).T[1:]  # what is taken away more than once does not count
    n_positive, n_flagged, n_true_positive = resamples.sums(labels, flagged, true_positive)[:, 1:]
    f1 = np.minimum(divide_or_nan(2.0 * n_true_positive, n_positive + n_flagged), 1.0)
    recall = resamples.rates(flagged, labels)[1:]
    values = {
        "f1": f1,
        "recall": recall,
        "undetected": 1.0 - recall,
        "median_messages": _medians(messages, drawn_at),
    }
    for name, rate in p.items():
        # Over an even number of units the median of the penalties is not the penalty of the median. Without a
        # true positive the speed is 0, as in ``speed``.
        median_penalty = _medians(latency_penalty(messages, p=rate), drawn_at)
        speeds = 1.0 - np.nan_to_num(median_penalty, nan=1.0)
        values |= {f"speed_{name}": speeds, f"f_latency_{name}": f1 * speeds}
    return {name: percentile_interval(resampled) for name, resampled in values.items()}


def _checked(
    label: ArrayLike, decision: ArrayLike, k: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64]]:
    """Labels, decisions and ``k`` as checked arrays of one length."""
    labels, decisions, seen = np.asarray(label), np.asarray(decision), np.asarray(k, dtype=np.float64)
    if labels.ndim != 1 or not labels.shape == decisions.shape == seen.shape:
        raise ValueError(
            "label, decision and k must be one-dimensional and of one length, "
            f"got shapes {labels.shape}, {decisions.shape} and {seen.shape}"
        )
    for name, values in (("label", labels), ("decision", decisions)):
        if not np.isin(values, (0, 1)).all():
            raise ValueError(
                f"{name} must hold only 0 and 1 or False and True, got {np.unique(values)[:5].tolist()!r}"
            )
    if not (seen[decisions.astype(bool)] >= 1).all():
        raise ValueError("k of a flagged unit must count messages from 1, got one below 1 or nan")
    return labels.astype(bool), decisions.astype(bool), seen


def _medians(values: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weighted median of ``values`` for each row of ``counts``.

    ``values`` are ascending; ``counts`` has shape (resamples, values). Nan for a row of zeros.
    """
    if not values.size:
        return np.full(len(counts), np.nan)
    so_far = counts.cumsum(axis=1)
    n = so_far[:, -1:]
    lower, upper = ((so_far <= middle).sum(axis=1) for middle in ((n - 1) // 2, n // 2))
    last = values.size - 1
    medians = (values[np.minimum(lower, last)] + values[np.minimum(upper, last)]) / 2.0
    return np.where(n[:, 0] > 0, medians, np.nan)
