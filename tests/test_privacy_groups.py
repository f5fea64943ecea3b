"""False alarms and exposure by group, on four hands full of conversations about pizza."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from privacy_toys import SCORER, chat, policy, town

from classifier.evaluation.rates import Rate
from classifier.privacy.message_streams import streams_from_conversations
from classifier.privacy.simulate.policy_simulation import run_policy
from classifier.privacy.tradeoff.conversation_costs import conversation_costs
from classifier.privacy.tradeoff.policy_operating_points import OperatingPoint
from classifier.privacy.tradeoff.questions.rates_by_group import (
    account_table,
    description_table,
    gap_table,
    group_table,
    own_text_table,
)


def costs(**columns):
    """Costs of 40 benign conversations of two messages each, in 8 clusters, and 10 patterns."""
    table = pd.DataFrame(
        {
            "conversation": [f"c{number}" for number in range(50)],
            "clusters": [(str(number % 8),) for number in range(50)],
            "benign": [number < 40 for number in range(50)],
            "n_messages": 2,
            "flagged": False,
            "n_read": 0,
            "n_shown": 0,
            "n_read_contact": 0.0,
            "n_shown_contact": 0.0,
        }
    )
    return table.assign(**columns)


DESCRIPTIONS = pd.DataFrame(
    {
        "conversation": [f"c{number}" for number in range(50)],
        "register": ["voice"] * 20 + ["careful"] * 30,
        "relation": "coach",
        "sender_age_band": "unstated",
        "contact_age_band": ["13_17"] * 10 + ["over_25"] * 40,
        "sender": [f"s{number // 2}" for number in range(50)],
        "n_contact": 1,
    }
)


def point(table, name="toy"):
    return OperatingPoint(name, policy(name), math.nan, math.nan, table)


FLAGGED = point(costs(flagged=[(number % 5 == 0 and number < 20) or number >= 39 for number in range(50)]))


def measured(table, **key):
    for column, value in key.items():
        table = table[table[column] == value]
    [row] = table.to_dict("records")
    return row


def test_false_alarms_are_of_benign_conversations_of_the_group():
    table = group_table([FLAGGED], DESCRIPTIONS, dimensions=["register"], n_resamples=50)
    voice = measured(table, measure="false_alarm_rate", group="voice")
    careful = measured(table, measure="false_alarm_rate", group="careful")
    assert (voice["numerator"], voice["denominator"], voice["value"]) == (4, 20, 0.2)
    assert (careful["numerator"], careful["denominator"], careful["value"]) == (1, 20, 0.05)
    assert measured(table, measure="false_alarm_rate", group="all")["value"] == 0.125


def test_shares_of_messages_are_of_messages():
    read = point(costs(n_read=[2] * 10 + [1] * 10 + [0] * 30))
    table = group_table([read], DESCRIPTIONS, dimensions=["register"], n_resamples=50)
    assert measured(table, measure="messages_read_share", group="voice")["value"] == 30 / 40


def test_no_false_alarm_has_the_exact_upper_bound():
    table = group_table([point(costs())], DESCRIPTIONS, dimensions=["register"], n_resamples=50)
    row = measured(table, measure="false_alarm_rate", group="voice")
    assert (row["low"], row["high"]) == (0, Rate(0, 20).upper(0.975))


def test_the_worst_group_stands_beside_the_mean():
    table = gap_table([FLAGGED], DESCRIPTIONS, dimensions=["register"], n_resamples=200)
    row = measured(table, measure="false_alarm_rate")
    assert (row["worst_group"], row["worst"], row["mean"], row["n_groups"]) == ("voice", 0.2, 0.125, 2)
    assert row["gap"] == pytest.approx(0.075)
    assert row["gap_low"] < 0.075 < row["gap_high"]


def test_a_small_group_is_not_called_the_worst():
    table = gap_table(
        [FLAGGED], DESCRIPTIONS, dimensions=["contact_age_band"], smallest_group=11, n_resamples=20
    )
    assert measured(table, measure="false_alarm_rate")["worst_group"] == "over_25"


def test_the_worst_of_many_groups_has_a_wider_interval():
    """The same worst group of two, and of eleven."""
    eleven = DESCRIPTIONS.assign(
        register=["voice"] * 20 + [f"r{number // 2}" for number in range(20)] + ["r9"] * 10
    )
    last_is_quiet = point(costs(flagged=[number in (0, 5, 10, 15) for number in range(50)]))
    few, many = (
        measured(
            gap_table([last_is_quiet], table, dimensions=["register"], smallest_group=2, n_resamples=400),
            measure="false_alarm_rate",
        )
        for table in (DESCRIPTIONS, eleven)
    )
    assert (few["worst_group"], few["n_groups"]) == ("voice", 2)
    assert (many["worst_group"], many["n_groups"]) == ("voice", 11)
    assert many["gap_low"] < few["gap_low"] < few["gap_high"] < many["gap_high"]


def test_what_the_contact_wrote_is_counted_by_author():
    chats = [
        chat("a", "s: hello", "c: the pizza", "c: at noon", "s: secret"),
        chat("b", "s: hello", "c: rain"),
    ]
    streams = streams_from_conversations(chats, clusters=[("x",), ("y",)])
    run = run_policy(policy(where="server", release="alert_bit", stop_on_alert=False), streams, SCORER)
    table = conversation_costs(run, streams)
    assert table["n_read_contact"].tolist() == [2, 1]
    only_initiator = policy(where="server", who="initiator_only", release="alert_bit")
    assert conversation_costs(run_policy(only_initiator, streams, SCORER), streams)[
        "n_read_contact"
    ].tolist() == [0, 0]
    assert description_table(chats)["n_contact"].tolist() == [2, 1]


def test_own_text_is_that_of_a_stated_young_contact_and_of_patterns():
    table = own_text_table(
        [point(costs(n_read_contact=[1.0] * 5 + [0.0] * 35 + [1.0] * 10))], DESCRIPTIONS, n_resamples=20
    )
    young = measured(table, measure="contact_read_share", group="benign, stated under 18")
    assert (young["numerator"], young["denominator"]) == (5, 10)
    assert measured(table, measure="contact_read_share", group="pattern")["value"] == 1


def test_an_account_is_flagged_once_and_benign_only_throughout():
    table = account_table([FLAGGED], DESCRIPTIONS)
    row = measured(table, point="toy")
    # Conversations 0, 5, 10, 15 and 39 are flagged: accounts s0, s2, s5, s7 and s19, of twenty.
    assert (row["flagged"], row["n_accounts"], row["value"]) == (5, 20, 0.25)
    assert row["conversations_per_account"] == 2
    mixed = DESCRIPTIONS.assign(sender=["s0" if name == "s20" else name for name in DESCRIPTIONS["sender"]])
    assert measured(account_table([FLAGGED], mixed), point="toy")["n_accounts"] == 19


def test_descriptions_of_other_conversations_are_refused():
    with pytest.raises(ValueError, match="in their order"):
        group_table([FLAGGED], DESCRIPTIONS[::-1])


def test_a_record_that_does_not_say_its_relation_has_its_scene():
    said = replace(chat("a", "s: hi", scene="lunch"), relation="siblings")
    table = description_table([said, chat("b", "s: hi", scene="lunch"), chat("c", "s: hi", scene="")])
    assert table["relation"].tolist() == ["siblings", "lunch", "unstated"]


def test_peaks_and_outputs_are_counted():
    streams = town(20)
    kept = policy(
        where="server", window=3, retain_messages=3, retain_hours=24, release="quantised_score", levels=4
    )
    table = conversation_costs(run_policy(kept, streams, SCORER), streams)
    assert table["peak_kept"].max() == 3
    assert (table["peak_kept"] <= table["n_read"]).all()
    assert np.array_equal(table["output"] > 0, table["flagged"])
    assert set(table["output"]) <= {0, 1, 2, 3, 4}
