"""Corpora from outside: each format's traps, and that nothing read from them is trained on. The fixtures are small and our own."""

from __future__ import annotations

import csv
import gzip
import json
import pickle
import tracemalloc
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest

from classifier.cli.main import main
from classifier.errors import InputError
from classifier.evaluation.sender_metrics import pan12_f05, pan12_f3
from classifier.model.conversation.fit import fit_conversation_model
from classifier.model.message.stage_classifier import fit_message_model
from classifier.readers.any_format import FORMATS, read, sniffed
from classifier.readers.checked_values import NO_TIME
from classifier.readers.external_conversations import require_speakers
from classifier.readers.messages_table import messages_table
from classifier.readers.other_formats.datapack import written_datapack
from classifier.readers.other_formats.pan12 import authors_file, lines_file, read_authors, read_lines
from classifier.readers.rows.message_predictions import Prediction
from classifier.readers.rows.row_files import RowOptions

FIXTURES = Path(__file__).parent / "fixtures"
EVERY = {
    "chat.csv": "csv",
    "chat.jsonl": "jsonl",
    "pan12.xml": "pan12",
    "panc.csv": "panc",
    "convokit": "convokit",
    "convokit_old": "convokit",
    "datapack.json": "datapack",
}


def texts(path, **options):
    return {
        conversation.id: [message.text for message in conversation.messages]
        for conversation in read(path, **options)
    }


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


@pytest.mark.parametrize(("name", "format_"), EVERY.items())
def test_a_format_is_known_by_name_and_first_line(name, format_):
    assert sniffed(FIXTURES / name) == format_


@pytest.mark.parametrize("name", EVERY)
def test_what_comes_from_outside_is_not_synthetic(name):
    assert {conversation.synthetic for conversation in read(FIXTURES / name)} == {False}


def test_the_projects_own_corpus_stays_synthetic(small_corpus):
    path = small_corpus / "test.jsonl.gz"
    assert sniffed(path) == "corpus"
    assert next(read(path)).synthetic is True


def test_a_corpus_of_the_project_is_read_as_zst_too(write):
    record = (FIXTURES / "corpus_record.json").read_bytes().replace(b"\n", b"")
    path = write("own.jsonl.zst", pyarrow.Codec("zstd").compress(record, asbytes=True))
    assert [conversation.id for conversation in read(path)] == ["a1"]


def test_every_format_but_three_has_a_fixture():
    assert set(FORMATS) - set(EVERY.values()) == {"corpus", "parquet", "tsv"}


# Nothing from outside is trained on.


def test_a_message_model_is_not_fitted_on_outside_messages():
    with pytest.raises(ValueError, match="synthetic conversations only, got 3 messages of others"):
        fit_message_model(messages_table(read(FIXTURES / "chat.csv")))


def test_a_pattern_scorer_is_not_fitted_on_outside_conversations():
    outside = list(read(FIXTURES / "datapack.json"))
    with pytest.raises(ValueError, match="train has conversations that are not synthetic"):
        fit_conversation_model(
            outside, None, outside, None, head="metadata", thresholds=np.full(7, 0.5), seed=0
        )


@pytest.mark.parametrize("name", EVERY)
def test_train_refuses_every_outside_corpus(name, tmp_path, capsys):
    assert main(["train", str(FIXTURES / name), "--out", str(tmp_path / "model.safetensors")]) == 2
    assert not (tmp_path / "model.safetensors").exists()
    assert "Traceback" not in capsys.readouterr().err


# Tables.


def test_columns_are_found_by_their_usual_names():
    assert texts(FIXTURES / "chat.csv") == {"a1": ["pizza at 6, or 7?", "six"], "a2": ["homework done?"]}


def test_times_come_out_in_utc_whatever_their_zone():
    first, second = next(read(FIXTURES / "chat.csv")).messages
    assert (first.time, second.time) == (datetime(2031, 1, 6, 11, 0), datetime(2031, 1, 6, 11, 1))


def test_a_message_without_a_time_has_none():
    *_, last = read(FIXTURES / "chat.csv")
    assert last.messages[0].time == NO_TIME


