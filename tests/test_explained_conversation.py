"""``score --explain --conversation``: the score of one conversation's row, taken apart."""

from __future__ import annotations

import csv
import re

import pytest

from classifier.cli.main import main

SECRET = "dont tell your mum, its our secret"
CHAT = [
    ("c1", "ana", "ok pizza"),
    ("c2", "cy", "hi"),
    ("c1", "ana", SECRET),
    ("c2", "di", "hi you"),
    ("c1", "ana", "you are so mature"),
    *[("c1", "bo", "ok pizza")] * 4,
]


@pytest.fixture
def chat(tmp_path):
    path = tmp_path / "chat.csv"
    path.write_text(
        "conversation_id,author,text\n" + "".join(f'{id_},{author},"{text}"\n' for id_, author, text in CHAT),
        encoding="utf-8",
    )
    return path


def explained(capsys, path, id_, model):
    assert (
        main(
            [
                "score",
                str(path),
                "--level",
                "conversation",
                "--explain",
                "--conversation",
                id_,
                "--model",
                str(model),
            ]
        )
        == 0
    )
    return capsys.readouterr().out


def refused(capsys, *arguments):
    assert main(["score", *map(str, arguments)]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    return line


def row_scores(path, model, out):
    assert (
        main(["score", str(path), "--level", "conversation", "--model", str(model), "--out", str(out)]) == 0
    )
    with out.open(newline="", encoding="utf-8") as stream:
        return {row["conversation_id"]: float(row["score"]) for row in csv.DictReader(stream)}


@pytest.mark.parametrize("id_", ["c1", "c2"])
def test_the_score_explained_is_that_of_the_conversations_row(id_, chat, small_model, tmp_path, capsys):
    rows = row_scores(chat, small_model, tmp_path / "out.csv")
    capsys.readouterr()
    text = explained(capsys, chat, id_, small_model)
    assert float(re.search(r"^score ([\d.]+),", text, flags=re.MULTILINE)[1]) == pytest.approx(
        rows[id_], abs=6e-4
    )
    log_odds = float(re.search(r"log-odds ([+-][\d.]+)", text)[1])
    assert sum(
        float(value) for value in re.findall(r"^ {1,3}([+-]\d+\.\d+) {2}\S", text, flags=re.MULTILINE)
    ) == pytest.approx(log_odds, abs=0.02)


def test_messages_of_other_conversations_and_after_the_highest_score_stay_out(
    chat, small_model, tmp_path, capsys
):
    lines = [line for line in chat.read_text(encoding="utf-8").splitlines() if line.startswith("c1")]
    grown = []
    for length in range(1, len(lines) + 1):
        beginning = tmp_path / f"first{length}.csv"
        beginning.write_text(
            "\n".join(["conversation_id,author,text", *lines[:length], ""]), encoding="utf-8"
        )
        grown.append(row_scores(beginning, small_model, tmp_path / f"out{length}.csv")["c1"])
    highest = grown.index(grown[-1]) + 1
    capsys.readouterr()
    text = explained(capsys, chat, "c1", small_model)
    assert f"conversation c1: highest after message {highest} of 7" in text
    assert f"; {highest} messages." in text
    assert SECRET in text
    assert "hi you" not in text


def test_an_id_that_is_not_in_the_file_is_refused(chat, small_model, capsys):
    line = refused(
        capsys, chat, "--level", "conversation", "--explain", "--conversation", "c3", "--model", small_model
    )
    assert "chat.csv: has no conversation 'c3'" in line


def test_a_message_without_an_author_is_left_out(chat, small_model, capsys):
    chat.write_text("conversation_id,author,text\nc1,ana,hi\nc1,,hi\n", encoding="utf-8")
    assert "highest after message 1 of 1" in explained(capsys, chat, "c1", small_model)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--level", "conversation", "--conversation", "c1"],
            "give --level conversation and --explain with it",
        ),
        (["--explain", "--conversation", "c1"], "give --level conversation and --explain with it"),
        (
            ["--level", "conversation", "--explain", "--conversation", "c1", "--out", "x.csv"],
            "leave out --out and --engine",
        ),
        (["--level", "conversation", "--explain"], "name one of its conversations with --conversation"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, message, chat, small_model, capsys):
    assert message in refused(capsys, chat, *options, "--model", small_model)


def test_a_text_has_no_conversations(small_model, capsys):
    assert "is one of a file's" in refused(
        capsys, "hi", "--level", "conversation", "--explain", "--conversation", "c1", "--model", small_model
    )


def test_control_characters_of_a_message_never_reach_the_terminal(chat, small_model, capsys):
    chat.write_text(f'conversation_id,author,text\nc1,ana,"{SECRET} \x1b[31m"\n', encoding="utf-8")
    assert "\x1b" not in explained(capsys, chat, "c1", small_model)
