"""The simulation does what it says: checks that pass on ours and fail on cheats.

Each check is a function of the thing it checks. Letters are those of the design (A non-interference ... L
refusals); the checks G, H and I concern noise and attacks and are in their test files.
"""

from __future__ import annotations

import math
import re
from collections import deque
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pandas as pd
import pytest
from privacy_toys import SCORER, chat, policy, town, word_probabilities

from classifier.evaluation.rates import Rate
from classifier.evaluation.thresholds import error_free_units_needed
from classifier.privacy.message_streams import streams_from_conversations
from classifier.privacy.policies.policy import EVERY_MESSAGE, Policy, shipped_policies
from classifier.privacy.policies.redaction import is_masked, masked_spans
from classifier.privacy.policies.released_information import entropy_bits, released_bits_max
from classifier.privacy.simulate.event_log import PolicyRun
from classifier.privacy.simulate.policy_scorer import PolicyScorer
from classifier.privacy.simulate.policy_simulation import run_policy
from classifier.privacy.tradeoff.conversation_costs import (
    conversation_costs,
    messages_per_find,
    metric_values,
    summands,
)
from classifier.privacy.tradeoff.cost_metric import OBSERVERS
from classifier.privacy.tradeoff.cost_metric_table import COST_METRICS
from classifier.privacy.tradeoff.dominance import dominates
from classifier.privacy.tradeoff.frontier import compare_policies
from classifier.privacy.tradeoff.point_tables import per_find_table
from classifier.privacy.tradeoff.resampled_metrics import ResampledMetrics
from classifier.taxonomy import PATTERN

TOWN = town(60)
KEEPS = {"retain_messages": 4, "retain_hours": 10.0}
WATCHING = {"where": "device", "release": "alert_bit", "threshold": 0.25}
POLICIES = [
    *(
        replace(shipped, threshold=0.3) if shipped.evidence == "text" else shipped
        for shipped in shipped_policies()
    ),
    policy("half", **WATCHING, sampling_rate=0.5),
    policy("words", **WATCHING, text_trigger="raid|secret"),
    policy("opener", **WATCHING, who="initiator_only"),
    policy(
        "reports",
        where="user_report",
        release="full_transcript",
        threshold=0.2,
        report_rate=0.7,
        false_report_rate=0.3,
    ),
    policy(
        "review",
        where="server",
        release="excerpt",
        levels=3,
        excerpt_messages=2,
        redactor="lexicon",
        window=3,
        threshold=0.15,
        **KEEPS,
    ),
    policy(
        "letters",
        where="server",
        release="full_transcript",
        redactor="lexicon",
        threshold=0.15,
        retain_messages=EVERY_MESSAGE,
        retain_hours=90.0,
    ),
]
BY_NAME = {found.name: found for found in POLICIES}


def altered(run, change):
    """A run whose events were tampered with."""
    return PolicyRun(run.policy, change(run.events.copy()).reset_index(drop=True), run.noisy_alerts)


def only(run, keeps):
    """The run with those events alone for which ``keeps(conversation, event, message)``."""
    columns = (run.events["conversation"], run.events["event"], run.events["message"])
    chosen = np.array([keeps(*row) for row in zip(*columns, strict=True)], dtype=bool)
    return altered(run, lambda events: events[chosen])


def with_events(run, rows):
    """A run with events (conversation, step, event, message, value, text) slipped in."""
    added = pd.DataFrame(rows, columns=["conversation", "step", "event", "message", "value", "text"]).assign(
        hours=0.0
    )
    for name in ("conversation", "event"):
        added[name] = pd.Categorical(added[name], categories=run.events[name].cat.categories)
    return altered(
        run,
        lambda events: (
            pd.concat([events, added[events.columns]]).sort_values("conversation", kind="stable")
            if rows
            else events
        ),
    )


def read_set(run):
    reads = run.events[run.events["event"] == "read"]
    return set(zip(reads["conversation"], reads["message"].tolist(), strict=True))


# A. Non-interference: what is not read changes nothing.


def check_unread_text_changes_nothing(run):
    for found in POLICIES:
        before = run(found, TOWN, SCORER)
        read = read_set(before)
        for text in ("a secret, where to meet, pretty, only you, raid", "pizza"):
            others = tuple(
                replace(
                    stream,
                    texts=tuple(
                        own if (stream.id, number) in read else text
                        for number, own in enumerate(stream.texts, start=1)
                    ),
                )
                for stream in TOWN
            )
            after = run(found, others, SCORER)
            assert after.events.equals(before.events), (
                f"{found.name}: text that was not read changed what happened"
            )


