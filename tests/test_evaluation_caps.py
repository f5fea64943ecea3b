"""F1 by cap: thresholds from one set, figures from another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from classifier.evaluation.message_metrics import f1_by_cap
from classifier.taxonomy import LABELS, STAGES

N = 400
RNG = np.random.default_rng(0)
SHOWN = pd.DataFrame(RNG.random((N, len(LABELS))) < 0.3, columns=list(LABELS)).astype(int)
SCORES = pd.DataFrame(0.5 * SHOWN.to_numpy() + 0.6 * RNG.random((N, len(LABELS))), columns=list(LABELS))
FAMILIES = pd.Series([f"family {number % 40}" for number in range(N)])


def table(caps=(0.0, 0.1, 0.5), **options):
    return f1_by_cap(SHOWN, SCORES, SHOWN, SCORES, FAMILIES, caps=caps, n_resamples=100, seed=0, **options)


def test_f1_is_scikit_learns_at_the_threshold_of_the_row():
    for row in table().query("label != 'macro'").to_dict("records"):
        label = row["label"]
        flagged = SCORES[label] >= row["threshold"]
        assert row["f1"] == pytest.approx(f1_score(SHOWN[label], flagged))
        assert row["found"] == int((flagged & (SHOWN[label] == 1)).sum())


def test_on_the_messages_that_chose_them_thresholds_keep_the_cap():
    found = table()
    assert (found["false_alarm_rate"] <= found["cap"]).all()


def test_macro_is_the_mean_of_the_stages_and_lies_in_its_interval():
    found = table(caps=(0.1,)).set_index("label")
    assert found.loc["macro", "f1"] == pytest.approx(found.loc[list(STAGES), "f1"].mean())
    assert found.loc["macro", "f1_low"] < found.loc["macro", "f1"] < found.loc["macro", "f1_high"]
    assert found.loc["macro", "support"] == SHOWN[list(STAGES)].to_numpy().sum()


def test_a_looser_cap_finds_no_less():
    by_cap = table().query("label == 'macro'")["found"].tolist()
    assert by_cap == sorted(by_cap)


def test_thresholds_come_from_the_first_set_alone():
    none = SCORES * 0.0
    found = f1_by_cap(SHOWN, SCORES, SHOWN, none, FAMILIES, caps=(0.1,), n_resamples=10, seed=0)
    assert found["threshold"].dropna().tolist() == table(caps=(0.1,))["threshold"].dropna().tolist()
    assert found["found"].sum() == 0
