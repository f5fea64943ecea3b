"""Claims about who reads, who is told and what is protected: checks that pass on ours and fail on cheats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from privacy_toys import SCORER, policy, town

from classifier.privacy.policies.policy import shipped_policies
from classifier.privacy.policies.policy_explanation import explain_policy
from classifier.privacy.policies.policy_facts import model_leak_bounds
from classifier.privacy.simulate.policy_simulation import run_policy
from classifier.privacy.tradeoff.conversation_costs import conversation_costs, metric_values, summands
from classifier.privacy.tradeoff.cost_metric_table import METRIC_BY_ID, zeros_by_construction
from classifier.privacy.tradeoff.frontier import compare_policies
from classifier.privacy.tradeoff.point_tables import reason_not_compared

TOWN = town(60)
N_BENIGN_MESSAGES = sum(len(stream) for stream in TOWN if stream.benign)
SHIPPED = [
    replace(found, threshold=0.3) if found.evidence == "text" else found for found in shipped_policies()
]
BIT = {"release": "alert_bit", "threshold": 0.3}


def metrics(costs):
    return {name: float(value) for name, value in metric_values(summands(costs).sum(axis=0)).items()}


# What the company reads is booked as the company's.


def company_reads_by_hand(run):
    """The share of benign messages at the company, from log and place alone."""
    benign = {stream.id for stream in TOWN if stream.benign}
    place_of_company = {
        "server": "read",
        "metadata_trigger": "read",
        "user_report": "read",
        "device": "shown" if run.policy.recipient in ("platform_reviewer", "unstated") else "",
    }.get(run.policy.where, "")
    events = run.events[(run.events["event"] == place_of_company).to_numpy()]
    pairs = set(zip(events["conversation"], events["message"].tolist(), strict=True))
    return len({(id_, number) for id_, number in pairs if id_ in benign}) / N_BENIGN_MESSAGES


def check_company_reads(costs_of):
    for found in SHIPPED:
        run = run_policy(found, TOWN, SCORER)
        figure = metrics(costs_of(run, TOWN))
        assert figure["company_read_share"] == pytest.approx(company_reads_by_hand(run)), (
            f"{found.name}: the company reads more than is booked"
        )


def books_server_reads_as_device_reads(run, streams):
    """Cheat: a server's reads stand in the column of the device."""
    costs = conversation_costs(run, streams)
    if run.policy.where != "server":
        return costs
    return costs.assign(n_read_by_device=costs["n_read_by_company"], n_read_by_company=0)


def forgets_what_a_reviewer_is_sent(run, streams):
    """Cheat: an excerpt that leaves the device is nobody's read."""
    costs = conversation_costs(run, streams)
    return costs.assign(n_read_by_company=0) if run.policy.where == "device" else costs


def test_what_the_company_reads_is_booked_as_the_companys():
    check_company_reads(conversation_costs)


@pytest.mark.parametrize("cheat", [books_server_reads_as_device_reads, forgets_what_a_reviewer_is_sent])
def test_reads_of_the_company_booked_elsewhere_are_caught(cheat):
    with pytest.raises(AssertionError, match="the company reads more than is booked"):
        check_company_reads(cheat)


def test_twins_on_server_and_device_differ_in_who_reads_and_in_nothing_that_is_found():
    device, server = (
        metrics(conversation_costs(run_policy(policy(where=where, **BIT), TOWN, SCORER), TOWN))
        for where in ("device", "server")
    )
    differ = {name for name in device if device[name] != server[name]}
    assert differ >= {"company_read_share", "company_messages_read", "device_read_share"}
    assert {METRIC_BY_ID[name].observer for name in differ} <= {"C", "D"}
    assert (device["company_read_share"], server["device_read_share"]) == (0.0, 0.0)
    assert server["company_read_share"] == device["device_read_share"] > 0


# Whoever is told is stated, or the worst is taken.


def check_recipient(told_of, explained):
    for who in ("user", "guardian", "platform_reviewer", "authority", "unstated"):
        found = policy(where="device", **BIT, recipient=who)
        costs = conversation_costs(run_policy(found, TOWN, SCORER), TOWN)
        if who != "user":
            assert (told_of(found, costs) == costs["flagged"]).all(), f"{who}: hidden from the count"
        else:
            assert not told_of(found, costs).any(), "the user's own warning counts as somebody else's"
        words = {"platform_reviewer": "reviewer", "unstated": "not stated"}.get(who, who)
        assert words in explained(found), f"{who}: hidden from the reader"


def hides_the_authority(found, costs):
    """Cheat: what an authority is told of is left out."""
    return costs["is_told"] & (found.recipient != "authority")


def takes_silence_for_nobody(found, costs):
    """Cheat: a policy that does not say whom it tells, tells nobody."""
    return costs["is_told"] & (found.recipient != "unstated")


def test_every_recipient_is_counted_and_named():
    check_recipient(lambda found, costs: costs["is_told"], explain_policy)


@pytest.mark.parametrize("cheat", [hides_the_authority, takes_silence_for_nobody])
def test_a_hidden_recipient_is_caught(cheat):
    with pytest.raises(AssertionError, match="hidden from the count"):
        check_recipient(cheat, explain_policy)


