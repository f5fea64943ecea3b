#!/usr/bin/env python
"""Does anything that is read from outside end otherwise than well or with one clear line? Damages valid files at random and reads them.

Every reader, the model files, a monitor's state, policy and phrase files, and the demo page get damaged copies of small valid inputs: bytes flipped, cut, doubled, moved between
inputs, and replaced by awkward pieces; model files also with their hash put right, so that what comes after it is reached. An ``InputError`` is a refusal; any other
exception is a crash, and so is a result that breaks a promise. The same seed gives the same inputs.

    scripts/dev/fuzz.py --n 20000 --seed 0

Inputs lie in a temporary folder: TMPDIR=/dev/shm, in memory, is many times faster than a busy disk. ``scripts/dev/fuzz_guided.py`` goes on from here, guided by coverage.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import importlib.util
import io
import json
import random
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
from safetensors.numpy import load, save

from classifier.corpus.families import read_phrase_file
from classifier.errors import InputError
from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.conversation.features import HEAD_FEATURES
from classifier.model.conversation.file import load_conversation_model, save_conversation_model
from classifier.model.conversation.monitor import Monitor
from classifier.model.file_container import content_sha256
from classifier.model.message.batch import BatchScorer
from classifier.model.message.file import load_model, save_model
from classifier.model.message.operating_points import OPERATING_POINTS, MessageOperatingPoint
from classifier.model.message.stage_classifier import fit_message_model
from classifier.privacy.policies.policy import read_policy
from classifier.readers.any_format import read
from classifier.readers.checked_values import MAX_CHARACTERS, name_key, nearly_equal, shown
from classifier.readers.corpus_jsonl import read_conversations
from classifier.readers.fault_handling import stop
from classifier.readers.other_formats.label_studio import read_annotations
from classifier.readers.other_formats.pan12 import read_authors, read_lines
from classifier.readers.rows.cell_time import cell_time, readable_time
from classifier.readers.rows.column_names import NAMES, chosen_columns
from classifier.readers.rows.file_endings import ROW_FORMATS
from classifier.readers.rows.read_block import numbered_rows
from classifier.readers.rows.row_files import RowFiles, RowOptions, open_rows
from classifier.readers.rows.row_writer import csv_lines
from classifier.records import Metadata
from classifier.taxonomy import COLUMNS, CONVERSATION_LABELS, LABELS

ROOT = Path(__file__).parent.parent.parent
FIXTURES = ROOT / "tests" / "fixtures"
HEAD = "text"
TEXT = "dont tell your mum, pizza at 6"
HEADINGS = f"{'target':<16}{'inputs':>8}{'refused':>9}{'crashed':>9}{'slowest s':>11}"

AWKWARD = [
    *(
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\r",
        b"\r\n",
        b"\n",
        b"\x1b[31m",
        b"\xe2\x80\xae",
        b"'",
        b'"',
        b'""',
        b",",
        b"\t",
        b"\\",
    ),
    *(
        b"null",
        b"true",
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"-1",
        b"0",
        b"99999999999999999999",
        b"9" * 4400,
        b"0.1",
        b"[]",
        b"{}",
        b"[" * 2000,
        b'{"a":' * 2000,
        b'"\\ud800"',
    ),
    *(
        b"</message>",
        b"<conversation>",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
        b"&a;",
        b"&amp;",
        b"<![CDATA[",
        b"]]>",
        b"<!--",
        b"<?xml version='1.0' encoding='utf-16'?>",
    ),
    *(
        b"25:61",
        b"2031-01-06T12:00:00Z",
        b"0000-00-00",
        b"label,chatName,segment\n",
        b'"line": 3, ',
        b'"time": "x", ',
        b"z" * 3000,
        b"= 5\n",
        b"[[family]]\n",
        b"[a|b]",
        b"{slot}",
    ),
]

VALUES = [
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    0.5,
    -0.0,
    1e308,
    float("nan"),
    float("inf"),
    2**31,
    2**63,
    2**70,
    "",
    "x",
    "1",
    "\ud800",
    "\0",
    "a" * 3000,
    [],
    [1, 2],
    {},
    {"a": 1},
    [[]],
    [None],
]

CORPUS_RECORD = json.loads((ROOT / "tests" / "fixtures" / "corpus_record.json").read_text(encoding="utf-8"))
ANNOTATIONS = [
    {
        "data": {"conversation": "a1", "index": 1, "generator_labels": ["meeting"]},
        "annotations": [
            {"completed_by": 1, "result": [{"from_name": "labels", "value": {"choices": ["meeting"]}}]}
        ],
    }
]


TIMES = [
    *("2031-01-06T12:00:00", "2031-01-06 12:00:00.250 UTC", "2031-01-06T12:00:00+01:00", "20310106123000"),
    *(
        "1767520800",
        "1767520800000",
        "1767520800.25",
        "4.1.2026 9:30",
        "04/01/2026, 10:30",
        "2026/01/04 10:00",
    ),
    *("60", "45292.5", "noon", ""),
]
HEADERS = [
    "conversation_id\nauthor\ntime\ntext\nmood",
    "Chat ID\nSpeaker\nSent-At\nBody\nsecrecy\ninput_secrecy",
    "text\nzo\u00eb\nzoe\u0308\n\uff33am\nSAM \N{CHERRY BLOSSOM}",
]


@dataclass
class Target:
    """What is fuzzed: valid inputs, and what reads the file that a damaged one is written to. ``name`` is the file's name in a folder of its own.

    ``damage`` makes inputs in the form of the target; where it is ``sealed``, packed or hashed, other changes of its bytes only meet the seal.
    """

    name: str
    valid: list[bytes]
    run: Callable[[Path, random.Random], object]
    damage: Callable[[bytes, list[bytes], random.Random], bytes] | None = None
    sealed: bool = False


@dataclass
class Count:
    """How the inputs of one target ended; ``slowest`` is in seconds."""

    inputs: int = 0
    refusals: int = 0
    crashes: list[str] = field(default_factory=list)
    slowest: float = 0.0


def damaged(valid: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """``valid`` with one to eight things done to it."""
    content = bytearray(valid)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        start, end = sorted((rng.randint(0, len(content)), rng.randint(0, len(content))))
        end = min(end, start + 200)
        match rng.randrange(8):
            case 0 if content:
                content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            case 1:
                content[start:start] = rng.choice(AWKWARD)
            case 2:
                content[start:end] = rng.choice(AWKWARD)
            case 3:
                del content[start:end]
            case 4:
                content[start:start] = content[start:end]
            case 5:
                del content[start:]
            case 6:
                other = rng.choice(others)
                place = rng.randint(0, len(other))
                content[start:end] = other[place : place + rng.randint(0, 200)]
            case _:
                words = bytes(content).split(b'"')
                words[rng.randrange(len(words))] = rng.choice(AWKWARD)
                content[:] = b'"'.join(words)
    return bytes(content)


def damaged_json(valid: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """The bytes damaged, or one or two values inside the JSON of a line, or of the whole, replaced, left out or doubled."""
    if rng.random() < 0.4:
        return damaged(valid, others, rng)
    try:
        whole = [json.loads(valid)]
    except ValueError:
        whole = [json.loads(line) for line in valid.splitlines() if line.strip()]
    for _ in range(rng.choice((1, 1, 2))):
        places = [
            (parent, key)
            for parent in _containers(whole)
            for key in (parent if isinstance(parent, dict) else range(len(parent)))
        ]
        parent, key = rng.choice(places)
        match rng.randrange(4):
            case 0 if len(parent) > 1:
                del parent[key]
            case 1 if isinstance(parent, list):
                parent.append(deepcopy(parent[key]))
            case 2:
                parent[key] = deepcopy(rng.choice(places)[0])
            case _:
                parent[key] = deepcopy(rng.choice(VALUES))
    return b"\n".join(json.dumps(value).encode() for value in whole)


def _containers(value: object) -> Iterator[dict | list]:
    if isinstance(value, dict | list) and value:
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _containers(inner)


def damaged_gzip(valid: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """The packed file damaged, or what was packed."""
    if rng.random() < 0.5:
        return damaged(valid, others, rng)
    return gzip.compress(
        damaged(gzip.decompress(valid), [gzip.decompress(other) for other in others], rng), compresslevel=1
    )


def damaged_zstd(valid: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """The packed file damaged, or what was packed."""
    if rng.random() < 0.5:
        return damaged(valid, others, rng)
    inside, *other = [
        pyarrow.CompressedInputStream(pyarrow.py_buffer(packed), "zstd").read() for packed in (valid, *others)
    ]
    return pyarrow.Codec("zstd").compress(damaged(inside, other, rng), asbytes=True)


def damaged_model(valid: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """The file's bytes damaged, or its arrays and its header, with the hash put right again."""
    if rng.random() < 0.3:
        return damaged(valid, others, rng)
    arrays = load(valid)
    header = json.loads(
        json.loads(valid[8 : 8 + int.from_bytes(valid[:8], "little")])["__metadata__"]["header"]
    )
    for _ in range(rng.choice((1, 1, 2))):
        name, other = rng.choice(sorted(arrays)), rng.choice(sorted(arrays))
        array = arrays[name]
        match rng.randrange(8):
            case 0:
                arrays[name], arrays[other] = arrays[other], arrays[name]
            case 1:
                arrays[name] = array[: rng.randint(0, len(array))]
            case 2:
                arrays[name] = np.concatenate([array, array])
            case 3:
                with np.errstate(invalid="ignore", over="ignore"):
                    arrays[name] = array.astype(
                        rng.choice(["float32", "int64", "uint8", "float64", "int8", "bool"])
                    )
            case 4 if array.size:
                changed = array.astype(np.float64).ravel()
                changed[rng.randrange(changed.size)] = rng.choice([np.nan, np.inf, -1.0, 2.0**62, 1e308, 0.0])
                with np.errstate(invalid="ignore", over="ignore"):
                    arrays[name] = changed.astype(array.dtype).reshape(array.shape)
            case 5:
                arrays[name] = array.reshape(rng.choice([(1, -1), (-1, 1), (-1,)])) if array.size else array
            case 6:
                del arrays[name]
                if not arrays:
                    arrays["weights"] = array
            case _:
                header[rng.choice(sorted(header))] = rng.choice(
                    [
                        None,
                        0,
                        -1,
                        2**70,
                        "x",
                        float("inf"),
                        [],
                        {},
                        [1, 2, 3],
                        [["words"]],
                        {"word_ngrams": [0, 99]},
                        1e308,
                    ]
                )
                if isinstance(header.get("options"), dict) and header["options"] and rng.random() < 0.5:
                    header["options"][rng.choice(sorted(header["options"]))] = rng.choice(
                        [None, 0, -5, "x", [], [1, 99], [2, 1], [1, 2, 3], True, 10**9]
                    )
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    header["sha256"] = content_sha256(arrays, header)
    return save(arrays, metadata={"header": json.dumps(header, sort_keys=True)})


