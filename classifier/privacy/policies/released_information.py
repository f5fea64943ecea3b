"""What a policy releases, and how much information that carries."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.privacy.policies.policy import Policy


def level(score: float, levels: int) -> int:
    """The level of a score, from 1 to ``levels``.

    Levels divide [0, 1] evenly, and 0 stands for "no alert". Scores outside [0, 1] get the nearest level.

    >>> [level(score, 4) for score in (0.0, 0.24, 0.25, 1.0)]
    [1, 1, 2, 4]
    """
    return 1 + max(0, min(levels - 1, math.floor(score * levels)))


def flip_probability(epsilon: float) -> float:
    """The probability that randomised response flips a bit.

    It is 1 / (1 + e^epsilon) (Warner 1965). The released bit is epsilon-locally differentially private
    (Kasiviswanathan et al. 2011). ``epsilon`` is in nats, from 0 (0.5: the bit says nothing) to infinity
    (0: the bit is never flipped). Raises ``ValueError`` below 0.

    >>> f"{1e6 * flip_probability(5):.0f} false alerts per million"
    '6693 false alerts per million'
    """
    if not epsilon >= 0:
        raise ValueError(f"epsilon must be at least 0, got {epsilon!r}")
    # Beyond 700 the exponential overflows, and no float tells the probability from 0.
    return 1.0 / (1.0 + math.exp(epsilon)) if epsilon <= 700 else 0.0


def randomised(bits: ArrayLike, epsilon: float, *, seed: int) -> NDArray[np.bool_]:
    """Bits after randomised response: each flipped independently with ``flip_probability(epsilon)``.

    Takes 0 and 1 or truth values, of any shape, which the result keeps (Warner 1965). Raises ``ValueError``
    for other values.

    >>> randomised([True, False], math.inf, seed=0).tolist()
    [True, False]
    """
    values = np.asarray(bits)
    if not np.isin(values, (0, 1)).all():
        raise ValueError(f"bits must be 0 and 1 or False and True, got {np.unique(values)[:5].tolist()!r}")
    flips = np.random.default_rng(seed).random(values.shape) < flip_probability(epsilon)
    return values.astype(np.bool_) ^ flips


def noisy_count(count: int, epsilon: float, *, seed: int) -> float:
    """``count`` plus Laplace noise of scale 1 / epsilon.

    Epsilon-differentially private for one conversation more or less (Dwork et al. 2006).
    """
    return count + float(np.random.default_rng(seed).laplace(scale=1.0 / epsilon))


def distinct_outputs(policy: Policy) -> float:
    """Number of different outputs a policy can release per conversation.

    "No alert" is one of them; the time of the release is not counted. Infinity where text is shown.
    """
    return {
        "nothing": 1.0,
        "aggregate": 1.0,
        "alert_bit": 2.0,
        "randomised_bit": 2.0,
        "quantised_score": 1.0 + policy.levels,
    }.get(policy.release, math.inf)


def released_bits_max(policy: Policy) -> float:
    """Upper bound on the information released per conversation, in bits.

    It is log2 of ``distinct_outputs``. The bound holds for any distribution of conversations.

    >>> released_bits_max(Policy("pizza", "A toy.", where="device", release="alert_bit"))
    1.0
    """
    return math.log2(distinct_outputs(policy))


def entropy_bits(outputs: ArrayLike, *, corrected: bool = True) -> float:
    """Entropy of released outputs, in bits per conversation.

    Nan without any output. The plug-in estimate, by default with the correction (K - 1) / (2 N) of Miller
    (1955) for K different outputs among N.

    Raises ``ValueError`` for floats: raw scores are all different, so their plug-in entropy is log2 of the
    sample size, whatever they say.

    >>> f"{entropy_bits([1] + [0] * 999, corrected=False):.4f}"
    '0.0114'
    """
    values = np.asarray(outputs)
    if values.size == 0:
        return math.nan
    if values.dtype.kind not in "bui":
        raise ValueError(
            f"entropy needs quantised outputs (whole numbers), got {values.dtype}: "
            "the entropy of raw scores would be that of the sample size"
        )
    counts = np.unique(values, return_counts=True)[1]
    shares = counts / values.size
    # Adding 0.0 turns the -0.0 of a single output into 0.0.
    plug_in = float(-(shares * np.log2(shares)).sum()) + 0.0
    return plug_in + (len(counts) - 1) / (2 * values.size * math.log(2)) if corrected else plug_in


def ldp_epsilon(policy: Policy, *, releases: int = 1) -> float:
    """Local differential privacy of a policy's releases, in nats.

    Infinite for everything that is released and not randomised; 0 for "nothing". 0 for an aggregate too: its
    recipient sees no single conversation. ``release_epsilon`` of an aggregate protects against those who
    count.

    >>> flipped = Policy("pizza", "A toy.", where="device", release="randomised_bit", release_epsilon=1)
    >>> ldp_epsilon(flipped, releases=3)
    3.0
    """
    if policy.release in ("nothing", "aggregate"):
        return 0.0
    return float(policy.release_epsilon * releases) if policy.release == "randomised_bit" else math.inf
