"""Redactors, and how much they mask of the gold spans."""

from __future__ import annotations

import pytest
from privacy_toys import chat

from classifier.errors import InputError
from classifier.privacy.message_streams import streams_from_conversations
from classifier.privacy.policies.redaction import (
    REDACTORS,
    is_masked,
    lexicon,
    masked_spans,
    patterns,
    readable_entities,
    redacted,
    redaction_table,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ring 555-0117 at noon", "ring […] at noon"),
        ("write to zola77@example.org", "write to […]"),
        ("i am pixel_otter7 there", "i am […] there"),
        ("call me turbo22", "call me […]"),
        ("we live at 12 tanner's lane", "we live at […]"),
        ("at half 3 or 12.30, bring 20 toasts", "at half 3 or 12.30, bring 20 toasts"),
        ("Zola goes to Birchmere Academy", "Zola goes to Birchmere Academy"),
        ("see https://example.org/zola and www.example.org", "see […] and […]"),
        ("i am @zola", "i am […]"),
        ("mail Zola.Q+raid@mail.example.org!", "mail […]!"),
        ("+44 20 555 0117", "[…]"),
        ("at 7 Beacon Hill Road, near", "at […], near"),
    ],
)
def test_patterns_mask_what_has_a_form_and_nothing_else(text, shown):
    assert redacted(text, "patterns") == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("emma says hi", "[…] says hi"),
        ("Emma's dog", "[…] dog"),
        ("i am thirteen", "i am […]"),
        ("at Kestrel Lane School", "at […]"),
        ("Quillon lives in Pinehaven", "Quillon lives in Pinehaven"),
        ("she is 13 years old", "she is […]"),
        ("im 12yo", "im […]"),
        ("20 years old", "20 years old"),
        ("at Kestrel High School", "at […]"),
        ("at kestrel high", "at kestrel high"),
    ],
)
def test_a_lexicon_masks_the_names_schools_and_ages_it_knows_and_leaves_others(text, shown):
    assert redacted(text, "lexicon") == shown


def test_a_lexicon_masks_all_that_patterns_do():
    text = "ring 555-0117 or 12 beacon hill"
    assert set(patterns(text)) <= set(lexicon(text))


def test_touching_masks_become_one():
    assert masked_spans("emma@example.org", "lexicon") == ((0, 16),)


def test_a_mention_half_masked_is_readable():
    assert not is_masked(0, 12, [(0, 4)])


STREAMS = streams_from_conversations(
    [
        chat(
            "a", "s: {name|Emma} has a secret", "c: {name|emma} and {name|Zola}?", "s: ring {phone|555-0117}"
        ),
        chat("b", "s: {name|Zola} can meet Emma"),
    ]
)


def test_entities_mentions_and_cue_words_are_counted_by_hand():
    table = redaction_table(STREAMS, "lexicon").set_index(["measure", "kind"])[["hits", "n"]]
    assert table.loc[("entities masked", "name")].tolist() == [
        1,
        3,
    ]  # Emma in a; Zola in a and in b are two people
    assert table.loc[("mentions masked", "name")].tolist() == [2, 4]
    assert table.loc[("entities masked", "phone")].tolist() == [1, 1]
    assert table.loc[("entities masked", "all")].tolist() == [2, 4]
    assert table.loc[("cue tokens masked", "all")].tolist() == [
        1,
        6,
    ]  # has a secret, can meet Emma: the last is masked


def test_one_mention_left_standing_leaves_the_entity_readable():
    streams = streams_from_conversations([chat("a", "s: {name|Emma}", "s: xx{name|emma}")])
    table = redaction_table(streams, "lexicon").set_index(["measure", "kind"])[["hits", "n"]]
    assert table.loc[("mentions masked", "name")].tolist() == [1, 2]
    assert table.loc[("entities masked", "name")].tolist() == [0, 1]


def test_no_redactor_masks_nothing_and_an_empty_count_is_nan():
    table = redaction_table(STREAMS[:0], "none")
    assert table["rate"].isna().all()
    assert redaction_table(STREAMS, "none").set_index("measure").loc["entities masked", "hits"].sum() == 0


def test_a_name_outside_its_span_is_still_read():
    assert readable_entities(STREAMS[0], ["[…] and zola", "Zolas", ""]) == [{("name", "zola")}, set(), set()]


def test_presidio_is_a_hook_that_says_when_it_is_not_there():
    with pytest.raises(InputError, match="needs the package presidio-analyzer"):
        masked_spans("Emma", "presidio")


@pytest.fixture
def toy_redactor(monkeypatch):
    """Registers a redactor that gives fixed spans, in the order given."""

    def make(name, *spans):
        monkeypatch.setitem(REDACTORS, name, lambda text: list(spans))
        return name

    return make