def read_all(path: Path, rng: random.Random, *, format: str = "auto") -> None:
    """Reads in one of the two manners, and holds what comes out against what is promised."""
    faults: list[str] = []
    for conversation in read(path, format=format, on_fault=rng.choice((stop, faults.append))):
        assert not conversation.synthetic
        assert conversation.messages
        assert conversation.id
        for message in conversation.messages:
            assert len(message.text) <= MAX_CHARACTERS
            assert message.time.tzinfo is None
            message.text.encode("utf-8")
            message.author.encode("utf-8")
    for fault in faults:
        _check_line(fault, path)


def _check_line(fault: str, path: Path) -> None:
    assert "\n" not in fault, f"a fault of more than one line: {fault[:200]!r}"
    assert path.stem in fault or path.parent.name in fault, f"a fault that names no file: {fault[:200]!r}"
    assert len(fault) < 1500, f"a fault of {len(fault)} characters"


def use_message_model(path: Path, rng: random.Random) -> None:
    """Loads a message model and, when it loads, scores a text with every engine."""
    model = load_model(path)
    scores = BatchScorer(model).probabilities([TEXT, ""])
    assert np.isfinite(scores).all()
    assert ((scores >= 0) & (scores <= 1)).all()


def use_conversation_model(path: Path, rng: random.Random) -> None:
    """Loads a conversation model and, when it loads, follows a message with it."""
    conversation_model = load_conversation_model(path)
    known = None if conversation_model.head == "text" else Metadata("online", "unstated", "unstated", 1)
    assert (
        0
        <= Monitor(conversation_model, metadata=known, sender="ann").update(
            "ann", np.full(len(COLUMNS), 0.5), datetime(2031, 1, 6)
        )
        <= 1
    )


