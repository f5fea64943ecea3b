"""The commands tradeoff and privacy, and the page of a tradeoff."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import classifier.privacy
from classifier.cli.main import main
from classifier.cli.tradeoff import _chosen_policies
from classifier.corpus.corpus_folder import read_corpus
from classifier.model.conversation.file import load_conversation_model
from classifier.model.conversation.monitor import MonitoredScorer
from classifier.model.message.file import load_classifier
from classifier.model.shipped_models import train_split_model
from classifier.privacy.constraints.constraint import CONSTRAINED_METRICS
from classifier.privacy.constraints.feasibility import constraint_lines
from classifier.privacy.policies.policy import shipped_policies
from classifier.privacy.simulate.policy_scorer import RunningScorer
from classifier.report.html_rendering import report_templates
from classifier.report.tradeoff.frontier_plots import frontier_plot
from classifier.report.tradeoff.printed_points import (
    EXACT_ZERO_AT,
    middle_prevalence,
    ppv_cells,
    with_intervals,
)
from classifier.report.tradeoff.tradeoff_page import NOTES
from classifier.taxonomy import LABELS
from classifier.workflows.conversation_evaluation.conversation_scores import (
    conversation_running_scores,
    message_probabilities,
)

POLICIES = Path(classifier.privacy.__file__).parent / "policies"
FAST = ["--resamples", "20", "--model", str(train_split_model()), "--no-variants"]

BIT = 'description = "A bit from the device."\nwhere = "device"\nrelease = "alert_bit"\n'


def refused(capsys, *arguments):
    """The one line that a refusing command writes to standard error."""
    assert main([str(argument) for argument in arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


@pytest.fixture(scope="module")
def policies(tmp_path_factory):
    folder = tmp_path_factory.mktemp("policies")
    (folder / "bit.toml").write_text(BIT, encoding="utf-8")
    (folder / "stages.toml").write_text(BIT + "k_of_n = 2\n", encoding="utf-8")
    (folder / "hashed.toml").write_text(BIT + 'features = "hashed"\nhash_bits = 18\n', encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def compared(tmp_path_factory, small_corpus, policies):
    out = tmp_path_factory.mktemp("tradeoff")
    assert (
        main(
            [
                "tradeoff",
                str(small_corpus),
                *FAST,
                "--policies",
                str(policies),
                "--prevalence",
                "1e-4",
                "--out",
                str(out),
            ]
        )
        == 0
    )
    return out


@pytest.fixture(scope="module")
def outside(tmp_path_factory, small_corpus):
    """Scores of an outside model: one column, long texts score high."""
    parts = read_corpus(small_corpus)
    path = tmp_path_factory.mktemp("scores") / "scores.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["conversation_id", "author", "text", "score"])
        writer.writerows(
            [c.id, m.author, m.text, min(1.0, len(m.text) / 400)]
            for split in ("test", "validation")
            for c in parts[split]
            for m in c.messages
        )
    return path


def test_a_folder_of_tables_facts_and_a_page_comes_out(compared):
    facts = json.loads((compared / "tradeoff.json").read_text())["facts"]
    assert facts["prevalences"] == [1e-4]
    assert facts["constraints"] == ["human_read_benign_per_million<=1000"]
    points = pd.read_csv(compared / "points.csv")
    assert {"read_nothing", "full_server_scan", "bit", "stages"} <= set(points["policy"])
    assert set(CONSTRAINED_METRICS) <= set(points.select_dtypes("number"))
    assert not (compared / "evaluation.json").exists()


def test_models_of_hashed_and_noisy_policies_are_fitted_by_default(small_corpus, tmp_path):
    for name in ("device_min_people_10", "device_dp_epsilon_1"):
        [path] = [path for path in POLICIES.glob("*.toml") if path.stem == name]
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert (
        main(
            [
                "tradeoff",
                str(small_corpus),
                *FAST[:4],
                "--policies",
                str(tmp_path),
                "--out",
                str(tmp_path / "out"),
            ]
        )
        == 0
    )
    points = pd.read_csv(tmp_path / "out" / "points.csv")
    assert {"device_min_people_10", "device_dp_epsilon_1"} <= set(points["policy"])
    assert "no scorer" not in (tmp_path / "out" / "skipped.csv").read_text()


def test_a_policy_whose_model_is_not_there_is_skipped_with_its_reason(compared):
    skipped = pd.read_csv(compared / "skipped.csv").set_index("policy")
    assert skipped.loc["hashed", "reason"] == "no scorer was given for model 'hashed-18/plain'"


def test_the_same_call_gives_the_same_bytes_whatever_the_jobs(compared, small_corpus, policies, tmp_path):
    assert (
        main(
            [
                "tradeoff",
                str(small_corpus),
                *FAST,
                "--policies",
                str(policies),
                "--prevalence",
                "1e-4",
                "--jobs",
                "2",
                "--out",
                str(tmp_path),
            ]
        )
        == 0
    )
    assert contents(tmp_path) == contents(compared)


def test_the_constraint_is_answered_by_the_number_of_conversations_it_takes(
    small_corpus, policies, tmp_path, capsys
):
    arguments = [
        "--policies",
        str(policies / "bit.toml"),
        "--constraint",
        "false_positive_rate<=0.00005",
        "--constraint",
        "machine_read_share<=0.2",
    ]
    assert main(["tradeoff", str(small_corpus), *FAST, *arguments, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "false_positive_rate<=5e-05, at 95 % for all points together: 1 points supported" in printed
    assert "exactly 0 by how they are made: read_nothing" in printed
    assert "exactly 0 by how they are made: read_nothing" in printed
    assert "all constraints together: read_nothing" in printed


def test_points_that_are_supported_are_named():
    answers = pd.DataFrame(
        [
            ("a", "recall>=0.5", 0.9, 0.7, "supported", True, 40.0, 5.0, 9.0),
            ("b", "recall>=0.5", 0.1, 0.0, "violated", False, 40.0, 5.0, np.inf),
        ],
        columns=[
            "point",
            "constraint",
            "value",
            "bound",
            "verdict",
            "feasible",
            "n",
            "needed_error_free",
            "needed_at_this_rate",
        ],
    )
    assert constraint_lines(answers) == [
        "recall>=0.5, at 95 % for all points together: 1 points supported, 0 kept but not shown, 1 violated",
        "  a: 0.9, bound 0.7",
    ]


def test_the_watched_model_scores_as_the_pattern_model_does(small_corpus):
    model = load_conversation_model(
        train_split_model().with_name("train_split.conversation-text.safetensors")
    )
    conversations = read_corpus(small_corpus)["test"][:5]
    rows = message_probabilities(load_classifier(train_split_model()), conversations)
    scorer = MonitoredScorer(model)
    assert isinstance(scorer, RunningScorer)
    for conversation, own, expected in zip(
        conversations, rows, conversation_running_scores(model, conversations, rows), strict=True
    ):
        authors, state, found = [message.author for message in conversation.messages], scorer.start(), []
        for row, author in zip(own, authors, strict=True):
            state = scorer.update(state, row, author)
            found.append(scorer.score(state))
        np.testing.assert_allclose(found, expected, rtol=1e-9)
        assert scorer(own, authors) == pytest.approx(expected[-1])


def test_an_outside_model_runs_what_needs_only_message_scores(small_corpus, policies, outside, tmp_path):
    assert (
        main(
            [
                "tradeoff",
                str(small_corpus),
                *FAST[:2],
                "--scores",
                str(outside),
                "--policies",
                str(policies),
                "--out",
                str(tmp_path),
            ]
        )
        == 0
    )
    assert {"bit", "full_server_scan"} <= set(pd.read_csv(tmp_path / "points.csv")["policy"])
    skipped = pd.read_csv(tmp_path / "skipped.csv").set_index("policy")["reason"]
    assert skipped["stages"] == "k_of_n counts stages, and the scores have only score"
    assert "outside model" in json.loads((tmp_path / "tradeoff.json").read_text())["facts"]["model"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:-1], "messages in the corpus and"),
        (lambda lines: lines[:1], "no scores of conversation"),
        (lambda lines: [lines[0].replace("score", "points"), *lines[1:]], "needs a column 'score'"),
        (lambda lines: [lines[0].replace("author", "who"), *lines[1:]], "no column 'author'"),
        (lambda lines: [lines[0], re.sub(r"[\d.]+$", "1.5", lines[1]), *lines[2:]], "must be in [0, 1]"),
        (lambda lines: [lines[0], re.sub(r"[\d.]+$", "high", lines[1]), *lines[2:]], "scores.csv: "),
        (lambda lines: [lines[0], re.sub(r"[\d.]+$", "", lines[1]), *lines[2:]], "must be in [0, 1]"),
    ],
)
def test_scores_that_do_not_fit_the_corpus_are_one_clear_line(
    small_corpus, outside, tmp_path, capsys, change, message
):
    path = tmp_path / "scores.csv"
    path.write_text(
        "\n".join(change(outside.read_text(encoding="utf-8").splitlines())) + "\n", encoding="utf-8"
    )
    assert message in refused(capsys, "tradeoff", small_corpus, "--scores", path, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--constraint", "happiness<=3"], "no such metric, expected one of human_read_benign_per_million"),
        (["--constraint", "recall about 1"], "must be written as metric<=number"),
        (["--policies", "none.toml"], "none.toml: cannot be read"),
        (["--scores", "none.csv"], "none.csv: cannot be read"),
        (["--scores", "none.csv", "--model", "m.safetensors"], "--model cannot be given beside it"),
        (["--assume", "happiness=3"], "no such assumption, expected one of true_positive_rate"),
        (["--assume", "evasion=much"], "must be written as name=number"),
        (["--assume", "evasion=2"], "evasion must be in [0, 1], got 2.0"),
    ],
)
def test_what_cannot_be_used_is_refused_before_the_work(small_corpus, tmp_path, capsys, options, message):
    assert message in refused(capsys, "tradeoff", small_corpus, *options, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_folder_of_an_evaluation_is_left_alone(small_corpus, tmp_path, capsys):
    (tmp_path / "evaluation.json").write_text("{}")
    assert "holds an evaluation" in refused(capsys, "tradeoff", small_corpus, "--out", tmp_path)


def test_the_page_answers_first_closes_its_sections_and_ends_with_hashes(compared):
    page = (compared / "tradeoff.html").read_text(encoding="utf-8")
    in_order = [
        "Who reads most",
        "What one more find costs.",
        "What is assumed.",
        "<svg",
        "Caution.",
        "<table>",
    ]
    in_order += ["Contents", "Synthetic is not real", "<details", "Corpus sha256"]
    places = [page.index(words) for words in in_order]
    assert places == sorted(places)
    assert "<details open" not in page
    limits = report_templates().get_template(NOTES).module.limits
    assert len(limits) == 8
    assert all(limit in page for limit in limits)


def test_the_page_has_a_table_by_each_figure_and_no_undefined_number(compared):
    page = (compared / "tradeoff.html").read_text(encoding="utf-8")
    assert all("<table>" in part for part in page.split("</figure>")[1:])
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert not re.search(r"\bnan\b", page)
    for word in (
        "per million benign conversations",
        "Clopper-Pearson",
        "supposed prevalence",
        "no scorer was given for model",
        "message-hours kept",
        "epsilon of a release",
        "messages kept at once",
        "benign accounts ever flagged",
        "Assumed throughout",
    ):
        assert word in page


def test_what_is_assumed_of_the_reviewer_can_be_set(small_corpus, policies, tmp_path):
    command = ["tradeoff", small_corpus, *FAST, "--policies", policies / "bit.toml", "--prevalence", "1e-4"]
    command += ["--assume", "evasion=0.5", "--assume", "minutes_per_item=3", "--out", tmp_path]
    assert main([str(argument) for argument in command]) == 0
    facts = json.loads((tmp_path / "tradeoff.json").read_text())["facts"]
    assert (facts["sliders"]["evasion"], facts["reviewer"]["minutes_per_item"]) == (0.5, 3)
    assert "50 % of patterns evade" in (tmp_path / "tradeoff.html").read_text(encoding="utf-8")


def test_a_zero_is_an_open_marker_at_its_bound(compared):
    page = (compared / "tradeoff.html").read_text(encoding="utf-8")
    assert "0 (shows no text)" in page
    points = with_intervals(
        {name: pd.read_csv(compared / f"{name}.csv") for name in ("points", "intervals")}
    ).set_index("point")
    assert points.loc["read_nothing", ["open", "drawn_at"]].tolist() == [False, EXACT_ZERO_AT]
    zeros = points[points["zero_events"]]
    assert zeros["open"].all()
    assert (zeros["drawn_at"] == zeros["human_read_benign_per_million_upper"]).all()
    assert points.loc["flag_all", ["open", "drawn_at", "share"]].tolist() == [False, 1e6, "over 50 %"]
    table = pd.DataFrame(
        {
            "point": ["a", "b"],
            "no": ["1", "2"],
            "x": [50.0, 9.0],
            "recall": [0.0, 0.5],
            "share": ["none", "none"],
            "open": [True, False],
        }
    )
    drawn = {
        float(line.get_xdata()[0]): line.get_markerfacecolor()
        for line in frontier_plot(table, x="x", xlabel="cost").lines
        if len(line.get_xdata())
    }
    assert drawn[50.0] == "none"
    assert to_hex(drawn[9.0]) == "#9aa5b1"


def test_the_figure_of_one_prevalence_is_that_of_the_middle_one():
    per_find = pd.DataFrame({"prevalence": [1e-6, 1e-2, 1e-4, 1e-2, 1e-3]})
    assert middle_prevalence({"per_find": per_find}) == 1e-4


def test_a_tradeoff_is_drawn_again_from_its_folder_or_its_file(compared, tmp_path, capsys):
    for source in (compared, compared / "tradeoff.json"):
        assert main(["report", str(source), "--out", str(tmp_path / "again.html")]) == 0
        assert (tmp_path / "again.html").read_bytes() == (compared / "tradeoff.html").read_bytes()
    assert "no whole evaluation there" in refused(
        capsys, "report", tmp_path / "none", "--out", tmp_path / "x.html"
    )


def test_a_tradeoff_made_before_a_metric_was_added_is_to_be_run_again(compared, tmp_path, capsys):
    shutil.copytree(compared, tmp_path / "old")
    points = pd.read_csv(tmp_path / "old" / "points.csv").drop(columns="device_read_share")
    points.to_csv(tmp_path / "old" / "points.csv", index=False)
    line = refused(capsys, "report", tmp_path / "old", "--out", tmp_path / "old.html")
    assert "points.csv: has no column 'device_read_share', a metric added since" in line
    assert "run 'grooming-classifier tradeoff' again" in line


def test_a_predictive_value_without_a_false_alarm_is_shown_as_its_bound():
    rates = pd.DataFrame(
        {
            "false_alarms": [0.0, 10.0, 0.0],
            "true_finds": [5.0, 5.0, 0.0],
            "ppv": [1.0, 1 / 3, np.nan],
            "ppv_low": [0.02, 0.1, 0.0],
        }
    )
    assert ppv_cells(rates)["text"].tolist() == ["≥ 2 %", "33 %", "0/0"]


def test_shipped_policies_are_listed_and_explained(capsys):
    assert main(["privacy", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {policy.name for policy in shipped_policies()} <= {word for line in lines for word in line.split()}
    assert sum(line.startswith("* ") for line in lines) == 8 + 1  # and what the star means
    assert main(["privacy", "explain", "device_alert_bit"]) == 0
    assert "Read: the device reads every message" in capsys.readouterr().out


def test_a_policy_of_ones_own_is_explained(policies, capsys):
    assert main(["privacy", "explain", str(policies / "bit.toml")]) == 0
    assert capsys.readouterr().out.startswith("bit: A bit from the device.")


def test_a_threshold_in_a_policy_file_is_said_not_to_be_used(tmp_path, capsys):
    (tmp_path / "strict.toml").write_text(
        'description = "A bit."\nwhere = "device"\nrelease = "alert_bit"\nthreshold = 0.99\n',
        encoding="utf-8",
    )
    [policy] = _chosen_policies([tmp_path])
    assert policy.name == "strict"
    said = "strict: its threshold of 0.99 is not used; thresholds are chosen on validation\n"
    assert capsys.readouterr().err == said


def test_an_unknown_policy_is_refused(capsys):
    assert "no shipped policy is named 'nope'" in refused(capsys, "privacy", "explain", "nope")


def test_labels_of_an_outside_model_let_stages_be_counted(small_corpus, policies, tmp_path):
    parts = read_corpus(small_corpus)
    rows = [
        [c.id, m.author, *(0.9 if label in m.labels else 0.1 for label in LABELS)]
        for split in ("validation", "test")
        for c in parts[split]
        for m in c.messages
    ]
    pd.DataFrame(rows, columns=["conversation_id", "author", *LABELS]).to_csv(tmp_path / "s.csv", index=False)
    assert (
        main(
            [
                "tradeoff",
                str(small_corpus),
                *FAST[:2],
                "--scores",
                str(tmp_path / "s.csv"),
                "--policies",
                str(policies / "stages.toml"),
                "--out",
                str(tmp_path / "o"),
            ]
        )
        == 0
    )
    assert "stages" in set(pd.read_csv(tmp_path / "o" / "points.csv")["policy"])
