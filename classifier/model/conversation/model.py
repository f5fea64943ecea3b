"""The conversation model: one calibrated score from message probabilities.

The score is for a person to review. No field says which author of a conversation to look at. So it is
scored from the side of each author who wrote in it, and the largest of these scores is the
conversation's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.model.conversation.features import FEATURE_LABEL, HEAD_FEATURES, running_features
from classifier.model.conversation.sums import author_slots
from classifier.model.message.scorer import sigmoid
from classifier.records import Conversation, Metadata
from classifier.taxonomy import LABELS, PATTERN

MessageProbabilities = Sequence[NDArray[np.float64]] | None
"""One array of shape (messages, labels) a conversation; ``None`` for head "metadata"."""


@dataclass(frozen=True)
class ConversationModel:
    """A fitted conversation model: a calibrated logistic regression.

    score = sigmoid(slope * largest over authors of (weights @ features + intercept) + offset)

    Parameters
    ----------
    head
        What the model sees: a key of ``HEAD_FEATURES``.
    weights
        One per name of ``HEAD_FEATURES[head]``.
    slope, offset
        The calibration; ``slope`` is at least 0.
    thresholds
        The message probability of each label from which a message counts.
    alert_threshold
        The score in [0, 1] from which a conversation is flagged.
    header
        The header of the model's file.
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
                "intercept, slope and offset must be finite and slope at least 0, "
                f"got {self.intercept}, {self.slope}, {self.offset}"
            )
        if not 0 <= self.alert_threshold <= 1:
            raise ValueError(f"alert_threshold must be in [0, 1], got {self.alert_threshold!r}")

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The name of the feature of each weight."""
        return HEAD_FEATURES[self.head]

    @cached_property
    def fingerprint(self) -> str:
        """A hash of 16 characters; models that could score differently differ."""
        digest = hashlib.sha256(self.head.encode())
        for numbers in (
            self.weights,
            self.thresholds,
            np.array([self.intercept, self.slope, self.offset, self.alert_threshold]),
        ):
            digest.update(numbers.tobytes())
        return digest.hexdigest()[:16]

    @cached_property
    def label_matrix(self) -> NDArray[np.float64]:
        """A 0/1 matrix of shape (features, labels): the features of each stage or cue."""
        return np.array(
            [[float(FEATURE_LABEL[name] == label) for label in LABELS] for name in self.feature_names]
        )

    def log_odds(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated log-odds of each row of features.

        The largest over a conversation's authors is the conversation's.
        """
        return self.slope * (features @ self.weights + self.intercept) + self.offset

    def contributions(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Each feature's part of the calibrated log-odds of one row."""
        return self.slope * self.weights * features + 0.0  # so that nothing is written as -0.000


def running_log_odds(
    model: ConversationModel, features: NDArray[np.float64], written: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The largest log-odds over the authors so far, shape (...).

    ``features`` has shape (..., authors, features), ``written`` shape (..., authors).
    """
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
    """The score in [0, 1] of a whole conversation.

    Raises ``ValueError`` for an empty conversation, a probability outside [0, 1], and an argument that
    is missing or of another length.

    Parameters
    ----------
    probabilities
        Shape (messages, labels), each in [0, 1]; not used by head "metadata".
    authors
        One a message.
    times, metadata, sender
        One time a message, the conversation's metadata, and the author that these call the sender;
        needed by heads "metadata" and "both" only.
    """
    sides, written = running_features(
        model.head, model.thresholds, probabilities, authors, times=times, metadata=metadata, sender=sender
    )
    return float(sigmoid(running_log_odds(model, sides[-1], written[-1])))


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
    """A conversation model of one ``head``, fitted on train and calibrated on validation.

    It is a logistic regression on sides of conversations. A positive row is the sender's side of a
    pattern; both sides of a benign conversation are negative; the contact's side of a pattern is left
    out. Each conversation is seen whole and cut off at random lengths, so that early scores mean
    something, and weighs 1 over all its rows. The alert threshold is 0.5 until one is chosen
    (``dataclasses.replace``).

    Raises ``ValueError`` when either split lacks patterns or benign conversations, or has conversations
    that are not synthetic.

    Parameters
    ----------
    train_probabilities
        Should come from message models that did not see the conversation's own phrase families, or the
        fit trusts them too much.
    thresholds
        The message probability of each label from which a message counts.
    n_prefixes
        Number of random lengths that each training conversation is cut off at.
    C
        Inverse strength of the L2 penalty on standardised features. The default does as well on
        validation as ten times more, and leaves fewer weights that pull against each other.
    """
    from sklearn.linear_model import LogisticRegression

    if head not in HEAD_FEATURES:
        raise ValueError(f"head must be one of {', '.join(HEAD_FEATURES)}, got {head!r}")
    for split, conversations in (("train", train), ("validation", validation)):
        if not all(conversation.synthetic for conversation in conversations):
            raise ValueError(
                f"{split} has conversations that are not synthetic; "
                "they may be scored and evaluated, never trained on"
            )
        n_patterns = sum(conversation.label == PATTERN for conversation in conversations)
        if not 0 < n_patterns < len(conversations):
            raise ValueError(
                f"{split} needs patterns and benign conversations, "
                f"got {n_patterns} and {len(conversations) - n_patterns}"
            )
    limits = np.array(thresholds, dtype=np.float64)
    rng = np.random.default_rng(seed)
    pairs = zip(train, _per_conversation(train_probabilities, train), strict=True)
    rows = [
        _training_rows(
            conversation, *_sides(head, limits, conversation, probabilities), n_prefixes=n_prefixes, rng=rng
        )
        for conversation, probabilities in pairs
    ]
    n_rows = [len(part) for part in rows]
    features = np.concatenate(rows)
    label = np.repeat([conversation.label == PATTERN for conversation in train], n_rows)
    weight = np.concatenate([np.full(n, 1 / max(1, n)) for n in n_rows])
    mean = np.average(features, axis=0, weights=weight)
    spread = np.sqrt(np.average((features - mean) ** 2, axis=0, weights=weight))
    spread[spread < 1e-9] = 1.0  # a feature that never changes is left alone; its weight comes out as 0
    regression = LogisticRegression(C=C, max_iter=5000)
    regression.fit((features - mean) / spread, label, sample_weight=weight)
    weights = regression.coef_[0] / spread
    intercept = float(regression.intercept_[0] - weights @ mean)
    uncalibrated = ConversationModel(head, weights, intercept, 1.0, 0.0, limits, 0.5)
    largest = []
    for pair in zip(validation, _per_conversation(validation_probabilities, validation), strict=True):
        sides, written = _sides(head, limits, *pair)
        largest.append(running_log_odds(uncalibrated, sides[-1], written[-1]))
    slope, offset = platt(
        np.array(largest), np.array([conversation.label == PATTERN for conversation in validation])
    )
    return replace(uncalibrated, slope=slope, offset=offset)


def _per_conversation(
    probabilities: MessageProbabilities, conversations: Sequence[Conversation]
) -> Sequence[NDArray[np.float64] | None]:
    return [None] * len(conversations) if probabilities is None else probabilities


def _sides(
    head: str, thresholds: NDArray[np.float64], conversation: Conversation, probabilities: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The ``running_features`` of a conversation of the corpus."""
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
    sides: NDArray[np.float64],
    written: NDArray[np.bool_],
    *,
    n_prefixes: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """The rows of one conversation: its sides, whole and at random lengths.

    A side that has written nothing by then gives no row.
    """
    n = len(sides)
    lengths = np.concatenate([[n], rng.integers(1, n, size=n_prefixes, endpoint=True)])
    authors = [message.author for message in conversation.messages]
    is_benign = conversation.label != PATTERN
    slots = {
        slot
        for slot, author in zip(author_slots(authors), authors, strict=True)
        if is_benign or author == conversation.sender
    }
    rows = [sides[lengths - 1, slot][written[lengths - 1, slot]] for slot in sorted(slots)]
    return np.concatenate(rows or [sides[:0, 0]])


def platt(log_odds: NDArray[np.float64], label: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset so that sigmoid(slope * log_odds + offset) is calibrated.

    This is Platt scaling (Platt, 1999), with his targets (N+ + 1)/(N+ + 2) and 1/(N- + 2). Unlike his,
    our slope is at least 0, so calibration never reverses an order; it is 0 where the log-odds say
    nothing of the label.

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
        gradient = np.array([error @ scaled, error.sum()]) / len(z)
        return float((np.logaddexp(0, z) - target * z).mean()), gradient

    result = minimize(
        loss,
        np.array([1.0, 0.0]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None), (None, None)],
        options={"ftol": 1e-15, "gtol": 1e-10},
    )
    slope = float(result.x[0]) / spread
    return slope, float(result.x[1]) - slope * centre
