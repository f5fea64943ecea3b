"""What conversation scores do by overtness, by length, by slice and in two-way pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.clustered_units import Clusters
from classifier.evaluation.curves import auc
from classifier.evaluation.ranking import auc_with_interval
from classifier.evaluation.thresholds import TooFewUnits, threshold_for_fpr
from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.conversation.monitor import running_scores
from classifier.records import Conversation
from classifier.taxonomy import BENIGN, STAGES
from classifier.workflows.conversation_evaluation.conversation_scores import (
    ScoredConversations,
    oracle_scores,
)
from classifier.workflows.conversation_evaluation.conversation_tables import RATE_COLUMNS, rates_at

ASKED_FPR = 0.01
OVERTNESS = ("overt", "mixed", "faint")
ALL = "all"
MIDDLE_LENGTHS = (0.05, 0.95)
"""Benign conversations are of the same lengths as patterns from this to that quantile of them."""

LENGTHS = (30, 100, 300, 600, 1_000)
N_LONG = 60
"""Conversations of each of ``LENGTHS``."""


def by_overtness(
    sets: dict[str, ScoredConversations],
    oracle: dict[str, ScoredConversations],
    *,
    threshold: float,
) -> pd.DataFrame:
    """Separation of patterns by overtness.

    Benign conversations are of the same lengths as the patterns. Beside each figure stands that of a text
    head which is told every label, the ceiling; its threshold is chosen as an alert threshold is, on train
    and validation, for a false-positive rate of ``ASKED_FPR``. Sets without overtness have one row.

    Columns: ``set``, ``overtness``; those of ``auc_with_interval``; ``tpr``, ``fpr`` as in
    ``rates_at_fpr``; ``ceiling_auc``, ``ceiling_tpr``; ``share_of_ceiling``, of the TPR.

    Parameters
    ----------
    sets, oracle
        Scored conversations by set, by the text head and by the head that is told; ``oracle`` has
        "train" and "validation", too.
    threshold
        Of the text head's scores: its alert threshold.
    """
    ceiling_threshold = told_threshold(oracle)
    rows: list[dict[str, Any]] = []
    for name, scored in sets.items():
        overtness = np.array([conversation.overtness for conversation in scored.conversations])
        for kind in (*OVERTNESS, ALL):
            patterns = scored.label if kind == ALL else overtness == kind
            if not patterns.any():
                continue
            kept = _of_the_same_lengths(scored, patterns)
            label, told = scored.label[kept], oracle[name].score[kept]
            score = scored.score[kept]
            families = [of for of, inside in zip(scored.families, kept, strict=True) if inside]
            area = auc_with_interval(label, score, families)
            rates = rates_at(scored, threshold, kept)
            ceiling = rates_at(oracle[name], ceiling_threshold, kept)["tpr"]
            rows.append(
                {"set": name, "overtness": kind}
                | area
                | rates
                | {
                    "ceiling_auc": auc(label, told),
                    "ceiling_tpr": ceiling,
                    "share_of_ceiling": rates["tpr"] / ceiling if ceiling > 0 else np.nan,
                }
            )
    return pd.DataFrame(rows)


def ceiling_by_overtness(splits: dict[str, list[Conversation]], *, seed: int) -> pd.DataFrame:
    """How well patterns are told apart when every label and tactic is read right.

    A text head is fitted on the train split's own labels and is told those of the others. Columns:
    ``overtness``, ``auc``, ``tpr`` and ``fpr`` with their bounds, hits and denominators.
    """
    told = oracle_scores(splits["train"], splits, seed=seed)
    at = told_threshold(told)
    table = by_overtness({"test": told["test"]}, told, threshold=at)
    return table[["overtness", "auc", *RATE_COLUMNS]]


def told_threshold(oracle: dict[str, ScoredConversations]) -> float:
    """The alert threshold of the head that is told every label.

    Chosen on train and validation; nan where they are too few.
    """
    chosen_on = [oracle["train"], oracle["validation"]]
    label, score = (
        np.concatenate([getattr(part, name) for part in chosen_on]) for name in ("label", "score")
    )
    families = [names for part in chosen_on for names in part.families]
    try:
        return threshold_for_fpr(label, score, max_fpr=ASKED_FPR, clusters=families)
    except TooFewUnits:
        return np.nan


def _of_the_same_lengths(scored: ScoredConversations, patterns: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The patterns, and the benign conversations of their middle lengths."""
    lengths = np.array([len(conversation.messages) for conversation in scored.conversations])
    low, high = np.quantile(lengths[patterns], MIDDLE_LENGTHS)
    return np.asarray(patterns | (~scored.label & (lengths >= low) & (lengths <= high)))


