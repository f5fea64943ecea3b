"""Leak controls: labels predicted from features that should be uninformative.

A small model fitted on the features of each control must stay near chance, or the generator leaks the script.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.curves import auc
from classifier.evaluation.ranking import auc_with_interval
from classifier.model.message.stage_classifier import build_features
from classifier.progress import progress_bar
from classifier.records import Conversation
from classifier.taxonomy import PATTERN, STAGES

ControlFeatures = Callable[[Conversation], list[float] | str]
"""What a control sees of a conversation: numbers, or a text."""

N_SHUFFLES = 10
SMALL_LEAK = 0.6
"""An AUC that is not chance, and at most this, is reported as a small leak."""


def _length(conversation: Conversation) -> list[float]:
    sizes = [len(message.text) for message in conversation.messages]
    return [float(np.log1p(sum(sizes))), float(np.mean(sizes))]


def _counts(conversation: Conversation) -> list[float]:
    by_sender = sum(message.author == conversation.sender for message in conversation.messages)
    n = len(conversation.messages)
    return [
        float(np.log(n)),
        by_sender / n,
        float(len({message.author for message in conversation.messages})),
    ]


def _contact_turns(conversation: Conversation) -> str:
    return " \n ".join(
        message.text for message in conversation.messages if message.author == conversation.contact
    )


def _slot_fillers(conversation: Conversation) -> str:
    return " \n ".join(
        message.text[span.start : span.end] for message in conversation.messages for span in message.personal
    )


def _punctuation_and_case(conversation: Conversation) -> list[float]:
    text = "\n".join(message.text for message in conversation.messages)
    n = max(1, len(text))
    return [text.count(sign) / n for sign in ".,!?'…"] + [
        sum(ch.isupper() for ch in text) / n,
        sum(not ch.isascii() for ch in text) / n,
        len(re.findall(r"\d", text)) / n,
    ]


CONTROLS: dict[str, ControlFeatures] = {
    "length only": _length,
    "number of messages and shares only": _counts,
    "the contact's turns only": _contact_turns,
    "names and slot fillers only": _slot_fillers,
    "punctuation and case only": _punctuation_and_case,
}
"""The features of each control, by the name in a results table."""

CAUSES: dict[str, str] = {
    "length only": "lines that show a behaviour are a little longer than back-channel talk",
    "number of messages and shares only": (
        "how many lines each of the two writes, which the dialogues decide; length alone says nothing"
    ),
    "the contact's turns only": (
        "in a scripted dialogue the contact answers what is shown: unsure, refusing or telling somebody"
    ),
    "names and slot fillers only": "some tactics ask about names and places",
    "punctuation and case only": (
        "behaviours are told to 'you', with more contractions, commas and questions than small talk, and "
        "with fewer capitals"
    ),
}
"""The known cause of a control being above chance in this corpus."""


def control_table(
    splits: dict[str, list[Conversation]], messages: dict[str, pd.DataFrame], *, seed: int
) -> pd.DataFrame:
    """AUC of each leak control, and of a message model fitted on shuffled labels.

    ``splits`` are conversations by split, ``messages`` their ``messages_table``. The controls are over
    conversations that share dialogues; the shuffled labels are over messages. Columns: ``control``,
    those of ``auc_with_interval``, ``cause``.
    """
    label = np.array([conversation.label == PATTERN for conversation in splits["test"]])
    families = [conversation.clusters for conversation in splits["test"]]
    rows: list[dict[str, Any]] = []
    for name, features_of in progress_bar(CONTROLS.items(), label="leak controls", length=len(CONTROLS)):
        scores = control_scores(features_of, splits["train"], splits["test"])
        area = auc_with_interval(label, scores, families)
        rows.append({"control": name} | area)
    shuffled = _shuffled_auc(messages["train"], messages["test"], seed=seed)
    rows.append({"control": "shuffled labels"} | shuffled)
    return pd.DataFrame(rows).assign(cause=[_explanation(row) for row in rows])


def _explanation(row: dict[str, Any]) -> str:
    """Whether an AUC shows a leak, with the known cause."""
    if row["auc_low"] <= 0.5 <= row["auc_high"]:
        return "chance within its interval"
    finding = "a small leak" if row["auc"] <= SMALL_LEAK else "a leak"
    return f"{finding}: {CAUSES.get(row['control'], 'cause not known')}"


def control_scores(
    features_of: ControlFeatures, train: Sequence[Conversation], test: Sequence[Conversation]
) -> NDArray[np.float64]:
    """Log-odds of the pattern script for each test conversation, from a control's features.

    The model is a logistic regression fitted on ``train``.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train_features = [features_of(conversation) for conversation in train]
    test_features = [features_of(conversation) for conversation in test]
    transformer: Any = StandardScaler()
    if isinstance(train_features[0], str):
        transformer = TfidfVectorizer(min_df=2, token_pattern=r"(?u)\b\w+\b")
    model = make_pipeline(transformer, LogisticRegression(class_weight="balanced", max_iter=2000))
    model.fit(train_features, [conversation.label == PATTERN for conversation in train])
    return np.asarray(model.decision_function(test_features))


def _shuffled_auc(train: pd.DataFrame, test: pd.DataFrame, *, seed: int) -> dict[str, Any]:
    """Mean AUC of models fitted on shuffled labels, with its middle 95 %."""
    distinct = test.drop_duplicates(["text", "family"])
    shows_stage = (distinct[list(STAGES)].sum(axis=1) > 0).to_numpy()
    scores_by_shuffle = shuffled_scores(train, distinct["text"].tolist(), n_shuffles=N_SHUFFLES, seed=seed)
    aucs = [auc(shows_stage, scores) for scores in scores_by_shuffle]
    low, high = np.percentile(aucs, [2.5, 97.5])
    return {
        "auc": float(np.mean(aucs)),
        "auc_low": float(low),
        "auc_high": float(high),
        "positives": int(shows_stage.sum()),
        "n": len(distinct),
    }


def shuffled_scores(
    train: pd.DataFrame, texts: list[str], *, n_shuffles: int, seed: int
) -> Iterator[NDArray[np.float64]]:
    """Log-odds of "shows any stage" for ``texts`` by models fitted on shuffled labels.

    The labels are permuted among phrase families, once per shuffle, so that a family keeps one label for all
    its lines. If they were permuted among lines, no model could learn a family, and the control would be too
    easy to pass. The features are those of the message model.
    """
    from sklearn.linear_model import LogisticRegression

    distinct = train.drop_duplicates(["text", "family"])
    vectoriser = build_features()
    train_features, features = vectoriser.fit_transform(distinct["text"]), vectoriser.transform(texts)
    by_family = (distinct.groupby("family", sort=True)[list(STAGES)].first().sum(axis=1) > 0).astype(int)
    rng = np.random.default_rng(seed)
    for _ in range(n_shuffles):
        shuffled = pd.Series(rng.permutation(by_family.to_numpy()), index=by_family.index)
        model = LogisticRegression(C=1.0, solver="liblinear", dual=True, tol=0.01, random_state=0)
        model.fit(train_features, shuffled.loc[distinct["family"]])
        yield np.asarray(model.decision_function(features))
