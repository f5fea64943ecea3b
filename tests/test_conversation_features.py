"""Features of each author's side, in a chat about a raid, by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_scores import HALF, NEVER, of_labels, showing

from classifier.errors import InputError
from classifier.model.conversation.features import FEATURE_LABEL, FEATURES, HEAD_FEATURES, running_features
from classifier.model.conversation.message_sums import author_slots
from classifier.records import Metadata
from classifier.taxonomy import COLUMNS, LABELS

RAID = of_labels(
    [
        # flattery, isolation, info_request, secrecy, meeting, false_affinity, pressure
        [0.5, 0.0, 0.0, 0.2, 0.0, 0.0, 0.0],  # ann
        [0.0, 0.0, 0.6, 0.0, 0.0, 0.0, 0.0],  # bo
        [0.5, 0.0, 0.0, 0.5, 0.0, 0.0, 0.9],  # ann
        [0.1, 0.0, 0.0, 0.0, 0.0, 0.8, 0.0],  # bo
        [0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],  # ann
    ]
)
AUTHORS = ["ann", "bo", "ann", "bo", "ann"]
EVENING = datetime(2031, 1, 6, 18, 0)
KNOWN = Metadata(known_from="online", sender_age_band="18_25", contact_age_band="under_13", young_contacts=3)


def whole(writer=0, probabilities=RAID, authors=AUTHORS, head="text", **surroundings):
    """The features of a whole conversation from one side, by name."""
    sides, _ = running_features(head, HALF, probabilities, authors, **{"half_life": NEVER} | surroundings)
    return dict(zip(HEAD_FEATURES[head], sides[-1, writer].tolist(), strict=True))


def test_what_was_seen_is_the_noisy_or_of_the_writers_own_messages():
    assert whole()["flattery: seen"] == pytest.approx(1 - 0.5 * 0.5 * 0.2, abs=1e-9)


def test_a_probability_at_its_threshold_is_counted():
    assert whole()["flattery: log count"] == pytest.approx(math.log(1 + 3))
    assert whole(writer=1)["flattery: log count"] == 0


def test_a_flagged_message_counts_for_the_tactic_that_it_shows_best():
    rows = showing("secrecy", "secrecy", "secrecy")
    rows[:, COLUMNS.index("secrecy.between_us")] = [0.7, 0.7, 0.0]
    rows[:, COLUMNS.index("secrecy.hide_delete")] = [0.2, 0.9, 0.0]
    features = whole(probabilities=rows, authors=["ann"] * 3)
    assert features["secrecy: log count"] == pytest.approx(math.log(4))
    assert features["secrecy.between_us: log count"] == pytest.approx(math.log(2))
    assert features["secrecy.hide_delete: log count"] == pytest.approx(math.log(2))
    assert features["secrecy.cover_story: log count"] == 0


def test_a_tactic_of_a_message_that_is_not_flagged_counts_for_nothing():
    features = whole(probabilities=showing("secrecy.between_us"), authors=["ann"])
    assert features["secrecy.between_us: log count"] == 0


def test_the_other_side_gives_what_was_seen_of_it():
    assert whole(writer=1)["flattery: seen of other"] == pytest.approx(0.95, abs=1e-9)
    assert whole()["info_request: seen of other"] == pytest.approx(0.6, abs=1e-9)


def test_cues_are_no_stages():
    # ann shows flattery and secrecy, and the cue pressure
    assert whole()["distinct stages"] == 2


def test_messages_are_counted_by_side():
    assert whole()["log recent messages by writer"] == pytest.approx(math.log(4))
    assert whole()["log recent messages by other"] == pytest.approx(math.log(3))


@given(st.permutations(range(5)))
@settings(max_examples=30, deadline=None)
def test_the_order_of_messages_changes_nothing_at_all(order):
    writer = author_slots([AUTHORS[at] for at in order])[order.index(0)]
    assert whole(writer=writer, probabilities=RAID[order], authors=[AUTHORS[at] for at in order]) == whole()


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.lists(st.floats(0, 1), min_size=7, max_size=7)),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=50, deadline=None)
def test_what_was_seen_agrees_with_its_formula(messages):
    authors, p = [author for author, _ in messages], np.array([row for _, row in messages])
    by_writer = np.array(authors) == authors[0]
    features = whole(probabilities=of_labels(p), authors=authors)
    for column, label in enumerate(LABELS):
        assert features[f"{label}: seen"] == pytest.approx(1 - np.prod(1 - p[by_writer, column]), abs=2e-8)
        assert features[f"{label}: seen of other"] == pytest.approx(
            1 - np.prod(1 - p[~by_writer, column]), abs=2e-8
        )


def test_an_impossible_and_a_certain_message_stay_finite():
    features = whole(probabilities=of_labels(np.vstack([np.ones((4, 7)), np.zeros((1, 7))])))
    assert features["secrecy: seen"] == pytest.approx(1)
    assert np.isfinite(list(features.values())).all()


def test_every_author_is_a_side_of_its_own():
    assert author_slots([*"abcdefgh", "i", "a", "j", "i"]) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 9, 8]


def test_what_was_shown_counts_half_after_a_half_life_and_so_do_messages():
    p = showing("flattery", None, None)
    features = whole(probabilities=p, authors=["ann", "bo", "bo"], half_life=2)
    assert features["flattery: seen"] == pytest.approx(1 - 0.2**0.5, abs=1e-8)
    assert features["distinct stages"] == pytest.approx(0.5, abs=1e-8)
    assert features["log recent messages by writer"] == pytest.approx(math.log(1.5), abs=1e-8)


def metadata_of(writer=0, authors=AUTHORS, times=None, known=KNOWN, sender="bo"):
    times = times or [EVENING + timedelta(minutes=10 * number) for number in range(len(authors))]
    return whole(writer, None, authors, "metadata", times=times, metadata=known, sender=sender)


def test_stated_ages_are_of_the_writer_and_the_other():
    # bo is the sender, 18 to 25; ann the contact, under 13
    assert metadata_of()["writer's stated age under 18"] == 1
    assert metadata_of()["other's stated age 18 to 25"] == 1
    assert metadata_of(writer=1)["writer's stated age 18 to 25"] == 1
    assert sum(value for name, value in metadata_of().items() if "stated age" in name) == 2


def test_the_signals_of_a_conversation_by_hand():
    features = metadata_of(
        authors=["ann", "bo", "bo"], times=[EVENING, EVENING, EVENING + timedelta(seconds=200)]
    )
    assert features["known online"] == 1
    assert features["log young contacts"] == pytest.approx(math.log(4))
    assert features["log mean gap"] == pytest.approx(math.log(1 + 100))
    assert features["wrote first"] == 1
    assert features["share of messages"] == pytest.approx(1 / 3)


def test_a_first_message_has_no_gap():
    assert metadata_of(authors=["ann"])["log mean gap"] == 0


def test_the_hour_is_a_mean_on_the_clock_face():
    # midnight and noon face each other, and cancel; six in the evening is at sine -1
    assert metadata_of(authors=["ann"])["hour, sine"] == pytest.approx(-1)
    opposite = metadata_of(authors=["ann", "bo"], times=[datetime(2031, 1, 6), datetime(2031, 1, 6, 12)])
    assert opposite["hour, cosine"] == pytest.approx(0, abs=1e-9)


def test_the_hour_is_the_local_one_and_gaps_are_real_time():
    there = timezone(timedelta(hours=2))
    features = metadata_of(
        authors=["ann", "bo"],
        times=[datetime(2031, 1, 6, 18, tzinfo=there), datetime(2031, 1, 6, 16, tzinfo=UTC)],
    )
    assert features["log mean gap"] == 0
    assert features["hour, sine"] == pytest.approx(
        (math.sin(2 * math.pi * 18 / 24) + math.sin(2 * math.pi * 16 / 24)) / 2
    )


def test_head_metadata_does_not_look_at_probabilities():
    times = [EVENING] * 5
    with_them = whole(0, RAID, AUTHORS, "metadata", times=times, metadata=KNOWN, sender="bo")
    assert with_them == whole(0, None, AUTHORS, "metadata", times=times, metadata=KNOWN, sender="bo")
    assert not any(FEATURE_LABEL[name] for name in with_them)


def test_every_feature_is_in_head_both_and_has_a_name_of_its_own():
    assert HEAD_FEATURES["both"] == FEATURES
    assert len(set(FEATURES)) == len(FEATURES) == 75


@pytest.mark.parametrize(
    ("probabilities", "authors", "complaint"),
    [
        (RAID[:4], AUTHORS, "as long, got 4 and 5"),
        (RAID[:, :7], AUTHORS, r"shape \(messages, 43\)"),
        (RAID - 0.1, AUTHORS, r"must be in \[0, 1\]"),
        (RAID * np.nan, AUTHORS, r"must be in \[0, 1\]"),
        (RAID[:0], [], "at least one message"),
        (None, AUTHORS, "needs message probabilities"),
    ],
)
def test_what_cannot_be_scored_is_refused(probabilities, authors, complaint):
    with pytest.raises(ValueError, match=complaint):
        running_features("text", HALF, probabilities, authors, half_life=NEVER)


def test_a_missing_time_or_sender_is_refused_where_metadata_counts():
    with pytest.raises(ValueError, match=r"a time for each of 5 messages, got 'bo' and 4"):
        running_features(
            "both", HALF, RAID, AUTHORS, half_life=NEVER, times=[EVENING] * 4, metadata=KNOWN, sender="bo"
        )
    with pytest.raises(ValueError, match="needs the sender"):
        running_features("both", HALF, RAID, AUTHORS, half_life=NEVER, times=[EVENING] * 5, metadata=KNOWN)
    with pytest.raises(ValueError, match="needs the conversation's metadata"):
        running_features("both", HALF, RAID, AUTHORS, half_life=NEVER, times=[EVENING] * 5, sender="bo")


def test_an_unknown_age_band_is_named():
    with pytest.raises(InputError, match="age band must be one of .*, got '26_30'"):
        metadata_of(known=Metadata("online", "26_30", "unstated", 1))
