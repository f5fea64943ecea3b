"""How well does a score tell scripted from benign units, when units of one account belong together? AUC with a cluster interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from classifier.evaluation.bootstrap import cluster_codes, cluster_weights, percentile_interval
from classifier.evaluation.ranking import aucs
from classifier.evaluation.rates import labelled_scores


def auc_with_interval(label: ArrayLike, score: ArrayLike, clusters: ArrayLike, *, n_resamples: int = 1000, seed: int) -> dict[str, float | int]:
    """Area under the ROC curve with its 95 % percentile interval over resampled ``clusters`` (sending accounts, phrase families).

    Keys: ``auc``, ``auc_low``, ``auc_high``, ``positives``, ``n``, ``n_clusters``, ``n_resamples``. Nan when all labels are the same; a resample whose
    labels are all the same is left out of the interval.

    >>> auc_with_interval([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1], ["a", "b", "c", "d"], n_resamples=50, seed=0)["auc"]
    1.0
    """
    labels, scores = labelled_scores(label, score)
    codes, n_clusters = cluster_codes(clusters)
    value = aucs(labels, scores, codes, weights=np.ones((1, n_clusters), dtype=np.int64))[0]
    drawn = percentile_interval(aucs(labels, scores, codes, weights=cluster_weights(n_clusters, n_resamples=n_resamples, seed=seed)))
    return {
        "auc": float(value),
        "auc_low": drawn.low,
        "auc_high": drawn.high,
        "positives": int(labels.sum()),
        "n": labels.size,
        "n_clusters": n_clusters,
        "n_resamples": n_resamples,
    }
