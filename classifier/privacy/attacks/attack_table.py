"""Every attack on every way of building a model.

Each figure stands beside what chance gives.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray

from classifier.privacy.attacks.canary_exposure import Canaries, exposure_bits, exposure_by_chance
from classifier.privacy.attacks.membership_documents import check_documents
from classifier.privacy.attacks.membership_inference import (
    confidences,
    lira_scores,
    loss_scores,
    membership_figures,
    shadow_draws,
    supported_fpr,
    vocabulary_scores,
)
from classifier.privacy.attacks.name_recovery import NAME_ATTACKS, names_found
from classifier.privacy.model_variants.fit_variants import FitVariant
from classifier.privacy.model_variants.inspected_model import InspectedModel
from classifier.privacy.model_variants.vocabulary import plain_spelling, words_and_pairs
from classifier.privacy.uniform_draw import stream_seed
from classifier.progress import ProgressBar, no_progress_bar
from classifier.taxonomy import LABELS

N_SHADOWS = 16
"""Shadow models of the likelihood ratio attack unless asked otherwise: the strongest attack here, and the
reason why a hashed or thinned vocabulary protects less than it seems."""

COLUMNS = ("variant", "attack", "figure", "value", "low", "high", "by_chance", "n", "n_other")
TPR = "tpr_at_low_fpr"
"""The figure that ranks the attacks on a model."""

Row = tuple[Any, ...]
"""One row of the table: the values of ``COLUMNS``."""


def attack_table(
    documents: pd.DataFrame,
    fit_variants: Mapping[str, FitVariant],
    *,
    decoys: Collection[str],
    canaries: Mapping[str, Canaries] = {},
    n_shadows: int = N_SHADOWS,
    labels: Sequence[str] = LABELS,
    seed: int,
    n_jobs: int = 1,
    progress: ProgressBar = no_progress_bar,
) -> pd.DataFrame:
    """Every attack against every variant, one row per figure.

    Variants are fitted on the members. Columns: ``variant``, in the order given; ``attack``; ``figure``;
    ``value``, ``low`` and ``high`` (95 %: by sender for AUC, over resampled canaries for bits,
    Clopper-Pearson for shares; else nan); ``by_chance``, the value where nothing leaks; ``n`` members, names
    or canaries; ``n_other`` non-members, decoys or candidates.

    - ``blind``, of no variant: a control that must stay at chance. ``vocabulary``, ``loss``, ``lira``:
      ``auc``, ``advantage``, and ``tpr_at_low_fpr``, the share of members found at the false positive rate
      ``by_chance``: 1 %, or the lowest that the non-members support (``supported_fpr``).
    - ``names_read``, ``names_tried``, ``names_asked``: ``share`` of the names in training that were
      recovered; by chance, the share of decoys "recovered".
    - The kinds of ``canaries``: mean ``bits`` of exposure.
    - ``statement``: the ``epsilon`` claimed for a document, and ``epsilon_person`` for all of a sender's.

    Raises ``ValueError`` for documents that ``check_documents`` refuses.

    Parameters
    ----------
    documents
        Columns of ``membership_documents``.
    fit_variants
        By name, a function that fits the variant on documents with a seed.
    decoys
        Names that no document holds.
    canaries
        By kind, planted for a fit of their own each.
    n_shadows
        Models fitted for the likelihood ratio attack; 0 leaves its rows out.
    n_jobs
        Processes. The result does not depend on their number.
    progress
        Sees the fits go by.
    """
    check_documents(documents, decoys, seed=seed)
    member, senders = documents["member"].to_numpy(dtype=bool), documents["sender"].tolist()
    texts, truth = documents["text"].tolist(), documents[list(labels)].to_numpy()
    name_lists = documents.loc[member, "names"]
    names = sorted({plain_spelling(name) for of_document in name_lists for name in of_document})
    blind = blind_scores(texts, member, senders, seed=stream_seed(seed, "blind"))
    rows = list(membership_rows("no model", "blind", member, blind, senders))
    drawn = np.zeros((0, len(texts)), dtype=bool)
    if n_shadows:
        drawn = shadow_draws(senders, n_shadows=n_shadows, seed=stream_seed(seed, "shadows"))
    for variant, fit in progress(fit_variants.items(), label="attacking models", length=len(fit_variants)):
        seeds = [stream_seed(seed, "fit", variant, number) for number in range(n_shadows + 1)]
        model = fit(documents[member], seeds[0])
        probabilities = model.probabilities(texts)
        scores = {"vocabulary": vocabulary_scores(model, texts), "loss": loss_scores(probabilities, truth)}
        if n_shadows:
            shadows = Parallel(n_jobs=n_jobs)(
                delayed(_shadow_confidences)(fit, documents, inside, truth, fit_seed)
                for inside, fit_seed in zip(drawn, seeds[1:], strict=True)
            )
            scores["lira"] = lira_scores(confidences(probabilities, truth), np.array(shadows), drawn)
        for attack, score in scores.items():
            rows += membership_rows(variant, attack, member, score, senders)
        if names:
            rows += _name_rows(variant, model, names, decoys)
        for kind, of_kind in canaries.items():
            with_canaries = fit(_planted(documents[member], of_kind, labels), seeds[0])
            rows.append(_canary_row(variant, kind, with_canaries, of_kind, seed=seed))
        rows += statement_rows(variant, model, member)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _shadow_confidences(
    fit: FitVariant,
    documents: pd.DataFrame,
    inside: NDArray[np.bool_],
    truth: NDArray[Any],
    seed: int,
) -> NDArray[np.float64]:
    """The confidences, for all documents, of a model fitted on some of them."""
    shadow = fit(documents[inside], seed)
    return confidences(shadow.probabilities(documents["text"].tolist()), truth)


def blind_scores(
    texts: Sequence[str], member: ArrayLike, senders: Sequence[str], *, seed: int
) -> NDArray[np.float64]:
    """Scores of an attack without a model: they stay at chance.

    A classifier of members against non-members, which scores only senders it was not fitted on. Where it does
    not stay at chance, the two differ by themselves and every other figure is worth nothing (Das, Zhang &
    Tramèr 2024).
    """
    from scipy.stats import rankdata
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline

    every, marks = np.array(texts, dtype=object), np.asarray(member).astype(int)
    scores = np.zeros(len(every))
    folds = GroupKFold(n_splits=5, shuffle=True, random_state=seed)
    for fitted, scored in folds.split(every, groups=list(senders)):
        model = make_pipeline(
            TfidfVectorizer(analyzer=lambda text: words_and_pairs(plain_spelling(text))),
            LogisticRegression(max_iter=1000),
        ).fit(every[fitted], marks[fitted])
        # Where a fold holds more members than its share, the other folds hold fewer and expect fewer; ranks
        # within the fold take that out.
        scores[scored] = rankdata(model.predict_proba(every[scored])[:, 1]) / len(scored)
    return scores


def membership_rows(
    variant: str,
    attack: str,
    member: NDArray[np.bool_],
    score: NDArray[np.float64],
    senders: Sequence[str],
) -> Iterator[Row]:
    """The rows of one membership attack on one model, as in ``attack_table``."""
    fpr = supported_fpr(int((~member).sum()))
    figures = membership_figures(member, score, senders, fpr=fpr)
    shares = {
        "auc": (figures.auc, figures.auc_low, figures.auc_high, 0.5),
        TPR: (figures.tpr.value, *figures.tpr.interval(), figures.fpr),
        "advantage": (figures.advantage, math.nan, math.nan, figures.advantage_by_chance),
    }
    for figure, values in shares.items():
        yield (variant, attack, figure, *values, figures.tpr.n, figures.non_members)


def _name_rows(
    variant: str, model: InspectedModel, names: Collection[str], decoys: Collection[str]
) -> Iterator[Row]:
    for attack in NAME_ATTACKS:
        result = names_found(model, attack, names=names, decoys=decoys)
        share = (result.found.value, *result.found.interval(), result.decoys.value)
        yield (variant, attack, "share", *share, result.found.n, result.decoys.n)


def statement_rows(variant: str, model: InspectedModel, member: NDArray[np.bool_]) -> Iterator[Row]:
    """The differential privacy that a model claims, as in ``attack_table``."""
    claimed = {
        "epsilon": model.statement.epsilon,
        "epsilon_person": model.statement.epsilon_person,
    }
    counts = (int(member.sum()), int((~member).sum()))
    for figure, value in claimed.items():
        yield (variant, "statement", figure, value, math.nan, math.nan, 0.0, *counts)


def _canary_row(variant: str, kind: str, model: InspectedModel, canaries: Canaries, *, seed: int) -> Row:
    probabilities = model.probabilities(canaries.candidates)
    n_candidates = len(canaries.candidates)
    bits = []
    for line, marks in zip(canaries.planted, canaries.labels, strict=True):
        losses = -loss_scores(probabilities, np.tile(marks, (n_candidates, 1)))
        bits.append(exposure_bits(losses[canaries.candidates.index(line)], losses))
    rng = np.random.default_rng(stream_seed(seed, "resampled canaries", variant, kind))
    means = rng.choice(bits, size=(1000, len(bits))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    mean, by_chance = float(np.mean(bits)), exposure_by_chance(n_candidates)
    return (variant, kind, "bits", mean, float(low), float(high), by_chance, len(bits), n_candidates)


def _planted(members: pd.DataFrame, canaries: Canaries, labels: Sequence[str]) -> pd.DataFrame:
    """The members' documents, and one of a new sender for each canary."""
    rows = [
        (line, f"canary {number}", *marks)
        for number, (line, marks) in enumerate(zip(canaries.planted, canaries.labels, strict=True))
    ]
    lines = pd.DataFrame(rows, columns=["text", "sender", *labels])
    return pd.concat([members[lines.columns.tolist()], lines], ignore_index=True)