def states_of(conversation_models: list[ConversationModel]) -> Iterator[bytes]:
    """States of monitors that have seen some messages."""
    for conversation_model in conversation_models:
        known = None if conversation_model.head == "text" else Metadata("online", "unstated", "unstated", 1)
        monitor = Monitor(conversation_model, metadata=known, sender="ann")
        yield monitor.state().encode()
        for author in ("ann", "bob", "ann"):
            monitor.update(author, np.full(len(COLUMNS), 0.9), datetime(2031, 1, 6))
        yield monitor.state().encode()


def rows_of(path: Path, rng: random.Random) -> None:
    """Reads as ``score`` does, cut in two ways; what comes out is the same, and reads back from CSV."""
    options = RowOptions(conversation_id="c" if rng.random() < 0.05 else "")
    files = open_rows(path, options, required=("text",))
    whole, faults = _rows_read(files, 1 << 19)
    assert (whole, faults) == _rows_read(files, rng.choice((1, 7, 60, 300)))
    for fault in faults:
        _check_line(fault, path)
    columns = list(files.columns.results)
    names = [f"c{number}" for number in range(len(columns))]
    table = pyarrow.table(
        {
            name: pyarrow.array(
                [
                    "" if row.get(column) is None else str(row[column]).encode("utf-8", "replace").decode()
                    for row in whole
                ],
                pyarrow.string(),
            )
            for name, column in zip(names, columns, strict=True)
        }
    )
    again = path.with_name("again.csv")
    again.write_bytes((",".join(names) + "\n").encode() + csv_lines(table))
    text = RowOptions(columns={"text": names[columns.index("text")]})
    back, faults = _rows_read(open_rows(again, text, required=("text",)), 1 << 19)
    assert not faults
    assert [row["text"] for row in back] == [row["text"] or "" for row in whole]


