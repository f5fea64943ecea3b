"""Message models with their out-of-fold scores, by cross-fitting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.model.message.stage_classifier import StageClassifier, fit_on_subsets
from classifier.progress import say
from classifier.records import Conversation
from classifier.taxonomy import COLUMNS
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
