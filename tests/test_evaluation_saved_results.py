"""A record of an evaluation: the same numbers give the same bytes, words stay words, and one that is missing or damaged says what to do."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from classifier.errors import InputError
from classifier.evaluation.saved_results import Evaluation, load_evaluation

SCENES = pd.DataFrame({"scene": ["raid", "pizza"], "rate": [0.5, 1 / 3], "n": [2, 3]})
RECORD = Evaluation(
    {"seed": 5, "rule": "k of n"}, {"scenes": SCENES, "labels": pd.DataFrame({"label": ["secrecy"]})}
)


@pytest.fixture
def saved(tmp_path):
    RECORD.save(tmp_path)
    return tmp_path


def test_facts_and_the_names_of_the_tables_stand_in_one_file_in_the_order_of_the_alphabet(saved):
    assert (saved / "evaluation.json").read_text(encoding="utf-8") == (
        '{\n  "facts": {\n    "rule": "k of n",\n    "seed": 5\n  },\n  "tables": [\n    "labels",\n    "scenes"\n  ]\n}\n'
    )


def test_each_table_stands_in_a_csv_of_its_name_with_twelve_digits(saved):
    assert (saved / "scenes.csv").read_bytes() == b"scene,rate,n\nraid,0.5,2\npizza,0.333333333333,3\n"
    assert (saved / "labels.csv").read_bytes() == b"label\nsecrecy\n"


def test_what_was_saved_is_read_back(saved):
    read = load_evaluation(saved)
    assert read.facts == {"seed": 5, "rule": "k of n"}
    assert list(read.tables) == ["labels", "scenes"]
    pd.testing.assert_frame_equal(read.tables["scenes"], SCENES)


def test_a_number_that_is_not_there_is_nan_and_a_word_is_a_word(tmp_path):
    Evaluation({}, {"rows": pd.DataFrame({"rate": [0.5, math.nan], "scene": ["None", "NA"]})}).save(tmp_path)
    rows = load_evaluation(tmp_path).tables["rows"]
    assert rows["scene"].tolist() == ["None", "NA"]
    assert rows["rate"].isna().tolist() == [False, True]


def test_two_records_of_other_names_lie_in_one_folder(saved):
    Evaluation({"seed": 6}, {}).save(saved, name="tradeoff")
    assert load_evaluation(saved).facts["seed"] == 5
    assert load_evaluation(saved, name="tradeoff").facts == {"seed": 6}


def test_tables_of_an_earlier_record_are_removed_and_other_files_stay(saved):
    (saved / "notes.csv").write_text("mine\n", encoding="utf-8")
    Evaluation({"seed": 6}, {"scenes": SCENES}).save(saved)
    assert sorted(path.name for path in saved.iterdir()) == ["evaluation.json", "notes.csv", "scenes.csv"]


@pytest.mark.parametrize(("name", "command"), [("evaluation", "evaluate"), ("tradeoff", "tradeoff")])
def test_where_there_is_none_one_reads_which_command_makes_it(tmp_path, name, command):
    with pytest.raises(
        InputError,
        match=rf"no whole evaluation there \(No such file or directory: .*{name}\.json\); run 'grooming-classifier {command}' first",
    ):
        load_evaluation(tmp_path, name=name)


def test_a_table_that_is_gone_is_named(saved):
    (saved / "labels.csv").unlink()
    with pytest.raises(
        InputError,
        match=r"no whole evaluation there .*labels\.csv\); run 'grooming-classifier evaluate' first",
    ):
        load_evaluation(saved)


@pytest.mark.parametrize(("name", "command"), [("evaluation", "evaluate"), ("tradeoff", "tradeoff")])
@pytest.mark.parametrize("content", ["{", '{"facts": {}}'])
def test_what_is_no_record_of_this_version_is_to_be_made_again(tmp_path, content, name, command):
    (tmp_path / f"{name}.json").write_text(content, encoding="utf-8")
    with pytest.raises(
        InputError,
        match=rf"not an evaluation of this version \(.*\); run 'grooming-classifier {command}' again",
    ):
        load_evaluation(tmp_path, name=name)