def peeks_at_unread_text(found, streams, scorer, **options):
    """Cheat: also flags conversations in which any message, read or not, says "secret"."""
    run = run_policy(found, streams, scorer, **options)
    released = set(run.events.loc[run.events["event"] == "released", "conversation"])
    told = [
        stream
        for stream in streams
        if stream.id not in released and any("secret" in text for text in stream.texts)
    ]
    return with_events(
        run,
        [(stream.id, len(stream), "released", 0, 1.0, "") for stream in told]
        if found.release not in ("nothing", "aggregate")
        else [],
    )


def does_not_count_its_text_trigger(found, streams, scorer, **options):
    """Cheat: looking for trigger words is not logged as reading."""
    run = run_policy(found, streams, scorer, **options)
    if not found.text_trigger:
        return run
    scored = run.events[run.events["event"] == "scored"]
    counted = set(zip(scored["conversation"], scored["message"].tolist(), strict=True))
    return only(run, lambda id_, event, message: event != "read" or (id_, message) in counted)


def reads_the_contact_too(found, streams, scorer, **options):
    """Cheat: an initiator-only policy scores both people, and logs only the initiator's messages as read."""
    run = run_policy(replace(found, who="both"), streams, scorer, **options)
    if found.who == "both":
        return run
    mine = {
        (stream.id, number)
        for stream in streams
        for number, author in enumerate(stream.authors, start=1)
        if author == stream.initiator
    }
    return only(run, lambda id_, event, message: event not in ("read", "scored") or (id_, message) in mine)


def test_a_text_that_is_not_read_changes_nothing():
    check_unread_text_changes_nothing(run_policy)


@pytest.mark.parametrize(
    "cheat", [peeks_at_unread_text, does_not_count_its_text_trigger, reads_the_contact_too]
)
def test_a_run_that_peeks_is_caught(cheat):
    with pytest.raises(AssertionError, match="text that was not read changed what happened"):
        check_unread_text_changes_nothing(cheat)


def test_a_scorer_is_handed_nothing_that_was_not_read():
    """The texts that the scorer ever gets are those that the log calls read."""
    for found in POLICIES:
        given = set()
        run = run_policy(
            found,
            TOWN,
            PolicyScorer(lambda texts, given=given: given.update(texts) or word_probabilities(texts)),
        )
        text_of = {
            (stream.id, number): text for stream in TOWN for number, text in enumerate(stream.texts, start=1)
        }
        assert given == {text_of[key] for key in read_set(run)}


# B. Retention: what is out of the window is out of the state.

MARKED = tuple(
    replace(
        stream,
        texts=tuple(
            f"{text} canary:{stream.id}:{number}:" for number, text in enumerate(stream.texts, start=1)
        ),
    )
    for stream in TOWN
)


