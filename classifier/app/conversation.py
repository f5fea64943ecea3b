"""Values of the page that follows a conversation message by message."""

from __future__ import annotations

from typing import Any

from classifier.app.demo import Demo, ScoredConversation
from classifier.app.form import FormFields, RequestError, choice_field, integer_field, quoted
from classifier.app.message import marked_text
from classifier.app.reviewer import reviewer_values, runnable_policies
from classifier.app.scale import Scale
from classifier.model.conversation.explain import explain_conversation
from classifier.model.message.explain import terms_in_place
from classifier.report.tables import PrintedTable
from classifier.taxonomy import COLUMNS
from classifier.text import printable

DEFAULT_POLICY = "device_redacted_excerpt"
N_OFFERED = 4
"""Conversations offered of each of the four kinds."""
PREFERRED_LENGTH = 14
"""Messages of a conversation that is easy to follow."""
KINDS = {
    "Scripted as a pattern, and flagged": (True, True),
    "Scripted as a pattern, and missed": (True, False),
    "Benign, and flagged all the same": (False, True),
    "Benign, and not flagged": (False, False),
}
"""Kinds of conversations: whether scripted as a pattern, and whether flagged."""


def conversation_view(demo: Demo, fields: FormFields) -> dict[str, Any]:
    """Conversation ``id`` up to message ``step``, under ``policy``.

    The values are its messages and score so far, and what the policy has read, kept and shown.
    """
    offered = offered_conversations(demo)
    first = next(iter(offered.values()))[0][0]
    id_ = fields.get("id", first)
    if id_ not in demo.scored_conversations:
        raise RequestError(404, f"id: there is no conversation {quoted(id_)} here. Choose one from the list.")
    scored = demo.scored_conversations[id_]
    n = len(scored.scores)
    step = integer_field(fields, "step", low=1, high=n, default=1)
    policies = runnable_policies()
    policy = policies[choice_field(fields, "policy", policies, default=DEFAULT_POLICY)]
    threshold = demo.conversation_model.alert_threshold
    return {
        "offered": offered,
        "policies": policies,
        "id": id_,
        "step": step,
        "n": n,
        "policy": policy,
        "label": scored.conversation.label,
        "scene": scored.scene,
        "score": scored.scores[step - 1],
        "threshold": threshold,
        "alert_at": scored.alert_at,
        "messages": [_message(demo, scored, index, is_current=index == step - 1) for index in range(step)],
        "chart": _chart(scored, step, threshold),
        "table": _score_table(demo, scored, step),
        "reasons": _reasons(demo, scored, step),
        "seen": reviewer_values(demo, scored, step, policy),
        "source": demo.source,
    }


def offered_conversations(demo: Demo) -> dict[str, list[tuple[str, str]]]:
    """Ids and titles of a few conversations, by kind.

    Each scene occurs at most once in a kind, and a kind without conversations is left out.
    """
    offered = {}
    for title, (is_pattern, is_flagged) in KINDS.items():
        of_kind = [
            scored
            for scored in demo.scored_conversations.values()
            if scored.is_pattern == is_pattern and (scored.alert_at > 0) == is_flagged
        ]
        best_of_scene: dict[str, ScoredConversation] = {}
        for scored in sorted(of_kind, key=_distance_from_preferred_length):
            best_of_scene.setdefault(scored.scene, scored)
        chosen = list(best_of_scene.values())[:N_OFFERED]
        if chosen:
            offered[title] = [
                (scored.conversation.id, f"{scored.scene}, {len(scored.scores)} messages")
                for scored in chosen
            ]
    return offered


def _distance_from_preferred_length(scored: ScoredConversation) -> tuple[int, str]:
    # The id breaks ties, so that the order is always the same.
    return abs(len(scored.scores) - PREFERRED_LENGTH), scored.conversation.id


def _flagged(demo: Demo, scored: ScoredConversation, index: int) -> list[str]:
    return demo.model.flagged(scored.probabilities[index])


def _message(demo: Demo, scored: ScoredConversation, index: int, *, is_current: bool) -> dict[str, Any]:
    """A message, with the words marked that pushed its strongest flagged label."""
    message = scored.conversation.messages[index]
    flagged = _flagged(demo, scored, index)
    probabilities = dict(zip(COLUMNS, scored.probabilities[index], strict=True))
    if flagged:
        strongest = max(flagged, key=lambda label: probabilities[label])
        pieces = terms_in_place(demo.model, message.text, strongest).pieces
    else:
        pieces = ((message.text, 0.0),)
    return {
        "number": index + 1,
        "who": scored.side(message.author),
        "marked": marked_text(pieces),
        "flagged": flagged,
        "scripted": message.labels,
        "is_current": is_current,
        "is_alert": index + 1 == scored.alert_at,
    }


def _chart(scored: ScoredConversation, step: int, threshold: float) -> dict[str, Any]:
    n = len(scored.scores)
    across, up = Scale(1, max(2, n), 48, 548), Scale(0, 1, 218, 14)
    dots = [
        (across.at(number), up.at(float(score))) for number, score in enumerate(scored.scores[:step], start=1)
    ]
    return {
        "dots": dots,
        "line": " ".join(f"{x},{y}" for x, y in dots),
        "threshold": up.at(threshold),
        "alert": across.at(scored.alert_at) if 0 < scored.alert_at <= step else None,
        "x_ticks": across.ticks([1, *range(5, n + 1, 5)]),
        "y_ticks": up.ticks([0, 0.25, 0.5, 0.75, 1]),
    }


def _score_table(demo: Demo, scored: ScoredConversation, step: int) -> PrintedTable:
    rows = [
        [
            str(index + 1),
            scored.side(message.author),
            ", ".join(_flagged(demo, scored, index)),
            f"{scored.scores[index]:.3f}",
        ]
        for index, message in enumerate(scored.conversation.messages[:step])
    ]
    return PrintedTable(["message", "by", "flagged", "score so far"], rows, [False, False, False, True])


def _reasons(demo: Demo, scored: ScoredConversation, step: int) -> PrintedTable:
    """What each stage adds to the log-odds of the score; the last row is the sum."""
    messages = scored.conversation.messages[:step]
    explanation = explain_conversation(
        demo.conversation_model,
        demo.model,
        [message.text for message in messages],
        [message.author for message in messages],
        n_messages=1,
    )
    rows = [["where every conversation starts", f"{explanation.start:+.3f}", ""]]
    for stage in explanation.stages:
        largest = f"most through message {stage.messages[0].number}" if stage.messages else ""
        rows.append([stage.label, f"{stage.value:+.3f}", largest])
    rows += [[printable(name), f"{value:+.3f}", ""] for name, value in explanation.others]
    remark = f"a score of {explanation.score:.3f}, seen from {scored.side(explanation.writer)}"
    rows.append(["sum: the log-odds", f"{explanation.log_odds:+.3f}", remark])
    return PrintedTable(["part", "adds to the log-odds", "remark"], rows, [False, True, False])
