"""The evaluation page: the answer first, nothing from outside, the same bytes twice."""

from __future__ import annotations

import re
from html import unescape
from itertools import pairwise

import pandas as pd
import pytest
from jinja2.runtime import Macro

from classifier.cli.main import main
from classifier.evaluation.saved_results import Evaluation, load_evaluation
from classifier.report.evaluation.evaluation_page import GROUPS, NOTES, evaluation_page
from classifier.report.evaluation.page_opening import opening
from classifier.report.html_rendering import report_templates
from classifier.report.printed_tables import Column, printed_table
from classifier.report.table_plots import interval_plot, line_plot, to_svg


def evaluate(corpus, model, out):
    options = ["--model", str(model), "--transfer", str(corpus), "--out", str(out), "--resamples", "20"]
    assert main(["evaluate", str(corpus), *options]) == 0
    return out


@pytest.fixture(scope="session")
def evaluation_folder(tmp_path_factory, small_corpus, small_model):
    return evaluate(small_corpus, small_model, tmp_path_factory.mktemp("evaluation"))


@pytest.fixture(scope="module")
def page(evaluation_folder):
    return evaluation_page(load_evaluation(evaluation_folder))


def test_two_evaluations_of_one_model_write_equal_bytes(
    evaluation_folder, small_corpus, small_model, tmp_path, capsys
):
    evaluate(small_corpus, small_model, tmp_path)
    assert "  at most 0.12 % false alarms on validation: macro F1 " in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        path.name: path.read_bytes() for path in evaluation_folder.iterdir()
    }


def test_the_page_has_the_same_bytes_twice_and_no_link_to_outside(page, evaluation_folder):
    assert page == evaluation_page(load_evaluation(evaluation_folder))
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', page) == []
    assert "url(http" not in page


def test_the_answer_comes_first_then_contents_and_limits_and_hashes_come_last(page, evaluation_folder):
    evaluation = load_evaluation(evaluation_folder)
    places = [
        page.index(mark)
        for mark in (
            'aria-label="The answer"',
            "<figure>",
            "<strong>Caution.</strong>",
            'id="contents"',
            'id="limits"',
            "<details",
            'id="dictionary"',
            evaluation.facts["corpus_sha256"],
            evaluation.facts["model_sha256"],
        )
    ]
    assert places == sorted(places)


def test_only_the_opening_stands_outside_what_is_closed(page):
    before, *closed = page.split('<details class="part">')
    assert before.count("<svg") == 1
    assert "<table" not in before
    assert all("<table" in part for part in closed[:-2])
    assert "<details open" not in page


def test_the_sentences_of_the_answer_hold_the_figures_of_the_tables():
    tables = {
        "messages": macro_table(recall=0.61, precision=0.92, f1=0.73),
        "overtness": overtness_table(overt=0.45, mixed=0.1, faint=0.0, all=0.18).assign(
            tpr_hits=146, tpr_n=791
        ),
        "rates": pd.DataFrame(
            [{"set": "test", "asked_fpr": 0.01} | rate("tpr", 146, 791) | rate("fpr", 2, 2209)]
        ),
        "base_rates": pd.DataFrame([base_rate(per_find=356.5, low=187.2, high=639.2)]),
        "early": pd.DataFrame([{"set": "test", "rule": "pattern scorer, latched", "recall": 0.29}]),
        "conversation_scenes": pd.DataFrame(
            [{"slice": "mean", "rate": 0.0104, "false_alarms": 2, "n": 2209}]
        ),
    }
    said = words_of(report_templates().get_template(NOTES).module.answer(**opening(tables).values))
    assert "61 % are flagged (60 % to 62 %), and 92 % of the flags are right (F1 0.73" in said
    assert (
        "146 of 791 scripted patterns are found (18 %, 17 % to 19 %; overt ones 45 %, faint ones 0 %)" in said
    )
    assert "2 of 2,209 benign conversations are flagged" in said
    assert "with every message label known, 24 % could be found" in said
    assert "29 % of patterns and 1.0 % of benign conversations are flagged" in said
    assert (
        "one conversation in 10,000 were a pattern, each pattern found would come with 356 false alarms"
        in said
    )
    del tables["overtness"]
    assert opening(tables) is None


def words_of(html):
    return " ".join(re.sub(r"<[^>]*>", "", html).replace("\xa0", " ").split())


