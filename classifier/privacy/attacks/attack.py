"""What does each way of building a model give away to whoever holds its file? Every attack against every variant, each figure beside what chance gives.

Members were in training, non-members were not; both must come from the same phrase families, else an attack would tell topics apart and call it membership.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from classifier.evaluation.rates import Rate
from classifier.privacy.attacks.canary import Canaries, exposure_bits, exposure_by_chance
from classifier.privacy.attacks.membership import (
    confidences,
    lira_scores,
    loss_scores,
    membership_figures,
    shadow_draws,
    vocabulary_scores,
)
from classifier.privacy.attacks.names import NAME_ATTACKS, names_found
from classifier.privacy.builds.opened import OpenedModel
from classifier.privacy.builds.variants import FitVariant
from classifier.privacy.builds.vocabulary import plain, words_and_pairs
from classifier.records import Conversation
from classifier.taxonomy import LABELS

COLUMNS = ("variant", "attack", "figure", "value", "low", "high", "by_chance", "n", "n_other")
NO_CANARIES = Canaries((), (), ())


def membership_documents(
    conversations: Iterable[Conversation],
    *,
    unit: Literal["conversation", "message"] = "conversation",
    seed: int,
) -> pd.DataFrame:
    """Documents to attack: half of the senders, drawn by lot, are members with all they took part in.

    One row a ``unit``. Columns: ``text``, ``person`` (the sender's account), ``member``, ``families`` and ``names`` (tuples; names as the generator's own spans give
    them), and one 0/1 column per label.
    """
    if unit not in ("conversation", "message"):
        raise ValueError(f"unit must be conversation or message, got {unit!r}")
    rows = []
    for conversation in conversations:
        for messages in (
            [conversation.messages]
            if unit == "conversation"
            else [(message,) for message in conversation.messages]
        ):
            names = tuple(
                message.text[span.start : span.end]
                for message in messages
                for span in message.personal
                if span.kind == "name"
            )
            shown = {label for message in messages for label in message.labels}
            families = tuple(message.family for message in messages)
            rows.append(
                (
                    "\n".join(message.text for message in messages),
                    conversation.sender,
                    families,
                    names,
                    *(int(label in shown) for label in LABELS),
                )
            )
    documents = pd.DataFrame(rows, columns=["text", "person", "families", "names", *LABELS])
    people = sorted(set(documents["person"]))
    members = set(
        np.random.default_rng(seed).permutation(np.array(people, dtype=object))[: len(people) // 2].tolist()
    )
    documents.insert(2, "member", documents["person"].isin(members))
    return documents


def family_gap(
    families: Sequence[Sequence[str]],
    member: ArrayLike,
    people: Sequence[str],
    *,
    n_shuffles: int = 100,
    seed: int,
) -> tuple[float, float]:
    """How differently members and non-members are spread over phrase families, and the largest such difference when membership is dealt to people by lot.

    Total variation distance, in [0, 1]: 0 for equal shares, 1 for no family in common.

    >>> family_gap([("raid",), ("raid",), ("pizza",), ("pizza",)], [1, 1, 0, 0], ["a", "b", "c", "d"], n_shuffles=20, seed=0)[0]
    1.0
    """
    marks = np.asarray(member).astype(bool)
    person, names = pd.factorize(np.asarray(people, dtype=object))
    family_of = {
        name: position for position, name in enumerate(sorted({name for own in families for name in own}))
    }
    counts = np.zeros((len(names), len(family_of)))
    for code, own in zip(person, families, strict=True):
        for name, count in Counter(own).items():
            counts[code, family_of[name]] += count
    mine = np.bincount(person, weights=marks, minlength=len(names)) > 0
    rng = np.random.default_rng(seed)
    return _distance(counts, mine), max(_distance(counts, rng.permutation(mine)) for _ in range(n_shuffles))


def _distance(counts: NDArray[np.float64], mine: NDArray[np.bool_]) -> float:
    ours, theirs = counts[mine].sum(axis=0), counts[~mine].sum(axis=0)
    return float(np.abs(ours / max(1.0, ours.sum()) - theirs / max(1.0, theirs.sum())).sum() / 2.0)


def blind_scores(
    texts: Sequence[str], member: ArrayLike, people: Sequence[str], *, seed: int
) -> NDArray[np.float64]:
    """An attack that sees no model: a classifier of members against non-members, asked only about people it was not fitted on.

    It must stay at chance. Where it does not, the two differ by themselves and every other figure is worth nothing (Das, Zhang & Tramèr 2024).
    """
    from scipy.stats import rankdata
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline

    every, marks = np.array(texts, dtype=object), np.asarray(member).astype(int)
    scores = np.zeros(len(every))
    for fitted, asked in GroupKFold(n_splits=5, shuffle=True, random_state=seed).split(
        every, groups=list(people)
    ):
        model = make_pipeline(
            TfidfVectorizer(analyzer=lambda text: words_and_pairs(plain(text))),
            LogisticRegression(max_iter=1000),
        ).fit(every[fitted], marks[fitted])
        # Where a fold holds more members than its share, the other folds hold fewer and expect fewer; ranks within the fold take that out.
        scores[asked] = rankdata(model.predict_proba(every[asked])[:, 1]) / len(asked)
    return scores


def attack_table(
    documents: pd.DataFrame,
    fit_variants: Mapping[str, FitVariant],
    *,
    decoys: Collection[str],
    canaries: Canaries = NO_CANARIES,
    n_shadows: int = 0,
    labels: Sequence[str] = LABELS,
    seed: int,
) -> pd.DataFrame:
    """Every attack against every variant, fitted on the members: one row a figure, the variants in the order given.

    ``documents`` has the columns of ``membership_documents``. ``decoys``: names that no document holds. ``canaries`` are planted for a fit of their own, and
    ``n_shadows`` models are fitted for the likelihood ratio attack; without either, its rows are left out.

    Columns: ``variant``; ``attack``; ``figure``; ``value``, ``low`` and ``high`` (95 %: over resampled people for AUC, Clopper-Pearson for shares; else nan);
    ``by_chance``, the value where nothing leaks; ``n`` members, names or canaries; ``n_other`` non-members, decoys or candidates.

    - ``blind``, of no variant: a control that must stay at chance. ``vocabulary``, ``loss``, ``lira``: ``auc``, ``tpr_at_1_percent_fpr``, ``advantage``.
    - ``names_read``, ``names_tried``, ``names_asked``: ``share`` of the names in training got back, by chance the share of decoys "got back".
    - ``canary``: mean ``bits`` of exposure. ``statement``: the ``epsilon`` claimed for a document and the ``epsilon_person`` for all of a person's.

    Raises ``ValueError`` when a person is on both sides, when the families of members and non-members differ by more than chance makes them, or when a decoy stands in
    some document.
    """
    member = documents["member"].to_numpy().astype(bool)
    _check(documents, member, seed)
    texts, people, truth = (
        documents["text"].tolist(),
        documents["person"].tolist(),
        documents[list(labels)].to_numpy(),
    )
    names = sorted({plain(name) for own in documents.loc[member, "names"] for name in own})
    _check_decoys(decoys, documents)
    rows = list(
        _membership_rows(
            "no model", "blind", member, blind_scores(texts, member, people, seed=seed), people, seed
        )
    )
    for variant, fit in fit_variants.items():
        opened = fit(documents[member], seed)
        probabilities = opened.probabilities(texts)
        scores = {"vocabulary": vocabulary_scores(opened, texts), "loss": loss_scores(probabilities, truth)}
        if n_shadows:
            drawn = shadow_draws(people, n_shadows=n_shadows, seed=seed)
            shadows = [
                fit(documents[inside], seed + 1 + number).probabilities(texts)
                for number, inside in enumerate(drawn)
            ]
            scores["lira"] = lira_scores(
                confidences(probabilities, truth),
                np.array([confidences(shadow, truth) for shadow in shadows]),
                drawn,
            )
        for attack, score in scores.items():
            rows += _membership_rows(variant, attack, member, score, people, seed)
        if names:
            rows += _name_rows(variant, opened, names, decoys)
        if canaries.planted:
            rows.append(
                _canary_row(variant, fit(_planted(documents[member], canaries, labels), seed), canaries)
            )
        for figure, value in (
            ("epsilon", opened.statement.epsilon),
            ("epsilon_person", opened.statement.epsilon_person),
        ):
            rows.append(
                (
                    variant,
                    "statement",
                    figure,
                    value,
                    math.nan,
                    math.nan,
                    0.0,
                    int(member.sum()),
                    int((~member).sum()),
                )
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _check(documents: pd.DataFrame, member: NDArray[np.bool_], seed: int) -> None:
    both = sorted(set(documents.loc[member, "person"]) & set(documents.loc[~member, "person"]))
    if both:
        raise ValueError(
            f"a person is either in training or not, got {len(both)} on both sides, among them {both[0]!r}"
        )
    gap, by_chance = family_gap(
        documents["families"].tolist(), member, documents["person"].tolist(), seed=seed
    )
    if gap > 1.1 * by_chance:
        raise ValueError(
            f"members and non-members must come from the same phrase families: their shares differ by {gap:.2f}, by lot at most by {by_chance:.2f}; an attack would tell topics apart"
        )


def _check_decoys(decoys: Collection[str], documents: pd.DataFrame) -> None:
    written = {gram for text in documents["text"] for gram in words_and_pairs(plain(text))}
    if found := sorted(decoy for decoy in decoys if plain(decoy) in written):
        raise ValueError(f"decoys must stand in no document, got {found[:5]!r}")


def _membership_rows(
    variant: str,
    attack: str,
    member: NDArray[np.bool_],
    score: NDArray[np.float64],
    people: Sequence[str],
    seed: int,
) -> Iterator[tuple[Any, ...]]:
    figures = membership_figures(member, score, people, seed=seed)
    counts = (figures.tpr.n, figures.non_members)
    yield (variant, attack, "auc", figures.auc, figures.auc_low, figures.auc_high, 0.5, *counts)
    yield (
        variant,
        attack,
        "tpr_at_1_percent_fpr",
        figures.tpr.value,
        *figures.tpr.interval(),
        figures.fpr,
        *counts,
    )
    yield (
        variant,
        attack,
        "advantage",
        figures.advantage,
        math.nan,
        math.nan,
        figures.advantage_by_chance,
        *counts,
    )


def _name_rows(
    variant: str, opened: OpenedModel, names: Collection[str], decoys: Collection[str]
) -> Iterator[tuple[Any, ...]]:
    for attack in NAME_ATTACKS:
        found = names_found(opened, attack, names=names, decoys=decoys)
        yield (
            variant,
            attack,
            "share",
            *_with_bounds(found.found),
            found.decoys.value,
            found.found.n,
            found.decoys.n,
        )


def _with_bounds(rate: Rate) -> tuple[float, float, float]:
    return rate.value, *rate.interval()


def _canary_row(variant: str, opened: OpenedModel, canaries: Canaries) -> tuple[Any, ...]:
    probabilities = opened.probabilities(canaries.candidates)
    n_candidates = len(canaries.candidates)
    bits = []
    for line, marks in zip(canaries.planted, canaries.labels, strict=True):
        losses = -loss_scores(probabilities, np.tile(marks, (n_candidates, 1)))
        bits.append(exposure_bits(losses[canaries.candidates.index(line)], losses))
    return (
        variant,
        "canary",
        "bits",
        float(np.mean(bits)),
        math.nan,
        math.nan,
        exposure_by_chance(n_candidates),
        len(bits),
        n_candidates,
    )


def _planted(members: pd.DataFrame, canaries: Canaries, labels: Sequence[str]) -> pd.DataFrame:
    """The members' documents with one of a new person for each canary."""
    rows = [
        (line, f"canary {number}", *marks)
        for number, (line, marks) in enumerate(zip(canaries.planted, canaries.labels, strict=True))
    ]
    lines = pd.DataFrame(rows, columns=["text", "person", *labels])
    return pd.concat([members[lines.columns.tolist()], lines], ignore_index=True)
