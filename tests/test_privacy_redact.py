"""Redactors, measured on gold spans: an entity is masked only if every mention of it is."""

from __future__ import annotations

import pytest
from privacy_toys import chat

from classifier.errors import InputError
from classifier.privacy.redact import is_masked, lexicon, masked_spans, patterns, readable_entities, redacted, redaction_table
from classifier.privacy.stream import streams_of


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
    ],
)
def test_a_lexicon_masks_the_names_it_knows_and_leaves_the_others(text, shown):
    assert redacted(text, "lexicon") == shown


def test_a_lexicon_masks_all_that_patterns_do():
    text = "ring 555-0117 or 12 beacon hill"
    assert set(patterns(text)) <= set(lexicon(text))


def test_touching_masks_become_one():
    assert masked_spans("emma@example.org", "lexicon") == ((0, 16),)


def test_a_mention_half_masked_is_readable():
    assert not is_masked(0, 12, [(0, 4)])


STREAMS = streams_of(
    [
        chat("a", "s: {name|Emma} has a secret", "c: {name|emma} and {name|Zola}?", "s: ring {phone|555-0117}"),
        chat("b", "s: {name|Zola} can meet Emma"),
    ]
)


def test_entities_mentions_and_cue_words_are_counted_by_hand():
    table = redaction_table(STREAMS, "lexicon").set_index(["measure", "kind"])[["hits", "n"]]
    assert table.loc[("entities masked", "name")].tolist() == [1, 3]  # Emma in a; Zola in a and in b are two people
    assert table.loc[("mentions masked", "name")].tolist() == [2, 4]
    assert table.loc[("entities masked", "phone")].tolist() == [1, 1]
    assert table.loc[("entities masked", "all")].tolist() == [2, 4]
    assert table.loc[("cue tokens masked", "all")].tolist() == [1, 6]  # has a secret, can meet Emma: the last is masked


def test_one_mention_left_standing_leaves_the_entity_readable():
    streams = streams_of([chat("a", "s: {name|Emma}", "s: xx{name|emma}")])
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
