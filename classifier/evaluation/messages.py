"""Metrics of message labels, with intervals over phrase families."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.intervals import (
    cluster_sums,
    divide_or_nan,
    percentile_interval,
    plain_and_resampled,
)
from classifier.evaluation.ranking import average_precisions
from classifier.evaluation.rates import flagged, labelled_scores
from classifier.taxonomy import STAGES

METRICS = ("precision", "recall", "f1", "average_precision")


def message_metrics(
    labels: pd.DataFrame,
    probabilities: pd.DataFrame,
    thresholds: Mapping[str, float],
    families: pd.Series[str],
    *,
    n_resamples: int = 1000,
    seed: int,
) -> pd.DataFrame:
    """Precision, recall, F1 and average precision per label, then macro.

    The row "macro" is the mean of the five stages, without the cues. A message is flagged for a label when
    its score is at or above the label's threshold.

    Intervals are 95 % percentile intervals over resampled families, the same draws for every label. A
    resample without a value (0/0) is left out; a macro value needs a value of each of the five stages.

    Columns: ``label``; ``precision``, ``recall``, ``f1``, ``average_precision``, each with ``_low`` and
    ``_high``; ``support`` (messages that show the label; for macro the sum over stages); ``n`` (messages);
    ``n_families``; ``n_resamples``. Precision is nan when nothing is flagged, recall and average precision
    when no message shows the label.

    Parameters
    ----------
    labels
        0/1, one row per message and one column per label.
    probabilities
        A score per message and label, with the index of ``labels``.
    thresholds
        The threshold of each label.
    families
        The phrase family of each message, with the index of ``labels``.

    Examples
    --------
    >>> labels = pd.DataFrame({stage: [1, 0, 1, 0] for stage in STAGES})
    >>> scores = pd.DataFrame({stage: [0.9, 0.8, 0.7, 0.1] for stage in STAGES})
    >>> families = pd.Series(["pizza", "pizza", "raid", "raid"])
    >>> table = message_metrics(labels, scores, dict.fromkeys(STAGES, 0.5), families, n_resamples=50, seed=0)
    >>> table.loc[table["label"] == "macro", ["precision", "recall", "f1"]].round(3).to_numpy().tolist()
    [[0.667, 1.0, 0.8]]
    """
    _check(labels, probabilities, thresholds, families)
    names = [str(name) for name in labels.columns]
    codes, weights = plain_and_resampled(families, n_resamples=n_resamples, seed=seed)
    flags = pd.DataFrame(
        {name: flagged(probabilities[name], thresholds[name]) for name in names}, labels.index
    )
    values = resampled_metrics(labels, probabilities, flags, codes, weights=weights)
    support = {name: int(labels[name].sum()) for name in names}
    support["macro"] = sum(support[stage] for stage in STAGES)
    rows = []
    for name, columns in values.items():
        row: dict[str, object] = {"label": name}
        for metric, drawn in zip(METRICS, columns, strict=True):
            interval = percentile_interval(drawn[1:])
            row |= {metric: float(drawn[0]), f"{metric}_low": interval.low, f"{metric}_high": interval.high}
        row |= {"support": support[name], "n": len(labels)}
        rows.append(row | {"n_families": weights.shape[1], "n_resamples": n_resamples})
    return pd.DataFrame(rows)


def resampled_metrics(
    labels: pd.DataFrame,
    probabilities: pd.DataFrame,
    flags: pd.DataFrame,
    codes: NDArray[np.int64],
    *,
    weights: NDArray[np.int64],
) -> dict[str, NDArray[np.float64]]:
    """``METRICS`` of each label, then "macro", for each row of ``weights``.

    Each is of shape (metrics, rows). A row of ones gives the plain values.

    Parameters
    ----------
    labels, probabilities, flags
        Whether each message shows a label, its score, and whether it is flagged: a column per label.
    codes
        The family of each message, as ``cluster_codes`` numbers them.
    weights
        How often each family counts, shape (rows, families).
    """
    values = {
        str(name): _label_metrics(labels[name], probabilities[name], flags[name], codes, weights)
        for name in labels.columns
    }
    return values | {"macro": np.mean([values[stage] for stage in STAGES], axis=0)}


def _label_metrics(
    label: pd.Series[int],
    score: pd.Series[float],
    flag: pd.Series[bool],
    codes: NDArray[np.int64],
    weights: NDArray[np.int64],
) -> NDArray[np.float64]:
    """``METRICS`` of one label for each row of ``weights``: shape (metrics, rows)."""
    shown, scores = labelled_scores(label.to_numpy(), score.to_numpy())
    hit = flag.to_numpy(dtype=bool)
    counts = np.column_stack([shown & hit, hit, shown]).astype(np.float64)
    true_positives, n_flagged, n_shown = (weights @ cluster_sums(counts, codes, weights.shape[1])).T
    return np.array(
        [
            divide_or_nan(true_positives, n_flagged),
            divide_or_nan(true_positives, n_shown),
            divide_or_nan(2.0 * true_positives, n_flagged + n_shown),
            average_precisions(shown, scores, codes, weights=weights),
        ]
    )


def macro_average_precision(labels: pd.DataFrame, probabilities: pd.DataFrame) -> float:
    """The mean average precision of the five stages, without the cues.

    It is the "macro" of ``message_metrics`` without an interval; nan when no message shows a stage.

    >>> labels = pd.DataFrame({stage: [1, 0, 1] for stage in STAGES})
    >>> scores = pd.DataFrame({stage: [0.9, 0.8, 0.1] for stage in STAGES})
    >>> round(macro_average_precision(labels, scores), 3)
    0.833
    """
    together, once = np.zeros(len(labels), dtype=np.int64), np.ones((1, 1), dtype=np.int64)
    of_stages = [
        average_precisions(labels[stage], probabilities[stage], together, weights=once)[0] for stage in STAGES
    ]
    return float(np.mean(of_stages))


def _check(
    labels: pd.DataFrame,
    probabilities: pd.DataFrame,
    thresholds: Mapping[str, float],
    families: pd.Series[str],
) -> None:
    if missing := [stage for stage in STAGES if stage not in labels.columns]:
        raise ValueError(f"labels must have a column for each of the five stages, got none for {missing}")
    for name in labels.columns:
        if name not in probabilities.columns or name not in thresholds:
            raise ValueError(f"probabilities and thresholds must cover every label, got none for {name!r}")
    if not (labels.index.equals(probabilities.index) and labels.index.equals(families.index)):
        raise ValueError(
            "labels, probabilities and families must have one index, "
            f"got lengths {len(labels)}, {len(probabilities)}, {len(families)}"
        )
