"""Scores of single messages and conversations as tables, as ``evaluate`` writes them for ``compare``."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.taxonomy import LABELS
from classifier.workflows.conversation_evaluation.conversation_scores import ScoredConversations

LABEL_COLUMNS = [f"label_{label}" for label in LABELS]
SCORE_COLUMNS = [f"score_{label}" for label in LABELS]
MESSAGE_KEY = ["set", "family", "text"]
"""What names a distinct message: the text, within its family, within its set."""

MESSAGE_COLUMNS = [*MESSAGE_KEY, *LABEL_COLUMNS, *SCORE_COLUMNS]
CONVERSATION_KEY = ["set", "conversation"]
CONVERSATION_COLUMNS = [*CONVERSATION_KEY, "families", "label", "score", "overtness"]


def message_scores(
    messages: Mapping[str, pd.DataFrame], scores: Mapping[str, pd.DataFrame | NDArray[np.float64]]
) -> pd.DataFrame:
    """One row a distinct message of each set.

    Columns: ``set``, ``family``, ``text``, a 0/1 column ``label_NAME`` and a probability ``score_NAME`` for
    each label.

    Parameters
    ----------
    messages
        The messages of each set, each text of a family once, as a messages table.
    scores
        The probability of each of ``LABELS`` for each message.
    """
    tables = []
    for name, of_set in messages.items():
        table = of_set[["family", "text"]].reset_index(drop=True).assign(set=name)[MESSAGE_KEY]
        table[LABEL_COLUMNS] = of_set[list(LABELS)].to_numpy(dtype=np.int64)
        table[SCORE_COLUMNS] = np.asarray(scores[name], dtype=np.float64)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def conversation_scores(sets: Mapping[str, ScoredConversations]) -> pd.DataFrame:
    """One row a conversation of each set.

    Columns: ``set``; ``conversation``, its id; ``families``, its dialogues, joined by a space; ``label``, 1
    for a pattern; ``score``, the highest it had; ``overtness``, empty unless it is a pattern.
    """
    tables = [
        pd.DataFrame(
            {
                "set": name,
                "conversation": [conversation.id for conversation in scored.conversations],
                "families": [" ".join(names) for names in scored.families],
                "label": scored.label.astype(np.int64),
                "score": scored.score,
                "overtness": [conversation.overtness for conversation in scored.conversations],
            }
        )
        for name, scored in sets.items()
    ]
    return pd.concat(tables, ignore_index=True)
