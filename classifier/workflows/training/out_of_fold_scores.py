"""Message models with their out-of-fold scores, and the choice of operating points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.thresholds import message_threshold
from classifier.model.message.operating_points import MAX_FALSE_ALARMS, Counts, MessageOperatingPoint
from classifier.model.message.stage_classifier import StageClassifier, fit_on_subsets
from classifier.progress import say
from classifier.readers.messages_table import messages_table
from classifier.records import Conversation
from classifier.taxonomy import COLUMNS, LABELS
from classifier.workflows.conversation_evaluation.conversation_scores import Probabilities

N_FOLDS = 3


def fit_with_folds(
    messages: pd.DataFrame, *, seed: int, **options: Any
) -> tuple[StageClassifier, NDArray[np.float64]]:
    """The message model of all messages, and scores by models not fitted on the message's family.

    A model is overconfident on the lines it was fitted on: thresholds chosen on such scores would be too
    high, and a conversation model fitted on them would rely on them too much. Families are drawn into
    ``N_FOLDS`` folds with ``seed``; the lines of conversations in each fold are scored by a message model
    fitted on the other folds. The scores have shape (messages, ``COLUMNS``); those of phrases are nan.

    Parameters
    ----------
    messages
        As ``read_message_tables`` has them.
    options
        Those of ``StageClassifier``.
    """
    families = np.unique(messages["family"].to_numpy().astype(str))
    fold_numbers = np.random.default_rng(seed).permutation(len(families)) % N_FOLDS
    fold = messages["family"].map(dict(zip(families, fold_numbers, strict=True))).to_numpy()
    is_spoken = (messages["conversation"] != "").to_numpy()
    # There is no fold -1, so the first model is fitted on all messages.
    models = fit_on_subsets(messages, (fold != number for number in range(-1, N_FOLDS)), **options)
    model = next(models)
    scores = np.full((len(messages), len(COLUMNS)), np.nan)
    for number, of_other_folds in enumerate(models):
        say(f"scoring train messages out of fold, {number + 1} of {N_FOLDS}")
        here = is_spoken & (fold == number)
        scores[here] = of_other_folds.scores(messages.loc[here, "text"])
    return model, scores


def of_conversations(
    scores: NDArray[np.float64], messages: pd.DataFrame, conversations: Sequence[Conversation]
) -> Probabilities:
    """The scores of ``messages``, each distinct line once, as those of conversations' messages."""
    row_of = {key: row for row, key in enumerate(zip(messages["family"], messages["text"], strict=True))}
    return [
        scores[[row_of[message.family, message.text] for message in conversation.messages]]
        for conversation in conversations
    ]


def choose_operating_points(
    messages: pd.DataFrame, scores: NDArray[np.float64]
) -> dict[str, MessageOperatingPoint]:
    """Each operating point's thresholds, with what they have on the lines of dialogues.

    A threshold is the lowest that keeps to the point's share of lines without the label. Phrases are
    left out where there are lines of conversations: they were written around the labels, so that false
    alarms are commoner among them than in talk.

    Parameters
    ----------
    messages
        As ``read_message_tables`` has them.
    scores
        Of models not fitted on them, shape (messages, ``COLUMNS``).
    """
    is_spoken = (messages["conversation"] != "").to_numpy()
    used = is_spoken if is_spoken.any() else ~is_spoken
    labels = messages.loc[used, list(LABELS)].to_numpy(dtype=bool)
    probabilities = scores[used][:, : len(LABELS)]
    points = {}
    for name, most in MAX_FALSE_ALARMS.items():
        thresholds = [
            message_threshold(labels[:, column], probabilities[:, column], max_false_alarms=most)
            for column in range(len(LABELS))
        ]
        points[name] = measured_point(labels, probabilities, np.array(thresholds))
    return points


def measured_point(
    labels: NDArray[np.bool_], probabilities: NDArray[np.float64], thresholds: NDArray[np.float64]
) -> MessageOperatingPoint:
    """``thresholds`` with what they find and falsely flag among these messages."""
    flagged = probabilities >= thresholds
    return MessageOperatingPoint(thresholds, _counts(flagged, labels), _counts(flagged, ~labels))


def _counts(flagged: NDArray[np.bool_], among: NDArray[np.bool_]) -> tuple[Counts, ...]:
    pairs = zip((flagged & among).sum(axis=0).tolist(), among.sum(axis=0).tolist(), strict=True)
    return tuple((int(hits), int(n)) for hits, n in pairs)


def of_distinct_lines(
    conversations: Sequence[Conversation], scores: NDArray[np.float64]
) -> dict[str, MessageOperatingPoint]:
    """``choose_operating_points`` on the messages of ``conversations``, each distinct line once.

    ``scores`` has a row for every message, in their order.
    """
    messages = messages_table(conversations)
    once = ~messages.duplicated(["text", "family"]).to_numpy()
    return choose_operating_points(messages[once].reset_index(drop=True), scores[once])
