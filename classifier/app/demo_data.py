"""Models, scored conversations and policy figures that the demo page shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

import classifier
from classifier.app.policy_figures import PolicySummary, read_policy_summary
from classifier.errors import InputError
from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.conversation.file import load_conversation_model
from classifier.model.conversation.monitor import running_scores
from classifier.model.message.batch import BatchScorer
from classifier.model.message.file import load_model
from classifier.model.message.scorer import MessageModel
from classifier.records import SPLITS, Conversation
from classifier.taxonomy import PATTERN

N_SCORED = 600
"""Conversations that are scored: enough to meet false alarms and misses, in a second or two."""
SHOWN_LENGTHS = range(3, 81)
"""Numbers of messages that can be followed on a page."""
N_GENERATED = 1500
"""Conversations that are generated where there is no corpus; a fifth are of the test split."""

_SCORING = Lock()


@dataclass(frozen=True)
class ScoredConversation:
    """A conversation, and what the models make of it.

    Parameters
    ----------
    probabilities
        Message probabilities, shape (messages, ``COLUMNS``).
    scores
        Score of the conversation after each message.
    alert_at
        Number of the message, from 1, at which the score reaches the alert threshold; 0 where it never does.
    """

    conversation: Conversation
    probabilities: NDArray[np.float64]
    scores: NDArray[np.float64]
    alert_at: int

    @property
    def is_pattern(self) -> bool:
        """Whether the generator scripted it as a pattern."""
        return self.conversation.label == PATTERN

    @property
    def scene(self) -> str:
        """The scene in words."""
        return self.conversation.scene.replace("_", " ")

    def side(self, author: str) -> str:
        """``A`` for the account that opened the contact, ``B`` for the other."""
        return "A" if author == self.conversation.sender else "B"


@dataclass(frozen=True)
class Demo:
    """What the views read.

    Parameters
    ----------
    model
        Scores conversations of the corpus.
    typed_model
        Scores what is typed: by default the shipped model, which has seen the corpus.
    corpus
        Corpus folder or file; None to generate conversations.
    policy_summary
        Figures of the policy desk; None where there are none.
    """

    model_path: Path
    model: MessageModel
    typed_model: MessageModel
    conversation_model: ConversationModel
    corpus: Path | None
    policy_summary: PolicySummary | None

    @cached_property
    def scored_conversations(self) -> dict[str, ScoredConversation]:
        """``N_SCORED`` conversations of suitable length, the first in the order of their ids.

        They are of the test split, whose phrase families the model has not seen. Without a test split they
        are of any.
        """
        with _SCORING:
            # Whoever waited for another thread's scores takes those.
            done: dict[str, ScoredConversation] | None = self.__dict__.get("scored_conversations")
            return self._score() if done is None else done

    def _score(self) -> dict[str, ScoredConversation]:
        conversations = self._suitable_conversations(("test",)) or self._suitable_conversations(SPLITS)
        if not conversations:
            shortest, longest = SHOWN_LENGTHS[0], SHOWN_LENGTHS[-1]
            raise InputError(
                f"{self.corpus}: expected conversations of {shortest} to {longest} messages, found none"
            )
        scored = score_conversations(self.model, self.conversation_model, conversations)
        return {each.conversation.id: each for each in scored}

    def prepare(self) -> None:
        """Do the slow work before the first request.

        An error is raised again, and shown, by the request that needs the conversations.
        """
        import classifier.evaluation.base_rates
        import classifier.privacy.simulate.policy_simulation  # noqa: F401
        from classifier.app.lesson.retrained_model import untaught_model

        with suppress(InputError):
            _ = self.scored_conversations
        with suppress(InputError):
            untaught_model(self.corpus)

    def _suitable_conversations(self, splits: tuple[str, ...]) -> list[Conversation]:
        suitable = (
            conversation
            for conversation in self.conversations()
            if conversation.split in splits and len(conversation.messages) in SHOWN_LENGTHS
        )
        # In a corpus file, conversations that begin alike stand together.
        return sorted(suitable, key=lambda conversation: conversation.id)[:N_SCORED]

    def conversations(self) -> Iterator[Conversation]:
        """The conversations of the corpus; of one in several files, those of its last split."""
        if self.corpus is None:
            from classifier.corpus.dialogues import load_dialogues
            from classifier.corpus.generator.chains import generate_chains
            from classifier.corpus.generator.corpus_spec import CorpusSpec

            spec = CorpusSpec()  # with its seed, so that dialogues are split as in the released corpus
            return generate_chains(replace(spec, n_conversations=N_GENERATED), load_dialogues(spec.voice))
        from classifier.corpus.corpus_folder import corpus_files
        from classifier.readers.corpus_jsonl import iterate_conversations

        return iterate_conversations(corpus_files(self.corpus)[-1])

    @property
    def corpus_sha256(self) -> str:
        """The sha256 that the manifest of the corpus folder gives; "" where there is none."""
        manifest = self.corpus / "manifest.json" if self.corpus else None
        if manifest is None or not manifest.is_file():
            return ""
        return str(json.loads(manifest.read_text(encoding="utf-8"))["corpus_sha256"])

    @property
    def source(self) -> str:
        """Corpus, version and split of the conversations, in words."""
        first = next(iter(self.scored_conversations.values())).conversation
        generated = ", generated when the demo started" if self.corpus is None else ""
        return f"corpus {first.corpus}, version {first.version}, split {first.split}{generated}"


def score_conversations(
    model: MessageModel, conversation_model: ConversationModel, conversations: Sequence[Conversation]
) -> list[ScoredConversation]:
    """Each conversation with its scores after every message."""
    texts = (message.text for conversation in conversations for message in conversation.messages)
    probabilities = BatchScorer(model).scores(texts)
    ends = np.cumsum([len(conversation.messages) for conversation in conversations])[:-1]
    scored = []
    for conversation, rows in zip(conversations, np.split(probabilities, ends), strict=True):
        authors = [message.author for message in conversation.messages]
        scores = running_scores(conversation_model, rows, authors)
        alert_at = first_at_or_over(scores, conversation_model.alert_threshold)
        scored.append(ScoredConversation(conversation, rows, scores, alert_at))
    return scored


def first_at_or_over(scores: NDArray[np.float64], threshold: float) -> int:
    """Number of the first score that reaches ``threshold``, from 1; 0 where none does.

    >>> first_at_or_over(np.array([0.1, 0.5, 0.2]), 0.5), first_at_or_over(np.array([0.1]), 0.5)
    (2, 0)
    """
    reached = np.flatnonzero(scores >= threshold)
    return int(reached[0]) + 1 if reached.size else 0


def load_demo(
    model_path: Path,
    conversation_model_path: Path,
    *,
    typed_model_path: Path | None = None,
    corpus: Path | None = None,
    tradeoff: Path | None = None,
) -> Demo:
    """The demo of a model. Raises ``InputError`` for files that cannot be used.

    Parameters
    ----------
    typed_model_path
        The model for what is typed, by default the same.
    corpus
        Corpus folder or file. By default the released corpus of the checkout; without it, conversations are
        generated from the package's dialogues.
    tradeoff
        Folder that ``tradeoff`` wrote. By default the figures that come with the package.
    """
    demo = Demo(
        model_path,
        load_model(model_path),
        load_model(typed_model_path or model_path),
        load_conversation_model(conversation_model_path),
        corpus or released_corpus(),
        read_policy_summary(tradeoff),
    )
    if corpus is not None:
        # A corpus that the user named and that cannot be used is refused now.
        _ = demo.scored_conversations
    return demo


def checkout() -> Path:
    """The folder that holds the package: the checkout, when it runs from one."""
    return Path(classifier.__file__).resolve().parent.parent


def released_corpus() -> Path | None:
    """The released corpus in the working directory or the checkout."""
    places = [folder / "data" / "synthetic" / "v2" for folder in (Path.cwd(), checkout())]
    return next((place for place in places if (place / "manifest.json").is_file()), None)
