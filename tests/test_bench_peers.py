"""The bench of peers tunes and chooses thresholds on validation, and measures elsewhere."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from classifier.taxonomy import LABELS

ROOT = Path(__file__).parent.parent
SECRECY = LABELS.index("secrecy")


@pytest.fixture(scope="module")
def bench():
    script = ROOT / "scripts" / "bench" / "bench_peers.py"
    with mock.patch.dict(os.environ):  # it sets the number of threads
        return SimpleNamespace(**runpy.run_path(str(script)))


def messages(shown, *, conversations=None, families=None):
    """Messages that show every label or none."""
    table = pd.DataFrame(dict.fromkeys(LABELS, shown))
    return table.assign(
        conversation=conversations or ["pizza"] * len(shown),
        family=families or [f"raid {row}" for row in range(len(shown))],
    )


def scores(values):
    return np.tile(np.array(values)[:, None], len(LABELS))


def fitted(bench, of_validation, setting=""):
    return bench.Fitted(lambda texts: scores([0.0] * len(texts)), scores(of_validation), setting)


def test_thresholds_are_those_of_the_validation_lines_of_conversations(bench):
    validation = messages([1, 0, 1, 0], conversations=["pizza", "pizza", "pizza", ""])
    thresholds = bench.thresholds_on_validation(fitted(bench, [0.9, 0.8, 0.7, 0.95]), validation)
    assert thresholds[SECRECY] == 0.9


def test_validation_chooses_the_setting(bench):
    candidates = [fitted(bench, [0.1, 0.2], "worse"), fitted(bench, [0.2, 0.1], "better")]
    assert bench.best_on_validation(candidates, messages([1, 0])).setting == "better"


def test_each_system_is_flagged_at_its_own_thresholds_and_set_beside_the_first(bench):
    table = bench.measured(
        messages([1, 1, 0, 0]),
        {"oven": scores([0.9, 0.8, 0.2, 0.1]), "pan": scores([9, 1, 5, 0])},
        {"oven": np.full(len(LABELS), 0.5), "pan": np.full(len(LABELS), 4.0)},
        n_resamples=20,
        seed=0,
    )
    macro = table[table["label"] == "macro"].set_index("system")
    assert macro["recall"].to_dict() == {"oven": 1.0, "pan": 0.5}
    assert macro["average_precision"].round(4).to_dict() == {"oven": 1.0, "pan": 0.8333}
    assert macro["f1_difference"].to_dict() == {"oven": 0.0, "pan": -0.5}


def test_a_text_that_recurs_is_scored_once(bench):
    seen = []
    once = bench.Fitted(lambda texts: seen.extend(texts) or scores([len(text) for text in texts]), scores([]))
    found, _ = bench.scored(once, pd.Series(["raid", "hi", "raid"]))
    assert (seen, found[:, SECRECY].tolist()) == (["raid", "hi"], [4, 2, 4])


def test_fasttext_reads_the_end_of_a_line_in_training_and_after(bench):
    assert bench._spaced("Don't!") == "don ' t !\n"


def test_a_package_that_is_not_installed_is_named(bench):
    with pytest.raises(bench.metadata.PackageNotFoundError, match="no-such-oven"):
        bench.versions(bench.System("oven", ("numpy", "no-such-oven"), bench.our_model))


def test_the_readme_quotes_the_table():
    table = pd.read_csv(ROOT / "data" / "results" / "v2" / "peers.csv")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    quoted = readme.partition("**Peers**")[2].partition("[peers.csv]")[0]
    macro = table[table["label"] == "macro"].pivot(index="system", columns="set", values="average_precision")
    pairs = [f"{row['test']:.3f} and {row['v2-alt']:.3f}" for _, row in macro.iterrows()]
    assert len(pairs) == 5
    assert [pair for pair in pairs if pair not in quoted.replace("\n", " ")] == []


@pytest.mark.parametrize(("of_set", "table"), [("test", "messages.csv"), ("v2-alt", "transfer.csv")])
def test_the_committed_peers_stand_beside_the_model_that_the_evaluation_is_of(of_set, table):
    results = ROOT / "data" / "results" / "v2"
    peers = pd.read_csv(results / "peers.csv")
    ours = peers[(peers["system"] == "this model") & (peers["set"] == of_set)].set_index("label")
    evaluated = pd.read_csv(results / table).set_index("label")
    figures = ["precision", "recall", "f1", "average_precision", "support", "n"]
    pd.testing.assert_frame_equal(ours[figures], evaluated.loc[ours.index, figures], rtol=1e-9)
