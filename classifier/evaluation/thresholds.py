"""Thresholds chosen on validation data, and the sample sizes that they need."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.evaluation.clustered_units import Clusters
from classifier.evaluation.rates import labelled_scores, upper_bound


class TooFewUnits(ValueError):  # noqa: N818 - what is wrong is the data, not the program
    """Too few benign units in validation to show the requested rate.

    ``needed`` is the number that would suffice if none of them is flagged.
    """

    def __init__(self, message: str, *, needed: int) -> None:
        super().__init__(message)
        self.needed = needed


def best_f1_threshold(label: ArrayLike, score: ArrayLike) -> float:
    """The observed score that gives the highest F1 as a threshold.

    Of several the highest, which flags fewest. Raises ``ValueError`` without a positive unit: then every F1
    is 0 or 0/0.

    >>> best_f1_threshold([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1])
    0.7
    """
    labels, scores = labelled_scores(label, score)
    if not labels.any():
        raise ValueError(
            f"label must hold at least one positive to choose a threshold by F1, got none of {labels.size}"
        )
    thresholds = np.unique(scores)
    true_positives = _at_or_above(thresholds, scores[labels])
    f1 = 2.0 * true_positives / (_at_or_above(thresholds, scores) + int(labels.sum()))
    f1 = np.round(f1, 12)  # two thresholds of the same F1 must be ordered by place, not by their last bit
    return float(thresholds[np.flatnonzero(f1 == f1.max())[-1]])


def message_threshold(label: ArrayLike, score: ArrayLike, *, max_false_alarms: float) -> float:
    """The lowest threshold under a limit on false alarms.

    It flags at most ``max_false_alarms``, a share in [0, 1), of the messages without the label. Messages of
    one family are far from independent, so no bound is claimed for the share.

    The threshold is the score it is chosen by, rounded down to a billionth, so that a program whose sums
    differ from ours in the last bits flags the same messages. When no observed score is allowed, it is the
    next number above the highest. Raises ``ValueError`` without a message that lacks the label.

    >>> message_threshold([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1], max_false_alarms=0.0)
    0.9
    >>> message_threshold([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1], max_false_alarms=0.5)
    0.7
    """
    labels, scores = labelled_scores(label, score)
    if labels.all():
        raise ValueError(f"label must hold at least one message without it, got none of {labels.size}")
    if not 0 <= max_false_alarms < 1:
        raise ValueError(f"max_false_alarms must be in [0, 1), got {max_false_alarms!r}")
    candidates = _candidates(scores)
    share = _at_or_above(candidates, scores[~labels]) / int((~labels).sum())
    chosen = float(candidates[np.flatnonzero(share <= max_false_alarms)[0]])
    return chosen if chosen > scores.max() else min(chosen, math.floor(chosen * 1e9) / 1e9)


def error_free_units_needed(max_rate: float, *, confidence: float = 0.95) -> int:
    """How many units without a false alarm show a rate of at most ``max_rate``.

    ``ln(1 - confidence) / ln(1 - max_rate)``, about ``3 / max_rate`` at 95 % (the rule of three: Hanley &
    Lippman-Hand 1983, JAMA 249).

    >>> error_free_units_needed(1e-4)
    29956
    """
    if not 0 < max_rate < 1:
        raise ValueError(f"max_rate must be between 0 and 1, got {max_rate!r}")
    return math.ceil(math.log1p(-confidence) / math.log1p(-max_rate))


def threshold_for_fpr(
    label: ArrayLike,
    score: ArrayLike,
    *,
    max_fpr: float,
    clusters: Iterable[Hashable] | Clusters | None = None,
    confidence: float = 0.95,
) -> float:
    """The smallest score with a false positive rate shown to be low.

    The one-sided upper bound of the rate (``Rate.upper``), with units in ``clusters`` or, without, each by
    itself, is at most ``max_fpr``. For independent units it holds for new benign ones although the threshold
    was chosen on these: a distribution-free tolerance limit (Wilks 1941). When every observed score flags too
    many, the threshold is the next number above the highest score and flags none of these units. Raises
    ``TooFewUnits`` when even a benign set without a false alarm would be too small to show the rate.

    >>> threshold_for_fpr([0] * 100 + [1], [i / 100 for i in range(100)] + [0.975], max_fpr=0.05)
    0.99
    """
    labels, scores = labelled_scores(label, score)
    _require_enough(int((~labels).sum()), max_fpr, confidence)
    return _first_kept(
        labels, scores, lambda fpr, tpr: fpr <= max_fpr, clusters=clusters, confidence=confidence
    )


def threshold_for_reviews(
    label: ArrayLike,
    score: ArrayLike,
    *,
    reviews_per_day: float,
    volume_per_day: float,
    prevalence: float,
    clusters: Iterable[Hashable] | Clusters | None = None,
    confidence: float = 0.95,
) -> float:
    """The smallest score that keeps the alerts of a day within ``reviews_per_day``.

    Alerts = volume * (prevalence * TPR + (1 - prevalence) * FPR), with the observed TPR and, since most
    alerts are false alarms, the one-sided upper bound of FPR. Raises ``TooFewUnits`` when the benign units
    cannot show so few alerts.

    Parameters
    ----------
    label
        0/1 or bool, one value per unit, with at least one positive.
    score
        One score per unit.
    reviews_per_day
        Alerts that can be reviewed in a day, above 0 and below ``volume_per_day``.
    volume_per_day
        Units scored in a day.
    prevalence
        Share of those units that follow the pattern, in [0, 1).
    clusters
        Those of each unit, as in ``threshold_for_fpr``.
    confidence
        Of the upper bound, in (0, 1).

    Examples
    --------
    >>> label, score = [0] * 99 + [1], [i / 100 for i in range(100)]
    >>> threshold_for_reviews(label, score, reviews_per_day=50, volume_per_day=1000, prevalence=0.001)
    0.98
    """
    labels, scores = labelled_scores(label, score)
    if not 0 <= prevalence < 1:
        raise ValueError(f"prevalence must be in [0, 1), got {prevalence!r}")
    if not 0 < reviews_per_day < volume_per_day:
        raise ValueError(
            "reviews_per_day must be above 0 and below volume_per_day, "
            f"got {reviews_per_day!r} and {volume_per_day!r}"
        )
    if not labels.any():
        raise ValueError(f"label must hold at least one positive, got none of {labels.size}")
    max_fpr = min(reviews_per_day / volume_per_day / (1.0 - prevalence), 1.0 - 1e-12)
    _require_enough(int((~labels).sum()), max_fpr, confidence)

    def few_alerts(fpr: Any, tpr: Any) -> Any:
        return volume_per_day * (prevalence * tpr + (1.0 - prevalence) * fpr) <= reviews_per_day

    return _first_kept(labels, scores, few_alerts, clusters=clusters, confidence=confidence)


def _first_kept(
    labels: NDArray[np.bool_],
    scores: NDArray[np.float64],
    keeps: Callable[[Any, Any], Any],
    *,
    clusters: Iterable[Hashable] | Clusters | None,
    confidence: float,
) -> float:
    """The lowest threshold of which ``keeps`` holds.

    ``keeps`` takes the upper bound of the false positive rate and the observed TPR, as numbers or arrays.
    """
    candidates, benign, pattern = _candidates(scores), scores[~labels], scores[labels]
    bound = upper_bound(_at_or_above(candidates, benign), benign.size, confidence=confidence)
    tpr = _at_or_above(candidates, pattern) / max(1, pattern.size)
    kept: Iterable[int] = np.flatnonzero(keeps(bound, tpr)).tolist()
    if clusters is not None:
        # Clustered units have a smaller effective sample size, so that no lower score can do.
        of_units = Clusters.of(clusters)
        kept = (
            at
            for at in kept
            if keeps(of_units.rate(scores >= candidates[at], ~labels).upper(confidence), tpr[at])
        )
    return float(candidates[next(iter(kept))])


def k_of_n(flags: ArrayLike, k: int) -> NDArray[np.bool_]:
    """Which rows of ``flags``, shape (units, n), hold at least ``k`` flags.

    The n flags of a unit may be those of its stages, or of one sender's conversations.

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


def _at_or_above(thresholds: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many scores are at or above each threshold."""
    return scores.size - np.searchsorted(np.sort(scores), thresholds, side="left")


def _require_enough(n_benign: int, max_fpr: float, confidence: float) -> None:
    needed = error_free_units_needed(max_fpr, confidence=confidence)
    if n_benign < needed:
        raise TooFewUnits(
            f"to show a false positive rate of at most {max_fpr:.3g} at {confidence:.0%} confidence takes "
            f"at least {needed} benign units without a false alarm (about 3 / {max_fpr:.3g} at 95%), "
            f"got {n_benign} benign units",
            needed=needed,
        )
