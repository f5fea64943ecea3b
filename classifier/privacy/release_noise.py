"""What can be learnt of many from answers that may each be wrong? Randomised response, the false alerts it makes by itself, and counts with the noise taken out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.evaluation.rates import Rate
from classifier.privacy.release import flip_probability


@dataclass(frozen=True)
class CountEstimate:
    """How many of ``n`` conversations truly raised an alert, estimated from flipped bits, with the standard error that the flipping causes.

    Without bias, so it may lie below 0 or above ``n``. At epsilon = 0 the bits say nothing: nan, with an infinite error.
    """

    count: float
    standard_error: float
    n: int

    def __str__(self) -> str:
        return f"{self.count:.0f} ± {self.standard_error:.0f} of {self.n}"


def epsilon_of_flips(probability: float) -> float:
    """The epsilon of randomised response that turns a bit round with ``probability``: ln((1 - p) / p); the inverse of ``flip_probability``.

    >>> epsilon_of_flips(0.25) == math.log(3), epsilon_of_flips(0.5)
    (True, 0.0)
    """
    if not 0 <= probability <= 0.5:
        raise ValueError(f"probability must be in [0, 0.5], got {probability!r}")
    return math.log((1.0 - probability) / probability) if probability else math.inf


def randomised(bits: ArrayLike, epsilon: float, *, seed: int) -> NDArray[np.bool_]:
    """Each bit turned round with ``flip_probability(epsilon)``, each by its own draw (Warner 1965).

    >>> randomised([True, False], math.inf, seed=0).tolist()
    [True, False]
    """
    truth = _checked_bits(bits)
    return truth ^ (np.random.default_rng(seed).random(truth.shape) < _flip(epsilon))


def false_alerts_per_million(epsilon: float) -> float:
    """How many of a million innocent conversations the flipping alone turns into alerts, were no other error made.

    >>> f"{false_alerts_per_million(5):.0f}"
    '6693'
    """
    return 1e6 * _flip(epsilon)


def chance_an_alert_is_true(epsilon: float, *, prevalence: float, recall: float = 1.0) -> float:
    """The share of alerts after flipping that were alerts before, for a detector without false alarms of its own; ``prevalence`` is the assumed share of patterns.

    >>> round(chance_an_alert_is_true(5, prevalence=1e-3), 3)
    0.129
    """
    if not 0 <= prevalence <= 1 or not 0 <= recall <= 1:
        raise ValueError(f"prevalence and recall must be in [0, 1], got {prevalence!r} and {recall!r}")
    flip = _flip(epsilon)
    true_alerts = prevalence * recall * (1.0 - flip)
    alerts = true_alerts + (1.0 - prevalence * recall) * flip
    return true_alerts / alerts if alerts else math.nan


def debiased_count(reported: Rate, epsilon: float) -> CountEstimate:
    """The number of true alerts behind ``reported``, the bits that came in as alerts out of all.

    With p the flip probability, k ones of n: (k - n p) / (1 - 2 p), and the standard error sqrt(n p (1 - p)) / (1 - 2 p), whatever the true count.

    >>> print(debiased_count(Rate(hits=16_693, n=1_000_000), 5))
    10136 ± 83 of 1000000
    """
    flip = _flip(epsilon)
    kept = 1.0 - 2.0 * flip
    if kept == 0:
        return CountEstimate(math.nan, math.inf, reported.n)
    return CountEstimate((reported.hits - reported.n * flip) / kept, math.sqrt(reported.n * flip * (1.0 - flip)) / kept, reported.n)


def laplace_standard_error(epsilon: float) -> float:
    """The standard error of ``release.noisy_count``, sqrt(2) / epsilon: for a trusted counter, who sees the true bits, however many they are.

    >>> round(laplace_standard_error(1.0), 3)
    1.414
    """
    return math.sqrt(2.0) / _checked_epsilon(epsilon) if epsilon else math.inf


def _checked_bits(bits: ArrayLike) -> NDArray[np.bool_]:
    values = np.asarray(bits)
    if not np.isin(values, (0, 1)).all():
        raise ValueError(f"bits must be 0 and 1 or False and True, got {np.unique(values)[:5].tolist()!r}")
    return values.astype(np.bool_)


def _flip(epsilon: float) -> float:
    """``flip_probability``, which would overflow where no float tells it from 0."""
    return flip_probability(_checked_epsilon(epsilon)) if not epsilon > 700 else 0.0


def _checked_epsilon(epsilon: float) -> float:
    if not epsilon >= 0:
        raise ValueError(f"epsilon must be at least 0, got {epsilon!r}")
    return epsilon
