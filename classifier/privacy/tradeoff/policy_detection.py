"""Detection of a policy, from the costs of its run.

Recall, false alarms, latency and recall before stages, with the definitions of ``classifier.evaluation``.
Accuracy is not among them.
"""

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
from classifier.evaluation.slice_rates import false_alarms_by
from classifier.evaluation.thresholds import threshold_for_fpr
from classifier.privacy.message_streams import Stream
from classifier.privacy.policies.policy import Policy
from classifier.privacy.simulate.policy_scorer import PolicyScorer
from classifier.privacy.simulate.policy_simulation import run_policy
from classifier.privacy.tradeoff.conversation_costs import clusters_of, conversation_rate
from classifier.taxonomy import STAGES


def decision_scores(
    policy: Policy, streams: Sequence[Stream], scorer: PolicyScorer, *, seed: int
) -> NDArray[np.float64]:
    """The score that decides whether each conversation is flagged.

    It is the highest score of the conversation, or after a user report the last; -inf where none was given.
    The policy is run with a threshold that no score reaches, so that no alert ends the scoring.
    """
    events = run_policy(replace(policy, threshold=math.inf), streams, scorer, seed=seed).events
    scored = events[(events["event"] == "scored").to_numpy()]
    by_conversation = pd.DataFrame(
        {"code": scored["conversation"].cat.codes.to_numpy(), "value": scored["value"].to_numpy()}
    ).groupby("code")["value"]
    deciding = by_conversation.last() if policy.where == "user_report" else by_conversation.max()
    scores = np.full(len(streams), -np.inf)
    scores[deciding.index.to_numpy()] = deciding.to_numpy()
    return scores


def chosen_threshold(streams: Sequence[Stream], scores: NDArray[np.float64], *, max_fpr: float) -> float:
    """The smallest threshold shown to keep the false positive rate ``max_fpr``.

    ``streams`` are those of validation. The rule is that of ``evaluation.thresholds``, which raises
    ``TooFewUnits`` when there are too few streams to show it.
    """
    threshold = threshold_for_fpr(
        [not stream.benign for stream in streams],
        scores,
        max_fpr=max_fpr,
        clusters=clusters_of(tuple(stream.clusters for stream in streams)),
    )
    finite = scores[np.isfinite(scores)]
    # What was never scored cannot be flagged, so a threshold below every score is the lowest score.
    return max(threshold, float(finite.min())) if finite.size else threshold


def first_stages(streams: Sequence[Stream]) -> pd.DataFrame:
    """The first message of the initiator that shows each stage.

    One row per stream, one column per stage, and ``any``: the first message that shows some stage. Messages
    are counted from 1; nan where none does.
    """
    table = np.full((len(streams), len(STAGES) + 1), np.nan)
    for row, stream in enumerate(streams):
        for index in range(len(stream.labels) - 1, -1, -1):
            if stream.authors[index] == stream.initiator:
                shown = [position for position, stage in enumerate(STAGES) if stage in stream.labels[index]]
                table[row, [*shown, len(STAGES)] if shown else []] = index + 1
    return pd.DataFrame(table, columns=[*STAGES, "any"])


def detection(costs: pd.DataFrame, first: pd.DataFrame, *, p: float) -> dict[str, Any]:
    """Counts and metrics of detection, by name.

    Medians are over the patterns found: read them beside ``undetected_share``. ``premature`` is the share of
    the patterns found that were flagged before any scripted stage was shown.

    Parameters
    ----------
    first
        The table of ``first_stages``.
    p
        Of the latency penalty (``evaluation.early_warning``).
    """
    benign, flagged = costs["benign"].to_numpy(dtype=bool), costs["flagged"].to_numpy(dtype=bool)
    found = costs[~benign & flagged]
    recall = conversation_rate(costs, "flagged", "pattern")
    alarms = conversation_rate(costs, "flagged", "benign")
    latency = f_latency(~benign, flagged, costs["flagged_at"], p=p)
    # Without labels of messages, premature is undefined.
    early = (
        premature_warnings(found["flagged_at"], first.loc[~benign & flagged, "any"])
        if first["any"].notna().any()
        else Rate(0, 0)
    )
    return {
        "n_benign": alarms.n,
        "n_pattern": recall.n,
        "found": recall.hits,
        "false_alarms": alarms.hits,
        "recall": recall.value,
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
    """The share of patterns flagged before each stage's first message.

    The share is of the patterns that reach that stage; ``first`` is the table of ``first_stages``. Columns:
    ``stage``, ``recall``, ``recall_low`` and ``recall_high`` (95 %, those of ``Rate`` with shared dialogues),
    ``hits``, ``n``.
    """
    pattern = ~costs["benign"].to_numpy(dtype=bool)
    clusters = clusters_of(tuple(costs["clusters"]))
    rows = []
    for stage in STAGES:
        before = costs["flagged_at"].to_numpy() < first[stage].to_numpy()
        rate = clusters.rate(before, pattern & first[stage].notna().to_numpy())
        rows.append({"stage": stage} | rate.columns("recall") | {"hits": rate.hits, "n": rate.n})
    return pd.DataFrame(rows)


def false_alarms_by_scene(costs: pd.DataFrame, streams: Sequence[Stream]) -> pd.DataFrame:
    """Benign conversations flagged, by scene, worst first.

    Columns are those of ``evaluation.slice_rates.false_alarms_by``.
    """
    benign = costs["benign"].to_numpy(dtype=bool)
    scenes = pd.Series([stream.scene or "unstated" for stream in streams])[benign]
    return false_alarms_by(scenes, costs["flagged"][benign], clusters=costs["clusters"][benign])
