"""Policies in plain words: no line may say less than the policy does."""

from __future__ import annotations

import pytest
from privacy_toys import policy

from classifier.privacy.policies.policy import EVERY_MESSAGE
from classifier.privacy.policies.policy_explanation import CHOSEN, explain_policy

BIT = {"where": "device", "release": "alert_bit"}
REPORT = {"where": "user_report", "report_rate": 0.1}


def said(title, **settings):
    """The text of the line with that title; "" without one."""
    lines = dict(line.split(": ", 1) for line in explain_policy(policy(**settings)).splitlines())
    return lines.get(title, "")


def test_a_policy_that_does_nothing_says_so_line_by_line():
    assert (
        explain_policy(policy())
        == "toy: A toy.\nRead: nothing.\nKept: no message.\nAlert: never.\nReleased: nothing."
    )


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (BIT, "the device reads every message of both people in every conversation, until an alert."),
        (
            {"where": "server"},
            "the server reads every message of both people in every conversation, until an alert.",
        ),
        (
            BIT | {"who": "initiator_only"},
            "the device reads every message of the person who opened the contact in every conversation, "
            "until an alert.",
        ),
        (
            BIT | {"stop_on_alert": False},
            "the device reads every message of both people in every conversation.",
        ),
        (
            BIT | {"sampling_rate": 0.25},
            "the device reads every message of both people in 25% of conversations, drawn at random, "
            "until an alert.",
        ),
        (
            BIT | {"trigger": ("hour >= 20", "messages >= 3")},
            "the device reads every message of both people in every conversation, "
            "from when hour >= 20 and messages >= 3, until an alert.",
        ),
        (
            {"where": "server", "text_trigger": "pizza", "stop_on_alert": False},
            "the server reads every message of both people in every conversation; "
            "only from the first match of /pizza/ on is it scored, but looking for it is reading too.",
        ),
        (
            REPORT,
            "nothing, until one of the two reports the conversation; "
            "then the server reads every message of both people.",
        ),
        (
            REPORT | {"evidence": "nothing"},
            "nothing, until one of the two reports the conversation; a reviewer then reads it.",
        ),
        (
            {"where": "server", "evidence": "nothing", "release": "full_transcript"},
            "no machine reads to decide; what a reviewer is shown counts as read.",
        ),
        (
            BIT | {"evidence": "metadata", "trigger": ("hour >= 20",)},
            "nothing; who writes to whom and when is looked at.",
        ),
        (BIT | {"evidence": "label"}, "nothing."),
    ],
)
def test_it_says_who_reads_what(settings, line):
    assert said("Read", **settings) == line


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (BIT, "no message. A running score is kept, which holds no message."),
        (BIT | {"evidence": "chance"}, "no message."),
        (
            {"where": "server", "retain_messages": EVERY_MESSAGE, "retain_hours": 0.5},
            "the server keeps every message, each for at most 0.5 h. "
            "A running score is kept, which holds no message.",
        ),
        (
            BIT | {"window": 2, "retain_messages": 3, "retain_hours": 24},
            "the device keeps the last 3 messages, each for at most 24 h. "
            "The score is of the last 2 messages read.",
        ),
    ],
)
def test_it_says_what_is_kept_and_for_how_long(settings, line):
    assert said("Kept", **settings) == line


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (BIT, f"when the policy's own score reaches its threshold; {CHOSEN}."),
        (
            BIT | {"k_of_n": 2},
            "when the policy's own score reaches its threshold and 2 of the 5 stages have been seen; "
            f"{CHOSEN}.",
        ),
        (
            BIT | {"evidence": "metadata", "trigger": ("hour >= 20", "messages >= 3")},
            "when a score of metadata, by default the share of hour >= 20, messages >= 3 that holds, "
            f"reaches the policy's own threshold; {CHOSEN}.",
        ),
        (BIT | {"evidence": "nothing"}, "always."),
        (REPORT | {"evidence": "nothing"}, "on every report."),
        (
            BIT | {"evidence": "chance"},
            "at random, for a share of conversations that is chosen on validation.",
        ),
        (BIT | {"evidence": "label"}, "on exactly the scripted patterns, which no real policy can know."),
    ],
)
def test_it_says_when_there_is_an_alert(settings, line):
    assert said("Alert", **settings) == line


