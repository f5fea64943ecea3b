"""Kinds of inputs that people report: what each comes to, and for what cannot be used the one line that says why.

Each kind has the input first reported and at least five others of its kind.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import sys
from collections import namedtuple
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from model_files import points_at
from toy_messages import toy_table

from classifier.cli.main import main
from classifier.corpus import corpus_folder
from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.conversation.features import HEAD_FEATURES
from classifier.model.conversation.file import save_conversation_model
from classifier.model.file_container import stored_sha256
from classifier.model.message.file import load_model, save_model
from classifier.model.message.reading.normalise import normalise
from classifier.model.message.stage_classifier import fit_message_model
from classifier.model.shipped_models import conversation_model_path, shipped_model, train_split_model
from classifier.readers.rows.read_block import read_block
from classifier.readers.rows.row_files import open_rows
from classifier.taxonomy import LABELS
from classifier.workflows.scoring.joined_results import time_order

CORPUS_RECORD = Path(__file__).parent / "fixtures" / "corpus_record.json"
HEAD = "conversation_id,author,text\n"
PIZZA = HEAD + "c1,ann,pizza\n"
SECRET = "dont tell your mum its our secret"
Printed = namedtuple("Printed", "out err")
ROW = {"conversation_id": "c1", "author": "ann", "text": "pizza"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A message model of nineteen texts and a conversation model beside it, soon loaded."""
    path = tmp_path_factory.mktemp("model") / "toy.safetensors"
    table = toy_table()
    told = pd.DataFrame([{"text": SECRET} | {label: int(label == "secrecy") for label in LABELS}] * 3)
    save_model(
        path,
        fit_message_model(pd.concat([table, told]), min_df=1),
        operating_points=points_at(np.array([0.2 if label == "secrecy" else 0.5 for label in LABELS])),
        corpus_sha256="c",
        training_families=["a"],
        seed=0,
    )
    n = len(HEAD_FEATURES["text"])
    toy = ConversationModel("text", np.linspace(-1, 2, n), -1.0, 1.3, 0.2, np.full(len(LABELS), 0.2), 0.5)
    save_conversation_model(
        conversation_model_path(path), toy, message_model_sha256="m", corpus_sha256="c", seed=0
    )
    return path


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, pa.Table):
            pq.write_table(content, path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


@pytest.fixture
def run(capsys, model):
    """Run a command; what it prints, and what it says but for the model that ``score`` names in its last line."""

    def run(*arguments, code=0):
        named = ["--model", model] if arguments[0] == "score" and "--model" not in arguments else []
        assert main(list(map(str, [*arguments, *named]))) == code
        out, err = capsys.readouterr()
        return Printed(out, re.sub("^model: .*\n\\Z", "", err, flags=re.MULTILINE))

    return run


@pytest.fixture
def refused(run):
    """The one line of a command that ends with 2 and prints nothing else."""

    def refused(*arguments):
        out, err = run(*arguments, code=2)
        assert (out, err.count("\n")) == ("", 1)
        return err

    return refused


@pytest.fixture
def rows_of(run, tmp_path):
    """The rows of what a command writes as CSV, and what it says."""

    def rows_of(*arguments):
        out = tmp_path / "rows_of.csv"
        to = ["--out", out] if arguments[0] == "score" else [out]
        said = run(*arguments, *to).err
        with out.open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream)), said

    return rows_of


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def standard_input(monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


# A. Conversations and senders.


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("first.csv", HEAD + "c1,,Messages are encrypted\nc1,ann,pizza\nc2,cat,hi\n"),
        ("last.csv", HEAD + "c1,ann,pizza\nc2,cat,hi\nc2,,cat left\n"),
        ("blank.csv", HEAD + 'c1,ann,pizza\nc1," ",joined\nc2,cat,hi\n'),
        ("no_conversation.csv", HEAD + "c1,ann,pizza\n,bob,where?\nc2,cat,hi\n"),
        ("null.jsonl", lines(ROW, ROW | {"author": None}, ROW | {"conversation_id": "c2"})),
        (
            "left_out.jsonl",
            lines(ROW, {"conversation_id": "c2", "text": "hi"}, ROW | {"conversation_id": "c2"}),
        ),
        (
            "null.parquet",
            pa.table(
                {"conversation_id": ["c1", "c1", "c2"], "author": ["a", None, "b"], "text": ["x", "y", "z"]}
            ),
        ),
    ],
)
def test_messages_of_nobody_are_left_out_of_conversations_only_and_counted(name, content, write, rows_of):
    path = write(name, content)
    found, said = rows_of("score", path, "--level", "conversation")
    assert [row["conversation_id"] for row in found] == ["c1", "c2"]
    assert "1 messages without an author or a conversation were left out" in said
    found, said = rows_of("score", path)
    assert (len(found), said) == (3, "")


def test_where_nobody_says_who_wrote_conversations_are_refused(write, refused):
    path = write("chat.csv", HEAD + "c1,,pizza\n")
    assert "no message says who wrote it" in refused("score", path, "--level", "conversation")


@pytest.mark.parametrize(
    "times",
    [
        ("2031-01-06T10:09:00", "2031-01-06T10:00:00"),
        ("2031-01-06 10:09", "2031-01-06 10:08"),
        ("1767520800", "1767520799"),
        ("1767520800000", "1767520799000"),
        ("2031-01-06T10:00:00+00:00", "2031-01-06T10:30:00+01:00"),
        ("20260104", "20260103"),
        ("2026/01/04 10:00", "2026/01/03 11:00"),
    ],
)
def test_times_that_fall_are_told_and_nothing_is_sorted(times, write, rows_of):
    first, second = times
    path = write(
        "chat.csv", f"conversation_id,author,text,time\nc1,ann,pizza,{first}\nc1,bob,{SECRET},{second}\n"
    )
    assert (
        "the times fall in 1 conversations (first 'c1')"
        in rows_of("score", path, "--level", "conversation")[1]
    )
    path = write(
        "chat.csv", f"conversation_id,author,text,time\nc1,ann,pizza,{second}\nc1,bob,{SECRET},{first}\n"
    )
    assert rows_of("score", path, "--level", "conversation")[1] == ""


TALK = [("ann", "pizza", 1), ("bob", SECRET, 2), ("ann", "ok", 3), ("bob", "dont tell", 4), ("ann", "hi", 5)]
"""Five messages, each with the minute at which it was sent."""
TIMED = "conversation_id,author,text,time\n"


def timed(conversation, order, time=lambda minute: f"2031-01-06T10:{minute:02}:00"):
    rows = [TALK[at] for at in order]
    return "".join(f"{conversation},{author},{text},{time(minute)}\n" for author, text, minute in rows)


@pytest.mark.parametrize(
    "order", [(4, 3, 2, 1, 0), (1, 0, 2, 3, 4), (0, 1, 4, 2, 3), (2, 3, 4, 0, 1), (3, 0, 4, 1, 2)], ids=str
)
@pytest.mark.parametrize("level", ["conversation", "sender"])
def test_sorted_by_time_a_conversation_scores_as_in_order(level, order, write, rows_of):
    other = timed("c2", range(5)).replace("ann", "cat").replace("bob", "dan")
    in_order = write("in_order.csv", TIMED + timed("c1", range(5)) + other)
    expected, said = rows_of("score", in_order, "--level", level, "--sort-by-time")
    assert said == "sorted by time: 0 conversations were in another order\n"
    assert expected == rows_of("score", in_order, "--level", level)[0]
    mixed = write("mixed.csv", TIMED + timed("c1", order) + other)
    found, said = rows_of("score", mixed, "--level", level, "--sort-by-time")
    assert found == expected
    assert said == "sorted by time: 1 conversations were in another order (first 'c1')\n"
    assert "the times fall in 1 conversations" in rows_of("score", mixed, "--level", level)[1]


