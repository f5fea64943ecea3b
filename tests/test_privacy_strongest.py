"""The strongest attack counts: in the table, in the ranking, and on the axis of the trade-off."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from classifier.privacy.attacks.attack_table import COLUMNS, N_SHADOWS
from classifier.privacy.attacks.membership_inference import supported_fpr
from classifier.privacy.attacks.strongest_attack import model_leaks, strongest_attacks
from classifier.privacy.model_variants.vocabulary import public_vocabulary
from classifier.report.html_rendering import render
from classifier.report.tradeoff.attack_sections import attack_section
from classifier.workflows.model_file_attacks.attack_inputs import canaries_by_kind

NAMES = [f"Zola{number}" for number in range(40)]


def attack_rows(variant, *, vocabulary, loss, lira, n_other=3000, epsilon=math.inf, bits=1.4):
    """Rows of one model: the share of 100 members that each attack finds."""
    fpr = supported_fpr(n_other)
    shares = {"vocabulary": vocabulary, "loss": loss, "lira": lira}
    return [
        *(
            (variant, attack, "auc", 0.6, 0.51 if value > 0.05 else 0.49, 0.7, 0.5, 100, n_other)
            for attack, value in shares.items()
        ),
        *(
            (variant, attack, "tpr_at_low_fpr", value, value - 0.04, value + 0.04, fpr, 100, n_other)
            for attack, value in shares.items()
        ),
        (variant, "canary_names", "bits", bits, bits - 0.3, bits + 0.3, 1.43, 16, 992),
        (variant, "statement", "epsilon", epsilon, math.nan, math.nan, 0.0, 100, n_other),
    ]


def table_of(*rows, n_other=3000):
    blind = [("no model", "blind", "tpr_at_low_fpr", 0.99, 0.9, 1.0, supported_fpr(n_other), 100, n_other)]
    return pd.DataFrame(blind + [row for of_model in rows for row in of_model], columns=list(COLUMNS))


TABLE = table_of(
    attack_rows("hashed/plain", vocabulary=0.01, loss=0.20, lira=0.90),
    attack_rows("private/plain", vocabulary=0.95, loss=0.20, lira=0.94, bits=9.9),
    attack_rows("public/noisy", vocabulary=0.01, loss=0.01, lira=0.02, epsilon=1.0),
)


def test_a_protection_counts_by_the_attack_that_finds_most():
    assert strongest_attacks(TABLE)[["variant", "strongest_attack", "tpr"]].to_numpy().tolist() == [
        ["private/plain", "vocabulary", 0.95],
        ["hashed/plain", "lira", 0.90],
        ["public/noisy", "lira", 0.02],
    ]


def test_the_attack_without_a_model_is_none_on_a_model():
    assert "no model" not in strongest_attacks(TABLE)["variant"].tolist()


def test_the_leak_of_each_model_key_is_its_strongest_attack_s():
    assert model_leaks(TABLE) == {"private/plain": 0.95, "hashed/plain": 0.90, "public/noisy": 0.02}


@pytest.mark.parametrize(("n_other", "fpr"), [(6000, 0.01), (3000, 0.01), (600, 0.05), (60, 0.5), (3, 0.5)])
def test_the_false_positive_rate_leaves_thirty_non_members_or_is_one_in_a_hundred(n_other, fpr):
    assert supported_fpr(n_other) == fpr


def shown(table, **more):
    facts = {"members": 100, "non_members": 90, "people": 50, "split": "train", "shadows": 16} | more
    section = attack_section(table, facts)
    page = render("sections.html.j2", notes_template="tradeoff_notes.html.j2", facts=[], sections=[section])
    return " ".join(page.split()), section


def test_a_sentence_ranks_the_protections_and_names_what_holds():
    page, _ = shown(TABLE)
    assert (
        "private/plain (vocabulary finds 0.950 of members where 1 % of others are); "
        "hashed/plain (lira finds 0.900 of members where 1 % of others are); "
        "public/noisy (lira finds 0.020 of members where 1 % of others are). Nobody can be told from an "
        "outsider, as far as these attacks show, in public/noisy (no attack's AUC lies above .5 with its "
        "whole interval over people); every other model gives members away."
    ) in page


def test_the_sentence_says_so_when_nothing_holds():
    page, _ = shown(table_of(attack_rows("private/plain", vocabulary=0.95, loss=0.2, lira=0.9)))
    assert "Every model gives members away." in page
    assert "as far as these attacks show" not in page


def test_too_few_non_members_for_one_in_a_hundred_are_told():
    few = table_of(attack_rows("a/plain", vocabulary=0.9, loss=0.2, lira=0.9, n_other=600), n_other=600)
    assert "where 5 % of others are" in shown(few)[0]
    assert "which takes 3,000 others to be 1 %" in shown(few)[0]
    assert "which takes 3,000 others to be 1 %" not in shown(TABLE)[0]


def test_a_model_file_is_told_apart_from_the_models_fitted_for_the_purpose():
    of_file = {"file": "model.safetensors", "file_members": 1200, "file_others": 1300}
    assert "model.safetensors is a model as it is used" in shown(TABLE, **of_file)[0]
    assert "1,200 conversations of train senders and 1,300 of senders" in shown(TABLE, **of_file)[0]
    assert "as it is used" not in shown(TABLE)[0]


def test_exposure_stands_in_the_first_table_with_its_chance_beside_it():
    _, section = shown(TABLE)
    printed = section.tables[0].printed
    column = printed.headings.index("bits of exposure of planted names (by chance 1.44)")
    assert [row[column] for row in printed.rows] == [
        "9.900 (9.600–10.200)",
        "1.400 (1.100–1.700)",
        "1.400 (1.100–1.700)",
    ]
    assert [row[-1] for row in printed.rows] == ["infinite", "infinite", "1.000"]


def test_sixteen_shadow_models_are_fitted_unless_asked_otherwise():
    assert N_SHADOWS == 16


def test_canaries_hold_names_of_nobody_or_words_that_every_model_may_know():
    kinds = canaries_by_kind(NAMES, n=4, seed=0)
    words = {kind: {w for line in canaries.planted for w in line.split()} for kind, canaries in kinds.items()}
    template = {"it", "was", "about", "and", "again"}
    assert words["canary_names"] - template <= {name.lower() for name in NAMES}
    assert words["canary_listed"] - template <= set(public_vocabulary())
    assert [len(canaries.planted) for canaries in kinds.values()] == [4, 4]


def test_no_canaries_are_planted_when_none_are_asked_for():
    assert canaries_by_kind(NAMES, n=0, seed=0) == {}


def test_an_odd_number_of_canaries_is_refused():
    with pytest.raises(ValueError, match="n must be even"):
        canaries_by_kind(NAMES, n=3, seed=0)