WHOLE = {"where": "server", "release": "full_transcript"}
KEEPING = WHOLE | {"retain_messages": EVERY_MESSAGE, "retain_hours": 1}


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (BIT, "a reviewer of the platform (the recipient is not stated) gets an alert without content."),
        (
            {"where": "device", "release": "quantised_score", "levels": 4},
            "a reviewer of the platform (the recipient is not stated) gets an alert with the score in 4 steps, without content.",
        ),
        (
            {
                "where": "device",
                "release": "excerpt",
                "levels": 4,
                "excerpt_messages": 1,
                "retain_messages": 2,
                "retain_hours": 1,
                "redactor": "patterns",
            },
            "a reviewer of the platform (the recipient is not stated) gets the score in 4 steps and sees the alerting message with 1 before and after, "
            "of those read, numbers, addresses and handles masked by patterns.",
        ),
        (
            KEEPING,
            "a reviewer of the platform (the recipient is not stated) sees every message read and still kept, as written.",
        ),
        (
            KEEPING | {"stop_on_alert": False, "redactor": "presidio"},
            "a reviewer of the platform (the recipient is not stated) sees every message read and still kept, and those that follow, masked by Presidio.",
        ),
        (
            REPORT | {"release": "full_transcript"},
            "a reviewer of the platform (the recipient is not stated) sees the whole conversation, as written.",
        ),
        (
            REPORT | {"release": "full_transcript", "stop_on_alert": False},
            "a reviewer of the platform (the recipient is not stated) sees the whole conversation, as written.",
        ),
        (
            WHOLE | {"evidence": "nothing"},
            "a reviewer of the platform (the recipient is not stated) sees the whole conversation, as written.",
        ),
        # 1 / (1 + 3) for an epsilon of ln 3.
        (
            {"where": "device", "release": "randomised_bit", "release_epsilon": 1.0986122886681098},
            "a reviewer of the platform (the recipient is not stated) gets one bit for every conversation at its end, flipped with probability 0.25.",
        ),
        (
            {"where": "device", "release": "aggregate", "release_epsilon": 0.5},
            "a number of alerts over all conversations, with Laplace noise of scale 2; "
            "no conversation is pointed at.",
        ),
    ],
)
def test_it_says_what_is_released_and_to_whom(settings, line):
    assert said("Released", **settings) == line


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (BIT, "TF-IDF over a vocabulary fitted on private text, trained without noise."),
        (
            BIT | {"min_people": 2},
            "TF-IDF over a vocabulary fitted on private text and used by at least 2 people, "
            "trained without noise.",
        ),
        (
            BIT | {"features": "hashed", "hash_bits": 10},
            "unsalted hashes into 1024 cells, trained without noise.",
        ),
        (
            BIT | {"features": "hashed", "hash_bits": 10, "hash_salted": True},
            "salted hashes into 1024 cells, trained without noise.",
        ),
        (
            BIT
            | {
                "features": "public",
                "training": "output_perturbation",
                "training_epsilon": 0.5,
                "people_cap": 3,
            },
            "TF-IDF over a public vocabulary, trained with output perturbation, epsilon 0.5, "
            "at most 3 conversations a person.",
        ),
        (
            BIT | {"features": "public", "fixed_rule": "stage_maxima"},
            "TF-IDF over a public vocabulary, trained without noise; "
            "messages are combined by a fixed rule (stage maxima), not a fitted one.",
        ),
        (REPORT, "TF-IDF over a vocabulary fitted on private text, trained without noise."),
        (REPORT | {"evidence": "nothing"}, ""),
        (BIT | {"evidence": "chance"}, ""),
    ],
)
def test_it_says_which_model_scores_where_one_does(settings, line):
    assert said("Model", **settings) == line


@pytest.mark.parametrize(
    ("recipient", "who"),
    [
        ("user", "the user, and nobody else,"),
        ("guardian", "a guardian"),
        ("platform_reviewer", "a reviewer of the platform"),
        ("authority", "an authority"),
    ],
)
def test_it_says_who_is_told(recipient, who):
    assert said("Released", **BIT, recipient=recipient) == f"{who} gets an alert without content."


def test_under_encryption_nobody_reads_and_the_stated_seconds_are_named():
    settings = {"where": "private_inference", "release": "alert_bit", "seconds_per_message": 2.5}
    assert said("Read", **settings).startswith("nobody; a computation under encryption (at a stated 2.5 s a")


def test_strangers_are_held_back_and_the_assumed_share_accepted_is_named():
    settings = {
        "where": "first_contact",
        "evidence": "metadata",
        "trigger": ("known_from == online",),
        "release": "alert_bit",
        "recipient": "user",
        "accept_rate": 0.25,
    }
    assert said("Read", **settings).startswith(
        "nothing; at the first message it is looked at whether known_from"
    )
    assert "an assumed share of 0.25" in said("Alert", **settings)
    assert said("Released", **settings).startswith("the message is held back as a request to the user")


def test_purpose_basis_and_model_are_said_where_they_are_stated():
    stated = {"purpose": "Warn.", "legal_basis": "Consent.", "stands_for": "A toy of 2021."}
    assert [said(title, **BIT, **stated) for title in ("Purpose", "Legal basis", "Stands for")] == [
        "Warn.",
        "Consent.",
        "A toy of 2021.",
    ]
    assert said("Purpose", **BIT) == ""
