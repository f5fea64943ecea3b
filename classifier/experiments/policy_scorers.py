"""Message scorers for reading policies, from our models or an outside one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.errors import InputError
from classifier.resume import file_sha256

if TYPE_CHECKING:
    import pandas as pd

    from classifier.privacy.compare.finished import FinishedPolicies
    from classifier.privacy.simulate.scorer import PolicyScorer
    from classifier.privacy.stream import MessageScores, Stream
    from classifier.records import Conversation

OWN_MODEL = "private/plain"
"""The ``Policy.model_key`` of our message model: TF-IDF of private text, trained without noise."""

VARIANT_MESSAGES = 30_000
"""Messages on which plain variants are fitted: enough to compare them, about a minute in all."""


@dataclass(frozen=True)
class ScoreSources:
    """Where the scores of a comparison come from.

    Parameters
    ----------
    model
        Our message model file; None with outside scores.
    scores
        A file of outside scores; None with our model.
    depends_on
        What the scores of each model depend on besides the corpus, by ``Policy.model_key``.
    facts
        What the report says about the sources.
    """

    model: Path | None
    scores: Path | None
    depends_on: dict[str, Any]
    facts: dict[str, Any]


def find_sources(
    model_path: Path | None, scores: Path | None, *, keys: Collection[str], variants: bool, seed: int
) -> ScoreSources:
    """Our model and its variants, or the file of outside ``scores`` alone.

    With ``variants``, those of the model ``keys`` that can be fitted are included. ``model_path`` is not used
    beside outside scores. Raises ``InputError`` for a file that cannot be read.
    """
    from classifier.model.message.file import load_model
    from classifier.model.shipped import conversation_model_path, train_split_model
    from classifier.privacy.builds.variants import salt_from_seed, standard_variants

    if scores is not None:
        said = (
            f"message scores of an outside model, combined by noisy-or; it stands in for model {OWN_MODEL!r}"
        )
        return ScoreSources(None, scores, {OWN_MODEL: file_sha256(scores)}, {"model": said})
    path = model_path or train_split_model()
    hashes = [file_sha256(path), file_sha256(conversation_model_path(path, "text"))]
    depends_on: dict[str, Any] = {OWN_MODEL: hashes}
    if variants:
        for key in sorted(standard_variants(salt=salt_from_seed(seed))):
            if key in keys and key != OWN_MODEL:
                depends_on[key] = ["fitted beside", VARIANT_MESSAGES, seed]
    facts = {
        "model": "the stage model for messages, the text head of its pattern model for conversations",
        "model_sha256": load_model(path).header["sha256"],
    }
    return ScoreSources(path, None, depends_on, facts)


def make_scorers(
    sources: ScoreSources,
    train: Sequence[Conversation],
    scored: Sequence[Conversation],
    streams: Sequence[Stream],
    *,
    finished: FinishedPolicies,
    seed: int,
) -> dict[str, PolicyScorer]:
    """A scorer for each model of ``sources``, by its key.

    All but our own model score a conversation by noisy-or, a fixed rule: a rule fitted on the conversations
    of the same people would break the privacy guarantee of a noisy model.

    Parameters
    ----------
    train
        Conversations on which variants are fitted; without any, there are none.
    scored
        Conversations to score.
    streams
        The same conversations as streams, in the same order.
    finished
        Scores from an earlier run, which are used where they exist.
    """
    from classifier.privacy.simulate.scorer import PolicyScorer

    if sources.scores is not None:
        return {OWN_MODEL: PolicyScorer(outside_scores(sources.scores, scored))}
    assert sources.model is not None
    scorers = {OWN_MODEL: _own_scorer(sources.model, scored, streams, finished)}
    if train:
        for key in sources.depends_on:
            if key != OWN_MODEL:
                fit_and_score = partial(_variant_scores, key, train, streams, seed=seed)
                scorers[key] = PolicyScorer(finished.message_scores(key, streams, fit_and_score))
    return scorers


def _own_scorer(
    path: Path, conversations: Sequence[Conversation], streams: Sequence[Stream], finished: FinishedPolicies
) -> PolicyScorer:
    from classifier.experiments.conversations.scores import message_probabilities
    from classifier.model.conversation.file import load_conversation_model
    from classifier.model.conversation.monitor import MonitoredScorer
    from classifier.model.message.file import load_classifier
    from classifier.model.shipped import conversation_model_path
    from classifier.privacy.simulate.scorer import PolicyScorer
    from classifier.privacy.stream import MessageScores
    from classifier.progress import say
    from classifier.taxonomy import COLUMNS

    def score() -> MessageScores:
        say("scoring messages")
        probabilities = message_probabilities(load_classifier(path), conversations)
        rows = dict(zip((stream.id for stream in streams), probabilities, strict=True))
        return MessageScores(rows, COLUMNS)

    return PolicyScorer(
        finished.message_scores(OWN_MODEL, streams, score),
        MonitoredScorer(load_conversation_model(conversation_model_path(path, "text"))),
    )


def _variant_scores(
    key: str, train: Sequence[Conversation], streams: Sequence[Stream], *, seed: int
) -> MessageScores:
    """Message scores of ``streams`` by a variant fitted on ``train``.

    ``key`` is the ``Policy.model_key`` of the variant. Plain ones are fitted on at most ``VARIANT_MESSAGES``
    messages, noisy ones on whole conversations, the unit of their privacy guarantee. Noisy ones see the plain
    spelling: the normaliser knows words of the train split's phrases, and what is learnt from private text
    beforehand no noise protects.
    """
    from classifier.model.message.reading.normalise import normalise
    from classifier.model.message.stage_classifier import score_distinct
    from classifier.privacy.attacks.documents import membership_documents
    from classifier.privacy.builds.variants import salt_from_seed, standard_variants
    from classifier.privacy.builds.vocabulary import plain_spelling
    from classifier.privacy.stream import scored
    from classifier.privacy.uniform_draw import stream_seed
    from classifier.progress import say

    say(f"fitting {key}")
    is_plain = key.endswith("/plain")
    documents = membership_documents(train, unit="message" if is_plain else "conversation", seed=seed)
    if is_plain:
        documents = documents.sample(min(VARIANT_MESSAGES, len(documents)), random_state=seed)
    prepare = normalise if is_plain else plain_spelling
    fit = standard_variants(salt=salt_from_seed(seed), prepare=prepare)[key]
    model = fit(documents, stream_seed(seed, "fit", key))
    return scored(streams, lambda texts: score_distinct(model.probabilities, texts))


def outside_scores(path: Path, conversations: Sequence[Conversation]) -> MessageScores:
    """An outside model's scores of these conversations, from a CSV file.

    Raises ``InputError`` when a message has no score, or the authors differ.
    """
    import pandas as pd

    from classifier.privacy.stream import streams_from_scores

    table = _read_scores(path)
    known = {conversation.id: conversation for conversation in conversations}
    table = table[table["conversation_id"].isin(known)]
    by_conversation = table.groupby("conversation_id", sort=False)
    authors_in_file = {str(id_): authors.tolist() for id_, authors in by_conversation["author"]}
    for conversation in conversations:
        authors = [message.author for message in conversation.messages]
        if conversation.id not in authors_in_file:
            raise InputError(
                f"{path}: no scores of conversation {conversation.id!r}; every validation and test "
                "conversation needs them"
            )
        got = authors_in_file[conversation.id]
        if got != authors:
            raise InputError(
                f"{path}: conversation {conversation.id!r} has {len(authors)} messages in the corpus and "
                f"{len(got)} here, or they are by other authors or in another order"
            )
    labels = pd.Series({id_: conversation.label for id_, conversation in known.items()})
    table = table.assign(index=by_conversation.cumcount(), label=table["conversation_id"].map(labels))
    try:
        return streams_from_scores(table)[1]
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None


def _read_scores(path: Path) -> pd.DataFrame:
    """Rows in the order of their column ``index``, if there is one."""
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
