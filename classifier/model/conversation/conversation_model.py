"""The conversation model: one calibrated score from message probabilities.

The score is for a person to review. No field says which author of a conversation to look at. So it is
scored from the side of each author who wrote in it, and the largest of these scores is the
conversation's.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.model.conversation.features import FEATURE_LABEL, HEAD_FEATURES, running_features
from classifier.model.message.scorer import sigmoid
from classifier.records import Metadata
from classifier.taxonomy import LABELS

HALF_LIFE = 20.0
LENGTH_PENALTY = 1.5
"""Chosen with the half-life on validation, and on its benign conversations strung together to 1,000 messages:
they are flagged twice as often as short ones, four times as often with 40 and 1."""

BEGINNING_PENALTY = 1.0
"""Chosen on validation: AUC .789 without, .808 with it."""

SETTLED_MESSAGES = 20
"""Messages at which neither penalty is due: that of the beginning is gone, that of length begins."""


@dataclass(frozen=True)
class ConversationModel:
    """A fitted conversation model: a calibrated logistic regression.

    score = sigmoid(slope * (largest over authors of (weights @ features + intercept) - penalty) + offset)

    What was shown counts half after ``half_life`` messages. After n messages, more than
    ``SETTLED_MESSAGES``, the penalty is ``length_penalty`` times log(n / ``SETTLED_MESSAGES``): the longer
    people write, the more often chance alone looks like a pattern. Before, it is ``beginning_penalty`` times
    log(``SETTLED_MESSAGES`` / n): one line weighs too much while the other has hardly answered.

    Parameters
    ----------
    head
        What the model sees: a key of ``HEAD_FEATURES``.
    weights
        One per name of ``HEAD_FEATURES[head]``.
    slope, offset
        The calibration; ``slope`` is at least 0.
    thresholds
        The message probability of each label from which a message is flagged.
    half_life
        Messages, of anybody, after which what was shown counts half.
    length_penalty, beginning_penalty
        At least 0.
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
    half_life: float = HALF_LIFE
    length_penalty: float = LENGTH_PENALTY
    beginning_penalty: float = BEGINNING_PENALTY
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
        if not 0 < self.half_life < math.inf:
            raise ValueError(f"half_life must be a number of messages over 0, got {self.half_life!r}")
        for name in ("length_penalty", "beginning_penalty"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)!r}")
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
        numbers = (self.intercept, self.slope, self.offset, self.alert_threshold)
        digest.update(self.weights.tobytes())
        digest.update(self.thresholds.tobytes())
        digest.update(
            np.array([*numbers, self.half_life, self.length_penalty, self.beginning_penalty]).tobytes()
        )
        return digest.hexdigest()[:16]

    @cached_property
    def label_matrix(self) -> NDArray[np.float64]:
        """A 0/1 matrix of shape (features, labels): the features of each stage or cue."""
        return np.array(
            [[float(FEATURE_LABEL[name] == label) for label in LABELS] for name in self.feature_names]
        )

    def running_features(
        self, probabilities: ArrayLike | None, authors: Sequence[str], **known: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The features of every author after every message, and who has written by then.

        The arguments are those of ``score_conversation``.
        """
        return running_features(
            self.head, self.thresholds, probabilities, authors, half_life=self.half_life, **known
        )

    def log_odds(self, features: NDArray[np.float64], n_messages: ArrayLike) -> NDArray[np.float64]:
        """Calibrated log-odds of each row of features, in conversations of ``n_messages`` so far.

        The largest over a conversation's authors is the conversation's.
        """
        # Multiplied and added row by row, not by a matrix product, whose rounding may depend on how many
        # rows there are.
        weighted = (features * self.weights).sum(axis=-1)
        return np.asarray(self.slope * (weighted + self.intercept) + self.offset + self.of_length(n_messages))

    def of_length(self, n_messages: ArrayLike) -> NDArray[np.float64]:
        """The part of the calibrated log-odds that the length of a conversation has, at most 0."""
        n = np.asarray(n_messages, dtype=np.float64)
        penalty = self.length_penalty * np.log(np.maximum(n / SETTLED_MESSAGES, 1.0))
        penalty += self.beginning_penalty * np.log(np.maximum(SETTLED_MESSAGES / n, 1.0))
        return np.asarray(0.0 - self.slope * penalty)

    def contributions(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Each feature's part of the calibrated log-odds of one row."""
        return self.slope * self.weights * features + 0.0  # so that nothing is written as -0.000


def running_log_odds(
    model: ConversationModel, features: NDArray[np.float64], written: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The largest log-odds over the authors after every message, shape (messages,).

    ``features`` has shape (messages, authors, features), ``written`` shape (messages, authors).
    """
    n_messages = np.arange(1, len(features) + 1)[:, None]
    return np.asarray(np.where(written, model.log_odds(features, n_messages), -np.inf).max(axis=-1))


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
        Shape (messages, ``COLUMNS``), each in [0, 1]; not used by head "metadata".
    authors
        One a message.
    times, metadata, sender
        One time a message, the conversation's metadata, and the author that these call the sender;
        needed by heads "metadata" and "both" only.
    """
    sides, written = model.running_features(
        probabilities, authors, times=times, metadata=metadata, sender=sender
    )
    return float(sigmoid(running_log_odds(model, sides, written)[-1]))
