"""The capability suite notices a scorer that lacks a capability."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from classifier.records import Message, PersonalSpan
from classifier.taxonomy import LABELS
from classifier.workflows.message_evaluation.capability_tests import LEAFLET, capability_cases

NOON = datetime(2031, 1, 6, 12)
MESSAGES = [
    Message("a", NOON, "pizza with Zola"),
    Message("a", NOON, "raid with Kofi", personal=(PersonalSpan(10, 14, "name"),)),
    Message("a", NOON, "with Mei", personal=(PersonalSpan(5, 8, "name"),)),
]
HALF = np.full(len(LABELS), 0.5)


def failures(score, kind):
    cases = capability_cases(score, HALF, MESSAGES, seed=0)
    return cases[cases["kind"] == kind].groupby("capability")["failed"].mean()


def knows_leaflets(texts):
    return np.array(
        [[float(any(line in text.lower() for line in LEAFLET[label])) for label in LABELS] for text in texts]
    )


def flags_nothing(texts):
    return np.zeros((len(texts), len(LABELS)))


def flags_names(texts):
    return np.array([[float("Kofi" in text)] * len(LABELS) for text in texts])


def test_a_scorer_that_knows_the_lines_fails_none():
    assert failures(knows_leaflets, "minimum functionality").sum() == 0
    assert failures(knows_leaflets, "direction").sum() == 0


def test_a_scorer_that_flags_nothing_fails_every_minimum_and_direction_but_no_invariance():
    assert (failures(flags_nothing, "minimum functionality") == 1).all()
    assert (failures(flags_nothing, "direction") == 1).all()
    assert failures(flags_nothing, "invariance").sum() == 0


def test_a_scorer_that_goes_by_a_name_fails_the_invariance_to_names():
    assert failures(flags_names, "invariance")["another name or place"] > 0


SECRETS = [Message("a", NOON, "this is our secret", labels=("secrecy",))] * 5


def test_a_scorer_that_reads_whole_messages_alone_loses_what_is_diluted():
    def shares(texts):
        return np.array([[float(text.lower() in LEAFLET[label]) for label in LABELS] for text in texts])

    cases = capability_cases(shares, HALF, SECRETS, seed=0)
    diluted = cases[cases["kind"] == "dilution"]
    assert set(diluted["capability"]) == {
        "beside a neutral sentence",
        "between two neutral sentences",
        "joined by a comma to a neutral clause",
    }  # a message of another sign, to join, is not among them
    assert diluted["failed"].all()
    kept = capability_cases(knows_leaflets, HALF, SECRETS, seed=0)
    assert not kept[kept["kind"] == "dilution"]["failed"].any()


def test_another_sign_is_never_one_of_the_same_label():
    seen = []

    def remembers(texts):
        seen.extend(texts)
        return knows_leaflets(texts)

    meeting = Message("a", NOON, "let's meet up", labels=("meeting",))
    cases = capability_cases(remembers, HALF, [*SECRETS, meeting], seed=0)
    secret = "this is our secret"
    assert not [text for text in seen if text.count(secret) > 1]
    assert seen.count(f"{secret}, let's meet up") == 5
    assert seen.count(f"let's meet up, {secret}") == 1
    assert (cases["capability"] == "joined by a comma to another sign").sum() == 6
