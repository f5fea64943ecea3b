"""Which ways of building a model leak less? The variants that are attacked beside each other: private terms, hashed ones, a public list, and noise on the weights.

Each is a function of training documents and a seed that gives the model as its holder opens it. Documents are a table with the columns ``text``, ``person`` and one
0/1 column a label. All variants count words and pairs and are fitted by the same solver, so that they differ in their features and their noise alone; a project's own
model is attacked by writing one such function for it.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.privacy.builds.dp_logistic import Method, Weights, capped, fit_plain, fit_private
from classifier.privacy.builds.dp_statement import dp_statement
from classifier.privacy.builds.opened import OpenedModel
from classifier.privacy.builds.vocabulary import (
    bounded_rows,
    plain,
    public_vocabulary,
    unit_rows,
    words_and_pairs,
)
from classifier.taxonomy import LABELS

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FitVariant = Callable[[pd.DataFrame, int], OpenedModel]
Prepare = Callable[[str], str]


def private_terms(
    *, min_people: int = 1, C: float = 4.0, prepare: Prepare = plain, labels: Sequence[str] = LABELS
) -> FitVariant:
    """TF-IDF over the terms that at least ``min_people`` people used in training: the usual model. ``C`` is scikit-learn's."""

    def fit(documents: pd.DataFrame, seed: int) -> OpenedModel:
        from sklearn.feature_extraction.text import TfidfVectorizer

        def terms_of(text: str) -> list[str]:
            return words_and_pairs(prepare(text))

        texts = documents["text"].tolist()
        vocabulary = people_vocabulary(
            [terms_of(text) for text in texts], documents["person"].tolist(), min_people=min_people
        )
        vectoriser = TfidfVectorizer(analyzer=terms_of, vocabulary=vocabulary, sublinear_tf=True)
        weights = _plainly(vectoriser.fit_transform(texts), documents[list(labels)].to_numpy(), C)
        encoded = [term.encode() for term in vocabulary]
        return OpenedModel(
            features=terms_of,
            known=frozenset(vocabulary),
            probabilities=lambda texts: weights.probabilities(vectoriser.transform(list(texts))),
            content={
                "words.terms": np.frombuffer(b"".join(encoded), dtype=np.uint8),
                "words.ends": np.cumsum([len(term) for term in encoded]),
                "words.idf": vectoriser.idf_,
                "coef": weights.coef,
                "intercept": weights.intercept,
            },
            statement=dp_statement(
                epsilon_per_label=math.inf,
                n_labels=len(labels),
                unit="document",
                cap=1,
                vocabulary=vocabulary,
            ),
        )

    return fit


def hashed_terms(
    *,
    bits: int = 18,
    salt: bytes = b"",
    salt_known: bool = False,
    C: float = 4.0,
    prepare: Prepare = plain,
    labels: Sequence[str] = LABELS,
) -> FitVariant:
    """Terms hashed into 2**bits cells, with no vocabulary. A holder who does not know the ``salt`` can only hash without one.

    A salt protects as long as it is kept from whoever holds the file. On a device that scores by itself it lies beside the model: that is ``salt_known``.
    """

    def fit(documents: pd.DataFrame, seed: int) -> OpenedModel:
        def cells(text: str, key: bytes) -> set[int]:
            return {_cell(term, key, bits) for term in words_and_pairs(prepare(text))}

        def rows(texts: Sequence[str]) -> csr_array:
            return unit_rows((cells(text, salt) for text in texts), 2**bits)

        weights = _plainly(rows(documents["text"].tolist()), documents[list(labels)].to_numpy(), C)
        return OpenedModel(
            features=lambda text: cells(text, salt if salt_known else b""),
            known=frozenset(np.flatnonzero((weights.coef != 0).any(axis=0)).tolist()),
            probabilities=lambda texts: weights.probabilities(rows(texts)),
            content={"coef": weights.coef, "intercept": weights.intercept}
            | ({"salt": salt} if salt_known else {}),
            statement=dp_statement(
                epsilon_per_label=math.inf, n_labels=len(labels), unit="document", cap=1, vocabulary=None
            ),
        )

    return fit


def public_terms(
    *,
    C: float = 4.0,
    prepare: Prepare = plain,
    labels: Sequence[str] = LABELS,
    vocabulary: Sequence[str] = public_vocabulary(),
) -> FitVariant:
    """The public vocabulary, fitted plainly: nothing of the text but its weights, and no promise about those."""

    def fit(documents: pd.DataFrame, seed: int) -> OpenedModel:
        weights = _plainly(
            bounded_rows(documents["text"].tolist(), vocabulary, prepare=prepare),
            documents[list(labels)].to_numpy(),
            C,
        )
        return _opened_public(weights, vocabulary, prepare, epsilon=math.inf, cap=1, n_labels=len(labels))

    return fit


