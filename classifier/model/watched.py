"""The text head of the pattern model as a policy runs it: message by message, with a state that a policy may keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.model.monitor import Monitor
from classifier.model.pattern import PatternModel, score_conversation


@dataclass(frozen=True)
class Watched:
    """A ``Monitor`` for a state, which holds whole numbers per author and no message."""

    model: PatternModel

    def __call__(self, rows: NDArray[np.float64], authors: Sequence[str]) -> float:
        """The score of these rows of message probabilities."""
        return score_conversation(self.model, rows, authors)

    def start(self) -> Monitor:
        """A monitor that has seen nothing."""
        return Monitor(self.model)

    def update(self, state: Monitor, row: NDArray[np.float64], author: str) -> Monitor:
        """The same monitor after one more message."""
        state.update(author, row)
        return state

    def score(self, state: Monitor) -> float:
        """The score of the messages so far."""
        return state.score
