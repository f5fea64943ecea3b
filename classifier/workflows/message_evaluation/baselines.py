"""Baseline message models, and our model beside them.

A baseline is a function from training messages to a scorer of texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.message_metrics import message_metrics
from classifier.evaluation.thresholds import message_threshold
from classifier.model.message.operating_points import DEFAULT_POINT, MAX_FALSE_ALARMS
from classifier.model.message.reading.normalise import normalise
from classifier.model.message.stage_classifier import TOKEN_PATTERN
from classifier.progress import progress_bar
from classifier.taxonomy import LABELS

TextScorer = Callable[[Sequence[str]], NDArray[np.float64]]
"""Texts to scores of shape (texts, labels): higher is more likely, on the scorer's own scale."""

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
"""Words that a leaflet for parents would underline; a learned model has to do better."""


def keyword_list(train: pd.DataFrame) -> TextScorer:
    """Counts of each label's ``KEYWORDS``, whole words only; ``train`` is ignored."""
    patterns = [re.compile(r"\b(?:" + "|".join(KEYWORDS[label]) + r")\b") for label in LABELS]

    def scores(texts: Sequence[str]) -> NDArray[np.float64]:
        counts = [[len(pattern.findall(text)) for pattern in patterns] for text in map(normalise, texts)]
        return np.array(counts, dtype=np.float64).reshape(-1, len(LABELS))

    return scores


def word_logistic_regression(train: pd.DataFrame) -> TextScorer:
    """Our model with word features and without tactics: logistic regression on TF-IDF, passage by passage."""
    from classifier.model.message.stage_classifier import fit_message_model

    labels_alone = train.drop(columns="tactics", errors="ignore")
    pipeline = fit_message_model(labels_alone, char_ngrams=None, word_pairs=None)
    return lambda texts: np.asarray(pipeline.predict_proba(list(texts)))


def complement_naive_bayes(train: pd.DataFrame) -> TextScorer:
    """Complement naive Bayes (Rennie et al. 2003) on word counts, one label against the rest."""
    from sklearn.naive_bayes import ComplementNB

    return _one_against_rest(train, ComplementNB, "predict_log_proba", {})


def linear_svm(train: pd.DataFrame) -> TextScorer:
    """Linear support vector machine on TF-IDF of words.

    Its scores are distances from the margin, not probabilities.
    """
    from sklearn.svm import LinearSVC

    options = {"C": 0.5, "dual": True, "random_state": 0}
    return _one_against_rest(train, LinearSVC, "decision_function", options)


def _one_against_rest(
    train: pd.DataFrame, estimator: Callable[..., Any], method: str, options: dict[str, Any]
) -> TextScorer:
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
        # Two columns are log-probabilities of both classes, one is a distance from the margin.
        return np.column_stack([c[:, 1] - c[:, 0] if c.ndim == 2 else c for c in columns])

    return scores


BASELINES: dict[str, Callable[[pd.DataFrame], TextScorer]] = {
    "keyword list": keyword_list,
    "words, logistic regression": word_logistic_regression,
    "words, complement naive Bayes": complement_naive_bayes,
    "words, linear SVM": linear_svm,
}
"""By the name in a results table."""

OUR_SYSTEM = "this model: words, pairs and characters, logistic regression"


def baseline_table(
    messages: dict[str, pd.DataFrame], metrics: pd.DataFrame, *, n_resamples: int, seed: int
) -> pd.DataFrame:
    """Macro metrics on the test split of our model and of each baseline.

    The thresholds of baselines are chosen on validation, as ours are.

    Parameters
    ----------
    messages
        The table of ``messages_table`` by split.
    metrics
        ``message_metrics`` of our model on the test split. The result has its columns, and ``system``.
    """
    test, validation = messages["test"], messages["validation"]
    rows = [_macro(metrics, OUR_SYSTEM)]
    for name, fit in progress_bar(BASELINES.items(), label="fitting baselines", length=len(BASELINES)):
        scorer = fit(messages["train"])
        validation_scores = pd.DataFrame(scorer(validation["text"].tolist()), columns=list(LABELS))
        thresholds = {
            label: message_threshold(
                validation[label],
                validation_scores[label],
                max_false_alarms=MAX_FALSE_ALARMS[DEFAULT_POINT],
            )
            for label in LABELS
        }
        scores = pd.DataFrame(scorer(test["text"].tolist()), columns=list(LABELS))
        baseline_metrics = message_metrics(
            test[list(LABELS)], scores, thresholds, test["family"], n_resamples=n_resamples, seed=seed
        )
        rows.append(_macro(baseline_metrics, name))
    return pd.concat(rows, ignore_index=True)


def _macro(metrics: pd.DataFrame, system: str) -> pd.DataFrame:
    return metrics[metrics["label"] == "macro"].assign(system=system)