@pytest.mark.parametrize(
    "time",
    [
        lambda minute: str(1_767_520_800 + 60 * minute),
        lambda minute: str(1_767_520_800_000 + minute),
        lambda minute: f"202601041{minute:03}",
        lambda minute: f"2026-01-04T{minute:02}:00:00+0{9 - minute}:00",
        lambda minute: f"0{minute}/01/2026 10:00",
    ],
    ids=["seconds", "milliseconds", "compact", "zones", "day first"],
)
def test_times_of_any_form_sort(time, write, rows_of):
    options = ["--level", "conversation", "--sort-by-time", "--day-first"]
    found = [
        rows_of("score", write("chat.csv", TIMED + timed("c1", order, time)), *options)[0]
        for order in (range(5), (4, 2, 0, 1, 3))
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "explained", [[], ["--explain", "--conversation", "c1"]], ids=["scored", "explained"]
)
def test_what_cannot_be_sorted_by_is_refused(explained, write, refused):
    path = write("chat.csv", TIMED + timed("c1", range(5), "03/01/2026 05:0{} PM".format))
    options = ["--level", "conversation", "--sort-by-time", *explained]
    said = refused("score", path, *options)
    assert "time '03/01/2026 05:01 PM': expected ISO 8601" in said
    assert said.rstrip().endswith("or leave out --sort-by-time")


def test_a_time_that_is_not_sorted_by_may_be_anything(write, rows_of):
    rows = timed("c1", range(5))
    expected, _ = rows_of("score", write("chat.csv", TIMED + rows), "--level", "conversation")
    no_author = write("no_author.csv", TIMED + rows + "c1,,hi,soon\n")
    assert rows_of("score", no_author, "--level", "conversation", "--sort-by-time")[0] == expected
    bad = write("bad.csv", TIMED + rows.replace("2031-01-06T10:05:00", "soon"))
    assert rows_of("score", bad, "--level", "conversation", "--sort-by-time", "--skip-bad")[0] == expected


def test_a_number_that_is_none_is_no_time(tmp_path, rows_of):
    columns = {"conversation_id": ["c1"] * 2, "author": ["ann", "bob"], "text": ["hi", "ok"]}
    path = tmp_path / "chat.parquet"
    pq.write_table(pa.table(columns | {"time": [1.0, float("nan")]}), path)
    assert len(rows_of("score", path, "--level", "conversation", "--sort-by-time")[0]) == 1


def test_without_any_time_nothing_is_said_to_be_sorted(write, rows_of):
    path = write("chat.csv", TIMED + timed("c1", range(5), lambda minute: ""))
    _, said = rows_of("score", path, "--level", "conversation", "--sort-by-time")
    assert said == "no message has a time: all stay in the order of the rows\n"


def test_a_year_of_two_digits_is_refused_as_such(write, refused):
    path = write("chat.csv", "conversation_id,author,text,time\nc,ann,hi,5.3.26 9:00\n")
    said = refused("convert", path, "rows.csv", "--day-first")
    assert said.rstrip().endswith(":2: time '5.3.26 9:00': has a year of two digits; write all four")


def test_a_message_without_a_time_stays_behind_the_one_before_it():
    days = [datetime(2031, 1, day) for day in range(1, 10)]
    times = [days[5], None, days[1], None, None, days[3]]
    assert time_order(["c"] * 6, times)[0].tolist() == [2, 3, 4, 5, 0, 1]
    assert time_order(["c"] * 3, [None, days[2], days[1]])[0].tolist() == [0, 2, 1]
    assert time_order(["c"] * 3, [days[1]] * 3)[0].tolist() == [0, 1, 2]
    assert time_order(["c", "d", "d", "c"], [None] * 4)[0].tolist() == [0, 1, 3, 2]


def test_sorting_by_time_leaves_message_rows_in_order_and_says_so(write, rows_of):
    path = write("chat.csv", TIMED + timed("c1", (4, 3, 2, 1, 0)))
    found, said = rows_of("score", path, "--sort-by-time")
    assert [row["text"] for row in found] == [TALK[at][1] for at in (4, 3, 2, 1, 0)]
    assert said.startswith("--sort-by-time: is of conversations and senders; messages come out in the order")


def test_an_explained_conversation_is_sorted_as_the_scored_one(write, run):
    explained = ["--level", "conversation", "--explain", "--conversation", "c1", "--sort-by-time"]
    found = [
        run("score", write("chat.csv", TIMED + timed("c1", order)), *explained).out
        for order in (range(5), (3, 4, 1, 2, 0))
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["chat.csv", "chat.parquet"])
def test_no_rows_are_sorted_to_no_rows(name, write, rows_of):
    no_row = TIMED if name == "chat.csv" else pa.Table.from_pylist([ROW | {"time": ""}]).slice(1)
    path = write(name, no_row)
    found = rows_of("score", path, "--level", "conversation", "--sort-by-time")
    assert found == ([], f"{path}: holds no message\n")


def test_sorting_needs_times_and_files(write, refused):
    path = write("chat.csv", PIZZA)
    assert "no column for time" in refused("score", path, "--level", "conversation", "--sort-by-time")
    assert "--sort-by-time: is for files of messages" in refused("score", "pizza?", "--sort-by-time")


@pytest.mark.parametrize("other", ["Sam", "SAM", "sam \N{CHERRY BLOSSOM}", "s.a.m", "_sam_", "Ｓam"])
def test_authors_with_nearly_equal_names_are_named(other, write, rows_of):
    path = write("chat.csv", HEAD + f"c1,sam,pizza\nc1,{other},yes\nc1,alex,ok\n")
    said = rows_of("score", path, "--level", "conversation")[1]
    assert f"nearly equal names (first in 'c1': 'sam', {other!r})" in said


@pytest.mark.parametrize("other", ["sam ", " sam", "  sam  ", "sam\t", "\u2003sam"])
def test_a_name_with_spaces_around_it_is_the_same_person(other, write, rows_of):
    def scored(name):
        path = write("chat.csv", HEAD + f'c1,sam,pizza\nc1,"{name}",{SECRET}\nc1,alex,ok\n')
        return rows_of("score", path, "--level", "sender")

    assert scored(other) == scored("sam")


def test_a_name_composed_in_another_way_is_the_same_person(write, rows_of):
    path = write("chat.csv", HEAD + "c1,zo\u00eb,pizza\nc1,zoe\u0308,yes\n")
    found, said = rows_of("score", path, "--level", "sender")
    assert ([row["author"] for row in found], said) == (["zo\u00eb"], "")


@pytest.mark.parametrize(("n", "at"), [(4, 3), (5, 0), (9, 8), (10, 9), (12, 11), (12, 0)])
def test_everybody_of_a_group_is_scored_and_who_asks_for_secrecy_stands_out(n, at, write, rows_of):
    talk = [f"g1,user{number:02},sounds fun\n" for number in range(n)]
    path = write("group.csv", HEAD + "".join(talk) + f"g1,user{at:02},{SECRET}\n" * 4)
    found, _ = rows_of("score", path, "--level", "sender")
    assert [row["author"] for row in found] == [f"user{number:02}" for number in range(n)]
    scores = [float(row["score"]) for row in found]
    assert max(scores) == scores[at] > sorted(scores)[-2]


@pytest.mark.parametrize(
    "line",
    [
        "This message was deleted",
        "You deleted this message",
        "This message was deleted by Ann.",
        "<Media omitted>",
        "Missed voice call",
        "Messages and calls are end-to-end encrypted. No one outside of this chat can read them.",
        "\u200eimage omitted",
    ],
)
def test_a_line_of_the_platform_shows_nothing(line, write, rows_of):
    path = write("chat.csv", HEAD + f'c1,ann,"{line}"\nc1,ann,{SECRET}\n')
    [silent, told], said = rows_of("score", path)
    assert [float(silent[label]) for label in LABELS] == [0] * len(LABELS)
    assert (silent["stages"], told["stages"]) == ("", "secrecy")
    assert "1 lines of the platform itself were scored 0" in said