ENCODINGS = ["utf-8", "UTF8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le", "shift_jis", "ascii"]


def row_options(rng: random.Random) -> RowOptions:
    """Options of reading rows, each left out of most inputs: as users would name them, and as nobody would."""
    drawn = {
        "format": ROW_FORMATS,
        "columns": [{field: name} for field in NAMES for name in ("text", "author", " line ", "", "\ud800")],
        "delimiter": [",", ";", ";", "\t", "|", "a", " ", "0", ";;", '"', "\n", "\u00a7"],
        "encoding": ENCODINGS,
        "conversation_id": ["c", " ", "x" * 2000],
        "day_first": [True],
    }
    return RowOptions(**{name: rng.choice(values) for name, values in drawn.items() if rng.random() < 0.15})


def rows_with_options(path: Path, rng: random.Random) -> None:
    """Reads rows under drawn options, as ``score`` and as ``convert`` do."""
    options = row_options(rng)
    for fault in _rows_read(open_rows(path, options, required=("text",)), rng.choice((5, 1 << 19)))[1]:
        _check_line(fault, path)
    faults: list[str] = []
    for conversation in read([path], format="auto", options=options, on_fault=faults.append):
        assert conversation.messages
        for message in conversation.messages:
            message.author.encode("utf-8")
    for fault in faults:
        _check_line(fault, path)


