"""The quick model: a model file's bytes give the same probabilities as its arrays, and a file that cannot be used is refused in the same words."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import rewritten
from test_fast import TEXTS, toy_model
from toy_messages import VARIANTS

from classifier.model.container import ModelFileError
from classifier.model.message import file, quick
from classifier.model.message.file import load_model
from classifier.model.message.pipeline import DEFAULT_OPTIONS
from classifier.model.message.quick import quick_model


@pytest.fixture(scope="module")
def both(small_model):
    return quick_model(small_model), load_model(small_model)


def assert_equal(quick, model, texts):
    np.testing.assert_allclose([quick.one(text) for text in texts], model.probabilities(texts), rtol=0, atol=1e-9)


def test_known_texts_score_as_the_stage_model_does(both):
    assert_equal(*both, TEXTS)


@settings(max_examples=100, deadline=None)
@given(text=st.text())
def test_any_text_scores_as_the_stage_model_does(both, text):
    assert_equal(*both, [text])


def test_labels_are_flagged_alike(both):
    quick, model = both
    for text in TEXTS:
        assert quick.flagged(quick.one(text)) == model.flagged(model.probabilities([text])[0])


def test_every_term_of_a_file_is_found_where_it_stands(both):
    quick, model = both
    for small, half in zip(quick.halves, model.halves, strict=True):
        assert [small.find(term) for term in half.terms] == list(range(len(half.terms)))
        assert [small.find(term) for term in ("", "\x00", "\U0010ffff", "zzzz zzzz")] == [-1] * 4


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_every_variant_of_a_model_scores_as_itself(tmp_path, options):
    path = tmp_path / "variant.safetensors"
    model = toy_model(path, **options)
    assert_equal(quick_model(path), model, TEXTS)


def test_it_reads_the_format_and_the_options_that_are_written():
    assert quick.FORMAT_VERSION == file.FORMAT_VERSION
    assert set(DEFAULT_OPTIONS) == quick.OPTIONS


def refusal(read, path):
    with pytest.raises(ModelFileError) as refused:
        read(path)
    return str(refused.value)


@pytest.mark.parametrize("content", [b"", b"\xff" * 100, b"\x02\x00\x00\x00\x00\x00\x00\x00{}", b"\x02\x00\x00\x00\x00\x00\x00\x0042"])
def test_a_file_that_is_no_model_is_refused_in_the_same_words(tmp_path, content):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    assert refusal(quick_model, path) == refusal(load_model, path)


@pytest.mark.parametrize("where", [-3, 0.5, 0.02])
def test_one_changed_byte_is_noticed(tmp_path, where):
    path = tmp_path / "toy.safetensors"
    toy_model(path)
    content = bytearray(path.read_bytes())
    content[where if isinstance(where, int) else int(len(content) * where)] ^= 1
    path.write_bytes(content)
    assert refusal(quick_model, path) == refusal(load_model, path)


@pytest.mark.parametrize("altered", [{"header": {"format_version": 2}}, {"pairs.idf": np.ones(3)}, {"drop": ["pairs.ends"]}], ids=str)
def test_an_old_or_altered_file_is_refused_in_the_same_words(tmp_path, altered):
    path = tmp_path / "toy.safetensors"
    toy_model(path)
    rewritten(path, **altered)
    assert refusal(quick_model, path) == refusal(load_model, path)


def test_a_missing_file_is_refused_in_the_same_words(tmp_path):
    assert "no such model file" in refusal(quick_model, tmp_path / "none.safetensors")


def test_one_message_is_scored_without_numpy(small_model):
    code = "import sys; from classifier.model.message.quick import quick_model; quick_model(sys.argv[1]).one('hi there'); print([m for m in ('numpy', 'pandas', 'safetensors') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code, str(small_model)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
