"""What happens when a policy watches conversations? An event log of all that is read, kept, dropped, released and shown.

The scorer is the caller's; what it may see is the policy's, and only what passes ``View.read`` reaches it. Exposure is computed from the log.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from classifier.privacy.policies.policy import READS_TO_DECIDE, Policy
from classifier.privacy.policies.redact import redacted
from classifier.privacy.policies.release import flip_probability, level, lot, noisy_count
from classifier.privacy.policies.trigger import Outside
from classifier.privacy.simulate.events import EventLog, PolicyRun
from classifier.privacy.simulate.scorer import RunningScorer, Scorer
from classifier.privacy.stream import MessageScorer, MessageScores, Numbers, Stream
from classifier.taxonomy import LABELS, PATTERN, STAGES


@dataclass(frozen=True)
class Held:
    """A message that was read, at ``hours``, and is in hand or kept."""

    index: int
    author: str
    hours: float
    text: str
    row: Numbers


@dataclass
class State:
    """All that a policy carries from one message of a conversation to the next."""

    running: Any
    kept: deque[Held] = field(default_factory=deque)
    score: float = math.nan
    stages: tuple[bool, ...] = ()
    triggered: bool = False
    found: bool = False
    alerted: bool = False
    still_to_show: int = 0


Watch = Callable[[str, int, State], None]
"""Shown a conversation's id, the number of messages written, and the policy's state then."""


def obstacle(policy: Policy, stream: Stream, scorer: Scorer) -> str:
    """Why this policy cannot be run on such a conversation with such scores; "" when it can."""
    if policy.where == "none":
        return ""
    if policy.trigger and (stream.metadata is None or not stream.times):
        return "its trigger looks at metadata and times, which are not there"
    if policy.retain_hours and not stream.times:
        return "retain_hours needs the messages' times, which are not there"
    if not stream.texts and (
        policy.text_trigger or policy.redactor != "none" or not isinstance(scorer.messages, MessageScores)
    ):
        return "it needs the messages' text, which is not there"
    if policy.k_of_n and isinstance(scorer.messages, MessageScores) and scorer.messages.columns != LABELS:
        return f"k_of_n counts stages, and the scores have only {', '.join(scorer.messages.columns)}"
    return ""


def _unwatched(id_: str, step: int, state: State) -> None:
    """Nobody looks."""


def run_policy(
    policy: Policy, streams: Sequence[Stream], scorer: Scorer, *, seed: int = 0, watch: Watch = _unwatched
) -> PolicyRun:
    """Run ``policy`` over conversations, message by message, as they were written.

    ``seed`` reaches every draw (sampling, reports, chance, flipped bits), each made from the conversation's id, so that neither order nor company matters.
    Raises ``ValueError`` when the streams lack what the policy looks at.
    """
    running = scorer.running()
    log = EventLog()
    for number, stream in enumerate(streams):
        if reason := obstacle(policy, stream, scorer):
            raise ValueError(f"policy {policy.name!r} cannot be run on conversation {stream.id!r}: {reason}")
        if policy.where != "none":
            _Observation(policy, stream, scorer, running, seed, number, log).run(watch)
    events = log.table([stream.id for stream in streams])
    alerts = int((events["event"] == "alert").sum())
    return PolicyRun(
        policy,
        events,
        noisy_count(alerts, policy.release_epsilon, seed=seed) if policy.release == "aggregate" else math.nan,
    )


class View:
    """The one door to a conversation's texts and scores. Whatever passes it stands in the log as read."""

    def __init__(
        self, stream: Stream, messages: MessageScorer | MessageScores, record: Callable[..., None]
    ) -> None:
        if isinstance(messages, MessageScores) and len(messages.rows.get(stream.id, ())) != len(stream):
            raise ValueError(
                f"scores hold no row for each of the {len(stream)} messages of conversation {stream.id!r}"
            )
        self._stream, self._record = stream, record
        self._row = (
            messages.rows[stream.id].__getitem__
            if isinstance(messages, MessageScores)
            else lambda index: np.asarray(messages([stream.texts[index]]), dtype=np.float64)[0]
        )

    def read(self, index: int, *, step: int) -> Held:
        """Message ``index`` (0-based), read when message ``step`` (1-based) has been written."""
        stream, now = self._stream, self._stream.hours[step - 1]
        self._record(step, "read", index + 1, math.nan, now)
        return Held(
            index, stream.authors[index], now, stream.texts[index] if stream.texts else "", self._row(index)
        )


