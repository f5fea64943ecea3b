"""The command line as a person uses it: what comes out, what is refused, and the exit codes."""

from __future__ import annotations

import csv
import gzip
import json
import re
import subprocess
import sys

import pytest
from scored_files import scored_conversations

from classifier.cli.main import main
from classifier.taxonomy import LABELS

CHAT = 'conversation_id,author,text,time\nc1,ana,"dont tell your mum, its our secret",2031-01-06T10:00\nc1,bo,ok pizza,\nc1,ana,"two\nlines",\n'


@pytest.fixture
def chat(tmp_path):
    path = tmp_path / "chat.csv"
    path.write_text(CHAT, encoding="utf-8")
    return path


def refused(capsys, *arguments):
    """The one line that a command which exits with 2 writes to standard error."""
    assert main([str(argument) for argument in arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


def test_a_csv_comes_back_with_its_rows_and_a_column_per_label(chat, small_model, tmp_path):
    out = tmp_path / "out.csv"
    assert (
        main(["score", str(chat), "--level", "message", "--model", str(small_model), "--out", str(out)]) == 0
    )
    with out.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["text"] for row in rows] == ["dont tell your mum, its our secret", "ok pizza", "two\nlines"]
    assert list(rows[0]) == ["conversation_id", "author", "text", "time", *LABELS, "stages"]
    assert float(rows[0]["secrecy"]) > float(rows[1]["secrecy"])
    assert all(0 <= float(row[label]) <= 1 for row in rows for label in LABELS)


def test_jsonl_in_jsonl_out_with_the_same_scores(chat, small_model, tmp_path):
    lines = tmp_path / "chat.jsonl"
    lines.write_text(
        '{"conversation_id": "c1", "author": "ana", "text": "dont tell your mum, its our secret"}\n',
        encoding="utf-8",
    )
    assert main(["score", str(lines), "--model", str(small_model), "--out", str(tmp_path / "out.jsonl")]) == 0
    assert main(["score", str(chat), "--model", str(small_model), "--out", str(tmp_path / "out.csv")]) == 0
    scored = json.loads((tmp_path / "out.jsonl").read_text())
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as stream:
        assert scored["secrecy"] == float(next(csv.DictReader(stream))["secrecy"])


def test_stages_are_the_labels_at_or_over_threshold(chat, small_model, tmp_path):
    from classifier.model.message.file import load_model

    thresholds = dict(zip(LABELS, load_model(small_model).thresholds, strict=True))
    out = tmp_path / "out.csv"
    main(["score", str(chat), "--model", str(small_model), "--out", str(out)])
    with out.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            assert row["stages"] == "|".join(
                label for label in LABELS if float(row[label]) >= thresholds[label]
            )


def test_a_text_is_explained_by_its_terms(small_model, capsys):
    assert (
        main(
            [
                "score",
                "dont tell your mum about this, its our secret",
                "--explain",
                "--model",
                str(small_model),
            ]
        )
        == 0
    )
    printed = capsys.readouterr().out
    assert "secrecy" in printed
    assert "towards secrecy" in printed


def test_conversations_come_back_one_row_each_with_their_warning(chat, small_model, tmp_path):
    out = tmp_path / "out.csv"
    two = tmp_path / "two.csv"
    two.write_text(CHAT + "c2,cy,pizza?,\nc1,ana,i can pick you up,\n", encoding="utf-8")
    assert (
        main(["score", str(two), "--level", "conversation", "--model", str(small_model), "--out", str(out)])
        == 0
    )
    with out.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["conversation_id", "score", "flagged", "warned_at"]
    assert [row["conversation_id"] for row in rows] == ["c1", "c2"]
    assert all((row["flagged"] == "1") == (row["warned_at"] != "") for row in rows)


def test_the_score_of_a_conversation_is_its_highest_and_flags_at_the_threshold(
    small_corpus, small_model, tmp_path
):
    from classifier.corpus.corpus_folder import read_corpus
    from classifier.model.conversation.file import load_conversation_model
    from classifier.model.message.file import load_classifier
    from classifier.model.shipped_models import conversation_model_path
    from classifier.workflows.conversation_evaluation.conversation_scores import (
        conversation_running_scores,
        message_probabilities,
    )

    conversations = read_corpus(small_corpus)["test"][:40]
    conversation_model = load_conversation_model(conversation_model_path(small_model))
    scored = scored_conversations(conversations, tmp_path, small_model)
    for row, scores in zip(
        scored,
        conversation_running_scores(
            conversation_model,
            conversations,
            message_probabilities(load_classifier(small_model), conversations),
        ),
        strict=True,
    ):
        assert float(row["score"]) == pytest.approx(scores.max(), rel=1e-6)
        reached = [
            index
            for index, score in enumerate(scores, start=1)
            if score >= conversation_model.alert_threshold
        ]
        assert row["warned_at"] == (reached[0] if reached else None)


def test_control_characters_and_lone_surrogates_never_reach_the_terminal(small_model, capsys):
    assert main(["score", "\x1b[31mred \ud800 \u202e", "--model", str(small_model)]) == 0
    printed = capsys.readouterr().out
    assert not set(printed) & {"\x1b", "\ud800", "\u202e"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "chat.csv:1: the file is empty"),
        ("conversation_id,author\nc1,ana\n", "chat.csv:1: no column for text"),
        ("conversation_id,author,text\nc1,ana,hi, you\n", "chat.csv:2: 4 fields where the header has 3"),
        ('conversation_id,author,text\nc1,ana,"hi\n', "not readable as CSV"),
    ],
)
def test_a_csv_that_cannot_be_used_names_line_and_remedy(tmp_path, small_model, capsys, content, message):
    path = tmp_path / "chat.csv"
    path.write_text(content, encoding="utf-8")
    assert message in refused(capsys, "score", path, "--model", small_model)