@pytest.mark.parametrize(
    ("spans", "joined"),
    [
        ([(0, 4), (4, 8)], ((0, 8),)),
        ([(0, 4), (5, 8)], ((0, 4), (5, 8))),
        ([(6, 8), (0, 4), (2, 5)], ((0, 5), (6, 8))),
        ([(0, 8), (2, 4)], ((0, 8),)),
        ([(0, 2), (3, 8), (4, 6), (7, 9)], ((0, 2), (3, 9))),
        ([], ()),
    ],
)
def test_spans_that_touch_or_lie_in_each_other_are_joined_and_put_in_order(toy_redactor, spans, joined):
    assert masked_spans("pizza at noon", toy_redactor(f"toy {spans}", *spans)) == joined


def test_what_stands_around_a_mask_is_shown_as_it_is(toy_redactor):
    assert redacted("pizza at noon", toy_redactor("edges", (0, 5), (9, 13))) == "[…] at […]"
    assert redacted("pizza at noon", toy_redactor("middle", (6, 8))) == "pizza […] noon"
    assert redacted("pizza at noon", "none") == "pizza at noon"


@pytest.mark.parametrize(
    ("start", "end", "masked"),
    [(2, 6, True), (3, 5, True), (1, 6, False), (2, 7, False), (6, 8, False), (0, 2, False)],
)
def test_a_mention_is_masked_when_it_lies_wholly_within_one_mask(start, end, masked):
    assert is_masked(start, end, [(2, 6), (9, 12)]) is masked


def test_two_masks_with_a_gap_leave_a_mention_readable():
    assert not is_masked(0, 10, [(0, 4), (5, 10)])


def test_a_word_that_only_touches_a_mask_is_not_masked_and_one_that_only_touches_a_gold_span_counts():
    streams = streams_from_conversations([chat("a", "s: secret@zola", "c: {handle|@zola!}meet")])
    table = redaction_table(streams, "patterns").set_index("measure")
    assert table.loc["cue tokens masked", ["hits", "n"]].tolist() == [
        1,
        3,
    ]  # secret and meet stand; zola is masked outside any gold span

    streams = streams_from_conversations([chat("a", "s: secret{handle|@zola} pizza")])
    assert redaction_table(streams, "none").set_index("measure").loc[
        "cue tokens masked", ["hits", "n"]
    ].tolist() == [0, 2]


def test_a_word_partly_masked_counts_as_masked(toy_redactor):
    streams = streams_from_conversations([chat("a", "s: secret base")])
    name = toy_redactor("half", (4, 8))
    assert redaction_table(streams, name).set_index("measure").loc[
        "cue tokens masked", ["hits", "n"]
    ].tolist() == [2, 2]


def test_messages_that_show_no_behaviour_hold_no_evidence():
    assert (
        redaction_table(streams_from_conversations([chat("a", "s: pizza at noon")]), "none")
        .set_index("measure")
        .loc["cue tokens masked", "n"]
        == 0
    )


def test_the_rows_stand_by_measure_and_kind_with_all_of_them_last():
    streams = streams_from_conversations(
        [chat("a", "s: {phone|555-0117}, {name|Zola}, {address|12 beacon hill}", "c: secret")]
    )
    table = redaction_table(streams, "none")
    kinds = ["address", "name", "phone", "all"]
    assert table["measure"].tolist() == ["entities masked"] * 4 + ["mentions masked"] * 4 + [
        "cue tokens masked"
    ]
    assert table["kind"].tolist() == [*kinds, *kinds, "all"]
    assert table["unit"].tolist() == ["entity"] * 4 + ["mention"] * 4 + ["word"]


def test_a_rate_stands_between_its_bounds():
    # One of two names is masked: .5. The exact bounds by hand are 1 - sqrt(.975) and sqrt(.975).
    row = redaction_table(
        streams_from_conversations([chat("a", "s: {name|Emma} and {name|Zola}")]), "lexicon"
    ).iloc[0]
    assert row["rate"] == 0.5
    assert [row["rate_low"], row["rate_high"]] == pytest.approx([1 - 0.975**0.5, 0.975**0.5])


def test_one_wording_of_two_kinds_is_two_entities():
    streams = streams_from_conversations([chat("a", "s: {name|Emma} is at {school|Emma}")])
    counts = redaction_table(streams, "lexicon").set_index(["measure", "kind"])[["hits", "n"]]
    assert counts.loc[("entities masked", "all")].tolist() == [2, 2]


def test_a_name_can_be_read_in_any_case_and_beside_a_sign_but_not_within_a_word():
    assert readable_entities(STREAMS[0], ["EMMA's", "(zola)", "gemma and emmas", "555-0117"]) == [
        {("name", "emma")},
        {("name", "zola")},
        set(),
        {("phone", "555-0117")},
    ]