@pytest.mark.parametrize(
    "line", ["delete this message ok", "i deleted it", "call me later", "mum left", "file it"]
)
def test_a_person_s_line_about_messages_is_no_line_of_the_platform(line, write, rows_of):
    assert rows_of("score", write("chat.csv", HEAD + f"c1,ann,{line}\n"))[1] == ""


# B. Data lost or overwritten.


@pytest.mark.parametrize(
    "name", ["chat.csv", "chat.tsv", "chat.jsonl", "chat.parquet", "./chat.csv", "link.csv"]
)
def test_an_output_that_is_an_input_is_refused(name, write, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    contents = {
        "tsv": PIZZA.replace(",", "\t"),
        "jsonl": lines(ROW),
        "parquet": pa.Table.from_pylist([ROW]),
    }
    path = write(name.replace("link", "chat"), contents.get(name.rpartition(".")[2], PIZZA))
    if name == "link.csv":
        (tmp_path / name).symlink_to("chat.csv")
    before = path.read_bytes()
    assert "is the file that is scored" in refused("score", path, "--out", name)
    assert "is the file that is read" in refused("convert", path, name, "--to", "csv")
    other = write("a.csv", PIZZA)
    if name.endswith(".csv"):
        assert "is the file that is scored" in refused("score", other, path, "--out", name)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "twice"),
    [
        ("a.csv", "conversation_id,author,text,text\nc1,ann,x,\n", "text"),
        ("a.csv", "text,conversation_id,author,author\nx,c1,a,b\n", "author"),
        ("a.csv", "conversation_id,author,text,mood,mood\nc1,a,x,1,2\n", "mood"),
        ("a.tsv", "conversation_id\tauthor\ttext\ttext\nc1\tann\tx\t\n", "text"),
        ("a.csv.gz", gzip.compress(b"conversation_id,author,text,text\nc1,ann,x,\n"), "text"),
        ("a.jsonl", '{"conversation_id": "c1", "author": "ann", "text": "x", "text": ""}\n', "text"),
        (
            "a.jsonl",
            lines(ROW) + '{"conversation_id": "c", "conversation_id": "d", "author": "a", "text": "x"}\n',
            "conversation_id",
        ),
        (
            "a.ndjson",
            '{"conversation_id": "c1", "author": "a", "text": "x", "mood": {"b": 1, "b": 2}}\n',
            "b",
        ),
    ],
)
@pytest.mark.parametrize("command", ["score", "convert"])
def test_a_column_or_key_that_stands_twice_is_refused(
    command, name, content, twice, write, refused, tmp_path
):
    out = [tmp_path / "o.csv"] if command == "convert" else []
    told = refused(command, write(name, content), *out)
    assert f"{twice!r} stands twice" in told


@pytest.mark.parametrize("column", [*LABELS, "stages"])
def test_a_column_with_a_name_of_ours_comes_out_as_input_name(column, write, rows_of, refused):
    path = write("chat.csv", f"conversation_id,author,text,{column},score\nc1,ann,{SECRET},HUMAN,0.5\n")
    [row], said = rows_of("score", path)
    assert (row[f"input_{column}"], row["score"], row["secrecy"][:2], row["stages"]) == (
        "HUMAN",
        "0.5",
        "0.",
        "secrecy",
    )
    assert said.count(f"input_{column}") == 1
    both = write("both.csv", f"text,{column},input_{column}\npizza,1,2\n")
    assert f"two columns would come out as 'input_{column}'" in refused("score", both)


def test_columns_come_in_the_order_of_the_interface(write, rows_of):
    path = write("chat.csv", "mood,sent_at,body,user,chat_id\ncalm,2031-01-06,pizza,ann,c1\n")
    [row], _ = rows_of("score", path)
    assert list(row) == ["conversation_id", "author", "text", "time", "mood", *LABELS, "stages"]
    assert list(row.values())[:5] == ["c1", "ann", "pizza", "2031-01-06", "calm"]


@pytest.mark.parametrize("level", ["message", "conversation", "sender"])
def test_the_name_of_the_model_stands_in_parquet_and_not_in_csv(level, write, run, tmp_path, model):
    path, sha256 = write("chat.csv", PIZZA), load_model(model).header["sha256"]
    for name in ("s.parquet", "s.csv"):
        run("score", path, "--level", level, "--out", tmp_path / name)
    metadata = pq.read_schema(tmp_path / "s.parquet").metadata
    assert (metadata[b"model"], metadata[b"model_sha256"]) == (b"toy.safetensors", sha256.encode())
    assert "toy" not in (tmp_path / "s.csv").read_text()


def test_the_model_stands_in_an_explanation_as_json(run, model):
    found = json.loads(run("score", SECRET, "--explain", "--format", "json").out)
    assert (found["model"], found["model_sha256"]) == ("toy.safetensors", load_model(model).header["sha256"])


