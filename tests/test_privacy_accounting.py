"""What several releases cost together, at odds that can be reckoned by hand, and when a statement may be made.

At epsilon = ln 3 a truthful bit is kept with probability 3/4. Of two such bits the likelihoods under either truth are (9, 6, 1)/16 and (1, 6, 9)/16.
"""

from __future__ import annotations

import math

import pytest

from classifier.privacy.builds.dp_statement import DPStatement, composed_epsilon, dp_statement

LN_3 = math.log(3)


@pytest.mark.parametrize(
    ("times", "delta", "ratio"),
    [
        (1, 1 / 4, 2),  # 3/4 - 2/4
        (1, 1 / 8, 2.5),  # 3/4 - 2.5/4
        (2, 6 / 16, 3),  # 9/16 - 3/16
        (2, 1 / 16, 8),  # 9/16 - 8/16
        (
            3,
            24 / 64,
            3,
        ),  # three bits: (27, 27, 9, 1)/64 and back to front; (27 - 3) / 64, and nothing from (27 - 27) / 64
        (3, 34 / 64, 2),  # (27 - 2) / 64 and (27 - 18) / 64
    ],
)
def test_the_epsilon_of_a_few_bits_by_hand(times, delta, ratio):
    assert composed_epsilon(LN_3, times, delta=delta) == pytest.approx(math.log(ratio))


@pytest.mark.parametrize("delta", [0.5, 0.6, 0.99])
def test_a_failure_likelier_than_the_bit_can_tell_costs_nothing(delta):
    # The two truths differ by 3/4 - 1/4.
    assert composed_epsilon(LN_3, 1, delta=delta) == 0.0


def test_one_release_costs_its_epsilon_and_a_release_without_noise_is_without_end():
    assert composed_epsilon(0.3, 1) == 0.3
    assert composed_epsilon(math.inf, 2, delta=1e-6) == math.inf


@pytest.mark.parametrize(
    ("epsilon", "times", "delta"),
    [
        (0.0, 1, 0.0),
        (-1.0, 1, 0.0),
        (math.nan, 1, 0.0),
        (1.0, 0, 0.0),
        (1.0, 1, -0.1),
        (1.0, 1, 1.0),
        (1.0, 1, 1.5),
    ],
)
def test_a_sum_of_what_is_no_budget_is_refused(epsilon, times, delta):
    with pytest.raises(ValueError, match=r"expected epsilon > 0, times >= 1 and delta in \[0, 1\)"):
        composed_epsilon(epsilon, times, delta=delta)


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
