"""Out-of-fold message probabilities of training conversations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

from classifier.experiments.conversation_scores import Probabilities, split_by_conversation
from classifier.model.message.pipeline import fit_message_model, predict_messages
from classifier.progress import say
from classifier.readers.messages import messages_table
from classifier.records import Conversation
from classifier.taxonomy import LABELS

N_FOLDS = 3
N_JOBS = 2


def crossfitted_probabilities(conversations: Sequence[Conversation], *, seed: int) -> Probabilities:
    """Message probabilities from models not fitted on the message's family.

    A model is overconfident on the lines it was fitted on, and a conversation model fitted on such scores
    would rely on them too much. Phrase families are drawn into ``N_FOLDS`` folds with ``seed``; each fold is
    scored by a message model fitted on the others.
    """
    table = messages_table(conversations)
    families = np.unique(table["family"].to_numpy().astype(str))
    fold_numbers = np.random.default_rng(seed).permutation(len(families)) % N_FOLDS
    fold = table["family"].map(dict(zip(families, fold_numbers, strict=True))).to_numpy()
    say("scoring train messages out of fold")
    scored_folds = Parallel(n_jobs=N_JOBS)(
        delayed(_score_fold)(table[fold != number], table.loc[fold == number, "text"].tolist())
        for number in range(N_FOLDS)
    )
    probabilities = np.empty((len(table), len(LABELS)))
    for number, fold_probabilities in enumerate(scored_folds):
        probabilities[fold == number] = fold_probabilities
    return split_by_conversation(probabilities, conversations)


def _score_fold(other_folds: pd.DataFrame, texts: list[str]) -> NDArray[np.float64]:
    return predict_messages(fit_message_model(other_folds), texts).to_numpy()
