"""When a statement of differential privacy may be made."""

from __future__ import annotations

import math

import pytest

from classifier.privacy.model_variants.dp_statement import DPStatement, dp_statement


def test_a_person_who_adds_one_message_risks_what_the_message_does():
    assert DPStatement(0.25, "message", 1, "public").epsilon_person == 0.25
    assert DPStatement(0.25, "message", 20, "hashed").epsilon_person == 5.0


def test_a_statement_with_an_epsilon_needs_no_excuse_and_one_without_has_one():
    bound = {
        "epsilon_per_label": 0.5,
        "n_labels": 1,
        "unit": "message",
        "cap": 1,
        "public": ["pizza", "raid"],
    }
    assert dp_statement(**bound, vocabulary=["raid", "pizza"]) == DPStatement(0.5, "message", 1, "public")
    assert dp_statement(**bound, vocabulary=None) == DPStatement(0.5, "message", 1, "hashed")
    assert dp_statement(**bound, vocabulary=["pizza"]).reason.startswith(
        "the vocabulary was fitted on private text"
    )
    assert (
        dp_statement(**bound | {"epsilon_per_label": math.inf}, vocabulary=None).reason
        == "no noise was added to the weights"
    )


@pytest.mark.parametrize("change", [{"epsilon": 0.0}, {"epsilon": math.nan}, {"cap": 0}, {"delta": 1e-9}])
def test_a_statement_about_no_budget_nobody_or_a_failure_is_refused(change):
    with pytest.raises(ValueError, match="expected epsilon > 0, cap >= 1 and delta = 0, got"):
        DPStatement(**{"epsilon": 1.0, "unit": "message", "cap": 1, "vocabulary": "public"} | change)


def test_an_infinite_epsilon_may_stand_over_a_private_vocabulary():
    assert (
        str(DPStatement(math.inf, "message", 1, "private", reason="it was asked"))
        == "No differential privacy (epsilon is infinite): it was asked."
    )