def test_a_csv_that_is_not_utf8_names_its_line_and_leaves_no_output(tmp_path, small_model, capsys):
    path, out = tmp_path / "chat.csv", tmp_path / "out.csv"
    path.write_bytes(b"conversation_id,author,text\nc1,ana,hi\nc1,ana,caf\xe9\n")
    assert "chat.csv:3: not UTF-8" in refused(capsys, "score", path, "--model", small_model, "--out", out)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["chat.csv"]


def test_a_missing_file_is_not_scored_as_a_text(tmp_path, small_model, capsys):
    assert "cannot be read" in refused(capsys, "score", tmp_path / "none.csv", "--model", small_model)


def corrupted(small_corpus, tmp_path, change):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for path in small_corpus.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    train = folder / "train.jsonl.gz"
    train.write_bytes(gzip.compress(change(gzip.decompress(train.read_bytes()))))
    return folder


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda content: content.replace(b'"synthetic":true,', b"", 1),
            "train.jsonl.gz:1: synthetic: Field required",
        ),
        (lambda content: content[:-50], "may be cut off"),
        (
            lambda content: content.replace(b'"labels":["', b'"labels":["meating","', 1),
            "unknown label 'meating'",
        ),
        (lambda content: content + content.splitlines(keepends=True)[0], "was already used on line 1"),
        (lambda content: content.replace(b'"text":"', b'"text":"\xe9', 1), "not UTF-8"),
    ],
)
@pytest.mark.parametrize("command", [["train", "--out", "m.safetensors"], ["corpus", "check"]])
def test_a_bad_corpus_is_one_clear_line_and_nothing_is_written(
    small_corpus, tmp_path, capsys, change, message, command, monkeypatch
):
    folder = corrupted(small_corpus, tmp_path, change)
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, *command, folder)
    assert not (tmp_path / "m.safetensors").exists()


def test_a_corpus_altered_without_breaking_its_form_fails_its_check(small_corpus, tmp_path, capsys):
    folder = corrupted(
        small_corpus,
        tmp_path,
        lambda content: content.replace(b'"young_contacts":', b'"young_contacts":1', 1),
    )
    assert "its manifest says" in refused(capsys, "corpus", "check", folder)


def test_a_whole_corpus_passes_its_check(small_corpus, capsys):
    assert main(["corpus", "check", str(small_corpus)]) == 0
    assert "0 problems" in capsys.readouterr().out


def test_a_line_against_the_policy_makes_the_check_fail_with_1(small_corpus, tmp_path, capsys):
    folder = corrupted(
        small_corpus, tmp_path, lambda content: content.replace(b'"text":"', b'"text":"on whatsapp ', 1)
    )
    assert main(["corpus", "check", str(folder / "train.jsonl.gz")]) == 1
    assert "'whatsapp': a real platform" in capsys.readouterr().out


def test_a_tampered_model_is_one_clear_line(small_model, tmp_path, capsys):
    content = bytearray(small_model.read_bytes())
    content[-1] ^= 1
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    assert "does not match its sha256" in refused(capsys, "score", "hi", "--model", path)


def test_a_small_release_generates_and_splits(tmp_path, capsys):
    assert main(["corpus", "generate", "--out", str(tmp_path / "c"), "--scale", "0.002", "--seed", "3"]) == 0
    assert main(["corpus", "split", str(tmp_path / "c"), "--out", str(tmp_path / "s")]) == 0
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == [
        "test.jsonl",
        "train.jsonl",
        "validation.jsonl",
    ]


@pytest.mark.parametrize("content", ["conversation_id,author,text\n", ""])
def test_a_file_without_a_message_is_said_to_hold_none(tmp_path, capsys, content):
    path = tmp_path / ("chat.csv" if content else "chat.jsonl")
    path.write_text(content, encoding="utf-8")
    assert main(["score", str(path)]) == 0
    assert f"{path}: holds no message\n" in capsys.readouterr().err


def test_the_share_of_known_words_of_a_text_is_printed_where_it_is_asked_for(small_model, capsys):
    for asked, lines in (([], 0), (["--known"], 1)):
        assert main(["score", "pizza xqzvw", "--model", str(small_model), *asked]) == 0
        assert capsys.readouterr().out.count("known words     0.500") == lines


