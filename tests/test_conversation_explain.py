"""Explanations of a conversation's score: every level sums to the one above."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import points_at
from toy_scores import NEVER

from classifier.model.conversation.conversation_model import HALF_LIFE, ConversationModel, score_conversation
from classifier.model.conversation.explain import as_text, explain_conversation
from classifier.model.conversation.features import FEATURE_LABEL, HEAD_FEATURES, running_features
from classifier.model.message.explain import explain
from classifier.model.message.file import save_model
from classifier.model.message.stage_classifier import fit_message_model
from classifier.records import Metadata
from classifier.taxonomy import COLUMNS, CUE_TACTICS, LABELS, STAGE_TACTICS

SAID = {
    "flattery": ("you are so good at chess", "wow what a goal"),
    "isolation": ("nobody else gets you", "only I listen to you"),
    "info_request": ("what school do you go to", "how old are you"),
    "secrecy": ("keep this between us", "tell nobody about it"),
    "meeting": ("meet me at the pitch", "come over at five"),
    "false_affinity": ("I grew up there too", "we have the same friends"),
    "pressure": ("come on just do it", "you promised me"),
}
ORDINARY = ("pizza is at noon", "the raid starts now", "who wants pizza", "lol ok")
CHAT = [
    "keep this between us ok?  keep it",
    "lol <b>ok</b> & bye",
    "qqqq zzzz",
    "what school do you go to",
    "pizza is at noon",
    "tell nobody",
]
AUTHORS = ["ann", "bo", "ann", "ann", "bo", "ann"]
LIMITS = np.full(7, 0.3)
START = datetime(2031, 1, 6, 15)
SURROUNDINGS = {
    "times": [START + timedelta(minutes=at) for at in range(6)],
    "metadata": Metadata("online", "18_25", "13_17", 4),
    "sender": "ann",
}


@pytest.fixture(scope="module")
def message_model(tmp_path_factory):
    rows = [
        {"text": text} | {name: int(name == label) for name in LABELS}
        for label, texts in SAID.items()
        for text in texts
    ]
    rows += [{"text": text} | dict.fromkeys(LABELS, 0) for text in ORDINARY]
    pipeline = fit_message_model(pd.DataFrame(rows), min_df=1)
    path = tmp_path_factory.mktemp("message") / "model.safetensors"
    return save_model(
        path,
        pipeline,
        operating_points=points_at(0.3),
        corpus_sha256="x",
        training_families=["toy"],
        seed=0,
    )


def model_of(head="text", seed=0):
    weights = np.random.default_rng(seed).normal(size=len(HEAD_FEATURES[head]))
    return ConversationModel(head, weights, -2.0, 1.2, 0.1, LIMITS, 0.5)


def explained(message_model, head="text", seed=0, texts=CHAT, authors=AUTHORS, **options):
    surroundings = {} if head == "text" else SURROUNDINGS
    return explain_conversation(
        model_of(head, seed), message_model, texts, authors, **surroundings, **options
    )


@pytest.mark.parametrize("head", HEAD_FEATURES)
@pytest.mark.parametrize("seed", range(6))
def test_start_stages_and_others_sum_to_the_log_odds_of_the_score(message_model, head, seed):
    explanation = explained(message_model, head, seed)
    total = (
        explanation.start
        + sum(stage.value for stage in explanation.stages)
        + sum(value for _, value in explanation.others)
    )
    assert total == pytest.approx(explanation.log_odds, abs=1e-9)
    assert 1 / (1 + np.exp(-explanation.log_odds)) == pytest.approx(explanation.score, abs=1e-12)


@pytest.mark.parametrize("head", HEAD_FEATURES)
def test_the_score_explained_is_the_score_given(message_model, head):
    surroundings = {} if head == "text" else SURROUNDINGS
    given_score = score_conversation(model_of(head), message_model.scores(CHAT), AUTHORS, **surroundings)
    assert explained(message_model, head).score == pytest.approx(given_score, abs=1e-12)


@pytest.mark.parametrize("n_messages", [0, 1, 3, 6])
def test_a_stage_is_the_sum_of_its_features_and_of_its_messages(message_model, n_messages):
    sides, _ = running_features("text", LIMITS, message_model.scores(CHAT), AUTHORS, half_life=HALF_LIFE)
    explanation = explained(message_model, n_messages=n_messages)
    parts = model_of().contributions(sides[-1, ["ann", "bo"].index(explanation.writer)])
    by_feature = dict(zip(HEAD_FEATURES["text"], parts, strict=True))
    for stage in explanation.stages:
        of_stage = [value for name, value in by_feature.items() if FEATURE_LABEL[name] == stage.label]
        assert len(of_stage) == 3 + len((STAGE_TACTICS | CUE_TACTICS)[stage.label])
        assert sum(of_stage) == pytest.approx(stage.value, abs=1e-9)
        assert sum(message.value for message in stage.messages) + stage.rest == pytest.approx(
            stage.value, abs=1e-9
        )
        assert len(stage.messages) + stage.n_rest == 6


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.text(max_size=40) | st.sampled_from(CHAT)),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_every_step_sums_for_any_texts(message_model, messages, seed):
    texts, authors = [text for _, text in messages], [author for author, _ in messages]
    explanation = explained(message_model, seed=seed, texts=texts, authors=authors, n_messages=8)
    for stage in explanation.stages:
        assert sum(message.value for message in stage.messages) + stage.rest == pytest.approx(
            stage.value, abs=1e-9
        )
        for message in stage.messages:
            assert message.text == texts[message.number - 1]
            assert message.terms == explain(message_model, message.text, stage.label)
    assert all(line for line in as_text(explanation).splitlines())


class _Given:
    """A message model of fixed scores, so that shares can be worked out by hand.

    Its terms are those of a real model.
    """

    def __init__(self, message_model, scores):
        self._message_model, self._scores = message_model, scores

    def scores(self, texts):
        return self._scores

    def __getattr__(self, name):
        return getattr(self._message_model, name)


def by_message(message_model, secrecy, *, half_life=NEVER, **weights):
    """The parts through secrecy of four messages, three of them ann's, for one feature."""
    names = HEAD_FEATURES["text"]
    chosen = np.zeros(len(names))
    for name, weight in weights.items():
        chosen[names.index(f"secrecy: {name.replace('_', ' ')}")] = weight
    scores = np.zeros((4, len(COLUMNS)))
    scores[:, LABELS.index("secrecy")] = secrecy
    model = ConversationModel("text", chosen, 0.0, 1.0, 0.0, LIMITS, 0.5, half_life, 0.0, 0.0)
    explanation = explain_conversation(
        model, _Given(message_model, scores), CHAT[:4], ["ann", "bo", "ann", "ann"], n_messages=4
    )
    [stage] = [stage for stage in explanation.stages if stage.label == "secrecy"]
    return {message.number: message.value for message in stage.messages}