def alerts_by_length(scored: ScoredConversations, model: ConversationModel, *, seed: int) -> pd.DataFrame:
    """Alert rates of benign conversations by length: does length decide?

    A conversation of each length is benign ones of the set strung together, as if written by the same two
    people, and cut off; ``N_LONG`` of each, drawn with ``seed``. Before them stands the rate of the set's
    own benign conversations of 10 to 50 messages.

    Columns: ``length``; ``rate``, ``rate_low``, ``rate_high`` (95 %, those of ``Rate`` with shared
    dialogues); ``alerts``; ``n``.
    """
    n_messages = np.array([len(conversation.messages) for conversation in scored.conversations])
    usual = ~scored.label & (n_messages >= 10) & (n_messages <= 50)
    rates = {"10–50": scored.clusters.rate(scored.score >= model.alert_threshold, usual)}
    rng, benign = np.random.default_rng(seed), np.flatnonzero(~scored.label)
    for length in LENGTHS:
        drawn = [_strung_together(scored, rng.permutation(benign), length) for _ in range(N_LONG)]
        alerts = [
            running_scores(model, rows, authors).max() >= model.alert_threshold for rows, authors, _ in drawn
        ]
        rates[str(length)] = Clusters.of(families for *_, families in drawn).rate(alerts, np.ones(N_LONG))
    return pd.DataFrame(
        [
            {"length": length} | rate.columns("rate") | {"alerts": rate.hits, "n": rate.n}
            for length, rate in rates.items()
        ]
    )


def _strung_together(
    scored: ScoredConversations, order: NDArray[np.int64], length: int
) -> tuple[NDArray[np.float64], list[str], tuple[str, ...]]:
    """Probabilities and authors of ``length`` messages, conversation after conversation, and dialogues."""
    rows: list[NDArray[np.float64]] = []
    authors: list[str] = []
    families: list[str] = []
    for at in map(int, order):
        conversation = scored.conversations[at]
        rows.append(scored.probabilities[at])
        families += scored.families[at]
        authors += [
            "A" if message.author == conversation.sender else "B" for message in conversation.messages
        ]
        if len(authors) >= length:
            break
    return np.concatenate(rows)[:length], authors[:length], tuple(families)


def two_way_pairs(sets: dict[str, ScoredConversations], model: ConversationModel) -> pd.DataFrame:
    """Do the scores tell the two dialogues of a two-way pair apart?

    Both begin with the same lines; one goes on as a pattern and one does not. Each is scored alone,
    wherever a conversation has it. A set of fewer than two pairs has no row. Columns: ``set``; those of
    ``auc_with_interval``, over pairs.
    """
    rows = []
    for name, scored in sets.items():
        found = list(_pair_scores(scored, model))
        if len({pair for pair, _, _ in found}) > 1:
            pairs, label, score = (np.array(column) for column in zip(*found, strict=True))
            rows.append({"set": name} | auc_with_interval(label, score, pairs))
    columns = ["set", "auc", "auc_low", "auc_high", "positives", "n", "n_clusters"]
    return pd.DataFrame(rows, columns=columns)


def _pair_scores(scored: ScoredConversations, model: ConversationModel) -> Iterator[tuple[str, bool, float]]:
    """Pair, whether it is a pattern, and mean score of each dialogue."""
    ordinary = {id_ for c in scored.conversations if c.label == BENIGN for id_ in c.dialogues}
    scores: dict[tuple[str, str], list[float]] = defaultdict(list)
    for conversation, rows in zip(scored.conversations, scored.probabilities, strict=True):
        if not conversation.pair:
            continue
        families = [message.family for message in conversation.messages]
        # Families come in the order of the dialogues.
        id_ = dict(zip(dict.fromkeys(families), conversation.dialogues, strict=True))[conversation.pair]
        at = [number for number, family in enumerate(families) if family == conversation.pair]
        authors = [conversation.messages[number].author for number in at]
        scores[conversation.pair, id_].append(float(running_scores(model, rows[at], authors).max()))
    for (pair, id_), of_dialogue in scores.items():
        yield pair, id_ not in ordinary, float(np.mean(of_dialogue))


def slices(scored: ScoredConversations, *, threshold: float) -> pd.DataFrame:
    """TPR of patterns and FPR of benign conversations per slice.

    Slices are by register, length, who writes first, how the two know each other, and how many distinct
    stages the sender shows. Columns: ``by``, ``slice``; ``tpr`` and ``fpr`` as in ``rates_at_fpr``.
    """
    lengths = [len(conversation.messages) for conversation in scored.conversations]
    bands = pd.cut(lengths, [0, 5, 15, 50, 1000], labels=["2–5", "6–15", "16–50", "over 50"])
    attributes = pd.DataFrame(
        {
            "register": [c.register for c in scored.conversations],
            "length": bands.astype(str),
            "first writer": [_first_writer(c) for c in scored.conversations],
            "known from": [c.metadata.known_from for c in scored.conversations],
            "distinct stages shown by the sender": [_n_stages(c) for c in scored.conversations],
        }
    )
    rows = []
    for by in attributes:
        for value in sorted(attributes[by].unique(), key=_in_order):
            here = (attributes[by] == value).to_numpy()
            rows.append({"by": by, "slice": value} | rates_at(scored, threshold, here))
    return pd.DataFrame(rows)


def _in_order(value: str) -> tuple[bool, int, str]:
    """Sorts bands of numbers by their first number, "over 50" last, and words by letter."""
    digits = value.split("–")[0].removeprefix("over ")
    return value.startswith("over"), int(digits) if digits.isdigit() else 0, value


def _first_writer(conversation: Conversation) -> str:
    return "sender" if conversation.messages[0].author == conversation.sender else "contact"


def _n_stages(conversation: Conversation) -> str:
    by_sender = (m.labels for m in conversation.messages if m.author == conversation.sender)
    return str(len(set().union(*by_sender) & set(STAGES)))
