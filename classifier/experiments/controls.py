"""Leak controls: what can be guessed from things that should say nothing.

Each control is a table of features with one row a conversation; a small model fitted on them must stay near chance, or the generator gives its script away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.model.message.pipeline import build_pipeline
from classifier.records import Conversation
from classifier.taxonomy import PATTERN, STAGES

Features = Callable[[Conversation], list[float] | str]


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


CONTROLS: dict[str, Features] = {
    "length only": _length,
    "number of messages and shares only": _counts,
    "the contact's turns only": _contact_turns,
    "names and slot fillers only": _slot_fillers,
    "punctuation and case only": _punctuation_and_case,
}
"""Each control's name and what it sees of a conversation: numbers, or a text."""

CAUSES: dict[str, str] = {
    "length only": "lines that show a behaviour are a little longer than back-channel talk",
    "number of messages and shares only": "a planned behaviour needs a turn of the sender",
    "the contact's turns only": "a few scenes never cover a pattern, and the contact answers behaviours more often in some exchanges",
    "names and slot fillers only": "some tactics ask about names and places",
    "punctuation and case only": "behaviours are told to 'you', with more contractions, commas and questions than small talk, and with fewer capitals",
}
"""What is known to lift a control above chance in this corpus."""


def control_scores(
    seen: Features, train: Sequence[Conversation], test: Sequence[Conversation]
) -> NDArray[np.float64]:
    """Log-odds of the pattern script for each test conversation, from a logistic regression on what the control sees."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train_seen, test_seen = (
        [seen(conversation) for conversation in train],
        [seen(conversation) for conversation in test],
    )
    scale: Any = (
        TfidfVectorizer(min_df=2, token_pattern=r"(?u)\b\w+\b")
        if isinstance(train_seen[0], str)
        else StandardScaler()
    )
    model = make_pipeline(scale, LogisticRegression(class_weight="balanced", max_iter=2000))
    model.fit(train_seen, [conversation.label == PATTERN for conversation in train])
    return np.asarray(model.decision_function(test_seen))


def shuffled_scores(
    train: pd.DataFrame, texts: list[str], *, n_shuffles: int, seed: int
) -> Iterator[NDArray[np.float64]]:
    """Log-odds of "shows any stage" for ``texts``, from the stage model's features fitted on labels dealt out anew among phrase families, once per shuffle.

    A family keeps one label for all its lines, but another family's: were lines dealt one by one, no model could learn a family and the control would be too easy.
    """
    from sklearn.linear_model import LogisticRegression

    distinct = train.drop_duplicates(["text", "family"])
    features = build_pipeline().named_steps["features"]
    fitted, seen = features.fit_transform(distinct["text"]), features.transform(texts)
    by_family = (distinct.groupby("family", sort=True)[list(STAGES)].first().sum(axis=1) > 0).astype(int)
    rng = np.random.default_rng(seed)
    for _ in range(n_shuffles):
        dealt = pd.Series(rng.permutation(by_family.to_numpy()), index=by_family.index)
        model = LogisticRegression(C=1.0, solver="liblinear", dual=True, tol=0.01, random_state=0).fit(
            fitted, dealt.loc[distinct["family"]]
        )
        yield np.asarray(model.decision_function(seen))
