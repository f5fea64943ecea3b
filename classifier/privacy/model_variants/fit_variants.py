"""Ways of building a model that are attacked beside each other.

They are private terms, hashed terms, a public vocabulary, and a public vocabulary with noise on the weights.
Each is a function of training documents and a seed; it returns the model as the holder of its file sees it.
Documents are a table with the columns ``text``, ``sender`` and one 0/1 column for each label. All variants
count words and word pairs and minimise the same loss, so they differ in their features, penalty and noise
alone. A project attacks a model of its own by writing one such function for it.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from classifier.privacy.model_variants.dp_logistic import (
    Method,
    Weights,
    fit_plain,
    fit_private,
)
from classifier.privacy.model_variants.dp_statement import dp_statement
from classifier.privacy.model_variants.inspected_model import InspectedModel
from classifier.privacy.model_variants.person_cap import people_of, positions_within_cap
from classifier.privacy.model_variants.tf_idf import term_counts, tf_idf
from classifier.privacy.model_variants.vocabulary import (
    columns_of_terms,
    plain_spelling,
    public_vocabulary,
    remembered,
    unit_rows,
    words_and_pairs,
)
from classifier.taxonomy import LABELS

T = TypeVar("T", str, int)

FitVariant = Callable[[pd.DataFrame, int], InspectedModel]
Prepare = Callable[[str], str]


def private_terms(
    *, min_people: int = 1, C: float = 4.0, prepare: Prepare = plain_spelling, labels: Sequence[str] = LABELS
) -> FitVariant:
    """TF-IDF over a vocabulary fitted on the training text.

    This is the usual model. The terms are those in the documents of at least ``min_people`` senders. ``C``
    is scikit-learn's.
    """
    number_of: dict[str, int] = {}

    def terms_of(text: str) -> list[str]:
        return words_and_pairs(prepare(text))

    @remembered
    def counted(text: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The numbers of a text's terms, and how often each stands in it."""
        counts = Counter(number_of.setdefault(term, len(number_of)) for term in terms_of(text))
        return np.array(list(counts), dtype=np.int32), np.array(list(counts.values()), dtype=np.int32)

    def fit(documents: pd.DataFrame, seed: int) -> InspectedModel:
        texts = documents["text"].tolist()
        numbers = [counted(text)[0].tolist() for text in texts]
        kept = people_vocabulary(numbers, documents["sender"].tolist(), min_people=min_people)
        term_of = list(number_of)
        vocabulary, ordered = zip(*sorted((term_of[number], number) for number in kept), strict=True)
        column_of = np.full(len(number_of), -1)
        column_of[list(ordered)] = np.arange(len(ordered))

        def rows(texts: Sequence[str]) -> csr_array:
            return term_counts([counted(text) for text in texts], column_of, len(vocabulary))

        fitted = rows(texts)
        idf = (
            np.log((1.0 + len(texts)) / (1.0 + np.bincount(fitted.indices, minlength=len(vocabulary)))) + 1.0
        )
        weights = _plain_weights(tf_idf(fitted, idf), documents[list(labels)].to_numpy(), C)
        encoded = [term.encode() for term in vocabulary]
        return InspectedModel(
            features=terms_of,
            trained_features=frozenset(vocabulary),
            probabilities=lambda texts: weights.probabilities(tf_idf(rows(texts), idf)),
            content={
                "words.terms": np.frombuffer(b"".join(encoded), dtype=np.uint8),
                "words.ends": np.cumsum([len(term) for term in encoded]),
                "words.idf": idf,
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
    prepare: Prepare = plain_spelling,
    labels: Sequence[str] = LABELS,
) -> FitVariant:
    """Terms hashed into 2**bits cells, with no vocabulary.

    A holder who does not know the ``salt`` can only hash without one. It protects as long as it is kept
    from the holder of the file. On a device that scores by itself it lies beside the model: this is
    ``salt_known``.
    """

    def cells(text: str, key: bytes) -> set[int]:
        return {_hash_cell(term, key, bits) for term in words_and_pairs(prepare(text))}

    @remembered
    def columns(text: str) -> NDArray[np.int32]:
        return np.array(sorted(cells(text, salt)), dtype=np.int32)

    def rows(texts: Sequence[str]) -> csr_array:
        return unit_rows(map(columns, texts), 2**bits)

    def fit(documents: pd.DataFrame, seed: int) -> InspectedModel:
        weights = _plain_weights(rows(documents["text"].tolist()), documents[list(labels)].to_numpy(), C)
        return InspectedModel(
            features=lambda text: cells(text, salt if salt_known else b""),
            trained_features=frozenset(np.flatnonzero((weights.coef != 0).any(axis=0)).tolist()),
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
    prepare: Prepare = plain_spelling,
    labels: Sequence[str] = LABELS,
    vocabulary: Sequence[str] = public_vocabulary(),
) -> FitVariant:
    """The public vocabulary, fitted without noise.

    The file holds nothing of the text but the weights, and no differential privacy is claimed for those.
    """
    rows = _remembered_rows(vocabulary, prepare)

    def fit(documents: pd.DataFrame, seed: int) -> InspectedModel:
        weights = _plain_weights(rows(documents["text"].tolist()), documents[list(labels)].to_numpy(), C)
        return _inspected_public_model(
            weights, vocabulary, prepare, rows, epsilon=math.inf, cap=1, n_labels=len(labels)
        )

    return fit


def private_weights(
    *,
    epsilon: float,
    cap: int,
    method: Method = "objective_perturbation",
    regularisation: float = 1e-3,
    prepare: Prepare = plain_spelling,
    labels: Sequence[str] = LABELS,
    vocabulary: Sequence[str] = public_vocabulary(),
) -> FitVariant:
    """The public vocabulary, fitted with noise.

    ``epsilon`` is that of a document, all labels together; at most ``cap`` random documents of each person,
    ``sender`` and ``contact`` alike, are used.
    """
    rows = _remembered_rows(vocabulary, prepare)

    def fit(documents: pd.DataFrame, seed: int) -> InspectedModel:
        used = documents.iloc[positions_within_cap(*people_of(documents), cap=cap, seed=seed)]
        weights = fit_private(
            rows(used["text"].tolist()),
            used[list(labels)].to_numpy(),
            method=method,
            epsilon=epsilon,
            regularisation=regularisation,
            seed=seed,
        )
        return _inspected_public_model(
            weights, vocabulary, prepare, rows, epsilon=epsilon, cap=cap, n_labels=len(labels)
        )

    return fit


def standard_variants(
    *,
    salt: bytes,
    epsilons: Sequence[float] = (1.0, 8.0),
    cap: int = 1,
    bits: int = 18,
    prepare: Prepare = plain_spelling,
    labels: Sequence[str] = LABELS,
) -> dict[str, FitVariant]:
    """The variants of the privacy report, named as in ``Policy.model_key``.

    ``salt`` should be drawn in secret.

    >>> list(standard_variants(salt=b"pizza"))[:5]
    ['private/plain', 'private-3/plain', 'private-10/plain', 'hashed-18/plain', 'hashed-18-salted/plain']
    """
    hashed = hashed_terms(bits=bits, prepare=prepare, labels=labels)
    salted = hashed_terms(bits=bits, salt=salt, prepare=prepare, labels=labels)
    noisy = {
        f"public/objective_perturbation-{epsilon:g}-cap{cap}": private_weights(
            epsilon=epsilon, cap=cap, prepare=prepare, labels=labels
        )
        for epsilon in epsilons
    }
    return {
        "private/plain": private_terms(prepare=prepare, labels=labels),
        "private-3/plain": private_terms(min_people=3, prepare=prepare, labels=labels),
        "private-10/plain": private_terms(min_people=10, prepare=prepare, labels=labels),
        f"hashed-{bits}/plain": hashed,
        f"hashed-{bits}-salted/plain": salted,
        "public/plain": public_terms(prepare=prepare, labels=labels),
    } | noisy


def salt_from_seed(seed: int) -> bytes:
    """A salt for a reproducible experiment; the seed gives it away."""
    return hashlib.sha256(f"salt {seed}".encode()).digest()[:16]


def people_vocabulary(
    terms: Sequence[Sequence[T]], people: Sequence[Hashable], *, min_people: int
) -> tuple[T, ...]:
    """The terms, sorted, in the documents of at least ``min_people`` different people.

    ``terms`` and ``people`` are those of each document. Documents are not counted, since one person may write
    many. Where a document is a conversation and its person the sender, the words of both who talk count once,
    for the sender: a term of two people in one conversation has one. So a term that is left stood in the
    conversations of ``min_people`` senders, whoever wrote it; that is no promise that so many people wrote
    it, nor that it names nobody: many may write one person's name, and one person may write to many senders.
    Raises ``ValueError`` when no term is left.

    >>> people_vocabulary([["pizza", "zola"], ["zola"], ["pizza"]], ["ayo", "ayo", "mei"], min_people=2)
    ('pizza',)
    """
    terms_of: defaultdict[Hashable, set[T]] = defaultdict(set)
    for document_terms, person in zip(terms, people, strict=True):
        terms_of[person].update(document_terms)
    n_people: Counter[T] = Counter()
    for of_person in terms_of.values():
        n_people.update(of_person)
    vocabulary = tuple(sorted(term for term, n in n_people.items() if n >= min_people))
    if not vocabulary:
        raise ValueError(
            f"no term was used by {min_people} people, in {len(terms)} documents of {len(set(people))}"
        )
    return vocabulary


def _plain_weights(rows: csr_array, labels: NDArray[np.int64], C: float) -> Weights:
    """Weights fitted without noise at scikit-learn's ``C``.

    By liblinear, some twenty times as fast on private terms as the exact minimum that noise needs. It
    penalises the intercept, as the noisy fit does. A label that all rows carry, or none, has no regression
    there and takes the exact minimum.
    """
    from sklearn.linear_model import LogisticRegression

    coef, intercept = np.zeros((labels.shape[1], rows.shape[1])), np.zeros(labels.shape[1])
    for label, column in enumerate(labels.T):
        if len(np.unique(column)) == 2:
            regression = LogisticRegression(
                C=C, solver="liblinear", dual=True, tol=1e-5, max_iter=10_000, random_state=0
            ).fit(rows, column)
            coef[label], intercept[label] = regression.coef_[0], regression.intercept_[0]
        else:
            # The factor 2 accounts for the scaling of ``dp_logistic.with_intercept_column``.
            alike = fit_plain(rows, column[:, np.newaxis], regularisation=1.0 / (2.0 * C * len(labels)))
            coef[label], intercept[label] = alike.coef[0], alike.intercept[0]
    return Weights(coef, intercept)


def _hash_cell(term: str, key: bytes, bits: int) -> int:
    digest = hashlib.blake2b(term.encode("utf-8", "surrogatepass"), key=key, digest_size=8).digest()
    return int.from_bytes(digest, "big") % (1 << bits)


def _remembered_rows(vocabulary: Sequence[str], prepare: Prepare) -> Callable[[Sequence[str]], csr_array]:
    """``bounded_rows`` that looks up the terms of a text once."""
    columns = remembered(columns_of_terms(vocabulary, prepare))
    return lambda texts: unit_rows(map(columns, texts), len(vocabulary))


def _inspected_public_model(
    weights: Weights,
    vocabulary: Sequence[str],
    prepare: Prepare,
    rows: Callable[[Sequence[str]], csr_array],
    *,
    epsilon: float,
    cap: int,
    n_labels: int,
) -> InspectedModel:
    return InspectedModel(
        features=lambda text: words_and_pairs(prepare(text)),
        trained_features=frozenset(vocabulary),
        probabilities=lambda texts: weights.probabilities(rows(texts)),
        content={"vocabulary": tuple(vocabulary), "coef": weights.coef, "intercept": weights.intercept},
        statement=dp_statement(
            epsilon_per_label=epsilon / n_labels,
            n_labels=n_labels,
            unit="document",
            cap=cap,
            vocabulary=vocabulary,
        ),
    )
