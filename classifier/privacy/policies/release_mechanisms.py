"""Release mechanisms: levels of a score, randomised response, and counts with Laplace noise."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


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
