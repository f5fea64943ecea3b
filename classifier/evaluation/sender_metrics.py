"""Metrics over senders: the scores of PAN 2012, and rules of k flagged conversations.

A sender is an account of the corpus. A flag asks a reviewer to look; it is no verdict.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Set
from typing import Any

import pandas as pd

from classifier.evaluation.clustered_units import Clusters
from classifier.evaluation.rates import f_beta


def pan12_f05(pattern_senders: Set[str], flagged_senders: Set[str]) -> float:
    """F0.5 over flagged senders, the first task of PAN 2012.

    Inches & Crestani (2012), "Overview of the international sexual predator identification competition at
    PAN-2012", CLEF. Precision counts more than recall, since every flag costs a reviewer's time. A zero
    denominator gives 0, as users of this score expect; everywhere else in this package it gives nan.

    >>> f"{pan12_f05({'a', 'b', 'c', 'd'}, {'a', 'b', 'c', 'x'}):.2f}", pan12_f05({"a"}, set())
    ('0.75', 0.0)
    """
    return _pan12_f(pattern_senders, flagged_senders, beta=0.5)


def pan12_f3(relevant_lines: Set[tuple[str, int]], flagged_lines: Set[tuple[str, int]]) -> float:
    """F3 over (conversation id, line) pairs, the second task of PAN 2012.

    Here a missed line costs more than a false alarm. 0 for a zero denominator.

    >>> f"{pan12_f3({('c1', 1), ('c1', 4)}, {('c1', 1), ('c2', 4)}):.2f}"
    '0.50'
    """
    return _pan12_f(relevant_lines, flagged_lines, beta=3.0)


def k_of_n_table(conversations: pd.DataFrame, *, max_k: int) -> pd.DataFrame:
    """Rates over senders of flagging from ``k`` flagged conversations on.

    ``conversations`` has one row per conversation: ``sender``, ``label`` (1 when it follows the pattern) and
    ``flagged``, 0/1 or bool. A sender with any pattern conversation is positive; all others are benign.

    One row for each ``k`` from 1 to ``max_k``. Columns: ``k``; ``tpr`` and ``fpr`` with ``_low`` and
    ``_high`` (95 %, those of ``Rate`` over senders); ``found`` of ``n_pattern``; ``benign_flagged`` of
    ``n_benign``. A sender who writes more is flagged more often by chance, most of all at ``k`` = 1. With a
    column ``families``, a tuple of each conversation's dialogues, senders who share one are not independent.

    >>> senders, labels, flags = ["a", "a", "b", "b"], [1, 0, 0, 0], [True, True, True, False]
    >>> table = pd.DataFrame({"sender": senders, "label": labels, "flagged": flags})
    >>> k_of_n_table(table, max_k=2)[["k", "tpr", "fpr", "benign_flagged"]].to_numpy().tolist()
    [[1.0, 1.0, 1.0, 1.0], [2.0, 1.0, 0.0, 0.0]]
    """
    if max_k < 1:
        raise ValueError(f"max_k must be at least 1, got {max_k!r}")
    if missing := [name for name in ("sender", "label", "flagged") if name not in conversations.columns]:
        raise ValueError(
            f"conversations must have the columns sender, label and flagged, got none named {missing}"
        )
    senders = (
        conversations.astype({"label": bool, "flagged": bool})
        .groupby("sender")
        .agg(pattern=("label", "max"), flags=("flagged", "sum"))
    )
    pattern, flags = senders["pattern"].to_numpy(), senders["flags"].to_numpy()
    of_senders = Clusters.of(range(len(senders)))
    if "families" in conversations:
        of_senders = Clusters.of(conversations.groupby("sender")["families"].agg(all_families))
    rows = []
    for k in range(1, max_k + 1):
        tpr, fpr = of_senders.rate(flags >= k, pattern), of_senders.rate(flags >= k, ~pattern)
        rows.append(
            {"k": k}
            | tpr.columns("tpr")
            | fpr.columns("fpr")
            | {"found": tpr.hits, "n_pattern": tpr.n, "benign_flagged": fpr.hits, "n_benign": fpr.n}
        )
    return pd.DataFrame(rows)


def all_families(families: Iterable[tuple[Hashable, ...]]) -> tuple[Hashable, ...]:
    """The dialogues of several conversations, those of an account, together."""
    return tuple(name for names in families for name in names)


def _pan12_f(relevant: Set[Any], flagged: Set[Any], *, beta: float) -> float:
    true_positives = len(relevant & flagged)
    if true_positives == 0:
        return 0.0
    return f_beta(true_positives / len(flagged), true_positives / len(relevant), beta=beta)
