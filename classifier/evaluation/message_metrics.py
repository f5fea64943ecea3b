"""Metrics of message labels, with intervals over phrase families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.intervals import Resamples, divide_or_nan, percentile_interval
from classifier.evaluation.ranking import average_precisions
from classifier.evaluation.rates import flagged, labelled_scores
from classifier.evaluation.thresholds import message_threshold
from classifier.taxonomy import STAGES

METRICS = ("precision", "recall", "f1", "average_precision")
CAPS = (0.0001, 0.00025, 0.0005, 0.0012, 0.0025, 0.005, 0.01, 0.03, 0.1)
"""Shares of the messages without a label that its threshold may flag on validation."""
FLAG_METRICS = ("precision", "recall", "f1", "false_alarm_rate")


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
    resamples = Resamples.of(families, n_resamples=n_resamples, seed=seed)
    flags = pd.DataFrame(
        {name: flagged(probabilities[name], thresholds[name]) for name in names}, labels.index
    )
    values = resampled_metrics(labels, probabilities, flags, resamples)
    support = {name: int(labels[name].sum()) for name in names}
    support["macro"] = sum(support[stage] for stage in STAGES)
    rows = []
    for name, columns in values.items():
        row: dict[str, object] = {"label": name}
        for metric, drawn in zip(METRICS, columns, strict=True):
            interval = percentile_interval(drawn[1:])
            row |= {metric: float(drawn[0]), f"{metric}_low": interval.low, f"{metric}_high": interval.high}
        row |= {"support": support[name], "n": len(labels)}
        rows.append(row | {"n_families": resamples.clusters.n, "n_resamples": n_resamples})
    return pd.DataFrame(rows)


def resampled_metrics(
    labels: pd.DataFrame,
    probabilities: pd.DataFrame,
    flags: pd.DataFrame,
    resamples: Resamples,
) -> dict[str, NDArray[np.float64]]:
    """``METRICS`` of each label, then "macro", for each row of ``resamples``.

    Each is of shape (metrics, rows).

    Parameters
    ----------
    labels, probabilities, flags
        Whether each message shows a label, its score, and whether it is flagged: a column per label.
    """
    values = {
        str(name): _label_metrics(labels[name], probabilities[name], flags[name], resamples)
        for name in labels.columns
    }
    return values | {"macro": np.mean([values[stage] for stage in STAGES], axis=0)}


def _label_metrics(
    label: pd.Series[int],
    score: pd.Series[float],
    flag: pd.Series[bool],
    resamples: Resamples,
) -> NDArray[np.float64]:
    """``METRICS`` of one label for each row of ``resamples``: shape (metrics, rows)."""
    shown, scores = labelled_scores(label.to_numpy(), score.to_numpy())
    *of_flags, _ = flag_metrics(shown, flag.to_numpy(dtype=bool), resamples)
    return np.array([*of_flags, average_precisions(shown, scores, resamples)])


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
    resamples = Resamples.of(families, n_resamples=n_resamples, seed=seed)
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
            values[name], found[name] = flag_metrics(shown, hit, resamples), int((shown & hit).sum())
            row = {"cap": cap, "label": name, "threshold": threshold} | _cap_row(values[name])
            rows.append(row | {"found": found[name], "support": int(shown.sum()), "n": len(labels)})
        macro = np.mean([values[stage] for stage in STAGES], axis=0)
        rows.append(
            {"cap": cap, "label": "macro", "threshold": np.nan}
            | _cap_row(macro)
            | {
                "found": sum(found[stage] for stage in STAGES),
                "support": int(labels[list(STAGES)].to_numpy().sum()),
                "n": len(labels),
            }
        )
    columns = ["cap", "label", "threshold", "precision", "recall", "f1", "f1_low", "f1_high"]
    return pd.DataFrame(rows)[[*columns, "false_alarm_rate", "found", "support", "n"]]


def flag_metrics(
    shown: NDArray[np.bool_], hit: NDArray[np.bool_], resamples: Resamples
) -> NDArray[np.float64]:
    """``FLAG_METRICS`` of the messages ``hit`` for each row of ``resamples``: shape (metrics, rows).

    >>> shown, hit = np.array([True, True, False, False]), np.array([True, False, True, False])
    >>> flag_metrics(shown, hit, Resamples.none(4))[:, 0].tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    found, n_flagged, n_shown, n = resamples.sums(shown & hit, hit, shown, np.ones_like(shown))
    return np.array(
        [
            divide_or_nan(found, n_flagged),
            divide_or_nan(found, n_shown),
            divide_or_nan(2.0 * found, n_flagged + n_shown),
            divide_or_nan(n_flagged - found, n - n_shown),
        ]
    )


def _cap_row(values: NDArray[np.float64]) -> dict[str, float]:
    interval = percentile_interval(values[FLAG_METRICS.index("f1"), 1:])
    plain = {name: float(value) for name, value in zip(FLAG_METRICS, values[:, 0], strict=True)}
    return plain | {"f1_low": interval.low, "f1_high": interval.high}


def macro_average_precision(labels: pd.DataFrame, probabilities: pd.DataFrame) -> float:
    """The mean average precision of the five stages, without the cues.

    It is the "macro" of ``message_metrics`` without an interval; nan when no message shows a stage.

    >>> labels = pd.DataFrame({stage: [1, 0, 1] for stage in STAGES})
    >>> scores = pd.DataFrame({stage: [0.9, 0.8, 0.1] for stage in STAGES})
    >>> round(macro_average_precision(labels, scores), 3)
    0.833
    """
    once = Resamples.none(len(labels))
    of_stages = [average_precisions(labels[stage], probabilities[stage], once)[0] for stage in STAGES]
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
