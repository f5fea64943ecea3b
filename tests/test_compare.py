"""Two evaluations compared: differences of the same resampled families, and rows that must be the same."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from model_files import points_at
from sklearn.metrics import average_precision_score, f1_score
from toy_messages import toy_table

from classifier.cli.main import main
from classifier.evaluation.intervals import cluster_weights
from classifier.evaluation.saved_results import Evaluation
from classifier.model.message.file import save_model
from classifier.model.message.stage_classifier import fit_message_model
from classifier.readers.external_conversations import external_conversation
from classifier.records import Message
from classifier.taxonomy import LABELS
from classifier.workflows.conversation_evaluation.conversation_scores import ScoredConversations
from classifier.workflows.two_evaluations.score_tables import (
    LABEL_COLUMNS,
    SCORE_COLUMNS,
    conversation_scores,
    message_scores,
)

FAMILIES = ["bus", "bus", "cat", "cat", "pizza", "pizza", "raid", "raid"]
TEXTS = ["our secret", "late bus", "come alone", "a cat", "no parents", "hot pizza", "delete it", "raid at 9"]
SHOWN = [1, 0] * 4
"""Of each family one message shows every label, and one none."""
RIGHT = [0.9, 0.1] * 4
CAT_WRONG = [0.9, 0.1, 0.1, 0.9, 0.9, 0.1, 0.9, 0.1]


def messages(score, *, texts=TEXTS, families=FAMILIES, shown=SHOWN, name="test"):
    """Messages whose labels are all the same, and so are their scores."""
    table = pd.DataFrame({"set": name, "family": families, "text": texts})
    table[LABEL_COLUMNS] = np.repeat(np.array(shown)[:, None], len(LABELS), axis=1)
    table[SCORE_COLUMNS] = np.repeat(np.array(score, dtype=float)[:, None], len(LABELS), axis=1)
    return table


def conversations(score, *, name="test"):
    """A pattern and a benign conversation of each of four families."""
    ids = [f"c{at}" for at in range(8)]
    columns = {"set": name, "conversation": ids, "families": FAMILIES, "label": SHOWN, "score": score}
    return pd.DataFrame(columns | {"overtness": ["overt", ""] * 4})


def folder(path, of_messages, *, score=RIGHT, threshold=0.5, alert_threshold=0.5, corpus="c1"):
    facts = {
        "corpus_sha256": corpus,
        "message_thresholds": dict.fromkeys(LABELS, threshold),
        "alert_threshold": alert_threshold,
    }
    scores = {"message_scores": of_messages, "conversation_scores": conversations(score)}
    Evaluation(facts, {}, scores).save(path)
    return path


def compared(tmp_path, a, b, *options):
    """The table of the command, by metric and label."""
    out = tmp_path / "difference.csv"
    assert main(["compare", str(a), str(b), "--out", str(out), "--resamples", "40", *options]) == 0
    with out.open(encoding="utf-8", newline="") as stream:
        return {(row["metric"], row["label"]): row for row in csv.DictReader(stream)}


def numbers(row, *columns):
    return [float(row[column]) for column in columns]


def refused(capsys, a, b):
    assert main(["compare", str(a), str(b)]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    return line.removeprefix("grooming-classifier: ")


def test_a_family_that_b_reads_wrong_costs_what_one_counts_by_hand(tmp_path):
    a = folder(tmp_path / "a", messages(RIGHT))
    b = folder(tmp_path / "b", messages(CAT_WRONG), score=CAT_WRONG)
    table = compared(tmp_path, a, b)
    assert numbers(table["average_precision", "macro"], "a", "b", "difference") == [1, 0.6875, -0.3125]
    assert numbers(table["f1", "secrecy"], "a", "b", "difference") == [1, 0.75, -0.25]
    assert numbers(table["auc", ""], "a", "b", "difference") == [1, 0.75, -0.25]
    assert numbers(table["tpr", ""], "a", "b", "difference") == [1, 0.75, -0.25]
    assert numbers(table["fpr", ""], "a", "b", "difference") == [0, 0.25, 0.25]
    assert numbers(table["f1", "macro"], "n", "n_families", "n_resamples") == [8, 4, 40]


def test_there_is_a_row_for_macro_and_each_label_then_for_conversations(tmp_path):
    a = folder(tmp_path / "a", messages(RIGHT))
    rows = [(metric, label) for metric in ("average_precision", "f1") for label in ("macro", *LABELS)]
    assert list(compared(tmp_path, a, a)) == [*rows, ("auc", ""), ("tpr", ""), ("fpr", "")]


def test_each_is_flagged_at_its_own_thresholds(tmp_path):
    a = folder(tmp_path / "a", messages(RIGHT))
    b = folder(tmp_path / "b", messages(RIGHT), threshold=0.05, alert_threshold=0.95)
    table = compared(tmp_path, a, b)
    assert numbers(table["f1", "macro"], "a", "b") == [1, pytest.approx(2 / 3)]
    assert numbers(table["tpr", ""], "a", "b") == [1, 0]


def test_two_models_of_one_order_differ_by_nothing_in_any_resample(tmp_path):
    """Were families drawn for each alone, the interval would be wide."""
    a = folder(tmp_path / "a", messages(CAT_WRONG))
    b = folder(tmp_path / "b", messages([score / 2 for score in CAT_WRONG]), threshold=0.25)
    for metric in ("average_precision", "f1"):
        row = compared(tmp_path, a, b)[metric, "macro"]
        assert numbers(row, "difference", "low", "high") == [0, 0, 0]
        assert row["holds_zero"] == "True"


def test_the_interval_is_that_of_families_drawn_one_by_one_for_both(tmp_path):
    rng = np.random.default_rng(1)
    first, second = rng.random(8).round(2), rng.random(8).round(2)
    a, b = folder(tmp_path / "a", messages(first)), folder(tmp_path / "b", messages(second))
    names = sorted(set(FAMILIES))
    drawn = {"average_precision": [], "f1": []}
    for weight in cluster_weights(len(names), n_resamples=40, seed=7):
        at = [
            row
            for family, times in zip(names, weight, strict=True)
            for _ in range(times)
            for row in np.flatnonzero(np.array(FAMILIES) == family)
        ]
        y, x, z = np.array(SHOWN)[at], first[at], second[at]
        drawn["average_precision"].append(average_precision_score(y, z) - average_precision_score(y, x))
        drawn["f1"].append(f1_score(y, z >= 0.5) - f1_score(y, x >= 0.5))
    table = compared(tmp_path, a, b, "--seed", "7")
    for metric, values in drawn.items():
        low, high = np.quantile(values, [0.025, 0.975])
        assert numbers(table[metric, "macro"], "low", "high") == pytest.approx([low, high])
        assert table[metric, "macro"]["holds_zero"] == str(low <= 0 <= high)


def test_an_interval_that_leaves_0_out_says_so(tmp_path, capsys):
    wrong = [1 - score for score in RIGHT]
    a, b = folder(tmp_path / "a", messages(wrong)), folder(tmp_path / "b", messages(RIGHT))
    assert compared(tmp_path, b, a)["f1", "macro"]["holds_zero"] == "False"
    capsys.readouterr()
    assert compared(tmp_path, a, b)["f1", "macro"]["holds_zero"] == "False"
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if line.startswith("test")] == [
        "test: 8 messages of 4 families, 40 resamples",
        "test: 8 conversations of 4 families, 40 resamples",
    ]
    [line] = [line for line in printed.splitlines() if line.startswith("  F1") and "macro" in line]
    assert line.split() == ["F1", "macro", "0.000", "1.000", "+1.000", "+1.000", "to", "+1.000", "no"]


def test_what_no_resample_can_say_is_undefined(tmp_path, capsys):
    a = folder(tmp_path / "a", messages(RIGHT, shown=[0] * 8))
    assert compared(tmp_path, a, a)["average_precision", "macro"]["holds_zero"] == ""
    assert "undefined" in capsys.readouterr().out


def test_the_order_of_the_rows_does_not_matter(tmp_path):
    a = folder(tmp_path / "a", messages(RIGHT))
    b = folder(tmp_path / "b", messages(CAT_WRONG))
    turned = folder(tmp_path / "turned", messages(CAT_WRONG)[::-1])
    assert compared(tmp_path, a, b) == compared(tmp_path, a, turned)


def test_a_set_that_one_alone_has_is_left_out_and_named(tmp_path, capsys):
    both = pd.concat([messages(RIGHT), messages(RIGHT, name="second voice")])
    a, b = folder(tmp_path / "a", both), folder(tmp_path / "b", messages(RIGHT))
    assert main(["compare", str(a), str(b), "--resamples", "20"]) == 0
    printed = capsys.readouterr()
    assert f"the set 'second voice' is left out: only {a} has it" in printed.err
    assert "second voice:" not in printed.out


@pytest.fixture(scope="module")
def scored_once(tmp_path_factory):
    """An evaluation of toy messages, and the file that ``score`` writes of them with a toy model."""
    table, place = toy_table(), tmp_path_factory.mktemp("scored")
    families = [f"family {at // 2}" for at in range(len(table))]
    of_set = messages([0.5] * len(table), texts=table["text"], families=families, shown=[0] * len(table))
    of_set[LABEL_COLUMNS] = table[list(LABELS)].to_numpy()
    a, b, model = folder(place / "a", of_set), place / "b.csv", place / "model.safetensors"
    pipeline = fit_message_model(table, min_df=1)
    save_model(
        model, pipeline, operating_points=points_at(0.3), corpus_sha256="c", training_families=[], seed=0
    )
    assert main(["score", str(a / "message_scores.parquet"), "--model", str(model), "--out", str(b)]) == 0
    return a, b, table, pipeline.predict_proba(table["text"].tolist())


@pytest.fixture
def scored(scored_once, tmp_path):
    """The same, the file in a place of its own."""
    a, b, *rest = scored_once
    return a, Path(shutil.copy(b, tmp_path)), *rest


def test_a_scored_file_is_compared_by_its_probabilities_and_its_stages(scored, tmp_path, capsys):
    a, b, table, probabilities = scored
    rows = compared(tmp_path, a, b)
    assert "conversations are left out" in capsys.readouterr().err
    assert ("auc", "") not in rows
    for column, label in enumerate(LABELS):
        expected = average_precision_score(table[label], probabilities[:, column])
        assert numbers(rows["average_precision", label], "b") == pytest.approx([expected])
        expected = f1_score(table[label], probabilities[:, column] >= 0.3)
        assert numbers(rows["f1", label], "b") == pytest.approx([expected])


def rewritten_rows(path, change):
    with path.open(encoding="utf-8", newline="") as stream:
        rows = change(list(csv.DictReader(stream)))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_the_stages_of_a_scored_file_decide_what_is_flagged(scored, tmp_path):
    """Two of eighteen messages show secrecy: precision 2/18, recall 1."""
    a, b, *_ = scored
    rewritten_rows(b, lambda rows: [row | {"stages": "meeting|secrecy"} for row in rows])
    rows = compared(tmp_path, a, b)
    assert numbers(rows["f1", "secrecy"], "b") == [pytest.approx(0.2)]
    assert numbers(rows["f1", "pressure"], "b") == [0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[:-2], "b.csv: lacks 2 of the 18 rows of {a}, the first set 'test', family 'family 8', text 'the dog ate it'"),
        (lambda rows: [*rows, rows[0]], "b.csv: set 'test', family 'family 0', text 'keep it secret' stands twice"),
        (lambda rows: [*rows, rows[0] | {"text": "pizza"}], "{a}: lacks 1 of the 19 rows of {b}, the first set 'test', family 'family 0', text 'pizza'"),
        (lambda rows: [rows[0] | {"family": "raid"}, *rows[1:]], "b.csv: lacks 1 of the 18 rows of {a}"),
        (lambda rows: [rows[0] | {"secrecy": "1.5"}, *rows[1:]], "b.csv:2: a score is not in [0, 1], or one of its stages is no label"),
        (lambda rows: [rows[0] | {"stages": "secrets"}, *rows[1:]], "b.csv:2: a score is not in [0, 1], or one of its stages is no label"),
        (lambda rows: [row | {"set": "valid"} for row in rows], "b.csv: has none of the sets of {a}, which are test"),
        (lambda rows: [{k: v for k, v in row.items() if k != "family"} for row in rows], "b.csv:2: expected set, family, text, stages and a probability per label ('family'); make the file with 'grooming-classifier score {a}/message_scores.parquet --out {b}'"),
    ],
)  # fmt: skip
def test_a_scored_file_of_other_rows_is_refused(scored, capsys, change, message):
    a, b, *_ = scored
    rewritten_rows(b, change)
    capsys.readouterr()
    assert message.format(a=a, b=b) in refused(capsys, a, b)


def test_evaluations_of_two_corpora_are_refused_with_both_hashes(tmp_path, capsys):
    a = folder(tmp_path / "a", messages(RIGHT), corpus="aaa111")
    b = folder(tmp_path / "b", messages(RIGHT), corpus="bbb222")
    assert refused(capsys, a, b) == (
        f"{b}: is of the corpus bbb222, and {a} of aaa111; evaluate both on one corpus"
    )


def test_a_label_that_differs_is_refused(tmp_path, capsys):
    a = folder(tmp_path / "a", messages(RIGHT))
    b = folder(tmp_path / "b", messages(RIGHT, shown=[1, 0, 1, 1, 1, 0, 1, 0]))
    assert refused(capsys, a, b) == (
        f"{b}: label_flattery of set 'test', family 'cat', text 'a cat' is 1, in {a} 0"
    )


def test_an_evaluation_without_scores_is_to_be_made_again(tmp_path, capsys):
    a = folder(tmp_path / "a", messages(RIGHT))
    (a / "message_scores.parquet").unlink()
    assert refused(capsys, a, a) == (
        f"{a}: holds no message_scores.parquet; run 'grooming-classifier evaluate' again"
    )


def test_an_evaluation_without_thresholds_is_to_be_made_again(tmp_path, capsys):
    scores = {"message_scores": messages(RIGHT), "conversation_scores": conversations(RIGHT)}
    Evaluation({"corpus_sha256": "c1"}, {}, scores).save(tmp_path)
    assert "not an evaluation of this version ('message_thresholds')" in refused(capsys, tmp_path, tmp_path)


def test_a_damaged_score_table_is_one_clear_line(tmp_path, capsys):
    a = folder(tmp_path / "a", messages(RIGHT))
    (a / "message_scores.parquet").write_bytes(b"PAR1")
    assert "message_scores.parquet: not a readable Parquet file" in refused(capsys, a, a)


def test_a_first_that_is_no_folder_and_a_missing_second_are_refused(scored, tmp_path, capsys):
    a, b, *_ = scored
    capsys.readouterr()
    assert refused(capsys, b, a) == f"{b}: is no folder; the first to compare is one that 'evaluate' wrote"
    assert refused(capsys, a, tmp_path / "none") == (
        f"{tmp_path / 'none'}: cannot be read: No such file or directory"
    )


def test_scores_are_written_with_every_bit_and_the_same_bytes(tmp_path):
    third = messages([1 / 3] * 8)
    first, second = (folder(tmp_path / name, third) / "message_scores.parquet" for name in ("a", "b"))
    assert pq.read_table(first).column("score_secrecy").to_pylist() == [1 / 3] * 8
    assert first.read_bytes() == second.read_bytes()


def test_a_message_keeps_its_set_family_labels_and_scores():
    table = toy_table().assign(family="raid")[:2]
    scores = np.full((2, len(LABELS)), 0.25)
    made = message_scores(
        {"test": table, "second voice": table[:1]}, {"test": scores, "second voice": scores[:1]}
    )
    assert made["set"].tolist() == ["test", "test", "second voice"]
    assert made["text"].tolist() == ["keep it secret", "our secret ok", "keep it secret"]
    assert made.loc[0, ["label_secrecy", "label_meeting", "score_secrecy"]].tolist() == [1, 0, 0.25]


def test_a_conversation_keeps_its_families_the_leading_one_first_and_its_highest_score():
    lines = [("hot pizza", (), "food"), ("our secret", ("secrecy",), "promises")]
    talk = external_conversation(
        "c1",
        [Message("ana", None, text, labels, family=family) for text, labels, family in lines],
        corpus="toy",
        label="grooming_pattern",
    )
    made = conversation_scores({"test": ScoredConversations([talk], [], [np.array([0.2, 0.7])])})
    assert made.to_dict("records") == [
        {
            "set": "test",
            "conversation": "c1",
            "families": "promises food",
            "label": 1,
            "score": 0.7,
            "overtness": "",
        }
    ]