def things_in(thing, seen=None):
    """Every string and array reachable from ``thing``."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, (str, np.ndarray)):
        yield thing
    elif isinstance(thing, dict):
        yield from things_in([*thing.items()], seen)
    elif isinstance(thing, (list, tuple, set, frozenset, deque)):
        for item in thing:
            yield from things_in(item, seen)
    elif is_dataclass(thing):
        for field in fields(thing):
            yield from things_in(getattr(thing, field.name), seen)
    elif hasattr(thing, "__dict__"):
        yield from things_in(thing.__dict__, seen)


def check_state_forgets(run, *, scorer=SCORER, rows_too=False):
    """After every message the state holds only the last messages, and none too long.

    Checked for texts, and with ``rows_too`` for rows of numbers.
    """
    hours = {stream.id: stream.hours for stream in MARKED}
    rows = {
        (stream.id, number): row
        for stream in MARKED
        for number, row in enumerate(
            word_probabilities(stream.texts) + np.arange(len(stream))[:, None] / 1e6, start=1
        )
    }
    own = {
        text: rows[stream.id, number]
        for stream in MARKED
        for number, text in enumerate(stream.texts, start=1)
    }
    marked = replace(scorer, messages=lambda texts: np.array([own[text] for text in texts]))
    for found in (
        policy("brief", **WATCHING | {"threshold": 9.0}),
        policy("window", window=2, **WATCHING | {"threshold": 9.0}, **KEEPS),
        BY_NAME["review"],
        BY_NAME["opener"],
    ):

        def walk(id_, step, state, found=found):
            things = list(things_in(state))
            held = {
                int(number)
                for thing in things
                if isinstance(thing, str)
                for number in re.findall(rf"canary:{id_}:(\d+):", thing)
            }
            if rows_too:
                held |= {
                    number
                    for number in range(1, step + 1)
                    for thing in things
                    if isinstance(thing, np.ndarray) and np.array_equal(thing, rows[id_, number])
                }
            now = hours[id_][step - 1]
            assert len(held) <= found.retain_messages, (
                f"{found.name}: holds {len(held)} messages, may hold {found.retain_messages}"
            )
            assert all(now - hours[id_][number - 1] < found.retain_hours for number in held), (
                f"{found.name}: holds a message for too long"
            )

        run(found, MARKED, marked, observe_state=walk)


def hoards_what_it_dropped(found, streams, scorer, *, observe_state, **options):
    """Cheat: whatever was kept once stays in the state."""
    hoard = []

    def hoarding(id_, step, state):
        hoard.extend(state.kept)
        observe_state(id_, step, (state, hoard))

    return run_policy(found, streams, scorer, observe_state=hoarding, **options)


def forgets_an_hour_late(found, streams, scorer, *, observe_state, **options):
    """Cheat: a message is kept for longer than stated."""
    return run_policy(
        replace(found, retain_hours=found.retain_hours * 9),
        streams,
        scorer,
        observe_state=observe_state,
        **options,
    )


def keeps_although_it_says_it_does_not(found, streams, scorer, *, observe_state, **options):
    """Cheat: a policy without retention holds the last message."""
    return run_policy(
        replace(
            found, retain_messages=max(1, found.retain_messages), retain_hours=found.retain_hours or 50.0
        ),
        streams,
        scorer,
        observe_state=observe_state,
        **options,
    )


def test_the_state_holds_no_message_beyond_what_is_kept():
    check_state_forgets(run_policy, rows_too=True)


@pytest.mark.parametrize(
    ("cheat", "reason"),
    [
        (hoards_what_it_dropped, "messages, may hold 4"),
        (forgets_an_hour_late, "for too long"),
        (keeps_although_it_says_it_does_not, "holds 1 messages, may hold 0"),
    ],
)
def test_a_run_that_hoards_is_caught(cheat, reason):
    with pytest.raises(AssertionError, match=reason):
        check_state_forgets(cheat)


def test_a_plain_function_as_running_scorer_holds_numbers_but_no_text():
    """The state of an ``AllRowsScorer`` is all rows; a running scorer holds none."""
    plain = PolicyScorer(word_probabilities, conversation=lambda rows, authors: rows.max())
    check_state_forgets(run_policy, scorer=plain)
    with pytest.raises(AssertionError, match="brief: holds"):
        check_state_forgets(run_policy, scorer=plain, rows_too=True)


def check_window_bounds_influence(run):
    """A message that has left the window has no say in any later score."""
    window = policy(
        "window", window=2, **WATCHING | {"threshold": 9.0}, retain_messages=2, retain_hours=1000.0
    )
    before = run(window, TOWN, SCORER).events
    changed = tuple(replace(stream, texts=("a secret to meet", *stream.texts[1:])) for stream in TOWN)
    after = run(window, changed, SCORER).events
    later = (before["event"] == "scored") & (before["step"] > 2)
    assert before[later].equals(after[later]), "a message outside the window changed a later score"


def scores_without_a_window(found, streams, scorer, **options):
    """Cheat: the window limits what is kept, and not what is scored."""
    return run_policy(replace(found, window=0), streams, scorer, **options)


def test_a_message_outside_the_window_has_no_say():
    check_window_bounds_influence(run_policy)


def test_a_run_that_scores_beyond_its_window_is_caught():
    with pytest.raises(AssertionError, match="outside the window"):
        check_window_bounds_influence(scores_without_a_window)


# C. Release: no more comes out than was said, and the count of what can be read is complete.


def outputs(run):
    released = run.events[run.events["event"] == "released"]
    return set(released["value"]) | {0.0}


def gold_strings(stream):
    return {
        (span.kind, text[span.start : span.end].casefold())
        for text, spans in zip(stream.texts, stream.personal, strict=True)
        for span in spans
    }


def check_release(run, *, costs_of=conversation_costs):
    for found in POLICIES:
        done = run(found, TOWN, SCORER)
        assert len(outputs(done)) <= 2 ** released_bits_max(found), (
            f"{found.name}: more different outputs than stated"
        )
        counted = costs_of(done, TOWN).set_index("conversation")["pii_items"]
        shown = done.events[done.events["event"] == "shown"]
        for stream in TOWN:
            texts = [text.casefold() for text in shown.loc[shown["conversation"] == stream.id, "text"]]
            readable = {
                gold
                for gold in gold_strings(stream)
                if any(re.search(rf"\b{re.escape(gold[1])}\b", text) for text in texts)
            }
            assert len(readable) <= counted[stream.id], (
                f"{found.name}: {readable} can be read in {stream.id}, {counted[stream.id]} counted"
            )


def releases_the_raw_score(found, streams, scorer, **options):
    """Cheat: the score leaves the device as it is."""
    run = run_policy(found, streams, scorer, **options)

    def raw(events):
        scores = events[events["event"] == "alert"].set_index("conversation")["value"]
        released = events["event"] == "released"
        return events.assign(
            value=np.where(
                released,
                events["conversation"].astype(object).map(scores.to_dict()).astype(float),
                events["value"],
            )
        )

    return (
        altered(run, raw)
        if found.release in ("quantised_score", "alert_bit") and found.evidence == "text"
        else run
    )


def shows_more_than_is_counted(found, streams, scorer, **options):
    """Cheat: what is shown is unmasked, after the count was made of the masked text."""
    return (
        run_policy(replace(found, redactor="none"), streams, scorer, **options)
        if found.redactor != "none"
        else run_policy(found, streams, scorer, **options)
    )


def counts_only_what_the_mask_was_made_for(run, streams):
    """Cheat of the metric: an entity counts only if its own marked span is unmasked.

    It does not count if it can be read elsewhere.
    """
    costs = conversation_costs(run, streams)
    shown = run.events[run.events["event"] == "shown"]
    items = []
    for stream in streams:
        numbers = shown.loc[shown["conversation"] == stream.id, "message"] - 1
        spans = [(index, span) for index in numbers for span in stream.personal[index]]
        items.append(
            len(
                {
                    span.kind
                    for index, span in spans
                    if not is_masked(
                        span.start, span.end, masked_spans(stream.texts[index], run.policy.redactor)
                    )
                }
            )
        )
    return costs.assign(pii_items=items)


def test_no_more_is_released_than_stated():
    check_release(run_policy)


def test_a_raw_score_passed_for_a_bit_is_caught():
    with pytest.raises(AssertionError, match="more different outputs than stated"):
        check_release(releases_the_raw_score)


def test_text_shown_without_its_mask_is_caught():
    def counted_before(run, streams):
        return conversation_costs(run_policy(run.policy, streams, SCORER), streams)

    honest = {found.name: run_policy(found, TOWN, SCORER) for found in POLICIES}
    with pytest.raises(AssertionError, match="can be read in"):
        check_release(
            shows_more_than_is_counted,
            costs_of=lambda run, streams: conversation_costs(honest[run.policy.name], streams),
        )


def test_a_count_that_leaves_out_what_can_be_read_is_caught():
    with pytest.raises(AssertionError, match="can be read in"):
        check_release(run_policy, costs_of=counts_only_what_the_mask_was_made_for)


# D. Monotone, conversation by conversation, with coupled randomness.


def alerts(run, found):
    events = run(found, TOWN, SCORER).events
    return events[events["event"] == "alert"].set_index("conversation")["step"].to_dict()


def check_monotone(run):
    watch = policy("watch", **WATCHING)
    for low, high in ((0.1, 0.2), (0.2, 0.35), (0.35, 0.5), (0.5, 0.6)):
        loose, strict = (alerts(run, replace(watch, threshold=threshold)) for threshold in (low, high))
        assert strict.keys() <= loose.keys(), "a stricter threshold alerts where a looser one does not"
        assert all(strict[id_] >= loose[id_] for id_ in strict), "a stricter threshold alerts earlier"
    for k in range(5):
        few, many = (alerts(run, replace(watch, threshold=0.1, k_of_n=stages)) for stages in (k, k + 1))
        assert many.keys() <= few.keys(), "more stages are asked for, and more alerts come"
        assert all(many[id_] >= few[id_] for id_ in many), (
            "more stages are asked for, and an alert comes earlier"
        )
    for rates in ((0.1, 0.3), (0.3, 0.7), (0.7, 1.0)):
        some, more = (alerts(run, replace(watch, sampling_rate=rate)) for rate in rates)
        assert some.keys() <= more.keys(), (
            "a conversation is looked at in a smaller sample and not in a larger one"
        )
    for sizes in ((1, 3), (3, 8)):
        short, long = (
            alerts(run, replace(watch, window=size, retain_messages=size, retain_hours=1000.0))
            for size in sizes
        )
        assert short.keys() <= long.keys(), "a longer window misses what a shorter one finds"


def draws_each_sample_anew(found, streams, scorer, **options):
    """Cheat: the sample of each rate is drawn on its own."""
    return run_policy(found, streams, scorer, seed=round(1000 * found.sampling_rate))


def moves_its_threshold(found, streams, scorer, **options):
    """Cheat: the threshold used is another than the one stated."""
    return run_policy(replace(found, threshold=0.7 - found.threshold), streams, scorer, **options)


def asks_for_fewer_stages(found, streams, scorer, **options):
    """Cheat: the rule of k stages is turned round."""
    return run_policy(
        replace(found, k_of_n=5 - found.k_of_n if found.k_of_n else 0), streams, scorer, **options
    )


def forgets_in_a_long_window(found, streams, scorer, **options):
    """Cheat: a long window is in truth one message."""
    return run_policy(replace(found, window=1) if found.window > 3 else found, streams, scorer, **options)


def test_alerts_and_latency_move_one_way():
    check_monotone(run_policy)


@pytest.mark.parametrize(
    ("cheat", "reason"),
    [
        (draws_each_sample_anew, "in a smaller sample"),
        (moves_its_threshold, "stricter threshold"),
        (asks_for_fewer_stages, "more stages are asked for"),
        (forgets_in_a_long_window, "longer window"),
    ],
)
def test_a_run_that_is_not_coupled_is_caught(cheat, reason):
    with pytest.raises(AssertionError, match=reason):
        check_monotone(cheat)


def test_a_stricter_threshold_may_read_more_when_an_alert_ends_the_reading():
    """Not an error, and so not asserted the other way."""
    loose, strict = (
        len(read_set(run_policy(policy(**WATCHING | {"threshold": threshold}), TOWN, SCORER)))
        for threshold in (0.1, 0.5)
    )
    assert strict > loose


# E. Known answers.

MANY = streams_from_conversations(
    [
        chat(f"m{number}", "s: pizza", "c: ok", label=PATTERN if number % 4 == 0 else "benign")
        for number in range(4000)
    ]
)


def check_known_answers(run):
    def of(name, streams=TOWN, **settings):
        costs = conversation_costs(run(replace(BY_NAME[name], **settings), streams, SCORER), streams)
        return metric_values(summands(costs).sum(axis=0))

    assert set(of("read_nothing").values()) == {0.0}, "reading nothing costs or finds something"
    everything = of("flag_all")
    assert (
        everything["recall"],
        everything["human_read_benign_per_million"],
        everything["human_read_share"],
    ) == (1.0, 1e6, 1.0), "flagging all leaves somebody out"
    for rate in (0.05, 0.3):
        by_lot = of("random_flag", MANY, threshold=1 - rate)
        for share in (by_lot["recall"], by_lot["false_positive_rate"]):
            assert share == pytest.approx(rate, abs=0.04), "the draw favours one kind over the other"
    perfect = of("oracle")
    assert (
        perfect["recall"],
        perfect["human_alerted_benign_per_million"],
        perfect["machine_read_share"],
    ) == (
        1.0,
        0.0,
        0.0,
    ), "the oracle errs"
    costs = {name: of(name) for name in BY_NAME}
    values = np.array(
        [
            [
                figure["human_alerted_benign_per_million"],
                figure["machine_read_share"],
                figure["retained_message_hours"],
                -figure["recall"],
            ]
            for figure in costs.values()
        ]
    )
    assert not dominates(values)[:, list(costs).index("oracle")].any(), "the oracle is dominated"
    assert (values[list(costs).index("oracle")] <= values).all(), "something beats the oracle"


def leaves_out_every_tenth(found, streams, scorer, **options):
    """Cheat: some conversations are never looked at."""
    left_out = {stream.id for stream in streams[::10]}
    return only(
        run_policy(found, streams, scorer, **options), lambda id_, event, message: id_ not in left_out
    )


def draws_patterns_more_often(found, streams, scorer, **options):
    """Cheat: the draw depends on the label."""
    if found.evidence != "chance":
        return run_policy(found, streams, scorer, **options)
    favoured = run_policy(replace(found, threshold=0.5), streams, scorer, **options)
    patterns = [stream.id for stream in streams if stream.label == PATTERN]
    others = run_policy(found, streams, scorer, **options).events
    return PolicyRun(
        found,
        pd.concat(
            [
                favoured.events[favoured.events["conversation"].isin(patterns)],
                others[~others["conversation"].isin(patterns)],
            ]
        ),
        math.nan,
    )


def charges_for_nothing(found, streams, scorer, **options):
    """Cheat: even a policy that reads nothing reads."""
    return (
        run_policy(replace(found, where="device"), streams, scorer, **options)
        if found.where == "none"
        else run_policy(found, streams, scorer, **options)
    )


def test_anchors_give_what_is_known_beforehand():
    check_known_answers(run_policy)


@pytest.mark.parametrize(
    ("cheat", "reason"),
    [
        (leaves_out_every_tenth, "flagging all leaves somebody out"),
        (draws_patterns_more_often, "the draw favours one kind"),
        (charges_for_nothing, "reading nothing costs"),
    ],
)
def test_a_run_with_wrong_ends_is_caught(cheat, reason):
    with pytest.raises(AssertionError, match=reason):
        check_known_answers(cheat)


def test_known_bounds():
    assert round(1e6 * Rate(0, 1000).upper()) == 2991
    assert error_free_units_needed(1e-4) == 29956


# F. Conservation: another way of counting gives the same.


def shares_by_hand(run, streams):
    """Shares of benign messages read and shown, and of benign conversations released.

    They are counted from the log alone.
    """
    benign = {stream.id: len(stream) for stream in streams if stream.label == "benign"}
    seen = {"read": set(), "shown": set(), "released": set()}
    for row in run.events.itertuples():
        if row.conversation in benign and row.event in seen and (row.event != "released" or row.value >= 1):
            seen[row.event].add((row.conversation, row.message))
    total = sum(benign.values())
    if run.policy.where == "private_inference":  # what is computed on under encryption is read by nobody
        seen["read"] = set()
    return (
        len(seen["read"]) / total,
        len(seen["shown"]) / total,
        1e6 * len({id_ for id_, _ in seen["released"]}) / len(benign),
    )


def check_conservation(run, *, costs_of=conversation_costs):
    for found in POLICIES:
        done = run(found, TOWN, SCORER)
        figure = metric_values(summands(costs_of(done, TOWN)).sum(axis=0))
        by_hand = shares_by_hand(done, TOWN)
        assert (
            figure["machine_read_share"],
            figure["human_read_share"],
            1e6 * figure["false_positive_rate"],
        ) == pytest.approx(by_hand), f"{found.name}: shares differ from the log"
        sets = {
            event: set(zip(part["conversation"], part["message"].tolist(), strict=True))
            for event, part in done.events.groupby("event", observed=False)
        }
        assert sets["shown"] <= sets["read"], f"{found.name}: a human saw what was not read"
        assert sets["kept"] <= sets["read"], f"{found.name}: what was not read is kept"
        assert sets["kept"] == sets["dropped"], f"{found.name}: something is kept for ever"
        pointed = done.events.loc[
            (done.events["event"] == "released") & (done.events["value"] >= 1), "conversation"
        ]
        assert {id_ for id_, _ in sets["shown"]} <= set(pointed), f"{found.name}: shown without a release"
        authors = {
            (stream.id, number): author == stream.initiator
            for stream in TOWN
            for number, author in enumerate(stream.authors, start=1)
        }
        assert found.who == "both" or all(authors[key] for key in sets["read"]), (
            f"{found.name}: reads whom it may not"
        )


def hides_half_its_reads(found, streams, scorer, **options):
    """Cheat: what was shown is not logged as read."""
    run = run_policy(found, streams, scorer, **options)
    return only(run, lambda id_, event, message: event != "read" or message % 2 == 0)


def keeps_for_ever(found, streams, scorer, **options):
    """Cheat: nothing is ever dropped."""
    return only(run_policy(found, streams, scorer, **options), lambda id_, event, message: event != "dropped")


def shows_without_telling(found, streams, scorer, **options):
    """Cheat: a reviewer looks into conversations that were never flagged."""
    run = run_policy(found, streams, scorer, **options)
    seen = set(run.events.loc[run.events["event"] == "released", "conversation"])
    unseen = [stream.id for stream in streams if stream.id not in seen][:1] if found.name == "review" else []
    return with_events(run, [(id_, 1, "shown", 1, math.nan, "pizza") for id_ in unseen])


def counts_half(run, streams):
    """Cheat of the metric: half of what was read is left out."""
    costs = conversation_costs(run, streams)
    return costs.assign(n_read=costs["n_read"] // 2)


def test_two_ways_of_counting_agree():
    check_conservation(run_policy)


@pytest.mark.parametrize(
    ("cheat", "reason"),
    [
        (hides_half_its_reads, "a human saw what was not read"),
        (keeps_for_ever, "kept for ever"),
        (shows_without_telling, "shown without a release"),
    ],
)
def test_a_log_that_does_not_add_up_is_caught(cheat, reason):
    with pytest.raises(AssertionError, match=reason):
        check_conservation(cheat)


def test_a_metric_that_counts_less_than_the_log_is_caught():
    with pytest.raises(AssertionError, match="shares differ from the log"):
        check_conservation(run_policy, costs_of=counts_half)


# J. A number stands beside what it takes to read it.


def check_readable(frontier, *, metrics=COST_METRICS):
    by_id, points, intervals = {metric.id: metric for metric in metrics}, frontier.points, frontier.intervals
    assert set(intervals["metric"]) <= set(by_id), "a number that no row defines"
    for metric in metrics:
        assert metric.unit, "a number without its unit"
        assert metric.observer in OBSERVERS, "a number without its observer"
        assert " / " not in metric.unit or len(metric.sums) == 2, "a share of nothing that is named"
        if metric.exact_counts:
            hits, n = metric.exact_counts
            assert np.allclose(points[metric.id], metric.scale * points[hits] / points[n]), (
                "a share without its denominator"
            )
    assert not intervals["interval"].isin(["", "none"]).any(), "bounds of no stated kind"
    for costs in (frontier.per_find, frontier.base_rates):
        assert costs["prevalence"].between(0, 1, inclusive="neither").all(), (
            "a cost of a detection without a prevalence"
        )


@pytest.fixture(scope="module")
def frontier():
    return compare_policies(
        [BY_NAME["review"]],
        town(60, seed=2, split="v"),
        TOWN,
        {"private/plain": SCORER},
        asked_rates=(0.2,),
        prevalences=[1e-3],
        n_resamples=20,
    )


def test_every_number_can_be_read(frontier):
    check_readable(frontier)


@pytest.mark.parametrize(
    ("table", "change", "reason"),
    [
        ("intervals", {"interval": "none"}, "of no stated kind"),
        ("intervals", {"metric": "share"}, "no row defines"),
        ("points", {"n_benign": math.nan}, "without its denominator"),
        ("points", {"n_pattern": math.nan}, "without its denominator"),
        ("per_find", {"prevalence": math.nan}, "without a prevalence"),
        ("base_rates", {"prevalence": math.nan}, "without a prevalence"),
    ],
)
def test_a_number_that_stands_alone_is_caught(frontier, table, change, reason):
    bare = replace(frontier, **{table: getattr(frontier, table).assign(**change)})
    with pytest.raises(AssertionError, match=reason):
        check_readable(bare)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"unit": ""}, "without its unit"),
        ({"observer": ""}, "without its observer"),
        ({"counts": ""}, "of nothing that is named"),
    ],
)
def test_a_metric_that_leaves_out_what_it_takes_to_read_it_is_caught(frontier, change, reason):
    metrics = [replace(metric, **change) for metric in COST_METRICS]
    with pytest.raises(AssertionError, match=reason):
        check_readable(frontier, metrics=metrics)


# K. Neither order nor company nor the clock matters; the seed does.


def check_order_and_seed(run):
    for name in ("half", "random_flag", "device_randomised_bit", "user_report_only", "review"):
        found = BY_NAME[name]
        first = run(found, TOWN, SCORER, seed=3).events
        assert first.to_csv() == run(found, TOWN, SCORER, seed=3).events.to_csv(), (
            f"{name}: same seed, other bytes"
        )
        turned, few = (
            run(found, TOWN[::-1], SCORER, seed=3).events,
            run(found, TOWN[10:20], SCORER, seed=3).events,
        )
        for stream in TOWN[10:20]:
            own = first[first["conversation"] == stream.id].drop(columns="conversation").to_csv(index=False)
            for other in (turned, few):
                assert own == other[other["conversation"] == stream.id].drop(columns="conversation").to_csv(
                    index=False
                ), f"{name}: order or company changes a conversation"
    assert (
        run(BY_NAME["half"], TOWN, SCORER, seed=3).events.to_csv()
        != run(BY_NAME["half"], TOWN, SCORER, seed=4).events.to_csv()
    ), "the seed reaches no draw"


def draws_by_place(found, streams, scorer, *, seed=0):
    """Cheat: draws go by a conversation's place in the list."""
    renamed = tuple(replace(stream, id=f"place{number}") for number, stream in enumerate(streams))
    run = run_policy(found, renamed, scorer, seed=seed)
    names = {f"place{number}": stream.id for number, stream in enumerate(streams)}
    return altered(
        run, lambda events: events.assign(conversation=events["conversation"].cat.rename_categories(names))
    )


