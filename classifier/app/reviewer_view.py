"""What a policy reads, keeps and shows to a reviewer, up to a message."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from classifier.app.demo_data import Demo, ScoredConversation
from classifier.text import printable

if TYPE_CHECKING:
    import pandas as pd

    from classifier.privacy.policies.policy import Policy

LOADED_MODEL = "private/plain"
"""Model key of the policies that use the loaded model as it is."""


@cache
def runnable_policies() -> dict[str, Policy]:
    """The shipped policies that need no other model than the loaded one, by name.

    The oracle is left out, since it looks at the script.
    """
    from classifier.privacy.policies.policy import shipped_policies

    return {
        policy.name: policy
        for policy in shipped_policies()
        if policy.model_key == LOADED_MODEL and policy.evidence != "label"
    }


def reviewer_values(demo: Demo, scored: ScoredConversation, step: int, policy: Policy) -> dict[str, Any]:
    """What the policy's event log holds up to message ``step``."""
    from classifier.privacy.policies.policy_explanation import explain_policy

    if policy.evidence == "text" and policy.where != "none":
        policy = replace(policy, threshold=demo.conversation_model.alert_threshold)
    events = _events(demo, scored, policy)
    so_far = events[(events["step"] <= step).to_numpy()]
    alerts = _message_numbers(so_far, "alert")
    return {
        "in_words": explain_policy(policy).split("\n")[1:],
        "read": len(set(_message_numbers(so_far, "read"))),
        "kept": len(_message_numbers(so_far, "kept")) - len(_message_numbers(so_far, "dropped")),
        "alerted_at": alerts[0] if alerts else 0,
        "would_alert": bool(_message_numbers(events, "alert")),
        "aggregate": policy.release == "aggregate",
        "released": [float(value) for value in _of_kind(so_far, "released")["value"]],
        "levels": policy.levels,
        "shown": _shown_messages(scored, so_far),
        "has_events": bool(len(events)),
        "ended": step == len(scored.scores),
    }


def _events(demo: Demo, scored: ScoredConversation, policy: Policy) -> pd.DataFrame:
    """The event log of the policy on the whole conversation."""
    from classifier.model.conversation.monitor import MonitoredScorer
    from classifier.privacy.message_streams import MessageScores, streams_from_conversations
    from classifier.privacy.simulate.policy_scorer import PolicyScorer
    from classifier.privacy.simulate.policy_simulation import run_policy
    from classifier.taxonomy import COLUMNS

    [stream] = streams_from_conversations([scored.conversation])
    message_scores = MessageScores({stream.id: scored.probabilities}, COLUMNS)
    scorer = PolicyScorer(message_scores, MonitoredScorer(demo.conversation_model))
    return run_policy(policy, [stream], scorer, seed=0).events


def _of_kind(events: pd.DataFrame, kind: str) -> pd.DataFrame:
    return events[(events["event"] == kind).to_numpy()]


def _message_numbers(events: pd.DataFrame, kind: str) -> list[int]:
    """The numbers of the messages that events of one kind are about."""
    numbers: list[int] = _of_kind(events, kind)["message"].tolist()
    return numbers


def _shown_messages(scored: ScoredConversation, events: pd.DataFrame) -> list[dict[str, Any]]:
    """The messages that a reviewer is shown, as the policy redacts them, in order."""
    shown = _of_kind(events, "shown").sort_values("message")
    authors = [message.author for message in scored.conversation.messages]
    return [
        {"number": int(number), "who": scored.side(authors[int(number) - 1]), "text": printable(text)}
        for number, text in shown[["message", "text"]].to_numpy()
    ]
