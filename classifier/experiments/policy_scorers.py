"""The models that policies ask for, as scorers of messages: the own one, those fitted beside it, or an outside model's scores."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from classifier.privacy.stream import MessageScores
    from classifier.records import Conversation

if TYPE_CHECKING:
    from classifier.privacy.compare.kept import Parts
    from classifier.privacy.simulate.scorer import Scorer
    from classifier.privacy.stream import MessageScores, Stream
    from classifier.records import Conversation

OWN_MODEL = "private/plain"
"""The ``Policy.model_key`` of the stage model: TF-IDF terms of private text, trained without noise."""

VARIANT_MESSAGES = 30_000
"""How many messages the plain variants are fitted on: enough to compare them, and a minute in all."""


@dataclass(frozen=True)
class Sources:
    """Where scores come from. ``made_of`` says by ``Policy.model_key`` all that its scores depend on, besides the corpus; ``facts`` is what the report says of them."""

    model: Path | None
    scores: Path | None
    made_of: dict[str, Any]
    facts: dict[str, Any]


def find_sources(
    model_path: Path | None, scores: Path | None, *, keys: Collection[str], variants: bool, seed: int
) -> Sources:
    """The own model, and with ``variants`` those of ``keys`` that can be fitted; or the outside scores alone. Raises ``InputError`` for files that cannot be read."""
    from classifier.model.message.file import load_model
    from classifier.model.shipped import conversation_model_path, find_model
    from classifier.privacy.builds.variants import salt_of, standard_variants

    if scores is not None:
        if model_path is not None:
            raise InputError("--scores stands in for a model, so --model cannot be given beside it")
        facts = {
            "model": f"message scores of an outside model, combined by noisy-or; it stands in for model {OWN_MODEL!r}"
        }
        return Sources(None, scores, {OWN_MODEL: _sha256(scores)}, facts)
    path = find_model(model_path)
    made_of: dict[str, Any] = {OWN_MODEL: [_sha256(path), _sha256(conversation_model_path(path, "text"))]}
    if variants:
        made_of |= {
            key: ["fitted beside", VARIANT_MESSAGES, seed]
            for key in sorted(standard_variants(salt=salt_of(seed)))
            if key in keys and key != OWN_MODEL
        }
    facts = {
        "model": "the stage model for messages, the text head of its pattern model for conversations",
        "model_sha256": load_model(path).header["sha256"],
    }
    return Sources(path, None, made_of, facts)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def make_scorers(
    sources: Sources,
    train: Sequence[Conversation],
    scored: Sequence[Conversation],
    streams: Sequence[Stream],
    *,
    parts: Parts,
    seed: int,
) -> dict[str, Scorer]:
    """A scorer for each model of ``sources``, its scores of ``scored`` (as ``streams``) taken from ``parts`` where they are there.

    All but the own model score a conversation by noisy-or: it is a fixed rule, and a rule fitted on the same people's conversations would break the promise of a noisy model.
    """
    from classifier.privacy.simulate.scorer import Scorer

    if sources.scores is not None:
        from classifier.experiments.policy_scorers import outside_scores

        return {OWN_MODEL: Scorer(outside_scores(sources.scores, scored))}
    assert sources.model is not None
    scorers = {OWN_MODEL: _own_scorer(sources.model, scored, streams, parts)}
    if train:
        fits = _Variants(train, seed)
        scorers |= {
            key: Scorer(parts.scores(key, streams, lambda key=key: fits.scores(key, streams)))
            for key in sources.made_of
            if key != OWN_MODEL
        }  # type: ignore[misc]
    return scorers


def _own_scorer(
    path: Path, conversations: Sequence[Conversation], streams: Sequence[Stream], parts: Parts
) -> Scorer:
    from classifier.experiments.conversation_scores import message_probabilities
    from classifier.model.conversation.file import load_conversation_model
    from classifier.model.conversation.monitor import MonitoredScorer
    from classifier.model.message.file import load_pipeline
    from classifier.model.shipped import conversation_model_path
    from classifier.privacy.simulate.scorer import Scorer
    from classifier.privacy.stream import MessageScores
    from classifier.progress import say

    def score() -> MessageScores:
        say("scoring messages")
        return MessageScores(
            dict(
                zip(
                    (stream.id for stream in streams),
                    message_probabilities(load_pipeline(path), conversations),
                    strict=True,
                )
            )
        )

    return Scorer(
        parts.scores(OWN_MODEL, streams, score),
        MonitoredScorer(load_conversation_model(conversation_model_path(path, "text"))),
    )


class _Variants:
    """The models fitted beside the own one: plain ones on at most ``VARIANT_MESSAGES`` messages, noisy ones on conversations, the unit that their promise is about."""

    def __init__(self, train: Sequence[Conversation], seed: int) -> None:
        self.train, self.seed = train, seed

    def scores(self, key: str, streams: Sequence[Stream]) -> MessageScores:
        """Fit the model of that key and let it score every message of ``streams``."""
        from classifier.model.message.normalise import normalise
        from classifier.model.message.pipeline import scored_once
        from classifier.privacy.attacks.attack import membership_documents
        from classifier.privacy.builds.variants import salt_of, standard_variants
        from classifier.privacy.stream import scored
        from classifier.progress import say

        say(f"fitting {key}")
        documents = membership_documents(
            self.train, unit="message" if key.endswith("/plain") else "conversation", seed=self.seed
        )
        if key.endswith("/plain"):
            documents = documents.sample(min(VARIANT_MESSAGES, len(documents)), random_state=self.seed)
        opened = standard_variants(salt=salt_of(self.seed), prepare=normalise)[key](documents, self.seed)
        return scored(streams, lambda texts: scored_once(opened.probabilities, texts))


def outside_scores(path: Path, conversations: Sequence[Conversation]) -> MessageScores:
    """An outside model's scores of these conversations. Raises ``InputError`` when a message has none, or the authors are others."""
    import pandas as pd

    from classifier.privacy.stream import streams_from_scores

    table = _read_scores(path)
    known = {conversation.id: conversation for conversation in conversations}
    table = table[table["conversation_id"].isin(known)]
    written = {
        str(id_): authors.tolist() for id_, authors in table.groupby("conversation_id", sort=False)["author"]
    }
    for conversation in conversations:
        authors = [message.author for message in conversation.messages]
        if conversation.id not in written:
            raise InputError(
                f"{path}: no scores of conversation {conversation.id!r}; every validation and test conversation needs them"
            )
        if written[conversation.id] != authors:
            got = written[conversation.id]
            raise InputError(
                f"{path}: conversation {conversation.id!r} has {len(authors)} messages in the corpus and {len(got)} here, or they are by other authors or in another order"
            )
    labels = pd.Series({id_: conversation.label for id_, conversation in known.items()})
    table = table.assign(
        index=table.groupby("conversation_id").cumcount(), label=table["conversation_id"].map(labels)
    )
    try:
        return streams_from_scores(table)[1]
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None


def _read_scores(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        table = pd.read_csv(
            path,
            dtype={"conversation_id": str, "author": str},
            keep_default_na=False,
            na_values={"score": [""]},
        )
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:  # which pandas' own parser errors and UnicodeDecodeError are
        raise InputError(f"{path}: not readable as CSV: {error}") from None
    if missing := [name for name in ("conversation_id", "author") if name not in table]:
        raise InputError(f"{path}: no column {missing[0]!r} in the header")
    return table.sort_values(["conversation_id", "index"], kind="stable") if "index" in table else table
