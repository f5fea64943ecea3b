"""Disguised letters: each rule does what its name says, and what stays flagged is counted by kind."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from classifier.taxonomy import LABELS
from classifier.workflows.message_evaluation.disguise_robustness import DISGUISES, disguise_table

HALF = dict.fromkeys(LABELS, 0.5)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("letters spaced", "k e e p   i t"),
        ("letters dotted", "k.e.e.p i.t"),
        ("letters dashed", "k-e-e-p i-t"),
        ("letters starred", "k*e*e*p i*t"),
        ("letters underscored", "k_e_e_p i_t"),
        ("letters bracketed", "[k][e][e][p] [i][t]"),
        ("letters doubled", "kkeeeepp iitt"),
        ("digits for letters", "k33p 17"),
        ("look-alike letters", "k\u0435\u0435\u0440 \u0456t"),
        ("small capitals", "\u1d0b\u1d07\u1d07\u1d18 \u026a\u1d1b"),
        ("invisible characters", "k\u200be\u200be\u200bp i\u200bt"),
        ("words joined", "keepit"),
    ],
)
def test_a_disguise_is_one_fixed_rule(kind, expected):
    assert DISGUISES[kind]("keep it") == expected


def test_every_kind_has_a_rule_that_is_tried_above():
    assert len(DISGUISES) == 12


class FindsKeep:
    """Flags ``keep`` as secrecy, read letter by letter or whole."""

    def __init__(self, *, gaps):
        self.gaps = gaps

    def scores(self, texts):
        read = [text.translate(str.maketrans("", "", self.gaps)) for text in texts]
        return np.array([[float("keep" in text and label == "secrecy") for label in LABELS] for text in read])


def kept(gaps, texts=("keep it", "pizza")):
    test = pd.DataFrame({"text": texts, "family": texts}).assign(**dict.fromkeys(LABELS, 0))
    test["secrecy"] = test["text"].str.startswith("keep").astype(int)
    model = FindsKeep(gaps=gaps)
    scores = pd.DataFrame(model.scores(texts), columns=list(LABELS))
    return disguise_table(test, scores, model, HALF, seed=0).set_index("kind")


def test_a_model_that_reads_over_dots_keeps_its_flag_on_dotted_letters_alone():
    found = kept(".")["rate"]
    assert found["letters dotted"] == 1
    assert found["letters dashed"] == 0
    assert found["words joined"] == 1  # "keepit" still holds "keep"


def test_only_rightly_flagged_messages_are_tried_and_the_mean_comes_last():
    table = kept("")
    assert set(table["n"].iloc[:-1]) == {1}
    assert table.index[-1] == "mean"
    assert table.loc["mean", "n"] == 12


def test_without_a_flagged_message_the_rate_is_0_of_0():
    table = kept("", texts=("pizza", "raid"))
    assert table.index.tolist() == ["mean"]
    assert np.isnan(table.loc["mean", "rate"])
    assert table.loc["mean", "n"] == 0