def one_time(path: Path, rng: random.Random) -> None:
    """Reads a cell as a time: as text, and as the JSON value that it may be."""
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    values = [text, text.strip()]
    with suppress(ValueError, RecursionError):
        values.append(json.loads(text))
    for value in values:
        assert getattr(readable_time(value, day_first=True), "tzinfo", None) is None
        refusal = ""
        try:
            cell_time(value, day_first=rng.random() < 0.5)
        except ValueError as error:
            refusal = str(error)
        assert "\n" not in refusal, f"a refusal of more than one line: {refusal[:200]!r}"


def some_names(path: Path, rng: random.Random) -> None:
    """Reads lines as the names of columns and of people."""
    names = path.read_bytes().decode("utf-8", rng.choice(("replace", "surrogateescape"))).split("\n")
    for name in names:
        assert name_key(name_key(name)) == name_key(name)
        assert nearly_equal(name) == nearly_equal(name_key(name))
        assert shown(name).isprintable()
    columns = {rng.choice(list(NAMES)): rng.choice(names)} if rng.random() < 0.3 else {}
    if len(set(names)) == len(names):
        found = chosen_columns(names, where="f.csv:1", columns=columns, required=("text",))
        assert sorted(name for name in found.results.values() if name) == sorted(filter(None, names))


