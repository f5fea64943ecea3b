"""What leaves the place where the reading is done, and how much can it tell? Quantised scores, flipped bits, noisy counts, and their information in bits."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.evaluation.rates import Rate
from classifier.privacy.policies.policy import Policy


def lot(seed: int, purpose: str, id_: str) -> float:
    """A number in [0, 1) drawn for ``id_``: the same whatever else is drawn, in whatever order. So shares drawn from it are nested: who is in at 10 % is in at 50 %.

    >>> lot(0, "sampling", "a1") == lot(0, "sampling", "a1") != lot(0, "report", "a1")
    True
    """
    return (
        int.from_bytes(hashlib.blake2b(f"{seed}:{purpose}:{id_}".encode(), digest_size=8).digest(), "big")
        / 2**64
    )


def level(score: float, levels: int) -> int:
    """The step of a score in [0, 1], from 1 to ``levels``; 0 is left for "no alert".

    >>> [level(score, 4) for score in (0.0, 0.24, 0.25, 1.0)]
    [1, 1, 2, 4]
    """
    return 1 + max(0, min(levels - 1, math.floor(score * levels)))


def flip_probability(epsilon: float) -> float:
    """How often randomised response turns a bit round: 1 / (1 + e^epsilon) (Warner 1965; epsilon-locally private, Kasiviswanathan et al. 2011).

    >>> f"{1e6 * flip_probability(5):.0f} false alerts per million"
    '6693 false alerts per million'
    """
    return 1.0 / (1.0 + math.exp(epsilon))


def noisy_count(count: int, epsilon: float, *, seed: int) -> float:
    """``count`` with Laplace noise of scale 1/epsilon: epsilon-differentially private for one conversation more or less (Dwork et al. 2006)."""
    return count + float(np.random.default_rng(seed).laplace(scale=1.0 / epsilon))


def distinct_outputs(policy: Policy) -> float:
    """How many different things a policy can release about one conversation, "no alert" among them; the time of the release is not counted.

    Text that is shown has no such number: infinity.
    """
    return {
        "nothing": 1.0,
        "aggregate": 1.0,
        "alert_bit": 2.0,
        "randomised_bit": 2.0,
        "quantised_score": 1.0 + policy.levels,
    }.get(policy.release, math.inf)


def released_bits_max(policy: Policy) -> float:
    """log2 of ``distinct_outputs``: no more can be learnt of a conversation, whatever the others do.

    >>> released_bits_max(Policy("pizza", "A toy.", where="device", release="alert_bit"))
    1.0
    """
    return math.log2(distinct_outputs(policy))


def entropy_bits(outputs: ArrayLike, *, corrected: bool = True) -> float:
    """Entropy of released outputs in bits per conversation: plug-in, by default with the correction (K - 1) / (2 N) of Miller (1955). Nan for none.

    Raises ``ValueError`` for floats: raw scores are all different, and their plug-in entropy is log2 of the sample size whatever they tell.

    >>> f"{entropy_bits([1] + [0] * 999, corrected=False):.4f}"
    '0.0114'
    """
    values = np.asarray(outputs)
    if values.size == 0:
        return math.nan
    if values.dtype.kind not in "bui":
        raise ValueError(
            f"entropy is measured of quantised outputs (whole numbers), got {values.dtype}: of raw scores it would measure the sample size"
        )
    counts = np.unique(values, return_counts=True)[1]
    shares = counts / values.size
    plug_in = float(-(shares * np.log2(shares)).sum()) + 0.0
    return plug_in + (len(counts) - 1) / (2 * values.size * math.log(2)) if corrected else plug_in


def ldp_epsilon(policy: Policy, *, releases: int = 1) -> float:
    """Local differential privacy of what is released about one conversation, in nats: 0 for nothing, infinite for anything not randomised.

    An aggregate is 0 here: whoever reads it sees no single conversation; its own epsilon protects from those who add up, and is stated by ``release_epsilon``.

    >>> ldp_epsilon(Policy("pizza", "A toy.", where="device", release="randomised_bit", release_epsilon=1), releases=3)
    3.0
    """
    if policy.release in ("nothing", "aggregate"):
        return 0.0
    return float(policy.release_epsilon * releases) if policy.release == "randomised_bit" else math.inf


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
    return CountEstimate(
        (reported.hits - reported.n * flip) / kept,
        math.sqrt(reported.n * flip * (1.0 - flip)) / kept,
        reported.n,
    )


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