@pytest.mark.parametrize(
    "arguments",
    [
        [SECRET],
        [SECRET, "--explain"],
        [SECRET, "--explain", "--format", "json"],
        ["chat.csv"],
        ["chat.csv", "--out", "s.jsonl"],
        ["chat.csv", "--level", "conversation"],
        ["chat.csv", "--level", "sender", "--out", "s.parquet"],
        ["chat.csv", "--level", "conversation", "--explain", "--conversation", "c1"],
    ],
    ids=" ".join,
)
def test_score_says_in_one_line_which_model_it_used(arguments, write, capsys, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("chat.csv", PIZZA)
    assert main(["score", *arguments, "--model", str(model)]) == 0
    out, err = capsys.readouterr()
    assert err == f"model: {model} (sha256 {load_model(model).header['sha256'][:8]})\n"
    assert "model: " not in out


def test_the_shipped_model_is_called_so(capsys):
    assert main(["score", "pizza at six?"]) == 0
    assert capsys.readouterr().err == f"model: shipped (sha256 {stored_sha256(shipped_model())[:8]})\n"


@pytest.mark.parametrize("content", [b"", b"{}", b"\0" * 8, b"\xff" * 99, PIZZA.encode()])
def test_a_file_that_is_no_model_is_said_once(content, write, refused):
    path = write("m.safetensors", content)
    assert stored_sha256(path) == ""
    assert "m.safetensors: not a readable" in refused("score", write("chat.csv", PIZZA), "--model", path)


@pytest.mark.parametrize(
    "pattern", ["*.csv", "chat[12].csv", "chat?.csv", "../{}/*.csv", "*1.csv *2.csv", "**/*.csv"]
)
def test_a_pattern_is_read_and_never_scored_as_a_text(pattern, write, rows_of, tmp_path, monkeypatch):
    write("chat1.csv", PIZZA)
    write("chat2.csv", PIZZA.replace("c1", "c2"))
    monkeypatch.chdir(tmp_path)
    found, _ = rows_of("score", *pattern.format(tmp_path.name).split())
    assert [row["conversation_id"] for row in found] == ["c1", "c2"]


@pytest.mark.parametrize("name", ["none*.csv", "none/*", "chat.xlsx", "none.json", "report.txt", "none.csv"])
def test_what_looks_like_a_file_and_is_none_is_no_text(name, refused):
    assert "no such file" in refused("score", name).lower() or "no file has such a name" in refused(
        "score", name
    )


def test_a_folder_is_no_text(refused, tmp_path):
    assert "is a folder" in refused("score", tmp_path)


@pytest.mark.parametrize(
    "content",
    [PIZZA.encode(), lines(ROW).encode(), gzip.compress(PIZZA.encode()), b"\xef\xbb\xbf" + PIZZA.encode()],
    ids=["csv", "jsonl", "csv.gz", "with a mark"],
)
def test_a_pipe_is_read_as_rows(content, run):
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    out, err = run("score", f"/dev/fd/{reading}")
    os.close(reading)
    assert "pizza" in out
    assert (out.count("\n") in (1, 2), err) == (True, "")


@pytest.mark.parametrize("format_", ["csv", "tsv", "jsonl", "parquet"])
def test_standard_input_is_read_as_rows_when_told(format_, run, monkeypatch, tmp_path):
    table = pa.Table.from_pylist([ROW])
    pq.write_table(table, tmp_path / "p")
    contents = {
        "csv": PIZZA.encode(),
        "tsv": PIZZA.replace(",", "\t").encode(),
        "jsonl": lines(ROW).encode(),
        "parquet": (tmp_path / "p").read_bytes(),
    }
    standard_input(monkeypatch, contents[format_])
    run("score", "-", "--format", format_, "--out", tmp_path / "s.csv")
    assert (tmp_path / "s.csv").read_text().splitlines()[1].startswith("c1,ann,pizza,0.")


@pytest.mark.parametrize(
    "content",
    [PIZZA, lines(ROW), PIZZA.replace(",", ";"), PIZZA.replace(",", "\t"), "Text,Author,Conversation ID\n"],
)
def test_rows_on_standard_input_are_not_scored_as_texts(content, refused, monkeypatch):
    standard_input(monkeypatch, content.encode())
    assert "standard input:1: looks like the rows of a table" in refused("score", "-")


@pytest.mark.parametrize(
    ("time", "read"),
    [
        ("20260104", "2026-01-04T00:00:00"),
        ("20260104123000", "2026-01-04T12:30:00"),
        ("202601041230", "2026-01-04T12:30:00"),
        ("1767520800", "2026-01-04T10:00:00"),
        ("1767520800000", "2026-01-04T10:00:00"),
        ("1767520800.25", "2026-01-04T10:00:00.250"),
        ("2026-01-04T10:00:00+02:00", "2026-01-04T08:00:00"),
        ("2026-01-04 10:00:00 UTC", "2026-01-04T10:00:00"),
        ("2026/01/04 10:00", "2026-01-04T10:00:00"),
        ("60", "1970-01-01T00:01:00"),
        ("", ""),
    ],
)
def test_a_time_is_read_rightly(time, read, write, rows_of):
    path = write("chat.csv", f"conversation_id,author,time,text\nc1,ann,{time},pizza\n")
    assert rows_of("convert", path)[0][0]["time"] == read
    given = int(time) if time.isdecimal() else time
    assert rows_of("convert", write("chat.jsonl", lines(ROW | {"time": given})))[0][0]["time"] == read


@pytest.mark.parametrize(
    "time", ["45292.5", "45292", "46026", "260104", "20261399", "12345678", "noon", "2026-13-01"]
)
def test_a_time_that_could_be_anything_is_refused(time, write, refused, tmp_path):
    path = write("chat.csv", f"conversation_id,author,time,text\nc1,ann,{time},pizza\n")
    assert f"chat.csv:2: time '{time}'" in refused("convert", path, tmp_path / "o.csv")


@pytest.mark.parametrize(
    "time",
    ["04/01/2026 10:30", "4.1.2026 10:30", "04-01-2026 10:30:00", "04/01/2026, 10:30", "4/1/2026 10:30"],
)
def test_a_date_with_its_day_first_is_read_only_when_told(time, write, rows_of, refused, tmp_path):
    path = write("chat.csv", f'conversation_id,author,time,text\nc1,ann,"{time}",pizza\n')
    assert "say --day-first" in refused("convert", path, tmp_path / "o.csv")
    assert rows_of("convert", path, "--day-first")[0][0]["time"] == "2026-01-04T10:30:00"


@pytest.mark.parametrize(
    ("name", "encoding", "marked"),
    [
        ("chat.csv", "utf-16", True),
        ("chat.csv", "utf-16-le", False),
        ("chat.csv", "utf-16-be", False),
        ("chat.jsonl", "utf-16", True),
        ("chat.jsonl", "utf-16-le", False),
        ("chat.tsv", "utf-16", True),
    ],
)
def test_utf_16_is_called_so_and_read_when_told(name, encoding, marked, write, refused, rows_of, monkeypatch):
    plain = lines(ROW) if name == "chat.jsonl" else PIZZA.replace(",", "\t" if name == "chat.tsv" else ",")
    path = write(name, plain.encode(encoding))
    expected = f"{name}:1: looks like UTF-16{'' if marked else ' without its mark'}"
    assert expected in refused("score", path)
    standard_input(monkeypatch, plain.encode(encoding))
    assert "standard input:1: looks like UTF-16" in refused("score", "-")
    assert rows_of("score", path, "--encoding", encoding)[0][0]["text"] == "pizza"


# D. Our own output is read again.


@pytest.mark.parametrize(
    "text",
    [
        "line one\rline two",
        "\r\n",
        "a\nb",
        'she said "hi", twice',
        '"',
        "pizza " * 40_000,
        "\N{SLICE OF PIZZA}" * 70_000,
        "\u2028 \x85 \x1c",
        " =1+1 ",
        "'",
    ],
    ids=lambda text: repr(text[:12]),
)
@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_what_score_and_convert_write_they_read(text, ending, write, run, rows_of, tmp_path):
    path = write("chat.jsonl", lines(ROW | {"text": text, "author": "b\rob"}, ROW))
    scored = tmp_path / f"scored.{ending}"
    run("score", path, "--out", scored)
    again, said = rows_of("score", scored)
    assert [(row["author"], row["text"]) for row in again] == [("b\rob", text), ("ann", "pizza")]
    assert "'secrecy' as 'input_secrecy'" in said
    assert [row["text"] for row in rows_of("convert", scored)[0]] == [text, "pizza"]
    converted, _ = rows_of("convert", path)
    assert [row["text"] for row in converted] == [text, "pizza"]


# E. One reader.


@pytest.mark.parametrize("number", [0, 42, -7, 10**18, 1234567890123456789, 10**30])
def test_whole_numbers_are_ids_by_their_digits(number, write, rows_of):
    path = write("chat.jsonl", lines(ROW | {"conversation_id": number, "author": number}))
    for command in ("score", "convert"):
        [row], _ = rows_of(command, path)
        assert (row["conversation_id"], row["author"]) == (str(number), str(number))


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([7, 7], pa.int8()),
        pa.array([7, 7], pa.int64()),
        pa.array([2**64 - 1] * 2, pa.uint64()),
        pa.array([Decimal(10**30)] * 2, pa.decimal128(38, 0)),
        pa.array(["c", "c"]).dictionary_encode(),
        pa.array([7, 7]).dictionary_encode(),
        pa.array(["c", "c"], pa.large_string()),
    ],
    ids=lambda ids: str(ids.type)[:20],
)
def test_parquet_ids_of_any_whole_kind_are_read(ids, write, rows_of):
    path = write("chat.parquet", pa.table({"conversation_id": ids, "author": ids, "text": ["pizza", "ok"]}))
    expected = str(ids[0].as_py())
    for command in ("score", "convert"):
        assert [(row["conversation_id"], row["author"]) for row in rows_of(command, path)[0]] == [
            (expected, expected)
        ] * 2


@pytest.mark.parametrize("kind", [pa.float64(), pa.bool_(), pa.binary(), pa.timestamp("ms"), pa.date32()])
def test_parquet_ids_of_another_kind_are_named(kind, write, refused, tmp_path):
    path = write(
        "chat.parquet", pa.table({"conversation_id": pa.nulls(1, kind), "author": ["a"], "text": ["x"]})
    )
    for command in (["score", path], ["convert", path, tmp_path / "o.csv"]):
        assert f"column 'conversation_id' holds {kind}" in refused(*command)


