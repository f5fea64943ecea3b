"""The message model: label probabilities with numpy alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.errors import InputError
from classifier.model.message.features import GRAMS
from classifier.model.message.operating_points import MessageOperatingPoint
from classifier.model.message.reading.marks import marked
from classifier.model.message.reading.normalise import normalise
from classifier.model.message.reading.passages import highest_of_passages, split_into_passages
from classifier.model.message.reading.platform_lines import silenced
from classifier.model.message.searched_terms import SearchedPositions, SearchedTerms
from classifier.taxonomy import COLUMNS, LABELS

TACTIC_COLUMNS = {
    label: [at for at, name in enumerate(COLUMNS) if name.startswith(f"{label}.")] for label in LABELS
}
"""Where in ``COLUMNS`` the tactics of each label stand."""


@dataclass(frozen=True)
class FeatureGroup:
    """One feature group: ``analyser`` is "words", "characters" or "pairs".

    ``low`` and ``high`` bound the n-grams, or the places that two words of a pair stand apart;
    ``terms`` are in ascending order, and ``idf`` has one entry per term.
    """

    analyser: str
    low: int
    high: int
    terms: Sequence[str]
    idf: NDArray[np.float64]

    @cached_property
    def position(self) -> Mapping[str, int]:
        """The index in ``idf`` of each term."""
        if isinstance(self.terms, SearchedTerms):
            return SearchedPositions(self.terms)
        return dict(zip(self.terms, range(len(self.terms)), strict=True))

    def grams(self, text: str) -> list[str]:
        """All n-grams or pairs of a normalised text, whether they are terms or not."""
        return GRAMS[self.analyser](text, self.low, self.high)


@dataclass(frozen=True)
class MessageModel:
    """A fitted message model: logistic regressions on TF-IDF features, one per label and per tactic.

    The log-odds of a label are the mean of its own regression's and its best tactic's, see
    ``joined``; a message's are the highest over its passages.

    Parameters
    ----------
    weights, steps, intercept
        A coefficient is a whole number of the steps of its column: weights have the shape (``COLUMNS``,
        terms of all feature groups in order), the others one entry per column. The intercept of a tactic
        without a regression is -inf.
    thresholds
        The probability of each label from which a message is flagged, those of one operating point or of
        the user's choosing.
    operating_points
        The thresholds to choose from, with what each had on validation.
    sublinear_tf
        Whether a term that occurs n times counts 1 + log(n) instead of n.
    normaliser
        Whether a text is normalised first, else only lower-cased.
    header
        The header of the model's file.
    """

    labels: tuple[str, ...]
    feature_groups: tuple[FeatureGroup, ...]
    weights: NDArray[np.int8]
    steps: NDArray[np.float64]
    intercept: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    operating_points: Mapping[str, MessageOperatingPoint]
    sublinear_tf: bool
    normaliser: bool
    header: dict[str, Any]

    def prepared(self, text: str) -> str:
        """The text in which n-grams are counted: marked and spelled."""
        return self.spelled(self.marked(text))

    def marked(self, text: str) -> str:
        """``text`` with marks for negation and quotation, if the model has a normaliser."""
        return marked(text) if self.normaliser else text

    def spelled(self, text: str) -> str:
        """``text`` in the spelling that the model sees, white-space token by token."""
        return normalise(text) if self.normaliser else text.lower()

    def coef(self, terms: list[int] | slice) -> NDArray[np.float64]:
        """The coefficients of some terms of all feature groups, shape (``COLUMNS``, terms)."""
        return self.weights[:, terms] * self.steps[:, None]

    def features(self, text: str) -> tuple[list[int], NDArray[np.float64]]:
        """The terms of ``text``, numbered through all feature groups, and their TF-IDF values.

        Each group is scaled to length 1, as scikit-learn does.
        """
        prepared = self.prepared(text)
        columns: list[int] = []
        values: list[NDArray[np.float64]] = []
        offset = 0
        for group in self.feature_groups:
            counts = Counter(group.position[gram] for gram in group.grams(prepared) if gram in group.position)
            positions = sorted(counts)
            tf = [
                1.0 + math.log(counts[position]) if self.sublinear_tf else float(counts[position])
                for position in positions
            ]
            weighted = np.array(tf, dtype=np.float64) * group.idf[positions]
            length = math.sqrt(float(weighted @ weighted))
            values.append(weighted / length if length else weighted)
            columns.extend(offset + position for position in positions)
            offset += len(group.terms)
        return columns, np.concatenate(values)

    def logits(self, passage: str) -> NDArray[np.float64]:
        """One log-odds per entry of ``COLUMNS``, of one passage as it stands."""
        columns, values = self.features(passage)
        return joined(self.coef(columns) @ values + self.intercept)

    def scores(self, texts: Iterable[str]) -> NDArray[np.float64]:
        """Probabilities of shape (texts, ``COLUMNS``), each in [0, 1]; 0 for a platform's own line.

        Raises ``TypeError`` for what is not many texts, see ``checked_texts``.
        """
        texts = list(checked_texts(texts))
        passages, starts = split_into_passages(texts)
        logits = np.array([self.logits(passage) for passage in passages]).reshape(-1, len(COLUMNS))
        return silenced(sigmoid(highest_of_passages(logits, starts)), texts)

    def probabilities(self, texts: Iterable[str]) -> NDArray[np.float64]:
        """The ``scores`` of the labels alone, shape (texts, labels)."""
        return self.scores(texts)[:, : len(LABELS)]

    def at_thresholds(self, point: str, changed: Mapping[str, float] | None = None) -> MessageModel:
        """The model with the thresholds of an operating point, and those of ``changed`` labels over them.

        Raises ``InputError`` for an unknown point or label, and for a threshold outside [0, 1].
        """
        if point not in self.operating_points:
            raise InputError(f"operating point {point!r}: expected one of {', '.join(self.operating_points)}")
        thresholds = self.operating_points[point].thresholds.copy()
        for label, threshold in (changed or {}).items():
            if label not in self.labels or not 0 <= threshold <= 1:
                raise InputError(
                    f"threshold {label}={threshold}: expected one of {', '.join(self.labels)} "
                    "and a probability in [0, 1]"
                )
            thresholds[self.labels.index(label)] = threshold
        return replace(self, thresholds=thresholds)

    def flagged(self, probabilities: NDArray[np.float64]) -> list[str]:
        """The labels of one message at or over their thresholds, in order.

        ``probabilities`` are of the labels, or of all of ``COLUMNS``. One equal to its threshold is flagged.
        """
        rows = zip(self.labels, probabilities[: len(self.labels)], self.thresholds, strict=True)
        return [label for label, probability, threshold in rows if probability >= threshold]

    def term(self, column: int) -> tuple[str, str]:
        """The group and the term of a number of ``features``."""
        for group in self.feature_groups:
            if column < len(group.terms):
                return group.analyser, group.terms[column]
            column -= len(group.terms)
        raise ValueError(f"column must be below the number of terms, got one {column} past the end")


def joined(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """``logits`` of shape (..., ``COLUMNS``) with each label's joined with its best tactic's.

    They become the mean of both. A label none of whose tactics has a regression keeps its own.
    """
    both = logits.copy()
    for at, label in enumerate(LABELS):
        best = logits[..., TACTIC_COLUMNS[label]].max(axis=-1)
        both[..., at] = np.where(np.isneginf(best), logits[..., at], (logits[..., at] + best) / 2)
    return both


def sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logistic function, without overflow.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    small = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1.0, small) / (1.0 + small)


def checked_texts(texts: Iterable[str]) -> Iterable[str]:
    """``texts`` as they came, when they are many strings in an order.

    Raises ``TypeError`` for one bare string, which would be scored letter by letter; for a DataFrame,
    which would be scored by the names of its columns; and for ``None`` or anything else that is no
    list, Series, one-dimensional array or other iterable.

    >>> checked_texts(["pizza at 6?", "ok"])
    ['pizza at 6?', 'ok']
    """
    n_dimensions = getattr(texts, "ndim", 1)
    if isinstance(texts, str):
        came = "one string; put it into a list"
    elif n_dimensions > 1:
        came = f"a {type(texts).__name__} of {n_dimensions} dimensions; give one column of it"
    elif texts is None:
        came = "None"
    elif (
        n_dimensions == 0 or not isinstance(texts, Iterable) or isinstance(texts, bytes | bytearray | Mapping)
    ):
        came = f"a {type(texts).__name__}"
    else:
        return texts
    raise TypeError(f"texts must be a list, Series or array of strings, got {came}")