def test_what_was_seen_is_shared_by_the_logarithms_of_what_is_left(message_model):
    # 1 - .5 * .5 * .25: the last message adds as much as the two others together; bo has no part in
    # what was seen of ann
    assert by_message(message_model, [0.5, 0.2, 0.5, 0.75], seen=1.0) == pytest.approx(
        {1: 0.9375 / 4, 3: 0.9375 / 4, 4: 0.9375 / 2}, abs=1e-8
    )


def test_what_was_seen_of_the_other_goes_to_the_others_messages(message_model):
    # bo shows more, so ann's side is the one to look from, and it is all bo's message
    assert by_message(message_model, [0.1, 0.5, 0.0, 0.0], seen_of_other=1.0) == pytest.approx(
        {2: 0.5}, abs=1e-8
    )


def test_a_count_is_shared_equally_by_the_messages_counted(message_model):
    assert by_message(message_model, [0.3, 0.4, 0.9, 0.1], log_count=1.0) == pytest.approx(
        {1: np.log(3) / 2, 3: np.log(3) / 2}
    )


def test_what_has_faded_has_a_smaller_share(message_model):
    parts = by_message(message_model, [0.5, 0.0, 0.5, 0.0], half_life=1.0, log_count=1.0)
    assert parts[3] / parts[1] == pytest.approx(4.0, abs=1e-6)


def test_parts_are_ordered_by_size(message_model):
    explanation = explained(message_model)
    for values in (
        [stage.value for stage in explanation.stages],
        [value for _, value in explanation.others],
        [message.value for message in explanation.stages[0].messages],
    ):
        assert [abs(value) for value in values] == sorted(map(abs, values), reverse=True)


def test_the_writer_is_the_author_whose_side_scores_highest(message_model):
    names = HEAD_FEATURES["text"]
    model = ConversationModel(
        "text",
        np.array([float(name == "log recent messages by writer") for name in names]),
        0.0,
        1.0,
        0.0,
        LIMITS,
        0.5,
    )
    assert explain_conversation(model, message_model, CHAT, AUTHORS).writer == "ann"
    assert (
        explain_conversation(model, message_model, CHAT, ["ann", "bo", "bo", "bo", "bo", "bo"]).writer == "bo"
    )


def test_the_text_says_which_side_each_part_pushed(message_model):
    explanation = explained(message_model)
    parts = [(stage.label, stage.value) for stage in explanation.stages] + list(explanation.others)
    assert {value > 0 for _, value in parts} == {True, False}
    for name, value in parts:
        if value:
            assert f"{value:+8.3f}  {name}, {'towards' if value > 0 else 'away from'} the pattern" in as_text(
                explanation
            )


def test_a_part_of_nothing_pushed_neither_way(message_model):
    names = HEAD_FEATURES["text"]
    model = ConversationModel("text", np.zeros(len(names)), -1.0, 1.0, 0.0, LIMITS, 0.5)
    assert "  +0.000  distinct stages, neither way" in as_text(
        explain_conversation(model, message_model, CHAT, AUTHORS)
    )


def test_the_text_says_when_a_message_has_no_known_words(message_model):
    explanation = explained(message_model, texts=["qqqq zzzz"], authors=["ann"])
    assert "no known words" in as_text(explanation)


def test_a_message_cannot_draw_lines_of_its_own(message_model):
    text = as_text(
        explained(message_model, texts=["keep this\n  +9.000  everything\x1b[2J\u202e\x1c"], authors=["a\nb"])
    )
    assert "keep this +9.000 everything\ufffd[2J\ufffd\ufffd" in text
    assert "\x1b" not in text
    assert "side of a b;" in text


def test_the_verdict_follows_the_threshold(message_model):
    explanation = explained(message_model)
    verdict = "at or over" if explanation.score >= 0.5 else "under"
    assert as_text(explanation).startswith(
        f"score {explanation.score:.3f}, {verdict} the alert threshold 0.500"
    )


def test_head_metadata_reads_no_text(message_model):
    explanation = explained(message_model, "metadata", texts=["anything"] * 6)
    assert explanation == explained(message_model, "metadata", texts=None)
    assert explanation.stages == ()
    assert "no message text was read" in as_text(explanation)