@pytest.mark.parametrize(
    "header",
    [
        "Conversation_ID, Author, Text",
        "CONVERSATION ID,AUTHOR,TEXT",
        "chat_id,sender,body",
        "conversationId,User,Message",
        " thread_id ,username,content",
        "\ufeffDialogue-ID,Speaker,Utterance",
    ],
)
def test_a_header_is_found_whatever_its_case_and_spaces(header, write, rows_of):
    path = write("chat.csv", f"{header}\nc1,ann,pizza at six\n")
    for command in ("score", "convert"):
        [row], _ = rows_of(command, path)
        assert [row[name] for name in ("conversation_id", "author", "text")] == ["c1", "ann", "pizza at six"]


@pytest.mark.parametrize(
    ("option", "value"),
    [("text", "said"), ("author", "who"), ("conversation_id", "room"), ("time", "when"), ("line", "nr")],
)
def test_a_column_can_be_named(option, value, write, rows_of):
    names = {
        "conversation_id": "conversation_id",
        "author": "author",
        "text": "text",
        "time": "time",
        "line": "line",
    }
    path = write("chat.csv", ",".join((names | {option: value}).values()) + "\nc1,ann,pizza,2031-01-06,5\n")
    for command in ("score", "convert"):
        [row], _ = rows_of(command, path, "--column", f"{option}={value}")
        assert [row[name] for name in names][:3] == ["c1", "ann", "pizza"]
        assert row["line"] == "5"


@pytest.mark.parametrize("order", ["abab", "aabb", "abba", "abcabc", "aba", "abcba"])
def test_rows_of_conversations_may_stand_in_any_mixture(order, write, rows_of):
    path = write("chat.csv", HEAD + "".join(f"{id_},ann,{at}\n" for at, id_ in enumerate(order)))
    assert [row["text"] for row in rows_of("score", path)[0]] == [str(at) for at in range(len(order))]
    converted = [(row["conversation_id"], row["line"], row["text"]) for row in rows_of("convert", path)[0]]
    expected = {
        id_: [str(at) for at, other in enumerate(order) if other == id_]
        for id_ in sorted(set(order), key=order.rindex)
    }
    assert converted == [
        (id_, str(line), text) for id_, texts in expected.items() for line, text in enumerate(texts, start=1)
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("first.jsonl", lines(ROW | {"text": None}, ROW)),
        ("last.jsonl", lines(ROW, ROW | {"text": None})),
        ("named.jsonl", lines(ROW, ROW | {"text": None}).replace("text", "body")),
        ("a.ndjson", "\ufeff" + lines(ROW, ROW | {"text": None})),
        ("a.parquet", pa.table({"conversation_id": ["c", "c"], "author": ["a", "b"], "text": ["x", None]})),
        (
            "large.parquet",
            pa.table(
                {
                    "conversation_id": ["c", "c"],
                    "author": ["a", "b"],
                    "text": pa.array([None, "x"], pa.large_string()),
                }
            ),
        ),
    ],
)
def test_a_null_text_is_scored_as_empty_and_counted(name, content, write, rows_of):
    path = write(name, content)
    found, said = rows_of("score", path)
    assert sorted(row["text"] == "" for row in found) == [False, True]
    assert f"{path}: 1 messages without a text were scored as empty" in said
    found, said = rows_of("convert", path)
    assert (len(found), "1 messages without a text" in said) == (2, True)


def utterances(*some):
    base = {"speaker": "ann", "conversation_id": "u1", "reply_to": None, "timestamp": None, "text": "pizza?"}
    return lines(*({"id": f"u{at}"} | base | fields for at, fields in enumerate(some, start=1)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            utterances({"reply_to": "u1"}, {"reply_to": "u1", "text": "yes"}),
            [("u1", "pizza?"), ("u1", "yes")],
        ),
        (
            utterances({"reply_to": "u1"}, {"reply_to": "u2", "text": "yes"}),
            [("u1", "pizza?"), ("u1", "yes")],
        ),
        (
            utterances({"conversation_id": None}, {"conversation_id": None, "reply_to": "u1"}),
            [("u1", "pizza?")] * 2,
        ),
        (
            utterances({"conversation_id": None}, {"conversation_id": None}),
            [("u1", "pizza?"), ("u2", "pizza?")],
        ),
        (
            utterances({"conversation_id": ""}, {"conversation_id": None, "reply_to": "u1"}),
            [("u1", "pizza?")] * 2,
        ),
        (utterances({}, {"text": None}), [("u1", "pizza?")]),
        (utterances({"text": None}, {"text": "yes", "reply_to": "u1"}), [("u1", "yes")]),
        (utterances({"speaker": None}), [("u1", "pizza?")]),
        (utterances({"speaker": {"id": "ann"}}), [("u1", "pizza?")]),
        (utterances({"timestamp": "soon"}, {"timestamp": -1, "text": "b"}), [("u1", "pizza?"), ("u1", "b")]),
    ],
)
def test_convokit_corpora_are_read_as_they_come(content, expected, write, rows_of):
    folder = write("corpus/utterances.jsonl", content).parent
    assert [(row["conversation_id"], row["text"]) for row in rows_of("convert", folder)[0]] == expected


def test_a_corpus_is_scored_and_converted_alike(rows_of, write):
    record = json.loads(CORPUS_RECORD.read_text(encoding="utf-8"))
    path = write("corpus.jsonl", lines(record))
    texts = [message["text"] for message in record["messages"]]
    assert [row["text"] for row in rows_of("score", path)[0]] == texts
    assert [row["text"] for row in rows_of("convert", path)[0]] == texts


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "text\npizza\nok\n"),
        ("a.csv", "Message,mood\npizza,calm\nok,\n"),
        ("a.jsonl", lines({"text": "pizza"}, {"text": "ok"})),
        ("a.tsv", "body\tn\npizza\t1\nok\t2\n"),
        ("a.parquet", pa.table({"text": ["pizza", "ok"]})),
    ],
)
def test_text_alone_is_enough_for_messages(name, content, write, rows_of, refused):
    path = write(name, content)
    assert [row["text"] for row in rows_of("score", path)[0]] == ["pizza", "ok"]
    assert "no column for conversation_id" in refused("score", path, "--level", "conversation")
    found, _ = rows_of("score", path, "--conversation-id", "mine")
    assert [row["conversation_id"] for row in found] == ["mine", "mine"]


def test_a_file_that_is_one_conversation_is_scored_and_converted_as_one(write, rows_of, refused):
    path = write("chat.csv", "author,text\nann,pizza\nbob,ok\n")
    found, _ = rows_of("score", path, "--level", "conversation", "--conversation-id", "mine")
    assert [row["conversation_id"] for row in found] == ["mine"]
    assert {row["conversation_id"] for row in rows_of("convert", path, "--conversation-id", "mine")[0]} == {
        "mine"
    }
    whole = write("whole.csv", PIZZA)
    assert "leave out --conversation-id" in refused("score", whole, "--conversation-id", "mine")


FAULTY = [
    ("a.csv", HEAD + "c1,ann,pizza, at six\nc1,bob,ok\n", "a.csv:2: 4 fields where the header has 3"),
    ("a.csv", HEAD + "c1,bob,ok\nc1,ann\n", "a.csv:3: 2 fields where the header has 3"),
    ("a.csv", HEAD + 'c1,bob,"o\nk"\nc1,ann\n', "a.csv:4: 2 fields where the header has 3"),
    ("a.jsonl", "not json\n" + lines(ROW), "a.jsonl:1: not a whole JSON value"),
    ("a.jsonl", lines(ROW, ROW | {"text": 5}), "a.jsonl:2: text must be a string, got int"),
    (
        "a.jsonl",
        lines(ROW, ROW | {"author": ["ann"]}),
        "a.jsonl:2: no author: expected a string or a whole number",
    ),
    ("a.jsonl", lines(ROW).encode() + b'{"text": "caf\xe9"}\n', "a.jsonl:2: not UTF-8"),
]