def barely_damaged(valid: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Damaged, or in half of the inputs as it is."""
    return damaged(valid, others, rng) if rng.random() < 0.5 else valid


def damaged_text(valid: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Damaged, as UTF-8 all the same in half of the inputs."""
    content = damaged(valid, others, rng)
    if rng.random() < 0.5:
        return content
    text = list(content.decode("utf-8", "ignore"))
    for _ in range(rng.randint(1, 4)):
        text.insert(
            rng.randint(0, len(text)),
            chr(rng.choice((rng.randrange(0xD800), rng.randrange(0xE000, 0x110000)))),
        )
    return "".join(text).encode()


def _rows_read(files: RowFiles, size: int) -> tuple[list[dict[str, Any]], list[str]]:
    faults: list[str] = []
    return [row for _, row in numbered_rows(files, faults.append, size=size)], faults


def targets(folder: Path) -> dict[str, Target]:
    """Everything that is fuzzed. The models in it are fitted on a few words, in ``folder``."""
    fixture = {path.name: path.read_bytes() for path in FIXTURES.iterdir() if path.is_file()}
    csv_rows = b'conversation_id,author,time,text,line,conversation_label\na,ann,2031-01-06T12:00:00,pizza,1,benign\na,bob,,"at 6, ok",2,benign\nb,cleo,60,raid,1,\n'
    parquet = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pandas(pd.read_csv(io.BytesIO(csv_rows))), parquet)
    timed = io.BytesIO()
    moments = pyarrow.array([0, 60, None], pyarrow.timestamp("us"))
    strings = {
        "conversation_id": ["a", "a", "b"],
        "author": ["ann", "bob", "cleo"],
        "text": ["pizza", "at 6, ok", "raid"],
    }
    pyarrow.parquet.write_table(
        pyarrow.table(
            strings
            | {"time": moments.cast(pyarrow.timestamp("us", tz="Europe/Riga")), "day": moments.cast("date32")}
        ),
        timed,
        compression="none",
        use_dictionary=False,
    )
    zstd = pyarrow.Codec("zstd").compress(csv_rows, asbytes=True)
    found = {
        "csv": Target("f.csv", [csv_rows, fixture["chat.csv"]], read_all),
        "csv.gz": Target("f.csv.gz", [gzip.compress(csv_rows)], read_all, damaged_gzip, sealed=True),
        "csv.zst": Target("f.csv.zst", [zstd], read_all, damaged_zstd, sealed=True),
        "jsonl": Target(
            "f.jsonl",
            [fixture["chat.jsonl"]],
            lambda path, rng: read_all(path, rng, format="jsonl"),
            damaged_json,
        ),
        "parquet": Target("f.parquet", [parquet.getvalue(), timed.getvalue()], read_all),
        "pan12": Target("f.xml", [fixture["pan12.xml"]], read_all),
        "panc": Target("f.csv", [fixture["panc.csv"]], lambda path, rng: read_all(path, rng, format="panc")),
        "convokit": Target(
            "utterances.jsonl",
            [(FIXTURES / "convokit" / "utterances.jsonl").read_bytes()],
            lambda path, rng: read_all(path.parent, rng),
            damaged_json,
        ),
        "old convokit": Target(
            "utterances.json",
            [(FIXTURES / "convokit_old" / "utterances.json").read_bytes()],
            lambda path, rng: read_all(path.parent, rng),
            damaged_json,
        ),
        "datapack": Target("f.json", [fixture["datapack.json"]], read_all, damaged_json),
        "corpus": Target(
            "f.jsonl",
            [(json.dumps(CORPUS_RECORD) + "\n").encode()],
            lambda path, rng: read_conversations(path),
            damaged_json,
        ),
        "rows csv": Target("f.csv", [csv_rows], rows_of),
        "rows jsonl": Target(
            "f.jsonl", [fixture["chat.jsonl"].replace(b" 2,", b' "2",')], rows_of, damaged_json
        ),
        "rows parquet": Target("f.parquet", [parquet.getvalue(), timed.getvalue()], rows_of),
        "rows tsv": Target("f.tsv", [csv_rows.replace(b",", b"\t")], rows_of),
        "rows csv.gz": Target("f.csv.gz", [gzip.compress(csv_rows)], rows_of, damaged_gzip, sealed=True),
        "rows corpus": Target(
            "f.jsonl", [(json.dumps(CORPUS_RECORD) + "\n").encode() * 2], rows_of, damaged_json
        ),
        "row options": Target(
            "f.csv",
            [
                csv_rows,
                csv_rows.replace(b",", b";"),
                csv_rows.decode().encode("utf-16"),
                fixture["chat.jsonl"],
            ],
            rows_with_options,
            barely_damaged,
        ),
        "times": Target("f.txt", [time.encode() for time in TIMES], one_time, damaged_text),
        "names": Target("f.txt", [name.encode() for name in HEADERS], some_names, damaged_text),
        "annotations": Target(
            "f.json",
            [json.dumps(ANNOTATIONS).encode()],
            lambda path, rng: read_annotations(path),
            damaged_json,
        ),
        "authors": Target("f.txt", [b"ann\nbob\n"], lambda path, rng: read_authors(path)),
        "lines": Target("f.txt", [b"c1\t1\nc1\t12\n"], lambda path, rng: read_lines(path)),
        "policy": Target(
            "f.toml",
            [
                path.read_bytes()
                for path in sorted((ROOT / "classifier" / "privacy" / "policies").glob("*.toml"))
            ],
            lambda path, rng: read_policy(path),
        ),
        "phrases": Target(
            "f.toml",
            [
                _first_families(path)
                for path in sorted((ROOT / "classifier" / "corpus" / "phrases").rglob("*.toml"))[:6]
            ],
            _read_phrases,
        ),
    }
    found |= _model_targets(folder)
    if importlib.util.find_spec("starlette") is not None:
        found["demo page"] = _demo_target(folder)
    return found


def _first_families(path: Path) -> bytes:
    return b"[[family]]".join(path.read_bytes().split(b"[[family]]")[:3])


def _read_phrases(path: Path, rng: random.Random) -> None:
    read_phrase_file(path)


