"""A queue of alerts at a stated prevalence, and what became of each alert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from classifier.app.demo_data import Demo, ScoredConversation, first_at_or_over
from classifier.app.lesson.threshold_dial_figures import DialStep, shipped_dial

QUEUE_LENGTH = 10
ALARM_STEP = 6
"""Step of the dial, from 1, at which the alerts of the queue are raised."""
AROUND = 2
"""Messages that are shown before and after the message of an alert."""
MINUTES_FOR_PART = 1
MINUTES_FOR_APPEAL = 2
MESSAGES_A_MINUTE = 10
"""Messages of a whole conversation that are read in a minute."""

PASSED, DISMISSED, READ_ON = "p", "d", "r"
PASSED_AFTER_ALL, DISMISSED_AFTER_ALL = "P", "D"
"""Decisions: capital letters are of conversations that were read whole first."""
KEPT, WITHDRAWN = "k", "w"
"""Answers to an appeal."""


@dataclass(frozen=True)
class Alert:
    """An alert in the queue, raised at message ``at`` (from 1) of a conversation."""

    scored: ScoredConversation
    at: int

    @property
    def part(self) -> range:
        """Indices of the messages that are shown at first."""
        return range(max(0, self.at - 1 - AROUND), min(len(self.scored.scores), self.at + AROUND))

    @property
    def minutes_for_whole(self) -> int:
        """Minutes to read the whole conversation, after the part."""
        return -(-len(self.scored.scores) // MESSAGES_A_MINUTE)


def alarm_step() -> DialStep:
    """The step of the dial at which the alerts are raised."""
    return shipped_dial().steps[ALARM_STEP - 1]


def alarm_thresholds(demo: Demo) -> dict[str, str]:
    """Scores, as text, that raise an alarm in ``guess`` and in the ``queue``."""
    return {
        "guess": f"{demo.conversation_model.alert_threshold:.2f}",
        "queue": f"{alarm_step().threshold:g}",
    }


def share_of_patterns(one_in: int) -> float:
    """Share of alerts that are patterns, where one conversation in ``one_in`` is.

    The rates are those of the dial's step, counted on the whole test split.
    """
    from classifier.evaluation.base_rates import ppv

    step = alarm_step()
    return ppv(step.recall, step.false_positive_rate, 1 / one_in)


def draw_queue(demo: Demo, *, one_in: int, seed: int) -> list[Alert]:
    """``QUEUE_LENGTH`` alerts in random order, patterns among them in the share to be expected, rounded.

    A model under which too few conversations reach the threshold has those with its highest scores; a corpus
    of few conversations gives a shorter queue.
    """
    n_patterns = round(QUEUE_LENGTH * share_of_patterns(one_in))
    rng = Random(f"{one_in}:{seed}")
    patterns = _alerts(demo, is_pattern=True, at_least=n_patterns)
    benign = _alerts(demo, is_pattern=False, at_least=QUEUE_LENGTH)
    alerts = [
        *rng.sample(patterns, min(n_patterns, len(patterns))),
        *rng.sample(benign, min(QUEUE_LENGTH - n_patterns, len(benign))),
    ]
    rng.shuffle(alerts)
    return alerts


def _alerts(demo: Demo, *, is_pattern: bool, at_least: int) -> list[Alert]:
    """Alerts of one kind, by falling score, one for each dialogue."""
    threshold = alarm_step().threshold
    of_kind = [each for each in demo.scored_conversations.values() if each.is_pattern == is_pattern]
    alerts: dict[str, Alert] = {}
    for each in sorted(of_kind, key=lambda each: (-each.scores.max(), each.conversation.id)):
        at = first_at_or_over(each.scores, threshold)
        if not at and len(alerts) >= at_least:
            break
        at = at or int(each.scores.argmax()) + 1
        alerts.setdefault(each.conversation.messages[at - 1].family, Alert(each, at))
    return list(alerts.values())


def minutes_used(alerts: Sequence[Alert], decisions: str, answers: str) -> int:
    """Minutes that went into the decisions and the answers to appeals."""
    minutes = len(answers) * MINUTES_FOR_APPEAL
    for alert, decision in zip(alerts, decisions, strict=False):
        read_whole = decision in (READ_ON, PASSED_AFTER_ALL, DISMISSED_AFTER_ALL)
        minutes += MINUTES_FOR_PART + read_whole * alert.minutes_for_whole
    return minutes


def appealing(alerts: Sequence[Alert], decisions: str) -> list[Alert]:
    """The alerts that were passed on: everybody who is passed on objects."""
    return [
        alert
        for alert, decision in zip(alerts, decisions, strict=False)
        if decision in (PASSED, PASSED_AFTER_ALL)
    ]


@dataclass(frozen=True)
class Outcome:
    """Counts at the end of a round. ``innocent`` counts benign conversations, each of two people."""

    innocent_read: int
    innocent_read_whole: int
    innocent_passed: int
    innocent_withdrawn: int
    patterns: int
    patterns_passed: int
    patterns_withdrawn: int
    patterns_dismissed: int
    patterns_unread: int


def outcome(alerts: Sequence[Alert], decisions: str, answers: str) -> Outcome:
    """What became of the alerts, after ``decisions`` and ``answers`` to appeals in order."""
    decided = list(zip(alerts, decisions, strict=False))
    answered = list(zip(appealing(alerts, decisions), answers, strict=False))

    def count(*, is_pattern: bool, among: str) -> int:
        return sum(each.scored.is_pattern == is_pattern and decision in among for each, decision in decided)

    def withdrawn(*, is_pattern: bool) -> int:
        return sum(each.scored.is_pattern == is_pattern and answer == WITHDRAWN for each, answer in answered)

    whole = PASSED_AFTER_ALL + DISMISSED_AFTER_ALL + READ_ON
    n_patterns = sum(each.scored.is_pattern for each in alerts)
    return Outcome(
        innocent_read=count(is_pattern=False, among=PASSED + DISMISSED + whole),
        innocent_read_whole=count(is_pattern=False, among=whole),
        innocent_passed=count(is_pattern=False, among=PASSED + PASSED_AFTER_ALL),
        innocent_withdrawn=withdrawn(is_pattern=False),
        patterns=n_patterns,
        patterns_passed=count(is_pattern=True, among=PASSED + PASSED_AFTER_ALL),
        patterns_withdrawn=withdrawn(is_pattern=True),
        patterns_dismissed=count(is_pattern=True, among=DISMISSED + DISMISSED_AFTER_ALL),
        patterns_unread=n_patterns - count(is_pattern=True, among=PASSED + DISMISSED + whole),
    )