@pytest.mark.parametrize(("name", "content", "fault"), FAULTY)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_faulty_row_ends_the_run_or_is_left_out_and_named(
    name, content, fault, jobs, write, rows_of, refused
):
    path = write(name, content)
    assert fault in refused("score", path)
    if jobs == "1" or fault == FAULTY[0][2]:
        found, said = rows_of("score", path, "--skip-bad", "--jobs", jobs)
        assert len(found) == 1
        assert f"left out: {path.parent}/{fault}" in said
        assert "1 rows with a fault were left out" in said
    found, said = rows_of("convert", path, "--skip-bad")
    assert (len(found), said.count("left out: ")) == (1, 1)


# F. What is written so that machines miss it, and what only looks so.


def set_apart(sign):
    return lambda text: " ".join(sign.join(word) for word in text.split())


@pytest.mark.parametrize(
    "disguise",
    [
        set_apart("."),
        set_apart("_"),
        set_apart("*"),
        set_apart("-"),
        set_apart("\u200d"),
        set_apart("\u00ad"),
        set_apart("\u2060"),
        lambda text: "   ".join(" ".join(word) for word in text.split()),
        lambda text: text.replace(" ", ""),
        lambda text: "".join(2 * ch if ch != " " else ch for ch in text),
        lambda text: "".join(chr(ord(ch) + 0xFEE0) if ch != " " else ch for ch in text),
        lambda text: "".join(chr(0x1D41A + ord(ch) - ord("a")) if ch != " " else ch for ch in text),
        lambda text: "".join(chr(0x24D0 + ord(ch) - ord("a")) if ch != " " else ch for ch in text),
        lambda text: text.translate(str.maketrans("aeo", "\u0430\u0435\u043e")),
        lambda text: text.translate(str.maketrans("eos", "305")),
        lambda text: text.upper(),
        lambda text: "".join(f"{ch}\u0336" for ch in text),
        lambda text: "".join(f"{ch}\u20e3" if ch != " " else ch for ch in text),
    ],
    ids=(
        *(
            "dotted",
            "underscored",
            "starred",
            "hyphened",
            "joiners",
            "soft hyphens",
            "word joiners",
            "spaced",
        ),
        *("run together", "doubled", "full width", "bold", "circled", "Cyrillic", "digits", "capitals"),
        *("struck", "keycaps"),
    ),
)
def test_a_disguised_text_scores_as_the_plain_one(disguise, write, rows_of):
    texts = [SECRET, disguise(SECRET)]
    table = pa.table({"conversation_id": ["c"] * 2, "author": ["a"] * 2, "text": texts})
    [plain, disguised], _ = rows_of("score", write("chat.parquet", table))
    assert disguised["stages"] == plain["stages"] == "secrecy"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lend me 10000", "lend me 100"),
        ("$5000 please", "$500 please"),
        ("room 1111", "room 11"),
        ("at 10:00", "at 1:0"),
        ("call 5550100", "call 55010"),
        ("2200 points", "20 points"),
    ],
)
def test_digits_are_not_collapsed(one, other):
    assert normalise(one) != normalise(other)
    assert re.sub(r"\D", "", normalise(one)) == re.sub(r"\D", "", one)


# G. A cue among much else.


@pytest.mark.parametrize("n_before", [0, 1, 5, 20, 60])
@pytest.mark.parametrize("n_after", [0, 7])
def test_a_cue_counts_however_long_the_message_around_it(n_before, n_after, write, rows_of):
    calm = "we went to the museum and had lunch by the river. "
    text = calm * n_before + SECRET + ". " + calm * n_after
    [alone, among], _ = rows_of("score", write("chat.csv", HEAD + f"c1,ann,{SECRET}.\nc1,ann,{text}\n"))
    assert float(among["secrecy"]) >= float(alone["secrecy"]) - 0.01
    assert (alone["stages"], "secrecy" in among["stages"]) == ("secrecy", True)


# H. Predictions go where they can be carried.


@pytest.mark.parametrize("to", ["label-studio", "coop", "csv", "jsonl", "datapack"])
def test_scores_are_carried_to_every_target(to, write, run, tmp_path):
    path, rows, scores, out = (
        write("g.csv", HEAD + f"g,ann,pizza\ng,cat,{SECRET}\n"),
        *(tmp_path / n for n in ("r.csv", "s.csv", "out")),
    )
    run("convert", path, rows)
    run("score", rows, "--out", scores)
    run("convert", path, out, "--to", to, "--scores", scores)
    with scores.open(encoding="utf-8", newline="") as stream:
        highest = [max(float(row[label]) for label in LABELS) for row in csv.DictReader(stream)]
    content = out.read_text(encoding="utf-8")
    if to == "label-studio":
        found = [(task["predictions"][0]["score"], task["data"]["text"][0]) for task in json.loads(content)]
        assert found == [(highest[0], "A"), (highest[1], "B")]
    elif to == "coop":
        assert [item["data"]["score"] for item in json.loads(content)["items"]] == highest
        assert [item["data"]["stages"] for item in json.loads(content)["items"]] == [[], ["secrecy"]]
    elif to == "datapack":
        assert [entry["prediction"] for entry in json.loads(content)["chats"]["g"]["content"]] == highest
    else:
        records = (
            csv.DictReader(io.StringIO(content)) if to == "csv" else map(json.loads, content.splitlines())
        )
        assert [(float(row["prediction"]), row["stages"]) for row in records] == [
            (highest[0], ""),
            (highest[1], "secrecy"),
        ]


def test_messages_without_a_score_are_counted(write, run, tmp_path):
    path, scores = write("g.csv", PIZZA + "c1,bob,ok\n"), tmp_path / "s.csv"
    run("convert", path, tmp_path / "r.csv")
    run("score", tmp_path / "r.csv", "--out", scores)
    lines = scores.read_text().splitlines(keepends=True)
    scores.write_text("".join(lines[:-1]))
    said = run("convert", path, tmp_path / "out.json", "--to", "label-studio", "--scores", scores).err
    assert said == f"{scores}: has no score of 1 of these messages\n"


def test_scores_about_something_else_are_refused(write, run, refused, tmp_path):
    path, other, scores = write("g.csv", PIZZA), write("o.csv", PIZZA.replace("c1", "c2")), tmp_path / "s.csv"
    run("convert", other, tmp_path / "r.csv")
    run("score", tmp_path / "r.csv", "--out", scores)
    told = refused("convert", path, tmp_path / "out.json", "--to", "label-studio", "--scores", scores)
    assert "none of its rows is about a message of" in told
    assert not (tmp_path / "out.json").exists()


def test_the_people_of_a_group_have_a_letter_each(write, run, tmp_path):
    path = write("g.csv", HEAD + "".join(f"g,{name},hi\n" for name in ("ann", "bob", "cat", "dan", "ann")))
    run("convert", path, tmp_path / "out.json", "--to", "label-studio")
    assert [task["data"]["text"][0] for task in json.loads((tmp_path / "out.json").read_text())] == list(
        "ABCDA"
    )


