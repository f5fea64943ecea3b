"""Metadata signals of a conversation, and conditions on them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from classifier.privacy.policies.metadata_trigger import Condition, MetadataSignals, parse_condition
from classifier.records import Metadata

EVENING = datetime(2031, 1, 6, 18)


def outside(*minutes, authors="", **metadata):
    """The signals of messages written so many minutes after six in the evening.

    ``authors`` has one letter for each message; "s" opened the contact.
    """
    known = Metadata(
        **{
            "known_from": "online",
            "sender_age_band": "adult",
            "contact_age_band": "under_13",
            "young_contacts": 3,
        }
        | metadata
    )
    return MetadataSignals(
        known,
        "s",
        list(authors or "s" * len(minutes)),
        [EVENING + timedelta(minutes=minute) for minute in minutes],
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("known_from", "online"),
        ("sender_age_band", "adult"),
        ("contact_age_band", "under_13"),
        ("young_contacts", 3),
    ],
)
def test_metadata_is_seen_as_it_was_stated(name, value):
    assert outside(0).signal(name) == value


def test_messages_are_counted_and_so_is_the_initiators_share_of_them():
    seen = outside(0, 1, 2, 3, authors="scss")
    assert seen.signal("messages") == 4
    assert seen.signal("initiator_share") == 0.75


def test_the_hour_is_that_of_the_last_message_with_its_minutes():
    assert outside(0, 45).signal("hour") == 18.75
    assert outside(0, 90).signal("hour") == 19.5


def test_the_pace_is_by_the_hour_since_the_first_message():
    assert outside(0, 30, 60, 90, 120, 180).signal("messages_per_hour") == 2.0  # six in three hours


def test_a_pace_counts_at_least_one_hour():
    assert outside(0, 1, 2).signal("messages_per_hour") == 3.0
    assert outside(0).signal("messages_per_hour") == 1.0


@pytest.mark.parametrize(
    ("comparison", "holds"),
    [
        ("==", [False, True, False]),
        ("!=", [True, False, True]),
        (">=", [False, True, True]),
        ("<=", [True, True, False]),
        (">", [False, False, True]),
        ("<", [True, False, False]),
    ],
)
def test_young_contacts_of_two_three_and_four_compared_with_three(comparison, holds):
    condition = parse_condition(f"young_contacts {comparison} 3")
    assert [condition.holds(outside(0, young_contacts=number)) for number in (2, 3, 4)] == holds


def test_a_word_is_compared_as_a_word():
    assert parse_condition("known_from == online").holds(outside(0))
    assert not parse_condition("contact_age_band != under_13").holds(outside(0))


def test_spaces_do_not_matter():
    assert parse_condition("  hour>=20.5 ") == Condition("hour", ">=", 20.5)


@pytest.mark.parametrize(
    "text",
    [
        "text == pizza",
        "known_from >= online",
        "known_from = online",
        "hour >= late",
        "hour",
        "hour >= 20 and messages >= 3",
        "20 <= hour",
        "",
    ],
)
def test_what_is_no_condition_on_metadata_is_refused_with_what_would_be(text):
    with pytest.raises(
        ValueError,
        match=r"expected one of known_from, .* with == or != and a word, "
        r"or one of young_contacts, hour, .* and a number",
    ):
        parse_condition(text)
