"""Message scorers for reading policies, from our models or an outside one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from classifier.model.conversation.file import load_conversation_model
from classifier.model.conversation.monitor import MonitoredScorer
from classifier.model.message.file import load_classifier, load_model
from classifier.model.message.reading.normalise import normalise
from classifier.model.shipped_models import conversation_model_path, train_split_model
from classifier.privacy.attacks.membership_documents import membership_documents
from classifier.privacy.message_streams import MessageScores, Stream, scored
from classifier.privacy.model_variants.fit_variants import salt_from_seed, standard_variants
from classifier.privacy.model_variants.vocabulary import plain_spelling
from classifier.privacy.simulate.policy_scorer import STAGE_MAXIMA, PolicyScorer
from classifier.privacy.tradeoff.finished_policies import FinishedPolicies
from classifier.privacy.uniform_draw import stream_seed
from classifier.progress import say
from classifier.records import Conversation
from classifier.resume import file_sha256
from classifier.taxonomy import COLUMNS
from classifier.workflows.tradeoff.outside_scores import outside_conversation_scorer, outside_scorer

OWN_MODEL = "private/plain"
"""The ``Policy.model_key`` of our message model: TF-IDF of private text, trained without noise."""

VARIANT_MESSAGES = 30_000
"""Messages on which plain variants are fitted: enough to compare them, about a minute in all."""

OUTSIDE_MESSAGES = (
    f"message scores of an outside model, which stands in for model {OWN_MODEL!r}; combined by a "
    "conversation model fitted on its train rows, or by stage maxima where it has none"
)
OUTSIDE_CONVERSATIONS = (
    f"conversation scores of an outside classifier, which stands in for model {OWN_MODEL!r}; they exist from "
    "the last message on"
)


@dataclass(frozen=True)
class ScoreSources:
    """Where the scores of a comparison come from.

    Parameters
    ----------
    model
        Our message model file; None with outside scores.
    scores, conversation_scores
        A file of outside scores, of messages or of whole conversations; None without.
    depends_on
        What the scores of each model depend on besides the corpus, by ``Policy.model_key``.
    facts
        What the report says about the sources.
    """

    model: Path | None
    scores: Path | None
    conversation_scores: Path | None
    depends_on: dict[str, Any]
    facts: dict[str, Any]


def find_sources(
    model_path: Path | None,
    scores: Path | None,
    conversation_scores: Path | None,
    *,
    keys: Collection[str],
    variants: bool,
    seed: int,
) -> ScoreSources:
    """Our model and its variants, or a file of outside scores alone.

    With ``variants``, those of the model ``keys`` that can be fitted are included. ``model_path`` is not used
    beside outside scores. Raises ``InputError`` for a file that cannot be read.
    """
    for outside, said in ((scores, OUTSIDE_MESSAGES), (conversation_scores, OUTSIDE_CONVERSATIONS)):
        if outside is not None:
            depends_on: dict[str, Any] = {OWN_MODEL: [said, file_sha256(outside), seed]}
            return ScoreSources(None, scores, conversation_scores, depends_on, {"model": said})
    path = model_path or train_split_model()
    hashes = [file_sha256(path), file_sha256(conversation_model_path(path, "text"))]
    depends_on = {OWN_MODEL: hashes}
    if variants:
        for key in sorted(standard_variants(salt=salt_from_seed(seed))):
            if key in keys and key != OWN_MODEL:
                depends_on[key] = ["fitted beside", VARIANT_MESSAGES, seed]
    facts = {
        "model": "the stage model for messages, the text head of its pattern model for conversations",
        "model_sha256": load_model(path).header["sha256"],
    }
    return ScoreSources(path, None, None, depends_on, facts)


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

    All but our own model score a conversation by stage maxima, a fixed rule: a rule fitted on conversations
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
    if sources.scores is not None:
        return {OWN_MODEL: outside_scorer(sources.scores, train, scored, seed=seed)}
    if sources.conversation_scores is not None:
        return {OWN_MODEL: outside_conversation_scorer(sources.conversation_scores, scored, streams)}
    assert sources.model is not None
    scorers = {OWN_MODEL: _own_scorer(sources.model, scored, streams, finished)}
    if train:
        for key in sources.depends_on:
            if key != OWN_MODEL:
                fit_and_score = partial(_variant_scores, key, train, streams, seed=seed)
                scorers[key] = PolicyScorer(
                    finished.message_scores(key, streams, fit_and_score), STAGE_MAXIMA
                )
    return scorers


def _own_scorer(
    path: Path, conversations: Sequence[Conversation], streams: Sequence[Stream], finished: FinishedPolicies
) -> PolicyScorer:
    from classifier.workflows.conversation_evaluation.conversation_scores import message_probabilities

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
    from classifier.model.message.stage_classifier import score_distinct

    say(f"fitting {key}")
    is_plain = key.endswith("/plain")
    documents = membership_documents(train, unit="message" if is_plain else "conversation", seed=seed)
    if is_plain:
        documents = documents.sample(min(VARIANT_MESSAGES, len(documents)), random_state=seed)
    prepare = normalise if is_plain else plain_spelling
    fit = standard_variants(salt=salt_from_seed(seed), prepare=prepare)[key]
    model = fit(documents, stream_seed(seed, "fit", key))
    return scored(streams, lambda texts: score_distinct(model.probabilities, texts))