# I. Messages name what a file really is.


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.csv", PIZZA.replace(",", ";"), ":1: separated by ';' and not ','; say --delimiter ';'"),
        ("a.csv", PIZZA.replace(",", "\t"), ":1: separated by a tab and not ','"),
        ("a.csv", PIZZA.replace(",", "|"), ":1: separated by '|' and not ','"),
        ("a.tsv", PIZZA, ":1: separated by ',' and not a tab"),
        ("a.tsv", PIZZA.replace(",", ";"), ":1: separated by ';' and not a tab"),
        (
            "a.csv",
            '"conversation_id";"author";"text"\n"c1";"ann";"pizza"\n',
            ":1: separated by ';' and not ','",
        ),
        ("a.csv", "sep=,\r\n" + PIZZA, ":1: line 1 is no header but Excel's 'sep=' line; take it out"),
        (
            "a.csv",
            "sep=;\n" + PIZZA.replace(",", ";"),
            ":1: line 1 is no header but Excel's 'sep=' line; take it out and say --delimiter ';'",
        ),
        ("a.csv", '"sep=,"\n' + PIZZA, ":1: line 1 is no header but Excel's 'sep=' line"),
        ("a.csv", "SEP=,\n" + PIZZA, ":1: line 1 is no header but Excel's 'sep=' line"),
        ("a.csv", "\ufeffsep=\t\n" + PIZZA, ":1: line 1 is no header but Excel's 'sep=' line"),
        ("a.csv", "\n\n" + PIZZA, ":1: the file is empty or begins with an empty line"),
        ("a.csv", "\r\n" + PIZZA, ":1: the file is empty or begins with an empty line"),
        ("a.csv", "  \n" + PIZZA, ":1: the file is empty or begins with an empty line"),
        ("a.csv", "\ufeff\n" + PIZZA, ":1: the file is empty or begins with an empty line"),
        ("a.csv", "", ":1: the file is empty"),
        ("a.csv", PIZZA.replace("\n", "\r"), ":1: lines end in CR alone"),
        ("a.tsv", PIZZA.replace("\n", "\r").replace(",", "\t"), ":1: lines end in CR alone"),
        (
            "a.csv",
            HEAD + "c1,ann,pizza\rc1,bob,ok\r",
            ":2: not readable as CSV (new-line character seen in unquoted field",
        ),
        (
            "a.csv",
            HEAD + 'c1,ann,"she said \\"ok\\", then left"\n',
            ": a quote is escaped by a backslash; write it twice",
        ),
        ("a.csv", HEAD + 'c1,ann,"\\""\n', ": a quote is escaped by a backslash; write it twice"),
        (
            "a.csv",
            HEAD + 'c1,ann,"a \\" b"\nc1,bob,ok\n',
            ": a quote is escaped by a backslash; write it twice",
        ),
        (
            "a.tsv",
            'conversation_id\tauthor\ttext\nc1\tann\t"\\"hi\\""\n',
            ": a quote is escaped by a backslash; write it twice",
        ),
        ("a.csv", HEAD + 'c1,ann,"a"\nc1,bob,"x \\"y\\" z"\n', ":3: not readable as CSV"),
        (
            "a.csv",
            HEAD + 'c1,bob,"never closed\n' + "c1,ann,ok\n" * 9,
            ": a quote of the row that begins on line 2 is never closed",
        ),
        ("a.csv", lines(ROW), ":1: line 1 is no header: the file looks like JSON"),
        ("a.csv", "[]", ":1: line 1 is no header: the file looks like JSON"),
        ("a.csv", "<html></html>", ":1: line 1 is no header: the file looks like XML or HTML"),
        ("a.csv", gzip.compress(PIZZA.encode()), ":1: is packed by gzip; let its name end in .gz"),
        ("a.csv", b"PK\x03\x04" + bytes(30), ":1: is a zip file, as .xlsx"),
        ("a.csv", b"PAR1" + bytes(30), ":1: is a Parquet file"),
        ("a.jsonl", json.dumps(ROW, indent=1) + "\n", ":1: one JSON value over several lines"),
        ("a.jsonl", "{\n" + json.dumps(ROW)[1:], ":1: one JSON value over several lines"),
        ("a.jsonl", json.dumps({"chats": [ROW]}, indent=2), ":1: one JSON value over several lines"),
        ("a.ndjson", json.dumps(ROW, indent=4) * 3, ":1: one JSON value over several lines"),
        ("a.jsonl", json.dumps({"messages": [ROW] * 900}, indent=2), ":1: one JSON value over several lines"),
        ("a.jsonl", json.dumps([ROW]), ":1: a JSON array, not one object a line"),
        ("a.jsonl", json.dumps([ROW], indent=1), ":1: a JSON array, not one object a line"),
        ("a.jsonl", "[\n" + lines(ROW) + "]", ":1: a JSON array, not one object a line"),
        ("a.ndjson", "\ufeff []", ":1: a JSON array, not one object a line"),
        ("a.jsonl", " [1, 2]\n", ":1: a JSON array, not one object a line"),
        (
            "a.jsonl",
            lines({"messages": [{"role": "user", "content": "hi"}]}),
            ":1: objects with messages[] of another kind (content, role)",
        ),
        (
            "a.jsonl",
            lines({"conversations": [{"from": "human", "value": "hi"}]}),
            ":1: objects with conversations[] of another kind (from, value)",
        ),
        (
            "a.jsonl",
            lines({"id": 1, "turns": [{"speaker": "a", "utterance": "hi"}]}),
            ":1: objects with turns[] of another kind",
        ),
        (
            "a.jsonl",
            lines({"messages": [{"author": {"id": "1"}, "content": "hi"}], "guild": {}}),
            ":1: objects with messages[] of another kind",
        ),
        (
            "a.ndjson",
            lines({"dialogue": [{"text": "hi"}], "source": "x"}),
            ":1: objects with dialogue[] of another kind",
        ),
        ("a.jsonl", PIZZA, ":1: looks like CSV, not JSON"),
        ("a.jsonl", PIZZA.replace(",", ";"), ":1: looks like CSV, not JSON"),
    ],
)
def test_a_message_says_what_the_file_is(name, content, what, write, refused, tmp_path):
    path = write(name, content)
    assert what in refused("score", path)
    told = refused("convert", path, tmp_path / "o.csv")
    assert what in told
    assert str(path) in told


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (json.dumps([ROW]), "got one JSON array"),
        (json.dumps([ROW, ROW], indent=1), "got one JSON array"),
        (json.dumps({"messages": [ROW]}), "got one JSON value of another kind"),
        (json.dumps({"a": 1}, indent=2), "got one JSON value of another kind"),
        (json.dumps([{"data": {}, "annotations": []}]), "got one JSON array"),
        ("3", "got one JSON value of another kind"),
    ],
)
def test_a_json_file_that_is_no_datapack_says_what_it_is(content, what, write, refused, tmp_path):
    path = write("a.json", content)
    assert what in refused("convert", path, tmp_path / "o.csv")
    assert ".json is one JSON value" in refused("score", path)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("rows.csv", PIZZA, "holds rows of CSV"),
        ("rows.csv", "label;text\nsecrecy;hi\n", "holds rows of CSV"),
        ("rows.tsv", PIZZA.replace(",", "\t"), "holds rows of CSV"),
        ("rows.jsonl", lines(ROW), "holds message rows"),
        ("array.json", json.dumps([ROW]), "holds one JSON array"),
        (
            "chat.jsonl",
            lines({"messages": [{"role": "user", "content": "hi"}]}),
            "holds conversations of another tool",
        ),
    ],
)
@pytest.mark.parametrize(
    "command", [["evaluate", "--out", "e"], ["train", "--out", "m.safetensors"], ["corpus", "check"]]
)
def test_what_is_no_corpus_says_what_it_is(
    command, name, content, what, write, refused, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert what in refused(*command, write(name, content))


@pytest.mark.parametrize(
    ("name", "what"),
    [
        (
            "shipped.conversation-text.safetensors",
            "is a conversation model, which stands beside a message model",
        ),
        ("train_split.conversation-both.safetensors", "is a conversation model"),
        ("chat.csv", "not a readable .safetensors model file"),
        ("folder", "a folder; name a model file"),
        ("pattern.toml", "not a readable .safetensors model file"),
        ("nosuch.safetensors", "no such model file"),
    ],
)
def test_a_model_that_is_none_says_what_it_is(name, what, write, refused, tmp_path):
    (tmp_path / "folder").mkdir()
    write("chat.csv", PIZZA)
    write("pattern.toml", "description = 'x'\n")
    path = train_split_model().with_name(name)
    path = path if path.exists() else tmp_path / name
    assert what in refused("score", tmp_path / "chat.csv", "--model", path)


@pytest.mark.parametrize(
    "command",
    [
        ["evaluate", "data/synthetic/v2", "--transfer", "nosuch", "--out", "e"],
        ["evaluate", "data/synthetic/v2", "--model", "nosuch.safetensors", "--out", "e"],
        ["threshold", "data/synthetic/v2", "--fpr", "0.1", "--model", "nosuch.safetensors"],
        ["tradeoff", "data/synthetic/v2", "--policies", "nosuch", "--out", "t"],
        ["tradeoff", "data/synthetic/v2", "--attack", "nosuch", "--out", "t"],
        ["convert", "nosuch.csv", "o.csv"],
        ["convert", "README.md", "o.csv", "--scores", "nosuch", "--from", "csv"],
        ["demo", "--no-open", "--corpus", "nosuch"],
    ],
    ids=" ".join,
)
def test_a_missing_path_is_noticed_first(command, refused, tmp_path, monkeypatch):
    read_corpus, told = corpus_folder.read_corpus, ""

    def watched(*arguments, **options):  # a module that is first imported here keeps it
        assert told, "read before the missing path was noticed"
        return read_corpus(*arguments, **options)

    monkeypatch.setattr(corpus_folder, "read_corpus", watched)
    told = refused(*[part if part not in ("e", "t", "o.csv") else tmp_path / part for part in command])
    assert "nosuch" in told
    assert "No such file" in told or "no such model" in told


# J. Formats and habits.


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("lines.ndjson", "\ufeff" + lines(ROW).replace("\n", "\r\n")),
        ("lines.NDJSON", lines(ROW)),
        ("lines.ndjson.gz", gzip.compress(lines(ROW).encode())),
        ("lines.ndjson.zst", pa.Codec("zstd").compress(lines(ROW).encode(), asbytes=True)),
        ("rows.tsv", PIZZA.replace(",", "\t")),
        ("rows.tsv.gz", gzip.compress(PIZZA.replace(",", "\t").encode())),
        ("rows.CSV", PIZZA.replace("\n", "\r\n")),
    ],
)
def test_usual_endings_are_read(name, content, write, rows_of):
    for command in ("score", "convert"):
        [row], _ = rows_of(command, write(name, content))
        assert (row["conversation_id"], row["author"], row["text"]) == ("c1", "ann", "pizza")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "don\u2019t tell"),
        ("latin-1", "caf\xe9"),
        ("cp1251", "\u043f\u0438\u0446\u0446\u0430"),
        ("shift_jis", "\u30d4\u30b6"),
        ("utf-16", "na\xefve \N{SLICE OF PIZZA}"),
        ("utf-8-sig", "na\xefve"),
        ("cp437", "\xe9t\xe9"),
    ],
)
def test_another_encoding_is_read_when_told(encoding, text, write, rows_of, refused):
    path = write("chat.csv", (HEAD + f"c1,ann,{text}\n" * 3).encode(encoding))
    for command in ("score", "convert"):
        assert [row["text"] for row in rows_of(command, path, "--encoding", encoding)[0]] == [text] * 3
    if not encoding.startswith("utf-8"):
        assert "--encoding" in refused("score", path)


