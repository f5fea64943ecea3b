"""Simulation of a policy over conversations.

All that is read, kept, dropped, released and shown is logged. The scorer is the caller's; the policy
decides what it may see, and only what passes ``PolicyView.read`` reaches it. Exposure is computed from the
log.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from classifier.privacy.message_streams import MessageScores, Stream
from classifier.privacy.policies.metadata_trigger import MetadataSignals
from classifier.privacy.policies.policy import Policy
from classifier.privacy.policies.redaction import redacted
from classifier.privacy.policies.release_mechanisms import flip_probability, level, noisy_count
from classifier.privacy.simulate.event_log import EventLog, PolicyRun
from classifier.privacy.simulate.policy_scorer import FIXED_RULES, PolicyScorer, RunningScorer
from classifier.privacy.simulate.policy_view import PolicyView, ReadMessage
from classifier.privacy.simulate.whole_conversation import WHOLE, part_read
from classifier.privacy.uniform_draw import uniform_draw
from classifier.taxonomy import PATTERN, STAGES


@dataclass
class PolicyState:
    """All that a policy carries from one message to the next.

    Parameters
    ----------
    running
        The running scorer's own state.
    kept
        The messages held over, the oldest first.
    score
        The latest score; nan before the first.
    stages_seen
        For each stage, whether it has been seen; () without a rule on stages.
    triggered, text_trigger_found
        Whether the metadata conditions have held, and whether the text trigger has matched.
    alerted, n_still_to_show
        Whether there has been an alert, and how many messages after it are still to be shown.
    """

    running: Any
    kept: deque[ReadMessage] = field(default_factory=deque)
    score: float = math.nan
    stages_seen: tuple[bool, ...] = ()
    triggered: bool = False
    text_trigger_found: bool = False
    alerted: bool = False
    n_still_to_show: int = 0


StateObserver = Callable[[str, int, PolicyState], None]
"""Callback with a conversation's id, the number of messages written, and the policy's state then."""


def obstacle(policy: Policy, stream: Stream, scorer: PolicyScorer) -> str:
    """Why this policy cannot be run here; "" if it can."""
    if policy.where == "none":
        return ""
    if policy.trigger and (stream.metadata is None or not stream.times):
        return "its trigger looks at metadata and times, which are not there"
    if policy.retain_hours and not stream.times:
        return "retain_hours needs the messages' times, which are not there"
    scored_before = isinstance(scorer.messages, MessageScores)
    if not stream.texts and (policy.text_trigger or policy.redactor != "none" or not scored_before):
        return "it needs the messages' text, which is not there"
    if isinstance(scorer.messages, MessageScores) and scorer.messages.columns == WHOLE:
        return part_read(policy)
    if (
        policy.k_of_n
        and isinstance(scorer.messages, MessageScores)
        and not set(STAGES) <= set(scorer.messages.columns)
    ):
        return f"k_of_n counts stages, and the scores have only {', '.join(scorer.messages.columns)}"
    return ""


def _no_observer(id_: str, step: int, state: PolicyState) -> None:
    """No-op callback."""


def run_policy(
    policy: Policy,
    streams: Sequence[Stream],
    scorer: PolicyScorer,
    *,
    seed: int = 0,
    observe_state: StateObserver = _no_observer,
) -> PolicyRun:
    """Run a policy over conversations, message by message.

    ``seed`` reaches every draw (sampling, reports, accepted contacts, chance, flipped bits). Each is made
    from the conversation's id, so it depends neither on the order of the conversations nor on the other ones.
    A policy with a ``fixed_rule`` is scored by it, whatever conversation scorer ``scorer`` brings.
    ``observe_state`` is called after each message. Raises ``ValueError`` when the streams lack what the
    policy looks at.
    """
    if policy.fixed_rule:
        scorer = replace(scorer, conversation=FIXED_RULES[policy.fixed_rule])
    running = scorer.running()
    log = EventLog()
    for position, stream in enumerate(streams):
        if reason := obstacle(policy, stream, scorer):
            raise ValueError(f"policy {policy.name!r} cannot be run on conversation {stream.id!r}: {reason}")
        if policy.where != "none":
            _ConversationRun(policy, stream, scorer, running, seed, position, log).run(observe_state)
    events = log.table([stream.id for stream in streams])
    noisy_alerts = math.nan
    if policy.release == "aggregate":
        n_alerts = int((events["event"] == "alert").sum())
        noisy_alerts = noisy_count(n_alerts, policy.release_epsilon, seed=seed)
    return PolicyRun(policy, events, noisy_alerts)


class _ConversationRun:
    """One policy over one conversation, which has this position in the log."""

    def __init__(
        self,
        policy: Policy,
        stream: Stream,
        scorer: PolicyScorer,
        running: RunningScorer,
        seed: int,
        position: int,
        log: EventLog,
    ) -> None:
        self.policy, self.stream, self.scorer, self.running, self.seed = policy, stream, scorer, running, seed
        self.position, self.log = position, log
        self.view = PolicyView(stream, scorer.messages, self.record)
        self.state = PolicyState(running.start())
        self.after_report = policy.where == "user_report"
        self.reported_messages: list[ReadMessage] = []
        self.looked_at_metadata = False

    def record(self, step: int, event: str, message: int, value: float, hours: float, text: str = "") -> None:
        self.log.add(self.position, step, event, message, value, hours, text)

    def run(self, observe_state: StateObserver) -> None:
        """Handle every message in turn.

        A report comes when the last message has been written, and hands in all of them at once.
        """
        n_messages = len(self.stream)
        reads = self.policy.reads_to_decide
        for index in range(n_messages if self.is_selected() else 0):
            step = n_messages if self.after_report else index + 1
            self.drop_expired(step)
            if reads:
                self.read_and_score(index, step)
            else:
                self.score_unread(index, step)
            observe_state(self.stream.id, step, self.state)
            if self.policy.where == "first_contact" or (self.state.alerted and self.is_finished()):
                break
        if self.reported_messages:
            self.decide(n_messages, self.reported_messages[-1].index)
        self.finish(n_messages)

    def is_selected(self) -> bool:
        """Whether the conversation is sampled, or reported."""
        policy = self.policy
        if self.after_report:
            rate = policy.report_rate if self.stream.label == PATTERN else policy.false_report_rate
            return uniform_draw(self.seed, "report", self.stream.id) < rate
        return uniform_draw(self.seed, "sampling", self.stream.id) < policy.sampling_rate

    def is_finished(self) -> bool:
        """Whether nothing is left to do after an alert."""
        if not self.policy.reads_to_decide:
            return self.policy.release != "full_transcript"
        return self.policy.stop_on_alert and not self.state.n_still_to_show

    def metadata_signals(self, step: int, share_of_conditions_met: float = 0.0) -> MetadataSignals:
        assert self.stream.metadata is not None  # obstacle() has checked it
        if not self.looked_at_metadata:
            self.looked_at_metadata = True
            self.record(step, "metadata", 0, math.nan, self.stream.hours[step - 1])
        return MetadataSignals(
            self.stream.metadata,
            self.stream.initiator,
            self.stream.authors[:step],
            self.stream.times[:step],
            share_of_conditions_met,
        )

    def has_begun(self, step: int) -> bool:
        """Whether all conditions have held together at some message so far."""
        if not self.policy.conditions:
            return True
        if not self.state.triggered:
            signals = self.metadata_signals(step)
            self.state.triggered = all(condition.holds(signals) for condition in self.policy.conditions)
        return self.state.triggered

    def read_and_score(self, index: int, step: int) -> None:
        """Read one message, if the policy may, and score."""
        policy, state = self.policy, self.state
        in_scope = policy.who == "both" or self.stream.authors[index] == self.stream.initiator
        if not in_scope or not self.has_begun(step):
            return
        message = self.view.read(index, step=step)
        if state.alerted and state.n_still_to_show:
            state.n_still_to_show -= 1
            self.show(message, step)
            if policy.stop_on_alert:
                return
        if policy.text_trigger and not state.text_trigger_found:
            match = re.search(policy.text_trigger, message.text, re.IGNORECASE)
            state.text_trigger_found = match is not None
            if not state.text_trigger_found:
                return
        if self.after_report:
            self.reported_messages.append(message)
        self.keep(message, step)
        self.score(message)
        value = state.score if self.enough_stages() else -math.inf
        self.record(step, "scored", index + 1, value, message.hours)
        if state.alerted:
            if policy.release == "full_transcript":
                self.show(message, step)
        elif not self.after_report:
            self.decide(step, index, message)

    def enough_stages(self) -> bool:
        return sum(self.state.stages_seen) >= self.policy.k_of_n

    def score(self, message: ReadMessage) -> None:
        """Update score and stages seen with a message that was read."""
        policy, state = self.policy, self.state
        if policy.window:
            self.score_window()
            return
        state.running = self.running.update(state.running, message.row, message.author)
        state.score = self.running.score(state.running)
        if policy.k_of_n:
            shown = (message.row[: len(STAGES)] >= policy.stage_threshold).tolist()
            before = state.stages_seen or shown
            state.stages_seen = tuple(was or now for was, now in zip(before, shown, strict=True))

    def score_window(self) -> None:
        """Score the last messages kept, and the stages seen in them."""
        policy, state = self.policy, self.state
        messages = list(state.kept)[-policy.window :]
        rows = np.array([message.row for message in messages])
        scores = np.asarray(self.running(rows, [message.author for message in messages]))
        state.score = float(scores.reshape(-1)[-1])
        if policy.k_of_n:
            highest = rows[:, : len(STAGES)].max(axis=0)
            state.stages_seen = tuple((highest >= policy.stage_threshold).tolist())

    def score_unread(self, index: int, step: int) -> None:
        """Score without reading; showing a message to a person reads it."""
        policy, state = self.policy, self.state
        if not state.alerted:
            if policy.evidence != "metadata" and not self.has_begun(step):
                return
            state.score = self.unread_score(step)
            self.record(step, "scored", 0, state.score, self.stream.hours[step - 1])
            self.decide(step, index)
        if state.alerted and policy.release == "full_transcript":
            self.show(self.view.read(index, step=step), step)

    def unread_score(self, step: int) -> float:
        policy = self.policy
        if policy.evidence == "metadata":
            signals = self.metadata_signals(step)
            n_met = sum(condition.holds(signals) for condition in policy.conditions)
            share = n_met / len(policy.conditions)
            return float(self.scorer.metadata(self.metadata_signals(step, share)))
        return {
            "nothing": 1.0,
            "label": float(self.stream.label == PATTERN),
            "chance": uniform_draw(self.seed, "chance", self.stream.id),
        }[policy.evidence]

    def decide(self, step: int, index: int, message: ReadMessage | None = None) -> None:
        """Alert if the score and the stages suffice; release and show."""
        policy, state = self.policy, self.state
        now = self.stream.hours[step - 1]
        # Not "score < threshold": a score of nan must not alert.
        if not state.score >= policy.threshold or not self.enough_stages():
            return
        if policy.accept_rate and uniform_draw(self.seed, "accept", self.stream.id) < policy.accept_rate:
            return
        state.alerted = True
        self.record(step, "alert", index + 1, state.score, now)
        if policy.release in ("alert_bit", "full_transcript"):
            self.record(step, "released", 0, 1.0, now)
        elif policy.release in ("quantised_score", "excerpt"):
            self.record(step, "released", 0, float(level(state.score, policy.levels)), now)
        if policy.shows_text and policy.reads_to_decide:
            self.show_held(step, message)
            state.n_still_to_show = policy.excerpt_messages

    def show_held(self, step: int, message: ReadMessage | None) -> None:
        """Show the messages held at an alert, or the excerpt of them."""
        held = self.reported_messages if self.after_report else list(self.state.kept)
        if not held and message:
            held = [message]
        if self.policy.release == "excerpt":
            held = held[-1 - self.policy.excerpt_messages :]
        for shown in held:
            self.show(shown, step)

    def keep(self, message: ReadMessage, step: int) -> None:
        """Keep a message; drop the oldest when there are too many."""
        if not self.policy.retain_messages:
            return
        while len(self.state.kept) >= self.policy.retain_messages:
            self.drop(step, message.hours)
        self.state.kept.append(message)
        self.record(step, "kept", message.index + 1, math.nan, message.hours)

    def drop_expired(self, step: int) -> None:
        """Drop each message at the hour at which its ``retain_hours`` ended."""
        limit = self.policy.retain_hours
        while self.state.kept and self.state.kept[0].hours + limit <= self.stream.hours[step - 1]:
            self.drop(step, self.state.kept[0].hours + limit)

    def drop(self, step: int, hours: float) -> None:
        self.record(step, "dropped", self.state.kept.popleft().index + 1, math.nan, hours)

    def show(self, message: ReadMessage, step: int) -> None:
        text = redacted(message.text, self.policy.redactor)
        self.record(step, "shown", message.index + 1, math.nan, self.stream.hours[step - 1], text)

    def finish(self, n_messages: int) -> None:
        """Release the randomised bit, and drop what is still kept."""
        if self.policy.release == "randomised_bit":
            probability = flip_probability(self.policy.release_epsilon)
            flipped = uniform_draw(self.seed, "flip", self.stream.id) < probability
            bit = float(self.state.alerted != flipped)
            self.record(n_messages, "released", 0, bit, self.stream.hours[-1])
        while self.state.kept:
            self.drop(n_messages, self.state.kept[0].hours + self.policy.retain_hours)
