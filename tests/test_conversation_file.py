"""The conversation model's file: read back as saved, refused in one line when it is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from model_files import rewritten
from safetensors.numpy import load_file, save_file

from classifier.model.conversation.conversation_model import ConversationModel, score_conversation
from classifier.model.conversation.features import HEAD_FEATURES
from classifier.model.conversation.file import load_conversation_model, save_conversation_model
from classifier.model.file_container import ModelFileError

PROBABILITIES = np.linspace(0, 1, 129).reshape(3, 43)


def made(head="text"):
    weights = np.random.default_rng(0).normal(size=len(HEAD_FEATURES[head]))
    return ConversationModel(head, weights, -0.1, 1.3, 0.2, np.linspace(0.2, 0.8, 7), 0.7, 12.5, 0.4)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "conversation.safetensors"
    save_conversation_model(path, made(), message_model_sha256="abc", corpus_sha256="def", seed=5)
    return path


@pytest.mark.parametrize("head", HEAD_FEATURES)
def test_a_model_is_read_back_as_it_was_saved(tmp_path, head):
    model = save_conversation_model(
        tmp_path / "m", made(head), message_model_sha256="abc", corpus_sha256="def", seed=5
    )
    assert model.fingerprint == load_conversation_model(tmp_path / "m").fingerprint == made(head).fingerprint


def test_a_loaded_model_scores_as_the_saved_one(path):
    authors = ["ann", "bo", "ann"]
    assert score_conversation(load_conversation_model(path), PROBABILITIES, authors) == score_conversation(
        made(), PROBABILITIES, authors
    )


def test_the_header_says_where_the_model_comes_from(path):
    header = load_conversation_model(path).header
    assert header["features"] == list(HEAD_FEATURES["text"])
    assert (
        header["stage_model_sha256"],
        header["corpus_sha256"],
        header["seed"],
        header["synthetic_only"],
    ) == ("abc", "def", 5, True)


def test_a_file_is_small(path):
    assert path.stat().st_size < 5_000


def test_the_same_model_gives_the_same_bytes(path, tmp_path):
    save_conversation_model(
        tmp_path / "again", made(), message_model_sha256="abc", corpus_sha256="def", seed=5
    )
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(
        ModelFileError, match="nothing.safetensors: no such conversation model file; train it first"
    ):
        load_conversation_model(tmp_path / "nothing.safetensors")


def test_a_file_cut_off_anywhere_is_refused(path):
    content = path.read_bytes()
    for length in range(0, len(content), 37):
        path.write_bytes(content[:length])
        with pytest.raises(ModelFileError, match="conversation.safetensors: "):
            load_conversation_model(path)


def refused(path):
    """The error message of a file that cannot be used, None when it can."""
    try:
        load_conversation_model(path)
    except ModelFileError as error:
        return str(error)
    return None


def test_a_changed_byte_anywhere_is_refused(path):
    content = path.read_bytes()
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        refusal = refused(path)
        if refusal is None:  # white space of the header may change freely
            assert load_conversation_model(path).fingerprint == made().fingerprint
        else:
            assert "\n" not in refusal


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"header": {"kind": "message"}}, "holds a model of kind 'message', expected 'pattern'"),
        ({"header": {"synthetic_only": False}}, "not marked synthetic_only"),
        ({"header": {"columns": ["meeting"]}}, "columns or features"),
        ({"header": {"head": "metadata"}}, "columns or features of head 'metadata'"),
        ({"header": {"head": "pictures"}}, "pictures"),
        ({"weights": np.full(60, np.nan)}, "weights must be finite float64"),
        ({"weights": np.zeros(31)}, r"weights must be finite float64 of shape \(60,\)"),
        ({"weights": np.zeros(60, dtype=np.float32)}, "float32"),
        ({"numbers": np.array([0.0, -1.0, 0.0, 0.5, 40.0, 1.0, 1.0])}, "slope at least 0"),
        (
            {"numbers": np.array([0.0, 1.0, 0.0, 0.5, 0.0, 1.0, 1.0])},
            "half_life must be a number of messages over 0",
        ),
        ({"numbers": np.zeros(3)}, "7 numbers"),
        ({"extra": np.zeros(1)}, "got extra, numbers, thresholds, weights"),
        ({"drop": ["thresholds"]}, "got numbers, weights"),
        ({"thresholds": np.full(7, 1.1)}, r"thresholds must be in \[0, 1\]"),
    ],
)
def test_a_file_that_is_whole_but_wrong_is_refused(path, changes, complaint):
    with pytest.raises(ModelFileError, match=f"damaged or altered: .*{complaint}"):
        load_conversation_model(rewritten(path, **changes))


def test_a_file_of_another_version_is_to_be_trained_again(path):
    with pytest.raises(
        ModelFileError,
        match=r"written by another version of this program "
        r"\(format version 1, this one reads 2\); train it again with this one",
    ):
        load_conversation_model(rewritten(path, header={"format_version": 1}))


def test_a_file_without_a_header_or_with_another_kind_of_header_is_refused(path):
    save_file(load_file(path), path)
    with pytest.raises(ModelFileError, match="has no header"):
        load_conversation_model(path)
    for header in ("[]", "[" * 100_000):
        save_file(load_file(path), path, metadata={"header": header})
        with pytest.raises(ModelFileError, match="damaged or altered"):
            load_conversation_model(path)


def test_a_large_file_is_not_opened(path):
    with path.open("ab") as stream:
        stream.truncate(2 << 20)
    with pytest.raises(ModelFileError, match="larger than 1048576 bytes"):
        load_conversation_model(path)
