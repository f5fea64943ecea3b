"""First warnings: when they come, what had been read by then, and whether there was a reason."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.evaluation.first_warning import (
    first_warnings,
    premature_warnings,
    recall_after,
    skeptical_warning,
    target_share_seen,
)
from classifier.evaluation.rates import Rate

UNIT = ["raid", "pizza", "raid", "raid", "pizza", "raid"]
SCORE = [0.1, 0.9, 0.5, 0.2, 0.1, 0.9]


def test_a_warning_is_the_first_message_at_or_over_the_threshold():
    table = first_warnings(UNIT, SCORE, threshold=0.5).set_index("unit")
    assert table["k"].to_dict() == {"raid": 2, "pizza": 1}
    assert table["n_messages"].to_dict() == {"raid": 4, "pizza": 2}


def test_a_warning_is_never_taken_back():
    before, after = (first_warnings(["raid"] * n, [0.1, 0.9, 0.1, 0.1][:n], threshold=0.5) for n in (2, 4))
    assert before["decision"].tolist() == after["decision"].tolist() == [True]
    assert before["k"].tolist() == after["k"].tolist() == [2.0]


def test_without_a_warning_there_is_no_k():
    table = first_warnings(UNIT, SCORE, threshold=0.95)
    assert table["decision"].tolist() == [False, False]
    assert table["k"].isna().all()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=30))
def test_first_warnings_are_those_of_a_loop(messages):
    seen, warned = {}, {}
    for unit, score in messages:
        seen[unit] = seen.get(unit, 0) + 1
        if score >= 3 and unit not in warned:
            warned[unit] = seen[unit]
    unit, score = zip(*messages, strict=True)
    table = first_warnings(unit, score, threshold=3)
    assert table["unit"].tolist() == list(seen)
    assert table["n_messages"].tolist() == list(seen.values())
    assert {u: k for u, k, d in zip(table["unit"], table["k"], table["decision"], strict=True) if d} == warned


def test_skepticism_waits_for_enough_positive_predictions():
    predictions = [1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1]
    assert [skeptical_warning(predictions, skepticism=s) for s in (1, 2, 3, 4, 5)] == [1, 3, 6, 7, None]


def test_skepticism_forgets_what_is_more_than_ten_predictions_ago():
    assert skeptical_warning([1] + 9 * [0] + [1], skepticism=2) is None
    assert skeptical_warning([1] + 8 * [0] + [1], skepticism=2) == 10


@given(st.lists(st.integers(0, 1), max_size=60), st.integers(1, 10))
def test_skepticism_is_that_of_a_loop(predictions, skepticism):
    expected = next(
        (i + 1 for i in range(len(predictions)) if sum(predictions[max(0, i - 9) : i + 1]) >= skepticism),
        None,
    )
    assert skeptical_warning(predictions, skepticism=skepticism) == expected


def test_recall_after_k_messages_counts_those_never_flagged():
    table = recall_after([1, 3, 3, math.nan], last=4)
    assert table["recall"].tolist() == [0.25, 0.25, 0.75, 0.75]
    assert table["n"].tolist() == [4, 4, 4, 4]
    assert table.loc[2, ["recall_low", "recall_high"]].tolist() == list(Rate(3, 4).interval())


def test_recall_may_be_asked_after_the_first_message_alone():
    assert recall_after([1, 3], last=1)[["k", "hits", "n"]].to_numpy().tolist() == [[1, 1, 2]]


def test_recall_after_k_is_undefined_without_positives():
    assert recall_after([], last=2)["recall"].isna().all()


def test_the_message_that_brings_the_warning_has_been_read():
    unit = ["raid"] * 4
    by_young_person = [False, True, True, True]
    shares = [
        target_share_seen(unit, by_young_person, first_warnings(unit, np.eye(4)[k], threshold=1))["share"][0]
        for k in range(4)
    ]
    assert shares == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_what_was_read_before_is_undefined_without_a_warning_or_without_their_messages():
    unit = ["raid", "raid", "pizza", "pizza"]
    warnings = first_warnings(unit, [0.1, 0.2, 0.9, 0.1], threshold=0.5)
    table = target_share_seen(unit, [True, True, False, False], warnings)
    assert table["share"].isna().all()
    assert table["n"].tolist() == [2, 0]


def test_a_single_message_of_theirs_has_been_read_or_has_not():
    unit = ["raid", "raid", "pizza", "pizza"]
    warnings = first_warnings(unit, [0.9, 0.1, 0.9, 0.1], threshold=0.5)
    assert target_share_seen(unit, [True, False, False, True], warnings)["share"].tolist() == [1.0, 0.0]


def test_interleaved_conversations_are_kept_apart():
    warnings = first_warnings(UNIT, SCORE, threshold=0.5)
    table = target_share_seen(UNIT, [True, False, False, True, True, True], warnings).set_index("unit")
    assert table["seen"].to_dict() == {"raid": 1, "pizza": 0}
    assert table["n"].to_dict() == {"raid": 3, "pizza": 1}


def test_a_warning_before_the_first_staged_message_is_premature():
    assert premature_warnings([1, 4, 5], [3, 4, 4]) == Rate(1, 3)


def test_a_warning_at_message_one_of_everybody_is_seen_through():
    assert premature_warnings([1, 1, 1], [2, 5, 9]).value == 1.0


def test_a_unit_never_flagged_is_not_counted_and_one_without_a_stage_gives_no_reason():
    assert premature_warnings([math.nan, 7], [2, math.nan]) == Rate(1, 1)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: first_warnings(["a"], [0.1, 0.2], threshold=0.5), "of one length, got shapes"),
        (lambda: first_warnings([["a"]], [[0.1]], threshold=0.5), "must be one-dimensional"),
        (lambda: first_warnings(["a"], [math.nan], threshold=0.5), "1 nan scores of 1"),
        (lambda: skeptical_warning([1, 0], skepticism=11), "skepticism must be in 1..10, got 11"),
        (lambda: skeptical_warning([1, 0], skepticism=0), "skepticism must be in 1..10, got 0"),
        (lambda: skeptical_warning([[1, 0]], skepticism=1), "one row of 0 and 1, got shape \\(1, 2\\)"),
        (lambda: skeptical_warning([0.5], skepticism=1), "one row of 0 and 1"),
        (lambda: recall_after([1], last=0), "last must be at least 1, got 0"),
        (lambda: premature_warnings([1], [1, 2]), "of one length, got 1 and 2"),
        (
            lambda: target_share_seen(["a"], [True], pd.DataFrame({"unit": ["b"], "k": [1.0]})),
            "got a difference of 2 units",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt()
