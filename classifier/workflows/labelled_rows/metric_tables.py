"""Tables about labelled rows: messages, operating points, conversations and PAN 2012's scores."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.early_warning import ERISK_P, erde, f_latency
from classifier.evaluation.intervals import Resamples, divide_or_nan
from classifier.evaluation.message_metrics import flag_metrics, message_metrics
from classifier.evaluation.ranking import aucs, average_precisions
from classifier.evaluation.rates import false_positive_rate, true_positive_rate
from classifier.evaluation.sender_metrics import pan12_f05, pan12_f3
from classifier.evaluation.thresholds import message_threshold
from classifier.model.message.operating_points import MAX_FALSE_ALARMS
from classifier.model.message.scorer import MessageModel
from classifier.taxonomy import LABELS, STAGES
from classifier.workflows.labelled_rows.labelled_row_reader import LabelledRows
from classifier.workflows.labelled_rows.resampled_rates import (
    any_of,
    rate_columns,
    too_few,
    with_interval,
)

BOUNDS = [
    f"{metric}_{side}"
    for metric in ("precision", "recall", "f1", "average_precision")
    for side in ("low", "high")
]
CAPS = sorted({*MAX_FALSE_ALARMS.values(), 0.0005, 0.01, 0.02, 0.05, 0.1})
"""Shares of the messages without a label that the F1-by-cap curve allows to be flagged.