def _model_targets(folder: Path) -> dict[str, Target]:
    texts = [
        "keep it secret",
        "so pretty today",
        "meet at noon",
        "pizza is hot",
        "only i get you",
        "how old are you",
        "same town as me",
        "come on do it",
    ]
    table = pd.DataFrame(
        {"text": texts}
        | {label: [int(position == at) for at in range(len(texts))] for position, label in enumerate(LABELS)}
    )
    half = MessageOperatingPoint(np.full(len(LABELS), 0.5), ((1, 2),) * len(LABELS), ((0, 3),) * len(LABELS))
    points = dict.fromkeys(OPERATING_POINTS, half)
    message_model_files = []
    for number, options in enumerate(
        ({"min_df": 1}, {"min_df": 1, "char_ngrams": None, "word_ngrams": (1, 1), "word_pairs": None})
    ):
        path = folder / f"stage{number}.safetensors"
        save_model(
            path,
            fit_message_model(table, **options),
            operating_points=points,
            corpus_sha256="c",
            training_families=["a"],
            seed=0,
        )
        message_model_files.append(path.read_bytes())
    conversation_models, conversation_model_files = [], []
    for head, names in HEAD_FEATURES.items():
        path = folder / f"{head}.safetensors"
        conversation_models.append(
            ConversationModel(
                head, np.linspace(-1, 2, len(names)), -1.0, 1.3, 0.2, np.full(len(LABELS), 0.5), 0.5
            )
        )
        save_conversation_model(
            path, conversation_models[-1], message_model_sha256="abc", corpus_sha256="def", seed=0
        )
        conversation_model_files.append(path.read_bytes())

    def resume(path: Path, rng: random.Random) -> None:
        try:
            state = path.read_bytes().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise InputError("f.json: not text") from None
        own = next(
            (model for model in conversation_models if model.fingerprint in state), conversation_models[0]
        )
        monitor = Monitor.resume(own, state)
        assert 0 <= monitor.update("cleo", np.full(len(COLUMNS), 0.5), datetime(2031, 1, 6)) <= 1
        assert isinstance(monitor.state(), str)

    return {
        "message model": Target(
            "f.safetensors", message_model_files, use_message_model, damaged_model, sealed=True
        ),
        "conversation model": Target(
            "f.safetensors", conversation_model_files, use_conversation_model, damaged_model, sealed=True
        ),
        "monitor state": Target("f.json", list(states_of(conversation_models)), resume, damaged_json),
    }


