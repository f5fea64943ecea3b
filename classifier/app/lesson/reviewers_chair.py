"""Values of *In the reviewer's chair*: alerts to decide on, with too few minutes.

The whole round stands in the address: which queue, the decisions and the answers to appeals so far.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from classifier.app.demo_data import Demo
from classifier.app.form_fields import FormFields
from classifier.app.lesson.alert_queue import (
    AROUND,
    DISMISSED,
    DISMISSED_AFTER_ALL,
    KEPT,
    MESSAGES_A_MINUTE,
    MINUTES_FOR_APPEAL,
    MINUTES_FOR_PART,
    PASSED,
    PASSED_AFTER_ALL,
    QUEUE_LENGTH,
    READ_ON,
    WITHDRAWN,
    Alert,
    alarm_step,
    alarm_thresholds,
    appealing,
    draw_queue,
    minutes_used,
    outcome,
)
from classifier.app.lesson.guessed_score import flagged_labels, plain_message
from classifier.app.lesson.threshold_dial import PEOPLE, among_people, option_field
from classifier.app.number_formats import format_count

ONE_IN = {"10": "1 in 10", "100": "1 in 100", "1000": "1 in 1,000"}
"""Supposed shares of conversations that are patterns."""
DEFAULT_ONE_IN = "100"
BUDGETS = {"10": "10 minutes", "20": "20 minutes", "40": "40 minutes"}
DEFAULT_BUDGET = "20"
QUEUES = {str(number): f"queue {number}" for number in range(1, 6)}


def chair_view(demo: Demo, fields: FormFields) -> dict[str, Any]:
    """The next alert, the next appeal, or the end of the round.

    The fields ``one_in``, ``minutes`` and ``queue`` choose the round, ``decisions`` and ``answers`` are what
    was decided so far, a letter each, and ``now`` is the letter just pressed. ``stop`` ends the round.
    """
    setting = {
        "one_in": option_field(fields, "one_in", list(ONE_IN), default=DEFAULT_ONE_IN),
        "minutes": option_field(fields, "minutes", list(BUDGETS), default=DEFAULT_BUDGET),
        "queue": option_field(fields, "queue", list(QUEUES), default="1"),
    }
    alerts = draw_queue(demo, one_in=int(setting["one_in"]), seed=int(setting["queue"]))
    decisions = decisions_so_far(fields.get("decisions", "") + fields.get("now", ""))
    answers = answers_so_far(
        fields.get("answers", "") + fields.get("answer", ""), len(appealing(alerts, decisions))
    )
    left = int(setting["minutes"]) - minutes_used(alerts, decisions, answers)
    stopped = "stop" in fields
    state = {**setting, "decisions": decisions, "answers": answers}
    return {
        "options": {"one_in": ONE_IN, "minutes": BUDGETS, "queue": QUEUES},
        "setting": setting,
        "state": {name: value for name, value in state.items() if value},
        "begun": bool(decisions) or stopped,
        "left": max(left, 0),
        "costs": {
            "part": MINUTES_FOR_PART,
            "appeal": MINUTES_FOR_APPEAL,
            "messages": MESSAGES_A_MINUTE,
            "around": AROUND,
        },
        "n": len(alerts),
        "threshold": f"{alarm_step().threshold:g}",
        **_stage(demo, alerts, decisions, answers, left, stopped=stopped),
        "policy": policy_figures(int(setting["one_in"])),
        "alerts": [_alert_values(demo, alert, whole=False) for alert in alerts],
        "thresholds": alarm_thresholds(demo),
        "source": demo.source,
    }


def decisions_so_far(text: str) -> str:
    """The decisions in an address, without what is none.

    A conversation that was read on has one letter, a capital once it is decided on.

    >>> decisions_so_far("pdrp"), decisions_so_far("pr"), decisions_so_far("p?rd")
    ('pdP', 'pr', 'pD')
    """
    known = re.sub(rf"[^{PASSED}{DISMISSED}{READ_ON}{PASSED_AFTER_ALL}{DISMISSED_AFTER_ALL}]", "", text[:100])
    joined = known.replace(READ_ON + PASSED, PASSED_AFTER_ALL).replace(
        READ_ON + DISMISSED, DISMISSED_AFTER_ALL
    )
    return (re.sub(rf"{READ_ON}(?!$)", "", joined))[:QUEUE_LENGTH]


def answers_so_far(text: str, n_appeals: int) -> str:
    """The answers to appeals in an address, at most one for each.

    >>> answers_so_far("kw?k", 2)
    'kw'
    """
    return re.sub(rf"[^{KEPT}{WITHDRAWN}]", "", text[:100])[:n_appeals]


def _stage(
    demo: Demo, alerts: list[Alert], decisions: str, answers: str, left: int, *, stopped: bool
) -> dict[str, Any]:
    """The ``alert`` to decide on, else the ``appeal`` to answer, else the ``end``."""
    values: dict[str, Any] = {"alert": None, "appeal": None, "end": None}
    reading_on = decisions.endswith(READ_ON)
    n_decided = len(decisions) - reading_on
    appeals = appealing(alerts, decisions)
    if not stopped and n_decided < len(alerts) and (reading_on or left >= MINUTES_FOR_PART):
        alert = alerts[n_decided]
        values["alert"] = _alert_values(demo, alert, whole=reading_on) | {
            "number": n_decided + 1,
            "can_read_on": not reading_on and left - MINUTES_FOR_PART >= alert.minutes_for_whole,
        }
    elif not stopped and len(answers) < len(appeals) and left >= MINUTES_FOR_APPEAL:
        values["appeal"] = _alert_values(demo, appeals[len(answers)], whole=True) | {
            "number": len(answers) + 1,
            "of": len(appeals),
        }
    else:
        values["end"] = _end(alerts, decisions.removesuffix(READ_ON), answers)
    return values


def _alert_values(demo: Demo, alert: Alert, *, whole: bool) -> dict[str, Any]:
    scored = alert.scored
    shown = range(len(scored.scores)) if whole else alert.part
    seen = {label for index in range(alert.at) for label in flagged_labels(demo, scored, index)}
    return {
        "at": alert.at,
        "n": len(scored.scores),
        "score": f"{scored.scores[alert.at - 1]:.2f}",
        "labels": sorted(seen),
        "messages": [plain_message(scored, index) for index in shown],
        "minutes_for_whole": alert.minutes_for_whole,
        "whole": whole,
        "is_pattern": scored.is_pattern,
        "scene": scored.scene,
        "id": scored.conversation.id,
    }


def _end(alerts: list[Alert], decisions: str, answers: str) -> dict[str, Any]:
    """The counts of the round, beside those of passing on everything and of passing on nothing."""
    rounds = {
        "yours": outcome(alerts, decisions, answers),
        "everything": outcome(alerts, PASSED * len(alerts), ""),
        "nothing": outcome(alerts, "", ""),
    }
    return {
        **{name: asdict(counts) for name, counts in rounds.items()},
        "n_read": min(len(decisions), len(alerts)),
        "unanswered": len(appealing(alerts, decisions)) - len(answers),
        "list": [
            {
                "number": number,
                "is_pattern": alert.scored.is_pattern,
                "scene": alert.scored.scene,
                "decision": decisions[number - 1 : number],
                "id": alert.scored.conversation.id,
                "at": alert.at,
            }
            for number, alert in enumerate(alerts, start=1)
        ],
    }


def policy_figures(one_in: int) -> dict[str, Any]:
    """What the policy of the queue gives among a million conversations: a person reads every alert.

    The rates were counted on the test split.
    """
    step = alarm_step()
    found, alarms = PEOPLE / one_in * step.recall, PEOPLE * (1 - 1 / one_in) * step.false_positive_rate
    hours = (found + alarms) * MINUTES_FOR_PART / 60
    return among_people(step, 1 / one_in) | {"hours": format_count(hours)}