Those of the operating points are among them.
"""


def message_table(
    rows: LabelledRows, scores: pd.DataFrame, flags: pd.DataFrame, model: MessageModel, **resampling: int
) -> pd.DataFrame:
    """Message metrics by label, with intervals over conversations.

    Columns: those of ``message_metrics`` with ``n_clusters`` for families; then ``precision`` and
    ``recall`` again with ``_hits`` and ``_n``, and ``false_alarm_rate``, of the messages without the label.
    The row "macro" is there when the file has a column for each of the five stages. Bounds that would rest
    on too few clusters are nan (see ``too_few``); those of "macro" where any stage's are.
    """
    measured = list(dict.fromkeys([*STAGES, *rows.labels]))
    labels = rows.messages.reindex(columns=measured, fill_value=0)
    table = message_metrics(
        labels,
        scores[measured],
        dict(zip(model.labels, model.thresholds.tolist(), strict=True)),
        rows.clusters,
        **resampling,
    )
    # Stages that the file has no column for were counted as never shown, only to be left out here.
    kept = [*rows.labels, *(["macro"] if rows.stages == STAGES else [])]
    table = table.set_index("label").loc[kept].rename(columns={"n_families": "n_clusters"})
    resamples = Resamples.of(rows.clusters, **resampling)
    rates = {label: _rates(resamples, rows.messages[label], flags[label]) for label in rows.labels}
    counted = pd.DataFrame.from_dict(rates, orient="index")
    thin = [label for label in rows.labels if too_few(resamples, rows.messages[label])]
    table.loc[[*thin, *(["macro"] if {*thin} & {*STAGES} and "macro" in kept else [])], BOUNDS] = np.nan
    shared = [name for name in counted if name in table]
    table.loc[counted.index, shared] = counted[shared]  # the same, but for bounds of 0/n, n/n and of few
    return table.join(counted[[name for name in counted if name not in table]]).reset_index(names="label")


def _rates(resamples: Resamples, label: pd.Series[int], flag: pd.Series[bool]) -> dict[str, float]:
    """Recall, precision and the false-alarm rate of a label, as columns."""
    shown, flagged = label.to_numpy(dtype=bool), flag.to_numpy(dtype=bool)
    return (
        rate_columns(resamples, "recall", flagged, shown)
        | rate_columns(resamples, "precision", shown, flagged)
        | rate_columns(resamples, "false_alarm_rate", flagged, ~shown)
    )


def operating_point_table(
    rows: LabelledRows, scores: pd.DataFrame, model: MessageModel, **resampling: int
) -> pd.DataFrame:
    """What each operating point of the model finds and falsely flags, by label.

    Columns: ``point``, ``label``, ``threshold``; ``recall``, ``precision`` and ``false_alarm_rate``, each
    with ``_low``, ``_high``, ``_hits`` and ``_n``.
    """
    resamples = Resamples.of(rows.clusters, **resampling)
    found = []
    for name, point in model.operating_points.items():
        for label in rows.labels:
            threshold = float(point.thresholds[LABELS.index(label)])
            found.append(
                {"point": name, "label": label, "threshold": threshold}
                | _rates(resamples, rows.messages[label], scores[label] >= threshold)
            )
    return pd.DataFrame(found)


def f1_by_cap(rows: LabelledRows, scores: pd.DataFrame) -> pd.DataFrame:
    """F1 at thresholds that flag at most a share of the messages without the label.

    These thresholds are chosen on the same rows: the curve says what the order of scores allows, not what
    a threshold chosen beforehand gives. Columns: ``max_false_alarms`` (the cap), ``label``, ``threshold``,
    ``precision``, ``recall``, ``f1``. "macro", the mean of the five stages, is there when the file has them
    all. A label that every message shows has no threshold, and nan.
    """
    found = [
        {"max_false_alarms": cap, "label": label}
        | _at_cap(rows.messages[label].to_numpy(dtype=bool), scores[label].to_numpy(), cap)
        for cap in CAPS
        for label in rows.labels
    ]
    table = pd.DataFrame(found)
    if rows.stages != STAGES:
        return table
    by_cap = table[table["label"].isin(STAGES)].groupby("max_false_alarms")[["precision", "recall", "f1"]]
    means = by_cap.sum(min_count=len(STAGES)) / len(STAGES)  # nan where a stage has none
    macro = means.reset_index().assign(label="macro")
    return pd.concat([table, macro]).sort_values("max_false_alarms", kind="stable", ignore_index=True)


def _at_cap(shown: NDArray[np.bool_], scores: NDArray[np.float64], cap: float) -> dict[str, float]:
    if shown.all():
        return dict.fromkeys(("threshold", "precision", "recall", "f1"), np.nan)
    threshold = message_threshold(shown, scores, max_false_alarms=cap)
    precision, recall, f1, _ = flag_metrics(shown, scores >= threshold, Resamples.none(len(shown)))[:, 0]
    return {"threshold": threshold, "precision": precision, "recall": recall, "f1": f1}


def conversation_table(
    conversations: pd.DataFrame, *, alert_threshold: float, n_resamples: int, seed: int
) -> pd.DataFrame:
    """How labelled conversations are ranked and flagged, in one row.

    ``conversations`` has a row each: ``label``, ``score``, ``flagged``, ``warned_at``, ``n_messages``.

    Columns: ``auc``, ``average_precision``, ``precision``, ``f1`` with bounds over resampled
    conversations, nan for few;
    ``tpr`` and ``fpr`` with Clopper-Pearson bounds, ``_hits`` and ``_n``; ``false_alarms_per_10_000``;
    ``f_latency_erisk``, ``erde_5``, ``erde_50`` and ``median_messages`` up to a right alert, of early
    warning; ``alert_threshold``, ``n_resamples``.
    """
    label = conversations["label"].to_numpy(dtype=bool)
    score = conversations["score"].to_numpy(dtype=np.float64)
    flag = conversations["flagged"].to_numpy(dtype=bool)
    resamples = Resamples.of(np.arange(len(label)), n_resamples=n_resamples, seed=seed)
    hits, n_flagged, n_patterns = resamples.sums(flag & label, flag, label)
    row: dict[str, Any] = {}
    ranked = average_precisions(label, score, resamples)
    for name, drawn, rests_on in (
        ("auc", aucs(label, score, resamples), [label, ~label]),
        ("average_precision", ranked, [label]),
        ("precision", divide_or_nan(hits, n_flagged), [label, flag]),
        ("f1", divide_or_nan(2 * hits, n_flagged + n_patterns), [label]),
    ):
        row |= with_interval(resamples, name, drawn, *rests_on)
    for name, rate in (
        ("tpr", true_positive_rate(label, score, threshold=alert_threshold)),
        ("fpr", false_positive_rate(label, score, threshold=alert_threshold)),
    ):
        row |= rate.columns(name) | {f"{name}_hits": rate.hits, f"{name}_n": rate.n}
    k = conversations["warned_at"].to_numpy(dtype=np.float64, na_value=np.nan)
    seen = np.where(np.isnan(k), conversations["n_messages"].to_numpy(dtype=np.float64), k)
    right = k[label & flag]
    row |= {
        "false_alarms_per_10_000": 10_000 * row["fpr"],
        "f_latency_erisk": f_latency(label, flag, seen, p=ERISK_P).f_latency,
        "erde_5": erde(label, flag, seen, o=5),
        "erde_50": erde(label, flag, seen, o=50),
        "median_messages": float(np.median(right)) if right.size else np.nan,
        "alert_threshold": alert_threshold,
        "n_resamples": n_resamples,
    }
    return pd.DataFrame([row])


def pan12_table(
    rows: LabelledRows, flags: pd.DataFrame, flagged_authors: Set[str], sought_authors: Set[str]
) -> pd.DataFrame:
    """The two scores of PAN 2012, a row each where the file has what they need.

    "authors": F0.5 of the authors flagged in at least one conversation, against ``sought_authors``;
    "lines": F3 of the lines flagged for a stage, against those labelled with one. Columns: ``task``,
    ``measure``, ``score`` (0 where it is 0/0, as PAN has it), ``right``, ``flagged``, ``to_find``.
    """
    found: list[dict[str, Any]] = []
    if sought_authors:
        score = pan12_f05(sought_authors, flagged_authors)
        counts = _counts(sought_authors, flagged_authors)
        found.append({"task": "authors", "measure": "F0.5", "score": score} | counts)
    if rows.stages and rows.has_conversations:
        ids = rows.messages["conversation"]
        relevant = {(ids[at], int(at)) for at in np.flatnonzero(any_of(rows.messages, rows.stages))}
        flagged = {(ids[at], int(at)) for at in np.flatnonzero(any_of(flags, rows.stages))}
        score = pan12_f3(relevant, flagged)
        found.append({"task": "lines", "measure": "F3", "score": score} | _counts(relevant, flagged))
    return pd.DataFrame(found, columns=["task", "measure", "score", "right", "flagged", "to_find"])


def _counts(relevant: Set[Any], flagged: Set[Any]) -> dict[str, int]:
    return {"right": len(relevant & flagged), "flagged": len(flagged), "to_find": len(relevant)}
