"""The curve of AUC by epsilon: the table, its command, and the report."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import roc_auc_score

from classifier.cli.main import main
from classifier.model.shipped_models import train_split_model
from classifier.privacy.model_variants.dp_curve import EPSILONS, LabelledDocuments, dp_curve, mean_auc
from classifier.privacy.model_variants.dp_logistic import Weights, fit_plain
from classifier.privacy.model_variants.person_cap import sampled_documents
from classifier.privacy.stored_table import StoredTable, load_stored_table


def toy_rows(n, seed):
    """``n`` rows over 8 words, of which two mostly predict a label each."""
    rng = np.random.default_rng(seed)
    words = rng.random((n, 8)) < 0.3
    labels = np.where(rng.random((n, 2)) < 0.8, words[:, :2], rng.random((n, 2)) < 0.3)
    return LabelledDocuments(
        csr_array(words / np.sqrt(np.maximum(1, words.sum(axis=1, keepdims=True)))), labels.astype(np.int64)
    )


TRAIN, TEST = toy_rows(4000, 1), toy_rows(800, 2)


@pytest.fixture(scope="module")
def curve():
    return dp_curve(TRAIN, TEST, epsilons=(0.003, 0.1, 1000.0), n_seeds=20, regularisation=0.01)


@pytest.fixture(scope="module")
def made(tmp_path_factory, small_corpus):
    folder = tmp_path_factory.mktemp("leaks")
    few = ["--people", "60", "--shadows", "2", "--canaries", "4"]
    assert main(["privacy", "attack", str(small_corpus), *few, "--out", str(folder / "attack.json")]) == 0
    assert (
        main(
            [
                "privacy",
                "curve",
                str(small_corpus),
                "--seeds",
                "2",
                "--epsilon",
                "1",
                "--epsilon",
                "100",
                "--out",
                str(folder / "curve.json"),
            ]
        )
        == 0
    )
    return folder


def refused(capsys, *arguments):
    assert main([str(argument) for argument in arguments]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    return line


@pytest.mark.parametrize("method", ["output_perturbation", "objective_perturbation"])
def test_the_mean_over_draws_rises_with_epsilon_from_chance_to_the_plain_fit(curve, method):
    plain = curve.set_index("method").loc["plain", "auc"]
    areas = curve[curve["method"] == method].set_index("epsilon")["auc"]
    assert areas[0.003] == pytest.approx(0.5, abs=0.1)
    assert areas[0.003] < areas[0.1] < areas[1000.0]
    assert areas[1000.0] == pytest.approx(plain, abs=0.01)


def test_the_plain_fit_stands_first_and_is_scikit_learns_area(curve):
    weights = fit_plain(TRAIN.rows, TRAIN.labels, regularisation=0.01)
    expected = np.mean(
        [roc_auc_score(TEST.labels[:, label], weights.probabilities(TEST.rows)[:, label]) for label in (0, 1)]
    )
    assert curve.loc[0, ["method", "epsilon", "n_seeds"]].tolist() == ["plain", np.inf, 1]
    assert curve.loc[0, "auc"] == pytest.approx(expected)
    assert expected > 0.8


def test_the_band_holds_the_mean_and_another_seed_draws_another(curve):
    assert ((curve["auc_low"] <= curve["auc"]) & (curve["auc"] <= curve["auc_high"])).all()
    other = dp_curve(TRAIN, TEST, epsilons=(0.003,), n_seeds=20, regularisation=0.01, seed=99)
    assert other.loc[1, "auc"] != curve.loc[1, "auc"]


def test_the_same_table_on_two_processes():
    one, two = (dp_curve(TRAIN, TEST, epsilons=(1.0,), n_seeds=3, n_jobs=jobs) for jobs in (1, 2))
    pd.testing.assert_frame_equal(one, two)


def test_a_label_that_every_row_or_no_row_carries_has_no_area():
    test = LabelledDocuments(csr_array(np.eye(2)), np.array([[1, 1, 0], [0, 1, 0]]))
    weights = Weights(np.array([[2.0, -2.0]] * 3), np.zeros(3))
    assert mean_auc(weights, test) == 1.0
    assert np.isnan(mean_auc(weights, LabelledDocuments(test.rows, test.labels[:, [1, 2, 2]])))


def test_documents_are_capped_by_sender_and_then_sampled():
    documents = pd.DataFrame(
        {
            "text": [f"raid {number}" for number in range(300)],
            "sender": [f"p{number % 10}" for number in range(300)],
        }
    )
    capped = sampled_documents(documents, cap=7, n_rows=1000, seed=0)
    assert capped["sender"].value_counts().tolist() == [7] * 10
    fewer = sampled_documents(documents, cap=7, n_rows=25, seed=0)
    assert len(fewer) == 25
    assert set(fewer["text"]) <= set(capped["text"])
    assert fewer.index.is_monotonic_increasing


def test_an_attack_stands_beside_chance(made):
    table = load_stored_table(made / "attack.json", "attack").table.set_index(["variant", "attack", "figure"])
    assert table.loc[("private/plain", "vocabulary", "auc"), "value"] > 0.95
    assert table.loc[("private/plain", "vocabulary", "auc"), "by_chance"] == 0.5
    assert table.loc[("private/plain", "statement", "epsilon"), "value"] == np.inf
    assert table.loc[("private/plain", "lira", "auc"), "n"] > 0
    assert table.loc[("private/plain", "canary_names", "bits"), "value"] > 3


def test_a_curve_is_a_file_a_table_and_a_figure(made):
    table = pd.read_csv(made / "curve.csv")
    assert table["method"].tolist() == [
        "plain",
        *["output_perturbation"] * 2,
        *["objective_perturbation"] * 2,
    ]
    pd.testing.assert_frame_equal(load_stored_table(made / "curve.json", "curve").table, table)
    assert (made / "curve.svg").read_text(encoding="utf-8").startswith("<svg")
    facts = json.loads((made / "curve.json").read_text(encoding="utf-8"))["facts"]
    assert (facts["cap"], facts["regularisation"], facts["n_terms"]) == (20, 0.001, 395)
    assert min(EPSILONS) == 0.1
    assert max(EPSILONS) == 100


def test_infinity_and_nan_survive_the_file(tmp_path):
    table = pd.DataFrame({"name": ["a", "b"], "value": [np.inf, np.nan], "n": [1, 2]})
    StoredTable("curve", {}, table).save(tmp_path / "c.json")
    pd.testing.assert_frame_equal(load_stored_table(tmp_path / "c.json", "curve").table, table)
    json.loads(
        (tmp_path / "c.json").read_text(), parse_constant=lambda word: pytest.fail(f"{word} is no JSON")
    )


@pytest.fixture(scope="module")
def reported(tmp_path_factory, small_corpus, made):
    folder = tmp_path_factory.mktemp("reported")
    (folder / "bit.toml").write_text(
        'description = "A bit from the device."\nwhere = "device"\nrelease = "alert_bit"\n', encoding="utf-8"
    )
    leaks = ["--attack", str(made / "attack.json"), "--curve", str(made / "curve.json")]
    options = [
        "--resamples",
        "20",
        "--model",
        str(train_split_model()),
        "--no-variants",
        "--policies",
        str(folder / "bit.toml"),
    ]
    assert main(["tradeoff", str(small_corpus), *options, *leaks, "--out", str(folder / "out")]) == 0
    return folder / "out"


def test_the_report_of_a_tradeoff_shows_attack_and_curve_each_with_its_table(reported):
    page = (reported / "tradeoff.html").read_text(encoding="utf-8")
    for heading, n_tables in (
        ("What the file of each model gives away", 2),
        ("What differential privacy costs", 1),
    ):
        section = page[page.index(f"<h3>{heading}") :].split("</details>")[0]
        assert (section.count("<svg"), section.count("<table>")) == (1, n_tables)
    assert "epsilon of a person" in page
    assert "by chance" in page
    facts = json.loads((reported / "tradeoff.json").read_text(encoding="utf-8"))
    assert {"attacks", "curve"} <= set(facts["tables"])
    assert facts["facts"]["curve"]["cap"] == 20


def test_a_report_that_is_rendered_again_is_the_same(reported, tmp_path):
    assert main(["report", str(reported), "--out", str(tmp_path / "again.html")]) == 0
    assert (tmp_path / "again.html").read_bytes() == (reported / "tradeoff.html").read_bytes()


@pytest.mark.parametrize(
    ("option", "content", "message"),
    [
        ("--attack", None, "cannot be read"),
        ("--attack", "{}", "not what 'privacy attack' writes"),
        ("--curve", "[1]", "not what 'privacy curve' writes"),
        ("--curve", '{"kind": "attack"}', "holds a table of kind 'attack', expected 'curve'"),
        (
            "--curve",
            '{"kind": "curve", "facts": {"corpus_sha256": "0"}, "columns": [], "rows": []}',
            "was made on another corpus",
        ),
    ],
)
def test_a_file_that_is_something_else_is_refused(small_corpus, tmp_path, capsys, option, content, message):
    path = tmp_path / "file.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert message in refused(
        capsys,
        "tradeoff",
        small_corpus,
        "--model",
        train_split_model(),
        option,
        path,
        "--out",
        tmp_path / "out",
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["attack", "curve"])
def test_a_name_that_is_no_json_is_refused(small_corpus, tmp_path, capsys, command):
    assert "ends in .json" in refused(capsys, "privacy", command, small_corpus, "--out", tmp_path / "a.csv")
