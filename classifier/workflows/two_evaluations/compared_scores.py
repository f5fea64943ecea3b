"""What is compared: an evaluation's scores, or those that ``score`` wrote of the same messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from classifier.errors import InputError
from classifier.evaluation.saved_results import load_evaluation, load_scores
from classifier.readers.checked_values import shown
from classifier.readers.fault_handling import stop
from classifier.readers.rows.column_names import result_name
from classifier.readers.rows.read_block import numbered_rows
from classifier.readers.rows.row_files import open_rows
from classifier.taxonomy import LABELS
from classifier.workflows.two_evaluations.score_tables import (
    CONVERSATION_COLUMNS,
    CONVERSATION_KEY,
    LABEL_COLUMNS,
    MESSAGE_COLUMNS,
    MESSAGE_KEY,
    SCORE_COLUMNS,
    message_scores,
)

FLAG_COLUMNS = [f"flagged_{label}" for label in LABELS]


@dataclass(frozen=True)
class Scores:
    """Scores of messages and conversations, and which of them are flagged.

    Parameters
    ----------
    name
        The folder or file that they are from.
    messages
        ``MESSAGE_COLUMNS`` and a bool ``flagged_NAME`` for each label; of a file without the labels.
    conversations
        ``CONVERSATION_COLUMNS`` and the bool ``flagged``; no row where there are only messages.
    """

    name: str
    messages: pd.DataFrame
    conversations: pd.DataFrame


def message_scores_of(
    name: str, messages: pd.DataFrame, probabilities: pd.DataFrame, thresholds: Mapping[str, float]
) -> Scores:
    """The scores of a model on a table of messages, without conversations, for ``paired_differences``.

    Parameters
    ----------
    name
        What the model is called.
    messages
        A messages table, each text of a family once.
    probabilities
        Of each of ``LABELS`` for each message, as ``predict_messages`` returns them.
    thresholds
        The probability of each label from which a message is flagged.
    """
    table = message_scores({"messages": messages}, {"messages": probabilities[list(LABELS)]})
    limits = np.array([thresholds[label] for label in LABELS])
    table[FLAG_COLUMNS] = table[SCORE_COLUMNS].to_numpy() >= limits
    return Scores(name, table, pd.DataFrame(columns=[*CONVERSATION_COLUMNS, "flagged"]))


def read_pair(
    a: Path, b: Path, *, warn: Callable[[str], None] = lambda warning: None
) -> tuple[Scores, Scores]:
    """The scores of ``a`` and ``b``, row by row of the same messages and conversations.

    Only the sets that both have are kept, and conversations only where both are evaluations. Raises
    ``InputError`` in one line when they are of different corpora, or when messages, labels or families
    differ.

    Parameters
    ----------
    a
        The folder of an evaluation.
    b
        Another, or a file that ``score --level message`` wrote of ``message_scores.parquet`` of ``a``.
    warn
        Called with what is left out.
    """
    first, corpus = _read_evaluation(a)
    if b.is_dir():
        second, other_corpus = _read_evaluation(b)
        if corpus != other_corpus:
            raise InputError(
                f"{b}: is of the corpus {other_corpus}, and {a} of {corpus}; evaluate both on one corpus"
            )
    else:
        second = _read_scored_file(b, a)
    of_first, of_second = (list(scores.messages["set"].unique()) for scores in (first, second))
    sets = [name for name in of_first if name in of_second]
    if not sets:
        raise InputError(f"{b}: has none of the sets of {a}, which are {shown(*of_first)}")
    for name in sorted({*of_first, *of_second} - {*sets}):
        warn(f"the set {shown(repr(name))} is left out: only {a if name in of_first else b} has it")
    first, second = _of_sets(first, sets), _of_sets(second, sets)
    messages = _aligned(
        first.messages, second.messages, MESSAGE_KEY, LABEL_COLUMNS, names=(first.name, second.name)
    )
    if second.conversations.empty:
        warn(f"conversations are left out: {b} has scores of messages alone")
        return Scores(first.name, first.messages, first.conversations[:0]), Scores(
            second.name, messages, second.conversations
        )
    conversations = _aligned(
        first.conversations,
        second.conversations,
        CONVERSATION_KEY,
        ["families", "label"],
        names=(first.name, second.name),
    )
    return first, Scores(second.name, messages, conversations)


def _read_evaluation(folder: Path) -> tuple[Scores, str]:
    """The scores of an evaluation, flagged at its own thresholds, and the hash of its corpus."""
    facts = load_evaluation(folder).facts
    messages = load_scores(folder, "message_scores", MESSAGE_COLUMNS)
    conversations = load_scores(folder, "conversation_scores", CONVERSATION_COLUMNS)
    try:
        thresholds = np.array([float(facts["message_thresholds"][label]) for label in LABELS])
        alert_threshold, corpus = float(facts["alert_threshold"]), str(facts["corpus_sha256"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{folder}: not an evaluation of this version ({error}); run 'grooming-classifier evaluate' again"
        ) from None
    for table, zero_one, scores in (
        (messages, LABEL_COLUMNS, SCORE_COLUMNS),
        (conversations, ["label"], ["score"]),
    ):
        if not (table[zero_one].isin([0, 1]).all(axis=None) and _are_shares(table[scores])):
            raise InputError(
                f"{folder}: a label is not 0 or 1, or a score not in [0, 1]; run "
                "'grooming-classifier evaluate' again"
            )
    messages[FLAG_COLUMNS] = messages[SCORE_COLUMNS].to_numpy() >= thresholds
    conversations["flagged"] = conversations["score"] >= alert_threshold
    return Scores(str(folder), messages, conversations), corpus


def _of_sets(scores: Scores, sets: Sequence[str]) -> Scores:
    messages, conversations = (
        table[table["set"].isin(sets)].reset_index(drop=True)
        for table in (scores.messages, scores.conversations)
    )
    return Scores(scores.name, messages, conversations)


def _are_shares(scores: pd.DataFrame) -> bool:
    return bool(((scores >= 0) & (scores <= 1)).all(axis=None))


def _read_scored_file(path: Path, folder: Path) -> Scores:
    """What ``score --level message`` wrote of the messages of an evaluation, flagged by ``stages``."""
    rows: list[list[Any]] = []
    for where, row in numbered_rows(open_rows(path, required=("text",)), stop):
        try:
            key = [str(row[column] or "") for column in MESSAGE_KEY]
            numbers = [float(row[result_name(label)]) for label in LABELS]
            stages = (row[result_name("stages")] or "").split("|")
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{where}: expected set, family, text, stages and a probability per label ({error}); make "
                f"the file with 'grooming-classifier score {folder / 'message_scores.parquet'} --out {path}'"
            ) from None
        if not all(0 <= number <= 1 for number in numbers) or not {*stages} <= {"", *LABELS}:
            raise InputError(f"{where}: a score is not in [0, 1], or one of its stages is no label")
        rows.append([*key, *numbers, *(label in stages for label in LABELS)])
    messages = pd.DataFrame(rows, columns=[*MESSAGE_KEY, *SCORE_COLUMNS, *FLAG_COLUMNS])
    return Scores(str(path), messages, pd.DataFrame(columns=[*CONVERSATION_COLUMNS, "flagged"]))


def _aligned(
    first: pd.DataFrame,
    second: pd.DataFrame,
    key: Sequence[str],
    equal: Sequence[str],
    *,
    names: tuple[str, str],
) -> pd.DataFrame:
    """The rows of ``second`` in the order of ``first``, which must have the same keys.

    Columns of ``equal`` that ``second`` has must hold the same values. Raises ``InputError`` naming the
    first row that is missing, stands twice or differs.
    """
    a, b = first.set_index(list(key)), second.set_index(list(key))
    for indexed, name in ((a, names[0]), (b, names[1])):
        if indexed.index.has_duplicates:
            at = indexed.index[indexed.index.duplicated()][0]
            raise InputError(f"{name}: {_row(key, at)} stands twice")
    for here, there, name, other in ((a, b, names[1], names[0]), (b, a, names[0], names[1])):
        missing = ~here.index.isin(there.index)
        if missing.any():
            raise InputError(
                f"{name}: lacks {int(missing.sum()):,} of the {len(here):,} rows of {other}, the first "
                f"{_row(key, here.index[missing][0])}"
            )
    b = b.loc[a.index]
    for column in equal:
        if column in b and (differs := a[column].to_numpy() != b[column].to_numpy()).any():
            at = int(np.flatnonzero(differs)[0])
            raise InputError(
                f"{names[1]}: {column} of {_row(key, a.index[at])} is {shown(str(b[column].iloc[at]))}, in "
                f"{names[0]} {shown(str(a[column].iloc[at]))}"
            )
    return b.reset_index()


def _row(key: Sequence[str], values: Sequence[str]) -> str:
    """A row as a message names it.

    >>> _row(["set", "text"], ["test", "pizza at six"])
    "set 'test', text 'pizza at six'"
    """
    return ", ".join(
        f"{column} {shown(repr(value), most=60)}" for column, value in zip(key, values, strict=True)
    )
