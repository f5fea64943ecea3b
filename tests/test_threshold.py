"""Choosing an alert threshold: the aim is kept on validation, what it gives stands with its counts, and what cannot be shown is refused."""

from __future__ import annotations

import re
import shlex
import shutil
from itertools import pairwise

import numpy as np
import pytest
from scored_files import scored_conversations

from classifier.cli.main import main
from classifier.cli.threshold import _enough_stages
from classifier.corpus.corpus_folder import read_corpus, read_splits
from classifier.model.conversation.file import load_conversation_model
from classifier.model.message.batch import BatchScorer
from classifier.model.message.file import load_classifier, load_model
from classifier.model.shipped_models import conversation_model_path
from classifier.taxonomy import LABELS, PATTERN
from classifier.workflows.conversation_evaluation.batch_scores import (
    batch_highest_scores,
    batch_probabilities,
)
from classifier.workflows.conversation_evaluation.conversation_scores import (
    message_probabilities,
    score_conversations,
)


@pytest.fixture(scope="module")
def scores(tmp_path_factory, small_corpus, small_model):
    """By split, which conversations are patterns and the score that ``score --level conversation`` gives them."""
    found = {}
    for split, conversations in read_corpus(small_corpus).items():
        if split == "train":
            continue
        rows = scored_conversations(conversations, tmp_path_factory.mktemp(split), small_model)
        scored = {row["conversation_id"]: float(row["score"]) for row in rows}
        found[split] = (
            np.array([c.label == PATTERN for c in conversations]),
            np.array([scored[c.id] for c in conversations]),
        )
    return found


def printed(capsys, small_corpus, small_model, *options, code=0):
    assert main(["threshold", str(small_corpus), "--model", str(small_model), *options]) == code
    return capsys.readouterr().out


