"""Dominance between points, in the data and in resamples, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from classifier.evaluation.intervals import cluster_weights
from classifier.privacy.compare.dominance import dominance_table
from classifier.privacy.compare.resampled import ResampledMetrics, medians

GOOD, BAD = [0.0, 0.0], [1.0, 1.0]


def table(*resamples, values, eligible=None):
    """Standings of points "a", "b", ...; a resample is a list of points."""
    names = "abcdef"[: len(values)]
    return dominance_table(
        np.array(values),
        np.array(resamples),
        names,
        eligible=np.ones(len(names), dtype=bool) if eligible is None else np.array(eligible),
    )


def standing(found, name):
    """Status, the point that dominates, and the share of resamples."""
    return tuple(found.iloc["abcdef".index(name)])


@pytest.mark.parametrize(("resamples", "status"), [(95, "dominated"), (94, "ambiguous")])
def test_ninety_five_of_a_hundred_resamples_are_enough(resamples, status):
    worse, equal = [GOOD, BAD], [GOOD, GOOD]
    found = table(*[worse] * resamples, *[equal] * (100 - resamples), values=worse)
    assert standing(found, "b") == (status, "a", resamples / 100)
    assert standing(found, "a") == ("frontier", "", 0.0)


def test_a_single_resample_is_a_whole_one():
    assert standing(table([GOOD, BAD], values=[GOOD, BAD]), "b") == ("dominated", "a", 1.0)


def test_an_ineligible_point_dominates_no_other_and_can_be_dominated():
    points = [BAD, [0.5, 0.5], GOOD]
    found = table(points, values=points, eligible=[True, True, False])
    assert standing(found, "b") == ("frontier", "", 0.0)
    assert standing(found, "a") == ("dominated", "b", 1.0)
    aside = table([GOOD, BAD], values=[GOOD, BAD], eligible=[True, False])
    assert standing(aside, "b") == ("dominated", "a", 1.0)


def test_the_better_point_that_is_named_is_the_one_that_is_better_most_often():
    data = [GOOD, GOOD, BAD]
    found = table(data, [[2.0, 2.0], GOOD, BAD], values=data)
    assert standing(found, "c") == ("dominated", "b", 1.0)


def test_different_points_that_are_better_in_turn_do_not_add_up():
    found = table(*[[GOOD, [2.0, 2.0], BAD], [[2.0, 2.0], GOOD, BAD]] * 10, values=[GOOD, [2.0, 2.0], BAD])
    assert standing(found, "c") == ("ambiguous", "a", 0.5)


def test_a_point_worse_in_the_data_and_in_no_resample_still_names_the_better_one():
    equal = [GOOD, [-1.0, 9.0], GOOD]
    found = table(equal, values=[BAD, [-1.0, 9.0], GOOD])
    assert found.to_numpy().tolist() == [
        ["ambiguous", "c", 0.0],
        ["frontier", "", 0.0],
        ["frontier", "", 0.0],
    ]


def test_the_median_of_a_single_find_is_its_message():
    assert medians(np.array([[0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0]])).tolist() == [3.0, 1.0]


def test_the_median_of_two_finds_lies_between_them():
    assert medians(np.array([[0.0, 1.0, 0.0, 0.0, 1.0]])).tolist() == [2.5]


def costs(flagged, flagged_at):
    """Costs of a policy in four clusters, each with a pattern and a benign conversation.

    The pattern has 5 messages, the benign conversation 10; 5 and 4 are read, and none is shown.
    """
    return pd.DataFrame(
        {
            "cluster": [name for name in ("lunch", "raid", "dog", "toast") for _ in range(2)],
            "benign": [False, True] * 4,
            "n_messages": [5, 10] * 4,
            "n_read": [5, 4] * 4,
            "is_read": True,
            "n_shown": 0,
            "flagged": flagged,
            "flagged_at": flagged_at,
            "message_hours": 0.0,
            "pii_items": 0.0,
            "pii_people": 0.0,
        }
    )


NAN = np.nan
LAST = costs([True, False, False, False, False, False, False, False], [5, NAN, NAN, NAN, NAN, NAN, NAN, NAN])
MOST = costs([True, True, True, False, True, False, False, False], [1, 9, 2, NAN, 5, NAN, NAN, NAN])


def resampled(n_resamples=120):
    return ResampledMetrics({"last": LAST, "most": MOST}, n_resamples=n_resamples, seed=3, n_jobs=1)


def test_the_metrics_of_the_data_are_those_counted_by_hand():
    values = resampled(1).values
    assert values["recall"].tolist() == [0.25, 0.75]
    assert values["human_read_benign_per_million"].tolist() == [0, 250_000]
    assert values["machine_read_share"].tolist() == [0.4, 0.4]
    assert values["benign_messages_read"].tolist() == [4, 4]
    assert values["pattern_messages_read"].tolist() == [5, 5]


def test_a_latency_is_the_median_over_patterns_found_and_knows_no_false_alarm():
    assert resampled(1).values["median_messages_to_alert"].tolist() == [5, 2]


def again(table, weights):
    """The conversations of each cluster, as often as it was drawn.

    Clusters are numbered by their names.
    """
    counts = dict(zip(sorted(set(table["cluster"])), weights, strict=True))
    return table.loc[table.index.repeat(table["cluster"].map(counts))]


def test_a_resample_is_the_data_with_its_clusters_drawn_again():
    found = resampled().resamples
    for number, weights in enumerate(cluster_weights(4, n_resamples=120, seed=3)):
        for position, table in enumerate((LAST, MOST)):
            drawn = again(table, weights)
            patterns = drawn[~drawn["benign"]]
            assert found["recall"][number, position] == patterns["flagged"].mean()
            assert found["human_read_benign_per_million"][number, position] == pytest.approx(
                1e6 * drawn.loc[drawn["benign"], "flagged"].mean()
            )
            np.testing.assert_equal(
                found["median_messages_to_alert"][number, position], patterns["flagged_at"].median()
            )


def test_every_resample_asked_for_is_there():
    found = resampled().resamples
    assert {array.shape for array in found.values()} == {(120, 2)}
    assert resampled().point_names == ["last", "most"]
