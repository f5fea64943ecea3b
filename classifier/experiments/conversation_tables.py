"""The conversation and sender tables of an evaluation; each function makes one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from classifier.evaluation.baserates import base_rate_table
from classifier.evaluation.calibration import brier, expected_calibration_error, log_loss, reliability_table
from classifier.evaluation.calibrators import compare_calibrators
from classifier.evaluation.early_warning import ERISK_P, ESPD_P, early_warning_intervals, erde, f_latency
from classifier.evaluation.first_warning import (
    first_warnings,
    is_premature,
    premature_warnings,
    recall_after,
    skeptical_warning,
    target_share_seen,
)
from classifier.evaluation.ranking import auc_with_interval
from classifier.evaluation.rates import Rate, false_positive_rate, true_positive_rate
from classifier.evaluation.senders import k_of_n_table, pan12_f05
from classifier.evaluation.slices import false_alarms_by
from classifier.evaluation.thresholds import TooFewUnits, threshold_for_fpr
from classifier.experiments.aggregators import AGGREGATORS
from classifier.experiments.conversation_scores import ScoredConversations, leading_families
from classifier.records import Conversation
from classifier.taxonomy import STAGES

FPRS = (0.01, 0.001)
LAST_K = 20
VOLUME = 1_000_000
SKEPTICISMS = (1, 3, 5)
PENALTIES = {"erisk": ERISK_P, "espd": ESPD_P}


TOLD = "text head, told every label"
"""What the text head comes to when it is fitted on, and given, the true labels of every message: what stands above it is no fault of reading."""


def separation(
    sets: dict[str, dict[str, ScoredConversations]],
    told: dict[str, ScoredConversations],
    *,
    n_resamples: int,
    seed: int,
) -> pd.DataFrame:
    """AUC per set and scorer: the heads, then each simpler aggregator of the same message probabilities, then the text head ``told`` the true labels."""
    rows = []
    for set_name, by_head in sets.items():
        some = next(iter(by_head.values()))
        scores = {f"{head} head": scored.score for head, scored in by_head.items()}
        scores |= {
            name: np.array([aggregate(found) for found in some.probabilities])
            for name, aggregate in AGGREGATORS.items()
        }
        scores[TOLD] = told[set_name].score
        for name, score in scores.items():
            rows.append(
                {"set": set_name, "scorer": name}
                | auc_with_interval(
                    some.label,
                    score,
                    leading_families(some.conversations),
                    n_resamples=n_resamples,
                    seed=seed,
                )
            )
    return pd.DataFrame(rows)


def rates_at_fpr(validation: ScoredConversations, sets: dict[str, ScoredConversations]) -> pd.DataFrame:
    """TPR and FPR per set at thresholds chosen on validation for each asked rate; a rate validation cannot show is refused, and says what it would take."""
    rows: list[dict[str, Any]] = []
    for asked in FPRS:
        try:
            threshold = threshold_for_fpr(validation.label, validation.score, max_fpr=asked)
        except TooFewUnits as refusal:
            rows.append(
                {
                    "set": "validation",
                    "asked_fpr": asked,
                    "threshold": np.nan,
                    "remark": f"refused: {refusal.needed:,} benign conversations without a false alarm would be needed",
                }
            )
            continue
        for name, scored in sets.items():
            tpr, fpr = (
                rate(scored.label, scored.score, threshold=threshold)
                for rate in (true_positive_rate, false_positive_rate)
            )
            rows.append(
                {"set": name, "asked_fpr": asked, "threshold": threshold, "remark": "shown on validation"}
                | _rate("tpr", tpr)
                | _rate("fpr", fpr)
            )
    rates = [f"{rate}{part}" for rate in ("tpr", "fpr") for part in ("", "_low", "_high", "_hits", "_n")]
    return pd.DataFrame(rows, columns=["set", "asked_fpr", "threshold", "remark", *rates])


def _rate(name: str, rate: Rate) -> dict[str, float]:
    low, high = rate.interval()
    return {
        name: rate.value,
        f"{name}_low": low,
        f"{name}_high": high,
        f"{name}_hits": rate.hits,
        f"{name}_n": rate.n,
    }


def early_warning(
    sets: dict[str, ScoredConversations], *, threshold: float, n_resamples: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """One row a set and rule: F1, speed and their product, ERDE, and what goes with them. Empty messages do not occur in these corpora.

    Intervals are over leading phrase families, the same draws for every rule of a set.
    """
    rows: list[dict[str, Any]] = []
    for set_name, scored in sets.items():
        warnings = first_warnings(scored.messages["unit"], scored.messages["score"], threshold=threshold)
        by_rule = {"pattern scorer, latched": warnings}
        by_rule |= {
            f"skepticism {skepticism} of the last 10": _skeptical(scored, warnings, threshold, skepticism)
            for skepticism in SKEPTICISMS
        }
        for rule, warned in by_rule.items():
            rows.append(
                {"set": set_name, "rule": rule}
                | _early(scored, warned)
                | _early_intervals(scored, warned, n_resamples=n_resamples, seed=seed)
            )
    return pd.DataFrame(rows)


def _skeptical(
    scored: ScoredConversations, warnings: pd.DataFrame, threshold: float, skepticism: int
) -> pd.DataFrame:
    k = [skeptical_warning(scores >= threshold, skepticism=skepticism) for scores in scored.growing]
    return warnings.assign(
        k=[np.nan if seen is None else float(seen) for seen in k], decision=[seen is not None for seen in k]
    )


def _early(scored: ScoredConversations, warnings: pd.DataFrame) -> dict[str, Any]:
    label, decision = scored.label, warnings["decision"].to_numpy()
    seen = warnings["k"].fillna(warnings["n_messages"]).to_numpy()
    by_p = {name: f_latency(label, decision, seen, p=p) for name, p in PENALTIES.items()}
    k = warnings.loc[label, "k"].to_numpy()
    messages = scored.messages
    premature = premature_warnings(k, _first_staged(scored)[label])
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
        "premature": premature.value,
        "premature_hits": premature.hits,
        "premature_n": premature.n,
        "target_share_seen": float(share.mean()),
        "n_patterns": k.size,
        "n": label.size,
    }


def _first_staged(scored: ScoredConversations) -> NDArray[np.float64]:
    """The first message of each conversation that carries a label, from 1; nan when none does."""
    return first_warnings(scored.messages["unit"], scored.messages["staged"].astype(float), threshold=1.0)[
        "k"
    ].to_numpy()


def _early_intervals(
    scored: ScoredConversations, warnings: pd.DataFrame, *, n_resamples: int, seed: int
) -> dict[str, float]:
    k = warnings["k"].to_numpy()
    families = leading_families(scored.conversations)
    found = early_warning_intervals(
        scored.label,
        k,
        is_premature(k, _first_staged(scored)),
        families,
        p=PENALTIES,
        n_resamples=n_resamples,
        seed=seed,
    )
    bounds = {
        f"{figure}_{side}": getattr(interval, side)
        for figure, interval in found.items()
        for side in ("low", "high")
    }
    return bounds | {"n_clusters": np.unique(families).size, "n_resamples": n_resamples}


def recall_by_k(sets: dict[str, ScoredConversations], *, threshold: float) -> pd.DataFrame:
    """Share of patterns flagged within their first k messages."""
    parts = []
    for name, scored in sets.items():
        messages = scored.messages
        k = first_warnings(messages["unit"], messages["score"], threshold=threshold).loc[scored.label, "k"]
        parts.append(recall_after(k, last=LAST_K).assign(set=name))
    return pd.concat(parts, ignore_index=True)


def calibration(validation: ScoredConversations, test: ScoredConversations) -> dict[str, pd.DataFrame]:
    """Reliability of the whole-conversation scores, and maps fitted on validation compared on test."""
    final = {
        name: np.array([scores[-1] for scores in scored.growing])
        for name, scored in (("validation", validation), ("test", test))
    }
    error = expected_calibration_error(test.label, final["test"])
    summary = {
        "brier": brier(test.label, final["test"]),
        "log_loss": log_loss(test.label, final["test"]),
        "calibration_error": error.value,
        "n_bins": error.n_bins,
        "n": test.label.size,
    }
    tables = [
        pd.DataFrame({"label": scored.label.astype(int), "probability": final[name]})
        for name, scored in (("validation", validation), ("test", test))
    ]
    return {
        "reliability": reliability_table(test.label, final["test"]),
        "calibrators": compare_calibrators(*tables),
        "calibration": pd.DataFrame([summary]),
    }


def benign_scenes(scored: ScoredConversations, *, threshold: float) -> pd.DataFrame:
    """False alarms among benign conversations by scene, worst first, the mean last."""
    benign = ~scored.label
    scenes = pd.Series([conversation.scene for conversation in scored.conversations])[benign]
    return false_alarms_by(scenes, pd.Series(scored.score >= threshold)[benign])


def senders(scored: ScoredConversations, *, threshold: float) -> pd.DataFrame:
    """Senders never seen in training: what it gives to flag a sender from k flagged conversations on, with PAN12's F0.5 beside."""
    table = pd.DataFrame(
        {
            "sender": [c.sender for c in scored.conversations],
            "label": scored.label,
            "flagged": scored.score >= threshold,
        }
    )
    by_k = k_of_n_table(table, max_k=4)
    patterns = set(table.loc[table["label"], "sender"])
    flags = table.groupby("sender")["flagged"].sum()
    return by_k.assign(pan12_f05=[pan12_f05(patterns, set(flags[flags >= k].index)) for k in by_k["k"]])


