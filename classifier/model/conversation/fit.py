"""Fits a conversation model on train conversations and calibrates it on validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.model.conversation.conversation_model import (
    BEGINNING_PENALTY,
    HALF_LIFE,
    LENGTH_PENALTY,
    ConversationModel,
    running_log_odds,
)
from classifier.model.conversation.features import HEAD_FEATURES, running_features
from classifier.model.conversation.message_sums import author_slots
from classifier.model.message.scorer import sigmoid
from classifier.records import Conversation
from classifier.taxonomy import PATTERN

MessageProbabilities = Sequence[NDArray[np.float64]] | None
"""One array of shape (messages, ``COLUMNS``) a conversation; ``None`` for head "metadata"."""


def fit_conversation_model(
    train: Sequence[Conversation],
    train_probabilities: MessageProbabilities,
    validation: Sequence[Conversation],
    validation_probabilities: MessageProbabilities,
    *,
    head: str,
    thresholds: ArrayLike,
    seed: int,
    half_life: float = HALF_LIFE,
    length_penalty: float = LENGTH_PENALTY,
    beginning_penalty: float = BEGINNING_PENALTY,
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
    thresholds, half_life, length_penalty, beginning_penalty
        Those of the model.
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
            conversation,
            *_sides(head, limits, half_life, conversation, probabilities),
            n_prefixes=n_prefixes,
            rng=rng,
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
    uncalibrated = ConversationModel(
        head, weights, intercept, 1.0, 0.0, limits, 0.5, half_life, length_penalty, beginning_penalty
    )
    largest = []
    for pair in zip(validation, _per_conversation(validation_probabilities, validation), strict=True):
        largest.append(running_log_odds(uncalibrated, *_sides(head, limits, half_life, *pair))[-1])
    slope, offset = platt(
        np.array(largest), np.array([conversation.label == PATTERN for conversation in validation])
    )
    return replace(uncalibrated, slope=slope, offset=offset)


def _per_conversation(
    probabilities: MessageProbabilities, conversations: Sequence[Conversation]
) -> Sequence[NDArray[np.float64] | None]:
    return [None] * len(conversations) if probabilities is None else probabilities


def _sides(
    head: str,
    thresholds: NDArray[np.float64],
    half_life: float,
    conversation: Conversation,
    probabilities: ArrayLike | None,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The ``running_features`` of a conversation of the corpus."""
    return running_features(
        head,
        thresholds,
        probabilities,
        [message.author for message in conversation.messages],
        half_life=half_life,
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