class DrawsByTheClock:
    """Cheat: each call draws anew."""

    def __init__(self):
        self.calls = 0

    def __call__(self, found, streams, scorer, *, seed=0):
        self.calls += 1
        return run_policy(found, streams, scorer, seed=seed + self.calls)


def ignores_the_seed(found, streams, scorer, *, seed=0):
    """Cheat: always the same draws."""
    return run_policy(found, streams, scorer, seed=0)


def test_a_conversation_fares_alike_in_any_order_and_company():
    check_order_and_seed(run_policy)


@pytest.mark.parametrize(
    ("cheat", "reason"),
    [
        (draws_by_place, "order or company"),
        (DrawsByTheClock(), "same seed, other bytes"),
        (ignores_the_seed, "reaches no draw"),
    ],
)
def test_draws_that_depend_on_anything_else_are_caught(cheat, reason):
    with pytest.raises(AssertionError, match=reason):
        check_order_and_seed(cheat)


# L. Refusals.


def check_refusals(
    *,
    entropy=entropy_bits,
    cost=messages_per_find,
    table=per_find_table,
    make=Policy,
):
    values = dict.fromkeys(("recall", "benign_messages_read", "pattern_messages_read"), 0.5)
    costs = conversation_costs(run_policy(BY_NAME["review"], TOWN, SCORER), TOWN)
    metrics = ResampledMetrics({"review": costs}, n_resamples=20, seed=0)
    refused = {
        "entropy of raw scores": lambda: entropy([0.31, 0.7, 0.5]),
        "a cost of a detection without prevalence": lambda: cost(values, prevalence=math.nan),
        "a table without a prevalence": lambda: table(metrics, prevalences=[0.0]),
        "an epsilon over a private vocabulary": lambda: make(
            "dp", "Noisy.", where="device", training="output_perturbation", training_epsilon=1.0, people_cap=1
        ),
    }
    for name, call in refused.items():
        try:
            call()
        except ValueError:
            continue
        raise AssertionError(f"{name} was not refused")


def test_what_cannot_be_said_is_refused():
    check_refusals()


@pytest.mark.parametrize(
    ("permissive", "reason"),
    [
        (
            {"entropy": lambda outputs: entropy_bits(np.unique(outputs, return_inverse=True)[1])},
            "entropy of raw scores",
        ),
        (
            {"cost": lambda values, *, prevalence: messages_per_find(values, prevalence=0.25)},
            "without prevalence",
        ),
        (
            {"table": lambda metrics, *, prevalences: per_find_table(metrics, prevalences=[0.25])},
            "a table without a prevalence",
        ),
        ({"make": lambda name, description, **settings: settings}, "over a private vocabulary"),
    ],
)
def test_a_tool_that_says_it_all_the_same_is_caught(permissive, reason):
    with pytest.raises(AssertionError, match=rf"{reason}.* was not refused"):
        check_refusals(**permissive)
