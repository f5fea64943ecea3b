"""What we write we read: any Unicode and any length, through every writer and its reader."""

from __future__ import annotations

import json
import tempfile
from datetime import datetime
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from classifier.errors import InputError
from classifier.readers.external import cleaned, external_conversation
from classifier.readers.outside.coop import coop_line
from classifier.readers.outside.datapack import written_datapack
from classifier.readers.outside.label_studio import to_tasks
from classifier.readers.outside.pan12 import authors_file, lines_file, read_authors, read_lines
from classifier.readers.read import read
from classifier.readers.rows.read_block import _strict_rows, numbered_rows, read_block
from classifier.readers.rows.table import open_rows
from classifier.readers.rows.writer import csv_lines, json_lines
from classifier.records import Message

TEXT = st.text(alphabet=st.characters(), max_size=30) | st.text(alphabet='",;\t\r\n\0 =a\u2028', max_size=12)
CELL = st.sampled_from(
    [
        *(
            "a",
            "a,b,c\n",
            '"x\ny",b,c\n',
            '"a",b,"c"\r\n',
            'a,"b""b",c\n',
            '"a"b,b,c\n',
            'a"b,b,c\n',
            'a, "b",c\n',
        ),
        *('"', '""', ",", "\n", "\r", "\r\n", 'a,b"\n"c,d\n', 'a,b,"c\n'),
    ]
)
"""Pieces of CSV, whole rows and broken ones."""
NAME = TEXT.filter(lambda text: cleaned(text).strip())
ROWS = st.lists(st.tuples(NAME, TEXT, TEXT), min_size=1, max_size=8)
COLUMNS = ("conversation_id", "author", "text")
AWKWARD = [
    ("c", "a", "two\rlines"),
    ("c", "a", 'she said "hi", twice'),
    ("c", "a", '"'),
    ("c", "a", ""),
    ("c", " a ", "\r\n"),
    ("c", "a", "lone \ud800"),
    ("c", "a", "nul \0"),
    ("c", "a", "x" * 200_000),
    ("c", "a", "\ufeff"),
    ("\ufeffc", "", "sep=;"),
]


def table_of(rows):
    return pa.table({name: [cleaned(row[at]) for row in rows] for at, name in enumerate(COLUMNS)})


def written(folder, kind, rows):
    path = Path(folder) / f"rows.{kind}"
    if kind == "parquet":
        pq.write_table(table_of(rows), path)
    elif kind == "jsonl":
        path.write_bytes(json_lines(dict(zip(COLUMNS, row, strict=True)) for row in rows))
    else:
        delimiter = "\t" if kind == "tsv" else ","
        path.write_bytes(
            (delimiter.join(COLUMNS) + "\n").encode() + csv_lines(table_of(rows), delimiter=delimiter)
        )
    return path


def stop(fault):
    raise AssertionError(fault)


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
@settings(max_examples=60)
@given(rows=ROWS, size=st.integers(1, 200))
@example(rows=AWKWARD, size=1)
@example(rows=AWKWARD, size=1 << 20)
def test_rows_read_back_as_they_were_written_however_they_are_cut(kind, rows, size):
    with tempfile.TemporaryDirectory() as folder:
        files = open_rows(written(folder, kind, rows))
        whole, cut = (list(numbered_rows(files, stop, size=size)) for size in (1 << 20, size))
    assert [tuple(row[name] for name in COLUMNS) for _, row in whole] == [
        tuple(map(cleaned, row)) for row in rows
    ]
    assert cut == whole


@settings(max_examples=150)
@given(content=st.lists(CELL, max_size=15).map("".join), size=st.integers(1, 70))
def test_pyarrow_and_the_strict_reader_read_the_same_wherever_both_read(content, size):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_bytes(b"text,author,conversation_id\n" + content.encode())
        told = refusal_of(lambda: require_the_same(path, size))
    assert told == "" or told.startswith(f"{path}:")


def require_the_same(path, size):
    for block in open_rows(path).blocks(size=size):
        quick = read_block(block)
        try:
            strict = _strict_rows(block)
        except InputError as error:
            raise AssertionError(f"read although {error}") from None
        assert quick.table.to_pylist() == strict.table.to_pylist()
        assert quick.faults in ((), strict.faults)
        assert quick.lines is None or list(quick.lines) == strict.lines


def refusal_of(work):
    """The message of an ``InputError`` of ``work``, or empty."""
    try:
        work()
    except InputError as error:
        return str(error)
    return ""


def conversations(rows):
    by_id = {}
    for name, author, text in rows:
        by_id.setdefault(cleaned(name).strip(), []).append(
            Message(author=cleaned(author).strip(), time=datetime(2031, 1, 6), text=cleaned(text))
        )
    return [external_conversation(id_, messages, corpus="toy") for id_, messages in by_id.items()]


@settings(max_examples=60)
@given(rows=st.lists(st.tuples(NAME, NAME, TEXT), min_size=1, max_size=6))
@example(rows=[(id_, author or "a", text) for id_, author, text in AWKWARD])
def test_a_datapack_reads_back_and_other_tools_get_the_texts(rows):
    given_conversations = conversations(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pack.json"
        path.write_bytes(written_datapack(given_conversations, name="pack", predictions={}))
        back = list(read(path))
    texts = [[message.text for message in conversation.messages] for conversation in given_conversations]
    assert [[message.text for message in conversation.messages] for conversation in back] == texts
    tasks = json.loads(json.dumps(to_tasks(given_conversations)))
    assert [task["data"]["text"].partition(": ")[2] for task in tasks] == list(chain(*texts))
    items = [
        json.loads(coop_line(conversation, type_id="m"))["items"] for conversation in given_conversations
    ]
    assert [[item["data"]["text"] for item in some] for some in items] == texts


@settings(max_examples=60)
@given(names=st.sets(NAME.map(lambda name: cleaned(name).strip()), max_size=5))
def test_pan12_answers_read_back_or_are_refused(names):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.txt"
        if not (told := refusal_of(lambda: path.write_bytes(authors_file(names)))):
            assert read_authors(path) == names
        assert told == "" or "ids without spaces only" in told
        pairs = {(name, at) for at, name in enumerate(sorted(names), start=1)}
        if not (told := refusal_of(lambda: path.write_bytes(lines_file(pairs)))):
            assert read_lines(path) == pairs
        assert told == "" or "without tabs and line breaks only" in told
