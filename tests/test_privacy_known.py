"""What is known beforehand holds on a corpus of ours, and each answer is seen to fail where something is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from privacy_toys import town

from classifier.cli.main import main
from classifier.corpus.release import read_corpus
from classifier.privacy.attack import membership_documents
from classifier.privacy.known import _document_counts, ends, formulas, leaks, redactors
from classifier.privacy.variants import private_terms

TOWN = town(200)


@pytest.fixture(scope="module")
def documents(small_corpus):
    return membership_documents(read_corpus(small_corpus)["train"], seed=0)


def answers(rows):
    return {what: holds for what, _, _, holds in rows}


def test_all_hold_on_a_corpus_of_ours(small_corpus, capsys):
    assert main(["privacy", "check", str(small_corpus)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("holds  ") for line in lines[:-1])
    assert lines[-1] == f"{len(lines) - 1} of {len(lines) - 1} hold"
    assert any("message-hours" in line and "found 5" in line for line in lines)


def test_ends_and_formulas_hold_on_toys_too():
    assert all(answers([*ends(TOWN, seed=0), *formulas(), *redactors(TOWN)]).values())


def test_members_that_differ_by_themselves_are_told_by_the_attack_that_sees_no_model(documents):
    marked = documents.assign(text=[f"raid {text}" if member else text for text, member in zip(documents["text"], documents["member"], strict=True)])
    assert not answers(leaks(marked, decoys=["Quillon"], seed=0))["an attack that sees no model: AUC"]


def test_counts_that_idf_does_not_give_back_are_told(documents):
    opened = private_terms()(documents, 0)
    assert _document_counts(documents["text"].tolist(), opened)[3]
    blurred = replace(opened, content=opened.content | {"words.idf": np.round(opened.content["words.idf"], 1)})
    assert not _document_counts(documents["text"].tolist(), blurred)[3]


def test_a_corpus_of_too_few_senders_is_refused(tmp_path, small_corpus, capsys):
    assert main(["corpus", "generate", "--scale", "0.002", "--out", str(tmp_path / "c")]) == 0
    capsys.readouterr()
    assert main(["privacy", "check", str(tmp_path / "c")]) == 2
    assert "an attack needs at least 20" in capsys.readouterr().err