def private_weights(
    *,
    epsilon: float,
    cap: int,
    method: Method = "objective_perturbation",
    regularisation: float = 1e-3,
    prepare: Prepare = plain,
    labels: Sequence[str] = LABELS,
    vocabulary: Sequence[str] = public_vocabulary(),
) -> FitVariant:
    """The public vocabulary with noise: ``epsilon`` for a document, all labels together; at most ``cap`` documents of a person are used, by lot."""

    def fit(documents: pd.DataFrame, seed: int) -> OpenedModel:
        used = documents.iloc[capped(documents["person"].tolist(), cap=cap, seed=seed)]
        rows = bounded_rows(used["text"].tolist(), vocabulary, prepare=prepare)
        weights = fit_private(
            rows,
            used[list(labels)].to_numpy(),
            method=method,
            epsilon=epsilon,
            regularisation=regularisation,
            seed=seed,
        )
        return _opened_public(weights, vocabulary, prepare, epsilon=epsilon, cap=cap, n_labels=len(labels))

    return fit


def standard_variants(
    *,
    salt: bytes,
    epsilons: Sequence[float] = (1.0, 8.0),
    cap: int = 1,
    bits: int = 18,
    prepare: Prepare = plain,
    labels: Sequence[str] = LABELS,
) -> dict[str, FitVariant]:
    """The variants of the privacy report, named as ``Policy.model_key`` names them; ``salt`` should be drawn in secret.

    >>> list(standard_variants(salt=b"pizza"))[:5]
    ['private/plain', 'private-3/plain', 'private-10/plain', 'hashed-18/plain', 'hashed-18-salted/plain']
    """
    variants = {
        f"private{f'-{people}' if people > 1 else ''}/plain": private_terms(
            min_people=people, prepare=prepare, labels=labels
        )
        for people in (1, 3, 10)
    }
    variants[f"hashed-{bits}/plain"] = hashed_terms(bits=bits, prepare=prepare, labels=labels)
    variants[f"hashed-{bits}-salted/plain"] = hashed_terms(
        bits=bits, salt=salt, prepare=prepare, labels=labels
    )
    variants["public/plain"] = public_terms(prepare=prepare, labels=labels)
    for epsilon in epsilons:
        variants[f"public/objective_perturbation-{epsilon:g}-cap{cap}"] = private_weights(
            epsilon=epsilon, cap=cap, prepare=prepare, labels=labels
        )
    return variants


def salt_of(seed: int) -> bytes:
    """A salt for an experiment that must come out the same twice. It is no secret: whoever knows the seed knows it."""
    return hashlib.sha256(f"salt {seed}".encode()).digest()[:16]


def people_vocabulary(
    terms: Sequence[Sequence[str]], people: Sequence[Hashable], *, min_people: int
) -> tuple[str, ...]:
    """The terms, sorted, that at least ``min_people`` different people used. Documents are not counted: one person may write many.

    Raises ``ValueError`` when no term is left.

    >>> people_vocabulary([["pizza", "zola"], ["zola"], ["pizza"]], ["ayo", "ayo", "mei"], min_people=2)
    ('pizza',)
    """
    users: defaultdict[str, set[Hashable]] = defaultdict(set)
    for own, person in zip(terms, people, strict=True):
        for term in own:
            users[term].add(person)
    vocabulary = tuple(sorted(term for term, using in users.items() if len(using) >= min_people))
    if not vocabulary:
        raise ValueError(
            f"no term was used by {min_people} people, in {len(terms)} documents of {len(set(people))}"
        )
    return vocabulary


def _plainly(rows: csr_array, labels: NDArray[np.int64], C: float) -> Weights:
    """Fitted without noise at scikit-learn's ``C``; see ``dp.with_constant`` for the factor 2."""
    return fit_plain(rows, labels, regularisation=1.0 / (2.0 * C * len(labels)))


def _cell(term: str, key: bytes, bits: int) -> int:
    return int.from_bytes(
        hashlib.blake2b(term.encode("utf-8", "surrogatepass"), key=key, digest_size=8).digest(), "big"
    ) % (1 << bits)


def _opened_public(
    weights: Weights, vocabulary: Sequence[str], prepare: Prepare, *, epsilon: float, cap: int, n_labels: int
) -> OpenedModel:
    return OpenedModel(
        features=lambda text: words_and_pairs(prepare(text)),
        known=frozenset(vocabulary),
        probabilities=lambda texts: weights.probabilities(
            bounded_rows(list(texts), vocabulary, prepare=prepare)
        ),
        content={"vocabulary": tuple(vocabulary), "coef": weights.coef, "intercept": weights.intercept},
        statement=dp_statement(
            epsilon_per_label=epsilon / n_labels,
            n_labels=n_labels,
            unit="document",
            cap=cap,
            vocabulary=vocabulary,
        ),
    )
