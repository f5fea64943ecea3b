"""What we write we read: any Unicode and any length, through every writer and its reader."""

from __future__ import annotations

import gzip
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
from classifier.readers.any_format import read
from classifier.readers.checked_values import NO_TIME, cleaned
from classifier.readers.corpus_jsonl import compressing, read_conversations, to_jsonl
from classifier.readers.external_conversations import external_conversation
from classifier.readers.other_formats.coop import coop_line
from classifier.readers.other_formats.datapack import written_datapack
from classifier.readers.other_formats.label_studio import read_annotations, to_tasks
from classifier.readers.other_formats.pan12 import authors_file, lines_file, read_authors, read_lines
from classifier.readers.rows.file_endings import packing
from classifier.readers.rows.message_rows import MESSAGE_COLUMNS, message_rows
from classifier.readers.rows.read_block import _strict_rows, numbered_rows, read_block
from classifier.readers.rows.row_files import open_rows
from classifier.readers.rows.row_writer import csv_lines, json_lines
from classifier.records import Message
from classifier.taxonomy import LABELS

FIXTURES = Path(__file__).parent / "fixtures"
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


PLAIN = ["csv", "tsv", "jsonl", "parquet"]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "=", "pizza", ""]
MINUTES = st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1)).map(
    lambda time: time.replace(microsecond=0)
)


def table_of(rows):
    return pa.table({name: [cleaned(row[at]) for row in rows] for at, name in enumerate(COLUMNS)})


def written(folder, kind, rows):
    path = Path(folder) / f"rows.{kind}"
    if packing(path):
        plain = written(folder, kind.partition(".")[0], rows).read_bytes()
        packed = (
            gzip.compress(plain) if kind.endswith("gz") else pa.Codec("zstd").compress(plain, asbytes=True)
        )
        path.write_bytes(packed)
    elif kind == "parquet":
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


@pytest.mark.parametrize("kind", [*PLAIN, "csv.gz", "tsv.zst", "jsonl.gz", "jsonl.zst"])
@settings(max_examples=40)
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
    for name, author, text, *time in rows:
        at = time[0] if time else datetime(2031, 1, 6)
        by_id.setdefault(cleaned(name).strip(), []).append(
            Message(author=cleaned(author).strip(), time=at, text=cleaned(text))
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


@pytest.mark.parametrize("delimiter", [",", "\t"])
@settings(max_examples=60)
@given(texts=st.lists(TEXT | st.sampled_from(FORMULAS), min_size=1, max_size=8))
@example(texts=FORMULAS)
def test_rows_safe_for_spreadsheets_begin_no_formula_and_read_back_but_for_an_apostrophe(delimiter, texts):
    texts = list(map(cleaned, texts))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("rows.csv" if delimiter == "," else "rows.tsv")
        table = pa.table({"text": texts, "mood": [""] * len(texts)})
        header = f"text{delimiter}mood\n".encode()
        path.write_bytes(header + csv_lines(table, delimiter=delimiter, is_safe=True))
        back = [row["text"] for _, row in numbered_rows(open_rows(path, required=("text",)), stop)]
    assert not any(text.startswith(("=", "+", "-", "@", "\t", "\r")) for text in back)
    begins_one = [text[:1] in ("=", "+", "-", "@", "\t", "\r") and text != "" for text in texts]
    assert back == [f"'{text}" if is_one else text for text, is_one in zip(texts, begins_one, strict=True)]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "csv.gz", "jsonl.zst"])
