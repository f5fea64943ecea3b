"""Options of the recipe, one by one and as a grid: what is read, what is refused, and which combination wins."""

from __future__ import annotations

import csv
from dataclasses import replace

import pandas as pd
import pytest
from sklearn.metrics import average_precision_score
from toy_messages import toy_table

from classifier.cli.main import main
from classifier.corpus.corpus_folder import write_corpus
from classifier.model.message.features import DEFAULT_OPTIONS
from classifier.model.message.file import load_model
from classifier.model.message.stage_classifier import fit_message_model
from classifier.taxonomy import STAGES
from classifier.workflows.training.grid_search import combinations, measure_grid, read_grid
from classifier.workflows.training.training_options import recipe_text, recipe_value


def grid_file(tmp_path, text):
    path = tmp_path / "grid.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(capsys, *arguments):
    """The last line that a command which exits with 2 writes to standard error."""
    assert main(["train", *map(str, arguments)]) == 2
    return capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("option", "written", "value"),
    [
        ("word_ngrams", "1,2", (1, 2)),
        ("char_ngrams", [3, 5], (3, 5)),
        ("word_pairs", "none", None),
        ("min_df", 3, 3),
        ("sublinear_tf", False, False),
        ("C", 4, 4.0),
        ("class_weight", "balanced", "balanced"),
        ("class_weight", "none", None),
        ("normaliser", True, True),
    ],
)
def test_a_value_is_read_as_the_classifier_takes_it(option, written, value):
    assert recipe_value(option, written) == value


@pytest.mark.parametrize("option", ["word_ngrams", "char_ngrams", "word_pairs", "class_weight"])
def test_a_default_written_out_is_read_back(option):
    assert recipe_value(option, recipe_text(DEFAULT_OPTIONS[option])) == DEFAULT_OPTIONS[option]


def test_there_is_a_way_to_write_every_option():
    for option, value in DEFAULT_OPTIONS.items():
        written = list(value) if isinstance(value, tuple) else "none" if value is None else value
        assert recipe_value(option, written) == value


def test_a_grid_is_a_list_of_values_for_each_option(tmp_path):
    path = grid_file(tmp_path, 'C = [4, 16]\nword_ngrams = [[1, 2], "none"]\nsublinear_tf = [true]\n')
    assert read_grid(path) == {"C": [4.0, 16.0], "word_ngrams": [(1, 2), None], "sublinear_tf": [True]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c = [4]", "c: unknown option; expected one of word_ngrams, char_ngrams"),
        ("C = []", "C: expected a list of one or more values, got []"),
        ("C = 4", "C: expected a list of one or more values, got 4"),
        ("C = [4, 0]", "C: expected a number above 0, got 0"),
        ("C = [inf]", "C: expected a number above 0, got inf"),
        ("C = [true]", "C: expected a number above 0, got True"),
        ("C = [4, 4.0]", "C: 4.0 stands twice"),
        ("min_df = [1.5]", "min_df: expected a whole number from 1, got 1.5"),
        ("min_df = [0]", "min_df: expected a whole number from 1, got 0"),
        ("word_ngrams = [1, 2]", "word_ngrams: expected LOW,HIGH from 1 to 10, such as 1,2, or 'none', got 1"),
        ("word_ngrams = [[2, 1]]", "word_ngrams: expected LOW,HIGH from 1 to 10, such as 1,2, or 'none', got [2, 1]"),
        ("char_ngrams = [[3, 11]]", "char_ngrams: expected LOW,HIGH from 1 to 10"),
        ('class_weight = ["even"]', "class_weight: expected 'none' or 'balanced', got 'even'"),
        ('normaliser = ["yes"]', "normaliser: expected true or false, got 'yes'"),
        ("C = [", "grid.toml: not readable as TOML"),
        ("", "grid.toml: names no option"),
    ],
)  # fmt: skip
def test_a_grid_that_cannot_be_names_file_and_key(tmp_path, capsys, text, message):
    path = grid_file(tmp_path, text)
    line = refused(capsys, "nosuch", "--out", tmp_path / "m.safetensors", "--grid", path)
    assert line.startswith(f"grooming-classifier: {path}: ")
    assert message in line


def test_every_combination_is_tried_with_the_other_options_as_given():
    tried = combinations({"C": [1.0, 4.0], "class_weight": [None, "balanced"]}, {"min_df": 3})
    assert [(options["C"], options["class_weight"]) for options in tried] == [
        (1.0, None),
        (1.0, "balanced"),
        (4.0, None),
        (4.0, "balanced"),
    ]
    assert {options["min_df"] for options in tried} == {3}


def test_a_combination_without_any_feature_group_is_skipped():
    grid = {"word_ngrams": [(1, 1), None], "char_ngrams": [None]}
    assert len(combinations(grid, {"word_pairs": None})) == 1


def test_no_feature_group_at_all_is_refused(tmp_path, capsys):
    options = ["--word-ngrams", "none", "--char-ngrams", "none", "--word-pairs", "none"]
    line = refused(capsys, "nosuch", "--out", tmp_path / "m.safetensors", *options)
    assert "word_ngrams, char_ngrams, word_pairs are all none: nothing is left to count" in line


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--word-ngrams", "2,1"], "expected LOW,HIGH from 1 to 10, such as 1,2, or 'none', got '2,1'"),
        (["--char-ngrams", "three"], "expected LOW,HIGH from 1 to 10, such as 1,2, or 'none', got 'three'"),
        (["--C", "0"], "0.0 is not in the range x>0"),
        (["--C", "nan"], "expected a finite number"),
        (["--class-weight", "even"], "'even' is not one of 'none', 'balanced'"),
        (["--also", "nosuch.jsonl.gz"], "--also: is measured with --grid; give a grid, or leave it out"),
        (["--grid", "nosuch.toml"], "nosuch.toml: cannot be read: No such file or directory"),
    ],
)
def test_an_option_that_cannot_be_is_one_clear_line(tmp_path, capsys, options, message):
    assert message in refused(capsys, "nosuch", "--out", tmp_path / "m.safetensors", *options)


