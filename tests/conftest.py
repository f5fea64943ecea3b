"""A small real corpus and a small real model, made once for all tests that need one."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import settings

from classifier.app.demo_data import load_demo
from classifier.cli.main import main
from classifier.corpus.corpus_folder import write_corpus
from classifier.corpus.dialogues import VOICES, load_dialogues
from classifier.corpus.families import load_families
from classifier.corpus.generator.corpus_spec import CorpusSpec
from classifier.model.shipped_models import conversation_model_path

# A slow machine is no failure of the code, and a build that fails must fail again when it is looked into.
settings.register_profile("build", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("build")


@pytest.fixture(scope="session")
def small_spec():
    return replace(CorpusSpec(), name="small", seed=11, n_conversations=620)


@pytest.fixture(scope="session")
def dialogues_of():
    """The dialogues of each voice. Reading them takes a second, so it is done once."""
    return {voice: load_dialogues(voice) for voice in VOICES}


@pytest.fixture(scope="session")
def all_families():
    """The phrase families, read once."""
    return load_families()


@pytest.fixture(scope="session")
def small_material(dialogues_of, all_families):
    """Every eighth dialogue and every thirtieth phrase family."""
    return {"dialogues": dialogues_of["v2"][::8], "families": all_families[::30]}


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory, small_spec, small_material):
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder, small_spec, **small_material)
    return folder


@pytest.fixture(scope="session")
def small_model(tmp_path_factory, small_corpus):
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    assert main(["train", str(small_corpus), "--out", str(path), "--alert-fpr", "0.05"]) == 0
    return path


@pytest.fixture(scope="session")
def demo(small_model, small_corpus):
    loaded = load_demo(small_model, conversation_model_path(small_model), corpus=small_corpus)
    # So small a model's own thresholds are so high that hardly anything, or nothing, reaches them.
    return replace(
        loaded,
        typed_model=loaded.typed_model.at_thresholds("sensitive"),
        conversation_model=replace(loaded.conversation_model, alert_threshold=0.2),
    )
