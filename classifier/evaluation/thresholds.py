"""From which score on is a unit flagged? Thresholds chosen on validation data, and what that data cannot show."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.evaluation.rates import labelled_scores, upper_bound


class TooFewUnits(ValueError):  # noqa: N818 - what is wrong is the data, not the program
    """The validation data holds too few benign units to show the rate asked for. ``needed`` is how many would do if none of them is flagged."""

    def __init__(self, message: str, *, needed: int) -> None:
        super().__init__(message)
        self.needed = needed


def best_f1_threshold(label: ArrayLike, score: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """The score that gives the highest F1 when it and all above it are flagged; of several the highest one, which flags fewest.

    ``sample_weight`` counts a unit more than once, or less. Raises ``ValueError`` without a positive unit: then every F1 is 0 or 0/0.

    >>> best_f1_threshold([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1])
    0.7
    """
    labels, scores = labelled_scores(label, score)
    weight = np.ones(scores.size) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != scores.shape or (weight < 0).any():
        raise ValueError(
            f"sample_weight must be one number of at least 0 a unit, got shape {weight.shape} for {scores.shape}"
        )
    n_positive = float(weight[labels].sum())
    if n_positive == 0:
        raise ValueError(
            f"label must hold at least one positive to choose a threshold by F1, got none of {labels.size}"
        )
    distinct = np.unique(scores)
    return _best_f1(
        distinct,
        _at_or_above(distinct, scores[labels], weight[labels]),
        _at_or_above(distinct, scores, weight),
        n_positive,
    )


def message_threshold(label: ArrayLike, score: ArrayLike, *, max_false_alarms: float) -> float:
    """The threshold with the best F1 among those that flag at most the share ``max_false_alarms`` of the messages that do not show the label.

    Most chat shows none of the behaviours, and validation holds more that nearly do than real chat does; the best F1 alone would flag too much of it. Messages of
    one family are far from independent, so no bound is claimed for the share. The threshold is the score it is chosen by, rounded down to a billionth, so that a
    program whose sums differ from ours in the last bits flags the same messages.

    >>> message_threshold([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1], max_false_alarms=0.0)
    0.9
    """
    labels, scores = labelled_scores(label, score)
    if not labels.any():
        raise ValueError(
            f"label must hold at least one positive to choose a threshold by F1, got none of {labels.size}"
        )
    if not 0 <= max_false_alarms < 1:
        raise ValueError(f"max_false_alarms must be in [0, 1), got {max_false_alarms!r}")
    candidates = _candidates(scores)
    share = _at_or_above(candidates, scores[~labels]) / max(1, int((~labels).sum()))
    allowed = candidates[share <= max_false_alarms]
    chosen = _best_f1(
        allowed, _at_or_above(allowed, scores[labels]), _at_or_above(allowed, scores), int(labels.sum())
    )
    return chosen if chosen > scores.max() else min(chosen, math.floor(chosen * 1e9) / 1e9)


def _best_f1(
    thresholds: NDArray[np.float64],
    found: NDArray[np.float64],
    n_flagged: NDArray[np.float64],
    n_positive: float,
) -> float:
    """The threshold with the best F1; of several, the highest."""
    # Rounded, so that two thresholds whose F1 is the same fraction are told apart by their place and not by their last bit.
    f1 = np.round(2.0 * found / (n_flagged + n_positive), 12)
    return float(thresholds[np.flatnonzero(f1 == f1.max())[-1]])


def error_free_units_needed(max_rate: float, *, confidence: float = 0.95) -> int:
    """How many units, none of them flagged, show that the true rate is at most ``max_rate``.

    ``ln(1 - confidence) / ln(1 - max_rate)``, about ``3 / max_rate`` at 95 % (the rule of three: Hanley & Lippman-Hand 1983, JAMA 249).

    >>> error_free_units_needed(1e-4)
    29956
    """
    if not 0 < max_rate < 1:
        raise ValueError(f"max_rate must be between 0 and 1, got {max_rate!r}")
    return math.ceil(math.log1p(-confidence) / math.log1p(-max_rate))


def threshold_for_fpr(
    label: ArrayLike, score: ArrayLike, *, max_fpr: float, confidence: float = 0.95
) -> float:
    """The smallest score whose false positive rate is shown to be at most ``max_fpr``: its one-sided Clopper-Pearson upper bound is.

    The bound holds for new benign units although the threshold was chosen on these: it is a distribution-free tolerance limit (Wilks 1941), as long as units
    are independent. When every observed score flags too many, the threshold is the next number above the highest score and flags none of these units.
    Raises ``TooFewUnits`` when even a benign set without a false alarm would be too small to show the rate.

    >>> threshold_for_fpr([0] * 100 + [1], [i / 100 for i in range(100)] + [0.975], max_fpr=0.05)
    0.99
    """
    labels, scores = labelled_scores(label, score)
    benign = scores[~labels]
    needed = error_free_units_needed(max_fpr, confidence=confidence)
    if benign.size < needed:
        raise _too_few(benign.size, needed, max_fpr, confidence)
    candidates = _candidates(scores)
    bound = upper_bound(_at_or_above(candidates, benign), benign.size, confidence=confidence)
    return float(candidates[np.flatnonzero(bound <= max_fpr)[0]])


def threshold_for_reviews(
    label: ArrayLike,
    score: ArrayLike,
    *,
    reviews_per_day: float,
    volume_per_day: float,
    prevalence: float,
    confidence: float = 0.95,
) -> float:
    """The smallest score that keeps the alerts of a day within ``reviews_per_day``, for ``volume_per_day`` units of which ``prevalence`` follow the pattern.

    Alerts = volume * (prevalence * TPR + (1 - prevalence) * FPR), with the observed TPR and, since false alarms are what fills a day, the one-sided upper
    bound of FPR. Raises ``TooFewUnits`` when the benign units cannot show so few alerts.

    >>> threshold_for_reviews([0] * 99 + [1], [i / 100 for i in range(100)], reviews_per_day=50, volume_per_day=1000, prevalence=0.001)
    0.98
    """
    labels, scores = labelled_scores(label, score)
    if not 0 <= prevalence < 1:
        raise ValueError(f"prevalence must be in [0, 1), got {prevalence!r}")
    if not 0 < reviews_per_day < volume_per_day:
        raise ValueError(
            f"reviews_per_day must be above 0 and below volume_per_day, got {reviews_per_day!r} and {volume_per_day!r}"
        )
    benign, pattern = scores[~labels], scores[labels]
    if pattern.size == 0:
        raise ValueError(f"label must hold at least one positive, got none of {labels.size}")
    max_fpr = min(reviews_per_day / volume_per_day / (1.0 - prevalence), 1.0 - 1e-12)
    needed = error_free_units_needed(max_fpr, confidence=confidence)
    if benign.size < needed:
        raise _too_few(benign.size, needed, max_fpr, confidence)
    candidates = _candidates(scores)
    fpr = upper_bound(_at_or_above(candidates, benign), benign.size, confidence=confidence)
    tpr = _at_or_above(candidates, pattern) / pattern.size
    alerts = volume_per_day * (prevalence * tpr + (1.0 - prevalence) * fpr)
    return float(candidates[np.flatnonzero(alerts <= reviews_per_day)[0]])


def k_of_n(flags: ArrayLike, k: int) -> NDArray[np.bool_]:
    """Which rows of ``flags``, shape (units, n), hold at least ``k`` flags: k of n stages, or of n conversations of one sender.

    >>> k_of_n([[1, 1, 0], [1, 0, 0]], 2).tolist()
    [True, False]
    """
    marks = np.asarray(flags).astype(bool)
    if marks.ndim != 2 or not 1 <= k <= marks.shape[1]:
        raise ValueError(
            f"flags must have shape (units, n) and k must be in 1..n, got shape {marks.shape} and k={k!r}"
        )
    return np.asarray(marks.sum(axis=1) >= k)


def _candidates(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The observed scores, lowest first, then the next number above them."""
    distinct = np.unique(scores)
    return np.append(distinct, np.nextafter(distinct[-1:], np.inf))


def _at_or_above(
    thresholds: NDArray[np.float64], scores: NDArray[np.float64], weight: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Weight of the scores at or above each threshold."""
    order = np.argsort(scores)
    ordered = np.ones(scores.size) if weight is None else weight[order]
    from_here = np.append(np.cumsum(ordered[::-1])[::-1], 0.0)
    return from_here[np.searchsorted(scores[order], thresholds, side="left")]


def _too_few(n_benign: int, needed: int, max_fpr: float, confidence: float) -> TooFewUnits:
    return TooFewUnits(
        f"to show a false positive rate of at most {max_fpr:.3g} at {confidence:.0%} confidence takes at least {needed} benign units without a false alarm "
        f"(about 3 / {max_fpr:.3g} at 95%), got {n_benign} benign units",
        needed=needed,
    )
