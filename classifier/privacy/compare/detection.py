"""What did a policy find, how early, and whom did it flag wrongly? From a run's costs, with the definitions of ``classifier.evaluation``. Never accuracy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.early_warning import f_latency
from classifier.evaluation.first_warning import premature_warnings
from classifier.evaluation.rates import Rate
from classifier.evaluation.slices import false_alarms_by
from classifier.evaluation.thresholds import threshold_for_fpr
from classifier.privacy.policies.policy import Policy
from classifier.privacy.simulate.run import run_policy
from classifier.privacy.simulate.scorer import Scorer
from classifier.privacy.stream import Stream
from classifier.taxonomy import STAGES


def decision_scores(
    policy: Policy, streams: Sequence[Stream], scorer: Scorer, *, seed: int
) -> NDArray[np.float64]:
    """The score on which each conversation's alert would rest, were the threshold too high for any: the highest, or after a report the last. -inf: never scored."""
    events = run_policy(replace(policy, threshold=math.inf), streams, scorer, seed=seed).events
    scored = events[(events["event"] == "scored").to_numpy()]
    by_conversation = pd.DataFrame(
        {"code": scored["conversation"].cat.codes.to_numpy(), "value": scored["value"].to_numpy()}
    ).groupby("code")["value"]
    found = by_conversation.last() if policy.where == "user_report" else by_conversation.max()
    scores = np.full(len(streams), -np.inf)
    scores[found.index.to_numpy()] = found.to_numpy()
    return scores


def chosen_threshold(streams: Sequence[Stream], scores: NDArray[np.float64], *, max_fpr: float) -> float:
    """The smallest threshold these validation streams show to flag at most ``max_fpr`` of benign conversations, by ``evaluation.thresholds``.

    Raises ``evaluation.thresholds.TooFewUnits`` when there are too few to show it.
    """
    threshold = threshold_for_fpr([not stream.benign for stream in streams], scores, max_fpr=max_fpr)
    finite = scores[np.isfinite(scores)]
    # What was never scored cannot be flagged, so a threshold below every score is the lowest score.
    return max(threshold, float(finite.min())) if finite.size else threshold


def first_stages(streams: Sequence[Stream]) -> pd.DataFrame:
    """The first message (from 1) by the initiator that shows each stage, one column a stage and ``any``; nan where none does."""
    table = np.full((len(streams), len(STAGES) + 1), np.nan)
    for row, stream in enumerate(streams):
        for index in range(len(stream.labels) - 1, -1, -1):
            if stream.authors[index] == stream.initiator:
                shown = [position for position, stage in enumerate(STAGES) if stage in stream.labels[index]]
                table[row, [*shown, len(STAGES)] if shown else []] = index + 1
    return pd.DataFrame(table, columns=[*STAGES, "any"])


def detection(costs: pd.DataFrame, first: pd.DataFrame, *, p: float) -> dict[str, Any]:
    """Counts and figures of detection by name; ``first`` is the table of ``first_stages``, ``p`` that of the latency penalty (``evaluation.early_warning``).

    Medians are over the patterns found: read them beside ``undetected_share``. ``premature``: found before any scripted stage was shown, of those found.
    """
    benign, flagged = costs["benign"].to_numpy(dtype=bool), costs["flagged"].to_numpy(dtype=bool)
    found = costs[~benign & flagged]
    recall = Rate(int((~benign & flagged).sum()), int((~benign).sum()))
    alarms = Rate(int((benign & flagged).sum()), int(benign.sum()))
    latency = f_latency(~benign, flagged, costs["flagged_at"], p=p)
    # Without labels of messages, nobody can say what was premature.
    early = (
        premature_warnings(found["flagged_at"], first.loc[~benign & flagged, "any"])
        if first["any"].notna().any()
        else Rate(0, 0)
    )
    low, high = recall.interval()
    return {
        "n_benign": alarms.n,
        "n_pattern": recall.n,
        "found": recall.hits,
        "false_alarms": alarms.hits,
        "recall": recall.value,
        "recall_exact_low": low,
        "recall_exact_high": high,
        "false_positive_rate": alarms.value,
        "median_messages_to_alert": float(found["flagged_at"].median()),
        "median_hours_to_alert": float(found["flagged_hours"].median()),
        "undetected_share": 1.0 - recall.value,
        "f1": latency.f1,
        "speed": latency.speed,
        "f_latency": latency.f_latency,
        "premature": early.value,
        "premature_hits": early.hits,
    }


def recall_before_stages(costs: pd.DataFrame, first: pd.DataFrame) -> pd.DataFrame:
    """Of the patterns that come to each stage, the share flagged before its first message; ``first`` is the table of ``first_stages``.

    Columns: ``stage``, ``recall``, ``recall_low``, ``recall_high`` (Clopper-Pearson, 95 %), ``hits``, ``n``.
    """
    pattern = ~costs["benign"].to_numpy(dtype=bool)
    rows = []
    for stage in STAGES:
        comes = pattern & first[stage].notna().to_numpy()
        rate = Rate(
            int((costs["flagged_at"].to_numpy() < first[stage].to_numpy())[comes].sum()), int(comes.sum())
        )
        low, high = rate.interval()
        rows.append(
            {
                "stage": stage,
                "recall": rate.value,
                "recall_low": low,
                "recall_high": high,
                "hits": rate.hits,
                "n": rate.n,
            }
        )
    return pd.DataFrame(rows)


def false_alarms_by_scene(costs: pd.DataFrame, streams: Sequence[Stream]) -> pd.DataFrame:
    """Innocent conversations flagged, by scene, worst first; columns as in ``evaluation.slices.false_alarms_by``."""
    benign = costs["benign"].to_numpy(dtype=bool)
    scenes = pd.Series([stream.scene or "unstated" for stream in streams])[benign]
    return false_alarms_by(scenes, costs["flagged"][benign])
