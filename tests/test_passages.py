"""The passages of a message: the whole, its sentences and its longer clauses, when scored and when fitted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from toy_messages import toy_table

from classifier.model.message.explain import explain
from classifier.model.message.file import load_model
from classifier.model.message.reading.passages import passages_of
from classifier.model.message.stage_classifier import fit_on_subsets
from classifier.model.message.training_rows import with_parts
from classifier.model.shipped_models import train_split_model
from classifier.taxonomy import LABELS


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("ok, you can tell me anything", ["you can tell me anything"]),
        ("you can tell me anything; ok", ["you can tell me anything"]),
        ("you can tell me anything - ok", ["you can tell me anything"]),
        ("you can tell me anything \u2014 ok", ["you can tell me anything"]),
        ("ok, tell me anything", []),
        ("a well-known band of 1,000 players came", []),
        ("if anyone asks you for it, tell me", []),
        ("i get it, and when you come here alone, we can play a game", ["we can play a game"]),
        ("he said, you can tell me anything", []),
        ("i get it, when are your parents out today", ["when are your parents out today"]),
        ("well, :) :) :) :) :)", []),
        ('she wrote, "you can tell me anything", and so on', []),
        ("tell me anything", []),
        ("", []),
    ],
)
def test_a_clause_of_five_words_that_can_stand_alone_is_a_passage(text, clauses):
    assert passages_of(text) == [text, *clauses]


def test_clauses_stand_behind_the_sentences_they_are_in():
    assert passages_of("hi. are you at home now, or not? ok")[1:] == [
        "hi.",
        "are you at home now, or not?",
        "ok",
        "are you at home now",
    ]


@pytest.mark.parametrize("gap", [" " * 1_000_000, ", " * 500_000, " -" * 500_000, " " + "-" * 1_000_000])
def test_a_million_spaces_commas_or_dashes_take_no_time(gap):
    assert passages_of(f"hi, you can tell me anything{gap}ok")[-1].startswith("you can tell me anything")


@pytest.mark.parametrize("added", ["The bus was late again", "I had soup for lunch today"])
def test_what_a_comma_joins_to_a_sign_hides_nothing(added):
    model = load_model(train_split_model())
    secrecy, sign = LABELS.index("secrecy"), "dont tell your parents about us"
    alone, before, after = model.probabilities([sign, f"{sign}, {added}", f"{added}, {sign}"])[:, secrecy]
    assert min(before, after) >= alone
    assert explain(model, f"{sign}, {added}", "secrecy").probability == pytest.approx(before, abs=1e-9)


def test_the_parts_of_messages_without_a_label_are_examples_too():
    texts = ["hi. the bus is late, sorry", "keep it secret, the bus is late", "ok"]
    table = pd.DataFrame({"text": texts, "manner": ["negated", "plain", "plain"], **dict.fromkeys(LABELS, 0)})
    table.loc[1, "secrecy"] = 1
    longer, row = with_parts(table)
    assert longer["text"].tolist() == [*texts, "hi.", "the bus is late, sorry", "the bus is late"]
    assert row.tolist() == [0, 1, 2, 0, 0, 0]
    assert longer["manner"].tolist()[3:] == ["negated"] * 3


def test_a_part_is_fitted_where_its_message_is():
    table = toy_table()
    table.loc[table["text"] == "rain again", "text"] = "ok, zebras in the rain again"
    is_other = (table["text"] != "ok, zebras in the rain again").to_numpy()
    without, of_all = fit_on_subsets(table, [is_other, np.ones(len(table), dtype=bool)], min_df=1)
    zebras = without.features_.get_feature_names_out().tolist().index("words__zebras in")
    assert not without.coef_[:, zebras].any()
    assert of_all.coef_[:, zebras].any()
