"""Membership attacks on a model file that was fitted on the train split of a corpus.

Members are conversations of train senders. Non-members are conversations of the senders whom the generator
would have drawn next: of the same dialogues, in the same proportions, but not in the corpus.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.corpus.dialogues import Dialogue
from classifier.corpus.generator.chains import dialogue_books, generate_chain_senders
from classifier.corpus.generator.corpus_spec import CorpusSpec
from classifier.model.message.reading.passages import highest_of_passages, split_into_passages
from classifier.model.message.scorer import joined, sigmoid
from classifier.model.message.stage_classifier import fit_on_subsets
from classifier.privacy.attacks.attack_table import COLUMNS, blind_scores, membership_rows, statement_rows
from classifier.privacy.attacks.membership_documents import check_documents, membership_documents
from classifier.privacy.attacks.membership_inference import (
    confidences,
    lira_scores,
    loss_scores,
    shadow_draws,
    vocabulary_scores,
)
from classifier.privacy.uniform_draw import stream_seed
from classifier.readers.messages_table import messages_table
from classifier.records import Conversation, Message
from classifier.taxonomy import LABELS
from classifier.workflows.model_file_attacks.names_in_file import inspect_model_file

FIRST_FRESH_SENDER = 1_000_000
"""The number of the first sender drawn anew: beyond those of any corpus we make."""

Numbers = NDArray[np.float64]


def fresh_conversations(
    spec: CorpusSpec, dialogues: Sequence[Dialogue], *, n_senders: int
) -> list[Conversation]:
    """Conversations of senders whom the corpus of ``spec`` would have had in train, were it larger."""
    book = dialogue_books(spec, dialogues)["train"]
    return list(generate_chain_senders(spec, "train", book, first=FIRST_FRESH_SENDER, senders=n_senders))


def model_file_attacks(
    path: Path,
    members: Sequence[Conversation],
    others: Sequence[Conversation],
    *,
    n_shadows: int,
    seed: int,
) -> pd.DataFrame:
    """Membership attacks on the message model in ``path``, as rows of ``attack_table``.

    The unit is a conversation. The attacks look at its own lines alone, those said in no other of the
    conversations asked about: a dialogue's fixed lines are in training either way. ``blind``, which sees no
    model, is a row of the file here. Shadow models have the file's recipe and are fitted on the lines of half
    of the senders asked about, which is less than the file was fitted on: the attack is a lower bound.

    Raises ``ValueError`` where members and others do not come from the same phrase families.

    Parameters
    ----------
    members
        Conversations that the model was fitted on.
    others
        Conversations that it was not fitted on, as ``fresh_conversations`` draws them.
    """
    conversations = [*members, *others]
    member = np.arange(len(conversations)) < len(members)
    senders = [conversation.sender for conversation in conversations]
    documents = membership_documents(conversations, seed=seed).assign(member=member)
    check_documents(documents, (), seed=seed)
    lines, conversation_of = own_lines(conversations)
    texts = [line.text for line in lines]
    truth = np.array([[label in line.labels for label in LABELS] for line in lines], dtype=np.int64)

    def by_conversation(values: Numbers) -> Numbers:
        return _means(values, conversation_of, len(conversations))

    model = inspect_model_file(path)
    probabilities = model.probabilities(texts)[:, : len(LABELS)]
    scores = {
        "blind": blind_scores(
            documents["text"].tolist(), member, senders, seed=stream_seed(seed, "blind", path.name)
        ),
        "vocabulary": by_conversation(vocabulary_scores(model, texts)),
        "loss": by_conversation(loss_scores(probabilities, truth)),
    }
    if n_shadows:
        drawn = shadow_draws(senders, n_shadows=n_shadows, seed=stream_seed(seed, "shadows", path.name))
        shadows = [
            by_conversation(of_one) for of_one in _shadow_confidences(conversations, drawn, texts, truth)
        ]
        target = by_conversation(confidences(probabilities, truth))
        # The file was fitted on more text than its shadows, which makes it more confident of everybody.
        target -= np.median(target - np.mean(shadows, axis=0), axis=0)
        scores["lira"] = lira_scores(target, np.array(shadows), drawn)
    rows = [
        row
        for attack, score in scores.items()
        for row in membership_rows(path.name, attack, member, score, senders)
    ]
    rows += statement_rows(path.name, model, member)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def own_lines(conversations: Sequence[Conversation]) -> tuple[list[Message], NDArray[np.int64]]:
    """The messages whose text stands in one conversation alone, and the number of that conversation."""
    said_in = Counter(
        text for conversation in conversations for text in {message.text for message in conversation.messages}
    )
    own = [
        (message, number)
        for number, conversation in enumerate(conversations)
        for message in conversation.messages
        if said_in[message.text] == 1
    ]
    return [message for message, _ in own], np.array([number for _, number in own], dtype=np.int64)


def _means(values: Numbers, group: NDArray[np.int64], n_groups: int) -> Numbers:
    """The mean of each group's values, along the first axis; 0 for a group without any."""
    sums = np.zeros((n_groups, *values.shape[1:]))
    np.add.at(sums, group, values)
    sizes = np.maximum(1, np.bincount(group, minlength=n_groups))
    return sums / sizes.reshape(-1, *[1] * (values.ndim - 1))


def _shadow_confidences(
    conversations: Sequence[Conversation],
    drawn: NDArray[np.bool_],
    texts: Sequence[str],
    truth: NDArray[np.int64],
) -> list[Numbers]:
    """Confidences of ``texts`` by a model of the lines of each drawn half of the conversations."""
    table = messages_table(conversations).drop_duplicates(["text", "family"]).reset_index(drop=True)
    of_conversation = [{message.text for message in conversation.messages} for conversation in conversations]
    subsets = (
        table["text"].isin(set().union(*(of_conversation[at] for at in np.flatnonzero(inside)))).to_numpy()
        for inside in drawn
    )
    passages, starts = split_into_passages(texts)
    found, rows = [], None
    for shadow in fit_on_subsets(table, subsets):
        if rows is None:  # the terms are the same for all
            rows = shadow.features_.transform(passages)
        logits = highest_of_passages(joined(rows @ shadow.coef_.T + shadow.intercept_), starts)
        found.append(confidences(sigmoid(logits[:, : len(LABELS)]), truth))
    return found
