"""Checks against known answers hold on our corpus, and fail where something is wrong."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import numpy as np
import pandas as pd
import pytest
from privacy_toys import auc_standard_error, chat, town

from classifier.cli.main import main
from classifier.corpus.corpus_folder import read_corpus
from classifier.privacy.attack_self_check import _document_counts, _names, expected_leaks
from classifier.privacy.attacks.membership_documents import membership_documents
from classifier.privacy.harness_self_check import (
    _refusal,
    expected_extremes,
    expected_formulas,
    expected_noise_cost,
    expected_redaction,
)
from classifier.privacy.message_streams import streams_from_conversations
from classifier.privacy.model_variants.dp_statement import dp_statement
from classifier.privacy.model_variants.fit_variants import private_terms
from classifier.privacy.model_variants.inspected_model import InspectedModel
from classifier.privacy.model_variants.vocabulary import plain_spelling, public_vocabulary, words_and_pairs
from classifier.privacy.uniform_draw import uniform_draw
from classifier.taxonomy import LABELS, PATTERN

TOWN = town(200)
PUBLIC = [term for term in public_vocabulary() if " " not in term]
NAMES = [f"zola{letter}" for letter in "abcdefghijklmnopqrst"]
DECOYS = [f"quill{letter}" for letter in "abcdefghijklmnopqrst"]


@pytest.fixture(scope="module")
def documents(small_corpus):
    return membership_documents(read_corpus(small_corpus)["train"], seed=0)


def holds_by_check(checks):
    return {what: holds for what, _, _, holds in checks}


def found_by_check(checks):
    return {what: (found, holds) for what, _, found, holds in checks}


def documents_of(n, *, seed=0):
    """One document of each of ``n`` senders, every other one a member; labels at random.

    It holds a name of their own, words of the public list, and toy words that all use.
    """
    rng, rows = Random(seed), []
    for number in range(n):
        words = [
            "pizza",
            *rng.sample(PUBLIC, rng.randint(1, 9)),
            *(f"toy{rng.randrange(30)}" for _ in range(rng.randint(1, 9))),
        ]
        rng.shuffle(words)
        name = f"zola{number:03}"
        rows.append(
            (
                f"{name} {' '.join(words)}",
                f"account{number}",
                number % 2 == 0,
                (name,),
                *(rng.randrange(2) for _ in LABELS),
            )
        )
    return pd.DataFrame(rows, columns=["text", "sender", "member", "names", *LABELS])


def model(terms, *, idf=(), known=(), packed=b""):
    """A model file that holds ``terms``, then ``packed``, and knows the features ``known``."""
    encoded = [*(term.encode() for term in terms), *([packed] if packed else [])]
    content = {
        "words.terms": np.frombuffer(b"".join(encoded), dtype=np.uint8),
        "words.ends": np.cumsum([len(term) for term in encoded]),
        "words.idf": np.array(idf),
    }
    statement = dp_statement(epsilon_per_label=math.inf, n_labels=1, unit="document", cap=1, vocabulary=None)
    return InspectedModel(
        lambda text: words_and_pairs(plain_spelling(text)),
        frozenset(known),
        lambda texts: np.zeros((len(texts), 1)),
        content,
        statement,
    )


def members(rows, names):
    """Documents of (text, sender), in which these names stand."""
    table = pd.DataFrame(rows, columns=["text", "sender"])
    return table.assign(names=[tuple(names)] * len(table))


def names_answers(*, read=(), unsalted=(), salted=(), packed=b"", rows=None, names=NAMES):
    rows = rows or [("pizza", f"account{number}") for number in range(12)]
    opened = {
        "private/plain": model(read, packed=packed),
        "hashed-18/plain": model((), known=unsalted),
        "hashed-18-salted/plain": model((), known=salted),
    }
    return found_by_check(_names(members(rows, names), opened, DECOYS))


def flagged_at_random(n_flagged, n, *, label):
    """``n`` conversations of which ``random_flag`` at .2 flags ``n_flagged``."""
    ids = [f"{label}{number}" for number in range(20 * n)]
    high = [id_ for id_ in ids if uniform_draw(0, "chance", id_) >= 0.8]
    low = [id_ for id_ in ids if uniform_draw(0, "chance", id_) < 0.8]
    return streams_from_conversations(
        [chat(id_, "s: pizza", label=label) for id_ in [*high[:n_flagged], *low[: n - n_flagged]]]
    )


def test_extremes_are_found_as_expected():
    assert [row[1:] for row in expected_extremes(TOWN, seed=0)] == [
        ("all 0", "largest 0", True),
        ("1, 1,000,000, 1", "1, 1,000,000, 1", True),
        ("1, 0, 0", "1, 0, 0", True),
        ("0.2 ± 0.170", "0.160", True),  # 3 sqrt(.16 / 50)
        ("0.2 ± 0.098", "0.167", True),  # 3 sqrt(.16 / 150)
        ("min(2, 1) + min(2, 3) + 2 = 5", "5", True),
    ]


def test_formulas_give_the_numbers_worked_out_by_hand():
    assert [row[1:] for row in expected_formulas()] == [
        ("2,991", "2,991", True),
        ("29,956", "29,956", True),
        ("6,693 ± 245", "6,649", True),  # 3 sqrt(1e6 * .006693 * .993307)
        ("0.0114", "0.0114", True),
        ("refused", "refused", True),
        ("refused", "refused", True),
    ]


def test_a_call_that_returns_was_not_refused():
    assert _refusal("pizza", lambda: 1) == ("pizza", "refused", "given", False)


@pytest.mark.parametrize(("n_flagged", "holds"), [(7, False), (9, True), (31, True), (33, False)])
@pytest.mark.parametrize(("label", "what"), [(PATTERN, "recall"), ("benign", "false positive rate")])
def test_a_share_further_off_than_three_standard_errors_fails(label, what, n_flagged, holds):
    # 100 conversations at .2: the standard error is .04, so 8 to 32 are allowed.
    streams = flagged_at_random(n_flagged, 100, label=label) + flagged_at_random(
        20, 100, label="benign" if label == PATTERN else PATTERN
    )
    found = found_by_check(expected_extremes(streams, seed=0))
    assert found[f"random_flag at .2: {what}"] == (f"{n_flagged / 100:.3f}", holds)


def test_every_leak_holds_on_people_who_differ_by_their_names_alone():
    rows = list(expected_leaks(documents_of(120), decoys=["Quillon", "Brannagh"], seed=0))
    found = found_by_check(rows)
    assert [what for what, (_, holds) in found.items() if not holds] == [
        "names left by a minimum of 2 documents, and of 10 people"
    ]  # each name stands in one document
    assert found["vocabulary attack on people, by private words and pairs: AUC"][0] == "1.000"
    assert found["names read in a private vocabulary"][0] == "1.000 (60/60), decoys 0.000 (0/2)"


def test_chance_allows_three_standard_errors_of_mann_and_whitney():
    blind, *_ = expected_leaks(documents_of(120), decoys=["Quillon"], seed=0)
    assert float(blind[1].removeprefix("0.5 ± ")) == pytest.approx(3 * auc_standard_error(60, 60), rel=0.15)


def test_a_model_that_cannot_tell_members_apart_fails_the_check_of_leaks():
    folk = documents_of(60)
    # Each who is no member writes what a member wrote.
    twins = folk.assign(
        **{
            name: np.repeat(folk.loc[folk["member"], name].to_numpy(), 2)
            for name in ("text", "names", *LABELS)
        }
    )
    found = found_by_check(expected_leaks(twins, decoys=["Quillon"], seed=0))
    assert found["vocabulary attack on people, by private words and pairs: AUC"] == ("0.500", False)
    assert found["loss attack on an over-fitted model: AUC"] == ("0.500", False)
    assert found["vocabulary attack on a public list: AUC"] == ("0.500", True)


def test_members_who_alone_use_the_public_words_fail_every_check_of_chance():
    folk = documents_of(60)
    apart = folk.assign(
        text=[
            f"{name} {'pizza' if member else 'toy1'}"
            for (name,), member in zip(folk["names"], folk["member"], strict=True)
        ]
    )
    found = found_by_check(expected_leaks(apart, decoys=["Quillon"], seed=0))
    assert found["vocabulary attack on a public list: AUC"] == ("1.000", False)
    assert found["an attack that sees no model: AUC"] == ("1.000", False)


@pytest.mark.parametrize(
    ("n_names", "n_decoys", "holds"),
    [(19, 1, True), (18, 1, False), (19, 2, False), (18, 2, False)],
)
def test_a_private_vocabulary_gives_back_nearly_every_name_and_next_to_no_decoy(n_names, n_decoys, holds):
    what = "names read in a private vocabulary"
    assert names_answers(read=[*NAMES[:n_names], *DECOYS[:n_decoys]])[what] == (
        f"{n_names / 20:.3f} ({n_names}/20), decoys {n_decoys / 20:.3f} ({n_decoys}/20)",
        holds,
    )


@pytest.mark.parametrize(
    ("n_names", "n_decoys", "holds"),
    [(19, 9, True), (18, 9, False), (19, 10, False), (18, 10, False)],
)
def test_unsalted_hashes_give_back_nearly_every_name_and_less_than_half_of_the_decoys(
    n_names, n_decoys, holds
):
    what = "names tried on unsalted hashes"
    assert names_answers(unsalted=[*NAMES[:n_names], *DECOYS[:n_decoys]])[what] == (
        f"{n_names / 20:.3f} ({n_names}/20), decoys {n_decoys / 20:.3f} ({n_decoys}/20)",
        holds,
    )


@pytest.mark.parametrize(
    ("n_names", "n_decoys", "holds"), [(0, 0, True), (7, 0, True), (8, 0, False), (19, 10, False)]
)
def test_salted_hashes_give_back_no_more_names_than_decoys_and_three_standard_errors(
    n_names, n_decoys, holds
):
    found = names_answers(salted=[*NAMES[:n_names], *DECOYS[:n_decoys]])["names tried on salted hashes"]
    assert found == (f"{n_names / 20:.3f} ({n_names}/20), decoys {n_decoys / 20:.3f} ({n_decoys}/20)", holds)


def test_a_name_in_the_bytes_of_a_packed_file_fails_unless_it_has_three_letters():
    # Noise cannot be packed, so what stands in it is stored as it is.
    noise_around = np.random.default_rng(0).bytes(2000)
    packed = noise_around + b"zola" + b"mei" + noise_around[::-1]
    found = names_answers(packed=packed, names=["Zola", "Mei", "Emma", "Brannagh"])[
        "the same names in the bytes of the packed file"
    ]
    assert found == ("0.333 (1/3)", False)
    assert names_answers(read=NAMES)["the same names in the bytes of the packed file"] == (
        "0.000 (0/20)",
        True,
    )


def test_names_that_two_documents_hold_are_left_and_those_of_fewer_than_ten_people_go():
    own = [("pizza with emma", "account0"), ("emma again", "account0"), ("zola", "account1")]
    shared = [("mei", f"account{number}") for number in range(10)]
    what = "names left by a minimum of 2 documents, and of 10 people"
    assert names_answers(rows=[*own, *shared], names=["Emma", "Zola", "Mei"])[what] == (
        "0.667 (2/3) with 2 documents, 0.333 (1/3) with 10 people",
        True,
    )
    # Ten documents of ten people leave the same names by either count.
    assert names_answers(rows=shared, names=["Mei"])[what] == (
        "1.000 (1/1) with 2 documents, 1.000 (1/1) with 10 people",
        False,
    )


def test_idf_gives_back_the_number_of_documents_of_each_term():
    # Of two documents: pizza in 2, ln(3/3) + 1; raid and pizza raid in 1, ln(3/2) + 1.
    texts, terms, rare = (
        ["pizza raid", "Pizza pizza"],
        ["pizza", "pizza pizza", "pizza raid", "raid"],
        math.log(1.5) + 1,
    )
    assert _document_counts(texts, model(terms, idf=[1.0, rare, rare, rare]))[2:] == ("1.000 (4/4)", True)
    assert _document_counts(texts, model(terms, idf=[1.0, rare, rare, 1.0]))[2:] == ("0.750 (3/4)", False)


@pytest.mark.parametrize(("n_masked", "holds"), [(1, True), (2, False)])
def test_patterns_that_mask_more_than_a_twentieth_of_the_names_fail(n_masked, holds):
    lines = [
        f"s: ask {{name|{f'zola{number}99' if number < n_masked else NAMES[number]}}} on {{contact|555-0117}}"
        for number in range(20)
    ]
    assert [row[1:] for row in expected_redaction(streams_from_conversations([chat("c1", *lines)]))] == [
        ("next to none", f"{n_masked / 20:.3f} ({n_masked}/20)", holds)
    ]


def test_noise_for_a_small_epsilon_costs_and_for_a_huge_one_does_not():
    folk = documents_of(80)
    telling = folk.assign(
        text=[
            " ".join(PUBLIC[position] for position, label in enumerate(LABELS) if row[label])
            for row in folk.to_dict("records")
        ]
    )
    rows = list(expected_noise_cost(telling, n_seeds=2, seed=0))
    assert [row[0] for row in rows] == [
        f"{method} at epsilon {epsilon}: AUC"
        for method in ("output_perturbation", "objective_perturbation")
        for epsilon in ("1", "1e9")
    ]
    assert [row[1] for row in rows] == ["below 1.000, the plain fit's", "1.000 ± 0.001"] * 2
    assert all(holds_by_check(rows).values())


def test_noise_that_costs_nothing_fails():
    # Nothing stands in the public list, so no model tells anything and each has an AUC of a half.
    rows = list(expected_noise_cost(documents_of(80).assign(text="toy1 toy2"), n_seeds=2, seed=0))
    assert [row[1:] for row in rows] == [
        ("below 0.500, the plain fit's", "0.500", False),
        ("0.500 ± 0.001", "0.500", True),
    ] * 2


def test_all_hold_on_a_corpus_of_ours(small_corpus, capsys):
    assert main(["privacy", "check", str(small_corpus)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("holds  ") for line in lines[:-1])
    assert lines[-1] == f"{len(lines) - 1} of {len(lines) - 1} hold"
    assert any("message-hours" in line and "found 5" in line for line in lines)


def test_extremes_and_formulas_hold_on_toys_too():
    checks = [*expected_extremes(TOWN, seed=0), *expected_formulas(), *expected_redaction(TOWN)]
    assert all(holds_by_check(checks).values())


def test_members_that_differ_by_themselves_fail_the_check_of_the_attack_without_a_model(documents):
    marked = documents.assign(
        text=[
            f"{'raid ' * 50}{text}" if member else text
            for text, member in zip(documents["text"], documents["member"], strict=True)
        ]
    )
    holds = holds_by_check(expected_leaks(marked, decoys=["Quillon"], seed=0))
    assert not holds["an attack that sees no model: AUC"]


def test_people_are_found_by_the_least_known_of_their_documents():
    # Half of each person's documents hold nothing of their own, so single ones tell nothing.
    folk = documents_of(60)
    plain = folk.assign(text="pizza toy1")
    found = found_by_check(
        expected_leaks(pd.concat([folk, plain], ignore_index=True), decoys=["Quillon"], seed=0)
    )
    assert found["vocabulary attack on people, by private words and pairs: AUC"] == ("1.000", True)


def test_counts_that_idf_does_not_give_back_fail(documents):
    opened = private_terms()(documents, 0)
    assert _document_counts(documents["text"].tolist(), opened)[3]
    blurred = replace(
        opened, content=opened.content | {"words.idf": np.round(opened.content["words.idf"], 1)}
    )
    assert not _document_counts(documents["text"].tolist(), blurred)[3]


def test_a_corpus_of_too_few_senders_is_refused(tmp_path, small_corpus, capsys):
    assert main(["corpus", "generate", "--scale", "0.002", "--out", str(tmp_path / "c")]) == 0
    capsys.readouterr()
    assert main(["privacy", "check", str(tmp_path / "c")]) == 2
    assert "an attack needs at least 20" in capsys.readouterr().err
