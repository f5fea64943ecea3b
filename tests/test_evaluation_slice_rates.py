"""Slices: the worst one first, the mean beside, and the counts of each."""

from __future__ import annotations

import pandas as pd
import pytest
from scipy.stats import binomtest

from classifier.evaluation.slice_rates import false_alarms_by, recall_by

SCENES = pd.Series(["coach"] * 4 + ["raid"] * 10 + ["pizza"] * 2)
FLAGGED = pd.Series([True, False, False, False] + [True] * 5 + [False] * 5 + [False, False])


def test_the_scene_with_most_false_alarms_stands_first_and_the_mean_last():
    table = false_alarms_by(SCENES, FLAGGED)
    assert table["slice"].tolist() == ["raid", "coach", "pizza", "mean"]
    assert table["false_alarms"].tolist() == [5, 1, 0, 6]
    assert table["n"].tolist() == [10, 4, 2, 16]
    assert table["rate"].tolist() == [0.5, 0.25, 0.0, 0.375]


def test_the_tactic_found_least_stands_first():
    table = recall_by(SCENES, FLAGGED)
    assert table["slice"].tolist() == ["pizza", "coach", "raid", "mean"]
    assert table["recall"].tolist() == [0.0, 0.25, 0.5, 0.375]
    assert table["hits"].tolist() == [0, 1, 5, 6]


def test_bounds_are_the_exact_ones_of_scipy():
    table = false_alarms_by(SCENES, FLAGGED)
    for _, row in table.iterrows():
        exact = binomtest(row["false_alarms"], row["n"]).proportion_ci(0.95, method="exact")
        assert (row["rate_low"], row["rate_high"]) == pytest.approx((exact.low, exact.high))


def test_of_equal_rates_the_larger_slice_stands_first():
    table = false_alarms_by(pd.Series(["small", "large", "large"]), pd.Series([True, True, True]))
    assert table["slice"].tolist() == ["large", "small", "mean"]


def test_counts_are_those_of_pandas():
    expected = FLAGGED.groupby(SCENES).agg(["mean", "sum", "count"])
    table = false_alarms_by(SCENES, FLAGGED).set_index("slice").loc[expected.index]
    assert table["rate"].tolist() == expected["mean"].tolist()
    assert table["n"].tolist() == expected["count"].tolist()


def test_without_units_the_mean_is_undefined():
    table = false_alarms_by(pd.Series([], dtype=str), pd.Series([], dtype=bool))
    assert table["slice"].tolist() == ["mean"]
    assert table["rate"].isna().all()


@pytest.mark.parametrize(
    ("slices", "hit", "message"),
    [
        (SCENES, FLAGGED.iloc[:3], "one index, got lengths 16 and 3"),
        (SCENES, FLAGGED.iloc[::-1], "must have one index"),
        (pd.Series(["mean", "raid"]), pd.Series([True, False]), "none 'mean'"),
        (pd.Series([None, "raid"]), pd.Series([True, False]), "must all be named"),
    ],
)
def test_slices_that_do_not_fit_are_refused(slices, hit, message):
    with pytest.raises(ValueError, match=message):
        false_alarms_by(slices, hit)


@pytest.mark.parametrize("table_of", [false_alarms_by, recall_by])
def test_slices_alike_in_rate_stand_by_size_and_then_by_the_alphabet(table_of):
    table = table_of(pd.Series(["toast", "pizza", "raid", "raid"]), pd.Series([True, True, True, True]))
    assert table["slice"].tolist() == ["raid", "pizza", "toast", "mean"]