def test_an_explanation_without_the_recipient_is_caught():
    with pytest.raises(AssertionError, match="hidden from the reader"):
        check_recipient(lambda found, costs: costs["is_told"], lambda found: "Released: an alert.")


# What is 0 by construction is 0 in every run.


def check_zeros(zeros_of):
    for found in SHIPPED:
        figure = metrics(conversation_costs(run_policy(found, TOWN, SCORER), TOWN))
        for metric in zeros_of(found):
            assert figure[metric] == 0, f"{found.name}: {metric} is said to be 0 and is not"


def test_zeros_by_construction_are_zeros():
    check_zeros(zeros_by_construction)


def test_what_a_policy_without_any_reading_does_not_do_makes_every_metric_that_needs_it_zero():
    nothing = zeros_by_construction(policy())
    assert nothing >= {
        "machine_read_share",
        "human_read_share",
        "retained_message_hours",
        "false_positive_rate",
    }
    assert nothing == {name for name, metric in METRIC_BY_ID.items() if metric.needs}


def test_a_zero_that_is_only_claimed_is_caught():
    with pytest.raises(AssertionError, match="company_read_share is said to be 0 and is not"):
        check_zeros(lambda found: zeros_by_construction(found) | {"company_read_share"})


def test_under_encryption_nobody_reads_and_every_message_takes_its_stated_seconds():
    hidden = policy(where="private_inference", seconds_per_message=2.0, **BIT)
    figure = metrics(conversation_costs(run_policy(hidden, TOWN, SCORER), TOWN))
    read = metrics(conversation_costs(run_policy(policy(where="device", **BIT), TOWN, SCORER), TOWN))
    assert (figure["machine_read_share"], figure["company_read_share"]) == (0.0, 0.0)
    assert figure["compute_seconds"] == pytest.approx(2.0 * read["benign_messages_read"])
    assert (figure["recall"], figure["false_positive_rate"]) == (read["recall"], read["false_positive_rate"])


# A protection is credited by an attack, or not at all.

VALIDATION, TEST = town(160, seed=2, split="v"), town(160, seed=3, split="t")
MODELS = [
    policy("plain", where="device", release="alert_bit"),
    policy("public", where="device", release="alert_bit", features="public"),
]


def standing(model_leak):
    found = compare_policies(
        MODELS,
        VALIDATION,
        TEST,
        {"private/plain": SCORER, "public/plain": SCORER},
        asked_rates=(0.2,),
        n_resamples=20,
        model_leak=model_leak,
    ).points.set_index("point")
    return found.loc[["plain@0.2", "public@0.2"], ["status", "better_on"]].to_numpy().tolist()


def check_credit(standing_of):
    assert standing_of({})[0][0] == "frontier", "a protection is credited without an attack"
    assert standing_of({"private/plain": 0.9})[0][0] == "frontier", (
        "a protection is credited without an attack"
    )
    assert standing_of({"private/plain": 0.9, "public/plain": 0.1})[0] == ["dominated", "model_leak"], (
        "a protection that an attack confirms does not win"
    )
    assert standing_of({"private/plain": 0.9, "public/plain": 0.88})[0][0] == "frontier", (
        "a difference within the margin is credited"
    )


def test_a_protection_wins_where_an_attack_confirms_it_and_only_there():
    check_credit(standing)


def test_a_protection_credited_without_an_attack_is_caught():
    with pytest.raises(AssertionError, match="credited without an attack"):
        check_credit(lambda model_leak: standing({"public/plain": 0.0, "private/plain": 1.0} | model_leak))


def test_a_model_that_was_not_attacked_may_leak_everything():
    assert model_leak_bounds(MODELS[1], {"private/plain": 0.9}) == (0.0, 1.0)
    assert model_leak_bounds(MODELS[1], {"public/plain": 0.2}) == (0.2, 0.2)
    assert model_leak_bounds(policy(), {}) == (0.0, 0.0)


# What is assumed is not printed as found.


def check_assumptions(reason_of):
    for found in SHIPPED:
        rests_on = [found.report_rate, found.false_report_rate, found.accept_rate]
        if any(rests_on):
            assert reason_of(found) == "assumed", f"{found.name}: an assumed rate printed as found"
            stated = explain_policy(found) + found.description
            assert "assume" in stated.lower(), f"{found.name}: an assumed rate printed as found"


def test_policies_that_rest_on_assumed_rates_say_so_and_dominate_nobody():
    check_assumptions(reason_not_compared)


def test_an_assumed_rate_printed_as_found_is_caught():
    with pytest.raises(AssertionError, match="first_contact: an assumed rate printed as found"):
        check_assumptions(lambda found: "" if found.where == "first_contact" else reason_not_compared(found))


def test_strangers_accepted_at_the_assumed_rate_are_not_held_back():
    [first_contact] = [found for found in SHIPPED if found.name == "first_contact"]
    many = town(800, seed=9)
    strangers = np.array([stream.metadata.known_from == "online" for stream in many])
    for rate in (0.0, 0.5):
        costs = conversation_costs(run_policy(replace(first_contact, accept_rate=rate), many, SCORER), many)
        assert not costs["flagged"][~strangers].any()
        assert costs["flagged"][strangers].mean() == pytest.approx(1 - rate, abs=0.07)
        assert pd.Series(costs["n_read"]).sum() == 0
