"""F1 of message labels by the share of false alarms that is allowed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.intervals import (
    cluster_sums,
    divide_or_nan,
    percentile_interval,
    plain_and_resampled,
)
from classifier.evaluation.thresholds import message_threshold
from classifier.taxonomy import STAGES

CAPS = (0.0001, 0.0003, 0.001, 0.0015, 0.003, 0.005, 0.01, 0.03, 0.1)
"""Shares of the messages without a label that its threshold may flag on validation."""
METRICS = ("precision", "recall", "f1", "false_alarm_rate")


def f1_by_cap(
    validation_labels: pd.DataFrame,
    validation_scores: pd.DataFrame,
    labels: pd.DataFrame,
    scores: pd.DataFrame,
    families: pd.Series[str],
    *,
    caps: Sequence[float] = CAPS,
    n_resamples: int = 1000,
    seed: int,
) -> pd.DataFrame:
    """Precision, recall and F1 of each label at thresholds chosen under each cap, then macro.

    A threshold is the lowest that flags at most the cap, a share of the validation messages without the
    label (``message_threshold``); it is measured on other messages. The row "macro" is the mean of the five
    stages. F1 has a 95 % percentile interval over resampled families.

    Columns: ``cap``, ``label``, ``threshold`` (nan for macro), ``precision``, ``recall``, ``f1``,
    ``f1_low``, ``f1_high``, ``false_alarm_rate`` (share flagged of the measured messages without the label),
    ``found``, ``support``, ``n``.

    Parameters
    ----------
    validation_labels, validation_scores
        0/1 and a score per message and label: the messages by which thresholds are chosen.
    labels, scores, families
        The same of the messages to measure, and the phrase family of each.

    Examples
    --------
    >>> shown = pd.DataFrame({stage: [1, 0, 1, 0] for stage in STAGES})
    >>> scores = pd.DataFrame({stage: [0.9, 0.8, 0.7, 0.1] for stage in STAGES})
    >>> families = pd.Series(["pizza", "pizza", "raid", "raid"])
    >>> table = f1_by_cap(shown, scores, shown, scores, families, caps=(0.1, 0.6), n_resamples=50, seed=0)
    >>> table.loc[table["label"] == "macro", ["cap", "recall", "f1"]].round(3).to_numpy().tolist()
    [[0.1, 0.5, 0.667], [0.6, 1.0, 0.8]]
    """
    codes, weights = plain_and_resampled(families, n_resamples=n_resamples, seed=seed)
    rows: list[dict[str, object]] = []
    for cap in caps:
        values = {}
        found = {}
        for name in map(str, labels.columns):
            threshold = message_threshold(
                validation_labels[name], validation_scores[name], max_false_alarms=cap
            )
            shown = labels[name].to_numpy(dtype=bool)
            hit = scores[name].to_numpy() >= threshold
            values[name], found[name] = _resampled(shown, hit, codes, weights), int((shown & hit).sum())
            row = {"cap": cap, "label": name, "threshold": threshold} | _row(values[name])
            rows.append(row | {"found": found[name], "support": int(shown.sum()), "n": len(labels)})
        macro = np.mean([values[stage] for stage in STAGES], axis=0)
        rows.append(
            {"cap": cap, "label": "macro", "threshold": np.nan}
            | _row(macro)
            | {
                "found": sum(found[stage] for stage in STAGES),
                "support": int(labels[list(STAGES)].to_numpy().sum()),
                "n": len(labels),
            }
        )
    columns = ["cap", "label", "threshold", "precision", "recall", "f1", "f1_low", "f1_high"]
    return pd.DataFrame(rows)[[*columns, "false_alarm_rate", "found", "support", "n"]]


def _resampled(
    shown: NDArray[np.bool_], hit: NDArray[np.bool_], codes: NDArray[np.int64], weights: NDArray[np.int64]
) -> NDArray[np.float64]:
    """``METRICS`` for each row of ``weights``: shape (metrics, rows)."""
    counts = np.column_stack([shown & hit, hit, shown, np.ones_like(shown)]).astype(np.float64)
    found, n_flagged, n_shown, n = (weights @ cluster_sums(counts, codes, weights.shape[1])).T
    return np.array(
        [
            divide_or_nan(found, n_flagged),
            divide_or_nan(found, n_shown),
            divide_or_nan(2.0 * found, n_flagged + n_shown),
            divide_or_nan(n_flagged - found, n - n_shown),
        ]
    )


def _row(values: NDArray[np.float64]) -> dict[str, float]:
    interval = percentile_interval(values[METRICS.index("f1"), 1:])
    plain = {name: float(value) for name, value in zip(METRICS, values[:, 0], strict=True)}
    return plain | {"f1_low": interval.low, "f1_high": interval.high}
