"""Slips of typing are read as the likeliest word; words and names stay."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.corpus.words import as_lines, train_words
from classifier.model.message.reading.spelling import COMMON, WORDS, _one_letter_off, spelled
from classifier.privacy.policies.given_names import given_names


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("scret", "secret"),  # one letter missing
        ("secrret", "secret"),  # one too many
        ("secrat", "secret"),  # another one
        ("sercet", "secret"),  # two changed places
        ("aat", "at"),  # a doubled letter in a short word
        ("tellyour", "tell your"),  # a space missing
        ("dont tlel ur mum!!", "dont tell ur mum!!"),
    ],
)
def test_a_slip_is_corrected(typed, meant):
    assert spelled(typed) == meant


@pytest.mark.parametrize(
    "text",
    ["secret", "u", "2nite", "Secret", "grace", "andrew", "xqzvw", "ну привет", "", "secrets", "a" * 30],
)
def test_what_is_no_slip_stays(text):
    assert spelled(text) == text


LISTED = dict(line.rsplit(" ", 1) for line in WORDS.read_text(encoding="ascii").splitlines())
LONG = sorted(word for word, n in LISTED.items() if int(n) >= COMMON and len(word) > 5)


def all_letters_in_all_places(run):
    """Every run that one letter less, more or other makes of ``run``, its first letter kept."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    less = {run[:at] + run[at + 1 :] for at in range(1, len(run))}
    more = {run[:at] + letter + run[at:] for at in range(1, len(run) + 1) for letter in letters}
    other = {run[:at] + letter + run[at + 1 :] for at in range(1, len(run)) for letter in letters}
    return less | more | other


def commonest(runs):
    return max(
        (run for run in runs if int(LISTED.get(run, 0)) >= COMMON), key=lambda run: (int(LISTED[run]), run)
    )


@given(
    st.sampled_from(LONG), st.integers(1, 6), st.sampled_from("abcdefghijklmnopqrstuvwxyz"), st.integers(0, 1)
)
def test_a_few_lookups_find_the_commonest_word_that_trying_all_letters_finds(word, at, letter, replaced):
    slip = word[:at] + letter + word[at + replaced :]
    assert commonest(_one_letter_off(slip)) == commonest(all_letters_in_all_places(slip))


@given(st.text())
def test_a_corrected_text_is_not_corrected_again(text):
    assert spelled(spelled(text)) == spelled(text)


@given(st.lists(st.text(alphabet="abcdest ", max_size=12), max_size=4))
def test_white_space_keeps_words_apart(words):
    assert spelled(" ".join(words)) == " ".join(map(spelled, words))


def test_the_list_is_of_the_train_families_and_the_public_names():
    names = {name.lower(): 1 for name in given_names() if re.fullmatch("[A-Za-z]+", name)}
    assert WORDS.read_bytes() == as_lines(dict(sorted((names | train_words()).items())))
