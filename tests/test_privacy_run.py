"""The event log of policies on conversations that one can follow by eye."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from privacy_toys import SCORER, chat, log, policy, word_probabilities

from classifier.privacy.message_streams import (
    MessageScores,
    scored,
    streams_from_conversations,
    streams_from_scores,
)
from classifier.privacy.policies.policy import EVERY_MESSAGE
from classifier.privacy.simulate.policy_scorer import CachedScorer, PolicyScorer
from classifier.privacy.simulate.policy_simulation import run_policy
from classifier.privacy.tradeoff.conversation_costs import conversation_costs
from classifier.taxonomy import LABELS, PATTERN

RAID = streams_from_conversations(
    [chat("raid", "s: raid at nine", "c: secret base", "s: meet there", "c: pizza", "s: ok")]
)


def run(streams=RAID, scorer=SCORER, **settings):
    return run_policy(policy(**settings), streams, scorer)


def events(kind, found, id_="raid"):
    return [(step, message) for step, event, message in log(found, id_) if event == kind]


def test_a_fixed_rule_of_a_policy_replaces_the_conversation_scorer_that_came_with_the_model():
    streams = streams_from_conversations([chat("a", "s: you are pretty", "s: it is our secret")])
    highest = replace(SCORER, conversation=lambda rows, authors: rows.max())
    fixed = policy(where="device", release="alert_bit", threshold=9.0, fixed_rule="noisy_or")
    scores = [
        run_policy(asked, streams, highest).events.query("event == 'scored'")["value"].tolist()
        for asked in (fixed, replace(fixed, fixed_rule=""))
    ]
    # Two stages of five at .9 and the others at .02, then at 1 - .98 ** 2.
    assert scores[0] == pytest.approx([(0.9 + 4 * 0.02) / 5, (2 * (1 - 0.1 * 0.98) + 3 * (1 - 0.98**2)) / 5])
    assert scores[1] == [0.9, 0.9]


def test_a_device_reads_each_message_as_it_comes_and_stops_at_the_alert():
    found = run(where="device", release="alert_bit", threshold=0.19)
    assert [entry for entry in log(found, "raid") if entry[1] != "scored"] == [
        (1, "read", 1),
        (2, "read", 2),
        (2, "alert", 2),
        (2, "released", 0),
    ]


def test_a_score_equal_to_the_threshold_alerts():
    scores = PolicyScorer(MessageScores({"raid": np.full((5, 1), 0.5)}, ("score",)))
    assert events("alert", run(scorer=scores, where="device", threshold=0.5)) == [(1, 1)]


def test_only_the_initiators_messages_are_read_when_the_policy_says_so():
    assert events("read", run(where="device", who="initiator_only", threshold=1.0)) == [
        (1, 1),
        (3, 3),
        (5, 5),
    ]


def test_reading_begins_when_all_conditions_have_held_together():
    assert events(
        "read",
        run(where="metadata_trigger", trigger=("messages >= 3", "known_from == online"), threshold=1.0),
    ) == [(3, 3), (4, 4), (5, 5)]
    assert (
        events("read", run(where="metadata_trigger", trigger=("known_from == in_person",), threshold=1.0))
        == []
    )


def test_messages_looked_through_for_a_trigger_word_are_read():
    found = run(where="server", text_trigger="secret", threshold=1.0)
    assert events("read", found) == [(step, step) for step in range(1, 6)]
    assert [message for _, message in events("scored", found)] == [2, 3, 4, 5]


def test_a_window_scores_and_keeps_only_its_last_messages():
    found = run(where="device", window=2, retain_messages=2, retain_hours=100, threshold=1.0)
    values = found.events.loc[found.events["event"] == "scored", "value"].tolist()
    once, both = (0.9 + 4 * 0.02) / 5, (0.9 + 0.8 + 3 * 0.02) / 5
    assert values[1] == pytest.approx(once, abs=0.02)
    assert values[2] == pytest.approx(both, abs=0.02)
    assert values[4] < 0.05  # "secret" and "meet" have left the window
    assert events("dropped", found)[:3] == [(3, 1), (4, 2), (5, 3)]


def test_message_hours_are_counted_as_by_hand():
    # Messages at 0, 1 and 2 hours; at most two are kept, for at most three hours each.
    # By hand: the first is dropped after 2 h, the other two stay for their 3 h: 8.
    streams = streams_from_conversations(
        [chat("slow", "s: pizza", "c: pizza", "s: pizza", minutes=60), chat("single", "s: pizza")]
    )
    found = run(streams, where="server", retain_messages=2, retain_hours=3.0, threshold=1.0)
    costs = conversation_costs(found, streams)
    assert costs["message_hours"].tolist() == [8.0, 3.0]
    assert costs["peak_kept"].tolist() == [2, 1]


def test_a_message_is_dropped_when_its_hours_are_up_and_leaves_the_window():
    streams = streams_from_conversations([chat("slow", "s: secret", "c: pizza", minutes=120)])
    found = run(streams, where="device", window=5, retain_messages=5, retain_hours=1.0, threshold=1.0)
    dropped = found.events[found.events["event"] == "dropped"]
    assert dropped[["step", "message", "hours"]].to_numpy().tolist() == [[2, 1, 1.0], [2, 2, 3.0]]
    assert found.events.loc[found.events["event"] == "scored", "value"].iloc[-1] < 0.05


def test_k_of_n_waits_for_distinct_stages():
    assert events("alert", run(where="device", threshold=0.0, k_of_n=1)) == [(2, 2)]
    assert events("alert", run(where="device", threshold=0.0, k_of_n=2)) == [(3, 3)]
    assert events("alert", run(where="device", threshold=0.0, k_of_n=3)) == []


def test_an_excerpt_shows_messages_around_the_alert_and_reads_those_after_it():
    found = run(
        where="server",
        release="excerpt",
        levels=4,
        excerpt_messages=1,
        retain_messages=2,
        retain_hours=9,
        threshold=0.19,
    )
    assert events("shown", found) == [(2, 1), (2, 2), (3, 3)]
    assert events("read", found)[-1] == (3, 3)


def test_an_excerpt_is_masked():
    streams = streams_from_conversations([chat("ring", "s: secret, says Emma on 555-0117")])
    found = run(streams, where="server", release="excerpt", levels=4, redactor="lexicon", threshold=0.1)
    assert found.events.loc[found.events["event"] == "shown", "text"].tolist() == ["secret, says […] on […]"]


def test_a_full_transcript_shows_what_came_before_and_with_reading_on_what_comes_after():
    settings = {
        "where": "server",
        "release": "full_transcript",
        "retain_messages": EVERY_MESSAGE,
        "retain_hours": 100,
        "threshold": 0.19,
    }
    assert events("shown", run(**settings)) == [(2, 1), (2, 2)]
    assert events("shown", run(**settings, stop_on_alert=False)) == [(2, 1), (2, 2), (3, 3), (4, 4), (5, 5)]


def test_a_score_is_released_in_steps():
    scores = PolicyScorer(
        MessageScores({"raid": np.array([[0.1], [0.3], [0.8], [0.9], [0.9]])}, ("score",)),
        conversation=lambda rows, authors: rows[:, 0],
    )
    found = run(scorer=scores, where="device", release="quantised_score", levels=4, threshold=0.75)
    assert found.events.loc[found.events["event"] == "released", ["step", "value"]].to_numpy().tolist() == [
        [3, 4]
    ]


def test_the_last_running_score_counts_and_the_scorer_gets_only_rows_read_so_far():
    seen = []
    spy = PolicyScorer(
        word_probabilities,
        conversation=lambda rows, authors: seen.append((len(rows), tuple(authors))) or np.zeros(len(rows)),
    )
    run(scorer=spy, where="device", who="initiator_only", threshold=1.0)
    assert seen == [(1, ("raid-s",)), (2, ("raid-s",) * 2), (3, ("raid-s",) * 3)]


def test_a_report_hands_in_the_whole_conversation_after_its_last_message():
    found = run(
        where="user_report",
        evidence="nothing",
        release="full_transcript",
        report_rate=1.0,
        false_report_rate=1.0,
    )
    assert events("read", found) == events("shown", found) == [(5, number) for number in range(1, 6)]
    scored_report = run(
        where="user_report", release="full_transcript", report_rate=1.0, false_report_rate=1.0, threshold=0.3
    )
    assert events("alert", scored_report) == [(5, 5)]
    assert len(events("shown", scored_report)) == 5
    assert run(
        where="user_report", evidence="nothing", report_rate=1.0
    ).events.empty  # the false report rate is 0


def test_metadata_alone_alerts_without_a_read():
    found = run(
        where="server",
        evidence="metadata",
        release="alert_bit",
        trigger=("messages >= 2", "hour >= 18", "young_contacts >= 5"),
        threshold=0.6,
    )
    assert [entry for entry in log(found, "raid") if entry[1] != "scored"] == [
        (1, "metadata", 0),
        (2, "alert", 2),
        (2, "released", 0),
    ]


def test_a_caller_may_bring_a_scorer_of_metadata():
    scorer = PolicyScorer(word_probabilities, metadata=lambda outside: len(outside.times) / 10)
    assert events(
        "alert",
        run(scorer=scorer, where="server", evidence="metadata", trigger=("hour >= 1",), threshold=0.4),
    ) == [(4, 4)]


def test_an_aggregate_points_at_no_conversation():
    found = run(where="device", release="aggregate", release_epsilon=50.0, threshold=0.19)
    assert events("released", found) == []
    assert found.noisy_alerts == pytest.approx(1.0, abs=0.5)
    assert not conversation_costs(found, RAID)["flagged"].any()


def test_a_flipped_bit_is_released_for_every_conversation_at_its_end():
    streams = streams_from_conversations([chat(f"r{number}", "s: pizza", "c: ok") for number in range(300)])
    found = run(streams, where="device", release="randomised_bit", release_epsilon=1.0, threshold=1.0)
    released = found.events[found.events["event"] == "released"]
    assert len(released) == 300
    assert set(released["step"]) == {2}
    assert released["value"].mean() == pytest.approx(1 / (1 + math.e), abs=0.07)


def test_scores_made_beforehand_give_the_same_log_as_the_scorer_itself():
    settings = {
        "where": "device",
        "window": 2,
        "retain_messages": 2,
        "retain_hours": 100,
        "threshold": 0.3,
        "k_of_n": 2,
    }
    live, cached = run(**settings), run(scorer=PolicyScorer(scored(RAID, word_probabilities)), **settings)
    pd.testing.assert_frame_equal(live.events, cached.events)


class LoudestSoFar:
    """A running scorer that changes its state in place and counts its calls."""

    asked = 0

    def __call__(self, rows, authors):
        self.asked += 1
        return float(rows.max())

    def start(self):
        return [0.0]

    def update(self, state, row, author):
        self.asked += 1
        state[0] = max(state[0], float(row.max()))
        return state

    def score(self, state):
        return state[0]


@pytest.mark.parametrize("window", [0, 2])
def test_cached_scores_are_the_same_and_are_computed_once(window):
    settings = {"where": "device", "window": window, "retain_messages": window, "retain_hours": 9.0 * window}
    loudest = LoudestSoFar()
    remembered = PolicyScorer(word_probabilities, conversation=CachedScorer(loudest))
    for threshold in (2.0, 0.5, 0.85):
        plain = run(
            scorer=PolicyScorer(word_probabilities, conversation=LoudestSoFar()),
            threshold=threshold,
            **settings,
        )
        assert run(scorer=remembered, threshold=threshold, **settings).events.equals(plain.events)
    assert loudest.asked == 5


def test_a_scorer_whose_rows_depend_on_other_texts_is_refused():
    def centred(texts):
        rows = word_probabilities(texts)
        return rows - rows.mean(axis=0)

    with pytest.raises(ValueError, match="another row when it is scored alone"):
        scored(RAID, centred)


def test_scores_that_miss_a_message_are_refused():
    with pytest.raises(
        ValueError, match="scores hold no row for each of the 5 messages of conversation 'raid'"
    ):
        run(scorer=PolicyScorer(MessageScores({"raid": np.zeros((4, 7))})), where="device")


OUTSIDE = pd.DataFrame(
    {
        "conversation_id": ["b", "a", "a", "b"],
        "index": [1, 2, 1, 2],
        "author": ["x", "z", "y", "x"],
        "label": ["benign", PATTERN, PATTERN, "benign"],
        "score": [0.1, 0.9, 0.2, 0.3],
    }
)


def test_a_bare_table_of_scores_can_be_watched():
    streams, scores = streams_from_scores(OUTSIDE)
    found = run_policy(
        policy(where="device", release="alert_bit", threshold=0.8), streams, PolicyScorer(scores)
    )
    assert [(stream.id, stream.initiator, len(stream)) for stream in streams] == [
        ("a", "y", 2),
        ("b", "x", 2),
    ]
    assert events("alert", found, "a") == [(2, 2)]
    assert conversation_costs(found, streams)["flagged"].tolist() == [True, False]


def test_probability_columns_of_an_outside_table_count_stages():
    table = OUTSIDE.drop(columns="score").assign(**dict.fromkeys(LABELS, 0.9))
    streams, scores = streams_from_scores(table)
    found = run_policy(policy(where="device", k_of_n=5, threshold=0.0), streams, PolicyScorer(scores))
    assert events("alert", found, "b") == [(1, 1)]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"where": "device", "text_trigger": "pizza"}, "needs the messages' text"),
        ({"where": "metadata_trigger", "trigger": ("hour >= 20",)}, "looks at metadata and times"),
        (
            {"where": "device", "window": 2, "retain_messages": 2, "retain_hours": 1.0},
            "retain_hours needs the messages' times",
        ),
        (
            {"where": "server", "release": "excerpt", "levels": 2, "redactor": "patterns"},
            "needs the messages' text",
        ),
        ({"where": "device", "k_of_n": 2}, "k_of_n counts stages, and the scores have only score"),
    ],
)
def test_what_a_bare_table_lacks_is_said(settings, reason):
    streams, scores = streams_from_scores(OUTSIDE)
    with pytest.raises(ValueError, match=rf"cannot be run on conversation 'a': .*{reason}"):
        run_policy(policy(**settings), streams, PolicyScorer(scores))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (OUTSIDE.drop(columns="author"), "none named author"),
        (OUTSIDE.drop(columns="score"), "needs a column 'score' or all of"),
        (OUTSIDE.assign(score=2.0), r"must be in \[0, 1\]"),
        (OUTSIDE.assign(label="bad"), "label must be 'benign' or 'grooming_pattern', got 'bad'"),
        (OUTSIDE.assign(index=1), "stands in the table twice"),
        (
            OUTSIDE.assign(label=["benign", PATTERN, "benign", "benign"]),
            "conversation 'a' has more than one label",
        ),
    ],
)
def test_a_table_that_cannot_be_used_says_why(changed, reason):
    with pytest.raises(ValueError, match=reason):
        streams_from_scores(changed)


def test_personal_information_shown_of_a_table_without_text_is_undefined():
    streams, scores = streams_from_scores(OUTSIDE)
    costs = conversation_costs(
        run_policy(
            policy(where="server", release="excerpt", levels=2, threshold=0.8), streams, PolicyScorer(scores)
        ),
        streams,
    )
    assert costs["pii_items"].tolist()[1:] == [0.0]
    assert math.isnan(costs["pii_items"][0])


def entries(kind, found):
    """The events of a kind as (step, message, value, hours)."""
    rows = found.events[found.events["event"] == kind]
    return list(
        zip(
            rows["step"].tolist(),
            rows["message"].tolist(),
            rows["value"].tolist(),
            rows["hours"].tolist(),
            strict=True,
        )
    )


HOURLY = streams_from_conversations(
    [chat("raid", "s: raid at nine", "c: secret base", "s: meet there", "c: pizza", "s: ok", minutes=60)]
)


TIMED = OUTSIDE.assign(
    time=pd.to_datetime(["2031-01-06 18:00", "2031-01-06 19:00", "2031-01-06 18:00", "2031-01-06 19:00"])
)


def test_times_without_metadata_do_not_serve_a_trigger():
    streams, scores = streams_from_scores(TIMED)
    with pytest.raises(ValueError, match="its trigger looks at metadata and times, which are not there"):
        run_policy(policy(where="metadata_trigger", trigger=("hour >= 20",)), streams, PolicyScorer(scores))


def test_with_times_a_bare_table_can_be_watched_by_a_policy_that_keeps():
    streams, scores = streams_from_scores(TIMED)
    found = run_policy(
        policy(where="device", window=1, retain_messages=1, retain_hours=1.0, threshold=0.8),
        streams[:1],
        PolicyScorer(scores),
    )
    assert [(step, message, hours) for step, message, _, hours in entries("dropped", found)] == [
        (2, 1, 1.0),
        (2, 2, 2.0),
    ]
    assert events("alert", found, "a") == [(2, 2)]


def test_a_score_counts_for_no_alert_until_enough_stages_have_been_seen():
    values = [value for _, _, value, _ in entries("scored", run(where="device", threshold=1.0, k_of_n=2))]
    assert values[:2] == [-math.inf, -math.inf]
    assert all(
        0.3 < value < 0.5 for value in values[2:]
    )  # "secret" and "meet": two stages of five, a little of each other one


@pytest.mark.parametrize("window", [0, 2])
def test_a_stage_at_exactly_its_threshold_has_been_seen(window):
    settings = {
        "where": "device",
        "window": window,
        "retain_messages": window,
        "retain_hours": 9.0 * window,
        "threshold": 0.0,
        "k_of_n": 1,
    }
    assert events("alert", run(**settings, stage_threshold=0.9)) == [(2, 2)]  # "secret" has .9
    assert events("alert", run(**settings, stage_threshold=0.91)) == []


@pytest.mark.parametrize("window", [0, 3])
def test_one_stage_shown_twice_is_one_and_two_in_a_message_are_two(window):
    settings = {
        "where": "device",
        "window": window,
        "retain_messages": window,
        "retain_hours": 9.0 * window,
        "threshold": 0.0,
        "k_of_n": 2,
    }
    streams = streams_from_conversations(
        [chat("twice", "s: secret", "c: secret base"), chat("both", "s: secret, meet")]
    )
    found = run(streams, **settings)
    assert events("alert", found, "twice") == []
    assert events("alert", found, "both") == [(1, 1)]


def test_of_the_running_scores_of_a_window_the_last_counts():
    scores = PolicyScorer(
        MessageScores({"raid": np.array([[0.1], [0.3], [0.8], [0.2], [0.9]])}, ("score",)),
        conversation=lambda rows, authors: rows[:, 0],
    )
    found = run(scorer=scores, where="device", window=2, retain_messages=2, retain_hours=9.0, threshold=1.0)
    assert [value for _, _, value, _ in entries("scored", found)] == [0.1, 0.3, 0.8, 0.2, 0.9]


def test_what_is_released_of_an_alert_is_a_bare_one_at_its_hour():
    assert entries("released", run(HOURLY, where="device", release="alert_bit", threshold=0.19)) == [
        (2, 0, 1.0, 1.0)
    ]


def test_a_quantised_score_is_released_of_no_message_in_particular():
    found = run(HOURLY, where="device", release="quantised_score", levels=4, threshold=0.3)
    assert entries("released", found) == [(3, 0, 2.0, 2.0)]  # .37 is in the second quarter


def test_an_excerpt_shows_no_more_of_what_is_kept_than_it_says():
    found = run(
        HOURLY,
        where="server",
        release="excerpt",
        levels=4,
        excerpt_messages=1,
        retain_messages=4,
        retain_hours=99,
        threshold=0.3,
    )
    assert events("shown", found) == [(3, 2), (3, 3), (4, 4)]
    assert [hours for _, _, _, hours in entries("shown", found)] == [2.0, 2.0, 3.0]


def test_each_message_is_kept_under_its_own_number_from_the_hour_it_was_read():
    found = run(HOURLY, where="server", retain_messages=EVERY_MESSAGE, retain_hours=99, threshold=1.0)
    assert [(step, message, hours) for step, message, _, hours in entries("kept", found)] == [
        (1, 1, 0.0),
        (2, 2, 1.0),
        (3, 3, 2.0),
        (4, 4, 3.0),
        (5, 5, 4.0),
    ]


def test_a_message_that_has_just_expired_does_not_affect_the_next_score():
    streams = streams_from_conversations([chat("slow", "s: secret", "c: pizza", minutes=60)])
    found = run(streams, where="device", window=5, retain_messages=5, retain_hours=1.0, threshold=1.0)
    assert entries("scored", found)[1][2] < 0.05
    assert [(step, message, hours) for step, message, _, hours in entries("dropped", found)] == [
        (2, 1, 1.0),
        (2, 2, 2.0),
    ]


def test_the_oracle_alerts_on_patterns_and_on_nothing_else():
    streams = streams_from_conversations([chat("a", "s: pizza", label=PATTERN), chat("b", "s: secret, meet")])
    found = run(streams, where="server", evidence="label", release="alert_bit")
    assert [events("alert", found, id_) for id_ in ("a", "b")] == [[(1, 1)], []]


def test_scores_without_reading_name_no_message_and_come_at_each_message():
    assert entries("scored", run(HOURLY, where="server", evidence="nothing", threshold=2.0)) == [
        (step, 0, 1.0, step - 1.0) for step in range(1, 6)
    ]


def test_a_flipped_bit_is_of_no_message_and_released_at_the_hour_of_the_last():
    ((step, message, _, hours),) = entries(
        "released", run(HOURLY, where="device", release="randomised_bit", release_epsilon=9.0, threshold=1.0)
    )
    assert (step, message, hours) == (5, 0, 4.0)