class _Observation:
    """One policy watching one conversation."""

    def __init__(
        self,
        policy: Policy,
        stream: Stream,
        scorer: Scorer,
        running: RunningScorer,
        seed: int,
        number: int,
        log: EventLog,
    ) -> None:
        self.policy, self.stream, self.scorer, self.running, self.seed = policy, stream, scorer, running, seed
        self.number, self.log = number, log
        self.view = View(stream, scorer.messages, self.record)
        self.state = State(running.start())
        self.reported = policy.where == "user_report"
        self.handed_in: list[Held] = []

    def record(self, step: int, event: str, message: int, value: float, hours: float, text: str = "") -> None:
        self.log.add(self.number, step, event, message, value, hours, text)

    def run(self, watch: Watch) -> None:
        """Every message in turn; a report comes when the last has been written, and hands all of them in at once."""
        n = len(self.stream)
        reads = self.policy.evidence == READS_TO_DECIDE
        for index in range(n if self.looked_at() else 0):
            step = n if self.reported else index + 1
            self.forget(step)
            if reads:
                self.read_and_judge(index, step)
            else:
                self.judge_unread(index, step)
            watch(self.stream.id, step, self.state)
            if self.state.alerted and self.finished(reads):
                break
        if self.reported and reads and self.handed_in:
            self.decide(n, self.handed_in[-1].index)
        self.close(n)

    def looked_at(self) -> bool:
        """Whether the lot, or a report, brings the policy to this conversation at all."""
        if self.reported:
            rate = self.policy.report_rate if self.stream.label == PATTERN else self.policy.false_report_rate
            return lot(self.seed, "report", self.stream.id) < rate
        return lot(self.seed, "sampling", self.stream.id) < self.policy.sampling_rate

    def finished(self, reads: bool) -> bool:
        if not reads:
            return self.policy.release != "full_transcript"
        return self.policy.stop_on_alert and not self.state.still_to_show

    def outside(self, step: int, met: float = 0.0) -> Outside:
        assert self.stream.metadata is not None  # obstacle() has seen to it
        return Outside(
            self.stream.metadata,
            self.stream.initiator,
            self.stream.authors[:step],
            self.stream.times[:step],
            met,
        )

    def may_begin(self, step: int) -> bool:
        """Whether all conditions have held together at some message so far."""
        if self.policy.conditions and not self.state.triggered:
            outside = self.outside(step)
            self.state.triggered = all(condition.holds(outside) for condition in self.policy.conditions)
        return self.state.triggered or not self.policy.conditions

    def read_and_judge(self, index: int, step: int) -> None:
        """Read one message, if the policy may, and score what it then holds."""
        policy, state = self.policy, self.state
        mine = policy.who == "both" or self.stream.authors[index] == self.stream.initiator
        if not mine or not self.may_begin(step):
            return
        held = self.view.read(index, step=step)
        if state.alerted and state.still_to_show:
            state.still_to_show -= 1
            self.show(held, step)
            if policy.stop_on_alert:
                return
        if policy.text_trigger and not state.found:
            state.found = re.search(policy.text_trigger, held.text, re.IGNORECASE) is not None
            if not state.found:
                return
        if self.reported:
            self.handed_in.append(held)
        self.keep(held, step)
        self.score(held)
        enough = not policy.k_of_n or sum(state.stages) >= policy.k_of_n
        self.record(step, "scored", index + 1, state.score if enough else -math.inf, held.hours)
        if state.alerted:
            if policy.release == "full_transcript":
                self.show(held, step)
        elif not self.reported:
            self.decide(step, index, held)

    def score(self, held: Held) -> None:
        """The score of what is held now, and the stages seen in it."""
        policy, state = self.policy, self.state
        if policy.window:
            inside = list(state.kept)[-policy.window :]
            rows = np.array([message.row for message in inside])
            state.score = float(
                np.asarray(self.running(rows, [message.author for message in inside])).reshape(-1)[-1]
            )
            if policy.k_of_n:
                state.stages = tuple((rows[:, : len(STAGES)].max(axis=0) >= policy.stage_threshold).tolist())
            return
        state.running = self.running.update(state.running, held.row, held.author)
        state.score = self.running.score(state.running)
        if policy.k_of_n:
            shown = (held.row[: len(STAGES)] >= policy.stage_threshold).tolist()
            state.stages = tuple(
                before or now for before, now in zip(state.stages or shown, shown, strict=True)
            )

    def judge_unread(self, index: int, step: int) -> None:
        """Score without reading; what a human is then shown is read by showing it."""
        policy, state = self.policy, self.state
        if not state.alerted:
            if policy.evidence == "metadata":
                outside = self.outside(step)
                met = sum(condition.holds(outside) for condition in policy.conditions) / len(
                    policy.conditions
                )
                state.score = float(self.scorer.metadata(self.outside(step, met)))
            elif self.may_begin(step):
                state.score = {
                    "nothing": 1.0,
                    "label": float(self.stream.label == PATTERN),
                    "chance": lot(self.seed, "chance", self.stream.id),
                }[policy.evidence]
            else:
                return
            self.record(step, "scored", 0, state.score, self.stream.hours[step - 1])
            self.decide(step, index)
        if state.alerted and policy.release == "full_transcript":
            self.show(self.view.read(index, step=step), step)

    def decide(self, step: int, index: int, held: Held | None = None) -> None:
        """Alert when the score is at or over the threshold and enough stages have been seen; release, and show, what is to be."""
        policy, state, now = self.policy, self.state, self.stream.hours[step - 1]
        if not state.score >= policy.threshold or sum(state.stages) < policy.k_of_n:
            return
        state.alerted = True
        self.record(step, "alert", index + 1, state.score, now)
        if policy.release in ("alert_bit", "full_transcript"):
            self.record(step, "released", 0, 1.0, now)
        elif policy.release in ("quantised_score", "excerpt"):
            self.record(step, "released", 0, float(level(state.score, policy.levels)), now)
        if policy.shows_text and policy.evidence == READS_TO_DECIDE:
            in_hand = (
                self.handed_in
                if self.reported
                else list(state.kept) or [message for message in (held,) if message]
            )
            before = in_hand[-1 - policy.excerpt_messages :] if policy.release == "excerpt" else in_hand
            for message in before:
                self.show(message, step)
            state.still_to_show = policy.excerpt_messages

    def keep(self, held: Held, step: int) -> None:
        """Hold a message over, and forget the oldest when there are too many."""
        if not self.policy.retain_messages:
            return
        while len(self.state.kept) >= self.policy.retain_messages:
            self.drop(step, held.hours)
        self.state.kept.append(held)
        self.record(step, "kept", held.index + 1, math.nan, held.hours)

    def forget(self, step: int) -> None:
        """Drop what has been kept for as long as it may be, at the hour that was up."""
        limit = self.policy.retain_hours
        while self.state.kept and self.state.kept[0].hours + limit <= self.stream.hours[step - 1]:
            self.drop(step, self.state.kept[0].hours + limit)

    def drop(self, step: int, hours: float) -> None:
        self.record(step, "dropped", self.state.kept.popleft().index + 1, math.nan, hours)

    def show(self, held: Held, step: int) -> None:
        self.record(
            step,
            "shown",
            held.index + 1,
            math.nan,
            self.stream.hours[step - 1],
            redacted(held.text, self.policy.redactor),
        )

    def close(self, n: int) -> None:
        """After the last message: the flipped bit that is released for every conversation, and the end of what is still kept."""
        if self.policy.release == "randomised_bit":
            flipped = lot(self.seed, "flip", self.stream.id) < flip_probability(self.policy.release_epsilon)
            self.record(n, "released", 0, float(self.state.alerted != flipped), self.stream.hours[-1])
        while self.state.kept:
            self.drop(n, self.state.kept[0].hours + self.policy.retain_hours)
