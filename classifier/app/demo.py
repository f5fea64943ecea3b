"""What is the demo page about? The models, the synthetic conversations and the figures of policies that were loaded when it started."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import classifier
from classifier.app.policy_figures import Summary, read_summary
from classifier.errors import InputError
from classifier.model.conversation.file import load_conversation_model
from classifier.model.conversation.model import ConversationModel
from classifier.model.conversation.monitor import running_scores
from classifier.model.message.batch import BatchScorer
from classifier.model.message.file import load_model
from classifier.model.message.scorer import MessageModel
from classifier.records import SPLITS, Conversation
from classifier.taxonomy import PATTERN

N_LOOKED_AT = 600
"""How many conversations are scored: enough to meet false alarms and misses, and a second or two of work."""
LENGTHS = range(3, 41)
"""Numbers of messages that can be followed on a page."""
N_GENERATED = 1500
"""Conversations drawn where no corpus is found; a fifth of them are of the test split."""


@dataclass(frozen=True)
class Followed:
    """A conversation with its message ``probabilities`` (messages, labels), its score after each message, and the message (from 1) of the alert, 0 for none."""

    conversation: Conversation
    probabilities: NDArray[np.float64]
    scores: NDArray[np.float64]
    alert_at: int

    @property
    def is_pattern(self) -> bool:
        """Whether the generator scripted it as a pattern."""
        return self.conversation.label == PATTERN


@dataclass(frozen=True)
class Demo:
    """Everything the views read. ``corpus`` is None where conversations are to be generated; ``summary`` is None where there are no figures of policies."""

    model_path: Path
    model: MessageModel
    pattern: ConversationModel
    corpus: Path | None
    summary: Summary | None

    @cached_property
    def followed(self) -> dict[str, Followed]:
        """The first ``N_LOOKED_AT`` conversations of suitable length by their ids, scored message by message: of the test split, where there is one."""
        conversations: list[Conversation] = []
        for splits in (
            ("test",),
            SPLITS,
        ):  # the model has not seen the phrase families of test; a file without a test split is better than nothing
            suitable = (
                each
                for each in self._conversations()
                if each.split in splits and len(each.messages) in LENGTHS
            )
            conversations = conversations or list(islice(suitable, N_LOOKED_AT))
        if not conversations:
            raise InputError(
                f"{self.corpus}: holds no conversation of {LENGTHS[0]} to {LENGTHS[-1]} messages to show"
            )
        scorer = BatchScorer(self.model)
        rows = scorer.probabilities(
            message.text for conversation in conversations for message in conversation.messages
        )
        ends = np.cumsum([len(conversation.messages) for conversation in conversations])[:-1]
        return {
            each.id: self._follow(each, own)
            for each, own in zip(conversations, np.split(rows, ends), strict=True)
        }

    def prepare(self) -> None:
        """Fetch what takes a second or two, before somebody asks for it. What goes wrong here is told to whoever asks."""
        import classifier.evaluation.baserates
        import classifier.privacy.simulate.run  # noqa: F401

        with suppress(InputError):
            _ = self.followed

    def _follow(self, conversation: Conversation, probabilities: NDArray[np.float64]) -> Followed:
        scores = running_scores(
            self.pattern, probabilities, [message.author for message in conversation.messages]
        )
        over = np.flatnonzero(scores >= self.pattern.alert_threshold)
        return Followed(conversation, probabilities, scores, int(over[0]) + 1 if over.size else 0)

    def _conversations(self) -> Iterator[Conversation]:
        if self.corpus is None:
            from classifier.corpus.generator.conversations import generate
            from classifier.corpus.generator.spec import CorpusSpec

            return generate(replace(CorpusSpec(), n_conversations=N_GENERATED))
        from classifier.corpus.release import corpus_files
        from classifier.readers.corpus import iterate_conversations

        return iterate_conversations(corpus_files(self.corpus)[-1])

    @property
    def source(self) -> str:
        """Where the conversations come from, in words."""
        first = next(iter(self.followed.values())).conversation
        return f"corpus {first.corpus}, version {first.version}, split {first.split}{', drawn when the demo started' if self.corpus is None else ''}"


def load_demo(
    model_path: Path,
    conversation_model_path: Path,
    *,
    corpus: Path | None = None,
    summary: Path | None = None,
) -> Demo:
    """The demo of one model. Raises ``InputError`` for files that cannot be used.

    ``corpus`` is a corpus folder or file, by default the released one in the checkout; where there is none, conversations are drawn from the package's phrase families.
    ``summary`` is a folder that ``tradeoff`` wrote, by default the figures that come with the package.
    """
    demo = Demo(
        model_path,
        load_model(model_path),
        load_conversation_model(conversation_model_path),
        corpus or released_corpus(),
        read_summary(summary),
    )
    if corpus is not None:
        _ = demo.followed  # so that a corpus that was asked for and cannot be used is refused now
    return demo


def checkout() -> Path:
    """The folder the package stands in: the checkout, for whoever works in one."""
    return Path(classifier.__file__).resolve().parent.parent


def released_corpus() -> Path | None:
    """The released corpus, here or in the checkout."""
    places = [folder / "data" / "synthetic" / "v1" for folder in (Path.cwd(), checkout())]
    return next((place for place in places if (place / "manifest.json").is_file()), None)
