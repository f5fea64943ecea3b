"""How does a score rise while a conversation is written, and who would see what of it? The second view: one step a message, under a chosen policy."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from classifier.app.demo import Demo, Followed
from classifier.app.form import FormFields, RequestError, chosen, quoted, whole_number
from classifier.app.message import marked
from classifier.app.scale import Scale
from classifier.model.conversation.explain import explain_conversation, terms_in_place
from classifier.report.tables import PrintedTable
from classifier.taxonomy import LABELS
from classifier.text import printable

if TYPE_CHECKING:
    import pandas as pd

    from classifier.privacy.policies.policy import Policy

OWN_MODEL = "private/plain"
DEFAULT_POLICY = "device_redacted_excerpt"
N_OFFERED = 4
"""Conversations offered of each of the four kinds."""
HANDY_LENGTH = 14


def conversation_view(demo: Demo, fields: FormFields) -> dict[str, Any]:
    """The messages up to ``step`` of conversation ``id``, its score so far, and what ``policy`` has read, kept and shown by then."""
    offered = offered_conversations(demo)
    first = next(iter(offered.values()))[0][0]
    id_ = fields.get("id", first)
    if id_ not in demo.followed:
        raise RequestError(404, f"id: there is no conversation {quoted(id_)} here. Choose one from the list.")
    followed = demo.followed[id_]
    n = len(followed.scores)
    step = whole_number(fields, "step", low=1, high=n, default=1)
    policies = runnable_policies()
    policy = policies[chosen(fields, "policy", policies, default=DEFAULT_POLICY)]
    return {
        "offered": offered,
        "policies": policies,
        "id": id_,
        "step": step,
        "n": n,
        "policy": policy,
        "label": followed.conversation.label,
        "scene": followed.conversation.scene.replace("_", " "),
        "score": followed.scores[step - 1],
        "threshold": demo.pattern.alert_threshold,
        "alert_at": followed.alert_at,
        "messages": [_message(demo, followed, index, is_current=index == step - 1) for index in range(step)],
        "chart": _chart(followed, step, demo.pattern.alert_threshold),
        "table": _score_table(demo, followed, step),
        "reasons": _reasons(demo, followed, step),
        "seen": _seen(demo, followed, step, policy),
        "source": demo.source,
    }


def offered_conversations(demo: Demo) -> dict[str, list[tuple[str, str]]]:
    """Ids and titles of a few conversations, by what they were scripted to be and what the model made of them; kinds that do not occur are left out."""
    kinds = {
        "Scripted as a pattern, and flagged": (True, True),
        "Scripted as a pattern, and missed": (True, False),
        "Benign, and flagged all the same": (False, True),
        "Benign, and not flagged": (False, False),
    }
    offered = {}
    for title, kind in kinds.items():
        of_kind = [each for each in demo.followed.values() if (each.is_pattern, each.alert_at > 0) == kind]
        # One of each scene, and those first whose length is easiest to follow.
        by_scene = {each.conversation.scene: each for each in sorted(of_kind, key=_unhandy, reverse=True)}
        chosen_ones = sorted(by_scene.values(), key=_unhandy)[:N_OFFERED]
        if chosen_ones:
            offered[title] = [
                (
                    each.conversation.id,
                    f"{each.conversation.scene.replace('_', ' ')}, {len(each.scores)} messages",
                )
                for each in chosen_ones
            ]
    return offered


def _unhandy(followed: Followed) -> tuple[int, str]:
    return abs(len(followed.scores) - HANDY_LENGTH), followed.conversation.id


@cache
def runnable_policies() -> dict[str, Policy]:
    """The shipped policies that take no model but the one loaded, by name; the oracle is left out, for it looks at the script."""
    from classifier.privacy.policies.policy import shipped_policies

    return {
        policy.name: policy
        for policy in shipped_policies()
        if policy.model_key == OWN_MODEL and policy.evidence != "label"
    }


def _flagged(demo: Demo, followed: Followed, index: int) -> list[str]:
    return demo.model.flagged(followed.probabilities[index])


def _who(followed: Followed, author: str) -> str:
    return "A" if author == followed.conversation.sender else "B"


def _message(demo: Demo, followed: Followed, index: int, *, is_current: bool) -> dict[str, Any]:
    """A message with the words marked that pushed its strongest flagged label."""
    message, flagged = followed.conversation.messages[index], _flagged(demo, followed, index)
    strongest = max(flagged, key=lambda label: followed.probabilities[index][LABELS.index(label)], default="")
    pieces = (
        terms_in_place(demo.model, message.text, strongest)["pieces"] if strongest else ((message.text, 0.0),)
    )
    return {
        "number": index + 1,
        "who": _who(followed, message.author),
        "marked": marked(pieces),
        "flagged": flagged,
        "scripted": message.labels,
        "is_current": is_current,
        "is_alert": index + 1 == followed.alert_at,
    }


def _chart(followed: Followed, step: int, threshold: float) -> dict[str, Any]:
    n = len(followed.scores)
    across, up = Scale(1, max(2, n), 48, 548), Scale(0, 1, 218, 14)
    dots = [
        (across.at(number), up.at(float(score)))
        for number, score in enumerate(followed.scores[:step], start=1)
    ]
    return {
        "dots": dots,
        "line": " ".join(f"{x},{y}" for x, y in dots),
        "threshold": up.at(threshold),
        "alert": across.at(followed.alert_at) if 0 < followed.alert_at <= step else None,
        "x_ticks": across.ticks([1, *range(5, n + 1, 5)]),
        "y_ticks": up.ticks([0, 0.25, 0.5, 0.75, 1]),
    }


def _score_table(demo: Demo, followed: Followed, step: int) -> PrintedTable:
    rows = [
        [
            str(index + 1),
            _who(followed, followed.conversation.messages[index].author),
            ", ".join(_flagged(demo, followed, index)),
            f"{followed.scores[index]:.3f}",
        ]
        for index in range(step)
    ]
    return PrintedTable(["message", "by", "flagged", "score so far"], rows, [False, False, False, True])


def _reasons(demo: Demo, followed: Followed, step: int) -> PrintedTable:
    """What each stage adds to the log-odds of the score at this step; the rows sum to the last."""
    messages = followed.conversation.messages[:step]
    found = explain_conversation(
        demo.pattern,
        demo.model,
        [message.text for message in messages],
        [message.author for message in messages],
        n_messages=1,
    )
    rows = [["where every conversation starts", f"{found.start:+.3f}", ""]]
    for stage in found.stages:
        largest = f"most through message {stage.messages[0].number}" if stage.messages else ""
        rows.append([stage.label, f"{stage.value:+.3f}", largest])
    rows += [[printable(name), f"{value:+.3f}", ""] for name, value in found.others]
    rows.append(
        [
            "sum: the log-odds",
            f"{found.log_odds:+.3f}",
            f"a score of {found.score:.3f}, seen from {_who(followed, found.writer)}",
        ]
    )
    return PrintedTable(["part", "adds to the log-odds", "remark"], rows, [False, True, False])


def _seen(demo: Demo, followed: Followed, step: int, policy: Policy) -> dict[str, Any]:
    """What the policy's own event log says has been read, is kept, and was given to a person by this step."""
    from classifier.model.conversation.monitor import MonitoredScorer
    from classifier.privacy.policies.explain import explain_policy
    from classifier.privacy.simulate.run import run_policy
    from classifier.privacy.simulate.scorer import Scorer
    from classifier.privacy.stream import MessageScores, streams_of

    running = (
        replace(policy, threshold=demo.pattern.alert_threshold)
        if policy.evidence == "text" and policy.where != "none"
        else policy
    )
    [stream] = streams_of([followed.conversation])
    scorer = Scorer(MessageScores({stream.id: followed.probabilities}), MonitoredScorer(demo.pattern))
    events = run_policy(running, [stream], scorer, seed=0).events
    so_far = events[(events["step"] <= step).to_numpy()]
    alerts, later = _numbers(so_far, "alert"), _numbers(events, "alert")
    return {
        "in_words": explain_policy(running).split("\n")[1:],
        "read": len(set(_numbers(so_far, "read"))),
        "kept": len(_numbers(so_far, "kept")) - len(_numbers(so_far, "dropped")),
        "alerted_at": alerts[0] if alerts else 0,
        "would_alert": bool(later),
        "aggregate": policy.release == "aggregate",
        "released": [
            float(value) for value in so_far.loc[(so_far["event"] == "released").to_numpy(), "value"]
        ],
        "levels": policy.levels,
        "shown": [
            {
                "number": int(number),
                "who": _who(followed, followed.conversation.messages[int(number) - 1].author),
                "text": printable(text),
            }
            for number, text in so_far.loc[(so_far["event"] == "shown").to_numpy(), ["message", "text"]]
            .sort_values("message")
            .to_numpy()
        ],
        "looked_at": bool(len(events)),
        "ended": step == len(followed.scores),
    }


def _numbers(events: pd.DataFrame, kind: str) -> list[int]:
    """The messages that events of one kind are about."""
    numbers: list[int] = events.loc[(events["event"] == kind).to_numpy(), "message"].tolist()
    return numbers
