"""Stored tables come back as they were; anything else is refused with the command to run."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from classifier.errors import InputError
from classifier.privacy.stored_table import StoredTable, checked_json_path, load_stored_table

TABLE = pd.DataFrame({"method": ["plain", "toy", "none"], "auc": [0.75, math.inf, math.nan], "n": [1, 20, 3]})


@pytest.fixture
def saved(tmp_path):
    StoredTable("curve", {"cap": 20, "split": "test"}, TABLE).save(tmp_path / "toy.json")
    return tmp_path / "toy.json"


def test_a_table_comes_back_as_they_went_in(saved):
    found = load_stored_table(saved, "curve")
    assert (found.kind, found.facts) == ("curve", {"cap": 20, "split": "test"})
    pd.testing.assert_frame_equal(found.table, TABLE)


def test_the_file_is_plain_json_with_words_for_infinity_and_for_nothing(saved):
    text = saved.read_text(encoding="utf-8")
    rows = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))["rows"]
    assert rows == [
        {"method": "plain", "auc": 0.75, "n": 1},
        {"method": "toy", "auc": "inf", "n": 20},
        {"method": "none", "auc": None, "n": 3},
    ]
    assert text.startswith('{\n "kind": "curve",\n "facts": {\n  "cap": 20,')
    assert text.endswith("}\n")


def test_the_table_lies_beside_it_without_row_numbers(saved):
    assert (
        saved.with_suffix(".csv").read_text(encoding="utf-8")
        == "method,auc,n\nplain,0.75,1\ntoy,inf,20\nnone,,3\n"
    )


def test_a_table_without_rows_keeps_its_columns(tmp_path):
    StoredTable("attack", {}, TABLE.iloc[:0]).save(tmp_path / "empty.json")
    assert list(load_stored_table(tmp_path / "empty.json", "attack").table.columns) == ["method", "auc", "n"]


def test_a_fact_that_json_cannot_hold_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        StoredTable("curve", {"epsilon": math.inf}, TABLE).save(tmp_path / "toy.json")
    assert list(tmp_path.iterdir()) == []


def test_a_table_of_the_other_kind_is_refused_with_the_command_that_makes_this_one(saved):
    with pytest.raises(
        InputError,
        match=r"holds a table of kind 'curve', expected 'attack'; "
        r"run 'grooming-classifier privacy attack CORPUS --out .*toy.json'$",
    ):
        load_stored_table(saved, "attack")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "pizza",
        "[]",
        '"curve"',
        "{}",
        '{"kind": "curve"}',
        '{"kind": "curve", "facts": {}, "columns": ["a"], "rows": [1]}',
    ],
)
def test_a_file_of_anything_else_is_refused(tmp_path, content):
    (tmp_path / "toy.json").write_text(content, encoding="utf-8")
    with pytest.raises(
        InputError,
        match=r"toy.json: not what 'privacy curve' writes \(.*\); run 'grooming-classifier privacy curve",
    ):
        load_stored_table(tmp_path / "toy.json", "curve")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="toy.json: cannot be read: No such file or directory; run"):
        load_stored_table(tmp_path / "toy.json", "curve")


def test_a_name_must_leave_room_for_the_table_beside_it():
    assert checked_json_path(Path("out/toy.json")) == Path("out/toy.json")
    with pytest.raises(InputError, match=r"toy.csv: expected a name that ends in .json"):
        checked_json_path(Path("toy.csv"))
