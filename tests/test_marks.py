"""Words in a negation are marked, and so is a message that quotes: by hand, and through every engine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.model.message.batch import BatchScorer
from classifier.model.message.explain import explain, terms_in_place
from classifier.model.message.file import load_classifier, load_model
from classifier.model.message.reading.marks import in_scope, marked, negated, token_kind
from classifier.model.message.reading.passages import passages_of
from classifier.model.shipped_models import train_split_model
from classifier.taxonomy import LABELS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pizza at six", "pizza at six"),
        ("I won\u2019t tell", "I won\u2019t tell not_tell"),
        ("not here. pizza", "not here. not_here pizza"),
        ("never one two three four", "never one not_one two not_two three not_three four"),
        ("no not that", "no not not_not that not_that"),
        ("nothing :) ok", "nothing :) ok not_ok"),
        ("know it, another knot", "know it, another knot"),
    ],
)  # fmt: skip
def test_up_to_three_words_after_a_negation_are_marked_until_a_stop(text, expected):
    assert marked(text) == expected


WORDS = st.lists(st.sampled_from(["no", "won't", "not.", "pizza", "ok!", ":)", "-", "'no'"]), max_size=12)


@given(texts=st.lists(WORDS, max_size=4))
def test_texts_end_to_end_are_marked_as_each_is_alone(texts):
    tokens = [token for text in texts for token in text]
    kinds = np.array([token_kind(token) for token in tokens], dtype=np.uint8)
    lengths = np.array([len(text) for text in texts], dtype=int)
    scope = in_scope(kinds, np.repeat(np.cumsum(lengths) - lengths, lengths))
    together = [
        word
        for token, inside in zip(tokens, scope, strict=True)
        for word in ([token, negated(token)] if inside else [token])
    ]
    assert together == [word for text in texts for word in marked(" ".join(text)).split()]


@pytest.mark.parametrize("text", ['the sign says "no dogs" lol', "\u201cpizza\u201d was on the menu"])
def test_a_message_with_a_quotation_in_it_says_so(text):
    assert marked(text).split()[0] == "in_quotation"


@pytest.mark.parametrize("text", ['"pizza at six"', 'a 6" pizza', '"" ok', "it's ok, y'all"])
def test_what_is_all_quotation_or_none_says_nothing(text):
    assert "in_quotation" not in marked(text)


@pytest.mark.parametrize("text", ["no a" + "." * 1_000_000 + "b c", "no " + "-" * 1_000_000 + " c"])
def test_a_million_marks_inside_a_token_or_alone_take_no_time(text):
    assert marked(text).endswith(" not_c")


def test_a_million_spaces_between_two_words_take_no_time():
    assert passages_of("ok. pizza" + " " * 1_000_000 + "at six")[1:] == [
        "ok.",
        "pizza" + " " * 1_000_000 + "at six",
    ]


def test_a_million_quotation_marks_take_no_time():
    assert marked('" ' * 500_000) == '" ' * 500_000


SAID = [
    "no i wont keep it a secret",
    'the sign said:"keep it secret" lol',
    "Don't tell anyone. I do not mind!",
]


@pytest.fixture(scope="module")
def model():
    return load_model(train_split_model())


def test_every_engine_marks_alike(model):
    reference = load_classifier(train_split_model()).scores(SAID)
    np.testing.assert_allclose(model.scores(SAID), reference, atol=1e-9)
    np.testing.assert_allclose(BatchScorer(model).scores(SAID), reference, atol=1e-9)


def test_a_refusal_shows_less_than_what_it_refuses(model):
    refused, asked = model.probabilities(["no i wont keep it a secret", "keep it a secret ok"])
    assert refused[LABELS.index("secrecy")] < asked[LABELS.index("secrecy")] / 2


def test_the_mark_of_a_word_counts_as_the_word_in_its_explanation(model):
    account = explain(model, "i wont keep it secret", "secrecy")
    assert "not_secret" in account.text.split()
    assert [word for word in account.words() if word.startswith("not_")] == []
    assert sum(account.words().values()) == pytest.approx(account.logit - account.intercept, abs=1e-9)


def test_parts_in_place_hold_the_marks(model):
    placed = terms_in_place(model, "i wont keep it secret!", "secrecy")
    total = sum(value for _, value in placed.pieces) + placed.elsewhere
    assert total == pytest.approx(placed.terms.logit - placed.terms.intercept, abs=1e-9)
    assert "".join(piece for piece, _ in placed.pieces) == "i wont keep it secret!"


def test_marks_are_no_unknown_words(model):
    assert explain(model, "i wont eat pizza", "secrecy").unknown_words == ()
