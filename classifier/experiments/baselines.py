"""The simple models every results table shows beside ours, each a function from training messages to a scorer of texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.model.message.normalise import normalise
from classifier.model.message.pipeline import TOKEN_PATTERN
from classifier.taxonomy import LABELS

Scorer = Callable[[Sequence[str]], NDArray[np.float64]]
"""Texts to scores of shape (texts, labels); larger means more likely, on a scale of the baseline's own."""

KEYWORDS: dict[str, tuple[str, ...]] = {
    "flattery": (
        "pretty",
        "beautiful",
        "gorgeous",
        "amazing",
        "talented",
        "mature",
        "special",
        "proud of you",
        "gift",
        "love you",
        "girlfriend",
        "boyfriend",
    ),
    "isolation": (
        "only me",
        "nobody else",
        "no one else",
        "understands you",
        "they dont care",
        "need me",
        "without you",
        "real friends",
        "lonely",
    ),
    "info_request": (
        "how old",
        "where do you live",
        "what school",
        "your number",
        "your name",
        "pic",
        "photo",
        "picture",
        "home alone",
        "your parents",
    ),
    "secrecy": ("secret", "dont tell", "between us", "delete", "nobody knows", "private", "keep it quiet"),
    "meeting": ("meet", "pick you up", "come over", "hang out", "see you", "come alone", "visit"),
    "false_affinity": ("same school", "grew up", "me too", "i know your", "mutual"),
    "pressure": ("come on", "last chance", "you owe", "or else", "just do it", "promised", "hurry"),
}
"""What a parents' leaflet would underline: the floor any learned model has to beat."""


def keyword_list(train: pd.DataFrame) -> Scorer:
    """Counts of each label's words, whole words only. Nothing is learned, so ``train`` is not looked at."""
    patterns = [re.compile(r"\b(?:" + "|".join(KEYWORDS[label]) + r")\b") for label in LABELS]
    return lambda texts: np.array(
        [[len(pattern.findall(text)) for pattern in patterns] for text in map(normalise, texts)],
        dtype=np.float64,
    ).reshape(-1, len(LABELS))


def word_logistic_regression(train: pd.DataFrame) -> Scorer:
    """Logistic regression on TF-IDF of words alone: our model without its other feature_groups."""
    from classifier.model.message.pipeline import fit_message_model

    pipeline = fit_message_model(train, char_ngrams=None, word_pairs=None)
    return lambda texts: np.asarray(pipeline.predict_proba(list(texts)))


def complement_naive_bayes(train: pd.DataFrame) -> Scorer:
    """Complement naive Bayes (Rennie et al. 2003) on word counts, one label against the rest."""
    from sklearn.naive_bayes import ComplementNB

    return _one_against_rest(train, ComplementNB, "predict_log_proba", {})


def linear_svm(train: pd.DataFrame) -> Scorer:
    """Linear support vector machine on TF-IDF of words; its scores are distances from the margin, not probabilities."""
    from sklearn.svm import LinearSVC

    return _one_against_rest(
        train, LinearSVC, "decision_function", {"C": 0.5, "dual": True, "random_state": 0}
    )


def _one_against_rest(
    train: pd.DataFrame, estimator: Callable[..., Any], method: str, options: dict[str, Any]
) -> Scorer:
    from sklearn.feature_extraction.text import TfidfVectorizer

    distinct = train.drop_duplicates(subset=["text", *LABELS])
    vectoriser = TfidfVectorizer(
        preprocessor=normalise, token_pattern=TOKEN_PATTERN, ngram_range=(1, 2), min_df=2, sublinear_tf=True
    )
    features = vectoriser.fit_transform(distinct["text"])
    fitted = [estimator(**options).fit(features, distinct[label]) for label in LABELS]

    def scores(texts: Sequence[str]) -> NDArray[np.float64]:
        counted = vectoriser.transform(texts)
        columns = [getattr(model, method)(counted) for model in fitted]
        return np.column_stack(
            [column[:, 1] - column[:, 0] if column.ndim == 2 else column for column in columns]
        )

    return scores


BASELINES: dict[str, Callable[[pd.DataFrame], Scorer]] = {
    "keyword list": keyword_list,
    "words, logistic regression": word_logistic_regression,
    "words, complement naive Bayes": complement_naive_bayes,
    "words, linear SVM": linear_svm,
}
