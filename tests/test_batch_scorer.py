"""The batch scorer gives the Pipeline's probabilities, with a bounded memo."""

from __future__ import annotations

import pickle
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import points_at
from toy_messages import VARIANTS, toy_table

from classifier.errors import InputError
from classifier.model.message.batch import BatchScorer
from classifier.model.message.file import load_classifier, load_model, save_model
from classifier.model.message.reading.normalise import normalise
from classifier.model.message.scorer import FeatureGroup
from classifier.model.message.stage_classifier import fit_message_model
from classifier.model.message.term_tables import terms_of
from classifier.taxonomy import LABELS

TEXTS = [
    "dont tell your mum, its our secret",
    "",
    "pizza at 6?",
    "🍕🍕 \x00 \x85\xa0",
    "a" * 5000,
    "ab" * 3000,
    "\ud800 lone \udfff",
    "SOOO pretty!! so pretty, so pretty",
    "raid\u2028at\u3000nine ﷺ ´ \u0301",
    "meet me at the park gate\u200b tomorrow",
    "keep it secret keep it secret keep it " * 400,
    "e\u0301 İ ΑΣ ΑΣ. ǅ …",
]


def toy_model(path, **options):
    pipeline = fit_message_model(toy_table(), min_df=1, **options)
    return save_model(
        path,
        pipeline,
        operating_points=points_at(0.5),
        corpus_sha256="c",
        training_families=[],
        seed=0,
    )


@pytest.fixture(scope="module")
def model(small_model):
    return load_model(small_model)


@pytest.fixture(scope="module")
def corpus_texts(small_corpus):
    from classifier.corpus.corpus_folder import read_corpus

    return [
        message.text
        for part in read_corpus(small_corpus).values()
        for conversation in part
        for message in conversation.messages
    ]


@pytest.fixture(scope="module")
def scorer(model):
    return BatchScorer(model)


def assert_equal_scores(scorer, model, texts):
    np.testing.assert_allclose(scorer.probabilities(texts), model.probabilities(texts), rtol=0, atol=1e-9)


@given(st.text())
def test_a_text_is_spelled_as_its_tokens_are(text):
    assert normalise(text) == " ".join(filter(None, map(normalise, text.split())))
    assert text.lower().split() == [token.lower() for token in text.split()]


def test_no_letter_reaches_across_white_space_when_normalised():
    spaces = [chr(point) for point in range(sys.maxunicode + 1) if chr(point).isspace()]
    letters = [
        chr(point)
        for point in range(0x30000)
        if unicodedata.combining(chr(point)) or unicodedata.normalize("NFKD", chr(point)) != chr(point)
    ]
    letters = [letter for letter in letters if not "가" <= letter <= "힣"]
    for number, letter in enumerate(letters):
        space = spaces[number % len(spaces)]
        text = f"a{letter}{space}{letter}b{space}\u0301{letter}{space}Σ"
        assert normalise(text) == " ".join(filter(None, map(normalise, text.split())))


def test_known_texts_score_as_the_message_model_does(scorer, model):
    assert_equal_scores(scorer, model, TEXTS)


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(st.text(), min_size=1, max_size=4))
def test_any_text_scores_as_the_message_model_does(scorer, model, texts):
    assert_equal_scores(scorer, model, texts)


WORDS = st.sampled_from(
    [
        "keep",
        "it",
        "secret",
        "Our",
        "s3cret",
        "sooo",
        "don’t",
        "a-b",
        "!!",
        "🍕",
        "pretty,",
        "x" * 40,
        "\ud800",
        "´",
    ]
)


@settings(max_examples=100, deadline=None)
@given(words=st.lists(WORDS, max_size=30), gap=st.sampled_from([" ", "\n", "\u3000", "\x1c"]))
def test_texts_of_repeated_words_score_as_the_message_model_does(scorer, model, words, gap):
    assert_equal_scores(scorer, model, [gap.join(words)])


def test_a_word_that_comes_again_and_again_adds_no_rounding(tmp_path):
    model = toy_model(tmp_path / "characters.safetensors", word_ngrams=None, word_pairs=None)
    assert_equal_scores(BatchScorer(model), model, ["our secret park " * 60_000])


@pytest.mark.parametrize(
    "options",
    [
        *VARIANTS,
        {"word_ngrams": (1, 3)},
        {"word_ngrams": (2, 4), "char_ngrams": (1, 2)},
        {"word_ngrams": (1, 1), "char_ngrams": (7, 9)},
    ],
    ids=str,
)
def test_every_variant_of_a_model_scores_as_itself(tmp_path, options):
    model = toy_model(tmp_path / "variant.safetensors", **options)
    assert_equal_scores(BatchScorer(model), model, TEXTS)


def test_a_second_pass_over_known_tokens_adds_none_and_changes_nothing(model, corpus_texts):
    scorer = BatchScorer(model)
    first = scorer.probabilities(corpus_texts[:1000])
    n_tokens = scorer.n_tokens
    assert np.array_equal(scorer.probabilities(corpus_texts[:1000]), first)
    assert scorer.n_tokens == n_tokens > 0


