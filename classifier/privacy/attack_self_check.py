"""Self-check of the attacks on models of private text.

Such a model leaks in known ways, and one over a public list does not.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.evaluation.rates import Rate
from classifier.privacy.attacks.attack_table import blind_scores
from classifier.privacy.attacks.membership_documents import random_membership
from classifier.privacy.attacks.membership_inference import loss_scores, membership_figures, vocabulary_scores
from classifier.privacy.attacks.name_recovery import names_found
from classifier.privacy.model_variants.fit_variants import (
    people_vocabulary,
    salt_from_seed,
    standard_variants,
)
from classifier.privacy.model_variants.inspected_model import InspectedModel
from classifier.privacy.model_variants.vocabulary import plain_spelling, words_and_pairs
from classifier.taxonomy import LABELS


class Check(NamedTuple):
    """A check: what, expected, found, and whether it holds."""

    what: str
    expected: str
    found: str
    holds: bool


def expected_leaks(documents: pd.DataFrame, *, decoys: Collection[str], seed: int) -> Iterator[Check]:
    """Checks of attacks whose outcome is known.

    They are on models of private text, of hashed text and of a public list. ``documents`` has the columns of
    ``attacks.membership_documents``; ``decoys`` are names that no document holds. "By chance" allows three
    standard errors.
    """
    member, senders = documents["member"].to_numpy(dtype=bool), documents["sender"].tolist()
    texts, truth = documents["text"].tolist(), documents[list(LABELS)].to_numpy()
    variants = standard_variants(salt=salt_from_seed(seed))
    models = {
        key: variants[key](documents[member], seed)
        for key in ("private/plain", "hashed-18/plain", "hashed-18-salted/plain", "public/plain")
    }

    def auc_and_margin(score: NDArray[np.float64], marks: NDArray[np.bool_]) -> tuple[float, float]:
        """The AUC, and three standard errors of it."""
        figures = membership_figures(marks, score, senders)
        return figures.auc, 3.0 * (figures.auc_high - figures.auc_low) / (2.0 * 1.96)

    def by_chance(what: str, score: NDArray[np.float64], marks: NDArray[np.bool_] = member) -> Check:
        auc, margin = auc_and_margin(score, marks)
        return Check(what, f"0.5 ± {margin:.3f}", f"{auc:.3f}", abs(auc - 0.5) <= margin)

    def at_least(lowest: float, what: str, score: NDArray[np.float64]) -> Check:
        auc, _ = auc_and_margin(score, member)
        return Check(what, f"at least {lowest:.2f}", f"{auc:.3f}", auc >= lowest)

    yield by_chance("an attack that sees no model: AUC", blind_scores(texts, member, senders, seed=seed))
    private = vocabulary_scores(models["private/plain"], texts)
    yield _people_by_vocabulary(documents, private)
    other_half = random_membership(senders, seed=seed + 1)
    yield by_chance("the same with membership drawn at random again: AUC", private, other_half)
    public = vocabulary_scores(models["public/plain"], texts)
    yield by_chance("vocabulary attack on a public list: AUC", public)
    loss = loss_scores(models["private/plain"].probabilities(texts), truth)
    yield at_least(0.70, "loss attack on an over-fitted model: AUC", loss)
    yield from _names(documents[member], models, decoys)
    yield _document_counts(documents.loc[member, "text"].tolist(), models["private/plain"])


def _people_by_vocabulary(documents: pd.DataFrame, score: NDArray[np.float64]) -> Check:
    """The vocabulary attack on people: a person's least known document decides.

    All words of a short conversation may be others' too, since members and others say the same dialogues, so
    the attack on single conversations finds fewer the smaller the corpus. A person is in training with all
    conversations or with none.
    """
    people = documents.assign(score=score).groupby("sender")[["member", "score"]].min()
    member = people["member"].to_numpy(dtype=bool)
    auc = membership_figures(member, people["score"].to_numpy(), people.index.to_numpy()).auc
    what = "vocabulary attack on people, by private words and pairs: AUC"
    return Check(what, "at least 0.95", f"{auc:.3f}", auc >= 0.95)


def _names(
    members: pd.DataFrame, models: Mapping[str, InspectedModel], decoys: Collection[str]
) -> Iterator[Check]:
    names = sorted({plain_spelling(name) for of_document in members["names"] for name in of_document})
    read = names_found(models["private/plain"], "names_read", names=names, decoys=decoys)
    yield Check(
        "names read in a private vocabulary",
        "at least 95 %, next to no decoy",
        f"{read.found}, decoys {read.decoys}",
        read.found.value >= 0.95 and read.decoys.value <= 0.05,
    )
    yield _names_in_packed_bytes(names, models["private/plain"])
    unsalted, salted = (
        names_found(models[key], "names_tried", names=names, decoys=decoys)
        for key in ("hashed-18/plain", "hashed-18-salted/plain")
    )
    yield Check(
        "names tried on unsalted hashes",
        "at least 95 %: a list of names undoes them",
        f"{unsalted.found}, decoys {unsalted.decoys}",
        unsalted.found.value >= 0.95 and unsalted.decoys.value < 0.5,
    )
    # Of few names a share is uncertain by more than a tenth.
    share, n = (salted.found.hits + salted.decoys.hits) / (salted.found.n + salted.decoys.n), salted.found.n
    margin = 3.0 * math.sqrt(share * (1.0 - share) * (1.0 / n + 1.0 / salted.decoys.n))
    yield Check(
        "names tried on salted hashes",
        f"no more than decoys + {margin:.3f}",
        f"{salted.found}, decoys {salted.decoys}",
        salted.found.value <= salted.decoys.value + margin,
    )
    yield _names_in_common_terms(names, members)


def _names_in_packed_bytes(names: Sequence[str], model: InspectedModel) -> Check:
    content = model.content
    assert isinstance(content, dict)
    packed = zlib.compress(content["words.terms"].tobytes())
    # Three letters can stand in packed bytes by chance.
    long_names = [name for name in names if len(name) > 3]
    found = Rate(sum(name.encode() in packed for name in long_names), len(long_names))
    return Check(
        "the same names in the bytes of the packed file",
        "none, although all are there",
        str(found),
        found.hits == 0,
    )


def _names_in_common_terms(names: Sequence[str], members: pd.DataFrame) -> Check:
    terms = [words_and_pairs(plain_spelling(text)) for text in members["text"]]
    of_2_documents = set(people_vocabulary(terms, range(len(members)), min_people=2))
    of_10_senders = set(people_vocabulary(terms, members["sender"].tolist(), min_people=10))
    by_documents, by_senders = (
        Rate(sum(name in kept for name in names), len(names)) for kept in (of_2_documents, of_10_senders)
    )
    return Check(
        "names left by a minimum of 2 documents, and of 10 people",
        "some; fewer",
        f"{by_documents} with 2 documents, {by_senders} with 10 people",
        by_senders.hits < by_documents.hits,
    )


def _document_counts(texts: Sequence[str], model: InspectedModel) -> Check:
    """The document counts that idf gives back.

    idf = ln((1 + n) / (1 + count)) + 1 in scikit-learn.
    """
    content = model.content
    assert isinstance(content, dict)
    counts = (1 + len(texts)) / np.exp(content["words.idf"] - 1.0) - 1.0
    all_terms = bytes(content["words.terms"])
    ends = content["words.ends"].tolist()
    terms = [all_terms[start:end].decode() for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    terms_of_texts = [term for text in texts for term in set(words_and_pairs(plain_spelling(text)))]
    true_counts = pd.Series(terms_of_texts).value_counts().reindex(terms).to_numpy()
    exact = Rate(int((np.abs(counts - true_counts) < 1e-6).sum()), len(terms))
    return Check("terms whose number of documents idf gives back", "all", str(exact), exact.hits == exact.n)
