"""Exact explanations of a conversation's score by stage, message and term.

Every level sums to the one above. Two scales are kept apart: stages and messages are parts of the
*conversation's* log-odds of a pattern; the terms of a message are parts of that *message's* log-odds of
showing the stage, as ``classifier.model.message.explain`` gives them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.conversation.features import FEATURE_LABEL
from classifier.model.conversation.message_sums import COUNT, EVIDENCE, Numbers, added_sums, author_slots
from classifier.model.message.explain import Explanation, explain, in_words
from classifier.model.message.scorer import MessageModel, sigmoid
from classifier.records import Metadata
from classifier.taxonomy import COLUMNS, LABELS
from classifier.text import printable


@dataclass(frozen=True)
class MessagePart:
    """One message's part ``value`` of the conversation's log-odds, through one stage.

    ``number`` is its place, from 1; ``probability`` is that it shows the stage, and ``flagged`` whether
    that is at or over the threshold. ``terms`` explains the probability.
    """

    number: int
    author: str
    text: str
    probability: float
    flagged: bool
    value: float
    terms: Explanation


@dataclass(frozen=True)
class StagePart:
    """One stage's or cue's part ``value`` of the conversation's log-odds.

    It is the sum of the parts of its largest ``messages`` and of ``rest``, the part of the ``n_rest``
    smaller ones together.
    """

    label: str
    value: float
    messages: tuple[MessagePart, ...]
    rest: float
    n_rest: int


@dataclass(frozen=True)
class ConversationExplanation:
    """A conversation's score as a sum of parts.

    ``start`` plus the values of ``stages`` and ``others`` is ``log_odds``. Parts are ordered by size,
    largest first. ``others`` are features that belong to no stage or cue, and the part of the length.
    ``writer`` is the author from whose side the score is largest.
    """

    score: float
    threshold: float
    log_odds: float
    start: float
    writer: str
    n_messages: int
    stages: tuple[StagePart, ...]
    others: tuple[tuple[str, float], ...]

    @property
    def flagged(self) -> bool:
        """Whether the score is at or over the alert threshold."""
        return self.score >= self.threshold


def explain_conversation(
    model: ConversationModel,
    message_model: MessageModel,
    texts: Sequence[str],
    authors: Sequence[str],
    *,
    times: Sequence[datetime] = (),
    metadata: Metadata | None = None,
    sender: str = "",
    n_messages: int = 3,
) -> ConversationExplanation:
    """The exact explanation of a conversation's score.

    Head "metadata" has no stages to explain: ``texts`` are not read.

    Parameters
    ----------
    message_model
        The message model that ``model`` was fitted on.
    times, metadata, sender
        As ``score_conversation`` takes them.
    n_messages
        How many messages of each stage, the largest, are explained word by word.
    """
    probabilities = None if model.head == "metadata" else message_model.scores(texts)
    sides, written = model.running_features(
        probabilities, authors, times=times, metadata=metadata, sender=sender
    )
    log_odds = np.where(written[-1], model.log_odds(sides[-1], len(authors)), -np.inf)
    writer = int(log_odds.argmax())
    values = dict(zip(model.feature_names, model.contributions(sides[-1, writer]).tolist(), strict=True))
    stages: list[StagePart] = []
    if probabilities is not None:
        added = added_sums(model.head, model.thresholds, probabilities, len(authors)).astype(np.float64)
        fading = 0.5 ** (np.arange(len(authors))[::-1, None] / model.half_life)
        by_writer = np.array(author_slots(authors)) == writer
        for column, label in enumerate(LABELS):
            shares = _message_shares(label, values, added * fading, by_writer)
            by_size = np.argsort(-np.abs(shares), kind="stable")[:n_messages]
            largest = [int(at) for at in by_size if shares[at]]
            rest = [float(share) for at, share in enumerate(shares) if share and at not in largest]
            messages = tuple(
                MessagePart(
                    number=at + 1,
                    author=authors[at],
                    text=texts[at],
                    probability=float(probabilities[at, column]),
                    flagged=bool(probabilities[at, column] >= message_model.thresholds[column]),
                    value=float(shares[at]),
                    terms=explain(message_model, texts[at], label),
                )
                for at in largest
            )
            value = sum(value for name, value in values.items() if FEATURE_LABEL[name] == label)
            stages.append(StagePart(label, value, messages, sum(rest), len(rest)))
    names = list(dict.fromkeys(authors))
    others = [(name, value) for name, value in values.items() if not FEATURE_LABEL[name]]
    others.append(("length of the conversation", float(model.of_length(len(authors)))))
    return ConversationExplanation(
        score=float(sigmoid(log_odds[writer])),
        threshold=model.alert_threshold,
        log_odds=float(log_odds[writer]),
        start=model.slope * model.intercept + model.offset,
        writer=names[writer],
        n_messages=len(authors),
        stages=tuple(sorted(stages, key=lambda part: -abs(part.value))),
        others=tuple(sorted(others, key=lambda part: -abs(part[1]))),
    )


def _message_shares(
    label: str, values: dict[str, float], left: Numbers, by_writer: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """A stage's part shared among the messages, so that the shares sum to it.

    The part of a feature is shared in proportion to what each message adds to its sum.

    Parameters
    ----------
    label
        The stage or cue.
    values
        The part of each feature, by name.
    left
        What is left of each message's sums at the end, shape (messages, ``WIDTH``).
    by_writer
        Which messages the writer wrote.
    """
    shares = np.zeros(len(by_writer))
    for name, value in values.items():
        if FEATURE_LABEL[name] == label:
            column, _, kind = name.partition(": ")
            sums = left[:, COUNT if kind == "log count" else EVIDENCE][:, COLUMNS.index(column)]
            side = ~by_writer if kind == "seen of other" else by_writer
            shares += value * _proportions(np.where(side, sums, 0.0))
    return shares


def _proportions(amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each amount over their sum; all 0 where the sum is 0."""
    whole = amounts.sum()
    return amounts / whole if whole else amounts


