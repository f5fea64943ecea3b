"""Labelled rows of one's own: figures as scikit-learn has them, nothing fitted, no name or text written."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import (
    average_precision_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from classifier.cli.main import main
from classifier.errors import InputError
from classifier.evaluation.intervals import Resamples
from classifier.model.shipped_models import shipped_model
from classifier.taxonomy import LABELS, STAGES
from classifier.workflows.labelled_rows.labelled_row_reader import LabelledRows
from classifier.workflows.labelled_rows.metric_tables import f1_by_cap
from classifier.workflows.labelled_rows.rates_by_slice import slice_tables
from classifier.workflows.labelled_rows.resampled_rates import rate_columns, too_few
from classifier.workflows.labelled_rows.rows_evaluation import letters

PLAIN = """\
conversation_id,author,text,time,age,flattery,isolation,info_request,secrecy,meeting,conversation_label
c1,ana,"dont tell your mum about this, its our secret",2031-01-01T10:00,young,0,0,0,1,0,1
c1,bo,ok pizza,2031-01-01T10:01,young,0,0,0,0,0,1
c1,ana,can we meet at the park tomorrow,2031-01-02T10:01,young,0,0,0,0,1,1
c2,cy,raid at nine,2031-01-03T10:01,old,0,0,0,0,0,0
c2,di,bring snacks,2031-01-03T10:02,old,0,0,0,0,0,0
c2,cy,keep it secret from everyone,2031-01-03T10:03,old,0,0,0,0,0,0
c3,eve,your hair looks so pretty today,2031-01-04T10:00,young,1,0,0,0,0,1
c3,fay,thanks,2031-01-04T10:01,young,0,0,0,0,0,1
c3,eve,what school do you go to,2031-01-04T10:02,old,0,0,1,0,0,1
c4,gus,only i understand you,2031-01-05T10:00,old,0,1,0,0,0,0
c4,hal,the dog ate it,2031-01-05T10:01,old,0,0,0,0,0,0
"""


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "labelled.csv"
    path.write_text(PLAIN, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def results(plain, evaluated):
    return evaluated(plain, plain.parent / "out", "--by", "age")


@pytest.fixture(scope="module")
def evaluated(small_model):
    """The folder that ``evaluate --rows`` writes."""

    def run(rows, out, *options, model=small_model):
        arguments = ["--rows", str(rows), "--out", str(out), "--resamples", "60", *options]
        arguments += [] if model is None else ["--model", str(model)]
        assert main(["evaluate", *arguments]) == 0
        return out

    return run


def refused(capsys, rows, *options):
    """The one line that ``evaluate --rows`` is refused with."""
    out = rows.parent / "refused"
    assert main(["evaluate", "--rows", str(rows), "--out", str(out), *map(str, options)]) == 2
    assert not out.exists()
    [line] = capsys.readouterr().err.strip().splitlines()
    return line.removeprefix("grooming-classifier: ").replace(f"{rows.parent}/", "")


def facts(folder):
    return json.loads((folder / "rows.json").read_text(encoding="utf-8"))["facts"]


def test_message_figures_are_those_of_scikit_learn(results):
    table = pd.read_csv(results / "messages.csv").set_index("label")
    scores = pd.read_parquet(results / "row_scores.parquet")
    assert list(table.index) == [*STAGES, "macro"]
    for stage in STAGES:
        label, flag = scores[f"label_{stage}"], scores["stages"].str.split("|").map(lambda s, x=stage: x in s)
        precision, recall, f1, _ = precision_recall_fscore_support(
            label, flag, average="binary", zero_division=np.nan
        )
        expected = [precision, recall, f1, average_precision_score(label, scores[f"score_{stage}"])]
        row = table.loc[stage]
        assert row[["precision", "recall", "f1", "average_precision"]].tolist() == pytest.approx(
            expected, nan_ok=True
        )
        assert row[["support", "n", "n_clusters"]].tolist() == [label.sum(), 11, 4]
        assert row["recall_hits"] == (label.astype(bool) & flag).sum()
    assert table.loc["macro", "f1"] == pytest.approx(table.loc[list(STAGES), "f1"].mean(skipna=False))


def test_conversation_figures_are_those_of_scikit_learn(results):
    scores = pd.read_parquet(results / "conversation_scores.parquet")
    [row] = pd.read_csv(results / "conversations.csv").to_dict("records")
    assert scores["label"].tolist() == [1, 0, 1, 0]
    assert row["auc"] == pytest.approx(roc_auc_score(scores["label"], scores["score"]))
    assert row["average_precision"] == pytest.approx(
        average_precision_score(scores["label"], scores["score"])
    )
    assert row["tpr"] == scores.loc[scores["label"] == 1, "flagged"].mean()
    assert (row["tpr_n"], row["fpr_n"]) == (2, 2)


def test_scores_are_those_that_score_writes(results, plain, small_model, tmp_path):
    main(["score", str(plain), "--model", str(small_model), "--out", str(tmp_path / "scores.csv")])
    scored = pd.read_csv(tmp_path / "scores.csv")
    of_rows = pd.read_parquet(results / "row_scores.parquet")
    for label in LABELS:
        assert of_rows[f"score_{label}"].to_numpy() == pytest.approx(scored[label].to_numpy(), abs=1e-8)
    assert of_rows["stages"].tolist() == scored["stages"].fillna("").tolist()


def test_every_operating_point_is_there_and_balanced_is_the_one_of_the_messages(results):
    points = pd.read_csv(results / "operating_points.csv").set_index(["point", "label"])
    messages = pd.read_csv(results / "messages.csv").set_index("label")
    assert set(points.index.get_level_values("point")) == {"strict", "balanced", "sensitive"}
    for name in ("recall", "recall_low", "recall_high", "false_alarm_rate"):
        of_balanced = points.loc["balanced", name]
        assert of_balanced.to_numpy() == pytest.approx(messages.loc[of_balanced.index, name], nan_ok=True)
    assert (points.loc["strict", "threshold"] >= points.loc["sensitive", "threshold"]).all()


def test_results_hold_neither_texts_nor_model_and_say_what_was_read(results):
    written = b"".join(path.read_bytes() for path in results.iterdir())
    assert b"pizza" not in written
    assert b"raid at nine" not in written
    assert facts(results)["model"] == "model.safetensors"
    assert facts(results)["clusters"] == "conversations"
    assert list(facts(results)["files_sha256"]) == ["labelled.csv"]


def test_the_same_rows_and_seed_give_the_same_bytes(results, plain, tmp_path, evaluated):
    again = evaluated(plain, tmp_path / "again", "--by", "age")
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in results.iterdir()
    }


def test_a_pseudonymised_result_holds_numbers_and_letters_and_the_same_figures(
    results, plain, tmp_path, evaluated
):
    hidden = evaluated(plain, tmp_path / "hidden", "--by", "age", "--by", "author", "--pseudonymise")
    scores = pd.read_parquet(hidden / "row_scores.parquet")
    assert scores["conversation"].tolist() == [*"11122233344"]
    assert "".join(scores["author"]) == "ABACDCEFEGH"
    assert "ana" not in (hidden / "slices.csv").read_text(encoding="utf-8")
    for name in ("messages.csv", "conversations.csv", "operating_points.csv"):
        assert (hidden / name).read_bytes() == (results / name).read_bytes()


def test_the_shipped_model_is_measured_when_none_is_named(evaluated, plain, tmp_path):
    found = evaluated(plain, tmp_path / "out", model=None)
    assert facts(found)["model"] == shipped_model().name
    assert pd.read_csv(found / "messages.csv").set_index("label").loc["secrecy", "recall"] == 1


def test_letters_go_on_after_z():
    assert [letters(at) for at in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_since_is_inclusive_and_until_is_not(plain, tmp_path, evaluated):
    some = evaluated(plain, tmp_path / "some", "--since", "2031-01-02T10:01", "--until", "2031-01-04T10:01")
    assert pd.read_parquet(some / "row_scores.parquet")["row"].tolist() == [
        f"labelled.csv:{line}" for line in (4, 5, 6, 7, 8)
    ]


def test_an_operating_point_and_thresholds_can_be_chosen(plain, tmp_path, evaluated):
    chosen = evaluated(plain, tmp_path / "chosen", "--threshold", "secrecy=0", "--alert-threshold", "0")
    messages = pd.read_csv(chosen / "messages.csv").set_index("label")
    assert messages.loc["secrecy", "false_alarm_rate"] == 1
    assert pd.read_csv(chosen / "conversations.csv")["fpr"].tolist() == [1]


def test_rows_of_convokit_are_read_as_its_tables_name_them(tmp_path, capsys, evaluated):
    rows = [
        {"id": "u1", "speaker": "ann", "conversation_id": "u1", "timestamp": 1767520800, "text": "pizza at six", "meta.secrecy": 0},
        {"id": "u2", "speaker": "bob", "conversation_id": "u1", "timestamp": None, "text": "this stays our secret, ok", "meta.secrecy": 1},
        {"id": "u3", "speaker": "cy", "conversation_id": "u3", "timestamp": None, "text": "half of the maths homework", "meta.secrecy": 0},
    ]  # fmt: skip
    path = tmp_path / "utterances.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = evaluated(path, tmp_path / "out")
    assert facts(found)["labels"] == ["secrecy"]
    assert pd.read_csv(found / "messages.csv")["label"].tolist() == ["secrecy"]
    assert not (found / "conversations.csv").exists()
    assert "secrecy" in capsys.readouterr().out


PAN12 = """\
<?xml version="1.0" encoding="UTF-8"?>
<conversations>
 <conversation id="k1">
  <message line="1"><author>eve</author><time>10:00</time><text>dont tell your mum, its our secret</text></message>
  <message line="2"><author>bob</author><time>10:01</time><text>pizza at six</text></message>
 </conversation>
 <conversation id="k2">
  <message line="1"><author>dan</author><time>9:00</time><text>did you do the maths homework</text></message>
  <message line="2"><author>cleo</author><time>9:05</time><text>half of it</text></message>
 </conversation>
