"""The monitor gives the scores from scratch, from a small state without text."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import toy_scores
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_scores import HALF, NEVER

from classifier.errors import InputError
from classifier.model.conversation.conversation_model import HALF_LIFE, ConversationModel, score_conversation
from classifier.model.conversation.features import HEAD_FEATURES
from classifier.model.conversation.message_sums import author_slots, message_sums, running_sums
from classifier.model.conversation.monitor import Monitor, author_tag, running_scores
from classifier.records import Metadata
from classifier.taxonomy import COLUMNS, LABELS

START = datetime(2031, 1, 6, 15)
THRESHOLDS = np.linspace(0.3, 0.6, 7)
KNOWN = Metadata("in_person", "unstated", "under_13", 12)


def model_of(head="text", seed=0, **changes):
    weights = np.random.default_rng(seed).normal(size=len(HEAD_FEATURES[head])) * 0.4
    return ConversationModel(head, weights, -1.0, 1.3, 0.2, THRESHOLDS, **{"alert_threshold": 0.5} | changes)


def secrecy_model(alert_threshold=0.5, half_life=NEVER):
    """A model of 4 log-odds per distinct stage, from -6, and of what was seen of secrecy."""
    names = HEAD_FEATURES["text"]
    weights = np.zeros(len(names))
    weights[names.index("distinct stages")] = 4.0
    weights[names.index("secrecy: seen")] = 1.0
    weights[names.index("flattery: seen")] = -0.5
    return ConversationModel("text", weights, -6.0, 1.0, 0.0, HALF, alert_threshold, half_life, 0.0, 0.0)


def showing(label, p=0.8):
    return toy_scores.showing(label, p=p)[0]


def chat(n, n_authors=2, seed=0):
    """Authors, probabilities and times of n messages, some of which arrive late."""
    rng = np.random.default_rng(seed)
    authors = [f"person {slot}" for slot in rng.integers(0, n_authors, n)]
    return (
        authors,
        rng.beta(0.3, 2, size=(n, len(COLUMNS))),
        [START + timedelta(seconds=int(at)) for at in rng.integers(0, 5000 * n, n)],
    )


def known_to(head):
    return {} if head == "text" else {"metadata": KNOWN, "sender": "person 1"}


@pytest.mark.parametrize("head", HEAD_FEATURES)
@pytest.mark.parametrize("half_life", [NEVER, 7.5])
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_cut_and_resumed_anywhere_it_scores_as_from_scratch_after_every_message(head, half_life, data):
    n = data.draw(st.integers(1, 40))
    authors, p, times = chat(n, data.draw(st.integers(1, 12)), data.draw(st.integers(0, 10**6)))
    cuts = data.draw(st.sets(st.integers(0, n)))
    model = model_of(head, half_life=half_life, length_penalty=0.7)
    monitor = Monitor(model, **known_to(head))
    surroundings = {} if head == "text" else {"times": times}
    expected = running_scores(model, p, authors, **surroundings, **known_to(head))
    for at in range(n):
        if at in cuts:
            monitor = Monitor.resume(model, monitor.state())
        assert monitor.update(authors[at], p[at], times[at]) == pytest.approx(expected[at], abs=1e-12)
        seen = {} if head == "text" else {"times": times[: at + 1]}
        assert score_conversation(
            model, p[: at + 1], authors[: at + 1], **seen, **known_to(head)
        ) == pytest.approx(expected[at], abs=1e-12)
    assert monitor.n_messages == n


@given(st.integers(0, 10**6), st.integers(0, 30))
@settings(max_examples=30, deadline=None)
def test_a_state_comes_back_exactly(seed, n):
    authors, p, times = chat(n, 3, seed)
    monitor = Monitor(model_of("both"), **known_to("both"))
    for message in zip(authors, p, times, strict=True):
        monitor.update(*message)
    again = Monitor.resume(model_of("both"), monitor.state())
    assert again.state() == monitor.state()
    assert again.alert == monitor.alert
    assert again.score == monitor.score or n == 0


def long_state(head, n, *, certain=False):
    """A state after n messages of two authors.

    It is a short one whose sums are replaced by those of a long conversation, counted at once.
    """
    authors, p, times = chat(n)
    p = np.ones_like(p) if certain else p
    monitor = Monitor(model_of(head, alert_threshold=0.0), **known_to(head))
    for at in range(20):
        monitor.update(authors[at], p[at], times[at])
    content = json.loads(monitor.state())
    content["sums"] = running_sums(message_sums(p, THRESHOLDS), author_slots(authors), half_life=HALF_LIFE)[
        -1
    ].tolist()
    return json.dumps(content, separators=(",", ":"))


@pytest.mark.parametrize("n", [20, 1_000, 10_000])
@pytest.mark.parametrize("head", ["text", "both"])
@pytest.mark.parametrize("certain", [False, True])
def test_a_state_of_two_authors_takes_at_most_a_kilobyte_and_a_half_whatever_the_length(n, head, certain):
    monitor = Monitor.resume(model_of(head, alert_threshold=0.0), long_state(head, n, certain=certain))
    monitor.update("person 0", np.full(len(COLUMNS), 1 / 3), START)
    assert monitor.n_messages == n + 1
    assert monitor.alert is not None
    assert len(monitor.state().encode()) <= 1500


def test_what_is_certain_already_takes_no_more_room():
    monitor = Monitor(model_of(alert_threshold=1.0, half_life=NEVER))
    for _ in range(100):
        monitor.update("ann", np.ones(len(COLUMNS)))
    assert json.loads(monitor.state())["sums"][0][0] == 1000 * 10**9


def test_the_ten_thousandth_message_scores_as_from_scratch():
    authors, p, _ = chat(9_999)
    monitor = Monitor.resume(model_of(alert_threshold=0.0), long_state("text", 9_999))
    expected = running_scores(model_of(), np.vstack([p, showing("meeting")]), [*authors, "person 0"])[-1]
    assert monitor.update("person 0", showing("meeting")) == pytest.approx(expected, abs=1e-12)


def test_a_state_holds_no_name_and_no_text():
    monitor = Monitor(model_of("both"), metadata=KNOWN, sender="zoltan the wizard")
    monitor.update("zoltan the wizard", showing("secrecy"), START)
    assert "zoltan" not in monitor.state()
    assert author_tag("zoltan the wizard") in monitor.state()


def test_a_text_monitor_keeps_no_time():
    early, late = Monitor(model_of()), Monitor(model_of())
    early.update("ann", showing("secrecy"), START)
    late.update("ann", showing("secrecy"), START + timedelta(days=9))
    assert early.state() == late.state()


def test_a_content_free_monitor_keeps_nothing_of_what_was_said():
    silent, scored = (
        Monitor(model_of("metadata", alert_threshold=1.0), **known_to("metadata")) for _ in range(2)
    )
    silent.update("person 0", None, START)
    scored.update("person 0", showing("secrecy"), START)
    assert silent.state() == scored.state()


def test_every_author_of_a_group_is_kept_apart():
    monitor = Monitor(secrecy_model())
    for name in "abcdefghi":
        monitor.update(name, showing(None))
    monitor.update("j", showing("secrecy", 0.99))
    monitor.update("j", showing("meeting", 0.99))
    assert len(json.loads(monitor.state())["sums"]) == 10
    assert monitor.alert.author == author_tag("j")


def test_an_alert_keeps_the_first_message_at_the_threshold_and_its_contributions():
    monitor = Monitor(secrecy_model())
    for author, stage in [
        ("bo", None),
        ("ann", "flattery"),
        ("bo", "secrecy"),
        ("ann", "secrecy"),
        ("ann", "meeting"),
    ]:
        monitor.update(author, showing(stage))
    # ann's second stage: -6 + 2 * 4 + 0.8 - 0.4
    assert monitor.alert.message == 4
    assert monitor.alert.author == author_tag("ann")
    assert monitor.alert.score == pytest.approx(1 / (1 + math.exp(-2.4)))
    assert dict(zip(LABELS, monitor.alert.contributions, strict=True)) == dict.fromkeys(LABELS, 0) | {
        "flattery": -0.4,
        "secrecy": 0.8,
    }


def test_a_score_equal_to_the_threshold_raises_the_alert():
    score = Monitor(secrecy_model()).update("ann", showing("secrecy"))
    at, over = (
        Monitor(secrecy_model(alert_threshold=score)),
        Monitor(secrecy_model(alert_threshold=np.nextafter(score, 1))),
    )
    at.update("ann", showing("secrecy"))
    over.update("ann", showing("secrecy"))
    assert at.alert is not None
    assert over.alert is None


def test_an_alert_stays_when_the_score_fades():
    monitor = Monitor(secrecy_model(half_life=1))
    for stage in ["meeting", "secrecy"]:
        monitor.update("ann", showing(stage, 0.99))
    monitor.update("ann", showing("info_request", 0.99))
    before = monitor.alert
    for _ in range(10):
        monitor.update("bo", showing(None))
    assert monitor.score < 0.01
    assert monitor.alert == before is not None


def test_before_the_first_message_there_is_no_score():
    assert math.isnan(Monitor(model_of()).score)
    assert math.isnan(Monitor.resume(model_of(), Monitor(model_of()).state()).score)


def test_a_refused_message_leaves_the_monitor_as_it_was():
    monitor = Monitor(model_of("both"), **known_to("both"))
    monitor.update("ann", showing("meeting"), START)
    before = monitor.state()
    with pytest.raises(ValueError, match=r"probabilities must be in \[0, 1\]"):
        monitor.update("ann", np.full(len(COLUMNS), 1.2), START)
    with pytest.raises(ValueError, match="needs a time for each message"):
        monitor.update("ann", showing("meeting"))
    with pytest.raises(ValueError, match="needs message probabilities"):
        monitor.update("ann", None, START)
    assert monitor.state() == before


def test_a_head_with_metadata_needs_it_from_the_start():
    with pytest.raises(ValueError, match="head 'both' needs metadata and the sender"):
        Monitor(model_of("both"))
    with pytest.raises(InputError, match="age band must be one of"):
        Monitor(model_of("both"), metadata=replace(KNOWN, sender_age_band="old"), sender="ann")


def some_state():
    monitor = Monitor(model_of("both", alert_threshold=0.0), **known_to("both"))
    for message in zip(*chat(5), strict=True):
        monitor.update(*message)
    return json.loads(monitor.state())


def test_a_state_of_another_model_is_refused():
    with pytest.raises(
        InputError, match="state of a monitor cannot be used: version 2 of model .*, expected 2 of "
    ):
        Monitor.resume(model_of("both", seed=1, alert_threshold=0.0), json.dumps(some_state()))


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 1},
        {"authors": ["a"]},
        {"authors": ["a", "a"]},
        {"authors": "ab"},
        {"sums": [[-1.5] * 51 + [2]] * 2},
        {"sums": [[1] * 51] * 2},
        {"sums": [[0] * 52] * 2},
        {"sums": [[10**30] * 52] * 2},
        {"sums": [[-1] + [0] * 50 + [2]] * 2},
        {"sums": 7},
        {"clock": [1, 2, 3]},
        {"clock": None},
        {"clock": [2000, 1999, 0, 0]},
        {"clock": [-(2**62), 2**62, 0, 0]},
        {"clock": [0, 0, 0, -(2**63)]},
        {"clock": [0, 0, 6 * 10**9, 0]},
        {"sums": [[0] * 51 + [2**62]] * 2},
        {"sums": [[2000 * 10**9] + [0] * 50 + [2]] * 2},
        {"sums": [[0] * 50 + [3 * 10**9, 2]] * 2},
        {"sums": [[0] * 20 + [3 * 10**9] + [0] * 30 + [2]] * 2},
        {"metadata": ["online"]},
        {"metadata": ["online", "unstated", "unstated", "many", "x"]},
        {"alert": [1, "x", 0.5]},
    ],
    ids=str,
)
def test_a_damaged_state_is_refused_in_one_line(changes):
    with pytest.raises(InputError, match=r"\Astate of a monitor cannot be used: [^\n]*\Z"):
        Monitor.resume(model_of("both", alert_threshold=0.0), json.dumps(some_state() | changes))


@pytest.mark.parametrize("state", ["", "{}", "[]", "7", '"x"', "{"])
def test_what_is_no_state_is_refused(state):
    with pytest.raises(InputError, match="state of a monitor cannot be used"):
        Monitor.resume(model_of(), state)


def test_running_scores_are_one_a_message():
    authors, p, _ = chat(6)
    assert running_scores(model_of(), p, authors).shape == (6,)


def test_the_bench_prints_one_row_a_length():
    script = Path(__file__).parent.parent / "scripts" / "bench" / "bench_monitor.py"
    run = subprocess.run(
        [sys.executable, script, "--longest", "40", "--repeats", "3"],
        capture_output=True,
        text=True,
        check=True,
    )
    header, *rows = run.stdout.splitlines()
    assert header.split() == ["messages", "µs", "a", "message", "ratio", "state,", "bytes"]
    assert [row.split()[0] for row in rows] == ["10", "40"]
