"""The fast scorer: both engines give the Pipeline's probabilities, on any text, in any order, within a bounded memo."""

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
from toy_messages import VARIANTS, toy_table

from classifier.errors import InputError
from classifier.model.message.batch import FastScorer
from classifier.model.message.fast_kernels import HAS_NUMBA, HASH_MASK, HASH_START, HASH_STEP, LONG, PROBES
from classifier.model.message.fast_numba import SPACES, NumbaEngine
from classifier.model.message.fast_numpy import NumpyEngine
from classifier.model.message.file import load_model, load_pipeline, save_model
from classifier.model.message.normalise import normalise
from classifier.model.message.pipeline import fit_stage_model
from classifier.model.message.scorer import Half
from classifier.model.message.term_tables import terms_of
from classifier.taxonomy import LABELS

ENGINES = [NumpyEngine, NumbaEngine]  # without numba, the second runs its loops as Python
INSTALLED = ["numpy", pytest.param("numba", marks=pytest.mark.skipif(not HAS_NUMBA, reason="numba is not installed"))]
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
    pipeline = fit_stage_model(toy_table(), min_df=1, **options)
    return save_model(path, pipeline, thresholds=dict.fromkeys(LABELS, 0.5), options={"min_df": 1} | options, corpus_sha256="c", training_families=[], seed=0)


@pytest.fixture(scope="module")
def model(small_model):
    return load_model(small_model)


@pytest.fixture(scope="module")
def corpus_texts(small_corpus):
    from classifier.corpus.release import read_corpus

    return [message.text for part in read_corpus(small_corpus).values() for conversation in part for message in conversation.messages]


@pytest.fixture(scope="module", params=ENGINES, ids=lambda engine: engine.name)
def engine(request, model):
    return request.param(terms_of(model))


def assert_equal_logits(engine, model, texts):
    expected = np.array([model.logits(text) for text in texts]).reshape(len(texts), len(LABELS))
    np.testing.assert_allclose(engine.logits(texts), expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose([engine.one(text) for text in texts], expected, rtol=0, atol=1e-9)


@given(st.text())
def test_a_text_is_spelled_as_its_tokens_are(text):
    assert normalise(text) == " ".join(filter(None, map(normalise, text.split())))
    assert text.lower().split() == [token.lower() for token in text.split()]


def test_no_letter_reaches_across_white_space_when_normalised():
    spaces = [chr(point) for point in range(sys.maxunicode + 1) if chr(point).isspace()]
    letters = [chr(point) for point in range(0x30000) if unicodedata.combining(chr(point)) or unicodedata.normalize("NFKD", chr(point)) != chr(point)]
    letters = [letter for letter in letters if not "가" <= letter <= "힣"]
    for number, letter in enumerate(letters):
        space = spaces[number % len(spaces)]
        text = f"a{letter}{space}{letter}b{space}\u0301{letter}{space}Σ"
        assert normalise(text) == " ".join(filter(None, map(normalise, text.split())))


def test_the_table_of_white_space_is_python_s():
    assert [point for point in range(sys.maxunicode + 1) if chr(point).isspace()] == np.flatnonzero(SPACES).tolist()


def test_known_texts_score_as_the_stage_model_does(engine, model):
    assert_equal_logits(engine, model, TEXTS)


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(st.text(), min_size=1, max_size=4))
def test_any_text_scores_as_the_stage_model_does(engine, model, texts):
    assert_equal_logits(engine, model, texts)


WORDS = st.sampled_from(["keep", "it", "secret", "Our", "s3cret", "sooo", "don’t", "a-b", "!!", "🍕", "pretty,", "x" * 40, "\ud800", "´"])


@settings(max_examples=100, deadline=None)
@given(words=st.lists(WORDS, max_size=30), gap=st.sampled_from([" ", "\n", "\u3000", "\x1c"]))
def test_texts_of_repeated_words_score_as_the_stage_model_does(engine, model, words, gap):
    assert_equal_logits(engine, model, [gap.join(words)])


@pytest.mark.parametrize("engine_type", ENGINES)
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
def test_every_variant_of_a_model_scores_as_itself(tmp_path, engine_type, options):
    model = toy_model(tmp_path / "variant.safetensors", **options)
    assert_equal_logits(engine_type(terms_of(model)), model, TEXTS)


