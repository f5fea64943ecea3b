"""How much information the releases of a policy carry, in bits and in epsilon."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from classifier.privacy.policies.policy import Policy


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