def rate(name, hits, n):
    bounds = {f"{name}_low": hits / n - 0.01, f"{name}_high": hits / n + 0.01}
    return {name: hits / n, f"{name}_hits": hits, f"{name}_n": n} | bounds


def macro_table(**values):
    bounds = {f"{name}_{end}": value + step for name, value in values.items() for end, step in ENDS}
    return pd.DataFrame([{"label": "macro"} | values | bounds])


def overtness_table(**found):
    return pd.DataFrame(
        [
            {"set": "test", "overtness": kind, "tpr": tpr, "ceiling_tpr": 0.24}
            | {f"tpr_{end}": tpr + step for end, step in ENDS}
            for kind, tpr in found.items()
        ]
    )


def base_rate(*, per_find, low, high):
    name = "false_alarms_per_true_find"
    return {"prevalence": 1e-4, name: per_find, f"{name}_low": low, f"{name}_high": high}


ENDS = (("low", -0.01), ("high", 0.01))


def test_every_heading_is_in_the_dictionary_and_every_entry_is_a_heading(page):
    headings = {unescape(heading) for heading in re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', page)}
    of_curves = {f"{heading.split(': ')[0]}: …" if ": " in heading else heading for heading in headings}
    assert of_curves | {"–"} == set(report_templates().get_template(NOTES).module.dictionary)


def test_headings_of_the_page_go_down_by_one(page):
    levels = [int(level) for level in re.findall(r"<h(\d)", page)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_each_table_has_a_caption_of_its_own(page):
    captions = re.findall(r"<caption>([^<]*)</caption>", page)
    assert len(captions) == page.count("<table>") == len(set(captions))


def test_a_point_says_its_value():
    table = pd.DataFrame({"name": ["pizza"], "value": [0.5], "low": [0.25], "high": [0.75]})
    svg = to_svg(
        interval_plot(table, name="name", value="value", low="low", high="high", xlabel="x"), title="Pizza"
    )
    assert "<title>Pizza</title>" in svg
    assert "<title>pizza: 0.500 (0.250 to 0.750)</title>" in svg
    assert "var(--figure-accent, #0b6e6e)" in svg


def test_a_picture_outside_a_page_has_colours_of_its_own():
    table = pd.DataFrame({"name": ["pizza"], "value": [0.5], "low": [0.25], "high": [0.75]})
    axes = interval_plot(table, name="name", value="value", low="low", high="high", xlabel="x")
    svg = to_svg(axes, title="Pizza", transparent=False)
    assert "var(" not in svg
    assert "#0b6e6e" in svg


def test_ticks_of_whole_numbers_are_whole_numbers():
    table = pd.DataFrame({"k": [1, 2, 3], "share": [0.1, 0.2, 0.3], "set": "raid"})
    axes = line_plot(table, x="k", y="share", by="set", xlabel="k", ylabel="share")
    assert all(float(tick).is_integer() for tick in axes.get_xticks())


def test_each_link_of_the_contents_has_its_place(page):
    ids = re.findall(
        r' id="([^"]*)"', page[: page.index("</nav>")] + re.sub(r"<svg.*?</svg>", "", page, flags=re.S)
    )
    links = re.findall(r'href="#([^"]*)"', re.sub(r"<svg.*?</svg>", "", page, flags=re.S))
    assert len(links) > 20
    assert set(links) <= set(ids)


def test_no_cell_is_nan_and_counts_have_no_decimals(page):
    cells = re.findall(r"<t[dh][^>]*>([^<]*)</t", page)
    assert [cell for cell in cells if "nan" in cell or re.fullmatch(r"[\d,]{3,}\.00+", cell)] == []


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


def test_every_figure_has_its_table(page):
    assert 0 < page.count("<figure>") <= page.count("<table>")


def test_every_section_has_its_note_and_every_note_its_section(evaluation_folder):
    evaluation = load_evaluation(evaluation_folder)
    notes = [section(evaluation.tables).note for of_group in GROUPS.values() for section in of_group.values()]
    template = report_templates().get_template(NOTES).module
    macros = {name for name, part in vars(template).items() if isinstance(part, Macro)}
    assert sorted(notes) == sorted(macros - {"answer"})


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


def test_a_number_is_printed_with_its_interval_and_an_undefined_one_as_a_dash():
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
    assert rows == [["coach", "0.25 (0.10–0.40)", "20"], ["raid", "–", "0"]]


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