def test_results_of_an_unknown_ending_are_refused_with_the_endings_that_can_be_written(chat, capsys):
    line = refused(capsys, "score", chat, "--out", "scores.xlsx")
    assert line.endswith(
        "scores.xlsx: scores are written as .csv, .tsv, .jsonl or .parquet; give such a name"
    )


def test_a_header_of_unknown_names_between_semicolons_is_seen(tmp_path, capsys):
    path = tmp_path / "chat.csv"
    path.write_text("Chat;Von;Nachricht\nc1;ana;hallo\n", encoding="utf-8")
    assert "separated by ';' and not ','; say --delimiter ';'" in refused(capsys, "score", path)


def test_a_thinned_corpus_says_so_in_its_name_and_manifest(tmp_path, capsys):
    small = ["--out", str(tmp_path / "c"), "--scale", "0.002", "--every", "12"]
    assert main(["corpus", "generate", *small]) == 0
    spec = json.loads((tmp_path / "c" / "manifest.json").read_text(encoding="utf-8"))["spec"]
    assert (spec["name"], spec["every"], spec["n_conversations"]) == ("v2-every-12", 12, 40)


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["corpus"],
        ["corpus", "generate"],
        ["corpus", "check"],
        ["corpus", "describe"],
        ["corpus", "split"],
        ["train"],
        ["score"],
        ["evaluate"],
        ["compare"],
        ["threshold"],
        ["report"],
        ["baserate"],
        ["tradeoff"],
        ["privacy"],
        ["privacy", "list"],
        ["privacy", "explain"],
        ["privacy", "attack"],
    ],
)
def test_every_help_shows_an_example(command, capsys):
    assert main([*command, "--help"]) == 0
    assert "grooming-classifier" in capsys.readouterr().out.split("Example")[1]


def test_help_opens_no_heavy_library():
    code = "import sys\nfrom classifier.cli.main import main\nmain(['--help'])\nprint([m for m in ('numpy', 'sklearn', 'pandas', 'pydantic', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


def test_a_wrong_option_exits_with_2():
    assert main(["score", "--nonsense"]) == 2


def test_base_rates_of_a_good_detector_at_one_in_ten_thousand(capsys):
    assert main(["baserate", "--tpr", "0.9", "--fpr", "0.01", "--prevalence", "1e-4"]) == 0
    assert "0.89%" in capsys.readouterr().out


def test_base_rates_of_counts_come_with_a_safe_interval(capsys):
    assert main(["baserate", "--tpr", "90/100", "--fpr", "10/1000", "--prevalence", "1e-3"]) == 0
    assert re.search(r"8\.26% \(\d+\.\d+%–\d+\.\d+%\)", capsys.readouterr().out)


def test_base_rates_take_the_interval_of_a_report_instead_of_one_of_independent_counts(capsys):
    wide = ["--tpr", "0.9,0.5,1", "--fpr", "0.01,0.001,0.1", "--prevalence", "0.5"]
    assert main(["baserate", *wide]) == 0
    # 0.5 / (0.5 + 0.1) and 1 / (1 + 0.001)
    assert "98.90% (83.33%–99.90%)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "share", ["1.5", "nine", "3/0", "5/4", "0.9,0.95,1", "0.9,0.8", "0.9,0.8,1.1", "nan"]
)
def test_a_rate_that_is_none_is_refused(share):
    assert main(["baserate", "--tpr", share, "--fpr", "0.01"]) == 2


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["baserate", "--tpr", "0.9", "--fpr", "0.01", "--prevalence"],
        ["privacy", "curve", "corpus", "--out", "c.json", "--epsilon"],
        ["threshold", "corpus", "--fpr"],
        ["tradeoff", "corpus", "--out", "t", "--prevalence"],
        ["train", "corpus", "--out", "m.safetensors", "--alert-fpr"],
        ["corpus", "generate", "--out", "c", "--scale"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_an_option_takes_finite_numbers_only(arguments, number, capsys):
    assert main([*arguments, number]) == 2
    error = capsys.readouterr().err
    assert "expected a finite number" in error or "is not in the range" in error


def test_a_missing_corpus_is_noticed_before_the_phrases_are_counted(capsys):
    assert main(["corpus", "describe", "nosuch"]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("score", ["nan", "1.5", "-0.1", "inf"])
def test_scores_that_are_no_probabilities_are_refused(score, tmp_path, capsys):
    rows, scores = tmp_path / "rows.csv", tmp_path / "scores.csv"
    rows.write_text("conversation_id,author,text\nc,a,pizza\n")
    header = ["conversation_id", "line", *LABELS, "stages"]
    scores.write_text(
        ",".join(header) + "\n" + ",".join(["c", "1", score, *["0"] * (len(LABELS) - 1), ""]) + "\n"
    )
    command = ["convert", rows, tmp_path / "p.json", "--to", "datapack", "--scores", scores]
    assert main(list(map(str, command))) == 2
    assert "scores.csv:2: expected" in capsys.readouterr().err