def _demo_target(folder: Path) -> Target:
    """The demo page's views, sent damaged fields: an input is a path, "?" and what is sent, as the form of a POST where the view takes one."""
    from classifier.app.demo_data import load_demo
    from classifier.app.page_views import PAGE_VIEWS
    from classifier.app.server import build_app

    corpus = folder / "corpus.jsonl"
    messages = [CORPUS_RECORD["messages"][0] | {"author": author, "personal": []} for author in "scs"]
    corpus.write_text(
        "".join(
            json.dumps(CORPUS_RECORD | {"id": f"a{n}", "split": "test", "label": label, "messages": messages})
            + "\n"
            for n, label in enumerate(CONVERSATION_LABELS)
        )
    )
    app = build_app(
        load_demo(folder / "stage0.safetensors", folder / "text.safetensors", corpus=corpus), port=80
    )
    form_paths = {view.path.encode() for view in PAGE_VIEWS if view.accepts_post}
    headers = [(b"host", b"localhost"), (b"content-type", b"application/x-www-form-urlencoded")]

    async def answered(content: bytes) -> int:
        path, _, fields = content.partition(b"?")
        post = path in form_paths
        scope = {
            "type": "http",
            "method": "POST" if post else "GET",
            "path": path.decode("latin-1"),
            "query_string": b"" if post else fields,
            "headers": headers,
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": fields if post else b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await app(scope, receive, send)
        return sent[0]["status"]

    def run(path: Path, rng: random.Random) -> None:
        status = asyncio.run(answered(path.read_bytes()))
        assert status < 500, f"answered with {status}"
        if status >= 400:
            raise InputError(f"answered with {status}")

    sent = [
        "/message?text=dont+tell+your+mum",
        "/message?example=1",
        "/guess?id=a1&step=2&vote=w&votes=1f",
        "/reviewer?one_in=100&minutes=20&queue=1&decisions=pdr&now=p&answers=k",
        "/dial?step=5&one_in=1000",
        "/teach?text1=our+secret&label1=secrecy&try1=pizza",
        "/policies?prevalence=0.01&volume=1000&a=x&rate_a=0.01",
    ]
    return Target(
        "f.txt",
        [each.encode() for each in [*sent, "/limits?tpr=0.9&fpr=0.01&one_in=1000", "/about?", "/?x=1"]],
        run,
    )


def attempt(
    target: Target, content: bytes, rng: random.Random, *, path: Path, count: Count, keep: Path | None
) -> None:
    """Read one input, written to ``path``, and count how it ended. A crash's input goes to the folder ``keep``."""
    path.write_bytes(content)
    number, n_before = count.inputs, len(count.crashes)
    count.inputs += 1
    began = perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            target.run(path, rng)
    except InputError as error:
        count.refusals += 1
        if "\n" in str(error):
            count.crashes.append(f"input {number}: a refusal of more than one line: {str(error)[:300]!r}")
    except Exception:
        count.crashes.append(f"input {number}: {traceback.format_exc(limit=-4)}")
    count.slowest = max(count.slowest, perf_counter() - began)
    if keep is not None and len(count.crashes) > n_before:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{path.parent.name}-{number}-{target.name}").write_bytes(content)


def fuzz(target: Target, n: int, *, seed: str, folder: Path, keep: Path | None) -> Count:
    """``n`` damaged inputs of one target, each read in ``folder``. A crash's input goes to the folder ``keep``."""
    count = Count()
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(n):
        rng = random.Random(f"{seed}:{number}")
        content = (target.damage or damaged)(rng.choice(target.valid), target.valid, rng)
        attempt(target, content, rng, path=folder / target.name, count=count, keep=keep)
    return count


def row(name: str, counts: list[Count]) -> str:
    """One line of the table: the sums of the counts, and the slowest input."""
    n_crashes = sum(len(count.crashes) for count in counts)
    return f"{name:<16}{sum(count.inputs for count in counts):>8}{sum(count.refusals for count in counts):>9}{n_crashes:>9}{max(count.slowest for count in counts):>11.3f}"


def show_crashes(counts: dict[str, Count]) -> int:
    """Print the first crashes of each target; returns 1 when there are any."""
    for name, count in counts.items():
        for crash in count.crashes[:3]:
            print(f"\n{name}, {crash}", file=sys.stderr)
    return 1 if any(count.crashes for count in counts.values()) else 0


def main() -> int:
    """Returns 1 when anything crashed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--n", type=int, default=2000, help="how many inputs, over all targets (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="the seed of the draws (default %(default)s)")
    parser.add_argument("--only", default="", help="only targets whose name holds this")
    parser.add_argument("--keep", type=Path, help="a folder for the inputs that crash")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chosen = {name: target for name, target in targets(folder).items() if options.only in name}
        if not chosen:
            print(f"fuzz: no target's name holds {options.only!r}", file=sys.stderr)
            return 2
        print(HEADINGS)
        counts = {}
        for name, target in chosen.items():
            count = counts[name] = fuzz(
                target,
                -(-options.n // len(chosen)),
                seed=f"{options.seed}:{name}",
                folder=folder / name.replace(" ", "_"),
                keep=options.keep,
            )
            print(row(name, [count]), flush=True)
    print(row("all", list(counts.values())))
    return show_crashes(counts)


if __name__ == "__main__":
    sys.exit(main())
