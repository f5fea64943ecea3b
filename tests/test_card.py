"""The model card and the READMEs say what the committed results say, and these are of the model and the corpora that ship."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from classifier.cli.main import main
from classifier.errors import InputError
from classifier.evaluation.saved_results import load_evaluation
from classifier.model.message.file import load_model
from classifier.model.shipped_models import train_split_model
from classifier.report.evaluation.model_card import model_card
from classifier.report.evaluation.readme_tables import alert_rates, known_limits, short_results
from classifier.report.evaluation.summary_tables import (
    dialogue_totals,
    label_shares,
    main_results,
    phrase_totals,
)
from classifier.report.markdown import block_names, fill_blocks, markdown_table
from classifier.report.printed_tables import PrintedTable
from classifier.workflows.generated_documents import (
    CARD,
    CORPORA,
    MARKED,
    RESULTS,
    documents,
    shipped_figures,
)

ROOT = Path(__file__).parent.parent
FACTS = json.loads((ROOT / RESULTS / "evaluation.json").read_text(encoding="utf-8"))["facts"]


@pytest.fixture(scope="module")
def made():
    return documents(ROOT)


def results(name):
    with (ROOT / RESULTS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("path", [CARD, *MARKED], ids=str)
def test_a_document_says_what_the_results_say(made, path):
    assert (ROOT / path).read_text(encoding="utf-8") == made[ROOT / path], (
        "scripts/release/write_documents writes it anew"
    )


def test_the_results_are_of_the_shipped_model_and_of_the_frozen_corpus():
    assert FACTS["model_sha256"] == load_model(train_split_model()).header["sha256"]
    assert (
        FACTS["corpus_sha256"]
        == json.loads((ROOT / CORPORA / "v2" / "manifest.json").read_text(encoding="utf-8"))["corpus_sha256"]
    )


def test_the_results_are_small_enough_to_be_kept_in_git():
    assert sum(file.stat().st_size for file in (ROOT / RESULTS).iterdir()) <= 400_000


def test_the_yaml_header_holds_the_figures_of_the_tables():
    header = yaml.safe_load((ROOT / CARD).read_text(encoding="utf-8").split("---\n")[1])
    [model] = header["model-index"]
    found = {
        (result["dataset"]["name"], metric["type"]): metric["value"]
        for result in model["results"]
        for metric in result["metrics"]
    }
    own, second = (
        next(row for row in results(name) if row["label"] == "macro") for name in ("messages", "transfer")
    )
    assert found["synthetic v2, unseen phrase families", "f1"] == round(float(own["f1"]), 4)
    assert found["synthetic v2-alt, a second voice", "average_precision"] == round(
        float(second["average_precision"]), 4
    )
    assert len(found) == 6
    assert header["license"] == "apache-2.0"


def test_the_card_says_what_it_is_not_for_and_stands_beside_published_figures():
    text = (ROOT / CARD).read_text(encoding="utf-8")
    for words in (
        "**synthetic**",
        "not a substitute for a safeguarding process",
        "0.44–0.51",
        "0.78",
        "No differential privacy is claimed",
    ):
        assert words in text


def one_card(*, model=FACTS["model_sha256"], corpus=FACTS["corpus_sha256"], final=FACTS["corpus_sha256"]):
    header, manifests = (
        {"sha256": model, "corpus_sha256": corpus},
        {"v2": {"corpus_sha256": FACTS["corpus_sha256"]}},
    )
    return model_card(
        load_evaluation(ROOT / RESULTS),
        header,
        manifests,
        *[pd.DataFrame()] * 4,
        final={"corpus_sha256": final},
        n_terms=1,
        n_bytes=1,
    )


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"model": "x"}, "evaluation is of model .* expected x"),
        ({"corpus": "x"}, "the model was fitted on corpus x"),
        ({"final": "x"}, "model for use was fitted on corpus x"),
    ],
    ids=str,
)
def test_a_card_is_not_made_of_results_models_and_corpora_that_do_not_belong_together(other, reason):
    with pytest.raises(ValueError, match=reason):
        one_card(**other)


def test_a_rate_stands_with_its_interval_and_its_count():
    tables = dict(load_evaluation(ROOT / RESULTS).tables)
    row = {"set": "test", "asked_fpr": 0.5, "threshold": 0.5, "remark": "shown"}
    row |= {
        "tpr": 0.5,
        "tpr_low": 0.1,
        "tpr_high": 0.9,
        "tpr_hits": 1,
        "tpr_n": 2,
        "fpr": 0.25,
        "fpr_low": 0.0,
        "fpr_high": 0.75,
        "fpr_hits": 1,
        "fpr_n": 4,
    }
    tables["rates"] = pd.DataFrame([row, row | {"set": "second voice"}])
    rows = {name: cells for name, *cells in main_results(tables).rows}
    assert (
        rows["conversations: TPR at the threshold that validation alone gives for an FPR of 0.5"][0]
        == "0.500 (0.100–0.900), 1/2"
    )
    assert (
        rows["conversations: FPR at the threshold that validation alone gives for an FPR of 0.5"][1]
        == "0.2500 (0.0000–0.7500), 1/4"
    )


def test_a_rate_that_validation_cannot_show_is_said_to_be_refused():
    tables = dict(load_evaluation(ROOT / RESULTS).tables)
    tables["rates"] = pd.DataFrame(
        [{"set": "validation", "asked_fpr": 0.001, "remark": "refused: 2,995 would be needed"}]
    )
    rows = {name: cells for name, *cells in main_results(tables).rows}
    assert rows["conversations: TPR at an FPR of 0.001, threshold of validation"] == [
        "refused: 2,995 would be needed",
        "refused likewise",
        "–",
    ]


def test_the_short_table_sets_the_model_of_score_beside_the_one_that_is_measured_and_blind_readers():
    shipped = pd.DataFrame(
        [
            *(
                {"figure": f"messages_{name}", "value": 0.5, "low": 0.4, "high": 0.6}
                for name in ("f1", "precision", "recall")
            ),
            {"figure": "patterns_flagged", "value": 0.5, "low": 0.013, "high": 0.987, "hits": 1, "n": 2},
            {"figure": "benign_flagged", "value": 0.0, "low": 0.0, "high": 0.6, "hits": 0, "n": 4},
        ]
    )
    rows = {
        name: cells for name, *cells in short_results(load_evaluation(ROOT / RESULTS).tables, shipped).rows
    }
    [macro] = [row for row in results("messages") if row["label"] == "macro"]
    f1 = f"{float(macro['f1']):.3f} ({float(macro['f1_low']):.3f}–{float(macro['f1_high']):.3f})"
    assert rows["messages: F1, mean of the five signs"] == ["0.500 (0.400–0.600)", f1, "0.965–0.976"]
    assert rows["conversations: scripted patterns flagged"][0] == "0.500 (0.013–0.987), 1/2"
    # Half of the 100 patterns among a million conversations; no benign one.
    assert [cells[0] for name, cells in rows.items() if name.startswith("of 1,000,000")] == ["50 and 0"]


def limits_in_lines():
    *others, chat = (
        pd.read_csv(ROOT / RESULTS / f"{name}.csv")
        for name in ("names", "attack", "coverage", "fresh", "real_benign_shipped")
    )
    rows = known_limits(load_evaluation(ROOT / RESULTS).tables, *others, chat=chat).rows
    return "\n".join(f"{limit}: {measured}" for limit, measured in rows)


def test_the_limits_say_what_noise_leaves_of_the_strongest_attack():
    shares = {True: [], False: []}
    by_variant = {}
    for row in results("attack"):
        if row["figure"] == "tpr_at_low_fpr" and "/" in row["variant"]:
            by_variant.setdefault(row["variant"], []).append(float(row["value"]))
            chance = float(row["by_chance"])
    for variant, values in by_variant.items():
        shares["perturbation" in variant].append(max(values))
    without, noisy = ((f"{min(values):.3f}–{max(values):.3f}") for values in (shares[False], shares[True]))
    assert f"{without} without noise, {noisy} with it\n" in limits_in_lines()
    # The README says in words that only noise comes near chance.
    assert max(shares[True]) < 2 * chance < min(shares[False])


def test_the_limits_say_how_often_an_interval_covers():
    found = [
        float(row["coverage"])
        for row in results("coverage")
        if row["units"].endswith("conversations") and "shared dialogues" in row["interval"]
    ]
    assert " of a rate of conversations holds the truth" in limits_in_lines()
    assert f": {min(found):.3f}–{max(found):.3f}\n" in limits_in_lines()
    assert min(found) > 0.93


def test_the_contacts_turns_alone_tell_more_than_the_model_and_the_documents_say_so():
    [contact] = [row for row in results("controls") if row["control"] == "the contact's turns only"]
    own = {row["scorer"]: row for row in results("separation") if row["set"] == "test"}
    assert float(contact["auc_low"]) > float(own["text head"]["auc_high"])
    assert f"{float(contact['auc']):.3f} ({float(contact['auc_low']):.3f}" in limits_in_lines()
    for path in (Path("README.md"), CORPORA / "README.md", CARD):
        assert "The script leaks" in (ROOT / path).read_text(encoding="utf-8")


def test_alert_rates_are_those_that_were_counted_by_scene():
    rates = alert_rates(load_evaluation(ROOT / RESULTS).tables)
    counted = results("conversation_scenes")[-1]
    assert rates["test"].endswith(f", {counted['false_alarms']}/{int(counted['n']):,}")
    assert rates["second voice"].endswith("/1,452")


def test_the_limits_name_the_worst_of_each_table():
    text = limits_in_lines()
    [faint] = [row for row in results("overtness") if (row["set"], row["overtness"]) == ("test", "faint")]
    worst = max(results("manners")[:-1], key=lambda row: float(row["rate"]))
    assert re.search(rf"faint patterns.*, {faint['tpr_hits']}/{faint['tpr_n']}$", text, flags=re.MULTILINE)
    assert re.search(
        rf"\({worst['slice']}\).*, {worst['false_alarms']}/{worst['n']}$", text, flags=re.MULTILINE
    )
    first = min(
        int(row["k"]) for row in results("recall_by_k") if row["set"] == "test" and row["hits"] != "0"
    )
    assert f"first pattern is flagged: {first}\n" in text


def test_the_limits_say_how_much_ordinary_chat_the_model_of_score_flags():
    rows = [
        row
        for row in results("real_benign_shipped")
        if (row["what"], row["at"], row["source"]) == ("messages flagged", "balanced", "chitchat, half B")
    ]
    *signs, either = (int(row["hits"]) for row in rows)
    text = limits_in_lines()
    assert f", {max(signs):,}/127,992 and " in text
    assert f", {either:,}/127,992\n" in text
    assert max(signs) < either < 0.03 * 127_992


def test_figures_of_another_model_than_the_shipped_one_are_refused(tmp_path):
    (tmp_path / RESULTS).mkdir(parents=True)
    (tmp_path / RESULTS / "shipped.csv").write_text(
        "figure,model_sha256\nmessages_f1,other\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match="is of another model than the shipped one"):
        shipped_figures(tmp_path)


def test_phrases_are_summed_by_kind():
    counts = pd.DataFrame(
        {"kind": ["scene", "scene", "talk"], "families": [2, 3, 1], "phrasings": [10, 20, 1000]}
    )
    assert phrase_totals(counts).rows == [
        ["scene", "5", "30"],
        ["talk", "1", "1,000"],
        ["all", "6", "1,030"],
    ]


def test_dialogues_stand_by_voice_and_a_voice_without_a_kind_has_none_of_it():
    first = pd.Series({"dialogues": 3600.0, "pairs": 150.0, "largest share": 0.024})
    assert dialogue_totals({"a": first, "b": pd.Series({"dialogues": 450.0})}).rows == [
        ["dialogues", "3,600", "450"],
        ["pairs", "150", "0"],
        ["largest share", "2.4%", "0"],
    ]


def test_label_shares_stand_by_release():
    counts = pd.DataFrame(
        {"label": ["meeting", "none"], "pattern": [1200, 10], "benign": [3, 40], "share": [0.025, 0.5]}
    )
    assert label_shares({"v2": counts}).rows == [
        ["meeting", "1,200", "3", "2.50%"],
        ["none", "10", "40", "50.00%"],
    ]


def test_only_what_stands_between_marks_is_replaced():
    text = "before\n<!-- results:toppings -->\nold\n<!-- /results -->\nafter\n"
    assert block_names(text) == ["toppings"]
    assert (
        fill_blocks(text, {"toppings": "new\n", "unused": ""})
        == "before\n<!-- results:toppings -->\nnew\n<!-- /results -->\nafter\n"
    )


def test_a_mark_without_a_block_is_refused():
    with pytest.raises(ValueError, match="no block is named 'raids', expected one of toppings"):
        fill_blocks("<!-- results:raids -->\n<!-- /results -->", {"toppings": ""})


@pytest.mark.parametrize(
    "text",
    ["<!-- results:toppings -->\n", "<!-- results:toppings --> <!-- /results -->", "<!-- /results -->"],
)
def test_a_mark_without_its_end_is_refused(text):
    with pytest.raises(ValueError, match="must stand on a line of its own and have its"):
        fill_blocks(text, {"toppings": ""})


def test_a_bar_in_a_cell_does_not_end_it():
    assert markdown_table(PrintedTable(["a"], [["x|y"]], [False])) == "| a |\n|---|\n| x\\|y |\n"


def test_names_are_got_back_from_a_model_file_and_listed_ones_are_not(small_corpus, small_model, tmp_path):
    out = tmp_path / "names.csv"
    assert main(["privacy", "names", str(small_corpus), "--model", str(small_model), "--out", str(out)]) == 0
    tried = pd.read_csv(out).set_index("attack").loc["names_tried"]
    assert tried["share"] > 2 * tried["decoys_found"] / tried["n_decoys"]
    assert tried["found"] > 0


def test_names_of_another_corpus_are_not_asked_for(small_model, tmp_path, capsys):
    assert (
        main(
            [
                "privacy",
                "names",
                str(ROOT / CORPORA / "v2-alt"),
                "--model",
                str(small_model),
                "--out",
                str(tmp_path / "names.csv"),
            ]
        )
        == 2
    )
    assert "was fitted on another corpus" in capsys.readouterr().err
