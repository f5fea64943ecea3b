"""Finished pieces: found by what they depend on, whole or not at all."""

from __future__ import annotations

import pytest

from classifier.resume import FinishedPieces


@pytest.fixture
def pieces(tmp_path):
    return FinishedPieces(tmp_path, {"corpus": "pizza", "seed": 1})


def test_a_piece_comes_back_as_it_was(pieces):
    assert pieces.get("raid") is None
    pieces.put("raid", b"\x00 nine o'clock")
    assert pieces.get("raid") == b"\x00 nine o'clock"
    assert pieces.count() == 1


def test_an_empty_piece_is_a_piece(pieces):
    pieces.put("raid", b"")
    assert pieces.get("raid") == b""


@pytest.mark.parametrize("basis", [{"corpus": "pizza", "seed": 2}, {"corpus": "pizza"}])
def test_a_piece_of_another_basis_is_not_found(pieces, basis):
    pieces.put("raid", b"nine")
    assert FinishedPieces(pieces.folder, basis).get("raid") is None


def test_what_a_piece_depends_on_is_part_of_its_name(pieces):
    pieces.put("raid", b"nine", model="words")
    assert (pieces.get("raid", model="words"), pieces.get("raid", model="letters")) == (b"nine", None)


def test_the_order_of_the_basis_does_not_matter(pieces):
    pieces.put("raid", b"nine")
    assert FinishedPieces(pieces.folder, {"seed": 1, "corpus": "pizza"}).get("raid") == b"nine"


@pytest.mark.parametrize(
    "damage", [lambda stored: stored[:-1], lambda stored: stored[:10], lambda stored: b""]
)
def test_a_damaged_piece_is_none(pieces, damage):
    pieces.put("raid", b"nine")
    path = pieces.path("raid")
    path.write_bytes(damage(path.read_bytes()))
    assert pieces.get("raid") is None
