"""The conversation and sender tables of an evaluation, one function each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from classifier.evaluation.base_rates import base_rate_table
from classifier.evaluation.calibration import (
    brier,
    compare_calibrators,
    expected_calibration_error,
    log_loss,
    reliability_table,
)
from classifier.evaluation.early_warning import ERISK_P, ESPD_P, early_warning_intervals, erde, f_latency
from classifier.evaluation.first_warning import (
    first_warnings,
    is_premature,
    recall_after,
    skeptical_warning,
    target_share_seen,
)
from classifier.evaluation.ranking import auc_with_interval
from classifier.evaluation.rates import Rate
from classifier.evaluation.sender_metrics import all_families, k_of_n_table, pan12_f05
from classifier.evaluation.slice_rates import false_alarms_by
from classifier.evaluation.thresholds import TooFewUnits, threshold_for_fpr
from classifier.workflows.conversation_evaluation.aggregators import AGGREGATORS
from classifier.workflows.conversation_evaluation.conversation_scores import ScoredConversations

RATE_COLUMNS = [f"{rate}{part}" for rate in ("tpr", "fpr") for part in ("", "_low", "_high", "_hits", "_n")]
REQUESTED_FPRS = (0.01, 0.001)
RECALL_LAST_K = 20
SKEPTICISM_LEVELS = (1, 3, 5)
PENALTIES = {"erisk": ERISK_P, "espd": ESPD_P}

VOLUME = 1_000_000
"""Conversations for which expected alerts are computed."""

ORACLE_SCORER = "text head, told every label"
"""The text head fitted on, and given, the oracle labels of every message.

The difference between its AUC and 1 does not come from misread messages.
"""


def separation(
    sets: dict[str, dict[str, ScoredConversations]],
    oracle: dict[str, ScoredConversations],
) -> pd.DataFrame:
    """AUC per set and scorer, with intervals over dialogues.

    Scorers are the heads, then each simpler aggregator of the same message probabilities, then the text head
    on oracle labels. ``sets`` holds the scored conversations by set and head, ``oracle`` by set. Columns:
    ``set``, ``scorer``, and those of ``auc_with_interval``.
    """
    rows = []
    for set_name, by_head in sets.items():
        first = next(iter(by_head.values()))
        scores = {f"{head} head": scored.score for head, scored in by_head.items()}
        scores |= {
            name: np.array([aggregate(message_rows) for message_rows in first.probabilities])
            for name, aggregate in AGGREGATORS.items()
        }
        scores[ORACLE_SCORER] = oracle[set_name].score
        for name, score in scores.items():
            rows.append(
                {"set": set_name, "scorer": name} | auc_with_interval(first.label, score, first.families)
            )
    return pd.DataFrame(rows)


def rates_at_fpr(validation: ScoredConversations, sets: dict[str, ScoredConversations]) -> pd.DataFrame:
    """TPR and FPR per set at thresholds chosen on validation, one for each requested FPR.

    A rate that validation cannot show has one row, whose remark says how many conversations it would take.

    Columns: ``set``, ``asked_fpr``, ``threshold``, ``remark``; ``tpr`` and ``fpr`` with ``_low``, ``_high``
    (95 %, those of ``Rate`` with conversations that share a dialogue), ``_hits`` and ``_n``.
    """
    rows: list[dict[str, Any]] = []
    for requested in REQUESTED_FPRS:
        try:
            threshold = threshold_for_fpr(
                validation.label, validation.score, max_fpr=requested, clusters=validation.clusters
            )
        except TooFewUnits as refusal:
            remark = f"refused: {refusal.needed:,} benign conversations without a false alarm would be needed"
            rows.append({"set": "validation", "asked_fpr": requested, "remark": remark})
            continue
        rows += [
            {"set": name, "asked_fpr": requested, "threshold": threshold, "remark": "shown on validation"}
            | rates_at(scored, threshold)
            for name, scored in sets.items()
        ]
    return pd.DataFrame(rows, columns=["set", "asked_fpr", "threshold", "remark", *RATE_COLUMNS])


def rates_at(
    scored: ScoredConversations, threshold: float, kept: NDArray[np.bool_] | None = None
) -> dict[str, float]:
    """TPR and FPR of the ``kept``, or of all, as ``RATE_COLUMNS``.

    Without a threshold, which is nan, there are denominators alone; the rest is nan.
    """
    everywhere = np.ones(scored.label.size, dtype=bool) if kept is None else kept
    columns: dict[str, float] = {}
    for name, of in (("tpr", scored.label & everywhere), ("fpr", ~scored.label & everywhere)):
        if np.isnan(threshold):
            columns |= dict.fromkeys((name, f"{name}_low", f"{name}_high", f"{name}_hits"), np.nan)
            columns[f"{name}_n"] = int(of.sum())
        else:
            columns |= scored.clusters.rate_columns(name, scored.score >= threshold, of)
    return columns


def early_warning(
    sets: dict[str, ScoredConversations], *, threshold: float, n_resamples: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Early-warning metrics with intervals, one row per set and rule.

    The rules are the conversation model's latched alert at ``threshold``, and the skepticism baseline at
    three levels. Resamples are over dialogues, the same for every rule of a set. The corpora
    hold no empty messages.
    """
    rows: list[dict[str, Any]] = []
    for set_name, scored in sets.items():
        latched = first_warnings(scored.messages["unit"], scored.messages["score"], threshold=threshold)
        by_rule = {"pattern scorer, latched": latched}
        for skepticism in SKEPTICISM_LEVELS:
            name = f"skepticism {skepticism} of the last 10"
            by_rule[name] = _skeptical_warnings(scored, latched, threshold, skepticism)
        for rule, warnings in by_rule.items():
            rows.append(
                {"set": set_name, "rule": rule}
                | _early_metrics(scored, warnings)
                | _early_intervals(scored, warnings, n_resamples=n_resamples, seed=seed)
            )
    return pd.DataFrame(rows)


