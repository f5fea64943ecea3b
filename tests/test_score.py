"""Scoring a file: the same bytes however it is cut, taken up where a killed run ended, and a clean end when something gives out."""

from __future__ import annotations

import csv
import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifier.cli.main import main
from classifier.cli.score import STOPPED
from classifier.readers.rows.block_cutter import Place
from classifier.readers.rows.read_block import read_block
from classifier.readers.rows.row_files import open_rows
from classifier.taxonomy import LABELS
from classifier.workflows.scoring import scoring_run
from classifier.workflows.scoring.block_scoring import score_blocks
from classifier.workflows.scoring.finished_blocks import ScoredBlock, open_finished_blocks
from classifier.workflows.scoring.joined_results import write_result
from classifier.workflows.scoring.scoring_plan import ScoringPlan

LINES = [
    "dont tell your mum, its our secret",
    "ok pizza",
    "two\nlines",
    'she said "hi", twice',
    "so pretty",
    "i can pick you up at six",
    "",
    "naïve 🍕",
]
KINDS = ["csv", "jsonl", "parquet"]


def rows(n):
    return [
        {
            "conversation_id": f"c{number % 7}",
            "author": f"a{number % 3}",
            "text": LINES[number % len(LINES)],
            "time": f"2031-01-06T10:{number % 60:02}",
        }
        for number in range(n)
    ]


def write(path, some):
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(some), path, row_group_size=37)
    elif path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, some[0])
            writer.writeheader()
            writer.writerows(some)
    else:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in some), encoding="utf-8")
    return path


