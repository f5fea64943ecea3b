"""Follows very many conversations at once, their messages in any mixture: how high has each one's score been, and at which message was there a warning?

Per author of a conversation the whole numbers of ``pattern_features`` are kept, no text: what a ``Monitor`` of the text head would hold, for all of them in one array.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.model.conversation.features import (
    LEAST_LOG,
    MAXIMUM,
    MESSAGES,
    N_AUTHORS,
    NONE,
    WIDTH,
    Numbers,
    Units,
    checked_probabilities,
    features,
    message_sums,
)
from classifier.model.conversation.model import ConversationModel
from classifier.model.message.scorer import sigmoid
from classifier.model.message.token_table import Growing

BLOCK = 4096
"""Messages taken at once: some tens of megabytes of room."""
_APART = 1 << 32
"""More than any maximum: added once for each conversation before, it makes a running maximum begin anew."""


class BulkMonitor:
    """What a ``Monitor`` without a half-life says of each of many conversations; about a kilobyte each.

    ``ids`` are the conversations in the order they began. Of conversation i, ``highest[i]`` is the largest score it has had and ``warned_at[i]`` the number of messages
    seen when a score first reached the alert threshold, 0 while none has. The same messages give the same bits however they are cut into calls.
    """

    def __init__(self, model: ConversationModel) -> None:
        if model.head != "text":
            raise ValueError(f"head must be 'text', got {model.head!r}")
        self._model = model
        self._number: dict[str, int] = {}
        self._row: dict[tuple[int, str | None], int] = {}
        self._name: dict[str, str] = {}
        self._rows = Growing(np.int32, width=N_AUTHORS + 1)
        self._n_authors = Growing(np.int32)
        self._sums = Growing(np.int64, width=WIDTH)
        self._side = Growing(np.float64)
        self._highest, self._warned_at = Growing(np.float64), Growing(np.int64)

    @property
    def ids(self) -> list[str]:
        """The conversations in the order they began."""
        return list(self._number)

    @property
    def highest(self) -> Numbers:
        """Shape (conversations,), each in [0, 1]."""
        return sigmoid(self._highest.view())

    @property
    def warned_at(self) -> NDArray[np.int64]:
        """Shape (conversations,), 1-based; 0 without a warning."""
        return self._warned_at.view()

    def sides(self) -> tuple[list[str], list[str], Numbers]:
        """Conversation, author, and the highest score from that author's side, for every author kept apart; those beyond the eighth are pooled under ""."""
        ids = self.ids
        names = [(ids[number], author) for number, author in self._row]
        return [id_ for id_, _ in names], [author or "" for _, author in names], sigmoid(self._side.view())

    def update(self, ids: Sequence[str], authors: Sequence[str], probabilities: ArrayLike) -> None:
        """Read messages in order: the conversation and the author of each, and its probabilities, shape (messages, labels). Raises ``ValueError`` for one outside [0, 1]."""
        checked = checked_probabilities(probabilities) if len(ids) else np.zeros((0, 0))
        for start in range(0, len(ids), BLOCK):
            part = slice(start, start + BLOCK)
            self._read(ids[part], authors[part], message_sums(checked[part], self._model.thresholds))

    def _read(self, ids: Sequence[str], authors: Sequence[str], added: Units) -> None:
        conversation = self._numbered(ids)
        slot = self._slots(conversation.tolist(), authors)
        order = np.argsort(conversation, kind="stable")
        conversation, slot, added = conversation[order], slot[order], added[order]
        first = np.flatnonzero(np.diff(conversation, prepend=-1))
        which = np.repeat(np.arange(len(first)), np.diff(first, append=len(conversation)))
        here = conversation[first]
        rows = self._rows.view()[here]
        n_slots = int(self._n_authors.view()[here].max())
        before = np.where((rows >= 0)[..., None], self._sums.view()[rows], 0)[:, :n_slots]
        sums = self._running(added, slot, before, first, which)
        written = sums[..., MESSAGES] > 0
        # Multiplied and added row by row, not by a matrix product, whose rounding may depend on how many rows there are.
        model = self._model
        found = features("text", sums)
        log_odds = np.where(
            written,
            model.slope * ((found * model.weights).sum(axis=-1) + model.intercept) + model.offset,
            -np.inf,
        )
        last = np.append(first[1:], len(conversation)) - 1
        kept = np.arange(n_slots) < self._n_authors.view()[here][:, None]
        self._sums.view()[rows[:, :n_slots][kept]] = sums[last][kept]
        sides = self._side.view()
        row_of = rows[:, :n_slots][kept]
        sides[row_of] = np.maximum(sides[row_of], np.maximum.reduceat(log_odds, first, axis=0)[kept])
        score = log_odds.max(axis=1)
        self._highest.view()[here] = np.maximum(self._highest.view()[here], np.maximum.reduceat(score, first))
        self._warn(here, which, sigmoid(score) >= model.alert_threshold, sums[..., MESSAGES].sum(axis=1))

    def _warn(
        self, here: NDArray[np.int64], which: NDArray[np.int64], warning: NDArray[np.bool_], n_messages: Units
    ) -> None:
        warned, first = np.unique(which[warning], return_index=True)
        new = self._warned_at.view()[here[warned]] == 0
        self._warned_at.view()[here[warned[new]]] = n_messages[warning][first[new]]

    @staticmethod
    def _running(
        added: Units,
        slot: NDArray[np.int64],
        before: Units,
        first: NDArray[np.int64],
        which: NDArray[np.int64],
    ) -> Units:
        """Every author's sums after every message, shape (messages, authors, ``WIDTH``), each conversation going on from its ``before``."""
        apart = np.zeros((len(added), before.shape[1], WIDTH), dtype=np.int64)
        apart[np.arange(len(added)), slot] = added
        largest = apart[..., MAXIMUM].copy()
        largest[first] = np.maximum(largest[first], before[..., MAXIMUM])
        apart[first] += before
        sums = np.cumsum(apart, axis=0)
        sums -= (sums[first] - apart[first])[which]
        step = (which * _APART)[:, None, None]
        sums[..., MAXIMUM] = np.maximum.accumulate(largest + step, axis=0) - step
        np.maximum(sums[..., NONE], LEAST_LOG, out=sums[..., NONE])
        return sums

    def _numbered(self, ids: Iterable[str]) -> NDArray[np.int64]:
        n_before = len(self._number)
        numbers = np.fromiter((self._number.setdefault(id_, len(self._number)) for id_ in ids), np.int64)
        n_new = len(self._number) - n_before
        self._rows.extend(np.full((n_new, N_AUTHORS + 1), -1, dtype=np.int32))
        self._n_authors.extend(np.zeros(n_new, dtype=np.int32))
        self._highest.extend(np.full(n_new, -np.inf))
        self._warned_at.extend(np.zeros(n_new, dtype=np.int64))
        return numbers

    def _slots(self, conversations: Sequence[int], authors: Sequence[str]) -> NDArray[np.int64]:
        """Each message's author by number in its conversation, as ``author_slots`` counts them; a new author gets a row of sums."""
        rows, n_authors = self._rows.view(), self._n_authors.view()
        slots, new = [], 0
        slot_of_row: dict[int, int] = {}
        for number, author in zip(conversations, authors, strict=True):
            row = self._row.get((number, author))
            if row is None and n_authors[number] > N_AUTHORS:
                row = int(rows[number, N_AUTHORS])
            if row is None:
                slot = int(n_authors[number])
                row = self._sums.size + new
                name = self._name.setdefault(author, author) if slot < N_AUTHORS else None
                self._row[number, name] = row
                rows[number, slot] = row
                n_authors[number] += 1
                new += 1
                slot_of_row[row] = slot
            slot_here = slot_of_row.get(row)
            if slot_here is None:
                slot_here = slot_of_row[row] = int(np.flatnonzero(rows[number] == row)[0])
            slots.append(slot_here)
        self._sums.extend(np.zeros((new, WIDTH), dtype=np.int64))
        self._side.extend(np.full(new, -np.inf))
        return np.array(slots, dtype=np.int64)