def test_csv_jsonl_and_parquet_of_the_same_messages_read_alike(tmp_path):
    rows = [
        {"conversation_id": "a", "author": "ann", "text": "pizza, at 6"},
        {"conversation_id": "a", "author": "bob", "text": "ok"},
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "chat.csv", index=False)
    (tmp_path / "chat.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "chat.parquet")
    found = [
        [conversation.messages for conversation in read(tmp_path / f"chat.{ending}")]
        for ending in ("csv", "jsonl", "parquet")
    ]
    assert found[0] == found[1] == found[2]
    assert [message.text for message in found[0][0]] == ["pizza, at 6", "ok"]


def test_a_column_can_be_named(write):
    path = write("chat.csv", "room,who,said\nr1,ann,training at 5\n")
    assert texts(
        path, options=RowOptions(columns={"conversation_id": "room", "author": "who", "text": "said"})
    ) == {"r1": ["training at 5"]}


def test_a_column_that_is_not_found_tells_which_there_are_and_how_to_name_it(write):
    with pytest.raises(
        InputError,
        match=r"chat.csv:1: no column for author; the columns are conversation_id, who, text: say which, e.g. --column author=NAME",
    ):
        list(read(write("chat.csv", "conversation_id,who,text\nr1,ann,hi\n")))


def test_a_column_that_could_be_two_is_asked_for(write):
    with pytest.raises(
        InputError, match=r"text could be any of message, body; say which, e.g. --column text=message"
    ):
        list(read(write("chat.csv", "conversation_id,author,message,body\nr1,ann,hi,ho\n")))


def test_a_conversation_that_goes_on_after_another_is_put_together(write):
    path = write("chat.csv", "conversation_id,author,text\na,ann,pizza\nb,bob,raid\na,ann,again\n")
    assert texts(path) == {"b": ["raid"], "a": ["pizza", "again"]}


def test_conversations_come_one_at_a_time(write):
    rows = read(write("chat.csv", "conversation_id,author,text\na,ann,pizza\nb,bob,raid\nb,,\n"))
    assert next(rows).id == "a"


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_a_compressed_file_reads_as_the_plain_one(tmp_path, ending):
    plain = (FIXTURES / "chat.csv").read_bytes()
    packed = tmp_path / f"chat.csv.{ending}"
    packed.write_bytes(
        gzip.compress(plain) if ending == "gz" else pyarrow.Codec("zstd").compress(plain, asbytes=True)
    )
    assert texts(packed) == texts(FIXTURES / "chat.csv")


# PAN 2012.


def test_pan12_lines_are_put_in_order_and_an_empty_text_keeps_its_line():
    first = next(read(FIXTURES / "pan12.xml"))
    assert [(message.line, message.text) for message in first.messages] == [
        (1, "pizza at 6 tomorrow?"),
        (2, "yes & bring the others, it's big"),
        (3, ""),
        (5, "can i come too :)"),
    ]


def test_pan12_time_goes_on_past_midnight():
    first = next(read(FIXTURES / "pan12.xml"))
    assert [message.time.isoformat(" ") for message in first.messages] == [
        "1970-01-01 23:58:00",
        "1970-01-01 23:59:00",
        "1970-01-02 00:01:00",
        "1970-01-02 00:02:00",
    ]


def test_a_pan12_clock_that_is_a_minute_late_is_no_new_day(write):
    message = "<message line='{}'><author>ann</author><time>{}</time><text>ok</text></message>"
    path = write(
        "p.xml",
        f"<conversations><conversation id='c'>{message.format(1, '10:05')}{message.format(2, '10:04')}</conversation></conversations>",
    )
    assert [message.time.day for message in next(read(path)).messages] == [1, 1]


def test_a_list_of_authors_labels_pan12():
    labelled = {
        conversation.id: (conversation.label, conversation.sender)
        for conversation in read(FIXTURES / "pan12.xml", pattern_authors={"eve"})
    }
    assert labelled == {"c1": ("benign", "ann"), "c2": ("grooming_pattern", "eve")}


def test_without_a_list_of_authors_pan12_has_no_labels():
    assert {conversation.label for conversation in read(FIXTURES / "pan12.xml")} == {""}


def test_a_pan12_conversation_may_be_long_and_have_many_authors(write):
    body = "".join(
        f"<message line='{n}'><author>a{n % 12}</author><time>10:00</time><text>raid {n}</text></message>"
        for n in range(1, 401)
    )
    [conversation] = read(
        write("p.xml", f"<conversations><conversation id='c'>{body}</conversation></conversations>")
    )
    assert len(conversation.messages) == 400
    assert len({message.author for message in conversation.messages}) == 12


def test_pan12_answers_are_written_as_they_are_read(tmp_path):
    (tmp_path / "authors.txt").write_bytes(authors_file({"dan", "ann"}))
    (tmp_path / "lines.txt").write_bytes(lines_file({("c1", 10), ("c1", 9)}))
    assert (tmp_path / "lines.txt").read_bytes() == b"c1\t9\nc1\t10\n"
    assert read_authors(tmp_path / "authors.txt") == {"ann", "dan"}
    assert read_lines(tmp_path / "lines.txt") == {("c1", 9), ("c1", 10)}


def test_pan12_scores_by_hand():
    # Of the authors found one of two is right and none is missed: P 1/2, R 1, F0.5 = 1.25 * 0.5 / (0.25 * 0.5 + 1).
    assert pan12_f05(read_authors(FIXTURES / "pan12-authors.txt"), {"dan", "eve"}) == pytest.approx(
        0.625 / 1.125
    )
    # Of two lines one is found, nothing else: P 1, R 1/2, F3 = 10 * 0.5 / (9 + 0.5).
    assert pan12_f3(read_lines(FIXTURES / "pan12-lines.txt"), {("c2", 1)}) == pytest.approx(5 / 9.5)


@pytest.mark.parametrize("read_side", [read_authors, read_lines])
def test_the_diff_file_of_pan12_is_not_taken_for_labels(read_side, write):
    with pytest.raises(InputError, match=r"corpus-diff.txt: the diff file of PAN 2012 holds no labels"):
        read_side(write("pan12-corpus-diff.txt", "c1\t1\n"))


# PANC and VTPAN.


def test_a_segment_is_one_message_of_nobody():
    first, second = read(FIXTURES / "panc.csv")
    assert (first.label, second.label) == ("benign", "grooming_pattern")
    assert [(message.author, message.text) for message in second.messages] == [
        ("", 'did you do the homework, "half of it"')
    ]


def test_who_wrote_a_segment_cannot_be_asked():
    with pytest.raises(
        InputError,
        match="conversation 'raid-1' does not say who wrote its messages, so how early a warning comes cannot be told",
    ):
        require_speakers(read(FIXTURES / "panc.csv"), purpose="how early a warning comes")
    require_speakers(read(FIXTURES / "pan12.xml"), purpose="whom to flag")


def test_segments_in_latin_1_are_read(write):
    path = write(
        "panc.csv", 'label,chatName,segment\n"non-predator","x-1","crème brûlée"\n'.encode("latin-1")
    )
    assert texts(path) == {"x-1": ["crème brûlée"]}


@pytest.mark.parametrize("level", ["conversation", "sender"])
def test_segments_are_scored_as_messages_only(level, tmp_path, small_model, capsys):
    rows = tmp_path / "rows.csv"
    assert main(["convert", str(FIXTURES / "panc.csv"), str(rows)]) == 0
    assert main(["score", str(rows), "--model", str(small_model), "--out", str(tmp_path / "scores.csv")]) == 0
    assert main(["score", str(rows), "--model", str(small_model), "--level", level]) == 2
    assert "rows.csv: no message says who wrote it in which conversation" in capsys.readouterr().err


# ConvoKit.


def test_convokit_replies_follow_what_they_reply_to():
    assert texts(FIXTURES / "convokit")["u1"] == ["when is training?", "at five", "see you at training"]


def test_convokit_times_order_a_conversation_even_as_strings():
    assert texts(FIXTURES / "convokit")["v1"] == ["pizza?", "with cheese"]


def test_convokit_times_go_before_replies(tmp_path):
    utterance = {"conversation_id": "u1", "speaker": "ann", "reply_to": None}
    entries = [
        utterance | {"id": id_, "timestamp": time, "text": text}
        for id_, time, text in (
            ("u3", 30, "then pizza"),
            ("u1", 10, "homework first"),
            ("u2", 20, "then training"),
        )
    ]
    (tmp_path / "utterances.jsonl").write_text(
        "".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8"
    )
    assert texts(tmp_path) == {"u1": ["homework first", "then training", "then pizza"]}


def test_old_convokit_names_are_read():
    [conversation] = read(FIXTURES / "convokit_old")
    assert [(message.author, message.text) for message in conversation.messages] == [
        ("ann", "is there training today"),
        ("bob", "no, the pitch is wet"),
    ]


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path(self.target),))


