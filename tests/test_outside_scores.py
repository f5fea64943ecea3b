"""Scores brought by an outside model: our own, brought back, must give what ours give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from classifier.cli.main import main
from classifier.corpus.corpus_folder import read_corpus, read_message_tables
from classifier.errors import InputError
from classifier.model.conversation.file import load_conversation_model
from classifier.model.message.file import load_classifier
from classifier.model.shipped_models import conversation_model_path
from classifier.privacy.message_streams import streams_from_conversations
from classifier.privacy.policies.policy import Policy
from classifier.privacy.simulate.policy_scorer import STAGE_MAXIMA
from classifier.privacy.simulate.whole_conversation import part_read
from classifier.privacy.tradeoff.policy_detection import decision_scores
from classifier.taxonomy import COLUMNS, LABELS
from classifier.workflows.conversation_evaluation.conversation_scores import (
    conversation_running_scores,
    highest_scores,
    message_probabilities,
)
from classifier.workflows.tradeoff.outside_scores import outside_conversation_scorer, outside_scorer
from classifier.workflows.training.cross_fitting import fit_with_folds, of_conversations

BIT = Policy("bit", "A toy.", where="device", release="alert_bit")


@pytest.fixture(scope="module")
def parts(small_corpus):
    return read_corpus(small_corpus)


@pytest.fixture(scope="module")
def scored(parts):
    return [*parts["validation"], *parts["test"]]


@pytest.fixture(scope="module")
def ours(small_model, scored):
    """Our message probabilities and running scores."""
    rows = message_probabilities(load_classifier(small_model), scored)
    head = load_conversation_model(conversation_model_path(small_model, "text"))
    return rows, conversation_running_scores(head, scored, rows)


def table_of(conversations, rows, columns=COLUMNS):
    """Message scores as somebody outside would write them."""
    authors = [(c.id, m.author) for c in conversations for m in c.messages]
    names = pd.DataFrame(authors, columns=["conversation_id", "author"])
    kept = [COLUMNS.index(column) for column in columns]
    return pd.concat([names, pd.DataFrame(np.concatenate(rows)[:, kept], columns=list(columns))], axis=1)


@pytest.fixture(scope="module")
def our_table(small_corpus, parts, scored, ours):
    """Train rows out of fold, as our own head was fitted on, and those of validation and test."""
    messages = read_message_tables(small_corpus, parts)["train"]
    _, out_of_fold = fit_with_folds(messages, seed=0)
    train_rows = of_conversations(out_of_fold, messages, parts["train"])
    return pd.concat([table_of(parts["train"], train_rows), table_of(scored, ours[0])])


def scorer_of(table, tmp_path, parts, scored):
    path = tmp_path / "scores.csv"
    table.to_csv(path, index=False)
    return outside_scorer(path, parts["train"], scored, seed=0)


def test_our_message_scores_brought_back_give_our_conversation_scores(
    our_table, ours, parts, scored, tmp_path
):
    scorer = scorer_of(our_table, tmp_path, parts, scored)
    for conversation, expected in list(zip(scored, ours[1], strict=True))[::5]:
        authors = [message.author for message in conversation.messages]
        found = scorer.conversation(scorer.messages.rows[conversation.id], authors)
        assert found == pytest.approx(expected[-1], abs=1e-6)


def test_labels_without_tactics_have_a_head_of_their_own(our_table, parts, scored, tmp_path):
    scorer = scorer_of(our_table[["conversation_id", "author", *LABELS]], tmp_path, parts, scored)
    assert scorer.conversation is not STAGE_MAXIMA
    assert not scorer.messages.rows[scored[0].id][:, len(LABELS) :].any()


def test_without_rows_of_train_messages_are_combined_by_stage_maxima(ours, parts, scored, tmp_path):
    scorer = scorer_of(table_of(scored, ours[0]), tmp_path, parts, scored)
    assert scorer.conversation is STAGE_MAXIMA


def write_conversations(path, conversations, scores):
    ids = [conversation.id for conversation in conversations]
    pd.DataFrame({"conversation_id": ids, "score": scores}).to_csv(path, index=False)
    return path


def test_our_conversation_scores_brought_back_decide_as_ours(ours, scored, tmp_path):
    streams = streams_from_conversations(scored)
    path = write_conversations(tmp_path / "c.csv", scored, highest_scores(ours[1]))
    scorer = outside_conversation_scorer(path, scored, streams)
    found = decision_scores(BIT, streams, scorer, seed=0)
    np.testing.assert_allclose(found, highest_scores(ours[1]), rtol=0, atol=1e-6)


def test_the_command_finds_with_our_conversation_scores_what_our_model_finds(
    small_corpus, small_model, ours, scored, tmp_path
):
    (tmp_path / "bit.toml").write_text(
        'description = "A bit."\nwhere = "device"\nrelease = "alert_bit"\n', encoding="utf-8"
    )
    (tmp_path / "window.toml").write_text(
        'description = "A bit."\nwhere = "device"\nrelease = "alert_bit"\n'
        "window = 5\nretain_messages = 5\nretain_hours = 1\n",
        encoding="utf-8",
    )
    path = write_conversations(tmp_path / "c.csv", scored, highest_scores(ours[1]))
    found = []
    for source in (["--conversation-scores", path], ["--model", small_model]):
        out = tmp_path / source[0]
        command = [
            "tradeoff", small_corpus, *source, "--policies", tmp_path / "bit.toml",
            "--policies", tmp_path / "window.toml", "--no-variants", "--resamples", 20, "--out", out,
        ]  # fmt: skip
        assert main([str(argument) for argument in command]) == 0
        points = pd.read_csv(out / "points.csv")
        found.append(points.loc[points["policy"] == "bit", ["point", "found", "false_alarms", "threshold"]])
    pd.testing.assert_frame_equal(*found, rtol=0, atol=1e-6)
    skipped = pd.read_csv(tmp_path / "--conversation-scores" / "skipped.csv").set_index("policy")["reason"]
    assert skipped["window"] == "the scores are of whole conversations, and it scores the last 5 messages"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table[1:], "no score of conversation"),
        (lambda table: pd.concat([table, table[:1]]), "stands there twice"),
        (lambda table: table.assign(score=1.5), r"must be a number in \[0, 1\]"),
        (lambda table: table.assign(score="high"), r"must be a number in \[0, 1\]"),
        (lambda table: table.rename(columns={"score": "points"}), "no column 'score' in the header"),
    ],
)
def test_conversation_scores_that_do_not_fit_are_refused(scored, tmp_path, change, message):
    path = write_conversations(tmp_path / "c.csv", scored, 0.5)
    change(pd.read_csv(path)).to_csv(path, index=False)
    with pytest.raises(InputError, match=message):
        outside_conversation_scorer(path, scored, streams_from_conversations(scored))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, ""),
        ({"who": "initiator_only"}, "it reads one side of them"),
        ({"trigger": ("messages >= 5",)}, "it begins to read at a trigger"),
        ({"text_trigger": "secret"}, "it begins to read at a trigger"),
        ({"k_of_n": 2}, "it counts stages in messages"),
        ({"fixed_rule": "noisy_or"}, "it combines scores of messages"),
    ],
)
def test_a_policy_that_reads_a_part_may_not_use_a_score_of_the_whole(settings, reason):
    found = part_read(Policy("toy", "A toy.", where="device", release="alert_bit", **settings))
    assert found == (reason and f"the scores are of whole conversations, and {reason}")


def test_one_source_of_scores_is_named(small_corpus, tmp_path, capsys):
    arguments = ["tradeoff", small_corpus, "--scores", "a.csv", "--conversation-scores", "b.csv"]
    assert main([str(argument) for argument in [*arguments, "--out", tmp_path / "out"]]) == 2
    assert (
        "--scores stands in for a model, so --conversation-scores cannot be given" in capsys.readouterr().err
    )
