"""Simple conversation scores from message probabilities, for comparison.

Each takes probabilities of shape (messages, labels) and uses the highest of the five stages of each message;
cues, authors and order have no effect.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.taxonomy import STAGES


def strongest_stages(probabilities: ArrayLike) -> NDArray[np.float64]:
    """The largest of the five stage probabilities of each message.

    >>> strongest_stages([[0.1, 0.4, 0, 0, 0, 0.9, 0.9], [0.2, 0, 0, 0, 0.3, 0, 0]]).tolist()
    [0.4, 0.3]
    """
    return np.asarray(np.asarray(probabilities, dtype=np.float64)[:, : len(STAGES)].max(axis=1))


def maximum(probabilities: ArrayLike) -> float:
    """The largest stage probability of any message.

    >>> maximum([[0.1, 0.4, 0, 0, 0, 0.9, 0.9], [0.2, 0, 0, 0, 0.3, 0, 0]])
    0.4
    """
    return float(strongest_stages(probabilities).max())


def top_k_mean(probabilities: ArrayLike, *, k: int = 3) -> float:
    """The mean of the ``k`` highest messages, or of all when there are fewer.

    >>> top_k_mean([[0.5, 0, 0, 0, 0, 0, 0], [0.25, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0]], k=2)
    0.375
    """
    return float(np.sort(strongest_stages(probabilities))[-k:].mean())


def noisy_or(probabilities: ArrayLike) -> float:
    """Noisy-or, ``1 - prod(1 - p)``: the chance that any message shows a stage.

    It treats messages as independent, and can only grow with the length of the conversation.

    >>> noisy_or([[0.5, 0, 0, 0, 0, 0, 0], [0, 0.5, 0, 0, 0, 0, 0]])
    0.75
    """
    return float(1.0 - np.prod(1.0 - strongest_stages(probabilities)))


def softmax_mean(probabilities: ArrayLike, *, temperature: float = 0.1) -> float:
    """The mean of messages weighted by ``exp(p / temperature)``.

    Near the maximum at a low temperature, near the plain mean at a high one.

    >>> round(softmax_mean([[0.2, 0, 0, 0, 0, 0, 0], [0.8, 0, 0, 0, 0, 0, 0]]), 6)
    0.798516
    """
    strongest = strongest_stages(probabilities)
    weight = np.exp((strongest - strongest.max()) / temperature)
    return float(weight @ strongest / weight.sum())


def mean_over_median(probabilities: ArrayLike) -> float:
    """``(mean - median) / standard deviation``, in [-1, 1].

    It is high when a few messages stand out. When all messages have the same probability, or there is only
    one, it would be 0/0; it is 0 there, not nan, because it serves as a score and nothing stands out.

    >>> round(mean_over_median([[0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0], [0.9, 0, 0, 0, 0, 0, 0]]), 6)
    0.707107
    """
    strongest = strongest_stages(probabilities)
    if np.ptp(strongest) == 0:
        return 0.0
    return float((strongest.mean() - np.median(strongest)) / strongest.std())


AGGREGATORS: dict[str, Callable[[ArrayLike], float]] = {
    "maximum": maximum,
    "top-3 mean": top_k_mean,
    "noisy-or": noisy_or,
    "softmax-weighted mean": softmax_mean,
    "mean over median": mean_over_median,
}
"""By the name in a results table. Only the first four are in [0, 1]; none is calibrated."""