def test_binary_metadata_of_convokit_is_never_opened(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "utterances.jsonl").write_text(
        (FIXTURES / "convokit" / "utterances.jsonl").read_text(encoding="utf-8"), encoding="utf-8"
    )
    bomb = Bomb()
    bomb.target = str(tmp_path / "opened")
    (folder / "mood-bin.p").write_bytes(pickle.dumps(bomb))
    (folder / "index.json").write_text('{"utterances-index": {"mood": ["bin"]}}', encoding="utf-8")
    assert len(list(read(folder))) == 2
    assert not (tmp_path / "opened").exists()


# Datapacks.


def test_nulls_of_a_datapack_keep_their_line_and_separators_have_none():
    first = next(read(FIXTURES / "datapack.json"))
    assert [(message.line, message.text) for message in first.messages] == [
        (1, "training at 5"),
        (3, ""),
        (4, "ok"),
    ]


def test_times_of_a_datapack_are_milliseconds():
    first = next(read(FIXTURES / "datapack.json"))
    assert [first.messages[0].time, first.messages[2].time] == [
        datetime(1970, 1, 1, 0, 1, 1),
        datetime(1970, 1, 1, 0, 2, 0, 500_000),
    ]


def test_a_datapack_comes_back_equal(tmp_path):
    before = list(read(FIXTURES / "datapack.json"))
    path = tmp_path / "again.json"
    path.write_bytes(
        written_datapack(before, name="again", predictions={("training", 3): Prediction(0.75, ("secrecy",))})
    )
    assert list(read(path)) == before
    content = json.loads(path.read_bytes())["chats"]["training"]["content"]
    assert [None if entry is None else entry.get("prediction") for entry in content] == [
        None,
        None,
        0.75,
        None,
    ]


