"""Values of *Guess, then see*: a conversation whose score appears once the class has voted."""

from __future__ import annotations

import re
from itertools import chain
from typing import Any

from classifier.app.axis_scale import Scale
from classifier.app.demo_data import Demo, ScoredConversation
from classifier.app.form_fields import FormFields, RequestError, quoted
from classifier.app.lesson.alert_queue import alarm_thresholds
from classifier.app.lesson.explained_message import marked_text
from classifier.model.conversation.explain import explain_conversation
from classifier.model.message.explain import terms_in_place
from classifier.report.printed_tables import PrintedTable
from classifier.taxonomy import COLUMNS, STAGES
from classifier.text import printable

FEATURED = {
    "v2-test-000007": "Plans for a week at a lake",
    "v2-test-000003": "Football boots",
    "v2-test-000096": "Swapping a keyboard",
}
"""Conversations of the released corpus: a good one, a pattern that builds up, a hard good one."""
VOTES = {"f": "fine", "u": "unsure", "w": "worried"}
"""What the class can vote, by the letter that stands in an address."""
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


def guess_view(demo: Demo, fields: FormFields) -> dict[str, Any]:
    """Conversation ``id`` up to message ``step``, and its scores once there is a ``vote``.

    ``votes`` are the earlier votes, such as ``4f9w``: fine at message 4, worried at message 9. A step past
    the end is the last message, so that the conversation can be switched at any time.
    """
    featured = featured_conversations(demo)
    id_ = fields.get("id", next(iter(featured)))
    if id_ not in demo.scored_conversations:
        raise RequestError(404, f"id: there is no conversation {quoted(id_)} here. Choose one from the list.")
    scored = demo.scored_conversations[id_]
    n = len(scored.scores)
    step = _step(fields.get("step", "1"), n)
    vote = fields.get("vote", "")
    votes = earlier_votes(fields.get("votes", ""), n)
    if vote in VOTES:
        votes[step] = vote
    return {
        "featured": featured,
        "others": other_conversations(demo, featured),
        "id": id_,
        "n": n,
        "step": step,
        "votes": votes_text(votes),
        "options": VOTES,
        "messages": [plain_message(scored, index) for index in range(step)],
        "answer": _answer(demo, scored, step, votes) if vote in VOTES else None,
        "thresholds": alarm_thresholds(demo),
        "source": demo.source,
    }


def _step(text: str, n: int) -> int:
    is_number = text.isascii() and text.isdigit()
    return min(max(int(text[:6]), 1), n) if is_number else 1


def earlier_votes(text: str, n: int) -> dict[int, str]:
    """Votes by message, up to message ``n``; what is no vote is left out.

    >>> earlier_votes("4f9w300f?", 20)
    {4: 'f', 9: 'w'}
    """
    found = re.findall(rf"(\d{{1,3}})([{''.join(VOTES)}])", text[:200], re.ASCII)
    return {int(step): vote for step, vote in found if 1 <= int(step) <= n}


def votes_text(votes: dict[int, str]) -> str:
    """Votes as they stand in an address.

    >>> votes_text({9: "w", 4: "f"})
    '4f9w'
    """
    return "".join(f"{step}{votes[step]}" for step in sorted(votes))


def featured_conversations(demo: Demo) -> dict[str, str]:
    """Titles of the conversations for a lesson, by id.

    Of another corpus than the released one, those of the right kinds that are easiest to follow.
    """
    if all(id_ in demo.scored_conversations for id_ in FEATURED):
        return FEATURED
    offered = offered_conversations(demo)
    kinds = [
        "Benign, and not flagged",
        "Scripted as a pattern, and flagged",
        "Benign, and flagged all the same",
    ]
    firsts = [offered[kind][0] for kind in kinds if kind in offered]
    return {id_: title.capitalize() for id_, title in firsts or next(iter(offered.values()))}


def other_conversations(demo: Demo, featured: dict[str, str]) -> list[tuple[str, str]]:
    """Ids and titles of more conversations, mixed, so that the list gives nothing away."""
    offered = sorted(chain.from_iterable(offered_conversations(demo).values()))
    return [(id_, title) for id_, title in offered if id_ not in featured]


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


def plain_message(scored: ScoredConversation, index: int) -> dict[str, Any]:
    """A message as its readers see it: number, side and text."""
    message = scored.conversation.messages[index]
    return {"number": index + 1, "who": scored.side(message.author), "text": printable(message.text)}


def _answer(demo: Demo, scored: ScoredConversation, step: int, votes: dict[int, str]) -> dict[str, Any]:
    """What appears after a vote."""
    flagged = {index + 1: flagged_labels(demo, scored, index) for index in range(step)}
    stages = {stage: [at for at in flagged if stage in flagged[at]] for stage in STAGES}
    threshold = demo.conversation_model.alert_threshold
    return {
        "vote": VOTES[votes[step]],
        "score": scored.scores[step - 1],
        "threshold": threshold,
        "alert_at": scored.alert_at,
        "label": scored.conversation.label,
        "scene": scored.scene,
        "stages": {stage: numbers for stage, numbers in stages.items() if numbers},
        "messages": [_marked_message(demo, scored, index) for index in range(step)],
        "votes": [(at, VOTES[vote], f"{scored.scores[at - 1]:.2f}") for at, vote in sorted(votes.items())],
        "chart": _chart(scored, step, threshold),
        "table": _score_table(demo, scored, step),
        "reasons": _reasons(demo, scored, step),
    }


def flagged_labels(demo: Demo, scored: ScoredConversation, index: int) -> list[str]:
    """Labels that the model flags in one message."""
    return demo.model.flagged(scored.probabilities[index])


def _marked_message(demo: Demo, scored: ScoredConversation, index: int) -> dict[str, Any]:
    """A message, with the words marked that pushed its strongest flagged label."""
    message = scored.conversation.messages[index]
    flagged = flagged_labels(demo, scored, index)
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
        "score": f"{scored.scores[index]:.2f}",
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
            ", ".join(flagged_labels(demo, scored, index)),
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