def sender_separation(scored: ScoredConversations, *, n_resamples: int, seed: int) -> pd.DataFrame:
    """AUC over senders of the mean log-odds and of the highest score over one sender's conversations."""
    odds = logit(np.clip(scored.score, 1e-12, 1 - 1e-12))
    table = pd.DataFrame(
        {"sender": [c.sender for c in scored.conversations], "label": scored.label, "odds": odds}
    )
    senders = table.groupby("sender").agg(
        label=("label", "max"), mean=("odds", "mean"), highest=("odds", "max")
    )
    rows = [
        {"score": name}
        | auc_with_interval(
            senders["label"].to_numpy(),
            senders[column].to_numpy(),
            senders.index.to_numpy(),
            n_resamples=n_resamples,
            seed=seed,
        )
        for name, column in (("mean log-odds", "mean"), ("highest score", "highest"))
    ]
    return pd.DataFrame(rows)


def base_rates(scored: ScoredConversations, *, threshold: float) -> pd.DataFrame:
    """What the alert threshold would mean in a million conversations at supposed prevalences."""
    return base_rate_table(
        true_positive_rate(scored.label, scored.score, threshold=threshold),
        false_positive_rate(scored.label, scored.score, threshold=threshold),
        volume=VOLUME,
    )


def slices(scored: ScoredConversations, *, threshold: float) -> pd.DataFrame:
    """TPR of patterns and FPR of benign conversations by register, length band, who writes first and how the two know each other."""
    facts = pd.DataFrame(
        {
            "register": [c.register for c in scored.conversations],
            "length": pd.cut(
                [len(c.messages) for c in scored.conversations],
                [0, 5, 15, 50, 1000],
                labels=["2–5", "6–15", "16–50", "over 50"],
            ).astype(str),
            "first writer": [
                "sender" if c.messages[0].author == c.sender else "contact" for c in scored.conversations
            ],
            "known from": [c.metadata.known_from for c in scored.conversations],
            "distinct stages shown by the sender": [_stages_shown(c) for c in scored.conversations],
        }
    )
    rows = []
    for by in facts:
        for value in sorted(facts[by].unique()):
            here = (facts[by] == value).to_numpy()
            tpr, fpr = (
                rate(scored.label[here], scored.score[here], threshold=threshold)
                for rate in (true_positive_rate, false_positive_rate)
            )
            rows.append({"by": by, "slice": value} | _rate("tpr", tpr) | _rate("fpr", fpr))
    return pd.DataFrame(rows)


def _stages_shown(conversation: Conversation) -> str:
    return str(
        len(
            {
                label
                for message in conversation.messages
                if message.author == conversation.sender
                for label in message.labels
                if label in STAGES
            }
        )
    )
