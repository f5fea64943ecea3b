"""Statements of differential privacy: what is promised, to whom, and what is not covered."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from classifier.privacy.model_variants.vocabulary import public_vocabulary, vocabulary_kind

COVERED = (
    "the weights and intercepts of every label, as drawn",
    "everything that is computed from them alone, scores included",
)
NOT_COVERED = (
    "the vocabulary, the normaliser and the strength of the penalty: "
    "they must be chosen without the private text, else nothing here holds",
    "thresholds, early stopping or any tuning on the same text: each spends a budget of its own",
    "the number of rows and of labels, which count as known",
    "the noise seed: anybody who has it can remove the noise, "
    "so it must be drawn in secret and not be kept with the model",
    "rounding: the proof is for real numbers and exact minimisers, "
    "floats and a solver only come near (Mironov 2012)",
    "what others say of a person: a promise about rows, not about facts",
)


@dataclass(frozen=True)
class DPStatement:
    """The differential privacy claimed for a model.

    Raises ``ValueError`` for a finite epsilon over a vocabulary fitted on private text: the noise is on the
    weights, and the vocabulary alone shows whose text was used.

    Parameters
    ----------
    epsilon
        Above 0, all labels together; infinite when nothing can be claimed.
    unit
        What is protected, such as one "message" of the training data.
    cap
        The most units that one person adds.
    vocabulary
        "public", "hashed" or "private".
    delta
        Always 0.
    adjacency
        When two training sets are neighbours.
    reason
        Why epsilon is infinite.

    >>> DPStatement(epsilon=1.0, unit="message", cap=1, vocabulary="private")
    Traceback (most recent call last):
        ...
    ValueError: epsilon = 1 claimed over a private vocabulary: the noise is on the weights,
    and the vocabulary alone tells whose text was used; use a public one
    """

    epsilon: float
    unit: str
    cap: int
    vocabulary: str
    delta: float = 0.0
    adjacency: str = "one unit replaced by any other; their number is known"
    reason: str = ""

    def __post_init__(self) -> None:
        if self.vocabulary not in ("public", "hashed", "private"):
            raise ValueError(f"vocabulary must be public, hashed or private, got {self.vocabulary!r}")
        if not self.epsilon > 0 or self.cap < 1 or self.delta:
            raise ValueError(
                "expected epsilon > 0, cap >= 1 and delta = 0, "
                f"got {self.epsilon!r}, {self.cap!r} and {self.delta!r}"
            )
        if self.vocabulary == "private" and not math.isinf(self.epsilon):
            raise ValueError(
                f"epsilon = {self.epsilon:g} claimed over a private vocabulary: the noise is on the weights, "
                "and the vocabulary alone tells whose text was used; use a public one"
            )

    @property
    def epsilon_person(self) -> float:
        """Epsilon for all units of a person together: ``cap`` times ``epsilon``.

        Group privacy (Dwork & Roth 2014, theorem 2.2).
        """
        return self.cap * self.epsilon

    def __str__(self) -> str:
        if math.isinf(self.epsilon):
            return f"No differential privacy (epsilon is infinite): {self.reason}."
        return "\n".join(
            [
                f"Differentially private for one {self.unit}: epsilon {self.epsilon:g}, "
                f"delta {self.delta:g}, all labels together; neighbours: {self.adjacency}.",
                f"For a person, who adds at most {self.cap}: epsilon {self.epsilon_person:g}.",
                f"Covered: {'; '.join(COVERED)}.",
                f"Not covered: {'; '.join(NOT_COVERED)}.",
            ]
        )


def dp_statement(
    *,
    epsilon_per_label: float,
    n_labels: int,
    unit: str,
    cap: int,
    vocabulary: Collection[str] | None,
    public: Collection[str] = public_vocabulary(),
) -> DPStatement:
    """The statement that a model's training settings allow.

    A replaced unit changes every label's problem, so the labels' epsilons add up.

    Parameters
    ----------
    epsilon_per_label
        The epsilon that each label's weights were drawn with; infinite for a plain fit.
    unit, cap
        What is protected, and the most of them that one person adds.
    vocabulary
        The model's terms; ``None`` for hashed features, which have none. Whether they are public is found by
        comparing them with ``public``.

    >>> options = {"epsilon_per_label": 0.5, "n_labels": 2, "unit": "conversation", "cap": 3}
    >>> dp_statement(**options, vocabulary=["pizza"], public=["pizza"]).epsilon_person
    3.0
    >>> print(dp_statement(**options, vocabulary=["zola"], public=["pizza"]))
    No differential privacy (epsilon is infinite): the vocabulary was fitted on private text,
    and it alone tells whose text was used.
    """
    kind = "hashed" if vocabulary is None else vocabulary_kind(vocabulary, public=public)
    epsilon = epsilon_per_label * n_labels
    if kind == "private":
        reason = "the vocabulary was fitted on private text, and it alone tells whose text was used"
        return DPStatement(math.inf, unit, cap, kind, reason=reason)
    reason = "no noise was added to the weights" if math.isinf(epsilon) else ""
    return DPStatement(epsilon, unit, cap, kind, reason=reason)