@settings(max_examples=30)
@given(rows=st.lists(st.tuples(NAME, NAME, TEXT, MINUTES | st.just(NO_TIME)), min_size=1, max_size=6))
def test_converted_messages_read_back_with_author_time_text_and_line(kind, rows):
    told = conversations(rows)
    found = [row for conversation in told for row in message_rows(conversation)]
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / f"rows.{kind.partition('.')[0]}"
        if plain.suffix == ".csv":
            lines = csv_lines(pa.Table.from_pylist(found))
            plain.write_bytes((",".join(MESSAGE_COLUMNS) + "\n").encode() + lines)
        else:
            plain.write_bytes(json_lines(found))
        path = Path(folder) / f"rows.{kind}"
        if kind.endswith("gz"):
            path.write_bytes(gzip.compress(plain.read_bytes()))
        elif kind.endswith("zst"):
            path.write_bytes(pa.Codec("zstd").compress(plain.read_bytes(), asbytes=True))
        back = list(read(path))
    assert [c.id for c in back] == [c.id for c in told]
    for conversation, expected in zip(back, told, strict=True):
        assert [(m.author, m.time, m.text) for m in conversation.messages] == [
            (m.author, m.time, m.text) for m in expected.messages
        ]
        assert [m.line for m in conversation.messages] == list(range(1, len(expected.messages) + 1))


@settings(max_examples=40)
@given(rows=st.lists(st.tuples(NAME, NAME, TEXT), min_size=1, max_size=6))
def test_a_convokit_corpus_reads_back_in_the_order_of_its_replies(rows):
    told = conversations(rows)
    utterances = [
        {
            "id": f"{at}-{line}",
            "conversation_id": conversation.id,
            "speaker": message.author,
            "reply_to": f"{at}-{line - 1}" if line else None,
            "text": message.text,
            "timestamp": None,
        }
        for at, conversation in enumerate(told)
        for line, message in enumerate(conversation.messages)
    ]
    with tempfile.TemporaryDirectory() as folder:
        for ascii_only in (False, True):
            lines = [json.dumps(utterance, ensure_ascii=ascii_only) + "\n" for utterance in utterances]
            (Path(folder) / "utterances.jsonl").write_text("".join(lines), encoding="utf-8", newline="")
            back = {c.id: [(m.author, m.text) for m in c.messages] for c in read(Path(folder))}
            assert back == {c.id: [(m.author, m.text) for m in c.messages] for c in told}


@settings(max_examples=40)
@given(
    rows=st.lists(st.tuples(NAME, NAME, TEXT), min_size=1, max_size=6),
    chosen=st.lists(st.sets(st.sampled_from(LABELS)), min_size=6, max_size=6),
)
def test_label_studio_gives_back_what_was_chosen_about_which_message(rows, chosen):
    tasks = to_tasks(conversations(rows))
    for task, labels in zip(tasks, chosen, strict=False):
        result = {"from_name": "labels", "type": "choices", "value": {"choices": sorted(labels)}}
        task["annotations"] = [{"completed_by": 7, "result": [result]}]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.json"
        path.write_text(json.dumps(tasks), encoding="utf-8")
        table = read_annotations(path)
    of_tasks = [(task["data"]["conversation"], task["data"]["index"]) for task in tasks]
    assert list(zip(table["conversation"], table["index"], strict=True)) == of_tasks
    found = [{label for label in LABELS if row[label]} for row in table.to_dict("records")]
    assert found == chosen[: len(tasks)]


@settings(max_examples=40)
@given(texts=st.lists(TEXT.map(cleaned).filter(str.strip), min_size=1, max_size=6))
def test_a_corpus_reads_back_to_equal_records_also_packed(texts):
    record = json.loads((FIXTURES / "corpus_record.json").read_text(encoding="utf-8"))
    message = {name: value for name, value in record["messages"][0].items() if name != "personal"}
    with tempfile.TemporaryDirectory() as folder:
        first, again, packed = (Path(folder) / name for name in ("a.jsonl", "b.jsonl", "b.jsonl.gz"))
        first.write_text(json.dumps(record | {"messages": [message | {"text": text} for text in texts]}))
        told = read_conversations(first)
        again.write_bytes(to_jsonl(told))
        with packed.open("wb") as file, compressing(file) as stream:
            stream.write(to_jsonl(told))
        assert [m.text for m in told[0].messages] == texts
        assert read_conversations(again) == read_conversations(packed) == told


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
