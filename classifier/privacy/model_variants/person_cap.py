"""The cap on what one person adds to the training data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import zip_longest

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.privacy.uniform_draw import uniform_draw


def people_of(documents: pd.DataFrame) -> tuple[list[Hashable], list[Hashable]]:
    """The senders and the contacts of documents; no contacts where the column is missing."""
    return documents["sender"].tolist(), documents["contact"].tolist() if "contact" in documents else []


def positions_within_cap(
    senders: Sequence[Hashable], contacts: Sequence[Hashable] = (), *, cap: int, seed: int
) -> NDArray[np.int64]:
    """Sorted positions of random rows, at most ``cap`` of each person.

    A row belongs to its sender and, where ``contacts`` names one, to its contact too: both of them wrote in
    it. It is kept when it is among the ``cap`` lowest draws of each of its people. Which rows are kept
    follows from who wrote with whom and from the seed, never from a text. So replacing all that one person
    wrote changes at most ``cap`` of the rows kept; who wrote with whom counts as known. A person may keep
    fewer than ``cap`` where the other side has too many.

    Draws depend on the row's sender and its number among the sender's rows alone; smaller caps are nested in
    larger ones. Raises ``ValueError`` for a cap below 1.

    >>> positions_within_cap(["ayo", "mei", "ayo", "ayo"], cap=1, seed=0).size
    2
    >>> positions_within_cap(["ayo", "mei", "zoe"], ["noor", "noor", "noor"], cap=1, seed=0).size
    1
    """
    if cap < 1:
        raise ValueError(f"cap must be at least 1, got {cap!r}")
    if contacts and len(contacts) != len(senders):
        raise ValueError(f"contacts must name one for each of {len(senders)} rows, got {len(contacts)}")
    numbers: defaultdict[Hashable, int] = defaultdict(int)
    draws = []
    for sender in senders:
        draws.append(uniform_draw(seed, "cap", f"{sender}:{numbers[sender]}"))
        numbers[sender] += 1
    rows_of: defaultdict[Hashable, list[int]] = defaultdict(list)
    for position, people in enumerate(zip_longest(senders, contacts)):
        for person in set(people) - {None}:
            rows_of[person].append(position)
    refused = {
        position for rows in rows_of.values() for position in sorted(rows, key=draws.__getitem__)[cap:]
    }
    return np.array([position for position in range(len(senders)) if position not in refused], dtype=np.int64)


def sampled_documents(documents: pd.DataFrame, *, cap: int, n_rows: int, seed: int) -> pd.DataFrame:
    """A random sample of documents, with a cap on each person's.

    Of each person, ``sender`` and ``contact`` alike, at most ``cap`` documents remain
    (``positions_within_cap``), and of these the ``n_rows`` with the lowest draws, in their old order. The
    draw of a document depends on the seed, its sender and its number among the sender's documents alone: not
    on ``cap``, on ``n_rows``, or on anybody else's documents. So smaller samples of one ``cap`` are nested in
    larger ones.
    """
    kept = positions_within_cap(*people_of(documents), cap=cap, seed=seed)
    numbers = documents.groupby("sender", sort=False).cumcount().to_numpy()
    ids = [f"{sender}:{number}" for sender, number in zip(documents["sender"], numbers, strict=True)]
    draws = np.array([uniform_draw(seed, "rows", ids[position]) for position in kept])
    return documents.iloc[np.sort(kept[np.argsort(draws, kind="stable")[:n_rows]])]
