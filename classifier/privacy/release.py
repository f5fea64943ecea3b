"""What leaves the place where the reading is done, and how much can it tell? Quantised scores, flipped bits, noisy counts, and their information in bits."""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numpy.typing import ArrayLike

from classifier.privacy.policy import Policy


def lot(seed: int, purpose: str, id_: str) -> float:
    """A number in [0, 1) drawn for ``id_``: the same whatever else is drawn, in whatever order. So shares drawn from it are nested: who is in at 10 % is in at 50 %.

    >>> lot(0, "sampling", "a1") == lot(0, "sampling", "a1") != lot(0, "report", "a1")
    True
    """
    return int.from_bytes(hashlib.blake2b(f"{seed}:{purpose}:{id_}".encode(), digest_size=8).digest(), "big") / 2**64


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
    return {"nothing": 1.0, "aggregate": 1.0, "alert_bit": 2.0, "randomised_bit": 2.0, "quantised_score": 1.0 + policy.levels}.get(policy.release, math.inf)


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
        raise ValueError(f"entropy is measured of quantised outputs (whole numbers), got {values.dtype}: of raw scores it would measure the sample size")
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