def test_an_option_may_not_stand_in_the_grid_and_on_the_command_line(tmp_path, capsys):
    path = grid_file(tmp_path, "C = [4, 16]")
    line = refused(capsys, "nosuch", "--out", tmp_path / "m.safetensors", "--grid", path, "--C", "4")
    assert f"--C: stands in {path} too; leave one of them out" in line


def heard(texts):
    """Toy messages of other words: a text for each of five stages, and one without."""
    stages = [*STAGES, ""]
    return pd.DataFrame(
        {"text": texts} | {stage: [int(stage == mark) for mark in stages] for stage in STAGES}
    )


VALIDATION = heard(["pretty smile", "only us two", "how old", "a secret ok", "meet outside", "hot rain"])
ALSO = heard(["rain", "rain", "rain", "rain", "rain", "rain"])
WORDS = DEFAULT_OPTIONS | {"min_df": 1, "char_ngrams": None, "word_pairs": None}
PAIRS = DEFAULT_OPTIONS | {"min_df": 1, "char_ngrams": None, "word_ngrams": None}


def test_a_combination_is_measured_as_scikit_learn_measures_the_model_it_makes():
    table = measure_grid(toy_table(), VALIDATION, [PAIRS, WORDS], also=ALSO)
    for options, measured in zip([PAIRS, WORDS], table["validation"], strict=True):
        scores = fit_message_model(toy_table(), **options).predict_proba(VALIDATION["text"].tolist())
        by_stage = [
            average_precision_score(VALIDATION[stage], scores[:, column])
            for column, stage in enumerate(STAGES)
        ]
        assert measured == pytest.approx(sum(by_stage) / 5)
    assert table["also"].tolist() == pytest.approx([1 / 6, 1 / 6])  # one text, one score: all are flagged


def test_the_highest_on_validation_is_the_best():
    table = measure_grid(toy_table(), VALIDATION, [PAIRS, WORDS])
    assert table["validation"].tolist()[1] > table["validation"].tolist()[0]
    assert table["best"].tolist() == [False, True]
    assert table["word_ngrams"].tolist() == ["none", "1,2"]


def test_of_two_equal_ones_the_first_is_the_best():
    assert measure_grid(toy_table(), VALIDATION, [WORDS, WORDS])["best"].tolist() == [True, False]


def test_other_messages_choose_nothing():
    hostile = VALIDATION.assign(**{stage: 1 - VALIDATION[stage] for stage in STAGES})
    table = measure_grid(toy_table(), VALIDATION, [PAIRS, WORDS], also=hostile)
    assert table["also"].tolist()[0] > table["also"].tolist()[1]
    assert table["best"].tolist() == [False, True]


def test_a_stage_that_no_validation_message_shows_is_named():
    with pytest.raises(ValueError, match="no validation message shows meeting"):
        measure_grid(toy_table(), VALIDATION.assign(meeting=0), [WORDS])


def test_a_combination_that_counts_nothing_is_named():
    with pytest.raises(ValueError, match="min_df 99, .*leave a feature group without a term"):
        measure_grid(toy_table(), VALIDATION, [WORDS | {"min_df": 99}])


def test_progress_is_told_of_every_combination():
    told = []

    def progress(items, *, label, length):
        told.append((label, length))
        return iter(items)

    measure_grid(toy_table(), VALIDATION, [WORDS], progress=progress)
    assert told == [("fitting combinations", 1)]


def test_the_best_combination_is_trained_with_the_other_options_as_given(
    small_spec, small_material, tmp_path, capsys
):
    material = {noun: members[::6] for noun, members in small_material.items()}
    write_corpus(tmp_path / "corpus", replace(small_spec, n_conversations=60, pattern_share=0.5), **material)
    also, out = tmp_path / "corpus" / "messages.jsonl.gz", tmp_path / "m.safetensors"
    grid = ["--grid", grid_file(tmp_path, "C = [0.01, 16]"), "--also", also, "--alert-fpr", "0.7"]
    options = ["--char-ngrams", "none", "--word-pairs", "none", "--min-df", "3", "--no-sublinear-tf"]
    assert main(list(map(str, ["train", tmp_path / "corpus", "--out", out, *grid, *options]))) == 0
    assert load_model(out).header["options"] == DEFAULT_OPTIONS | {
        "word_ngrams": [1, 2],
        "char_ngrams": None,
        "word_pairs": None,
        "min_df": 3,
        "sublinear_tf": False,
        "C": 16.0,
    }
    with (tmp_path / "m.grid.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["C"], row["char_ngrams"], row["best"]) for row in rows] == [
        ("0.01", "none", "False"),
        ("16.0", "none", "True"),
    ]
    assert float(rows[0]["validation"]) < float(rows[1]["validation"]) < float(rows[1]["also"])
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].split() == ["C", "n_terms", "validation", "also"]
    assert [line.endswith("<- best") for line in printed[2:4]] == [False, True]
