"""Membership attacks: was a text in a model's training?

Three attacks, and what their scores are worth. Every attack gives one number per text, higher for "was in
training". What is measured is a lower bound: a better attacker may find more.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.evaluation.curves import roc_table
from classifier.evaluation.ranking import auc_with_interval
from classifier.evaluation.rates import Rate
from classifier.privacy.model_variants.inspected_model import InspectedModel

Numbers = NDArray[np.float64]

LOWEST_PROBABILITY = 1e-12
"""Probabilities are kept this far from 0 and 1, so that a confident model has a finite loss."""

ALWAYS_SHOWN = 0.01
"""The true positive rate can be asked for at this false positive rate and above; below it only with enough
non-members."""

FEWEST_FALSE_FINDS = 30
"""Non-members above the threshold from which a true positive rate is worth comparing."""


@dataclass(frozen=True)
class MembershipFigures:
    """How well an attack's scores tell members from non-members.

    Parameters
    ----------
    auc, auc_low, auc_high
        Area under the ROC curve with its 95 % interval, by sender; .5 by chance.
    tpr
        Share of members found where at most ``fpr`` of non-members are.
    advantage
        Largest true minus false positive rate (Yeom et al. 2018). It is above 0 even by chance: by about
        ``advantage_by_chance``.
    non_members
        Their number.
    """

    auc: float
    auc_low: float
    auc_high: float
    tpr: Rate
    fpr: float
    advantage: float
    advantage_by_chance: float
    non_members: int


def share_known(features: Collection[Hashable], known: AbstractSet[Hashable]) -> float:
    """The share of a text's features that are known.

    1 for a text without any.

    >>> share_known(["our", "secret", "our secret", "zola"], {"our", "secret", "our secret"})
    0.75
    """
    distinct = set(features)
    return len(distinct & known) / len(distinct) if distinct else 1.0


def vocabulary_scores(model: InspectedModel, texts: Sequence[str]) -> Numbers:
    """The share of each text's n-grams that are in the vocabulary.

    It looks at no weight, so noise on the weights does nothing against it.
    """
    shares = [share_known(model.features(text), model.trained_features) for text in texts]
    return np.array(shares, dtype=np.float64)


def confidences(probabilities: Numbers, labels: ArrayLike) -> Numbers:
    """The log-odds given to the true value of each label.

    Shape (texts, labels).

    >>> confidences(np.array([[0.5, 0.9]]), [[1, 0]]).round(2).tolist()
    [[0.0, -2.2]]
    """
    p = np.clip(probabilities, LOWEST_PROBABILITY, 1.0 - LOWEST_PROBABILITY)
    return np.asarray(np.where(np.asarray(labels) == 1, 1.0, -1.0) * (np.log(p) - np.log1p(-p)))


def loss_scores(probabilities: Numbers, labels: ArrayLike) -> Numbers:
    """Minus the log loss, added up over labels.

    A model does better on what it has seen (Yeom et al. 2018, CSF).

    >>> loss_scores(np.array([[0.5], [0.9]]), [[1], [1]]).round(2).tolist()
    [-0.69, -0.11]
    """
    return np.asarray(-np.logaddexp(0.0, -confidences(probabilities, labels)).sum(axis=1))


def shadow_draws(senders: Sequence[Hashable], *, n_shadows: int, seed: int) -> NDArray[np.bool_]:
    """Which texts each shadow model is trained on, shape (shadows, texts).

    Half of the senders with all their texts, and for the next model the other half.

    >>> shadow_draws(["ayo", "ayo", "mei"], n_shadows=2, seed=0).sum(axis=0).tolist()
    [1, 1, 1]
    """
    if n_shadows < 2 or n_shadows % 2:
        raise ValueError(f"n_shadows must be even and at least 2, got {n_shadows!r}")
    codes = {sender: code for code, sender in enumerate(dict.fromkeys(senders))}
    code_of_text = np.array([codes[sender] for sender in senders])
    rng = np.random.default_rng(seed)
    halves = [rng.permutation(len(codes)) < len(codes) // 2 for _ in range(n_shadows // 2)]
    return np.array([drawn[code_of_text] for half in halves for drawn in (half, ~half)])


def lira_scores(target: Numbers, shadows: Numbers, drawn: NDArray[np.bool_]) -> Numbers:
    """Scores of the likelihood ratio attack.

    The online attack of Carlini et al. 2022, IEEE S&P: the log of how much likelier a text's confidence is
    among models trained with it than among those trained without. Normal densities, one per text and label,
    with one variance per label for "with" and one for "without" (the paper's choice for few models); labels
    are taken as independent.

    Parameters
    ----------
    target
        Confidences of the attacked model, shape (texts, labels).
    shadows
        Those of the shadow models, shape (models, texts, labels).
    drawn
        Which texts each shadow model was trained on, shape (models, texts).
    """
    inside = drawn[:, :, np.newaxis]
    if not drawn.any(axis=0).all() or drawn.all(axis=0).any():
        raise ValueError(
            "every text must be in the training of at least one shadow model, and out of that of at least one"
        )
    trained_with, trained_without = (
        _log_density(target, shadows, chosen).sum(axis=1) for chosen in (inside, ~inside)
    )
    return np.asarray(trained_with - trained_without)


def _log_density(target: Numbers, shadows: Numbers, chosen: NDArray[np.bool_]) -> Numbers:
    """The log density of ``target`` under the chosen shadow models.

    It is that of a normal distribution. Each text has its own mean, over its chosen models, and all texts
    have one variance per label.
    """
    means = np.where(chosen, shadows, 0.0).sum(axis=0) / chosen.sum(axis=0)
    freedom = max(1, int(chosen.sum()) - chosen.shape[1])
    variance = (np.where(chosen, shadows - means, 0.0) ** 2).sum(axis=(0, 1)) / freedom + 1e-12
    return np.asarray(-((target - means) ** 2) / (2.0 * variance) - 0.5 * np.log(variance))


def tpr_at_fpr(member: ArrayLike, score: ArrayLike, *, fpr: float = ALWAYS_SHOWN) -> Rate:
    """Share of members found at a false positive rate.

    By the lowest threshold that finds at most ``fpr`` of the non-members. Raises ``ValueError`` for a rate
    below 1 % with fewer than 30 / fpr non-members, where a handful would decide it.

    >>> print(tpr_at_fpr([1, 1, 0, 0], [0.9, 0.5, 0.5, 0.1]))
    0.500 (1/2)
    """
    if not 0 < fpr < 1:
        raise ValueError(f"fpr must be between 0 and 1, got {fpr!r}")
    table = roc_table(member, score)
    marks = np.asarray(member).astype(bool)
    n_members, n_non_members = int(marks.sum()), int((~marks).sum())
    needed = math.ceil(FEWEST_FALSE_FINDS / fpr - 1e-9)
    if fpr < ALWAYS_SHOWN and n_non_members < needed:
        raise ValueError(
            f"a false positive rate of {fpr:g} needs at least {needed} non-members, got {n_non_members}"
        )
    reached = table.loc[table["false_alarms"] <= fpr * n_non_members + 1e-9, "true_finds"]
    return Rate(hits=int(reached.iloc[-1]), n=n_members)


def supported_fpr(n_non_members: int) -> float:
    """The false positive rate at which so many non-members support a comparison.

    1 % where it leaves at least ``FEWEST_FALSE_FINDS`` non-members above the threshold, that is from 3,000
    on; else the rate that leaves so many, and no more than a half.

    >>> supported_fpr(3000), supported_fpr(600), supported_fpr(10)
    (0.01, 0.05, 0.5)
    """
    return min(0.5, max(ALWAYS_SHOWN, FEWEST_FALSE_FINDS / max(1, n_non_members)))


def membership_figures(
    member: ArrayLike,
    score: ArrayLike,
    senders: Iterable[Hashable],
    *,
    fpr: float = ALWAYS_SHOWN,
) -> MembershipFigures:
    """How well ``score`` tells members (1) from non-members (0).

    The interval is adjusted for rows of one sender. Values are nan where members or non-members are missing.
    """
    table = roc_table(member, score)
    area = auc_with_interval(member, score, senders)
    members, non_members = int(area["positives"]), int(area["n"]) - int(area["positives"])
    return MembershipFigures(
        auc=float(area["auc"]),
        auc_low=float(area["auc_low"]),
        auc_high=float(area["auc_high"]),
        tpr=tpr_at_fpr(member, score, fpr=fpr),
        fpr=fpr,
        advantage=float((table["true_positive_rate"] - table["false_positive_rate"]).max()),
        advantage_by_chance=advantage_by_chance(members, non_members),
        non_members=non_members,
    )


def advantage_by_chance(members: int, non_members: int) -> float:
    """The mean advantage of scores that tell nothing.

    For scores that do not tie; nan without members or non-members. sqrt(pi / 8) sqrt(1/members +
    1/non_members), from the one-sided statistic of Smirnov (1944).

    >>> round(advantage_by_chance(200, 200), 3)
    0.063
    """
    if not members or not non_members:
        return math.nan
    return math.sqrt(math.pi / 8.0 * (1.0 / members + 1.0 / non_members))
