"""How far could the early-warning figures move with other phrase families? Their intervals over resampled clusters, all from one matrix of draws."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.evaluation.bootstrap import Interval, cluster_codes, cluster_sums, cluster_weights, percentile_interval
from classifier.evaluation.early_warning import latency_penalty


def early_warning_intervals(
    label: ArrayLike, k: ArrayLike, premature: ArrayLike, clusters: ArrayLike, *, p: Mapping[str, float], n_resamples: int = 1000, seed: int
) -> dict[str, Interval]:
    """95 % percentile intervals by figure: ``f1``, ``recall``, ``undetected``, ``premature``, ``median_messages``, and for each name in ``p`` ``speed_<name>`` and
    ``f_latency_<name>``.

    One value a unit: ``label``, ``k`` (nan for one never flagged), ``premature`` (bool, as from ``is_premature``; looked at for flagged positives only) and ``clusters``
    (phrase families, accounts). In every resample the figures are those of ``f_latency``, ``premature_warnings`` and the median over true positives; one that is 0/0
    there is left out. Raises ``ValueError`` for fewer than two clusters.

    >>> found = early_warning_intervals([1, 1, 0], [4, 4, np.nan], [False, False, False], ["raid", "pizza", "choir"], p={}, n_resamples=200, seed=0)
    >>> print(found["median_messages"])
    4.000–4.000 (B = 200, 15 undefined and left out)
    """
    labels, seen, early = np.asarray(label).astype(bool), np.asarray(k, dtype=np.float64), np.asarray(premature).astype(bool)
    codes, n_clusters = cluster_codes(clusters)
    if labels.ndim != 1 or not labels.shape == seen.shape == early.shape == codes.shape:
        raise ValueError(f"label, k, premature and clusters must be of one length, got shapes {labels.shape}, {seen.shape}, {early.shape} and {codes.shape}")
    flagged = ~np.isnan(seen)
    found = labels & flagged
    messages, place = np.unique(seen[found], return_inverse=True)
    found_at = np.zeros((n_clusters, messages.size))
    np.add.at(found_at, (codes[found], place), 1.0)
    weights = cluster_weights(n_clusters, n_resamples=n_resamples, seed=seed)
    sums = cluster_sums(np.column_stack([labels, flagged, found, found & early]).astype(np.float64), codes, n_clusters)
    n_positive, n_flagged, n_found, n_early = (weights @ sums).T
    drawn = weights @ found_at
    f1 = _divided(2.0 * n_found, n_positive + n_flagged)
    values = {
        "f1": f1,
        "recall": _divided(n_found, n_positive),
        "undetected": _divided(n_positive - n_found, n_positive),
        "premature": _divided(n_early, n_found),
        "median_messages": _medians(messages, drawn),
    }
    for name, rate in p.items():
        # The median of the penalties: over an even number of units it is not the penalty of the median. Without a true positive the speed is 0, as in ``speed``.
        speed = 1.0 - np.nan_to_num(_medians(latency_penalty(messages, p=rate), drawn), nan=1.0)
        values |= {f"speed_{name}": speed, f"f_latency_{name}": f1 * speed}
    return {name: percentile_interval(resampled) for name, resampled in values.items()}


def _medians(values: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of ``values`` (ascending), each counted as often as a row of ``counts``, shape (resamples, values), says; nan in a row that counts none."""
    if not values.size:
        return np.full(len(counts), np.nan)
    so_far = counts.cumsum(axis=1)
    n = so_far[:, -1:]
    lower, upper = ((so_far <= middle).sum(axis=1) for middle in ((n - 1) // 2, n // 2))
    medians = (values[lower] + values[np.minimum(upper, values.size - 1)]) / 2.0
    return np.where(n[:, 0] > 0, medians, np.nan)


def _divided(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator > 0)
