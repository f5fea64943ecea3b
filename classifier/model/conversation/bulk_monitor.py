"""Monitor of very many conversations at once.

Their messages come in any mixture. It gives each conversation's highest score and the message of its
warning. The sums of each author are kept and no text: what a ``Monitor`` of head "text" would hold, for
all conversations in one array.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.conversation.features import features
from classifier.model.conversation.message_sums import (
    MESSAGES,
    WIDTH,
    Numbers,
    Units,
    add_to,
    checked_probabilities,
    faded,
    message_sums,
)
from classifier.model.message.scorer import sigmoid
from classifier.model.message.token_table import GrowingArray

BLOCK = 4096
"""Messages processed at once where no conversation has more than ``FEW_AUTHORS``: tens of megabytes."""
FEW_AUTHORS = 8


class BulkMonitor:
    """Scores of many conversations, each as by a ``Monitor``.

    A conversation of two takes about a kilobyte. The same messages give the same bits however they are
    split into calls.
    """

    def __init__(self, model: ConversationModel) -> None:
        if model.head != "text":
            raise ValueError(f"head must be 'text', got {model.head!r}")
        self._model = model
        self._number: dict[str, int] = {}
        self._name: dict[str, str] = {}
        self._authors: list[dict[str, int]] = []
        """For each conversation the row of each author's sums, in the order in which they first wrote."""
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
        """Conversation, author and highest score of every side, conversation by conversation.

        The score is from that author's side.
        """
        ids = [id_ for id_, authors in zip(self._number, self._authors, strict=True) for _ in authors]
        names = [author for authors in self._authors for author in authors]
        rows = [row for authors in self._authors for row in authors.values()]
        return ids, names, sigmoid(self._side.view()[rows])

    def update(self, ids: Sequence[str], authors: Sequence[str], probabilities: ArrayLike) -> None:
        """Read messages in order.

        ``ids`` are the conversation of each, ``probabilities`` have shape (messages, ``COLUMNS``). Raises
        ``ValueError`` for a probability outside [0, 1].
        """
        if not len(ids):
            return
        added = message_sums(checked_probabilities(probabilities), self._model.thresholds)
        conversation = self._numbered(ids)
        row = self._rows(conversation.tolist(), authors)
        n_authors = np.array([len(of_one) for of_one in self._authors])[conversation]
        few = n_authors <= FEW_AUTHORS
        for kept, most in ((few, FEW_AUTHORS), (~few, int(n_authors.max()))):
            size = max(1, BLOCK * FEW_AUTHORS // most)
            at = np.flatnonzero(kept)
            for start in range(0, len(at), size):
                part = at[start : start + size]
                self._read(conversation[part], row[part], added[part])

    def _read(self, conversation: NDArray[np.int64], row: NDArray[np.int64], added: Units) -> None:
        """Read messages, each with its conversation's number and its author's row of sums."""
        order = np.argsort(conversation, kind="stable")
        conversation, row, added = conversation[order], row[order], added[order]
        here, first, which = np.unique(conversation, return_index=True, return_inverse=True)
        rows_of = [list(self._authors[number].values()) for number in here.tolist()]
        n_authors = np.array(list(map(len, rows_of)))
        rows = np.full((len(here), n_authors.max()), -1)
        kept = np.arange(rows.shape[1]) < n_authors[:, None]
        rows[kept] = np.concatenate(rows_of)
        sums, now = self._running(added, row, rows, first, which)
        n_messages = sums[..., MESSAGES].sum(axis=1)
        log_odds = self._model.log_odds(features("text", sums), n_messages[:, None])
        log_odds[sums[..., MESSAGES] == 0] = -np.inf
        self._sums.view()[rows[kept]] = now[kept]
        sides = self._side.view()
        highest_sides = np.maximum.reduceat(log_odds, first, axis=0)
        sides[rows[kept]] = np.maximum(sides[rows[kept]], highest_sides[kept])
        score = log_odds.max(axis=1)
        self._highest.view()[here] = np.maximum(self._highest.view()[here], np.maximum.reduceat(score, first))
        self._warn(here, which, sigmoid(score) >= self._model.alert_threshold, n_messages)

    def _warn(
        self, here: NDArray[np.int64], which: NDArray[np.int64], warning: NDArray[np.bool_], n_messages: Units
    ) -> None:
        warned, first = np.unique(which[warning], return_index=True)
        new = self._warned_at.view()[here[warned]] == 0
        self._warned_at.view()[here[warned[new]]] = n_messages[warning][first[new]]

    def _running(
        self,
        added: Units,
        row: NDArray[np.int64],
        rows: NDArray[np.int64],
        first: NDArray[np.int64],
        which: NDArray[np.int64],
    ) -> tuple[Units, Units]:
        """Every author's sums after every message, and each conversation's after its last.

        Their shapes are (messages, authors, ``WIDTH``) and (conversations, authors, ``WIDTH``).

        Parameters
        ----------
        added, row
            What each message adds, and its author's row; messages of a conversation together, in order.
        rows
            The rows of each conversation's authors, -1 beyond them.
        first, which
            Each conversation's first message, and each message's conversation.
        """
        now = np.where((rows >= 0)[..., None], self._sums.view()[rows], 0)
        slot = (rows[which] == row[:, None]).argmax(axis=1)
        place = np.arange(len(added)) - first[which]
        by_place = np.argsort(place, kind="stable")
        sums = np.empty((len(added), *now.shape[1:]), dtype=np.int64)
        for at in np.split(by_place, np.cumsum(np.bincount(place))[:-1]):
            moved = which[at]
            later = faded(now[moved], self._model.half_life)
            add_to(later, (np.arange(len(at)), slot[at]), added[at])
            now[moved] = sums[at] = later
        return sums, now

    def _numbered(self, ids: Iterable[str]) -> NDArray[np.int64]:
        n_before = len(self._number)
        numbers = np.fromiter((self._number.setdefault(id_, len(self._number)) for id_ in ids), np.int64)
        n_new = len(self._number) - n_before
        self._authors += [{} for _ in range(n_new)]
        self._highest.extend(np.full(n_new, -np.inf))
        self._warned_at.extend(np.zeros(n_new, dtype=np.int64))
        return numbers

    def _rows(self, conversations: Sequence[int], authors: Sequence[str]) -> NDArray[np.int64]:
        """The row of sums of each message's author; a new author gets one."""
        rows, new = [], 0
        for number, author in zip(conversations, authors, strict=True):
            known = self._authors[number]
            row = known.get(author)
            if row is None:
                row = known[self._name.setdefault(author, author)] = self._sums.size + new
                new += 1
            rows.append(row)
        self._sums.extend(np.zeros((new, WIDTH), dtype=np.int64))
        self._side.extend(np.full(new, -np.inf))
        return np.array(rows, dtype=np.int64)
