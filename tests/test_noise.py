"""Generic typing noise: how much, of which kinds, and always the same for the same seed."""

from __future__ import annotations

from difflib import SequenceMatcher
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.workflows.message_evaluation.typing_noise import EMOJI, LOOK_ALIKES, STRENGTHS, add_noise

RAID = "the raid starts at eight and we need three more people to bring potions and snacks for everybody"
LATIN = {look_alike: letter for letter, look_alike in LOOK_ALIKES.items()}


def changed_words(strength, n=300):
    """Share of words that do not stand in the noisy text as they were."""
    kept = total = 0
    for seed in range(n):
        noisy = add_noise(RAID, strength, Random(seed)).split()
        kept += sum(
            block.size
            for block in SequenceMatcher(None, RAID.split(), noisy, autojunk=False).get_matching_blocks()
        )
        total += len(RAID.split())
    return 1 - kept / total


def test_each_strength_changes_more_words_than_the_one_before():
    light, medium, heavy = (changed_words(strength) for strength in STRENGTHS)
    assert 0.05 < light < 0.15
    assert 0.2 < medium < 0.4
    assert 0.5 < heavy < 0.8


def test_the_same_seed_gives_the_same_text():
    assert add_noise(RAID, "heavy", Random(4)) == add_noise(RAID, "heavy", Random(4))
    assert add_noise(RAID, "heavy", Random(4)) != add_noise(RAID, "heavy", Random(5))


@pytest.mark.parametrize("kind", ["typo", "casing", "look_alike", "elongation", "spacing", "emoji"])
def test_every_kind_of_noise_grows_with_the_strength(kind):
    light, medium, heavy = (getattr(rates, kind) for rates in STRENGTHS.values())
    assert 0 < light < medium < heavy < 0.5


def all_noisy():
    return [add_noise(RAID, "heavy", Random(seed)) for seed in range(100)]


def test_look_alike_letters_emoji_capitals_and_long_letters_all_occur():
    together = " ".join(all_noisy())
    assert any(sign in together for sign in EMOJI)
    assert any(letter in together for letter in LATIN)
    assert any(letter.isupper() for letter in together)
    assert any(letter * 4 in together for letter in "adhinrst")


def test_spaces_are_lost_and_doubled():
    assert any("  " in text for text in all_noisy())
    assert any(
        len([word for word in text.split() if word not in EMOJI]) < len(RAID.split()) for text in all_noisy()
    )


def test_typos_swap_double_or_leave_out_but_never_invent_a_letter():
    for text in all_noisy():
        letters = {LATIN.get(letter.lower(), letter.lower()) for letter in text} - set(EMOJI) - {" "}
        assert letters <= set(RAID)


def test_every_look_alike_is_another_character():
    assert not set(LOOK_ALIKES) & set(LATIN)


@given(st.text(max_size=60), st.sampled_from(list(STRENGTHS)), st.integers(0, 99))
def test_any_text_can_be_typed_carelessly(text, strength, seed):
    noisy = add_noise(text, strength, Random(seed))
    assert bool(noisy) == bool(text.split())


def test_a_text_without_letters_is_typed_from_its_own_signs():
    for seed in range(200):
        assert set(add_noise("!!! 555 ...", "heavy", Random(seed))) <= {*"! 5.", *EMOJI}


def test_an_empty_text_stays_empty():
    assert add_noise("", "heavy", Random(0)) == ""


def test_another_strength_is_refused():
    with pytest.raises(ValueError, match="strength must be one of light, medium, heavy, got 'extreme'"):
        add_noise(RAID, "extreme", Random(0))