def test_a_second_pass_over_known_tokens_adds_none_and_changes_nothing(engine, corpus_texts):
    first = engine.logits(corpus_texts[:1000])
    n_tokens = engine.n_tokens
    assert np.array_equal(engine.logits(corpus_texts[:1000]), first)
    assert engine.n_tokens == n_tokens


def test_both_engines_remember_the_same_tokens(model, corpus_texts):
    sizes = set()
    for engine_type in ENGINES:
        engine = engine_type(terms_of(model))
        engine.logits(corpus_texts[:1000])
        sizes.add(engine.n_tokens)
    assert len(sizes) == 1


def fnv(token):
    mixed = HASH_START
    for ch in token:
        mixed = ((mixed ^ ord(ch)) * HASH_STEP) & HASH_MASK
    return mixed


def test_tokens_made_to_collide_score_as_any_other(model):
    wanted = [token for token in (f"secret{number}" for number in range(100_000)) if (fnv(token) ^ (fnv(token) >> 15)) & 1023 == 7][: 2 * PROBES]
    assert len(wanted) == 2 * PROBES
    engine = NumbaEngine(terms_of(model))
    for _ in range(2):
        assert_equal_logits(engine, model, [*wanted, " ".join(wanted)])


@pytest.mark.parametrize("n_words", [LONG // 20, LONG // 10, LONG // 5, 5 * LONG])
def test_texts_short_and_long_of_the_limit_of_summing_score_as_the_stage_model_does(engine, model, n_words):
    assert_equal_logits(engine, model, [" ".join(["keep our secret ok"] * (n_words // 4))])


def test_terms_of_a_width_the_model_never_counts_are_left_out(tmp_path):
    model = toy_model(tmp_path / "toy.safetensors", char_ngrams=None)
    half = model.halves[0]
    odd = Half("words", 1, 2, ("keep it secret", "keep  it", "", "keep it", *half.terms[4:]), half.idf)
    model = replace(model, halves=(odd,))
    for engine_type in ENGINES:
        assert_equal_logits(engine_type(terms_of(model)), model, ["keep it secret", "keep  it", "our secret"])


def test_terms_that_are_no_pair_are_left_out(tmp_path):
    model = toy_model(tmp_path / "toy.safetensors", char_ngrams=None, word_ngrams=None)
    half = model.halves[0]
    odd = Half("pairs", 2, 8, ("", "keep", "keep … it … secret", "keep it … secret", " … ", "keep … ", "pizza … hot", *half.terms[7:]), half.idf)
    model = replace(model, halves=(odd,))
    for engine_type in ENGINES:
        assert_equal_logits(engine_type(terms_of(model)), model, ["keep it secret", "keep it … secret", "pizza is hot", "pizza … … hot"])


def test_a_half_that_comes_twice_is_refused(model):
    with pytest.raises(ValueError, match="expected at most one half each of words, characters, pairs, got \\['pairs', 'pairs'\\]"):
        terms_of(replace(model, halves=(model.halves[2], model.halves[2])))


@pytest.fixture(scope="module", params=ENGINES, ids=lambda engine: engine.name)
def pairs_alone(request, tmp_path_factory):
    model = toy_model(tmp_path_factory.mktemp("pairs") / "toy.safetensors", char_ngrams=None, word_ngrams=None, word_pairs=(1, 4))
    return request.param(terms_of(model)), model


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(st.lists(st.sampled_from(["keep", "it", "secret", "pizza", "is", "hot", "it-is", "!!", "mum"]), max_size=20).map(" ".join), min_size=1, max_size=3))
def test_pairs_are_counted_across_tokens_and_never_across_messages(pairs_alone, texts):
    assert_equal_logits(*pairs_alone, texts)


@pytest.mark.parametrize("name", INSTALLED)
def test_the_corpus_scores_as_the_pipeline_does(name, small_model, model, corpus_texts):
    expected = load_pipeline(small_model).predict_proba(corpus_texts)
    np.testing.assert_allclose(FastScorer(model, engine=name).probabilities(corpus_texts), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", INSTALLED)
def test_an_iterator_a_list_and_single_messages_score_alike(name, model, corpus_texts):
    scorer = FastScorer(model, engine=name)
    texts = corpus_texts[:300]
    expected = scorer.probabilities(texts)
    assert np.array_equal(scorer.probabilities(iter(texts)), expected)
    assert np.array_equal(np.concatenate(list(scorer.stream(text for text in texts))), expected)
    np.testing.assert_allclose([scorer.one(text) for text in texts], expected, rtol=0, atol=1e-12)
    assert scorer.probabilities([]).shape == (0, len(LABELS))


def test_a_stream_is_read_no_further_than_it_is_scored(model):
    read = []
    texts = (read.append(number) or "ok" for number in range(100_000))
    next(FastScorer(model, engine="numpy").stream(texts))
    assert len(read) < 10_000


@pytest.mark.parametrize("name", INSTALLED)
def test_tokens_that_never_come_again_do_not_grow_the_memo(name, model):
    scorer = FastScorer(model, engine=name, memo_tokens=1000)
    for start in range(0, 5000, 100):
        texts = [f"secret{number} x{number}y" for number in range(start, start + 100)]
        np.testing.assert_allclose(scorer.probabilities(texts), model.probabilities(texts), rtol=0, atol=1e-9)
        scorer.one(f"again{start} secret")
        assert scorer.n_tokens <= 1000


@pytest.mark.parametrize("name", INSTALLED)
def test_long_tokens_do_not_grow_the_memo(name, model):
    scorer = FastScorer(model, engine=name, memo_tokens=100)
    for number in range(20):
        scorer.probabilities([f"secret{number}mum" * 500])
        scorer.one(f"secret{number}dad" * 20)
    assert scorer.n_tokens < 20


@pytest.mark.parametrize("name", INSTALLED)
def test_threads_get_what_one_alone_gets(name, model, corpus_texts):
    parts = [corpus_texts[start : start + 200] for start in range(0, 4000, 200)]
    scorer = FastScorer(model, engine=name, memo_tokens=500)
    alone = FastScorer(model, engine=name)
    expected = [alone.probabilities(part) for part in parts]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(scorer.probabilities, parts * 3))
        single = list(pool.map(scorer.one, corpus_texts[:400]))
    for index, probabilities in enumerate(got):
        np.testing.assert_allclose(probabilities, expected[index % len(parts)], rtol=0, atol=1e-12)
    np.testing.assert_allclose(single, np.concatenate(expected[:2]), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", INSTALLED)
def test_what_is_no_text_is_refused_and_harms_nothing(name, model):
    scorer = FastScorer(model, engine=name)
    with pytest.raises((TypeError, AttributeError)):
        scorer.probabilities(["never seen before", None])
    assert np.allclose(scorer.probabilities(["never seen before"]), model.probabilities(["never seen before"]), rtol=0, atol=1e-9)


def test_one_string_is_not_taken_for_many(model):
    with pytest.raises(TypeError, match="texts must be many strings, got one"):
        FastScorer(model, engine="numpy").probabilities("secret")


def test_an_unknown_engine_is_named(model):
    with pytest.raises(InputError, match="engine must be one of auto, numpy, numba, got 'cuda'"):
        FastScorer(model, engine="cuda")


def test_a_memo_of_nothing_is_refused(model):
    with pytest.raises(InputError, match="memo_tokens must be at least 1, got 0"):
        FastScorer(model, memo_tokens=0)


@pytest.mark.skipif(HAS_NUMBA, reason="numba is installed")
def test_numba_is_asked_for_where_it_is_missing(model):
    assert FastScorer(model).engine == "numpy"
    with pytest.raises(InputError, match="numba is not installed; install the extra 'fast'"):
        FastScorer(model, engine="numba")


@pytest.mark.skipif(not HAS_NUMBA, reason="numba is not installed")
def test_numba_is_used_where_it_is_installed(model):
    assert FastScorer(model).engine == "numba"


@pytest.mark.parametrize("name", INSTALLED)
def test_a_scorer_travels_without_its_memo(name, model):
    scorer = FastScorer(model, engine=name)
    scorer.probabilities(["keep our secret"])
    travelled = pickle.loads(pickle.dumps(scorer))
    assert (travelled.engine, travelled.n_tokens) == (name, 0)
    assert np.array_equal(travelled.probabilities(["keep our secret"]), scorer.probabilities(["keep our secret"]))
