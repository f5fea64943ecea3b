"""Vocabulary files, public and private vocabularies, and rows over them."""

from __future__ import annotations

import math

import pytest

from classifier.privacy.model_variants.vocabulary import (
    bounded_rows,
    parsed_vocabulary,
    public_vocabulary,
    unit_rows,
    vocabulary_kind,
    words_and_pairs,
)


def test_comments_and_blank_lines_are_no_entries():
    assert parsed_vocabulary("# toppings\n\nolive\nolive oil\n   \n# and\npizza\n") == (
        "olive",
        "olive oil",
        "pizza",
    )
    assert parsed_vocabulary("") == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("olive\npizza\npizza", "^line 3: entries must be sorted and differ, got 'pizza' after 'pizza'$"),
        (
            "# toppings\n\npizza\nolive",
            "^line 4: entries must be sorted and differ, got 'olive' after 'pizza'$",
        ),
        ("olive\nPizza", "^line 2: expected a word, or two with one space between them, .* got 'Pizza'$"),
        ("olive oil pizza", "^line 1: expected a word, or two"),
        ("pizza ", "^line 1: expected a word, or two"),
        (" # pizza", "^line 1: expected a word, or two"),
    ],
)
def test_unsorted_or_unmatchable_entries_are_refused_with_their_line(content, message):
    with pytest.raises(ValueError, match=message):
        parsed_vocabulary(content)


def test_one_word_has_no_pair_and_punctuation_no_word():
    assert words_and_pairs("pizza") == ["pizza"]
    assert words_and_pairs("pizza, raid!") == ["pizza", "raid", "pizza raid"]
    assert words_and_pairs("?!") == []


def test_every_public_entry_is_one_a_text_can_match():
    rows = bounded_rows(public_vocabulary(), public_vocabulary()).toarray()
    assert (rows.diagonal() > 0).all()


def test_a_vocabulary_is_the_public_one_in_any_order_and_private_with_one_term_more_or_less():
    public = ["olive", "pizza", "raid"]
    assert vocabulary_kind(["raid", "olive", "pizza"], public=public) == "public"
    assert vocabulary_kind(["olive", "pizza"], public=public) == "private"
    assert vocabulary_kind([*public, "zola"], public=public) == "private"


def test_a_row_marks_each_of_its_terms_alike_however_often_they_stand_there():
    rows = bounded_rows(["raid raid RAID", "pizza raid", "zola"], ["pizza", "pizza raid", "raid"]).toarray()
    third = 1 / math.sqrt(3)
    assert rows.tolist() == [[0, 0, 1], [third, third, third], [0, 0, 0]]


def test_another_spelling_can_be_prepared():
    assert bounded_rows(
        ["r4id"], ["raid"], prepare=lambda text: text.replace("4", "a")
    ).toarray().tolist() == [[1.0]]


def test_unit_rows_put_columns_in_their_places_in_any_order():
    rows = unit_rows([[3, 0, 1, 2], [], [1]], 5)
    assert rows.toarray().tolist() == [[0.5, 0.5, 0.5, 0.5, 0], [0] * 5, [0, 1, 0, 0, 0]]
    assert rows.has_sorted_indices
    assert unit_rows([], 2).shape == (0, 2)
