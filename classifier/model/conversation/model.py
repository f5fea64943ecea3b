"""The pattern scorer: from the stage probabilities of a conversation's messages to one calibrated score, for a person to review.

Nobody says who of a conversation is the one to look at. So it is scored from the side of each author who wrote in it, and the largest of these is its score.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.model.conversation.features import (
    FEATURE_LABEL,
    FEATURES,
    HEAD_FEATURES,
    author_slots,
    running_features,
)
from classifier.model.message.scorer import sigmoid
from classifier.records import Conversation, Metadata
from classifier.taxonomy import LABELS, PATTERN

__all__ = [
    "FEATURES",
    "HEAD_FEATURES",
    "ConversationModel",
    "fit_conversation_model",
    "platt",
    "running_log_odds",
    "score_conversation",
]

MessageProbabilities = Sequence[NDArray[np.float64]] | None
"""One array of shape (messages, labels) a conversation; ``None`` for the content-free head."""


@dataclass(frozen=True)
class ConversationModel:
    """A fitted pattern scorer: score = sigmoid(slope * largest over authors of (weights @ features + intercept) + offset).

    ``weights`` has one entry per name of ``HEAD_FEATURES[head]``; ``thresholds`` are the message probabilities, one per label, from which a message counts;
    a conversation is flagged when its score is at or over ``alert_threshold``.
    """

    head: str
    weights: NDArray[np.float64]
    intercept: float
    slope: float
    offset: float
    thresholds: NDArray[np.float64]
    alert_threshold: float
    header: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.head not in HEAD_FEATURES:
            raise ValueError(f"head must be one of {', '.join(HEAD_FEATURES)}, got {self.head!r}")
        for name, array, n in (
            ("weights", self.weights, len(self.feature_names)),
            ("thresholds", self.thresholds, len(LABELS)),
        ):
            if array.shape != (n,) or array.dtype != np.float64 or not np.isfinite(array).all():
                raise ValueError(
                    f"{name} must be finite float64 of shape ({n},), got {array.dtype} {array.shape}"
                )
        if not np.isfinite([self.intercept, self.slope, self.offset]).all() or self.slope < 0:
            raise ValueError(
                f"intercept, slope and offset must be finite and slope at least 0, got {self.intercept}, {self.slope}, {self.offset}"
            )
        if not 0 <= self.alert_threshold <= 1:
            raise ValueError(f"alert_threshold must be in [0, 1], got {self.alert_threshold!r}")

    @property
    def feature_names(self) -> tuple[str, ...]:
        """What each weight belongs to."""
        return HEAD_FEATURES[self.head]

    @cached_property
    def fingerprint(self) -> str:
        """16 characters that differ for any two models that could score differently."""
        digest = hashlib.sha256(self.head.encode())
        for numbers in (
            self.weights,
            self.thresholds,
            np.array([self.intercept, self.slope, self.offset, self.alert_threshold]),
        ):
            digest.update(numbers.tobytes())
        return digest.hexdigest()[:16]

    @cached_property
    def of_label(self) -> NDArray[np.float64]:
        """A 0/1 matrix of shape (features, labels): which features belong to each stage or cue."""
        return np.array(
            [[float(FEATURE_LABEL[name] == label) for label in LABELS] for name in self.feature_names]
        )

    def log_odds(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated log-odds of each row of features; the largest over a conversation's authors is the conversation's."""
        return self.slope * (features @ self.weights + self.intercept) + self.offset

    def parts(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """What each feature adds to the calibrated log-odds of one row."""
        return self.slope * self.weights * features + 0.0  # so that nothing is written as -0.000


def running_log_odds(
    model: ConversationModel, features: NDArray[np.float64], written: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The largest log-odds over the authors who have written so far: shapes (..., authors, features) and (..., authors) give (...)."""
    return np.asarray(np.where(written, model.log_odds(features), -np.inf).max(axis=-1))


def score_conversation(
    model: ConversationModel,
    probabilities: ArrayLike | None,
    authors: Sequence[str],
    *,
    times: Sequence[datetime] = (),
    metadata: Metadata | None = None,
    sender: str = "",
) -> float:
    """The score in [0, 1] of a whole conversation, from message probabilities of shape (messages, labels) and one author a message.

    ``times``, ``metadata`` and the ``sender`` it speaks of are needed by heads "metadata" and "both" only; "metadata" looks at no probability.
    Raises ``ValueError`` for an empty conversation, a probability outside [0, 1], and a part that is missing or of another length.
    """
    found, written = running_features(
        model.head, model.thresholds, probabilities, authors, times=times, metadata=metadata, sender=sender
    )
    return float(sigmoid(running_log_odds(model, found[-1], written[-1])))


def fit_conversation_model(
    train: Sequence[Conversation],
    train_probabilities: MessageProbabilities,
    validation: Sequence[Conversation],
    validation_probabilities: MessageProbabilities,
    *,
    head: str,
    thresholds: ArrayLike,
    seed: int,
    n_prefixes: int = 3,
    C: float = 0.1,
) -> ConversationModel:
    """A pattern model of one ``head``: logistic regression on the sides of the training conversations, calibrated on the validation conversations.

    A positive row is the sender's side of a pattern; both sides of a benign conversation are negative; the contact's side of a pattern is left out. Each
    conversation is seen whole and cut off at ``n_prefixes`` random lengths, so that early scores mean something, and weighs 1 over all its rows.
    ``C`` is the inverse strength of the L2 penalty on standardised features; its default does as well on validation as ten times more, and leaves fewer weights that
    pull against each other. Training probabilities should come from stage models that did not see the conversation's own phrase families, or the scorer trusts them too much.
    The alert threshold is 0.5 until one is chosen (``dataclasses.replace``). Raises ``ValueError`` when either split lacks patterns or benign conversations, or has
    conversations that are not synthetic.
    """
    from sklearn.linear_model import LogisticRegression

    if head not in HEAD_FEATURES:
        raise ValueError(f"head must be one of {', '.join(HEAD_FEATURES)}, got {head!r}")
    for split, conversations in (("train", train), ("validation", validation)):
        if not all(conversation.synthetic for conversation in conversations):
            raise ValueError(
                f"{split} has conversations that are not synthetic; they may be scored and evaluated, never trained on"
            )
        n_patterns = sum(conversation.label == PATTERN for conversation in conversations)
        if not 0 < n_patterns < len(conversations):
            raise ValueError(
                f"{split} needs patterns and benign conversations, got {n_patterns} and {len(conversations) - n_patterns}"
            )
    limits = np.array(thresholds, dtype=np.float64)
    rng = np.random.default_rng(seed)
    rows = [
        _training_rows(
            conversation, *_sides(head, limits, conversation, probabilities), n_prefixes=n_prefixes, rng=rng
        )
        for conversation, probabilities in zip(train, _each(train_probabilities, train), strict=True)
    ]
    found = np.concatenate(rows)
    label = np.concatenate(
        [
            np.full(len(part), conversation.label == PATTERN)
            for part, conversation in zip(rows, train, strict=True)
        ]
    )
    weight = np.concatenate([np.full(len(part), 1 / max(1, len(part))) for part in rows])
    mean = np.average(found, axis=0, weights=weight)
    spread = np.sqrt(np.average((found - mean) ** 2, axis=0, weights=weight))
    spread[spread < 1e-9] = 1.0  # a feature that never changes is left alone; its weight comes out as 0
    regression = LogisticRegression(C=C, max_iter=5000).fit(
        (found - mean) / spread, label, sample_weight=weight
    )
    weights = regression.coef_[0] / spread
    model = ConversationModel(
        head, weights, float(regression.intercept_[0] - weights @ mean), 1.0, 0.0, limits, 0.5
    )
    largest = [
        running_log_odds(model, sides[-1], written[-1])
        for sides, written in (
            _sides(head, limits, *pair)
            for pair in zip(validation, _each(validation_probabilities, validation), strict=True)
        )
    ]
    slope, offset = platt(
        np.array(largest), np.array([conversation.label == PATTERN for conversation in validation])
    )
    return ConversationModel(head, weights, model.intercept, slope, offset, limits, 0.5)


def _each(
    probabilities: MessageProbabilities, conversations: Sequence[Conversation]
) -> Sequence[NDArray[np.float64] | None]:
    return [None] * len(conversations) if probabilities is None else probabilities


def _sides(
    head: str, thresholds: NDArray[np.float64], conversation: Conversation, probabilities: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    return running_features(
        head,
        thresholds,
        probabilities,
        [message.author for message in conversation.messages],
        times=[message.time for message in conversation.messages],
        metadata=conversation.metadata,
        sender=conversation.sender,
    )


def _training_rows(
    conversation: Conversation,
    found: NDArray[np.float64],
    written: NDArray[np.bool_],
    *,
    n_prefixes: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """The rows of one conversation: its sides whole and at random lengths; a side that has written nothing by then gives no row."""
    n = len(found)
    lengths = np.concatenate([[n], rng.integers(1, n, size=n_prefixes, endpoint=True)])
    authors = [message.author for message in conversation.messages]
    slots = sorted(
        {
            slot
            for slot, author in zip(author_slots(authors), authors, strict=True)
            if conversation.label != PATTERN or author == conversation.sender
        }
    )
    return np.concatenate(
        [found[lengths - 1, slot][written[lengths - 1, slot]] for slot in slots] or [found[:0, 0]]
    )


def platt(log_odds: NDArray[np.float64], label: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset so that sigmoid(slope * log_odds + offset) is calibrated: Platt (1999), with his targets (N+ + 1)/(N+ + 2) and 1/(N- + 2).

    We keep the slope at 0 or over, so a score never turns the order round; it is 0 where the log-odds say nothing of the label.

    >>> slope, offset = platt(np.array([-2.0, -1.0, 1.0, 2.0]), np.array([False, True, False, True]))
    >>> slope > 0, abs(offset) < 1e-6
    (True, True)
    """
    from scipy.optimize import minimize

    n_positive = int(label.sum())
    target = np.where(label, (n_positive + 1) / (n_positive + 2), 1 / (len(label) - n_positive + 2))
    centre, spread = float(log_odds.mean()), float(log_odds.std()) or 1.0
    scaled = (log_odds - centre) / spread

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = line[0] * scaled + line[1]
        error = sigmoid(z) - target
        return float((np.logaddexp(0, z) - target * z).mean()), np.array([error @ scaled, error.sum()]) / len(
            z
        )

    found = minimize(
        loss,
        np.array([1.0, 0.0]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None), (None, None)],
        options={"ftol": 1e-15, "gtol": 1e-10},
    )
    slope = float(found.x[0]) / spread
    return slope, float(found.x[1]) - slope * centre
