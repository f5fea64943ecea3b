"""Dominance between points, and resampled metrics, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from classifier.evaluation.intervals import cluster_weights
from classifier.privacy.tradeoff.conversation_costs import COUNTS
from classifier.privacy.tradeoff.dominance import Axis, dominance_table, sign_test
from classifier.privacy.tradeoff.resampled_metrics import ResampledMetrics, medians


def axis(metric, values, *, margin=0.0, exact=False, by_cluster=None, resamples=None, high=None):
    """An axis of points "a", "b", ...; ``by_cluster`` is a list of what each cluster adds."""
    low = np.array(values, dtype=float)
    if exact and resamples is None:
        resamples = np.empty((0, len(values)))
    return Axis(
        metric,
        low,
        low if high is None else np.array(high, dtype=float),
        margin,
        np.full(len(low), exact),
        np.array([values] * 20 if resamples is None else resamples, dtype=float),
        np.array([values] * 20 if by_cluster is None else by_cluster, dtype=float),
    )


def table(*axes, may_dominate=None):
    n = len(axes[0].low)
    allowed = np.ones((n, n), dtype=bool) if may_dominate is None else np.array(may_dominate)
    return dominance_table(axes, "abcdef"[:n], may_dominate=allowed)


def alarms(a, b):
    """False alarms of two points, given by cluster; they find the same."""
    by_cluster = list(zip(a, b, strict=True))
    found = axis("recall", [-1, -1])
    return table(axis("alarms", [sum(a), sum(b)], by_cluster=by_cluster), found)


def test_three_alarms_against_none_show_nothing():
    row = alarms([0] * 30, [1, 1, 1] + [0] * 27).iloc[1]
    assert (sign_test(3, 0), row["status"], row["dominated_by"], row["better_on"]) == (
        0.125,
        "ambiguous",
        "a",
        "alarms",
    )
    # Two axes and two ordered pairs: .125 times 4.
    assert row["p_value"] == 0.5


@pytest.mark.parametrize(("clusters", "status"), [(7, "dominated"), (6, "ambiguous")])
def test_seven_clusters_of_seven_are_enough_for_two_axes_and_two_pairs(clusters, status):
    found = alarms([0] * 30, [1] * clusters + [0] * (30 - clusters))
    assert (found["status"][1], found["p_value"][1]) == (status, 4 * 0.5**clusters)
    assert found.loc[0, ["status", "dominated_by", "better_on"]].tolist() == ["frontier", "", ""]


def test_a_cluster_that_speaks_against_it_counts_against_it():
    assert sign_test(9, 2) == pytest.approx(binomtest(9, 11, alternative="greater").pvalue)
    assert sign_test(0, 0) == 1.0
    against = [1, 1, *[0] * 28]
    row = alarms(against, [0, 0, *[1] * 9, *[0] * 19]).iloc[1]
    assert row["p_value"] == pytest.approx(4 * binomtest(9, 11, alternative="greater").pvalue)


def test_the_more_points_are_looked_at_the_more_it_takes():
    seven = [[0.0, 1.0, 5.0, 5.0]] * 7 + [[0.0, 0.0, 5.0, 5.0]] * 23
    others = axis("other", [0, 0, -1, -2])
    row = table(axis("alarms", [0, 7, 150, 150], by_cluster=seven), others).iloc[1]
    # Twelve ordered pairs instead of two, of which one more has p = 0 and goes before it.
    assert (row["status"], row["p_value"]) == ("ambiguous", 11 * 2 * 0.5**7)


def test_what_follows_from_the_policy_needs_no_test():
    by_cluster = [[0.0, 1.0]] + [[0.0, 0.0]] * 29
    row = table(axis("company reads", [0, 1], exact=True, by_cluster=by_cluster)).iloc[1]
    assert (row["status"], row["better_on"], row["p_value"]) == ("dominated", "company reads", 0.0)


def test_a_point_that_is_worse_by_more_than_the_margin_somewhere_dominates_nothing():
    better = axis("alarms", [0, 20])
    for worse, status in ((0.01, "dominated"), (0.011, "frontier")):
        assert table(better, axis("missed", [worse, 0.0], margin=0.01))["status"][1] == status


def test_being_better_within_the_margin_is_not_being_better():
    assert table(axis("alarms", [0, 20], margin=20))["status"].tolist() == ["frontier", "frontier"]


@pytest.mark.parametrize(("worse_in", "status"), [(5, "dominated"), (6, "ambiguous")])
def test_it_must_be_no_worse_in_ninety_five_of_a_hundred_resamples(worse_in, status):
    resamples = [[1.0, 0.0]] * worse_in + [[0.0, 0.0]] * (100 - worse_in)
    found = table(axis("alarms", [0, 20]), axis("missed", [0, 0], resamples=resamples))
    assert found["status"][1] == status


def test_a_point_that_may_not_be_compared_dominates_no_other():
    found = table(axis("alarms", [0, 20]), may_dominate=[[True, False], [True, True]])
    assert found["status"].tolist() == ["frontier", "frontier"]


def test_the_axes_on_which_it_was_shown_are_named():
    few = axis("few", [0, 3], by_cluster=[[0, 1]] * 3 + [[0, 0]] * 17)
    row = table(axis("many", [0, 20]), few, axis("none", [0, 0])).iloc[1]
    assert (row["status"], row["better_on"]) == ("dominated", "many")


def test_an_unknown_leak_is_neither_a_defence_nor_a_reproach():
    leak = axis("model_leak", [0.9, 0.0], high=[0.9, 1.0], exact=True)
    # The second was not attacked: it may leak anything, so it is not better, and not shown to be worse.
    assert table(leak)["status"].tolist() == ["frontier", "frontier"]
    fewer_alarms = axis("alarms", [0, 20], by_cluster=[[0, 1]] * 20)
    assert table(fewer_alarms, leak)["status"].tolist() == ["frontier", "dominated"]
    assert table(axis("alarms", [20, 0]), leak)["status"].tolist() == ["frontier", "frontier"]


def test_a_leak_that_was_measured_lets_a_protection_win():
    leak = axis("model_leak", [0.9, 0.1], exact=True)
    assert table(leak)["status"].tolist() == ["dominated", "frontier"]
    assert table(axis("alarms", [0, 20]), leak)["status"].tolist() == ["frontier", "frontier"]


def test_an_infinite_cost_is_worse_than_any_and_no_worse_than_another():
    bits = axis("released_bits", [1.0, np.inf, np.inf], exact=True)
    assert table(bits)["status"].tolist() == ["frontier", "dominated", "dominated"]


def test_the_median_of_a_single_find_is_its_message():
    assert medians(np.array([[0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0]])).tolist() == [3.0, 1.0]


def test_the_median_of_two_finds_lies_between_them():
    assert medians(np.array([[0.0, 1.0, 0.0, 0.0, 1.0]])).tolist() == [2.5]


def costs(flagged, flagged_at):
    """Costs of a policy in four clusters, each with a pattern and a benign conversation.

    The pattern has 5 messages, the benign conversation 10; 5 and 4 are read. Every other count is 0.
    """
    described = {
        "clusters": [(name,) for name in ("lunch", "raid", "dog", "toast") for _ in range(2)],
        "benign": [False, True] * 4,
        "n_messages": [5, 10] * 4,
    }
    counted = {
        "n_read": [5, 4] * 4,
        "is_read": True,
        "is_shown": flagged,
        "is_told": flagged,
        "flagged": flagged,
        "flagged_at": flagged_at,
    }
    return pd.DataFrame(described | dict.fromkeys(COUNTS, 0.0) | counted)


NAN = np.nan
LAST = costs([True, False, False, False, False, False, False, False], [5, NAN, NAN, NAN, NAN, NAN, NAN, NAN])
MOST = costs([True, True, True, False, True, False, False, False], [1, 9, 2, NAN, 5, NAN, NAN, NAN])


def resampled(n_resamples=120):
    return ResampledMetrics({"last": LAST, "most": MOST}, n_resamples=n_resamples, seed=3)


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
    counts = dict(zip(sorted(set(table["clusters"])), weights, strict=True))
    return table.loc[table.index.repeat(table["clusters"].map(counts))]


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
