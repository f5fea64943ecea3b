"""Scorers: noisy-or, plain functions as running scorers, and caching."""

from __future__ import annotations

import numpy as np
import pytest
from privacy_toys import word_probabilities

from classifier.privacy.policies.metadata_trigger import MetadataSignals
from classifier.privacy.simulate.policy_scorer import (
    NOISY_OR,
    STAGE_MAXIMA,
    AllRowsScorer,
    CachedScorer,
    NoisyOr,
    PolicyScorer,
    RunningScorer,
    share_of_conditions_met,
)
from classifier.records import Metadata

HALF, QUARTER = np.array([0.5, 0, 0, 0, 0, 0.9, 0.9]), np.array([0.25, 1.0, 0, 0, 0, 0.9, 0.9])


def run_on(scorer, *messages):
    """The running scores of messages, given as (row, author)."""
    state, scores = scorer.start(), []
    for row, author in messages:
        state = scorer.update(state, row, author)
        scores.append(scorer.score(state))
    return scores


def test_noisy_or_counts_stages_and_leaves_the_auxiliary_cues_out():
    # By hand: the first stage is missed by .5 and .75, so shown with .625; the second surely; three never.
    assert NOISY_OR(np.array([HALF, QUARTER]), ["s", "c"]) == pytest.approx((0.625 + 1) / 5)


def test_noisy_or_message_by_message_gives_the_score_of_all_rows():
    assert run_on(NOISY_OR, (HALF, "s"), (QUARTER, "c")) == pytest.approx([0.1, 0.325])
    assert NOISY_OR.score(NOISY_OR.start()) == 0.0


def test_of_a_single_column_noisy_or_is_that_columns():
    assert NOISY_OR(np.array([[0.5], [0.5]]), ["s", "c"]) == 0.75


def test_one_more_message_never_lowers_noisy_or():
    rows = word_probabilities(["pizza", "secret", "pizza", "meet there", "ok"])
    scores = run_on(NOISY_OR, *((row, "s") for row in rows))
    assert scores == sorted(scores)
    assert 0 < scores[0] < scores[-1] < 1


def first_column(rows, authors):
    """One score for each message: its first number for author "s", else 0."""
    return [row[0] * (author == "s") for row, author in zip(rows, authors, strict=True)]


def test_a_plain_function_gets_every_row_and_author_again_and_its_last_score_counts():
    assert run_on(AllRowsScorer(first_column), (HALF, "s"), (QUARTER, "s"), (HALF, "c")) == [0.5, 0.25, 0.0]


def test_a_plain_function_of_rows_gives_its_last_score():
    assert AllRowsScorer(first_column)(np.array([HALF, QUARTER]), ["s", "s"]) == 0.25


def test_a_plain_function_is_wrapped_and_a_running_scorer_is_taken_as_it_is():
    assert PolicyScorer(word_probabilities, conversation=NOISY_OR).running() is NOISY_OR
    wrapped = PolicyScorer(word_probabilities, conversation=first_column).running()
    assert isinstance(wrapped, RunningScorer)
    assert wrapped(np.array([HALF]), ["s"]) == 0.5


class RecordingScorer:
    """A running scorer that records each row and author it gets."""

    def __init__(self):
        self.received = []

    def __call__(self, rows, authors):
        self.received += [*zip(rows[:, 0].tolist(), authors, strict=True)]
        return rows[:, 0]

    def start(self):
        return 0.0

    def update(self, state, row, author):
        self.received.append((float(row[0]), author))
        return max(state, float(row[0]))

    def score(self, state):
        return state


def test_a_cached_score_is_not_computed_again():
    recorder = RecordingScorer()
    remembered = CachedScorer(recorder)
    assert run_on(remembered, (QUARTER, "s"), (HALF, "c")) == [0.25, 0.5]
    assert run_on(remembered, (QUARTER, "s"), (HALF, "c")) == [0.25, 0.5]
    assert recorder.received == [(0.25, "s"), (0.5, "c")]


def test_pending_messages_are_passed_on_when_a_score_is_not_cached():
    recorder = RecordingScorer()
    remembered = CachedScorer(recorder)
    run_on(remembered, (QUARTER, "s"))
    assert run_on(remembered, (QUARTER, "s"), (HALF, "c")) == [0.25, 0.5]
    assert recorder.received == [(0.25, "s"), (0.25, "s"), (0.5, "c")]


def test_cached_scores_depend_on_the_author():
    remembered = CachedScorer(AllRowsScorer(first_column))
    assert [remembered(np.array([HALF]), [author]) for author in ("s", "c", "s")] == [0.5, 0.0, 0.5]
    assert [run_on(remembered, (HALF, author)) for author in ("s", "c")] == [[0.5], [0.0]]


def test_the_last_of_cached_running_scores_counts():
    assert CachedScorer(RecordingScorer())(np.array([HALF, QUARTER]), ["s", "c"]) == 0.25


def test_scores_of_rows_at_once_and_running_scores_are_cached_separately():
    remembered = CachedScorer(RecordingScorer())
    assert run_on(remembered, (HALF, "s"), (QUARTER, "s"))[-1] == 0.5
    assert remembered(np.array([HALF, QUARTER]), ["s", "s"]) == 0.25


def test_by_default_metadata_is_scored_by_the_share_of_conditions_met():
    outside = MetadataSignals(
        Metadata("online", "unstated", "unstated", 1), "s", ["s"], [], share_of_conditions_met=0.75
    )
    assert PolicyScorer(word_probabilities).metadata(outside) == share_of_conditions_met(outside) == 0.75


def test_scores_remembered_at_once_are_those_of_message_by_message():
    class Highest(NoisyOr):
        """The noisy-or, with all running scores at once."""

        def running(self, rows, authors):
            return [self(rows[: number + 1], authors[: number + 1]) for number in range(len(rows))]

    rows, authors = np.array([[0.1] * 5, [0.9, 0, 0, 0, 0], [0.2] * 5]), ["a", "b", "a"]
    cached, plain = CachedScorer(Highest()), NoisyOr()
    cached.remember(rows, authors)
    assert len(cached.cache) == 3
    state, own = cached.start(), plain.start()
    for row, author in zip(rows, authors, strict=True):
        state, own = cached.update(state, row, author), plain.update(own, row, author)
        assert cached.score(state) == pytest.approx(plain.score(own), rel=1e-12)
    assert len(cached.cache) == 3
    CachedScorer(plain).remember(rows, authors)  # a scorer that cannot do it at once is left alone


def test_length_alone_does_not_raise_stage_maxima_as_it_does_noisy_or():
    long_talk = np.full((200, 5), 0.02)
    one_sign = np.array([[0.02] * 5] * 4 + [[0.9, 0.02, 0.02, 0.02, 0.02]])
    nobody = ["a"] * 200
    assert STAGE_MAXIMA(long_talk, nobody) == pytest.approx(0.02)
    assert STAGE_MAXIMA(one_sign, nobody[:5]) == pytest.approx((0.9 + 4 * 0.02) / 5)
    assert NOISY_OR(long_talk, nobody) > NOISY_OR(one_sign, nobody[:5])


def test_stage_maxima_message_by_message_give_the_score_of_all_rows():
    assert run_on(STAGE_MAXIMA, (HALF, "s"), (QUARTER, "c")) == pytest.approx(
        [STAGE_MAXIMA(np.array([HALF]), ["s"]), STAGE_MAXIMA(np.array([HALF, QUARTER]), ["s", "c"])]
    )
    assert STAGE_MAXIMA(np.zeros((0, 5)), []) == STAGE_MAXIMA.score(STAGE_MAXIMA.start()) == 0.0
