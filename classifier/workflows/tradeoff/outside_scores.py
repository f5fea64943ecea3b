"""Scores of an outside model, from CSV files, as scorers of policies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from classifier.errors import InputError
from classifier.model.conversation.fit import fit_conversation_model
from classifier.model.conversation.monitor import MonitoredScorer
from classifier.model.message.operating_points import DEFAULT_POINT
from classifier.privacy.message_streams import MessageScores, Stream, streams_from_scores
from classifier.privacy.simulate.policy_scorer import STAGE_MAXIMA, ConversationScorer, PolicyScorer
from classifier.privacy.simulate.whole_conversation import whole_conversation_scorer
from classifier.records import Conversation
from classifier.taxonomy import COLUMNS


def outside_scorer(
    path: Path, train: Sequence[Conversation], scored: Sequence[Conversation], *, seed: int
) -> PolicyScorer:
    """The scorer of an outside model, from its message scores of the conversations ``scored``.

    With a column for each label and rows of ``train`` conversations too, a conversation model is fitted on
    those (``fitted_head``). Otherwise messages are combined by stage maxima. Raises ``InputError`` for a file
    that does not fit the corpus.
    """
    table = _read_scores(path)
    scores = outside_scores(path, table, scored)
    present = set(table["conversation_id"])
    fitted_on = [conversation for conversation in train if conversation.id in present]
    head: ConversationScorer = STAGE_MAXIMA
    if fitted_on and scores.columns != ("score",):
        head = fitted_head(path, outside_scores(path, table, fitted_on), fitted_on, scores, scored, seed=seed)
    return PolicyScorer(scores, head)


def fitted_head(
    path: Path,
    train_scores: MessageScores,
    train: Sequence[Conversation],
    scores: MessageScores,
    scored: Sequence[Conversation],
    *,
    seed: int,
) -> ConversationScorer:
    """A conversation model on the labels and tactics that an outside model has.

    It is fitted as our own text head is: on train, whose scores should be by models that did not see the
    conversation's lines; calibrated, and the thresholds of labels chosen, on validation. A tactic without a
    column counts as never shown.
    """
    from classifier.workflows.training.operating_point_choice import of_distinct_lines

    validation = [conversation for conversation in scored if conversation.split == "validation"]
    of_train, of_validation = (
        [of_split.rows[conversation.id] for conversation in conversations]
        for of_split, conversations in ((train_scores, train), (scores, validation))
    )
    try:
        points = of_distinct_lines(validation, np.concatenate(of_validation))
        model = fit_conversation_model(
            train,
            of_train,
            validation,
            of_validation,
            head="text",
            thresholds=points[DEFAULT_POINT].thresholds,
            seed=seed,
        )
    except ValueError as error:
        raise InputError(f"{path}: no conversation model can be fitted on its scores: {error}") from None
    return MonitoredScorer(model)


def outside_scores(path: Path, table: pd.DataFrame, conversations: Sequence[Conversation]) -> MessageScores:
    """An outside model's message scores of these conversations, out of the ``table`` of a file.

    Their columns are "score", or with all labels those of ``COLUMNS``, where a missing tactic is 0. Raises
    ``InputError`` when a message has no score, or the authors differ.
    """
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
        scores = streams_from_scores(table)[1]
        return scores if scores.columns == ("score",) else _with_tactics(table, scores)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None


def _with_tactics(table: pd.DataFrame, scores: MessageScores) -> MessageScores:
    """Scores of labels and tactics, 0 where the table has no column."""
    numbers = table.reindex(columns=list(COLUMNS), fill_value=0.0).astype(float)
    if not ((numbers >= 0) & (numbers <= 1)).all(axis=None):
        raise ValueError("scores and probabilities must be in [0, 1]")
    parts = numbers.groupby(table["conversation_id"], sort=False)
    rows = {str(id_): part.to_numpy() for id_, part in parts}
    return MessageScores({id_: rows[id_] for id_ in scores.rows}, COLUMNS)


def outside_conversation_scorer(
    path: Path, conversations: Sequence[Conversation], streams: Sequence[Stream]
) -> PolicyScorer:
    """The scorer of an outside classifier of whole conversations.

    The CSV has a row for each of ``conversations``, with ``conversation_id`` and ``score`` in [0, 1]. Raises
    ``InputError`` for one that is missing, stands there twice, or has no such score.
    """
    table = _read_csv(path, ("conversation_id", "score"))
    scores = pd.to_numeric(table["score"], errors="coerce").set_axis(table["conversation_id"])
    twice = scores.index[scores.index.duplicated()]
    if len(twice):
        raise InputError(f"{path}: conversation {twice[0]!r} stands there twice; it needs one row")
    for conversation in conversations:
        if conversation.id not in scores.index:
            raise InputError(
                f"{path}: no score of conversation {conversation.id!r}; every validation and test "
                "conversation needs one"
            )
    bad = scores[~((scores >= 0) & (scores <= 1))]
    if len(bad):
        raise InputError(f"{path}: score of conversation {bad.index[0]!r} must be a number in [0, 1]")
    return whole_conversation_scorer(dict(zip(scores.index, scores.tolist(), strict=True)), streams)


def _read_scores(path: Path) -> pd.DataFrame:
    """Rows in the order of their column ``index``, if there is one."""
    table = _read_csv(path, ("conversation_id", "author"))
    return table.sort_values(["conversation_id", "index"], kind="stable") if "index" in table else table


def _read_csv(path: Path, needed: Sequence[str]) -> pd.DataFrame:
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
    if missing := [name for name in needed if name not in table]:
        raise InputError(f"{path}: no column {missing[0]!r} in the header")
    return table
