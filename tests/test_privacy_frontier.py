"""The comparison of policies: dominance, prices, and what a test set can support."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from privacy_toys import SCORER, policy, town, word_probabilities

from classifier.evaluation.rates import Rate
from classifier.privacy.constraints.constraint import parse_constraint
from classifier.privacy.constraints.feasibility import feasible_points
from classifier.privacy.constraints.sample_size import conversations_needed
from classifier.privacy.message_streams import MessageScores, streams_from_scores
from classifier.privacy.policies.policy import ANCHORS, shipped_policies
from classifier.privacy.simulate.policy_scorer import PolicyScorer
from classifier.privacy.simulate.policy_simulation import run_policy
from classifier.privacy.tradeoff.conversation_costs import conversation_costs
from classifier.privacy.tradeoff.dominance import dominates
from classifier.privacy.tradeoff.frontier import compare_policies
from classifier.privacy.tradeoff.policy_detection import (
    chosen_threshold,
    decision_scores,
    detection,
    first_stages,
    recall_before_stages,
)
from classifier.privacy.tradeoff.resampled_metrics import ResampledMetrics, medians
from classifier.taxonomy import PATTERN

VALIDATION, TEST = town(160, seed=2, split="v"), town(160, seed=3, split="t")
SCORERS = {"private/plain": SCORER}
RATES = (0.05, 0.2)
OWN = (
    policy("watch", where="device", release="alert_bit"),
    policy("half", where="device", release="alert_bit", sampling_rate=0.5),
)


def compared(policies=OWN, **options):
    return compare_policies(
        policies,
        VALIDATION,
        TEST,
        SCORERS,
        **({"asked_rates": RATES, "prevalences": (0.01, 1e-4), "n_resamples": 60, "seed": 5} | options),
    )


@pytest.fixture(scope="module")
def frontier():
    return compared()


def as_bytes(frontier):
    stream = io.StringIO()
    for name, table in frontier.tables.items():
        stream.write(f"{name}\n")
        table.to_csv(stream, index=False)
    return (stream.getvalue() + repr(sorted(frontier.facts.items()))).encode()


def test_the_anchors_always_run_beside(frontier):
    assert list(dict.fromkeys(frontier.points["policy"])) == [*ANCHORS, "watch", "half"]


def test_the_same_call_gives_the_same_bytes_on_one_core_and_on_two(frontier):
    assert as_bytes(compared()) == as_bytes(frontier)
    assert as_bytes(compared(n_jobs=2)) == as_bytes(frontier)


def test_another_seed_draws_other_samples(frontier):
    assert as_bytes(compared(seed=6)) != as_bytes(frontier)


def test_the_order_of_policies_does_not_change_a_point(frontier):
    turned = compared(OWN[::-1]).points.set_index("point")
    for name in ("watch@0.05", "half@0.2", "random_flag@0.2"):
        pd.testing.assert_series_equal(
            turned.loc[name].drop("dominated_by"),
            frontier.points.set_index("point").loc[name].drop("dominated_by"),
        )


@pytest.mark.parametrize(("name", "status"), [("oracle", "not buildable"), ("user_report_only", "assumed")])
def test_a_policy_that_cannot_be_built_or_is_assumed_dominates_no_other(frontier, name, status):
    points = frontier.points.set_index("point")
    assert points.loc[name, "status"] == status
    assert name not in set(frontier.points["dominated_by"]) | set(frontier.exchange["from_point"]) | set(
        frontier.exchange["to_point"]
    )


def test_a_zero_that_might_not_be_one_has_a_bound_and_one_by_construction_has_none(frontier):
    points = frontier.points.set_index("point")
    row, nobody = points.loc["random_flag@0.05"], points.loc["read_nothing"]
    assert (row["human_read"], row["zero_events"], row["zero_by_construction"]) == (0, True, False)
    assert row["human_read_benign_per_million_upper"] == pytest.approx(1e6 * Rate(0, 120).upper(), rel=1e-9)
    assert (nobody["zero_events"], nobody["zero_by_construction"]) == (False, True)
    assert nobody["human_read_benign_per_million_upper"] == 0


def test_a_server_is_dominated_by_the_device_that_finds_the_same_and_tells_the_same():
    twins = [policy(f"{where}_bit", where=where, release="alert_bit") for where in ("device", "server")]
    found = compared(twins)
    points = found.points.set_index("point")
    row = points.loc["server_bit@0.2"]
    assert row[["status", "dominated_by", "better_on"]].tolist() == [
        "dominated",
        "device_bit@0.2",
        "company_read_share",
    ]
    assert points.loc["device_bit@0.2", ["status", "company_read_share"]].tolist() == ["frontier", 0.0]
    reads = found.exchange[found.exchange["view"] == "recall against company reads"]
    assert not (set(reads["from_point"]) | set(reads["to_point"])) & {"server_bit@0.2", "server_bit@0.05"}


def test_a_warning_of_the_user_does_not_stand_in_for_one_of_a_guardian():
    told = [
        policy(f"tells_{who}", where="device", release="alert_bit", recipient=who)
        for who in ("user", "guardian")
    ]
    points = compared(told).points.set_index("point")
    assert points.loc["tells_guardian@0.2", "status"] == "frontier"
    assert points["human_alerted"].loc[["tells_user@0.2", "tells_guardian@0.2"]].tolist()[0] == 0
    assert (
        points.loc["tells_guardian@0.2", "human_alerted"] == points.loc["tells_user@0.2", "false_alarms"] > 0
    )


def test_thresholds_come_from_validation_and_figures_from_test(frontier):
    row = frontier.points.set_index("point").loc["watch@0.2"]
    scores = decision_scores(OWN[0], VALIDATION, SCORER, seed=5)
    assert row["threshold"] == chosen_threshold(VALIDATION, scores, max_fpr=0.2)
    costs = conversation_costs(
        run_policy(replace(OWN[0], threshold=row["threshold"]), TEST, SCORER, seed=5), TEST
    )
    assert row["recall"] == costs["flagged"][~costs["benign"]].mean()


def test_a_rate_validation_cannot_show_is_skipped_with_the_number_it_would_take():
    found = compared(asked_rates=(0.001,))
    assert found.points["asked_rate"].isna().all()
    skipped = found.skipped.set_index("policy")
    assert "at least 2995 benign units" in skipped.loc["watch", "reason"]


def test_a_policy_whose_model_is_not_there_is_skipped_with_its_name():
    found = compared([policy("public", where="device", features="public", release="alert_bit")])
    assert found.skipped.to_numpy().tolist()[0][::2] == [
        "public",
        "no scorer was given for model 'public/plain'",
    ]


def test_a_policy_may_ask_for_the_fixed_rule_where_the_model_brings_a_scorer_of_its_own():
    highest = {"private/plain": replace(SCORER, conversation=lambda rows, authors: rows.max())}
    plain = policy("fixed", where="device", release="alert_bit", fixed_rule="noisy_or")
    found = compare_policies(
        [OWN[0], plain], VALIDATION, TEST, highest, asked_rates=(0.2,), n_resamples=20
    ).points.set_index("point")
    assert found["combined_by"].loc[["watch@0.2", "fixed@0.2", "flag_all"]].tolist() == [
        "fitted",
        "noisy or",
        "",
    ]
    by_noisy_or = compared([OWN[0]], asked_rates=(0.2,)).points.set_index("point")
    assert found.loc["fixed@0.2", "threshold"] == by_noisy_or.loc["watch@0.2", "threshold"]
    assert by_noisy_or.loc["watch@0.2", "combined_by"] == "noisy or"


def test_messages_per_find_are_those_of_the_definition(frontier):
    row = frontier.per_find.set_index(["point", "prevalence"]).loc[("flag_all", 0.01)]
    read = {
        benign: np.mean([len(stream) for stream in TEST if stream.benign == benign])
        for benign in (True, False)
    }
    expected = (0.01 * read[False] + 0.99 * read[True]) / 0.01
    assert row["messages_per_find"] == pytest.approx(expected)
    assert row["messages_per_find_low"] <= row["messages_per_find"] <= row["messages_per_find_high"]
    nothing = frontier.per_find.set_index(["point", "prevalence"]).loc[("read_nothing", 0.01)]
    assert np.isnan(nothing["messages_per_find"])


def test_a_leak_of_the_model_is_unknown_until_it_was_measured(frontier):
    assert np.isnan(frontier.points.set_index("point").loc["watch@0.2", "model_leak"])
    found = compared(model_leak={"private/plain": 0.9})
    assert found.points.set_index("point")["model_leak"].loc[["watch@0.2", "read_nothing"]].tolist() == [
        0.9,
        0.0,
    ]


def test_a_conversation_in_both_splits_is_refused():
    with pytest.raises(ValueError, match="stands in both validation and test"):
        compare_policies(OWN, VALIDATION, VALIDATION, SCORERS)


def test_two_policies_of_one_name_are_refused():
    with pytest.raises(ValueError, match="different names"):
        compared([OWN[0], OWN[0]])


def test_a_bare_table_compares_what_needs_only_scores():
    def table(streams):
        return pd.DataFrame(
            [
                (s.id, i, a, s.label, row[:5].max(), s.clusters[0])
                for s in streams
                for i, (a, row) in enumerate(zip(s.authors, word_probabilities(s.texts), strict=True))
            ],
            columns=["conversation_id", "index", "author", "label", "score", "cluster"],
        )

    (validation, first), (test, second) = (
        streams_from_scores(table(VALIDATION)),
        streams_from_scores(table(TEST)),
    )
    scorer = PolicyScorer(MessageScores({**first.rows, **second.rows}, first.columns))
    found = compare_policies(
        OWN, validation, test, {"private/plain": scorer}, asked_rates=RATES, n_resamples=20
    )
    assert {"watch", "half", "random_flag", "oracle"} <= set(found.points["policy"])
    assert set(found.skipped["policy"]) == {"metadata_only", "full_server_scan"}


def test_every_shipped_policy_runs_on_our_own_conversations():
    keys = {shipped.model_key for shipped in shipped_policies()}
    found = compare_policies(
        shipped_policies(), VALIDATION, TEST, dict.fromkeys(keys, SCORER), asked_rates=(0.2,), n_resamples=20
    )
    assert set(found.points["policy"]) == {shipped.name for shipped in shipped_policies()}
    assert found.skipped.empty
    assert set(found.points["status"]) <= {"frontier", "dominated", "ambiguous", "not buildable", "assumed"}


def test_intervals_hold_their_values(frontier):
    whole = frontier.intervals.dropna()
    assert (whole["low"] <= whole["high"]).all()
    inside = (whole["low"] <= whole["value"] + 1e-9) & (whole["value"] <= whole["high"] + 1e-9)
    assert inside.mean() > 0.97


def test_base_rates_of_each_point_are_given_at_each_prevalence(frontier):
    assert len(frontier.base_rates) == 2 * len(frontier.points)
    row = frontier.base_rates.set_index(["point", "prevalence"]).loc[("flag_all", 1e-4)]
    assert row["ppv"] == pytest.approx(1e-4)


def test_equal_points_stay_and_a_weakly_worse_one_goes():
    assert dominates(np.array([[1, 1], [1, 1], [1, 2], [0, 3]], dtype=float)).any(axis=0).tolist() == [
        False,
        False,
        True,
        False,
    ]


def test_an_undetected_latency_is_as_late_as_can_be():
    assert dominates(np.array([[0, np.nan], [0, 5.0]])).tolist() == [[False, False], [True, False]]


POINTS = st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(POINTS)
def test_dominance_agrees_with_its_definition_and_leaves_somebody(points):
    found = dominates(np.array(points, dtype=float))
    for j, first in enumerate(points):
        for i, second in enumerate(points):
            assert found[j, i] == (
                all(a <= b for a, b in zip(first, second, strict=True)) and first != second
            )
    assert not found.any(axis=0).all()


def test_medians_of_counts_are_those_of_the_numbers_counted():
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 3, size=(50, 9)).astype(float)
    expected = [
        np.median(np.repeat(np.arange(9), row.astype(int))) if row.sum() else np.nan for row in counts
    ]
    np.testing.assert_array_equal(medians(counts), expected)
    assert np.isnan(medians(np.zeros((1, 9))))


def test_resamples_without_resampling_are_the_data():
    costs = conversation_costs(run_policy(replace(OWN[0], threshold=0.2), TEST, SCORER), TEST)
    found = ResampledMetrics({"watch": costs}, n_resamples=3, seed=0)
    assert found.values["recall"][0] == costs["flagged"][~costs["benign"]].mean()
    assert found.values["median_messages_to_alert"][0] == costs["flagged_at"][~costs["benign"]].median()
    assert found.n_clusters == 12


def test_an_exchange_rate_is_extra_benign_conversations_per_extra_pattern(frontier):
    row = frontier.exchange[
        (frontier.exchange["view"] == "recall against human reads")
        & (frontier.exchange["prevalence"] == 0.01)
    ].iloc[-1]
    assert row["to_point"] == "flag_all"
    paid = (row["cost_to"] - row["cost_from"]) / 1e6
    assert row["value"] == pytest.approx(99 * paid / (row["recall_to"] - row["recall_from"]))
    assert row["low"] <= row["value"] <= row["high"]


def test_exchange_rates_lead_up_the_recall(frontier):
    for _, steps in frontier.exchange.groupby(["view", "prevalence"], sort=False):
        assert (steps["recall_from"] < steps["recall_to"]).all()
        assert steps["from_point"].tolist()[1:] == steps["to_point"].tolist()[:-1]


def test_a_constraint_is_supported_only_when_its_bound_keeps_it(frontier):
    found = feasible_points(
        frontier, ["human_read_benign_per_million<=50", "recall>=0.2", "false_positive_rate<=0.00005"]
    ).set_index(["point", "constraint"])
    row = found.loc[("read_nothing", "human_read_benign_per_million<=50")]
    assert (row["verdict"], row["bound"]) == ("supported", 0.0)
    row = found.loc[("watch@0.05", "false_positive_rate<=5e-05")]
    assert (row["n"], row["n_looked_at"]) == (120, len(frontier.points) - 1)
    assert row["needed_error_free"] == math.ceil(math.log(0.05 / row["n_looked_at"]) / math.log1p(-0.00005))
    assert found.loc[("flag_all", "human_read_benign_per_million<=50"), "verdict"] == "violated"
    assert found.loc[("flag_all", "recall>=0.2"), "verdict"] == "supported"
    assert not found["feasible"].any()


def test_points_that_keep_every_limit_are_feasible(frontier):
    found = feasible_points(
        frontier, ["human_read_benign_per_million<=900000", "machine_read_share<=1", "recall>=0.004"]
    )
    assert "watch@0.2" in set(found.loc[found["feasible"], "point"])


def test_an_unknown_metric_in_a_constraint_is_named(frontier):
    with pytest.raises(
        ValueError, match="'happiness<=3': no such metric, expected one of .*machine_read_share"
    ):
        feasible_points(frontier, ["happiness<=3"])
    with pytest.raises(ValueError, match="must be written as"):
        parse_constraint("recall about 0.5")


@pytest.mark.parametrize(("rate", "at_most"), [(0.0, 1e-4), (0.001, 0.002), (0.01, 0.011), (0.3, 0.4)])
def test_the_number_of_conversations_needed_is_enough_and_hardly_more(rate, at_most):
    n = int(conversations_needed(rate, at_most=at_most))
    assert Rate(int(np.ceil(rate * n - 1e-9)), n).upper() <= at_most
    fewer = n - 1
    assert Rate(int(np.ceil(rate * fewer - 1e-9)), fewer).upper() > at_most


def test_first_stages_are_those_of_the_initiator():
    first = first_stages(TEST)
    stream = next(stream for stream in TEST if stream.label == PATTERN and any(stream.labels))
    by_hand = [
        number
        for number, (labels, author) in enumerate(zip(stream.labels, stream.authors, strict=True), start=1)
        if labels and author == stream.initiator
    ]
    assert first.loc[TEST.index(stream), "any"] == min(by_hand)


def test_a_warning_at_the_first_message_comes_before_every_later_stage():
    everything = policy(where="server", evidence="nothing", release="alert_bit")
    costs = conversation_costs(run_policy(everything, TEST, SCORER), TEST)
    first = first_stages(TEST)
    stages = recall_before_stages(costs, first)
    later = [(first.loc[~costs["benign"], stage] > 1).sum() for stage in stages["stage"]]
    assert stages["hits"].tolist() == later
    assert detection(costs, first, p=0.01)["premature_hits"] > 0
