"""AUC of differentially private models by epsilon."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import get_args

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.stats import rankdata

from classifier.privacy.model_variants.dp_logistic import (
    Method,
    Weights,
    fit_plain,
    fit_private,
)
from classifier.privacy.model_variants.vocabulary import bounded_rows, plain_spelling, public_vocabulary
from classifier.privacy.uniform_draw import stream_seed
from classifier.progress import ProgressBar, no_progress_bar
from classifier.taxonomy import LABELS

EPSILONS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
METHODS: tuple[Method, ...] = get_args(Method)
REGULARISATION = 1e-3
"""The penalty, fixed beforehand: choosing it on the text would spend a privacy budget of its own."""


@dataclass(frozen=True)
class LabelledDocuments:
    """Documents as rows over a vocabulary, with their labels.

    ``rows``, shape (documents, terms), have a length of at most 1; ``labels``, shape (documents, labels), are
    0/1.
    """

    rows: csr_array
    labels: NDArray[np.int64]


def labelled_documents(
    documents: pd.DataFrame,
    *,
    prepare: Callable[[str], str] = plain_spelling,
    vocabulary: Sequence[str] = public_vocabulary(),
    labels: Sequence[str] = LABELS,
) -> LabelledDocuments:
    """Documents as rows over a vocabulary that was chosen without them.

    ``documents`` has the column ``text`` and one 0/1 column for each of ``labels``. ``prepare`` maps a text
    to the spelling of the vocabulary.
    """
    return LabelledDocuments(
        bounded_rows(documents["text"].tolist(), vocabulary, prepare=prepare),
        documents[list(labels)].to_numpy(dtype=np.int64),
    )


def mean_auc(weights: Weights, test: LabelledDocuments) -> float:
    """The area under the ROC curve, averaged over labels.

    A label counts when some rows carry it and some do not; nan without any such label.

    >>> from scipy.sparse import csr_array
    >>> test = LabelledDocuments(csr_array(np.eye(2)), np.array([[1], [0]]))
    >>> mean_auc(Weights(np.array([[2.0, -2.0]]), np.zeros(1)), test)
    1.0
    """
    scores = test.rows @ weights.coef.T
    areas = [
        _auc(carried, score)
        for carried, score in zip(test.labels.T.astype(bool), scores.T, strict=True)
        if 0 < carried.sum() < len(carried)
    ]
    return float(np.mean(areas)) if areas else float("nan")


def _auc(carried: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """The area under the ROC curve (Mann & Whitney 1947).

    The probability that a row with the label scores higher than one without; ties count half.
    """
    n = int(carried.sum())
    return float((rankdata(score)[carried].sum() - n * (n + 1) / 2) / (n * (len(carried) - n)))


def dp_curve(
    train: LabelledDocuments,
    test: LabelledDocuments,
    *,
    epsilons: Sequence[float] = EPSILONS,
    methods: Sequence[Method] = METHODS,
    regularisation: float = REGULARISATION,
    n_seeds: int = 20,
    seed: int = 0,
    n_jobs: int = 1,
    progress: ProgressBar = no_progress_bar,
) -> pd.DataFrame:
    """Test AUC of models with noise, by method and epsilon.

    Models are fitted on ``train``. The noise is drawn ``n_seeds`` times for each, and no draw is shared by
    two methods, two epsilons or two seeds. ``epsilons`` are those of
    one row, all labels together. The result does not depend on ``n_jobs``.

    Columns: ``method`` ("plain" first, its ``epsilon`` infinite), ``epsilon``, ``auc`` (mean over labels
    and seeds), ``auc_low`` and ``auc_high``, and ``n_seeds``. The bounds are the middle 95 % of the seeds:
    how far one draw of the noise may lie, not what another test set would give. For "plain" they are the
    value itself.
    """
    plain_auc = mean_auc(fit_plain(train.rows, train.labels, regularisation=regularisation), test)
    settings = [
        (method, epsilon, stream_seed(seed, "noise", method, float(epsilon), number))
        for method, epsilon, number in product(methods, epsilons, range(n_seeds))
    ]
    work = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_noisy_auc)(train, test, *setting, regularisation) for setting in settings
    )
    finished = list(progress(work, label="fitting with noise", length=len(settings)))
    areas = np.array(finished).reshape(len(methods), len(epsilons), n_seeds)
    table = [("plain", np.inf, plain_auc, plain_auc, plain_auc, 1)]
    for method, of_method in zip(methods, areas, strict=True):
        for epsilon, of_epsilon in zip(epsilons, of_method, strict=True):
            low, high = np.quantile(of_epsilon, [0.025, 0.975])
            table.append((method, float(epsilon), float(of_epsilon.mean()), float(low), float(high), n_seeds))
    return pd.DataFrame(table, columns=["method", "epsilon", "auc", "auc_low", "auc_high", "n_seeds"])


def _noisy_auc(
    train: LabelledDocuments,
    test: LabelledDocuments,
    method: Method,
    epsilon: float,
    seed: int,
    regularisation: float,
) -> float:
    weights = fit_private(
        train.rows, train.labels, method=method, epsilon=epsilon, regularisation=regularisation, seed=seed
    )
    return mean_auc(weights, test)