</conversations>
"""


def test_pan12_is_scored_by_its_authors(tmp_path, capsys, evaluated):
    source, authors, rows = tmp_path / "pan12.xml", tmp_path / "authors.txt", tmp_path / "rows.csv"
    source.write_text(PAN12, encoding="utf-8")
    authors.write_text("eve\nnobody\n", encoding="utf-8")
    assert main(["convert", str(source), str(rows), "--authors", str(authors)]) == 0
    # Every side is at or over 0, so all four authors are flagged: P 1/4, R 1, F0.5 = 1.25 * .25 / (.25 * .25 + 1).
    found = evaluated(rows, tmp_path / "out", "--authors", str(authors), "--alert-threshold", "0")
    [row] = pd.read_csv(found / "pan12.csv").to_dict("records")
    assert row["score"] == pytest.approx(1.25 * 0.25 / 1.0625)
    assert (row["task"], row["right"], row["flagged"], row["to_find"]) == ("authors", 1, 4, 1)
    assert pd.read_csv(found / "conversations.csv")["tpr_n"].tolist() == [1]
    assert "1 of its authors write no message" in capsys.readouterr().err


def test_rows_without_conversations_are_resampled_one_by_one(tmp_path, evaluated):
    path = tmp_path / "texts.tsv"
    path.write_text("text\tsecrecy\nits our secret\t1\npizza\t0\nraid at nine\tFalse\n", encoding="utf-8")
    found = evaluated(path, tmp_path / "out")
    assert (facts(found)["clusters"], facts(found)["n_clusters"]) == ("rows", 3)


def test_parquet_with_numbers_is_read_as_csv_is(results, plain, tmp_path, evaluated):
    path = tmp_path / "labelled.parquet"
    pd.read_csv(plain).astype({"secrecy": float}).to_parquet(path)
    found = evaluated(path, tmp_path / "out", "--by", "age")
    assert (found / "messages.csv").read_bytes() == (results / "messages.csv").read_bytes()


def test_a_label_is_known_in_any_case_and_a_column_that_says_nothing_is_named(tmp_path, evaluated, capsys):
    path = tmp_path / "labelled.csv"
    path.write_text("text,Secrecy,secret\nits our secret,1,1\npizza,0,0\n", encoding="utf-8")
    assert facts(evaluated(path, tmp_path / "out"))["labels"] == ["secrecy"]
    assert "labelled.csv: not read: secret; columns of labels are named flattery, " in capsys.readouterr().err


def test_two_columns_of_one_label_are_refused(tmp_path, capsys):
    path = tmp_path / "labelled.csv"
    path.write_text("text,Secrecy,SECRECY\nits our secret,1,1\n", encoding="utf-8")
    assert refused(capsys, path).endswith("two columns of the label secrecy: Secrecy, SECRECY; leave one out")


@pytest.mark.parametrize(
    ("before", "after", "options", "message"),
    [
        ("young,0,0,0,1,0,1", "young,0,0,0,yes,0,1", [],
         "labelled.csv:2: secrecy: expected 0 or 1, got 'yes'; label the row, or take it out of the file"),
        ("young,0,0,0,1,0,1", "young,0,0,0,,0,1", [],
         "labelled.csv:2: secrecy: expected 0 or 1, it is empty; label the row, or take it out of the file"),
        ("old,0,0,0,0,0,0\nc2,di", "old,0,0,0,0,0,1\nc2,di", [],
         "labelled.csv:6: conversation_label: is 0, and 1 further up for the same conversation; give all its rows one label"),
        ("c1,bo", ",bo", [], "labelled.csv:3: no conversation_id; give the row one, or take it out"),
        ("2031-01-01T10:01", "", ["--since", "2031-01-01"],
         "labelled.csv:3: time: is empty, and --since and --until go by it; give the row one, or take it out"),
        ("", "", ["--since", "2041-01-01"],
         "labelled.csv: has no rows from --since on and before --until; an evaluation needs some"),
        ("", "", ["--until", "soon"],
         "--until soon: time 'soon': expected ISO 8601, or seconds or milliseconds since 1970; write it as 2026-01-31 or 2026-01-31T18:00"),
        ("", "", ["--by", "mood"],
         "--by mood: labelled.csv has no such column; its columns are conversation_id, author, text, time, conversation_label, age, "
         "flattery, isolation, info_request, secrecy, meeting"),
        ("", "", ["--by", "secrecy"],
         "--by secrecy: is a label; name a column that says something else of a message"),
        ("", "", ["--until", "2031-01-02"],
         "labelled.csv: has rows of 1 conversation; intervals are over conversations, of which it takes at least 2"),
        ("", "", ["--transfer", "."], "--rows: is measured by itself; leave out CORPUS and --transfer"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused_in_one_line(
    plain, tmp_path, capsys, before, after, options, message
):
    path = tmp_path / "labelled.csv"
    path.write_text(PLAIN.replace(before, after, 1) if before else PLAIN, encoding="utf-8")
    assert refused(capsys, path, *options) == message


def test_a_file_without_labels_is_refused(tmp_path, capsys):
    path = tmp_path / "chat.csv"
    path.write_text("conversation_id,author,text\nc1,ana,pizza\n", encoding="utf-8")
    assert refused(capsys, path) == (
        f"chat.csv:1: no column of labels; expected 0/1 columns named after labels ({', '.join(LABELS)}) or "
        "conversation_label; the columns are conversation_id, author, text"
    )


def test_options_of_rows_are_refused_beside_a_corpus(tmp_path, capsys):
    arguments = ["evaluate", str(tmp_path), "--out", str(tmp_path / "out"), "--by", "age"]
    assert main(arguments) == 2
    assert "--by: goes with --rows" in capsys.readouterr().err
    assert main(["evaluate", "--out", str(tmp_path / "out")]) == 2
    assert "name a CORPUS, or labelled rows with --rows" in capsys.readouterr().err


def toy_rows(conversation, band, **labels):
    messages = pd.DataFrame({"conversation": conversation, "band": band, "author": "a", "row": "r"} | labels)
    return LabelledRows("toy.csv", messages, tuple(labels), pd.Series(dtype="int64"), ("band",))


def test_the_largest_gap_is_between_the_worst_and_the_best_slice():
    # Found: 2 of 2 in "low", 1 of 2 in "mid", 0 of 2 in "high"; one false alarm in "mid" alone.
    rows = toy_rows(
        [*"aabbccddee"],
        ["low", "low", "mid", "mid", "high", "high", "low", "mid", "high", "high"],
        secrecy=[1] * 6 + [0] * 4,
    )
    flags = pd.DataFrame({"secrecy": [1, 1, 1, 0, 0, 0, 0, 1, 0, 0]}, dtype=bool)
    found = slice_tables(rows, flags, pd.DataFrame(), min_units=1, n_resamples=50, seed=0)
    recall, alarms = found["gaps"].to_dict("records")
    assert (recall["worst"], recall["best"], recall["gap"], recall["n_slices"]) == ("high", "low", 1.0, 3)
    assert (alarms["worst"], alarms["worst_rate"], alarms["best"]) == ("mid", 1.0, "high")
    slices = found["slices"].set_index(["metric", "slice"])
    assert slices.loc[("message_recall", "mid"), ["rate", "rate_hits", "rate_n"]].tolist() == [0.5, 1, 2]


def test_slices_of_few_units_are_shown_and_not_compared():
    rows = toy_rows([*"aabb"], ["low", "low", "mid", "mid"], secrecy=[1, 1, 1, 0])
    flags = pd.DataFrame({"secrecy": [True, True, False, False]})
    found = slice_tables(rows, flags, pd.DataFrame(), min_units=2, n_resamples=50, seed=0)
    assert len(found["slices"]) == 3
    assert found["gaps"].empty


def test_a_column_of_very_many_values_makes_no_slices():
    rows = toy_rows([str(at) for at in range(101)], [str(at) for at in range(101)], secrecy=[0, 1] * 50 + [1])
    flags = pd.DataFrame({"secrecy": [False] * 101})
    with pytest.raises(InputError, match="--by band: toy.csv has 101 different values in it, at most 100"):
        slice_tables(rows, flags, pd.DataFrame(), n_resamples=50, seed=0)


def test_f1_by_cap_uses_the_lowest_threshold_that_keeps_to_the_cap():
    # Of 20 messages without the label none may be flagged at 1 %, one at 5 %, two at 10 %.
    scores = [0.9, 0.7, 0.5] + [0.8, 0.6] + [0.1] * 18
    rows = toy_rows([str(at) for at in range(23)], ["x"] * 23, secrecy=[1] * 3 + [0] * 20)
    curve = f1_by_cap(rows, pd.DataFrame({"secrecy": scores})).set_index("max_false_alarms")
    assert curve.loc[[0.01, 0.05, 0.1], "recall"].tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert curve.loc[0.01, "f1"] == pytest.approx(2 / (1 + 3))
    assert curve.loc[0.05, "f1"] == pytest.approx(4 / (3 + 3))
    assert curve.loc[0.1, ["threshold", "precision"]].tolist() == pytest.approx([0.5, 3 / 5])


def test_a_conversation_is_drawn_whole():
    # Two conversations, all found in one and none in the other: every resample has 0, 1/2 or 1.
    draws = Resamples.of(["a", "a", "b", "b"], n_resamples=200, seed=1)
    assert set(draws.rates([1, 1, 0, 0], [1, 1, 1, 1])) == {0.0, 0.5, 1.0}


def test_an_interval_takes_twenty_clusters_and_ten_that_hold_what_it_is_about():
    draws = Resamples.of(range(20), n_resamples=50, seed=0)
    ten, nine = [1] * 10 + [0] * 10, [1] * 9 + [0] * 11
    assert rate_columns(draws, "rate", [1, 0] * 10, ten)["rate_low"] >= 0
    few = rate_columns(draws, "rate", [1, 0] * 10, nine)
    assert (few["rate"], np.isnan(few["rate_low"]), np.isnan(few["rate_high"])) == (5 / 9, True, True)
    # Ten positives of one conversation are one, and nineteen conversations are too few for anything.
    assert too_few(Resamples.of([*[0] * 10, *range(1, 20)], n_resamples=50, seed=0), [1] * 10 + [0] * 19)
    assert too_few(Resamples.of(range(19), n_resamples=50, seed=0), [1] * 19)


def test_little_is_printed_without_an_interval_and_the_undefined_as_a_dash(tmp_path, capsys, evaluated):
    path = tmp_path / "texts.csv"
    path.write_text("text,secrecy,flattery\nits our secret,1,0\npizza,0,0\n", encoding="utf-8")
    found = evaluated(path, tmp_path / "out", "--threshold", "secrecy=0")
    printed = capsys.readouterr().out.splitlines()
    assert [cell.strip() for cell in printed[2].split("  ") if cell] == [
        *["flattery", "0", "– (none shown)", "– (none shown)", "– (none shown)", "– (none shown)"],
    ]
    # Both rows are flagged: precision 1/2, and of the one row all are found (Clopper-Pearson: .025).
    assert [cell.strip() for cell in printed[3].split("  ") if cell] == [
        *["secrecy", "1", "0.500 (–)", "1.000 (0.025–1.000)", "0.667 (–)", "1.000 (–)"],
    ]
    assert printed[-1] == (
        "  (–): too few for an interval: it takes 20 rows, and 10 of them must hold what is counted; "
        "shares of 0 and 1, and of conversations, have an exact one"
    )
    assert "nan" not in "".join(printed)
    assert pd.read_csv(found / "messages.csv")[["f1_low", "f1_high"]].isna().all(axis=None)


def test_enough_rows_have_their_intervals_and_no_line_that_says_why_not(tmp_path, capsys, evaluated):
    path = tmp_path / "texts.csv"
    lines = [f"{text},{mark}\n" for text, mark in (("its our secret", 1), ("pizza", 0))]
    path.write_text("text,secrecy\n" + "".join(lines * 10), encoding="utf-8")
    evaluated(path, tmp_path / "out")
    assert "(–)" not in capsys.readouterr().out


def test_lines_of_pan12_are_printed_with_a_list_of_authors_alone(plain, tmp_path, capsys, evaluated):
    evaluated(plain, tmp_path / "without")
    assert "PAN 2012" not in capsys.readouterr().out
    (tmp_path / "authors.txt").write_text("ana\n", encoding="utf-8")
    evaluated(plain, tmp_path / "with", "--authors", str(tmp_path / "authors.txt"))
    assert "PAN 2012 lines: F3" in capsys.readouterr().out


def test_a_rate_of_nought_has_the_exact_bound_over_conversations():
    # 0 of 3 conversations: 1 - .025 ** (1 / 3).
    draws = Resamples.of([*"aaabbc"], n_resamples=50, seed=0)
    found = rate_columns(draws, "rate", [0] * 6, [1] * 6)
    assert (found["rate_low"], found["rate_high"]) == (0.0, pytest.approx(1 - 0.025 ** (1 / 3)))
    all_hit = rate_columns(draws, "rate", [1] * 6, [1] * 6)
    assert (all_hit["rate_low"], all_hit["rate_high"]) == (pytest.approx(0.025 ** (1 / 3)), 1.0)


def test_several_files_are_read_as_one(plain, tmp_path, evaluated):
    for name, keep in (("one.csv", slice(0, 7)), ("two.csv", slice(7, None))):
        lines = PLAIN.splitlines(keepends=True)
        (tmp_path / name).write_text(lines[0] + "".join(lines[1:][keep]), encoding="utf-8")
    found = evaluated(tmp_path / "*.csv", tmp_path / "out")
    assert pd.read_parquet(found / "row_scores.parquet")["row"].tolist()[-1] == "two.csv:5"
    assert len(facts(found)["files_sha256"]) == 2
    shutil.rmtree(found)