# Faults that are left out.


def test_what_is_left_out_is_told_and_the_rest_is_read(write):
    faults = []
    path = write(
        "chat.jsonl",
        '{"conversation_id": "a", "author": "ann", "text": "pizza"}\nnot json\n{"conversation_id": "a", "author": "ann", "text": 5}\n',
    )
    assert texts(path, on_fault=faults.append) == {"a": ["pizza"]}
    assert [fault.split(": ")[0].rsplit(":")[-1] for fault in faults] == ["2", "3"]


def test_a_long_conversation_is_read(write):
    path = write("chat.csv", "conversation_id,author,text\n" + "a,ann,homework\n" * 100_000)
    [conversation] = read(path)
    assert len(conversation.messages) == 100_000


def test_memory_does_not_grow_with_the_file(write):
    path = write(
        "chat.csv",
        "conversation_id,author,text\n" + "".join(f"c{n},ann,{'pizza ' * 200}\n" for n in range(20_000)),
    )
    tracemalloc.start()
    assert sum(1 for _ in read(path)) == 20_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < path.stat().st_size / 3


# The command.


def test_converted_rows_can_be_scored_and_come_back_as_pan12_answers(tmp_path, capsys, small_model):
    rows, scores, answers = tmp_path / "rows.csv", tmp_path / "scores.csv", tmp_path / "answers.txt"
    source = str(FIXTURES / "pan12.xml")
    assert main(["convert", source, str(rows), "--authors", str(FIXTURES / "pan12-authors.txt")]) == 0
    assert capsys.readouterr().out == f"{rows}: 6 messages of 2 conversations\n"
    with rows.open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    assert table[2] == {
        "conversation_id": "c1",
        "line": "3",
        "author": "ann",
        "time": "1970-01-02T00:01:00",
        "text": "",
        "conversation_label": "benign",
    }
    assert table[4]["time"] == ""
    assert main(["score", str(rows), "--model", str(small_model), "--out", str(scores)]) == 0
    assert (
        main(
            [
                "convert",
                source,
                str(answers),
                "--to",
                "pan12-lines",
                "--scores",
                str(scores),
                "--truth",
                str(FIXTURES / "pan12-lines.txt"),
            ]
        )
        == 0
    )
    assert "to find" in capsys.readouterr().out
    with scores.open(encoding="utf-8", newline="") as stream:
        flagged = {
            (row["conversation_id"], int(row["line"])) for row in csv.DictReader(stream) if row["stages"]
        }
    assert read_lines(answers) == flagged


SCORES = (
    "conversation_id,line,flattery,isolation,info_request,secrecy,meeting,false_affinity,pressure,stages\n"
    "c1,1,.1,.1,.1,.1,.9,.1,.1,meeting\nc1,2,.1,.1,.1,.1,.2,.1,.1,\nc2,1,.1,.1,.8,.1,.1,.1,.1,info_request\n"
)


def test_flagged_authors_are_scored_as_pan12_does(tmp_path, write, capsys):
    answers = tmp_path / "authors.txt"
    command = [
        "convert",
        str(FIXTURES / "pan12.xml"),
        str(answers),
        "--to",
        "pan12-authors",
        "--scores",
        str(write("s.csv", SCORES)),
    ]
    assert main([*command, "--truth", str(FIXTURES / "pan12-authors.txt")]) == 0
    assert answers.read_text(encoding="utf-8") == "ann\ndan\n"
    assert "F0.5 0.5556: 1 right of 2 flagged authors, 1 to find" in capsys.readouterr().out


