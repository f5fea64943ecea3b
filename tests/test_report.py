"""The evaluation page: facts and limits first, nothing from outside, the same bytes twice."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from jinja2.runtime import Macro

from classifier.cli.main import main
from classifier.evaluation.results import Evaluation, load_evaluation
from classifier.report.evaluation.page import NOTES, SECTIONS, evaluation_page
from classifier.report.figures import interval_plot
from classifier.report.page import report_templates
from classifier.report.tables import Column, printed_table


def evaluate(corpus, model, out):
    options = ["--model", str(model), "--transfer", str(corpus), "--out", str(out), "--resamples", "20"]
    assert main(["evaluate", str(corpus), *options]) == 0
    return out


@pytest.fixture(scope="session")
def evaluation_folder(tmp_path_factory, small_corpus, small_model):
    return evaluate(small_corpus, small_model, tmp_path_factory.mktemp("evaluation"))


def test_two_evaluations_of_one_model_write_equal_bytes(
    evaluation_folder, small_corpus, small_model, tmp_path
):
    evaluate(small_corpus, small_model, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        path.name: path.read_bytes() for path in evaluation_folder.iterdir()
    }


def test_the_page_has_the_same_bytes_twice_and_no_link_to_outside(evaluation_folder):
    evaluation = load_evaluation(evaluation_folder)
    page = evaluation_page(evaluation)
    assert page == evaluation_page(evaluation)
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', page) == []
    assert "url(http" not in page


def test_limits_and_hashes_stand_before_the_first_table(evaluation_folder):
    page = evaluation_page(load_evaluation(evaluation_folder))
    before = page[: page.index("<table")]
    facts = load_evaluation(evaluation_folder).facts
    assert "Read this before the first number" in before
    assert all(str(facts[name]) in before for name in ("corpus_sha256", "model_sha256", "seed"))


def test_compare_finds_the_figures_of_the_evaluation_in_its_scores(evaluation_folder, tmp_path):
    out = tmp_path / "difference.csv"
    command = ["compare", evaluation_folder, evaluation_folder, "--out", out, "--resamples", "20"]
    assert main(list(map(str, command))) == 0
    found = pd.read_csv(out, keep_default_na=False)
    tables = load_evaluation(evaluation_folder).tables
    for name, table in (("test", "messages"), ("second voice", "transfer")):
        of_set = found[found["set"] == name]
        for metric in ("average_precision", "f1"):
            expected = tables[table].set_index("label")[metric]
            values = of_set[of_set["metric"] == metric].set_index("label")["a"].astype(float)
            assert values[expected.index].tolist() == pytest.approx(expected.tolist(), nan_ok=True)
        area = tables["separation"].set_index(["set", "scorer"]).loc[(name, "text head"), "auc"]
        assert float(of_set.set_index("metric").loc["auc", "a"]) == pytest.approx(area)
    assert (found["difference"].astype(float) == 0).all()


def test_every_figure_has_its_table(evaluation_folder):
    page = evaluation_page(load_evaluation(evaluation_folder))
    assert 0 < page.count("<figure>") <= page.count("<table>")


def test_every_section_has_its_note_and_every_note_its_section(evaluation_folder):
    evaluation = load_evaluation(evaluation_folder)
    notes = [section(evaluation.tables).note for section in SECTIONS.values()]
    template = report_templates().get_template(NOTES).module
    assert sorted(notes) == sorted(name for name, part in vars(template).items() if isinstance(part, Macro))


def test_an_evaluation_is_read_back_as_it_was_saved(tmp_path):
    saved = Evaluation(
        {"seed": 1}, {"rates": pd.DataFrame({"slice": ["pizza", "raid"], "rate": [0.5, float("nan")]})}
    )
    saved.save(tmp_path)
    loaded = load_evaluation(tmp_path)
    assert loaded.facts == saved.facts
    pd.testing.assert_frame_equal(loaded.tables["rates"], saved.tables["rates"])


def test_text_in_a_table_is_escaped():
    facts = {"seed": "<script>alert(1)</script>"}
    assert "<script>" not in evaluation_page(Evaluation(facts, {}))


def test_a_number_is_printed_with_its_interval_and_nan_as_such():
    table = pd.DataFrame(
        {
            "scene": ["coach", "raid"],
            "rate": [0.25, float("nan")],
            "rate_low": [0.1, float("nan")],
            "rate_high": [0.4, float("nan")],
            "n": [20, 0],
        }
    )
    rows = printed_table(
        table, [Column("scene", "scene"), Column("rate", "rate", 2, interval=True), Column("n", "n", 0)]
    ).rows
    assert rows == [["coach", "0.25 (0.10–0.40)", "20"], ["raid", "nan (nan–nan)", "0"]]


def test_the_first_row_is_drawn_on_top():
    table = pd.DataFrame(
        {"name": ["first", "last"], "value": [0.2, 0.8], "low": [0.1, 0.7], "high": [0.3, 0.9]}
    )
    ax = interval_plot(table, name="name", value="value", low="low", high="high", xlabel="x")
    drawn = {
        label.get_text(): position
        for label, position in zip(ax.get_yticklabels(), ax.get_yticks(), strict=True)
    }
    assert drawn["first"] > drawn["last"]
