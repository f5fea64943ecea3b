"""Senders: PAN 2012 scores, and how many benign accounts a rule of k would flag."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import fbeta_score

from classifier.evaluation.sender_metrics import k_of_n_table, pan12_f05, pan12_f3

NAMES = [f"account{i}" for i in range(8)]
SETS = st.sets(st.sampled_from(NAMES))

CHATS = pd.DataFrame(
    [
        ("ann", 1, True),
        ("ann", 1, True),
        ("ann", 0, False),
        ("bea", 1, False),
        ("bea", 1, True),
        ("cat", 0, True),
        ("cat", 0, True),
        ("dan", 0, False),
        ("eve", 0, True),
    ],
    columns=["sender", "label", "flagged"],
)


@given(SETS, SETS)
def test_f_scores_are_scikit_learns_with_zero_for_undefined(relevant, flagged):
    label, prediction = [name in relevant for name in NAMES], [name in flagged for name in NAMES]
    assert pan12_f05(relevant, flagged) == pytest.approx(
        fbeta_score(label, prediction, beta=0.5, zero_division=0)
    )
    lines = ({(name, 1) for name in relevant}, {(name, 1) for name in flagged})
    assert pan12_f3(*lines) == pytest.approx(fbeta_score(label, prediction, beta=3, zero_division=0))


def test_the_worked_example_is_three_quarters():
    assert pan12_f05(set("abcd"), set("abcx")) == pytest.approx(0.75)
    assert pan12_f3({("c", i) for i in range(4)}, {("c", i) for i in (0, 1, 2, 9)}) == pytest.approx(0.75)


def test_a_zero_denominator_is_zero_as_pans_users_expect():
    assert pan12_f05(set(), set()) == 0.0
    assert pan12_f3(set(), {("c", 1)}) == 0.0


def test_a_false_alarm_costs_f05_more_than_a_miss_and_f3_less():
    assert pan12_f05(set("abcd"), set("abcdx")) < pan12_f05(set("abcd"), set("abc"))
    assert pan12_f3({("c", 1), ("c", 2)}, {("c", 1), ("c", 2), ("c", 3)}) > pan12_f3(
        {("c", 1), ("c", 2)}, {("c", 1)}
    )


def test_a_line_of_another_conversation_is_another_line():
    assert pan12_f3({("c1", 4)}, {("c2", 4)}) == 0.0


def test_k_of_n_counts_senders_not_conversations():
    table = k_of_n_table(CHATS, max_k=3)
    assert table["found"].tolist() == [2, 1, 0]
    assert table["benign_flagged"].tolist() == [2, 1, 0]
    assert set(table["n_pattern"]) == {2}
    assert set(table["n_benign"]) == {3}
    assert table["tpr"].tolist() == [1.0, 0.5, 0.0]
    assert table["fpr"].tolist() == pytest.approx([2 / 3, 1 / 3, 0])


def test_bounds_are_the_exact_ones_of_scipy():
    row = k_of_n_table(CHATS, max_k=1).iloc[0]
    exact = binomtest(2, 3).proportion_ci(0.95, method="exact")
    assert (row["fpr_low"], row["fpr_high"]) == pytest.approx((exact.low, exact.high))


def test_without_benign_senders_their_rate_is_undefined():
    assert k_of_n_table(CHATS[CHATS["sender"] == "ann"], max_k=1)["fpr"].isna().all()


def test_the_table_does_not_depend_on_the_order_of_conversations():
    pd.testing.assert_frame_equal(k_of_n_table(CHATS, max_k=3), k_of_n_table(CHATS.iloc[::-1], max_k=3))


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: k_of_n_table(CHATS, max_k=0), "max_k must be at least 1, got 0"),
        (lambda: k_of_n_table(CHATS.drop(columns="label"), max_k=1), "got none named \\['label'\\]"),
    ],
)
def test_what_makes_no_sense_is_refused(attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt()