@pytest.mark.parametrize("encoding", ["klingon", "base64", "rot13", "", "utf-9"])
def test_an_encoding_that_is_none_is_refused(encoding, write, refused):
    assert f"encoding {encoding!r}" in refused("score", write("a.csv", PIZZA), "--encoding", encoding)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@sum(a1)", "\tx", "\rx", '=HYPERLINK("http://x.example","pizza")']
)
def test_formulas_pass_through_unless_the_result_is_to_be_safe(text, write, rows_of):
    path = write("chat.jsonl", lines(ROW | {"text": text, "author": text, "mood": text}))
    [row], _ = rows_of("score", path)
    assert (row["text"], row["author"], row["mood"]) == (text, text, text)
    [row], _ = rows_of("score", path, "--safe-for-spreadsheets")
    assert (row["text"], row["author"], row["mood"]) == (f"'{text}", f"'{text}", f"'{text}")
    assert 0 <= float(row["secrecy"]) <= 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--delimiter", ";"],
        ["--encoding", "cp1252"],
        ["--column", "text=body"],
        ["--skip-bad"],
        ["--safe-for-spreadsheets"],
        ["--format", "csv"],
        ["--conversation-id", "x"],
        ["--day-first"],
    ],
)
def test_an_option_of_files_is_refused_for_a_text(arguments, refused):
    assert f"{arguments[0]}: is for files of messages, and this is a text" in refused(
        "score", "pizza?", *arguments
    )


@pytest.mark.parametrize("delimiter", [";", "|", "\t", "\\t", ":"])
def test_any_character_may_separate(delimiter, write, rows_of):
    character = "\t" if delimiter == "\\t" else delimiter
    path = write(
        "chat.csv", PIZZA.replace(",", character) + f'"a{character}b"{character}x{character}"y""z"\n'
    )
    found, _ = rows_of("score", path, "--delimiter", delimiter)
    assert [row["conversation_id"] for row in found] == ["c1", f"a{character}b"]
    assert found[1]["text"] == 'y"z'


@pytest.mark.parametrize("delimiter", [";;", '"', "\n", "\u00a7", "ab"])
def test_a_delimiter_that_is_none_is_refused(delimiter, write, refused):
    assert "expected one character" in refused("score", write("a.csv", PIZZA), "--delimiter", delimiter)


def test_files_of_other_columns_are_not_read_as_one(write, refused):
    one, other = write("one.csv", PIZZA), write("other.csv", "text,mood\npizza,calm\n")
    assert "other.csv: has the columns" in refused("score", one, other)


@pytest.mark.parametrize(
    "name", ["\\ud800", "a\\udfff", "\\u0000", "\\ud800\\ud800", "x\\u0000y", "\\udc00\\n"]
)
def test_a_key_that_no_file_can_hold_is_a_column_all_the_same(name, write, rows_of):
    path = write("chat.jsonl", f'{{"text": "pizza", "{name}": "calm"}}\n')
    [row], _ = rows_of("score", path)
    assert [value for column, value in row.items() if "\ufffd" in column] == ["calm"]


@pytest.mark.parametrize("time", [10**400, -(10**400), 1e308, 10**18, -1])
def test_a_number_that_is_no_time_is_refused_in_one_line(time, write, refused, tmp_path):
    path = write("chat.jsonl", lines(ROW | {"time": time}))
    told = refused("convert", path, tmp_path / "o.csv")
    assert "chat.jsonl:1: time " in told
    assert "is not between 1970 and the year 9999" in told


def corpus_record(**changes):
    record = json.loads(CORPUS_RECORD.read_text(encoding="utf-8"))
    return {**record, "messages": [record["messages"][0] | changes]}


@pytest.mark.parametrize("text", ["a\0b", "\0", "\0\0", "its\0our secret", "\n\0"])
@pytest.mark.parametrize("out", ["s.csv", "s.jsonl", "s.parquet"])
def test_a_corpus_with_nul_in_a_text_comes_out_with_a_replacement(text, out, write, run, tmp_path):
    run("score", write("chat.jsonl", lines(corpus_record(text=text, personal=[]))), "--out", tmp_path / out)
    files = open_rows(tmp_path / out)
    [row] = [row for block in files.blocks() for row in read_block(block).table.to_pylist()]
    assert row["text"] == text.replace("\0", "\ufffd")


@pytest.mark.parametrize("label", ["a" * 3000, "b\n" * 500, "\ud800" * 999, '"' * 2000, "x" * 100_000])
def test_a_fault_is_told_briefly_however_long_the_faulty_value(label, write, run):
    content = lines(corpus_record(labels=[label]), corpus_record())
    _, err = run("score", write("chat.jsonl", content), code=2)
    assert err.count("\n") == 1
    assert len(err) < 700
