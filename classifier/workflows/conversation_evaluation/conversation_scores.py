"""Scores of conversations: message probabilities, conversation models, scores after each message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.clustered_units import Clusters
from classifier.evaluation.thresholds import threshold_for_fpr
from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.conversation.fit import fit_conversation_model
from classifier.model.conversation.monitor import running_scores
from classifier.model.message.stage_classifier import StageClassifier
from classifier.progress import say
from classifier.records import Conversation, Message
from classifier.taxonomy import COLUMNS, LABELS, PATTERN, TACTICS

Probabilities = list[NDArray[np.float64]]
"""Message probabilities: one array of shape (messages, ``COLUMNS``) per conversation."""

RunningScores = list[NDArray[np.float64]]
"""Conversation scores after each message: one array of shape (messages,) per conversation."""

ALERT_RULE = (
    "the smallest score whose false-positive rate on benign train and validation conversations, scored by "
    "models that had not seen their families, is shown, by a one-sided 95 % bound that counts conversations "
    "which share a dialogue as fewer, to be at most the rate asked for in training"
)


def message_probabilities(model: StageClassifier, conversations: Sequence[Conversation]) -> Probabilities:
    """Message probabilities of ``conversations`` by a fitted classifier."""
    texts = [message.text for conversation in conversations for message in conversation.messages]
    return split_by_conversation(model.scores(texts), conversations)


def oracle_probabilities(conversations: Sequence[Conversation]) -> Probabilities:
    """Oracle labels and tactics as 0/1 message probabilities."""
    return [
        np.array([_shown(message) for message in conversation.messages]) for conversation in conversations
    ]


def _shown(message: Message) -> list[float]:
    tactics = {f"{TACTICS[tactic]}.{tactic}" for tactic in message.tactics or (message.tactic,) if tactic}
    shown = tactics | set(message.labels)
    return [float(column in shown) for column in COLUMNS]


def split_by_conversation(
    probabilities: NDArray[np.float64], conversations: Sequence[Conversation]
) -> Probabilities:
    """The rows of all messages, cut into one array per conversation."""
    n_messages = [len(conversation.messages) for conversation in conversations]
    return np.split(probabilities, np.cumsum(n_messages)[:-1])


def fit_head(
    head: str,
    train: Sequence[Conversation],
    train_probabilities: Probabilities,
    validation: Sequence[Conversation],
    validation_probabilities: Probabilities,
    *,
    thresholds: NDArray[np.float64],
    alert_fpr: float,
    seed: int,
) -> ConversationModel:
    """A conversation model of one head, with its alert threshold.

    The threshold is chosen on validation and on train, whose messages were scored out of fold: the more
    dialogues it has seen, the better it holds on others. Raises ``TooFewUnits`` when their benign
    conversations cannot show ``alert_fpr``.

    Parameters
    ----------
    head
        "text", "metadata" or "both": what the model sees of a conversation.
    train_probabilities
        Message probabilities of ``train``, out of fold; a "metadata" head ignores them.
    validation_probabilities
        Message probabilities of ``validation``, likewise.
    thresholds
        The threshold of each label, from which a message is flagged.
    alert_fpr
        The highest false positive rate on benign conversations, in (0, 1).
    """
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
    label = np.concatenate([is_pattern(train), is_pattern(validation)])
    scores = np.concatenate(
        [
            highest_scores(conversation_running_scores(fitted, conversations, probabilities))
            for conversations, probabilities in (
                (train, train_probabilities),
                (validation, validation_probabilities),
            )
        ]
    )
    families = [conversation.clusters for conversation in (*train, *validation)]
    at = threshold_for_fpr(label, scores, max_fpr=alert_fpr, clusters=families)
    return replace(fitted, alert_threshold=at)


def is_pattern(conversations: Sequence[Conversation]) -> NDArray[np.bool_]:
    """Which conversations are scripted patterns."""
    return np.array([conversation.label == PATTERN for conversation in conversations])


def conversation_running_scores(
    model: ConversationModel, conversations: Sequence[Conversation], probabilities: Probabilities
) -> RunningScores:
    """The score of each conversation after every message, by ``model``."""
    uses_text, uses_metadata = model.head != "metadata", model.head != "text"
    return [
        running_scores(
            model,
            message_rows if uses_text else None,
            [message.author for message in conversation.messages],
            times=[message.time for message in conversation.messages] if uses_metadata else (),
            metadata=conversation.metadata if uses_metadata else None,
            sender=conversation.sender if uses_metadata else "",
        )
        for conversation, message_rows in zip(conversations, probabilities, strict=True)
    ]


def highest_scores(scores: RunningScores) -> NDArray[np.float64]:
    """The highest score that each conversation had at any message.

    An alert is never taken back, so this is the score that is compared with a threshold.
    """
    return np.array([of_conversation.max() for of_conversation in scores])


@dataclass(frozen=True)
class ScoredConversations:
    """Conversations of one set, their message probabilities and their running scores."""

    conversations: Sequence[Conversation]
    probabilities: Probabilities
    running_scores: RunningScores

    @cached_property
    def label(self) -> NDArray[np.bool_]:
        """Which are scripted patterns."""
        return is_pattern(self.conversations)

    @cached_property
    def families(self) -> list[tuple[str, ...]]:
        """The dialogues of each (``Conversation.clusters``)."""
        return [conversation.clusters for conversation in self.conversations]

    @cached_property
    def clusters(self) -> Clusters:
        """Which of them share a dialogue."""
        return Clusters.of(self.families)

    @cached_property
    def score(self) -> NDArray[np.float64]:
        """The highest score of each."""
        return highest_scores(self.running_scores)

    @cached_property
    def messages(self) -> pd.DataFrame:
        """One row per message.

        Columns: ``unit`` (conversation id), ``score`` (of the conversation so far), ``by_target`` (the
        contact wrote it), ``labelled`` (it carries a label).
        """
        return pd.DataFrame(
            [
                (conversation.id, score, message.author == conversation.contact, bool(message.labels))
                for conversation, scores in zip(self.conversations, self.running_scores, strict=True)
                for message, score in zip(conversation.messages, scores, strict=True)
            ],
            columns=["unit", "score", "by_target", "labelled"],
        )


def score_conversations(
    model: ConversationModel, conversations: Sequence[Conversation], probabilities: Probabilities
) -> ScoredConversations:
    """``conversations`` scored message by message by ``model``."""
    scores = conversation_running_scores(model, conversations, probabilities)
    return ScoredConversations(conversations, probabilities, scores)


def oracle_scores(
    train: list[Conversation], sets: dict[str, list[Conversation]], *, seed: int
) -> dict[str, ScoredConversations]:
    """Each set scored by a text head on oracle labels.

    The head is fitted on oracle labels and is given them. The scores show how well conversations can be
    separated when every message is read correctly.
    """
    labels = {name: oracle_probabilities(members) for name, members in sets.items()}
    fitted = fit_conversation_model(
        train,
        oracle_probabilities(train),
        sets["validation"],
        labels["validation"],
        head="text",
        thresholds=np.full(len(LABELS), 0.5),
        seed=seed,
    )
    return {name: score_conversations(fitted, members, labels[name]) for name, members in sets.items()}
