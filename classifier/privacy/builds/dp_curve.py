"""What does a promise of differential privacy cost in detection? The AUC of models trained with noise, over many draws of the noise, at each epsilon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

from classifier.privacy.builds.dp_logistic import Method, Weights, capped, fit_plain, fit_private
from classifier.privacy.builds.vocabulary import bounded_rows, plain, public_vocabulary
from classifier.privacy.policies.release import lot
from classifier.progress import ProgressBar, no_progress_bar
from classifier.taxonomy import LABELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from scipy.sparse import csr_array

EPSILONS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
METHODS: tuple[Method, ...] = get_args(Method)
REGULARISATION = 1e-3
"""The penalty, fixed beforehand: one chosen on the text would spend a budget of its own."""


@dataclass(frozen=True)
class Rows:
    """Texts as ``rows`` over the public vocabulary, each of length at most 1, and 0/1 ``labels`` of shape (texts, labels)."""

    rows: csr_array
    labels: NDArray[np.int64]


def drawn_texts(documents: pd.DataFrame, *, cap: int, n_rows: int, seed: int) -> pd.DataFrame:
    """At most ``cap`` documents of each ``person``, and of these at most ``n_rows``: all by lot, nobody's draw depending on another's."""
    own = documents.iloc[capped(documents["person"].tolist(), cap=cap, seed=seed)]
    if len(own) <= n_rows:
        return own
    order = np.argsort([lot(seed, "rows", str(number)) for number in range(len(own))], kind="stable")
    return own.iloc[np.sort(order[:n_rows])]


def public_rows(
    documents: pd.DataFrame,
    *,
    prepare: Callable[[str], str] = plain,
    vocabulary: Sequence[str] = public_vocabulary(),
    labels: Sequence[str] = LABELS,
) -> Rows:
    """``documents`` (columns ``text`` and a 0/1 column a label) as rows over a vocabulary that was chosen without them."""
    return Rows(
        bounded_rows(documents["text"].tolist(), vocabulary, prepare=prepare),
        documents[list(labels)].to_numpy(dtype=np.int64),
    )


def mean_auc(weights: Weights, test: Rows) -> float:
    """The area under the ROC curve, averaged over the labels that some rows carry and some do not; nan when there is none.

    >>> from scipy.sparse import csr_array
    >>> test = Rows(csr_array(np.eye(2)), np.array([[1], [0]]))
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
    """Mann & Whitney (1947): how often a row that carries the label scores higher than one that does not, ties counting half."""
    from scipy.stats import rankdata

    n = int(carried.sum())
    return float((rankdata(score)[carried].sum() - n * (n + 1) / 2) / (n * (len(carried) - n)))


def dp_curve(
    train: Rows,
    test: Rows,
    *,
    epsilons: Sequence[float] = EPSILONS,
    methods: Sequence[Method] = METHODS,
    regularisation: float = REGULARISATION,
    n_seeds: int = 20,
    seed: int = 0,
    n_jobs: int = 1,
    progress: ProgressBar = no_progress_bar,
) -> pd.DataFrame:
    """Models fitted on ``train`` with noise, ``n_seeds`` draws of it at each epsilon (of a row, all labels together), and what they make of ``test``.

    Columns: ``method`` ("plain" first, its ``epsilon`` infinite), ``epsilon``, ``auc`` (mean over labels, and over seeds), ``auc_low`` and ``auc_high`` (the middle 95 %
    of the seeds: how far one draw of the noise may lie, not what another test set would give; of "plain" the value itself), and
    ``n_seeds``. The result does not depend on ``n_jobs``.
    """
    plain_auc = mean_auc(fit_plain(train.rows, train.labels, regularisation=regularisation), test)
    settings = [
        (method, epsilon, seed + number)
        for method in methods
        for epsilon in epsilons
        for number in range(n_seeds)
    ]
    work = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_noisy_auc)(train, test, *setting, regularisation) for setting in settings
    )
    areas = np.array(list(progress(work, label="fitting with noise", length=len(settings)))).reshape(
        len(methods), len(epsilons), n_seeds
    )
    table = [("plain", np.inf, plain_auc, plain_auc, plain_auc, 1)]
    for method, of_method in zip(methods, areas, strict=True):
        for epsilon, of_epsilon in zip(epsilons, of_method, strict=True):
            low, high = np.quantile(of_epsilon, [0.025, 0.975])
            table.append((method, float(epsilon), float(of_epsilon.mean()), float(low), float(high), n_seeds))
    return pd.DataFrame(table, columns=["method", "epsilon", "auc", "auc_low", "auc_high", "n_seeds"])


def _noisy_auc(
    train: Rows, test: Rows, method: Method, epsilon: float, seed: int, regularisation: float
) -> float:
    return mean_auc(
        fit_private(
            train.rows, train.labels, method=method, epsilon=epsilon, regularisation=regularisation, seed=seed
        ),
        test,
    )
