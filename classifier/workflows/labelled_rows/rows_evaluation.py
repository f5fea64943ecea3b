"""A model measured on labelled rows from outside. Nothing is fitted, and no text is written."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from classifier.errors import InputError
from classifier.evaluation.saved_results import Evaluation
from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.dataframe_scoring import conversation_frame, side_frame
from classifier.model.message.batch import BatchScorer
from classifier.model.message.scorer import MessageModel
from classifier.progress import say
from classifier.taxonomy import COLUMNS, LABELS
from classifier.workflows.labelled_rows.labelled_row_reader import EMPTY, LabelledRows
from classifier.workflows.labelled_rows.metric_tables import (
    conversation_table,
    f1_by_cap,
    message_table,
    operating_point_table,
    pan12_table,
)
from classifier.workflows.labelled_rows.rates_by_slice import slice_tables

RESULTS = "rows"
"""The name under which the results are saved: rows.json."""


@dataclass(frozen=True)
class _Scored:
    """What the models say of the rows: of messages, of conversations and of authors."""

    messages: pd.DataFrame
    conversations: pd.DataFrame
    flagged_authors: Set[str]


def evaluate_rows(
    rows: LabelledRows,
    model: MessageModel,
    conversation_model: ConversationModel,
    *,
    sought_authors: Set[str] = frozenset(),
    facts: Mapping[str, Any],
    n_resamples: int,
    seed: int,
) -> Evaluation:
    """Every table and fact about ``rows``.

    Tables: "messages", "operating_points" and "f1_by_cap" where there are labels of messages;
    "conversations" where there are labels of conversations and authors; "pan12"; "slices" and "gaps" where
    there are groups. Scores: "row_scores" and "conversation_scores", without texts.

    Raises ``InputError`` for rows of fewer than two conversations: intervals are over conversations.

    Parameters
    ----------
    rows
        Evaluated only; nothing is fitted on them.
    model
        With the thresholds that flag.
    conversation_model
        The head "text" that stands beside it, with its alert threshold.
    sought_authors
        Authors that PAN 2012's first task asks for; without any it is left out.
    facts
        More facts to keep: of files, bounds and options.
    """
    resampling = {"n_resamples": n_resamples, "seed": seed}
    n_clusters = rows.clusters.nunique()
    unit = "conversation" if rows.has_conversations else "row"
    if n_clusters < 2:
        raise InputError(
            f"{rows.name}: has rows of 1 {unit}; intervals are over {unit}s, of which it takes at least 2"
        )
    say("scoring")
    scored = _scored(rows, model, conversation_model)
    flags = scored.messages[list(LABELS)] >= model.thresholds
    labelled = _labelled_conversations(rows, scored)
    tables: dict[str, pd.DataFrame] = {}
    if rows.labels:
        say("measuring messages")
        tables["messages"] = message_table(rows, scored.messages, flags, model, **resampling)
        tables["operating_points"] = operating_point_table(rows, scored.messages, model, **resampling)
        tables["f1_by_cap"] = f1_by_cap(rows, scored.messages)
    if len(labelled) > 1:
        threshold = conversation_model.alert_threshold
        tables["conversations"] = conversation_table(labelled, alert_threshold=threshold, **resampling)
    written = sought_authors & set(rows.messages["author"])
    pan12 = pan12_table(rows, flags, scored.flagged_authors, written)
    tables |= {} if pan12.empty else {"pan12": pan12}
    tables |= slice_tables(rows, flags, labelled, **resampling) if rows.groups else {}
    if not tables:
        raise InputError(
            f"{rows.name}: only conversations are labelled, and fewer than 2 of them have messages with an "
            "author; say which column names the author, e.g. --column author=NAME"
        )
    return Evaluation(
        {
            "n_rows": len(rows.messages),
            "n_clusters": int(n_clusters),
            "clusters": f"{unit}s",
            "n_without_author": int((rows.messages["author"] == "").sum()),
            "n_labelled_conversations": len(labelled),
            "n_sought_authors_without_a_message": len(sought_authors - written),
            "labels": list(rows.labels),
            "groups": list(rows.groups),
            "model_sha256": model.header["sha256"],
            "message_thresholds": dict(zip(model.labels, model.thresholds.tolist(), strict=True)),
            "alert_threshold": conversation_model.alert_threshold,
            "n_resamples": n_resamples,
            "seed": seed,
        }
        | dict(facts),
        tables,
        {
            "row_scores": _row_scores(rows, scored.messages, flags),
            "conversation_scores": scored.conversations.reset_index(names="conversation").join(
                rows.conversation_label.rename("label"), on="conversation"
            ),
        },
    )


def _scored(rows: LabelledRows, model: MessageModel, conversation_model: ConversationModel) -> _Scored:
    scores = BatchScorer(model).scores(rows.messages["text"])
    messages = pd.DataFrame(scores, columns=list(COLUMNS))
    messages["conversation_id"] = rows.messages["conversation"]
    messages["author"] = rows.messages["author"]
    # As in score: a message that nobody wrote is of no conversation and of no author.
    spoken = messages[(messages["author"] != "") & (messages["conversation_id"] != "")]
    conversations = conversation_frame(spoken, conversation_model).set_index("conversation_id")
    conversations["n_messages"] = spoken.groupby("conversation_id").size()
    sides = side_frame(spoken, conversation_model)
    flagged = sides.loc[sides["score"] >= conversation_model.alert_threshold, "author"]
    return _Scored(messages, conversations, set(flagged))


def _labelled_conversations(rows: LabelledRows, scored: _Scored) -> pd.DataFrame:
    """The scored conversations that have a label, with it."""
    labelled = scored.conversations.join(rows.conversation_label.rename("label"), how="inner")
    return labelled.astype({"label": np.int64})


def _row_scores(rows: LabelledRows, scores: pd.DataFrame, flags: pd.DataFrame) -> pd.DataFrame:
    """One row a message: place, conversation, author, ``label_NAME``, ``score_NAME`` and ``stages``."""
    labels = rows.messages[list(rows.labels)].add_prefix("label_")
    stages = [
        "|".join(label for label, is_flagged in zip(LABELS, row, strict=True) if is_flagged)
        for row in flags.to_numpy().tolist()
    ]
    named = rows.messages[["row", "conversation", "author"]]
    of_labels = scores[list(LABELS)].add_prefix("score_")
    return pd.concat([named, labels, of_labels, pd.Series(stages, name="stages")], axis=1)


def pseudonymised(
    rows: LabelledRows, sought_authors: Set[str] = frozenset()
) -> tuple[LabelledRows, Set[str]]:
    """``rows`` with numbers for conversations and letters for authors, and the sought authors' letters.

    They are given in the order of first appearance, so they say nothing of the names, and nobody can try
    names out on them as on a hash. A group column that is the ids or the authors gets the same; other
    groups stay as they are.

    >>> [letters(at) for at in (0, 25, 26, 27)]
    ['A', 'Z', 'AA', 'AB']
    """
    messages = rows.messages.copy()
    known = {
        "conversation": {name: f"{at:d}" for at, name in enumerate(_distinct(messages["conversation"]), 1)},
        "author": {name: letters(at) for at, name in enumerate(_distinct(messages["author"]))},
    }
    for group in rows.groups:
        for column, names in known.items():
            if (rows.messages[group] == rows.messages[column].replace("", EMPTY)).all():
                messages[group] = [names.get(name, EMPTY) for name in rows.messages[column]]
    for column, names in known.items():
        messages[column] = [names.get(name, "") for name in rows.messages[column]]
    labels = rows.conversation_label.rename(index=known["conversation"])
    sought = {known["author"].get(name, f"absent {at}") for at, name in enumerate(sorted(sought_authors), 1)}
    return replace(rows, messages=messages, conversation_label=labels), sought


def _distinct(names: pd.Series[str]) -> list[str]:
    return [name for name in names.unique() if name]


def letters(number: int) -> str:
    """A, B, ... Z, AA, AB and so on, for 0, 1 and so on."""
    found = ""
    number += 1
    while number:
        number, at = divmod(number - 1, 26)
        found = chr(ord("A") + at) + found
    return found