def test_terms_of_a_width_the_model_never_counts_are_left_out(tmp_path):
    model = toy_model(tmp_path / "toy.safetensors", char_ngrams=None)
    group = model.feature_groups[0]
    odd = FeatureGroup(
        "words", 1, 2, ("keep it secret", "keep  it", "", "keep it", *group.terms[4:]), group.idf
    )
    model = replace(model, feature_groups=(odd,))
    assert_equal_scores(BatchScorer(model), model, ["keep it secret", "keep  it", "our secret"])


def test_terms_that_are_no_pair_are_left_out(tmp_path):
    model = toy_model(tmp_path / "toy.safetensors", char_ngrams=None, word_ngrams=None)
    group = model.feature_groups[0]
    odd = FeatureGroup(
        "pairs",
        2,
        8,
        (
            "",
            "keep",
            "keep … it … secret",
            "keep it … secret",
            " … ",
            "keep … ",
            "pizza … hot",
            *group.terms[7:],
        ),
        group.idf,
    )
    model = replace(model, feature_groups=(odd,))
    texts = ["keep it secret", "keep it … secret", "pizza is hot", "pizza … … hot"]
    assert_equal_scores(BatchScorer(model), model, texts)


def test_a_feature_group_that_comes_twice_is_refused(model):
    with pytest.raises(
        ValueError,
        match=r"at most one feature group each of words, characters, pairs, got \['pairs', 'pairs'\]",
    ):
        terms_of(replace(model, feature_groups=(model.feature_groups[2], model.feature_groups[2])))


@pytest.fixture(scope="module")
def pairs_alone(tmp_path_factory):
    model = toy_model(
        tmp_path_factory.mktemp("pairs") / "toy.safetensors",
        char_ngrams=None,
        word_ngrams=None,
        word_pairs=(1, 4),
    )
    return BatchScorer(model), model


@settings(max_examples=100, deadline=None)
@given(
    texts=st.lists(
        st.lists(
            st.sampled_from(["keep", "it", "secret", "pizza", "is", "hot", "it-is", "!!", "mum"]), max_size=20
        ).map(" ".join),
        min_size=1,
        max_size=3,
    )
)
def test_pairs_are_counted_across_tokens_and_never_across_messages(pairs_alone, texts):
    assert_equal_scores(*pairs_alone, texts)


def test_the_corpus_scores_as_the_pipeline_does(small_model, model, corpus_texts):
    expected = load_classifier(small_model).predict_proba(corpus_texts)
    np.testing.assert_allclose(BatchScorer(model).probabilities(corpus_texts), expected, rtol=0, atol=1e-9)


def test_an_iterator_and_a_list_score_alike(model, corpus_texts):
    scorer = BatchScorer(model)
    texts = corpus_texts[:300]
    expected = scorer.scores(texts)
    assert np.array_equal(scorer.scores(iter(texts)), expected)
    assert np.array_equal(np.concatenate(list(scorer.stream(text for text in texts))), expected)
    assert scorer.probabilities([]).shape == (0, len(LABELS))


def test_a_stream_is_read_no_further_than_it_is_scored(model):
    read = []
    texts = (read.append(number) or "ok" for number in range(100_000))
    next(BatchScorer(model).stream(texts))
    assert len(read) < 10_000


def test_tokens_that_never_come_again_do_not_grow_the_memo(model):
    scorer = BatchScorer(model, memo_tokens=1000)
    for start in range(0, 5000, 100):
        texts = [f"secret{number} x{number}y" for number in range(start, start + 100)]
        np.testing.assert_allclose(scorer.probabilities(texts), model.probabilities(texts), rtol=0, atol=1e-9)
        assert scorer.n_tokens <= 1000


def test_long_tokens_do_not_grow_the_memo(model):
    scorer = BatchScorer(model, memo_tokens=100)
    for number in range(20):
        scorer.probabilities([f"secret{number}mum" * 500])
    assert scorer.n_tokens < 20


def test_threads_get_what_one_alone_gets(model, corpus_texts):
    parts = [corpus_texts[start : start + 200] for start in range(0, 4000, 200)]
    scorer = BatchScorer(model, memo_tokens=500)
    alone = BatchScorer(model)
    expected = [alone.probabilities(part) for part in parts]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(scorer.probabilities, parts * 3))
    for index, probabilities in enumerate(got):
        np.testing.assert_allclose(probabilities, expected[index % len(parts)], rtol=0, atol=1e-12)


def test_what_is_no_text_is_refused_and_harms_nothing(model):
    scorer = BatchScorer(model)
    with pytest.raises((TypeError, AttributeError)):
        scorer.probabilities(["never seen before", None])
    assert np.allclose(
        scorer.probabilities(["never seen before"]),
        model.probabilities(["never seen before"]),
        rtol=0,
        atol=1e-9,
    )


def test_a_memo_of_nothing_is_refused(model):
    with pytest.raises(InputError, match="memo_tokens must be at least 1, got 0"):
        BatchScorer(model, memo_tokens=0)


def test_a_scorer_travels_without_its_memo(model):
    scorer = BatchScorer(model)
    scorer.probabilities(["keep our secret"])
    travelled = pickle.loads(pickle.dumps(scorer))
    assert travelled.n_tokens == 0
    assert np.array_equal(
        travelled.probabilities(["keep our secret"]), scorer.probabilities(["keep our secret"])
    )