def refused(capsys, *arguments):
    assert main(["threshold", *map(str, arguments)]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    return line


def counts(text):
    """(hits, of) of TPR and FPR, validation first, then test."""
    return [
        (int(hits.replace(",", "")), int(n.replace(",", "")))
        for hits, n in re.findall(r"([\d,]+) of ([\d,]+) (?:patterns|benign)", text)
    ]


def test_the_counts_are_those_of_the_scores_at_or_over_the_threshold(
    capsys, small_corpus, small_model, scores
):
    text = printed(capsys, small_corpus, small_model, "--fpr", "0.25")
    at = float(re.search(r"alert threshold (\S+):", text)[1]) - 1e-7  # score prints eight digits
    expected = []
    for split in ("validation", "test"):
        pattern, score = scores[split]
        expected += [(int((score[side] >= at).sum()), int(side.sum())) for side in (pattern, ~pattern)]
    assert counts(text) == expected
    (_, _), (alarms, benign) = counts(text)[:2]
    assert 0 < alarms / benign < 0.2


def test_a_stricter_aim_gives_a_higher_threshold(capsys, small_corpus, small_model):
    loose, strict = (
        float(
            re.search(r"alert threshold (\S+):", printed(capsys, small_corpus, small_model, "--fpr", fpr))[1]
        )
        for fpr in ("0.25", "0.05")
    )
    assert 0 < loose < strict < 1


def test_reviews_a_day_are_an_aim_and_the_alerts_expected_stand_beside(capsys, small_corpus, small_model):
    text = printed(
        capsys, small_corpus, small_model, "--reviews-per-day", "100", "--volume", "1000", "--prevalence", "0"
    )
    alerts = [float(value) for value in re.findall(r"([\d.]+) alerts a day at", text)]
    assert alerts == [pytest.approx(1000 * hits / n, abs=0.06) for hits, n in counts(text)[1::2]]
    assert alerts[0] < 100


def test_an_aim_that_validation_cannot_show_is_refused_with_what_it_takes(capsys, small_corpus, small_model):
    line = refused(capsys, small_corpus, "--model", small_model, "--fpr", "0.0001")
    assert "it takes 29,956 without a false alarm" in line
    line = refused(
        capsys,
        small_corpus,
        "--model",
        small_model,
        "--reviews-per-day",
        "1",
        "--volume",
        "10000",
        "--prevalence",
        "0",
    )
    assert "29,956" in line


def test_more_stages_flag_fewer(capsys, small_corpus, small_model):
    by_k = [counts(_out(capsys, small_corpus, small_model, k)) for k in (1, 3, 5)]
    for more, fewer in pairwise(by_k):
        assert all(a[0] >= b[0] and a[1] == b[1] for a, b in zip(more, fewer, strict=True))
    assert by_k[0][0][0] > by_k[2][0][0]


def _out(capsys, small_corpus, small_model, k):
    main(["threshold", str(small_corpus), "--model", str(small_model), "--fpr", "0.05", "--stages", str(k)])
    return capsys.readouterr().out


def test_a_rule_of_stages_that_flags_too_many_is_told_and_ends_with_1(capsys, small_corpus, small_model):
    text = printed(capsys, small_corpus, small_model, "--fpr", "0.04", "--stages", "1", code=1)
    assert "validation does not show that this keeps to a false-positive rate of at most 0.04" in text
    assert len(counts(text)) == 4


def test_the_first_line_is_what_score_takes(capsys, small_corpus, small_model, tmp_path):
    chat = tmp_path / "chat.csv"
    chat.write_text("conversation_id,author,text\na,zola,pizza?\na,kofi,yes\n")
    for options in (["--fpr", "0.2"], ["--level", "message", "--fpr", "0.01"]):
        line = printed(capsys, small_corpus, small_model, *options).splitlines()[0]
        command, *chosen = shlex.split(line)
        out = tmp_path / f"scores-{len(chosen)}.csv"
        arguments = [command, chat, *chosen, "--model", small_model, "--out", out]
        assert main(list(map(str, arguments))) == 0
        assert out.exists()
        capsys.readouterr()


def test_thresholds_of_messages_keep_the_share_of_false_alarms_on_validation(
    capsys, small_corpus, small_model
):
    text = printed(capsys, small_corpus, small_model, "--level", "message", "--fpr", "0.01")
    rows = re.findall(r"  (\w+): found .*; falsely flagged [\d.]+, ([\d,]+) of ([\d,]+)", text)
    assert [label for label, _, _ in rows] == [*LABELS, *LABELS]
    assert all(int(hits) <= 0.01 * int(n.replace(",", "")) for _, hits, n in rows[: len(LABELS)])
    lines = {(m.family, m.text) for c in read_corpus(small_corpus)["validation"] for m in c.messages}
    found, n = re.search(r"  flattery: found [\d.]+, ([\d,]+) of ([\d,]+) lines", text).groups()
    assert int(found) <= int(n)
    assert int(n) + int(rows[0][2].replace(",", "")) == len(lines)


def test_only_the_files_of_the_named_splits_are_read(small_corpus, tmp_path):
    for file in small_corpus.glob("*.jsonl.gz"):
        if not file.name.startswith("train"):
            shutil.copy(file, tmp_path)
    (tmp_path / "train.jsonl.gz").write_bytes(b"not a corpus")
    whole = read_corpus(small_corpus)
    assert read_splits(tmp_path, "validation", "test") == {
        "validation": whole["validation"],
        "test": whole["test"],
    }


def test_the_batch_engine_scores_conversations_as_the_monitor_does(small_corpus, small_model):
    conversations = read_corpus(small_corpus)["validation"]
    found = batch_probabilities(BatchScorer(load_model(small_model)), conversations)
    one_by_one = message_probabilities(load_classifier(small_model), conversations)
    assert all(np.allclose(a, b, atol=1e-9, rtol=0) for a, b in zip(found, one_by_one, strict=True))
    head = load_conversation_model(conversation_model_path(small_model))
    expected = score_conversations(head, conversations, one_by_one).score
    assert batch_highest_scores(head, conversations, found) == pytest.approx(expected, abs=1e-7)


def test_stages_are_distinct_need_not_stand_in_one_message_and_cues_are_none():
    half = np.full(len(LABELS), 0.5)
    row = {
        name: (np.arange(len(LABELS)) == LABELS.index(name)) * 0.5
        for name in ("flattery", "secrecy", "pressure")
    }
    found = [
        np.array([row["flattery"], row["secrecy"]]),
        np.array([row["secrecy"], row["secrecy"]]),
        np.array([row["secrecy"], row["pressure"]]),
    ]
    assert _enough_stages(found, half, 2).tolist() == [1.0, 0.0, 0.0]
    assert _enough_stages(found, half, 1).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give one aim, --fpr or --reviews-per-day"),
        (["--level", "message", "--fpr", "0.1", "--stages", "2"], "--level message: takes --fpr alone"),
        (["--fpr", "0.1", "--reviews-per-day", "5"], "give one aim"),
        (["--fpr", "0.1", "--volume", "5"], "needs neither --volume nor --prevalence"),
        (["--reviews-per-day", "5", "--volume", "100"], "--prevalence, the supposed share"),
        (
            ["--reviews-per-day", "100", "--volume", "100", "--prevalence", "0.1"],
            "expected fewer than the --volume of 100",
        ),
    ],
)
def test_aims_that_do_not_go_together_are_refused(capsys, tmp_path, options, message):
    assert message in refused(capsys, tmp_path, *options)


def test_a_model_fitted_on_the_test_families_is_refused(capsys, small_corpus, small_model, monkeypatch):
    from dataclasses import replace

    from classifier.model.message import file

    whole = file.load_model
    monkeypatch.setattr(
        file,
        "load_model",
        lambda path: replace(
            whole(path), header=whole(path).header | {"fitted_on": ["train", "validation", "test"]}
        ),
    )
    assert "was fitted on test families too" in refused(
        capsys, small_corpus, "--model", small_model, "--fpr", "0.05"
    )
