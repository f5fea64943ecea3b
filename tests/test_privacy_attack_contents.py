"""Names and counts that can be read in a model file, however it is packed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import zlib
from collections import deque
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from model_files import points_at
from safetensors.numpy import load

from classifier.evaluation.rates import Rate
from classifier.model.message.file import load_model, save_model
from classifier.model.message.stage_classifier import fit_message_model
from classifier.privacy.attacks.name_recovery import NamesFound, names_asked, names_found, names_read
from classifier.privacy.model_variants.fit_variants import hashed_terms, private_terms, public_terms
from classifier.privacy.model_variants.inspected_model import InspectedModel, strings_in
from classifier.taxonomy import LABELS

NAMES = ["Zola", "Mei", "Anouk", "Tariq"]
DECOYS = ["Brim", "Dorn", "Elvo", "Fash"]
LINES = [
    "zola keep it secret",
    "mei so pretty today",
    "anouk's mum is out",
    "meet tariq at noon",
    "how old are you",
    "same town as me",
    "come on do it",
    "pizza is hot",
]


def toy_table():
    marks = ["secrecy", "flattery", "isolation", "meeting", "info_request", "false_affinity", "pressure", ""]
    return pd.DataFrame(
        {"text": LINES, "sender": LINES} | {label: [int(mark == label) for mark in marks] for label in LABELS}
    )


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("opened") / "toy.safetensors"
    save_model(
        path,
        fit_message_model(toy_table(), min_df=1),
        operating_points=points_at(0.5),
        corpus_sha256="c",
        training_families=[],
        seed=0,
    )
    return path


@dataclass(frozen=True)
class Slotted:
    __slots__ = ("terms",)
    terms: tuple[str, ...]


class Kept(dict):
    def __init__(self, name):
        super().__init__(pizza=1)
        self.remembered = name


class Holder:
    def __init__(self, name):
        self.name = name

    def ask(self):
        return self.name


def closing_over(name):
    return lambda: name


def archived(**arrays):
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    return packed.getvalue()


OPENINGS = {
    "bytes": lambda path: path.read_bytes(),
    "arrays": lambda path: load(path.read_bytes()),
    "our loader": load_model,
    "pipeline": lambda path: fit_message_model(toy_table(), min_df=1),
    "pickled": lambda path: pickle.dumps(load_model(path).feature_groups),
    "gzip": lambda path: gzip.compress(path.read_bytes()),
    "zlib": lambda path: zlib.compress(path.read_bytes()),
    "bz2": lambda path: bz2.compress(path.read_bytes()),
    "xz": lambda path: lzma.compress(path.read_bytes()),
    "gzip in gzip": lambda path: gzip.compress(gzip.compress(path.read_bytes())),
    "npz": lambda path: archived(**load(path.read_bytes())),
    "file in an npz": lambda path: archived(blob=np.frombuffer(path.read_bytes(), dtype=np.uint8)),
    "in an array": lambda path: {"blob": np.frombuffer(gzip.compress(path.read_bytes()), dtype=np.uint8)},
}


@pytest.mark.parametrize("opening", OPENINGS)
def test_every_name_is_found_however_the_model_is_packed(model_file, opening):
    assert names_read(OPENINGS[opening](model_file), NAMES + DECOYS) == set(NAMES)


@pytest.mark.parametrize(
    "content",
    [
        {"Zola": 1},
        {7: "Zola"},
        {"words.terms": ["Zola"], "words.ends": [4]},
        [[("a", {"b": {"Zola"}})]],
        np.array(["Zola", "pizza"]),
        np.array([b"Zola", b"pizza"]),
        np.array(["Zola", None], dtype=object),
        np.array([("Zola", 1)], dtype=[("term", "U10"), ("count", int)]),
        pd.DataFrame({"count": [1]}, index=["Zola"]),
        pd.Series([1], index=["Zola"]),
        pd.DataFrame({"Zola": [1]}),
        SimpleNamespace(vocabulary_=SimpleNamespace(terms=["Zola"])),
        Slotted(("Zola",)),
        deque(["Zola"]),
        partial(print, "Zola"),
        partial(print, end="Zola"),
        closing_over("Zola"),
        SimpleNamespace(call=Holder("Zola").ask),
        Kept("Zola"),
        b"\x00\x04Zola\x94",
        bytearray(b"Zola"),
    ],
    ids=lambda content: type(content).__name__,
)
def test_the_walk_reaches_a_name_in_any_container(content):
    assert names_read(content, ["Zola", "Mei"]) == {"Zola"}


def test_the_walk_ends_where_an_object_holds_itself():
    ring = {"name": "zola"}
    ring["self"] = ring
    assert names_read(ring, ["Zola"]) == {"Zola"}


def test_bytes_that_only_look_packed_are_read_as_text():
    assert names_read(b"\x1f\x8b Zola", ["Zola"]) == {"Zola"}
    assert names_read(b"x zola", ["Zola"]) == {"Zola"}


def test_nothing_is_unpickled():
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("the walk has run code from a file",))

    assert any("walk has run code" in string for string in strings_in(pickle.dumps(Bomb())))


def test_nothing_is_unpickled_from_an_array_either():
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("the walk has run code from a file",))

    packed = io.BytesIO()
    np.save(packed, np.array([Bomb()], dtype=object), allow_pickle=True)
    assert any("walk has run code" in string for string in strings_in(packed.getvalue()))
    assert any(
        "walk has run code" in string
        for string in strings_in(archived(blob=np.frombuffer(packed.getvalue(), dtype=np.uint8)))
    )


def bytes_search(content, names):
    """The simplest attack: a search for the name in the bytes of the file."""
    return {name for name in names if name.lower().encode() in content}


def test_a_search_of_the_bytes_of_a_compressed_file_is_caught_finding_nothing(model_file):
    packed = gzip.compress(model_file.read_bytes())
    assert bytes_search(packed, NAMES) == set()
    assert names_read(packed, NAMES) == set(NAMES)


def test_a_name_inside_a_longer_word_is_not_found():
    assert names_read(["meister", "himei"], ["Mei"]) == set()


def test_ends_of_two_terms_are_not_read_as_a_name():
    arrays = {"words.terms": np.frombuffer(b"zolafish", dtype=np.uint8), "words.ends": np.array([2, 8])}
    assert names_read(arrays, ["Zola", "Zolafish"]) == set()


def test_a_name_inside_a_pair_is_found_and_two_words_that_stood_apart_are_no_name(tmp_path):
    texts = pd.DataFrame(
        {"text": ["zola said no", "mei then lin"] * 2} | {label: [0, 1] * 2 for label in LABELS}
    )
    pipeline = fit_message_model(texts, min_df=1, word_ngrams=None, char_ngrams=None)
    path = tmp_path / "pairs.safetensors"
    model = save_model(
        path,
        pipeline,
        operating_points=points_at(0.5),
        corpus_sha256="c",
        training_families=[],
        seed=0,
    )
    assert model.feature_groups[0].terms == ("mei … lin", "zola … no")
    for content in (path.read_bytes(), pipeline):
        assert names_read(content, ["Zola", "Mei", "Lin", "Mei Lin", "Ayo"]) == {"Zola", "Mei", "Lin"}


def test_a_name_of_several_words_is_found_by_its_pairs():
    assert names_read(
        ["kestrel lane", "lane high", "pizza"], ["Kestrel Lane High", "Kestrel Lane", "Kestrel Road"]
    ) == {"Kestrel Lane High", "Kestrel Lane"}


def test_words_of_a_name_that_stand_apart_are_not_the_name():
    assert names_read(["high street", "kestrel", "that lane"], ["Kestrel Lane High", "Kestrel Lane"]) == set()


# ---------------------------------------------------------------- read, tried, asked


def found(fit, attack):
    return names_found(fit(toy_table(), 0), attack, names=NAMES, decoys=DECOYS)


ALL, NONE = Rate(4, 4), Rate(0, 4)


@pytest.mark.parametrize("attack", ["names_read", "names_tried", "names_asked"])
def test_a_private_vocabulary_gives_up_every_name_and_no_decoy(attack):
    assert found(private_terms(), attack) == NamesFound(ALL, NONE)


@pytest.mark.parametrize("attack", ["names_read", "names_tried", "names_asked"])
def test_a_public_vocabulary_gives_up_none(attack):
    assert found(public_terms(), attack) == NamesFound(NONE, NONE)


def test_unsalted_hashes_hold_no_name_to_read_and_fall_to_a_dictionary():
    assert found(hashed_terms(bits=18), "names_read") == NamesFound(NONE, NONE)
    assert found(hashed_terms(bits=18), "names_tried") == NamesFound(ALL, NONE)


def test_a_salt_that_is_kept_elsewhere_stops_the_dictionary():
    assert found(hashed_terms(bits=18, salt=b"kept elsewhere"), "names_tried") == NamesFound(NONE, NONE)


def test_a_salt_beside_the_model_is_no_salt():
    assert found(hashed_terms(bits=18, salt=b"on the phone", salt_known=True), "names_tried") == NamesFound(
        ALL, NONE
    )


def test_asking_the_model_needs_no_salt():
    assert found(hashed_terms(bits=18, salt=b"kept elsewhere"), "names_asked") == NamesFound(ALL, NONE)


def test_in_few_cells_decoys_are_found_too_and_it_shows():
    assert found(hashed_terms(bits=4), "names_tried").decoys.value > 0.5


def answering(change_by_text):
    """A model that answers .25, and otherwise to some texts."""
    return InspectedModel(
        str.split,
        frozenset(),
        lambda texts: np.array([[0.25 + change_by_text.get(text, 0.0), 0.5] for text in texts]),
        None,
        None,
    )


def test_an_answer_is_what_differs_from_the_answer_to_an_empty_text():
    assert names_asked(answering({"Anouk": 0.125}), ["Mei", "Anouk", "Tariq"]) == {"Anouk"}
    assert names_asked(answering({"": 0.125}), ["Mei", "Anouk"]) == {"Mei", "Anouk"}


def test_one_form_of_a_name_that_is_answered_to_is_enough():
    assert names_asked(answering({"Mei's": -0.125}), ["Mei", "Anouk"]) == {"Mei"}


def test_at_most_five_decoys_that_are_names_are_listed():
    names = ["a", "b", "c", "d", "e", "f"]
    with pytest.raises(ValueError, match=r"got \['a', 'b', 'c', 'd', 'e'\] in both"):
        names_found(answering({}), "names_asked", names=names, decoys=names)


def test_a_decoy_that_is_a_name_is_refused():
    with pytest.raises(
        ValueError, match=r"decoys must not be names that were in training, got \['zola'\] in both"
    ):
        names_found(private_terms()(toy_table(), 0), "names_read", names=NAMES, decoys=["zola"])
