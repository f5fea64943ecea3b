"""The simple ways to make one number of a conversation's message probabilities, to be swapped for the pattern scorer and compared with it.

Each takes probabilities of shape (messages, labels) and looks, message by message, at the strongest of the five stages; cues, authors and order play no part.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.model.conversation.features import checked_probabilities
from classifier.taxonomy import STAGES


def strongest_stages(probabilities: ArrayLike) -> NDArray[np.float64]:
    """The largest of the five stage probabilities of each message. Raises ``ValueError`` for an empty conversation or a probability outside [0, 1].

    >>> strongest_stages([[0.1, 0.4, 0, 0, 0, 0.9, 0.9], [0.2, 0, 0, 0, 0.3, 0, 0]]).tolist()
    [0.4, 0.3]
    """
    checked = checked_probabilities(probabilities)
    if not len(checked):
        raise ValueError("a conversation must have at least one message, got none")
    return np.asarray(checked[:, : len(STAGES)].max(axis=1))


def maximum(probabilities: ArrayLike) -> float:
    """The strongest stage of the strongest message.

    >>> maximum([[0.1, 0.4, 0, 0, 0, 0.9, 0.9], [0.2, 0, 0, 0, 0.3, 0, 0]])
    0.4
    """
    return float(strongest_stages(probabilities).max())


def top_k_mean(probabilities: ArrayLike, *, k: int = 3) -> float:
    """The mean of the ``k`` strongest messages, or of all when there are fewer.

    >>> top_k_mean([[0.5, 0, 0, 0, 0, 0, 0], [0.25, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0]], k=2)
    0.375
    """
    return float(np.sort(strongest_stages(probabilities))[-k:].mean())


def noisy_or(probabilities: ArrayLike) -> float:
    """1 - prod(1 - p): the chance that at least one message shows a stage, if each did so on its own. It can only grow with length.

    >>> noisy_or([[0.5, 0, 0, 0, 0, 0, 0], [0, 0.5, 0, 0, 0, 0, 0]])
    0.75
    """
    return float(1.0 - np.prod(1.0 - strongest_stages(probabilities)))


def softmax_mean(probabilities: ArrayLike, *, temperature: float = 0.1) -> float:
    """The mean of messages weighted by exp(p / ``temperature``): near the maximum when it is low, near the plain mean when it is high.

    >>> round(softmax_mean([[0.2, 0, 0, 0, 0, 0, 0], [0.8, 0, 0, 0, 0, 0, 0]]), 6)
    0.798516
    """
    strongest = strongest_stages(probabilities)
    weight = np.exp((strongest - strongest.max()) / temperature)
    return float(weight @ strongest / weight.sum())


def mean_over_median(probabilities: ArrayLike) -> float:
    """(mean - median) / standard deviation, in [-1, 1]: how far a few messages stand out from the rest.

    Where all messages are alike, one alone included, it would be 0/0; it is 0 there, not nan, because it serves as a score and nothing stands out.

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
"""By the name a results table shows. Only the first four are in [0, 1]; none is calibrated."""
