"""Checks of a corpus: data policy, near copies, degenerate sets."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
import pandas as pd

from classifier.corpus.checks.content_policy import policy_problems
from classifier.records import Conversation


def corpus_problems(conversations: Iterable[Conversation]) -> list[str]:
    """Breaches of the data policy, with conversation and 1-based message index."""
    problems_of = cache(policy_problems)  # people repeat themselves
    return [
        f"{conversation.id}, message {index}: {problem}"
        for conversation in conversations
        for index, message in enumerate(conversation.messages, start=1)
        for problem in problems_of(message.text)
    ]


def near_copies_across_splits(
    messages: pd.DataFrame, *, threshold: float = 0.8, min_characters: int = 12
) -> pd.DataFrame:
    """Test texts that nearly equal a train text.

    Closeness is the cosine of character 5-gram counts; texts under ``min_characters`` are left out.
    Columns: ``test_family``, ``train_family``, ``test_text``, ``train_text``, ``cosine``; the closest
    train text of each test text, closest first.
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.preprocessing import normalize

    long_enough = messages[messages["text"].str.len() >= min_characters]
    train = long_enough[long_enough["split"] == "train"].drop_duplicates("text")
    test = long_enough[long_enough["split"] == "test"].drop_duplicates("text")
    columns = ["test_family", "train_family", "test_text", "train_text", "cosine"]
    if train.empty or test.empty:
        return pd.DataFrame(columns=columns)
    vectoriser = CountVectorizer(analyzer="char_wb", ngram_range=(5, 5))
    train_vectors = normalize(vectoriser.fit_transform(train["text"])).T.tocsr()
    found = []
    for start in range(0, len(test), 500):
        batch = test.iloc[start : start + 500]
        close = normalize(vectoriser.transform(batch["text"])) @ train_vectors
        nearest = np.asarray(close.argmax(axis=1)).ravel()
        cosine = np.asarray(close.max(axis=1).todense()).ravel()
        for position in np.flatnonzero(cosine >= threshold):
            row, other = batch.iloc[position], train.iloc[nearest[position]]
            found.append(
                (row["family"], other["family"], row["text"], other["text"], float(cosine[position]))
            )
    return pd.DataFrame(found, columns=columns).sort_values(
        ["cosine", "test_text"], ascending=[False, True], ignore_index=True
    )


def degeneracy(messages: pd.DataFrame) -> list[str]:
    """Reasons to refuse messages as training data; empty when there is none.

    A set is degenerate when a few strings make it up, when it has no messages without a label, or when
    no label has ten distinct texts.

    >>> table = pd.DataFrame({"text": ["hi", "yo"] * 300, "flattery": [1, 0] * 300})
    >>> for reason in degeneracy(table):
    ...     print(reason)
    2 distinct texts in 600 messages: expected at least 50
    flattery: 1 distinct text: expected at least 10
    """
    from classifier.taxonomy import LABELS

    labels = [label for label in LABELS if label in messages]
    reasons = []
    n_distinct = messages["text"].nunique()
    if n_distinct < 50:
        reasons.append(f"{n_distinct} distinct texts in {len(messages)} messages: expected at least 50")
    if (messages[labels].sum(axis=1) > 0).all():
        reasons.append("every message carries a label: expected ordinary messages too")
    for label in labels:
        n = messages.loc[messages[label] == 1, "text"].nunique()
        if n < 10:
            reasons.append(f"{label}: {n} distinct text{'' if n == 1 else 's'}: expected at least 10")
    return reasons
