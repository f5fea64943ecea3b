"""The message table: one row a label, macro over the five stages, intervals by family."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from classifier.evaluation.intervals import cluster_weights
from classifier.evaluation.message_metrics import METRICS, macro_average_precision, message_metrics
from classifier.taxonomy import LABELS, STAGES

HALF = dict.fromkeys(LABELS, 0.5)


def toy(seed=0, n=120):
    rng = np.random.default_rng(seed)
    labels = pd.DataFrame({label: (rng.random(n) < 0.3).astype(int) for label in LABELS})
    scores = pd.DataFrame({label: np.round(0.3 * labels[label] + 0.7 * rng.random(n), 1) for label in LABELS})
    families = pd.Series(rng.choice(["pizza", "raid", "homework", "bus", "cat", "song"], n))
    return labels, scores, families


def metrics(labels, scores, families, *, thresholds=HALF, n_resamples=40, seed=0):
    return message_metrics(
        labels, scores, thresholds, families, n_resamples=n_resamples, seed=seed
    ).set_index("label")


def test_there_is_a_row_for_each_label_then_macro():
    assert metrics(*toy()).index.tolist() == [*LABELS, "macro"]


def test_values_are_those_of_scikit_learn():
    labels, scores, families = toy()
    table = metrics(labels, scores, families)
    for label in LABELS:
        expected = precision_recall_fscore_support(labels[label], scores[label] >= 0.5, average="binary")
        assert table.loc[label, ["precision", "recall", "f1"]].tolist() == pytest.approx(expected[:3])
        assert table.loc[label, "average_precision"] == pytest.approx(
            average_precision_score(labels[label], scores[label])
        )
        assert table.loc[label, "support"] == labels[label].sum()


def test_intervals_are_those_of_families_drawn_one_by_one():
    labels, scores, families = toy()
    table = metrics(labels, scores, families)
    names = sorted(set(families))
    drawn = {metric: [] for metric in METRICS}
    for weight in cluster_weights(len(names), n_resamples=40, seed=0):
        rows = np.concatenate(
            [
                np.flatnonzero(families == family)
                for family, times in zip(names, weight, strict=True)
                for _ in range(times)
            ]
        )
        y, s = labels["secrecy"].to_numpy()[rows], scores["secrecy"].to_numpy()[rows]
        values = [
            *precision_recall_fscore_support(y, s >= 0.5, average="binary")[:3],
            average_precision_score(y, s),
        ]
        for metric, value in zip(METRICS, values, strict=True):
            drawn[metric].append(value)
    for metric in METRICS:
        assert table.loc["secrecy", [f"{metric}_low", f"{metric}_high"]].tolist() == pytest.approx(
            np.quantile(drawn[metric], [0.025, 0.975]).tolist()
        )


def test_macro_is_the_mean_of_the_stages_without_the_cues():
    labels, scores, families = toy()
    table = metrics(labels, scores, families)
    assert table.loc["macro", list(METRICS)].tolist() == pytest.approx(
        table.loc[list(STAGES), list(METRICS)].mean().tolist()
    )
    assert table.loc["macro", "support"] == table.loc[list(STAGES), "support"].sum()
    scores["pressure"] = 1 - scores["pressure"]
    assert metrics(labels, scores, families).loc["macro", "f1"] == table.loc["macro", "f1"]


def test_macro_average_precision_alone_is_that_of_the_table():
    labels, scores, families = toy()
    expected = metrics(labels, scores, families).loc["macro", "average_precision"]
    assert macro_average_precision(labels, scores) == pytest.approx(expected, rel=1e-12)


def test_stages_that_move_together_average_nothing_out_in_macro():
    labels, scores, families = toy()
    for stage in STAGES:
        labels[stage], scores[stage] = labels["meeting"], scores["meeting"]
    table = metrics(labels, scores, families)
    assert table.loc["macro", ["f1_low", "f1_high"]].tolist() == pytest.approx(
        table.loc["meeting", ["f1_low", "f1_high"]].tolist()
    )


def test_a_score_equal_to_its_threshold_is_flagged():
    labels, scores, families = toy()
    labels["meeting"], scores["meeting"] = 1, 0.5
    assert metrics(labels, scores, families).loc["meeting", "recall"] == 1.0


def test_each_label_has_its_own_threshold():
    labels, scores, families = toy()
    table = metrics(labels, scores, families, thresholds=HALF | {"meeting": 0.0})
    assert table.loc["meeting", "recall"] == 1.0
    assert table.loc["secrecy", "recall"] < 1.0


def test_a_label_nobody_shows_and_nobody_is_flagged_for_is_undefined_and_so_is_macro():
    labels, scores, families = toy()
    labels["meeting"], scores["meeting"] = 0, 0.0
    table = metrics(labels, scores, families)
    assert table.loc["meeting", list(METRICS)].isna().all()
    assert math.isnan(table.loc["macro", "f1"])
    assert not math.isnan(table.loc["secrecy", "f1"])


def test_writing_every_message_twice_changes_no_value():
    labels, scores, families = toy()
    once, twice = (
        metrics(labels, scores, families),
        metrics(*(pd.concat([part, part], ignore_index=True) for part in (labels, scores, families))),
    )
    columns = [column for column in once.columns if column not in ("support", "n")]
    pd.testing.assert_frame_equal(once[columns], twice[columns])
    assert (twice["n"] == 2 * once["n"]).all()


def test_the_order_of_messages_does_not_matter():
    parts = toy()
    turned = [part.iloc[::-1] for part in parts]
    pd.testing.assert_frame_equal(metrics(*parts), metrics(*turned))


def test_the_numbers_of_resamples_and_families_are_reported():
    table = metrics(*toy(), n_resamples=25)
    assert set(table["n_resamples"]) == {25}
    assert set(table["n_families"]) == {6}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda labels, scores, families: (labels.drop(columns="meeting"), scores, HALF, families),
            "five stages, got none for \\['meeting'\\]",
        ),
        (
            lambda labels, scores, families: (labels, scores.drop(columns="pressure"), HALF, families),
            "cover every label, got none for 'pressure'",
        ),
        (
            lambda labels, scores, families: (labels, scores, {}, families),
            "cover every label, got none for 'flattery'",
        ),
        (
            lambda labels, scores, families: (labels, scores.iloc[:5], HALF, families),
            "one index, got lengths 120, 5, 120",
        ),
        (lambda labels, scores, families: (labels, scores, HALF, families.iloc[::-1]), "must have one index"),
        (
            lambda labels, scores, families: (labels, scores, HALF, families.map(lambda _: "pizza")),
            "at least 2 different ones",
        ),
    ],
)
def test_tables_that_do_not_fit_are_refused(spoil, message):
    with pytest.raises(ValueError, match=message):
        message_metrics(*spoil(*toy()), n_resamples=5, seed=0)