def _skeptical_warnings(
    scored: ScoredConversations, latched: pd.DataFrame, threshold: float, skepticism: int
) -> pd.DataFrame:
    """The table of ``first_warnings`` under the skepticism rule."""
    messages = [
        skeptical_warning(scores >= threshold, skepticism=skepticism) for scores in scored.running_scores
    ]
    k = pd.Series(messages, dtype=np.float64)
    return latched.assign(k=k, decision=k.notna())


def _early_metrics(scored: ScoredConversations, warnings: pd.DataFrame) -> dict[str, Any]:
    label, decision = scored.label, warnings["decision"].to_numpy()
    seen = warnings["k"].fillna(warnings["n_messages"]).to_numpy()
    by_p = {name: f_latency(label, decision, seen, p=p) for name, p in PENALTIES.items()}
    k = warnings.loc[label, "k"].to_numpy()
    messages = scored.messages
    premature = is_premature(warnings["k"].to_numpy(), _first_labelled(scored))
    share = target_share_seen(messages["unit"], messages["by_target"], warnings).loc[label, "share"]
    return {
        "f1": by_p["erisk"].f1,
        "recall": by_p["erisk"].recall.value,
        "speed_erisk": by_p["erisk"].speed,
        "f_latency_erisk": by_p["erisk"].f_latency,
        "speed_espd": by_p["espd"].speed,
        "f_latency_espd": by_p["espd"].f_latency,
        "erde_5": erde(label, decision, seen, o=5),
        "erde_50": erde(label, decision, seen, o=50),
        "median_messages": float(np.nanmedian(k)) if np.isfinite(k).any() else np.nan,
        "undetected": Rate(int(np.isnan(k).sum()), k.size).value,
        **scored.clusters.rate_columns("false_alarm_rate", decision, ~label),
        **scored.clusters.rate_columns("premature", premature, label & decision),
        "target_share_seen": float(share.mean()),
        "n_patterns": k.size,
        "n": label.size,
    }


def _first_labelled(scored: ScoredConversations) -> NDArray[np.float64]:
    """The first labelled message of each conversation, from 1; nan without one."""
    labelled = scored.messages["labelled"].astype(float)
    return first_warnings(scored.messages["unit"], labelled, threshold=1.0)["k"].to_numpy()


def _early_intervals(
    scored: ScoredConversations, warnings: pd.DataFrame, *, n_resamples: int, seed: int
) -> dict[str, float]:
    k = warnings["k"].to_numpy()
    intervals = early_warning_intervals(
        scored.label, k, scored.families, p=PENALTIES, n_resamples=n_resamples, seed=seed
    )
    bounds: dict[str, float] = {}
    for metric, interval in intervals.items():
        bounds |= {f"{metric}_low": interval.low, f"{metric}_high": interval.high}
    bounds |= scored.clusters.rate_columns("recall", warnings["decision"], scored.label)
    bounds |= {"undetected_low": 1.0 - bounds["recall_high"], "undetected_high": 1.0 - bounds["recall_low"]}
    return bounds | {"n_clusters": scored.clusters.n, "n_resamples": n_resamples}