def read(path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    with path.open(newline="", encoding="utf-8") as stream:
        return (
            list(csv.DictReader(stream)) if path.suffix == ".csv" else [json.loads(line) for line in stream]
        )


def table_rows(blocks):
    return [row for block in blocks for row in read_block(block).table.to_pylist()]


def score(source, out, model, *options):
    assert main(["score", str(source), "--out", str(out), "--model", str(model), *options]) == 0
    return out.read_bytes()


@pytest.fixture
def chat(tmp_path):
    return write(tmp_path / "chat.jsonl", rows(200))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("out", KINDS)
def test_every_format_in_gives_the_same_scores_in_every_format_out(kind, out, tmp_path, small_model):
    source = write(tmp_path / f"chat.{kind}", rows(100))
    score(source, tmp_path / f"scores.{out}", small_model)
    found = read(tmp_path / f"scores.{out}")
    assert [[row[name] for name in ("conversation_id", "author", "text", "time")] for row in found] == [
        list(row.values()) for row in rows(100)
    ]
    score(write(tmp_path / "plain.csv", rows(100)), tmp_path / "plain_scores.csv", small_model)
    for row, expected in zip(found, read(tmp_path / "plain_scores.csv"), strict=True):
        assert [f"{float(row[label]):.8g}" for label in LABELS] == [expected[label] for label in LABELS]
        assert row["stages"] == expected["stages"]


@pytest.mark.parametrize("level", ["message", "conversation", "sender"])
@pytest.mark.parametrize("out", KINDS)
def test_blocks_and_processes_change_no_byte(level, out, chat, small_model, tmp_path):
    from classifier.model.conversation.file import load_conversation_model
    from classifier.model.shipped_models import conversation_model_path

    conversation_model = (
        None if level == "message" else load_conversation_model(conversation_model_path(small_model))
    )
    plan = ScoringPlan(open_rows(chat), level, out)
    results = []
    for size in (1, 1000, 1 << 20):
        path = tmp_path / f"{size}.{out}"
        with path.open("wb") as stream:
            write_result(
                stream,
                plan,
                score_blocks(plan, small_model, plan.files.blocks(size=size), jobs=1),
                conversation_model,
            )
        results.append(path.read_bytes())
    assert results[0] == results[1] == results[2]
    if out != "parquet":
        assert (
            score(chat, tmp_path / f"two.{out}", small_model, "--level", level, "--jobs", "2") == results[0]
        )


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_read_on_from_the_end_of_any_block(kind, tmp_path):
    file = open_rows(write(tmp_path / f"chat.{kind}", rows(100)))
    blocks = list(file.blocks(size=500))
    assert len(blocks) > 5
    for number, block in enumerate(blocks):
        rest = table_rows(file.blocks(block.end, size=300))
        assert rest == table_rows(blocks[number + 1 :])


@pytest.mark.parametrize("packed", ["gz", "zst"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_packed_file_scores_as_the_plain_one(kind, packed, tmp_path, small_model):
    plain = write(tmp_path / f"chat.{kind}", rows(50))
    path = tmp_path / f"chat.{kind}.{packed}"
    if packed == "gz":
        path.write_bytes(gzip.compress(plain.read_bytes()))
    else:
        path.write_bytes(pa.Codec("zstd").compress(plain.read_bytes(), asbytes=True))
    assert score(path, tmp_path / "packed.csv", small_model) == score(
        plain, tmp_path / "plain.csv", small_model
    )
    file = open_rows(path)
    first, *_ = file.blocks(size=700)
    assert table_rows(file.blocks(first.end)) == rows(50)[len(table_rows([first])) :]


def command(source, out, model, *options):
    return [
        sys.executable,
        "-m",
        "classifier.cli.main",
        "score",
        str(source),
        "--out",
        str(out),
        "--model",
        str(model),
        *options,
    ]


def started_and_ended(source, out, model, end, *options):
    """A run that is sent ``end`` once it has written its first part. It is a nice one, so that on a busy machine it is not through before this process gets its turn, and it
    hears an interrupt also where the tests run in the background of a shell, which has its children ignore it."""
    run = subprocess.Popen(
        ["nice", "-n", "19", *command(source, out, model, *options)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    parts = out.with_name(out.name + ".parts")
    for _ in range(6000):
        if any(parts.glob("*.piece")):
            break
        assert run.poll() is None
        time.sleep(0.01)
    run.send_signal(end)
    _, said = run.communicate(timeout=60)
    return run.returncode, said


@pytest.fixture(scope="module")
def long_chat(tmp_path_factory):
    return write(
        tmp_path_factory.mktemp("long") / "chat.jsonl", [row | {"more": "x" * 1500} for row in rows(16_000)]
    )


@pytest.mark.parametrize(("out", "jobs"), [("scores.csv", "1"), ("scores.parquet", "2")])
def test_a_killed_run_goes_on_to_the_same_bytes(out, jobs, long_chat, small_model, tmp_path, capsys):
    out = tmp_path / out
    code, _ = started_and_ended(long_chat, out, small_model, signal.SIGKILL, "--jobs", jobs)
    assert code == -signal.SIGKILL
    assert not out.exists()
    resumed = score(long_chat, out, small_model)
    assert "messages that are already scored" in capsys.readouterr().err
    assert resumed == score(long_chat, tmp_path / f"whole{out.suffix}", small_model)
    assert not (tmp_path / f"{out.name}.parts").exists()


def test_an_interrupted_run_says_in_one_line_how_to_go_on(long_chat, small_model, tmp_path):
    out = tmp_path / "scores.csv"
    code, said = started_and_ended(long_chat, out, small_model, signal.SIGINT, "--jobs", "2")
    assert code == STOPPED
    assert len(said.strip().splitlines()) == 1
    assert "the same command goes on from there" in said
    assert not out.exists()


def test_parts_of_another_input_are_not_gone_on_from(long_chat, small_model, tmp_path, capsys):
    out = tmp_path / "scores.csv"
    started_and_ended(long_chat, out, small_model, signal.SIGKILL)
    other = write(tmp_path / "other.jsonl", rows(20))
    score(other, out, small_model)
    assert "already scored" not in capsys.readouterr().err
    assert len(read(out)) == 20
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_damaged_part_and_all_after_it_are_made_anew(tmp_path):
    out, about = tmp_path / "out", {"input": "x"}
    with suppress(KeyboardInterrupt), open_finished_blocks(out, about) as (finished, _):
        for number in range(3):
            finished.add(ScoredBlock(Place(0, number + 1, number + 1), 0.1, 10, b"part"))
        raise KeyboardInterrupt
    [second] = (tmp_path / "out.parts").glob("000001-*.piece")
    second.write_bytes(second.read_bytes().replace(b"part", b"pant"))
    with suppress(KeyboardInterrupt), open_finished_blocks(out, about) as (finished, _):
        assert finished.n_messages == 10
        assert finished.end == Place(0, 1, 1)
        raise KeyboardInterrupt


def test_two_runs_never_write_the_same_parts(tmp_path, chat, small_model, capsys):
    with suppress(KeyboardInterrupt), open_finished_blocks(tmp_path / "scores.csv", {}):
        assert (
            main(["score", str(chat), "--out", str(tmp_path / "scores.csv"), "--model", str(small_model)])
            == 2
        )
        raise KeyboardInterrupt
    assert "another run is writing it" in capsys.readouterr().err


def test_a_full_disk_ends_with_one_line_and_the_next_run_goes_on(long_chat, small_model, tmp_path):
    out = tmp_path / "scores.csv"
    limit = 9 << 20  # one part fits, the joined file of two does not
    done = subprocess.run(
        command(long_chat, out, small_model),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "cannot be written: File too large" in done.stderr
    assert not out.exists()
    assert score(long_chat, out, small_model) == score(long_chat, tmp_path / "whole.csv", small_model)


@pytest.mark.parametrize("n", [3, 2000], ids=["all still in the buffer", "more than the buffer"])
def test_a_full_standard_output_ends_with_one_line(n, small_model, tmp_path):
    chat = write(tmp_path / "chat.jsonl", rows(n))
    whole = [sys.executable, "-m", "classifier.cli.main", "score", str(chat), "--model", str(small_model)]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with open("/dev/full", "wb") as full:
        done = subprocess.run(whole, env=buffered, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert (
        done.stderr.strip()
        == "grooming-classifier: standard output: cannot be written: No space left on device"
    )


def test_a_reader_that_goes_away_is_no_error(long_chat, small_model):
    whole = [
        sys.executable,
        "-m",
        "classifier.cli.main",
        "score",
        str(long_chat),
        "--model",
        str(small_model),
    ]
    with subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stdout.readline().startswith(b'{"conversation_id": "c0"')
        run.stdout.close()
        assert run.stderr.read() == b""
    assert run.returncode == STOPPED


def test_an_error_in_the_input_names_its_line_and_leaves_nothing(tmp_path, small_model, capsys):
    path = write(tmp_path / "chat.jsonl", rows(20))
    path.write_text(path.read_text() + '{"conversation_id": "c1", "author": "a"}\n')
    assert main(["score", str(path), "--out", str(tmp_path / "scores.csv"), "--model", str(small_model)]) == 2
    assert "chat.jsonl:21: text: expected a string" in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == ["chat.jsonl"]


def test_an_input_that_grows_while_it_is_read_is_refused(chat, small_model, tmp_path, capsys, monkeypatch):
    def grown(*arguments, **options):
        os.utime(chat, ns=(0, 0))
        return score_blocks(*arguments, **options)

    monkeypatch.setattr(scoring_run, "score_blocks", grown)
    assert main(["score", str(chat), "--out", str(tmp_path / "scores.csv"), "--model", str(small_model)]) == 2
    assert "was changed while it was read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "chat.jsonl.gz",
            gzip.compress(b'{"conversation_id": "c", "author": "a", "text": "hi"}\n' * 999)[:60],
            "chat.jsonl.gz: cannot be read: Compressed file ended before",
        ),
        ("chat.csv.zst", b"conversation_id,author,text\n", "chat.csv.zst: cannot be read: ZSTD"),
        (
            "chat.csv.gz",
            b"conversation_id,author,text\n",
            "chat.csv.gz: cannot be read: Not a gzipped file",
        ),
        ("chat.parquet", b"PAR1 and nothing", "chat.parquet: not a readable Parquet file"),
        ("chat.parquet.gz", b"", "expected a name ending in"),
        (
            "chat.jsonl",
            b'{"conversation_id": "c", "author": "a", "text": "caf\xe9"}\n',
            "chat.jsonl:1: not UTF-8",
        ),
        ("chat.jsonl", b"[" * 100_000, "chat.jsonl:1: a JSON array, not one object a line"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(name, content, message, tmp_path, small_model, capsys):
    path = tmp_path / name
    path.write_bytes(content)
    assert main(["score", str(path), "--out", str(tmp_path / "out.csv"), "--model", str(small_model)]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    "strange",
    [
        pa.array([2**62]).cast(pa.timestamp("us")),
        pa.array([0], pa.timestamp("us", tz="Nowhere/Town")),
        pa.Array.from_buffers(
            pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")]
        ),
    ],
    ids=["the year 148107", "an unknown time zone", "text that is not UTF-8"],
)
def test_a_parquet_value_that_python_has_no_form_for_is_one_line(strange, tmp_path, small_model, capsys):
    pq.write_table(
        pa.table({"conversation_id": ["c"], "author": ["a"], "text": ["pizza"], "at": strange}),
        tmp_path / "chat.parquet",
    )
    assert (
        main(
            [
                "score",
                str(tmp_path / "chat.parquet"),
                "--out",
                str(tmp_path / "out.csv"),
                "--model",
                str(small_model),
            ]
        )
        == 2
    )
    error = capsys.readouterr().err
    assert "chat.parquet: rows 1 to 1: a value that cannot be read (" in error
    assert error.count("\n") == 1


def test_a_parquet_file_without_texts_is_refused(tmp_path, small_model, capsys):
    pq.write_table(
        pa.table({"conversation_id": ["c"], "author": ["a"], "text": [1]}), tmp_path / "chat.parquet"
    )
    assert main(["score", str(tmp_path / "chat.parquet"), "--model", str(small_model)]) == 2
    assert "column 'text' holds int64, expected strings" in capsys.readouterr().err


def test_the_other_columns_of_parquet_keep_their_types(tmp_path, small_model):
    at = datetime(2031, 1, 6, 10)
    pq.write_table(
        pa.table(
            {
                "conversation_id": ["c"],
                "author": pa.array(["a"]).dictionary_encode(),
                "text": ["ok pizza"],
                "at": [at],
                "n": [3],
            }
        ),
        tmp_path / "chat.parquet",
    )
    score(tmp_path / "chat.parquet", tmp_path / "scores.parquet", small_model)
    assert read(tmp_path / "scores.parquet")[0] | {"at": at, "n": 3} == read(tmp_path / "scores.parquet")[0]
    score(tmp_path / "chat.parquet", tmp_path / "scores.csv", small_model)
    assert read(tmp_path / "scores.csv")[0]["at"] == "2031-01-06T10:00:00"


def test_a_column_that_the_first_row_has_not_is_refused_for_csv_and_kept_for_jsonl(
    tmp_path, small_model, capsys
):
    path = write(tmp_path / "chat.jsonl", [*rows(2), rows(1)[0] | {"mood": "calm"}])
    assert main(["score", str(path), "--out", str(tmp_path / "scores.csv"), "--model", str(small_model)]) == 2
    assert "column 'mood' is in a row but not in the first one" in capsys.readouterr().err
    score(path, tmp_path / "scores.jsonl", small_model)
    assert read(tmp_path / "scores.jsonl")[2]["mood"] == "calm"


def test_half_a_surrogate_pair_never_breaks_a_result(tmp_path, small_model):
    path = tmp_path / "chat.jsonl"
    path.write_text('{"conversation_id": "c", "author": "a", "text": "lone \\ud800"}\n')
    texts = []
    for kind in KINDS:
        score(path, tmp_path / f"scores.{kind}", small_model)
        texts.append(read(tmp_path / f"scores.{kind}")[0]["text"])
    assert texts == ["lone \ufffd"] * 3


def test_a_sender_is_scored_over_all_conversations_from_its_own_side(tmp_path, small_model):
    from classifier.model.conversation.features import author_slots, running_features
    from classifier.model.conversation.file import load_conversation_model
    from classifier.model.message.file import load_model
    from classifier.model.shipped_models import conversation_model_path

    some, conversation_model, model = (
        rows(90),
        load_conversation_model(conversation_model_path(small_model)),
        load_model(small_model),
    )
    score(write(tmp_path / "chat.csv", some), tmp_path / "senders.csv", small_model, "--level", "sender")
    highest = {"a0": [], "a1": [], "a2": []}
    for conversation in range(7):
        here = [row for row in some if row["conversation_id"] == f"c{conversation}"]
        authors = [row["author"] for row in here]
        found, written = running_features(
            "text",
            conversation_model.thresholds,
            model.scores(row["text"] for row in here),
            authors,
            half_life=conversation_model.half_life,
        )
        log_odds = conversation_model.log_odds(found, np.arange(1, len(here) + 1)[:, None])
        for author, slot in dict(zip(authors, author_slots(authors), strict=True)).items():
            highest[author].append(log_odds[written[:, slot], slot].max())
    found = read(tmp_path / "senders.csv")
    assert [row["author"] for row in found] == ["a0", "a1", "a2"]
    for row in found:
        scores = 1 / (1 + np.exp(-np.array(highest[row["author"]])))
        assert float(row["score"]) == pytest.approx(scores.max(), rel=1e-6)
        assert (int(row["conversations"]), int(row["flagged"])) == (
            7,
            (scores >= conversation_model.alert_threshold).sum(),
        )


def test_one_text_is_scored_without_tables(small_model):
    code = "import sys\nfrom classifier.cli.main import main\nmain(['score', 'hi', '--model', sys.argv[1]])\nprint([m for m in ('pyarrow', 'pandas', 'sklearn', 'scipy') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(small_model)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().endswith("[]")


def refused(capsys, *arguments):
    assert main(list(map(str, arguments))) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    return line


@pytest.mark.parametrize("level", ["message", "conversation"])
def test_the_file_that_is_scored_is_never_overwritten(level, chat, small_model, capsys):
    before = chat.read_bytes()
    link = chat.with_name("link.csv")
    link.symlink_to(chat)
    for out in (chat, link):
        line = refused(capsys, "score", chat, "--level", level, "--out", out, "--model", small_model)
        assert "is the file that is scored" in line
    assert chat.read_bytes() == before


def test_an_empty_text_is_refused(small_model, capsys):
    assert "the text is empty" in refused(capsys, "score", "", "--model", small_model)


def test_a_folder_is_never_scored_as_a_text(tmp_path, small_model, capsys):
    assert "is a folder" in refused(capsys, "score", tmp_path, "--model", small_model)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("twice.csv", "conversation_id,author,text,text\nc,a,pizza,raid\n", "column 'text' stands twice"),
        ("twice.csv", "text,conversation_id,author,author\nc,a,b,c\n", "column 'author' stands twice"),
        (
            "twice.jsonl",
            '{"conversation_id": "c", "author": "a", "text": "pizza", "text": ""}\n',
            "key 'text' stands twice",
        ),
    ],
)
def test_a_column_or_key_that_stands_twice_is_refused(name, content, fault, tmp_path, small_model, capsys):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert fault in refused(capsys, "score", path, "--model", small_model)


def test_what_a_terminal_cannot_show_is_replaced(small_model):
    command = [
        sys.executable,
        "-m",
        "classifier",
        "score",
        "pizza \N{SLICE OF PIZZA}",
        "--model",
        str(small_model),
    ]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONIOENCODING": "cp1252"}, capture_output=True, check=True
    )
    assert done.stdout.splitlines()[0] == b"pizza ?"


@pytest.mark.parametrize(
    "option", [["--operating-point", "strict"], ["--threshold", "secrecy=0.4"], ["--tactics"], ["--known"]]
)
@pytest.mark.parametrize("level", ["conversation", "sender"])
def test_an_option_of_messages_is_refused_where_it_does_nothing(level, option, tmp_path, capsys):
    rows = tmp_path / "rows.csv"
    rows.write_text("conversation_id,author,text\nc1,ann,pizza\n", encoding="utf-8")
    assert main(["score", str(rows), "--level", level, *option]) == 2
    assert f"{option[0]}: " in capsys.readouterr().err
