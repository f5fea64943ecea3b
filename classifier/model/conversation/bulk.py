"""Monitor of very many conversations at once.

Their messages come in any mixture. It gives each conversation's highest score and the message of its
warning. The sums of each author are kept and no text: what a ``Monitor`` of head "text" would hold, for
all conversations in one array.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.model.conversation.features import features
from classifier.model.conversation.model import ConversationModel
from classifier.model.conversation.sums import (
    LEAST_LOG,
    LOG_NONE,
    MAXIMUM,
    MESSAGES,
    N_AUTHORS,
    WIDTH,
    Numbers,
    Units,
    checked_probabilities,
    message_sums,
)
from classifier.model.message.scorer import sigmoid
from classifier.model.message.token_table import GrowingArray

BLOCK = 4096
"""Messages processed at once, in some tens of megabytes of memory."""
_APART = 1 << 32
"""More than any maximum.

Added once for each conversation before, it makes a running maximum begin anew.
"""


class BulkMonitor:
    """Scores of many conversations, each as by a ``Monitor`` without a half-life.

    A conversation takes about a kilobyte. The same messages give the same bits however they are split
    into calls.
    """

    def __init__(self, model: ConversationModel) -> None:
        if model.head != "text":
            raise ValueError(f"head must be 'text', got {model.head!r}")
        self._model = model
        self._number: dict[str, int] = {}
        self._row: dict[tuple[int, str | None], int] = {}
        self._name: dict[str, str] = {}
        self._rows = GrowingArray(np.int32, width=N_AUTHORS + 1)
        self._n_authors = GrowingArray(np.int32)
        self._sums = GrowingArray(np.int64, width=WIDTH)
        self._side = GrowingArray(np.float64)
        self._highest, self._warned_at = GrowingArray(np.float64), GrowingArray(np.int64)

    @property
    def ids(self) -> list[str]:
        """The conversations, in the order they began."""
        return list(self._number)

    @property
    def highest(self) -> Numbers:
        """The highest score each conversation has had, shape (conversations,), in [0, 1]."""
        return sigmoid(self._highest.view())

    @property
    def warned_at(self) -> NDArray[np.int64]:
        """The number of messages at each conversation's warning, shape (conversations,).

        A warning is the first score at or over the alert threshold; 0 without one.
        """
        return self._warned_at.view()

    def sides(self) -> tuple[list[str], list[str], Numbers]:
        """Conversation, author and highest score of every side.

        The score is from that author's side; authors beyond the eighth are pooled under "".
        """
        ids = self.ids
        names = [(ids[number], author) for number, author in self._row]
        return [id_ for id_, _ in names], [author or "" for _, author in names], sigmoid(self._side.view())

    def update(self, ids: Sequence[str], authors: Sequence[str], probabilities: ArrayLike) -> None:
        """Read messages in order.

        ``ids`` are the conversation of each, ``probabilities`` have shape (messages, labels). Raises
        ``ValueError`` for a probability outside [0, 1].
        """
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
        # Multiplied and added row by row, not by a matrix product, whose rounding may depend on how many
        # rows there are.
        model = self._model
        weighted = (features("text", sums) * model.weights).sum(axis=-1)
        log_odds = np.where(written, model.slope * (weighted + model.intercept) + model.offset, -np.inf)
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
        """Every author's sums after every message, shape (messages, authors, ``WIDTH``).

        Parameters
        ----------
        added
            What each message adds, messages of a conversation together and in order.
        slot
            Each message's author by number.
        before
            Each conversation's sums before, shape (conversations, authors, ``WIDTH``).
        first, which
            Each conversation's first message, and each message's conversation.
        """
        apart = np.zeros((len(added), before.shape[1], WIDTH), dtype=np.int64)
        apart[np.arange(len(added)), slot] = added
        largest = apart[..., MAXIMUM].copy()
        largest[first] = np.maximum(largest[first], before[..., MAXIMUM])
        apart[first] += before
        sums = np.cumsum(apart, axis=0)
        sums -= (sums[first] - apart[first])[which]
        step = (which * _APART)[:, None, None]
        sums[..., MAXIMUM] = np.maximum.accumulate(largest + step, axis=0) - step
        np.maximum(sums[..., LOG_NONE], LEAST_LOG, out=sums[..., LOG_NONE])
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
        """Each message's author by number in its conversation, as ``author_slots`` numbers them.

        A new author gets a row of sums.
        """
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
