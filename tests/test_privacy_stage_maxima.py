"""Stage maxima: the highest probability of each stage counts, not how many messages there are."""

from __future__ import annotations

import numpy as np
import pytest

from classifier.privacy.simulate.scorer import NOISY_OR, RunningScorer
from classifier.privacy.stage_maxima import STAGE_MAXIMA

LONG_TALK = np.full((200, 5), 0.02)
ONE_SIGN = np.array([[0.02] * 5] * 4 + [[0.9, 0.02, 0.02, 0.02, 0.02]])


def test_length_alone_does_not_raise_the_score_as_it_does_by_noisy_or():
    nobody = ["a"] * 200
    assert STAGE_MAXIMA(LONG_TALK, nobody) == pytest.approx(0.02)
    assert STAGE_MAXIMA(ONE_SIGN, nobody[:5]) == pytest.approx((0.9 + 4 * 0.02) / 5)
    assert NOISY_OR(LONG_TALK, nobody) > NOISY_OR(ONE_SIGN, nobody[:5])


def test_it_runs_message_by_message_to_the_same_score():
    rows = np.random.default_rng(0).random((30, 7))
    state = STAGE_MAXIMA.start()
    for row in rows:
        state = STAGE_MAXIMA.update(state, row, "a")
    assert isinstance(STAGE_MAXIMA, RunningScorer)
    assert STAGE_MAXIMA.score(state) == STAGE_MAXIMA(rows, ["a"] * 30)
    assert STAGE_MAXIMA(rows, ["a"] * 30) == pytest.approx(rows[:, :5].max(axis=0).mean())


def test_before_any_message_the_score_is_0():
    assert STAGE_MAXIMA(np.zeros((0, 5)), []) == STAGE_MAXIMA.score(STAGE_MAXIMA.start()) == 0.0