def test_the_heat_map_of_a_datapack_is_each_messages_highest_probability(tmp_path, write):
    out = tmp_path / "pack.json"
    assert (
        main(
            [
                "convert",
                str(FIXTURES / "pan12.xml"),
                str(out),
                "--to",
                "datapack",
                "--scores",
                str(write("s.csv", SCORES)),
            ]
        )
        == 0
    )
    content = json.loads(out.read_bytes())["chats"]["c1"]["content"]
    assert [None if entry is None else entry.get("prediction") for entry in content] == [
        0.9,
        0.2,
        None,
        None,
        None,
    ]


def test_items_for_coop_carry_ids_and_times(tmp_path):
    out = tmp_path / "items.jsonl"
    assert main(["convert", str(FIXTURES / "chat.csv"), str(out), "--to", "coop", "--type-id", "dm"]) == 0
    first, _ = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    assert first["items"][1] == {
        "id": "a1:2",
        "typeId": "dm",
        "data": {
            "text": "six",
            "conversation_id": "a1",
            "author_id": "bob",
            "line": 2,
            "created_at": "2031-01-06T11:01:00Z",
        },
    }


def test_label_studio_tasks_of_outside_messages_do_not_say_synthetic(tmp_path):
    out = tmp_path / "tasks.json"
    assert main(["convert", str(FIXTURES / "chat.csv"), str(out), "--to", "label-studio"]) == 0
    assert [task["data"]["synthetic"] for task in json.loads(out.read_bytes())] == [False, False, False]


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_converted_rows_read_back_to_the_same_messages(name, ending, tmp_path):
    rows = tmp_path / f"rows.{ending}"
    assert main(["convert", str(FIXTURES / name), str(rows)]) == 0
    before, after = (list(read(path)) for path in (FIXTURES / name, rows))
    assert [conversation.messages for conversation in after] == [
        conversation.messages for conversation in before
    ]
    assert [conversation.label for conversation in after] == [conversation.label for conversation in before]


def test_skip_bad_reports_how_much_was_left_out(write, tmp_path, capsys):
    path = write(
        "chat.jsonl", '{"conversation_id": "a", "author": "ann", "text": "pizza"}\n' + "broken\n" * 12
    )
    assert main(["convert", str(path), str(tmp_path / "rows.csv"), "--skip-bad"]) == 0
    captured = capsys.readouterr()
    assert captured.out.endswith("rows.csv: 1 messages of 1 conversations\n")
    assert captured.err.count("left out: ") == 10
    assert captured.err.endswith(
        "chat.jsonl: 12 faults, each left out, of which the first 10 are named above\n"
    )


def test_strict_stops_at_the_first_fault_and_writes_nothing(write, tmp_path, capsys):
    path = write("chat.jsonl", '{"conversation_id": "a", "author": "ann", "text": "pizza"}\nbroken\n')
    assert main(["convert", str(path), str(tmp_path / "rows.csv")]) == 2
    assert "chat.jsonl:2: not a whole JSON value" in capsys.readouterr().err
    assert not (tmp_path / "rows.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["chat.csv", "rows.txt"],
            "rows.txt: expected a name ending in .csv or .jsonl, or say what to write with --to",
        ),
        (["chat.csv", "chat.csv"], "chat.csv: is the file that is read; name another to write"),
        (["chat.csv", "lines.txt", "--to", "pan12-lines"], "--to pan12-lines: needs --scores"),
        (
            ["chat.csv", "rows.csv", "--truth", "chat.csv"],
            "--truth: goes with --to pan12-authors or pan12-lines",
        ),
        (["chat.csv", "rows.csv", "--column", "text"], "--column text: expected FIELD=NAME, e.g. text=body"),
        (
            ["chat.csv", "rows.csv", "--column", "mood=text"],
            "column 'mood': expected one of conversation_id, author",
        ),
        (
            ["panc.csv", "rows.csv", "--column", "text=segment"],
            "columns can be named for csv, tsv, jsonl, parquet, and other options of rows be given; the format panc has its own names",
        ),
        (
            ["chat.csv", "rows.csv", "--authors", "pan12-authors.txt"],
            "a list of authors labels PAN 2012 only; this is csv",
        ),
        (
            ["panc.csv", "answers.txt", "--to", "pan12-authors", "--scores", "scores.csv"],
            "does not say who wrote its messages, so whom to flag cannot be told",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments, message, tmp_path, monkeypatch, capsys):
    for path in FIXTURES.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "scores.csv").write_text(SCORES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["convert", *arguments]) == 2
    captured = capsys.readouterr().err
    assert message in captured
    assert captured.count("\n") == 1