def recall_by_k(sets: dict[str, ScoredConversations], *, threshold: float) -> pd.DataFrame:
    """Share of patterns flagged within their first ``k`` messages, per set.

    Columns: those of ``recall_after``, and ``set``.
    """
    parts = []
    for name, scored in sets.items():
        messages = scored.messages
        k = first_warnings(messages["unit"], messages["score"], threshold=threshold).loc[scored.label, "k"]
        families = [of for of, pattern in zip(scored.families, scored.label, strict=True) if pattern]
        parts.append(recall_after(k, clusters=families, last=RECALL_LAST_K).assign(set=name))
    return pd.concat(parts, ignore_index=True)


def calibration(validation: ScoredConversations, test: ScoredConversations) -> dict[str, pd.DataFrame]:
    """Three tables on the calibration of whole-conversation scores, by name.

    "reliability" and "calibration" are of the scores on ``test``; "calibrators" compares maps fitted on
    ``validation`` and measured on ``test``.
    """
    validation_final, test_final = _final_scores(validation), _final_scores(test)
    error = expected_calibration_error(test.label, test_final)
    summary = {
        "brier": brier(test.label, test_final),
        "log_loss": log_loss(test.label, test_final),
        "calibration_error": error.value,
        "n_bins": error.n_bins,
        "n": test.label.size,
    }
    return {
        "reliability": reliability_table(test.label, test_final, clusters=test.families),
        "calibrators": compare_calibrators(
            pd.DataFrame({"label": validation.label.astype(int), "probability": validation_final}),
            pd.DataFrame({"label": test.label.astype(int), "probability": test_final}),
        ),
        "calibration": pd.DataFrame([summary]),
    }


def _final_scores(scored: ScoredConversations) -> NDArray[np.float64]:
    """The score of each conversation after its last message."""
    return np.array([scores[-1] for scores in scored.running_scores])


def benign_scenes(scored: ScoredConversations, *, threshold: float) -> pd.DataFrame:
    """False alarms among benign conversations by scene, as ``false_alarms_by`` returns them."""
    benign = ~scored.label
    scenes = pd.Series([conversation.scene for conversation in scored.conversations])[benign]
    families = pd.Series(scored.families)[benign]
    return false_alarms_by(scenes, pd.Series(scored.score >= threshold)[benign], clusters=families)


def senders(scored: ScoredConversations, *, threshold: float) -> pd.DataFrame:
    """Rates over senders of flagging from ``k`` flagged conversations on.

    ``k`` is 1 to 4. The senders of the test split never occur in training. Columns: those of
    ``k_of_n_table``, and ``pan12_f05``.
    """
    table = _sender_table(scored, flagged=scored.score >= threshold)
    by_k = k_of_n_table(table.assign(families=pd.Series(scored.families, dtype=object)), max_k=4)
    patterns = set(table.loc[table["label"], "sender"])
    flags = table.groupby("sender")["flagged"].sum()
    return by_k.assign(pan12_f05=[pan12_f05(patterns, set(flags[flags >= k].index)) for k in by_k["k"]])


def sender_separation(scored: ScoredConversations) -> pd.DataFrame:
    """AUC over senders of two aggregates of their conversations' scores.

    These are the mean log-odds and the highest score. Columns: ``score``, and those of
    ``auc_with_interval``, of senders who share dialogues.
    """
    log_odds = logit(np.clip(scored.score, 1e-12, 1 - 1e-12))
    families = pd.Series(scored.families, dtype=object)
    by_sender = _sender_table(scored, log_odds=log_odds).assign(families=families).groupby("sender")
    aggregates = by_sender.agg(
        label=("label", "max"),
        mean=("log_odds", "mean"),
        highest=("log_odds", "max"),
        families=("families", all_families),
    )
    label = aggregates["label"].to_numpy()
    rows = []
    for name, column in (("mean log-odds", "mean"), ("highest score", "highest")):
        score = aggregates[column].to_numpy()
        rows.append({"score": name} | auc_with_interval(label, score, aggregates["families"]))
    return pd.DataFrame(rows)


def _sender_table(scored: ScoredConversations, **columns: NDArray[Any]) -> pd.DataFrame:
    """One row per conversation: ``sender``, ``label``, and ``columns``."""
    names = [conversation.sender for conversation in scored.conversations]
    return pd.DataFrame({"sender": names, "label": scored.label} | columns)


def base_rates(scored: ScoredConversations, *, threshold: float) -> pd.DataFrame:
    """Expected alerts at the alert threshold in ``VOLUME`` conversations, by prevalence."""
    return base_rate_table(
        scored.clusters.rate(scored.score >= threshold, scored.label),
        scored.clusters.rate(scored.score >= threshold, ~scored.label),
        volume=VOLUME,
    )
