"""Intervals of the early-warning figures: every resample is the figure of the data repeated, and alike families leave no room."""

from __future__ import annotations

import math
from time import perf_counter

import numpy as np
import pandas as pd
import pytest

from classifier.evaluation.early_warning import early_warning_intervals, f_latency
from classifier.evaluation.intervals import cluster_weights
from classifier.report.evaluation.conversation_sections import early_section
from classifier.taxonomy import LABELS, PATTERN
from classifier.workflows.conversation_evaluation.conversation_tables import early_warning

NAN = float("nan")
FIGURES = ("f1", "recall", "undetected", "median_messages", "speed_fast", "f_latency_fast")


def intervals(label, k, clusters, **options):
    return early_warning_intervals(
        label, k, clusters, **({"p": {"fast": 0.1}, "n_resamples": 300, "seed": 3} | options)
    )


def test_families_that_are_all_alike_leave_an_interval_no_room():
    found = intervals(
        [1, 1, 0, 0] * 3,
        [3, NAN, 5, NAN] * 3,
        np.repeat(["raid", "pizza", "choir"], 4),
    )
    by_hand = {"f1": 0.5, "recall": 0.5, "undetected": 0.5, "median_messages": 3.0}
    for figure, value in by_hand.items():
        assert (found[figure].low, found[figure].high) == (pytest.approx(value), pytest.approx(value)), figure
    penalty = (math.exp(0.2) - 1) / (math.exp(0.2) + 1)  # of message 3 at p = 0.1: tanh(0.1)
    assert (found["f_latency_fast"].low, found["f_latency_fast"].high) == (
        pytest.approx(0.5 * (1 - penalty)),
        pytest.approx(0.5 * (1 - penalty)),
    )


def test_two_families_by_hand():
    """One family found at message 1, the other missed: recall is 0, 1/2 or 1 as 0, 1 or 2 of the draws are the first."""
    found = intervals([1, 1], [1, NAN], ["raid", "pizza"])
    assert (found["recall"].low, found["recall"].high) == (0.0, 1.0)
    assert (found["undetected"].low, found["undetected"].high) == (0.0, 1.0)
    assert (found["speed_fast"].low, found["speed_fast"].high) == (0.0, 1.0), "nothing found is not fast"
    assert (found["median_messages"].low, found["median_messages"].high) == (1.0, 1.0)
    raid = cluster_weights(2, n_resamples=300, seed=3)[:, 1]  # clusters stand in the order of their names
    assert found["median_messages"].n_undefined == (raid == 0).sum(), (
        "only the draws without the first family have no median"
    )


@pytest.mark.parametrize("seed", range(4))
def test_every_figure_is_that_of_the_units_repeated_as_often_as_their_family_is_drawn(seed):
    rng = np.random.default_rng(seed)
    n, n_families = 40, 6
    label, families = rng.integers(0, 2, n), rng.integers(0, n_families, n)
    k = np.where(rng.random(n) < 0.5, rng.integers(1, 9, n), np.nan)
    families[:n_families] = range(n_families)
    values = {name: [] for name in FIGURES}
    for weights in cluster_weights(n_families, n_resamples=60, seed=seed):
        drawn = np.repeat(np.arange(n), weights[families])
        once = f_latency(label[drawn], ~np.isnan(k[drawn]), k[drawn], p=0.1)
        positive = drawn[label[drawn] == 1]
        caught = k[positive][~np.isnan(k[positive])]
        values["f1"].append(once.f1)
        values["recall"].append(once.recall.value)
        values["undetected"].append(1 - once.recall.value)
        values["median_messages"].append(np.median(caught) if caught.size else NAN)
        values["speed_fast"].append(once.speed)
        values["f_latency_fast"].append(once.f_latency)
    found = intervals(label, k, families, n_resamples=60, seed=seed)
    assert set(found) == set(FIGURES)
    for name in FIGURES:
        low, high = np.nanquantile(values[name], [0.025, 0.975])
        assert (found[name].low, found[name].high) == (pytest.approx(low), pytest.approx(high)), name
        assert found[name].n_undefined == np.isnan(values[name]).sum(), name


def test_all_found_at_once_is_certain():
    found = intervals([1, 1, 1], [1, 1, 1], ["raid", "pizza", "choir"])
    certain = {
        "f1": 1,
        "recall": 1,
        "undetected": 0,
        "median_messages": 1,
        "speed_fast": 1,
        "f_latency_fast": 1,
    }
    assert {name: (interval.low, interval.high) for name, interval in found.items()} == {
        name: (value, value) for name, value in certain.items()
    }


