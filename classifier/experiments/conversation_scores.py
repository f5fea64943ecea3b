"""Where the stage model and the pattern scorer meet: message probabilities of conversations, fits of each head, scores as a conversation grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

from classifier.evaluation.thresholds import threshold_for_fpr
from classifier.model.conversation.model import ConversationModel, fit_conversation_model
from classifier.model.conversation.monitor import running_scores
from classifier.model.message.pipeline import fit_message_model, stage_probabilities
from classifier.progress import say
from classifier.readers.messages import messages_table
from classifier.records import Conversation
from classifier.taxonomy import LABELS, PATTERN

Probabilities = list[NDArray[np.float64]]

N_FOLDS = 3
N_JOBS = 2
ALERT_RULE = "the smallest score whose false-positive rate on benign validation conversations is shown, by a one-sided 95 % Clopper-Pearson bound, to be at most the rate asked for in training"


def message_probabilities(pipeline: Any, conversations: Sequence[Conversation]) -> Probabilities:
    """For each conversation an array of shape (messages, labels)."""
    texts = [message.text for conversation in conversations for message in conversation.messages]
    return _by_conversation(stage_probabilities(pipeline, texts).to_numpy(), conversations)


def oracle_probabilities(conversations: Sequence[Conversation]) -> Probabilities:
    """What a stage model that is never wrong would say: 1 for each label that a message carries, else 0."""
    return [
        np.array([[float(label in message.labels) for label in LABELS] for message in conversation.messages])
        for conversation in conversations
    ]


def _by_conversation(
    probabilities: NDArray[np.float64], conversations: Sequence[Conversation]
) -> Probabilities:
    return np.split(
        probabilities, np.cumsum([len(conversation.messages) for conversation in conversations])[:-1]
    )


def crossfitted_probabilities(conversations: Sequence[Conversation], *, seed: int) -> Probabilities:
    """Message probabilities of training conversations, each message scored by a stage model that did not see its phrase family.

    A model is far too sure of the lines it was fitted on; a pattern scorer fitted on such scores would trust them too much.
    """
    table = messages_table(conversations)
    families = np.unique(table["family"].to_numpy().astype(str))
    fold_of = dict(
        zip(families, np.random.default_rng(seed).permutation(len(families)) % N_FOLDS, strict=True)
    )
    fold = table["family"].map(fold_of).to_numpy()
    say("scoring train messages out of fold")
    probabilities = np.empty((len(table), len(LABELS)))
    scored_folds = Parallel(n_jobs=N_JOBS)(
        delayed(_score_fold)(table[fold != number], table.loc[fold == number, "text"].tolist())
        for number in range(N_FOLDS)
    )
    for number, found in enumerate(scored_folds):
        probabilities[fold == number] = found
    return _by_conversation(probabilities, conversations)


def _score_fold(others: pd.DataFrame, texts: list[str]) -> NDArray[np.float64]:
    return stage_probabilities(fit_message_model(others), texts).to_numpy()


def fit_head(
    head: str,
    train: Sequence[Conversation],
    train_probabilities: Probabilities,
    validation: Sequence[Conversation],
    validation_probabilities: Probabilities,
    *,
    thresholds: Any,
    alert_fpr: float,
    seed: int,
) -> ConversationModel:
    """A pattern model of one head, its alert threshold chosen on the validation conversations. Raises ``TooFewUnits`` when these cannot show ``alert_fpr``."""
    say(f"fitting the {head} head")
    content = head != "metadata"
    fitted = fit_conversation_model(
        train,
        train_probabilities if content else None,
        validation,
        validation_probabilities if content else None,
        head=head,
        thresholds=thresholds,
        seed=seed,
    )
    scores = highest_scores(growing_scores(fitted, validation, validation_probabilities))
    return replace(
        fitted, alert_threshold=threshold_for_fpr(is_pattern(validation), scores, max_fpr=alert_fpr)
    )


def is_pattern(conversations: Sequence[Conversation]) -> NDArray[np.bool_]:
    """Which conversations are scripted patterns."""
    return np.array([conversation.label == PATTERN for conversation in conversations])


def growing_scores(
    model: ConversationModel, conversations: Sequence[Conversation], probabilities: Probabilities
) -> Probabilities:
    """For each conversation its score after every message."""
    content = model.head != "metadata"
    return [
        running_scores(
            model,
            found if content else None,
            [message.author for message in conversation.messages],
            times=[message.time for message in conversation.messages] if model.head != "text" else (),
            metadata=conversation.metadata if model.head != "text" else None,
            sender=conversation.sender if model.head != "text" else "",
        )
        for conversation, found in zip(conversations, probabilities, strict=True)
    ]


def highest_scores(growing: Probabilities) -> NDArray[np.float64]:
    """The highest score each conversation ever had: an alert is latched, so this is what a threshold is held against."""
    return np.array([scores.max() for scores in growing])


def leading_families(conversations: Sequence[Conversation]) -> NDArray[np.str_]:
    """The phrase family of each conversation's first behaviour, or of its first message when it shows none: the cluster its intervals are resampled by."""
    return np.array(
        [
            next(
                (message.family for message in conversation.messages if message.labels),
                conversation.messages[0].family,
            )
            for conversation in conversations
        ]
    )


@dataclass(frozen=True)
class ScoredConversations:
    """Conversations of one set with what a pattern model made of them."""

    conversations: Sequence[Conversation]
    probabilities: Probabilities
    growing: Probabilities

    @cached_property
    def label(self) -> NDArray[np.bool_]:
        """Which are scripted patterns."""
        return is_pattern(self.conversations)

    @cached_property
    def score(self) -> NDArray[np.float64]:
        """The highest score of each."""
        return highest_scores(self.growing)

    @cached_property
    def messages(self) -> pd.DataFrame:
        """One row a message: ``unit``, ``score`` so far, ``by_target`` (the contact wrote it), ``staged`` (it carries a label)."""
        return pd.DataFrame(
            [
                (conversation.id, score, message.author == conversation.contact, bool(message.labels))
                for conversation, scores in zip(self.conversations, self.growing, strict=True)
                for message, score in zip(conversation.messages, scores, strict=True)
            ],
            columns=["unit", "score", "by_target", "staged"],
        )


def scored(
    model: ConversationModel, conversations: Sequence[Conversation], probabilities: Probabilities
) -> ScoredConversations:
    """The conversations scored message by message."""
    return ScoredConversations(
        conversations, probabilities, growing_scores(model, conversations, probabilities)
    )
