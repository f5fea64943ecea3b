"""Attacks on a model file: members are train conversations, others of the same dialogues are drawn anew."""

from __future__ import annotations

import pytest
from privacy_toys import chat

from classifier.cli.main import main
from classifier.corpus.corpus_folder import read_corpus
from classifier.privacy.attacks.strongest_attack import strongest_attacks
from classifier.workflows.model_file_attacks.attack_inputs import conversations_of_some_senders
from classifier.workflows.model_file_attacks.membership_attack import (
    fresh_conversations,
    model_file_attacks,
    own_lines,
)


def test_own_lines_stand_in_no_other_conversation_and_a_repeated_line_counts_as_often_as_it_is_said():
    conversations = [
        chat("a", "s: pizza at noon", "c: ask Zola", "s: ask Zola"),
        chat("b", "s: pizza at noon", "c: rain again"),
    ]
    lines, number = own_lines(conversations)
    assert [line.text for line in lines] == ["ask Zola", "ask Zola", "rain again"]
    assert number.tolist() == [0, 0, 1]


@pytest.fixture(scope="module")
def sides(small_corpus, small_spec, small_material):
    splits = read_corpus(small_corpus)
    train = splits["train"]
    members = conversations_of_some_senders(train, 20, 0, where="toy")
    return members, fresh_conversations(small_spec, small_material["dialogues"], n_senders=20), splits


def test_fresh_conversations_are_of_the_train_dialogues_and_of_senders_that_the_corpus_lacks(sides):
    _, fresh, splits = sides

    def families(conversations):
        return {message.family for conversation in conversations for message in conversation.messages}

    assert len(families(fresh) & families(splits["train"])) > 0.9 * len(families(fresh))
    assert not families(fresh) & (families(splits["validation"]) | families(splits["test"]))
    assert not {c.sender for c in fresh} & {c.sender for c in splits["train"]}
    assert {c.split for c in fresh} == {"train"}


def test_a_file_is_attacked_by_vocabulary_loss_and_shadow_models_beside_a_blind_control(sides, small_model):
    members, fresh, _ = sides
    table = model_file_attacks(small_model, members, fresh, n_shadows=2, seed=0)
    assert table["variant"].unique().tolist() == ["model.safetensors"]
    assert table["attack"].unique().tolist() == ["blind", "vocabulary", "loss", "lira", "statement"]
    areas = table[table["figure"] == "auc"]
    assert areas["n"].unique().tolist() == [len(members)]
    assert areas["n_other"].unique().tolist() == [len(fresh)]
    assert areas["value"].between(0, 1).all()
    assert len(strongest_attacks(table)) == 1


def test_a_file_of_another_corpus_is_refused(small_corpus, tmp_path, capsys):
    from classifier.model.shipped_models import train_split_model

    out = ["--shadows", "0", "--canaries", "0", "--people", "20", "--out", str(tmp_path / "a.json")]
    assert main(["privacy", "attack", str(small_corpus), "--model", str(train_split_model()), *out]) == 2
    assert "expected a model of the train split of" in capsys.readouterr().err