def test_nothing_found_has_no_median():
    found = intervals([1, 1, 0], [NAN] * 3, ["raid", "pizza", "choir"])
    assert math.isnan(found["median_messages"].low)
    assert found["median_messages"].n_undefined == 300
    assert (found["speed_fast"].low, found["speed_fast"].high) == (0.0, 0.0)


def test_the_names_and_order_of_families_move_nothing():
    label, k = [1, 1, 0, 1], [2, NAN, 4, 6]
    families = ["choir", "pizza", "pizza", "raid"]
    turned = [values[::-1] for values in (label, k, families)]
    assert intervals(label, k, families) == intervals(*turned)


def test_one_family_is_refused():
    with pytest.raises(ValueError, match="at least 2 different"):
        intervals([1, 0], [1, NAN], ["raid", "raid"])


def test_arguments_of_unlike_length_are_refused():
    with pytest.raises(ValueError, match="of one length"):
        intervals([1, 0], [1], ["raid", "pizza"])


def test_a_thousand_resamples_of_two_thousand_conversations_take_no_time_to_speak_of():
    rng = np.random.default_rng(0)
    begun = perf_counter()
    intervals(
        rng.integers(0, 2, 2000),
        rng.integers(1, 200, 2000).astype(float),
        rng.integers(0, 300, 2000),
        n_resamples=1000,
    )
    assert perf_counter() - begun < 5


def test_the_table_holds_an_interval_around_each_figure(toy_scored):
    table = early_warning({"test": toy_scored}, threshold=0.5, n_resamples=50, seed=1)
    figures = (
        "f1",
        "recall",
        "undetected",
        "premature",
        "median_messages",
        "speed_erisk",
        "f_latency_erisk",
        "speed_espd",
        "f_latency_espd",
    )
    latched = table.iloc[0]
    for figure in figures:
        assert latched[f"{figure}_low"] <= latched[figure] <= latched[f"{figure}_high"], figure
    dialogues = {name for conversation in toy_scored.conversations for name in conversation.clusters}
    assert (latched["n_clusters"], latched["n_resamples"]) == (len(dialogues), 50)
    found = latched["recall"] * latched["n_patterns"]
    assert (latched["premature_n"], latched["premature_high"] > latched["premature"]) == (found, True)
    pd.testing.assert_frame_equal(
        table, early_warning({"test": toy_scored}, threshold=0.5, n_resamples=50, seed=1)
    )


def test_the_report_shows_each_interval_beside_its_figure(toy_scored):
    table = early_warning({"test": toy_scored}, threshold=0.5, n_resamples=50, seed=1)
    recall = pd.DataFrame(
        {
            "set": ["test"],
            "k": [1],
            "recall": [0.5],
            "recall_low": [0.1],
            "recall_high": [0.9],
            "hits": [1],
            "n": [2],
        }
    )
    shown = dict(zip(*_early_table({"early": table, "recall_by_k": recall}), strict=True))
    latched = table.iloc[0]
    assert shown["F1"] == f"{latched['f1']:.3f} ({latched['f1_low']:.3f}–{latched['f1_high']:.3f})"
    assert shown["undetected"].startswith(f"{latched['undetected']:.3f} (")
    plain = dict(
        zip(
            *_early_table(
                {
                    "early": table.drop(columns=[c for c in table if c.endswith(("_low", "_high"))]),
                    "recall_by_k": recall,
                }
            ),
            strict=True,
        )
    )
    assert plain["F1"] == f"{latched['f1']:.3f}"


def _early_table(tables):
    printed = early_section(tables).tables[0].printed
    return printed.headings, printed.rows[0]


@pytest.fixture
def toy_scored(small_corpus):
    """Three patterns and a benign conversation whose scores are given, each of a leading family of its own."""
    from classifier.corpus.corpus_folder import read_corpus
    from classifier.workflows.conversation_evaluation.conversation_scores import ScoredConversations

    conversations = read_corpus(small_corpus)["test"]
    by_family = {
        family: conversation
        for conversation in conversations
        if conversation.label == PATTERN
        for family in conversation.clusters[:1]
    }
    benign = next(conversation for conversation in conversations if conversation.label != PATTERN)
    chosen = [*list(by_family.values())[:3], benign]
    running_scores = [
        np.linspace(0.0, highest, len(c.messages))
        for highest, c in zip((0.9, 0.8, 0.1, 0.7), chosen, strict=True)
    ]
    probabilities = [np.zeros((len(c.messages), len(LABELS))) for c in chosen]
    return ScoredConversations(chosen, probabilities, running_scores)