def as_text(explanation: ConversationExplanation, *, n_words: int = 5) -> str:
    """The explanation as indented lines of plain text.

    Each part has the direction in which it pushed the score, and each message its ``n_words`` largest
    words.
    """
    verdict = "at or over" if explanation.flagged else "under"
    writer = _on_one_line(explanation.writer)
    lines = [
        f"score {explanation.score:.3f}, {verdict} the alert threshold {explanation.threshold:.3f} "
        f"(log-odds {explanation.log_odds:+.3f})",
        f"largest from the side of {writer}; {explanation.n_messages} messages. For a person to review.",
        f"{explanation.start:+8.3f}  where every conversation starts",
    ]
    for stage in explanation.stages:
        lines.append(f"{stage.value:+8.3f}  {stage.label}, {_direction(stage.value)}")
        for message in stage.messages:
            lines.append(f"    {message.value:+8.3f}  {_heading(message)}: {_on_one_line(message.text)}")
            terms = in_words(message.terms, n_words=n_words, n_terms=3)
            lines += [f"            {printable(line)}" for line in terms.split("\n")]
        if stage.n_rest:
            messages = "message" if stage.n_rest == 1 else "messages"
            lines.append(f"    {stage.rest:+8.3f}  {stage.n_rest} other {messages} together")
    lines += [f"{value:+8.3f}  {name}, {_direction(value)}" for name, value in explanation.others]
    if not explanation.stages:
        lines.append("no message text was read: this score is of metadata only")
    return "\n".join(lines)


def _direction(value: float) -> str:
    """The direction in which a part pushed the score, in words.

    >>> _direction(0.2), _direction(-0.2), _direction(0.0)
    ('towards the pattern', 'away from the pattern', 'neither way')
    """
    return "towards the pattern" if value > 0 else "away from the pattern" if value < 0 else "neither way"


def _heading(message: MessagePart) -> str:
    flagged = ", flagged" if message.flagged else ""
    return (
        f"message {message.number} by {_on_one_line(message.author)} "
        f"(probability {message.probability:.3f}{flagged}), {_direction(message.value)}"
    )


def _on_one_line(text: str) -> str:
    return " ".join(printable(text).split())
