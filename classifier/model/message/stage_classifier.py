"""The message model as a scikit-learn estimator: the reference that every other scorer equals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Self, TypeVar

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion
from sklearn.utils.validation import check_is_fitted

from classifier.errors import InputError
from classifier.model.message.features import DEFAULT_OPTIONS, checked_options, word_pairs
from classifier.model.message.reading.marks import marked
from classifier.model.message.reading.normalise import normalise
from classifier.model.message.reading.passages import highest_of_passages, split_into_passages
from classifier.model.message.reading.platform_lines import silenced
from classifier.model.message.scorer import checked_texts, joined, sigmoid
from classifier.model.message.training_rows import LEFT_OUT, training_targets, training_weights, with_parts
from classifier.taxonomy import COLUMNS, LABELS

Number = TypeVar("Number", np.float64, np.int64)
TOKEN_PATTERN = r"(?u)\b\w+\b"
N_JOBS = 2
LOWEST_LOG_ODDS = -700.0
"""Log-odds of what cannot be, as scikit-learn's metrics take no infinity; its probability is 0."""
_STEPS = 127
"""A weight is one of so many equal steps on either side of 0: a byte in the model's file."""


class StageClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """TF-IDF and logistic regressions that read messages for stages, cues and tactics.

    There is a regression for each label and for each tactic. The log-odds of a label are the mean of its
    own and its best tactic's; those of a message the highest over its passages (see
    ``classifier.model.message.reading.passages``). Once fitted it has ``classes_``, the labels;
    ``features_``; ``coef_`` and ``intercept_``, both with a row for each of ``COLUMNS``.

    It takes part in scikit-learn's ``clone``, ``GridSearchCV`` and ``cross_val_score``, which hand
    ``synthetic=True`` on to ``fit``: ``cross_val_score(model, texts, marks, params={"synthetic": True})``.
    What is given a Series gives a DataFrame with its index; other texts give arrays.

    Parameters
    ----------
    word_ngrams, char_ngrams, word_pairs
        The (low, high) of each feature group, for pairs the places that two words stand apart, or
        ``None`` to leave the group out.
    min_df
        Messages that a term must stand in; for pairs three times that when it is above 1.
    sublinear_tf
        Whether a term that occurs n times counts 1 + log(n) instead of n.
    C
        Inverse strength of the L2 penalty.
    class_weight
        As scikit-learn's.
    normaliser
        Whether text is normalised first, else only lower-cased.

    >>> texts = ["keep it secret", "our secret ok", "pizza at six", "rain again"]
    >>> marks = np.array([[int(label == "secrecy" and at < 2) for label in LABELS] for at in range(4)])
    >>> fitted = StageClassifier(min_df=1).fit(texts, marks, synthetic=True)
    >>> fitted.predict(["such a secret", "cheese pizza"])[:, LABELS.index("secrecy")].tolist()
    [1, 0]
    """

    def __init__(
        self,
        *,
        word_ngrams: tuple[int, int] | None = DEFAULT_OPTIONS["word_ngrams"],
        char_ngrams: tuple[int, int] | None = DEFAULT_OPTIONS["char_ngrams"],
        word_pairs: tuple[int, int] | None = DEFAULT_OPTIONS["word_pairs"],
        min_df: int = DEFAULT_OPTIONS["min_df"],
        sublinear_tf: bool = DEFAULT_OPTIONS["sublinear_tf"],
        C: float = DEFAULT_OPTIONS["C"],
        class_weight: Any = DEFAULT_OPTIONS["class_weight"],
        normaliser: bool = DEFAULT_OPTIONS["normaliser"],
    ) -> None:
        self.word_ngrams = word_ngrams
        self.char_ngrams = char_ngrams
        self.word_pairs = word_pairs
        self.min_df = min_df
        self.sublinear_tf = sublinear_tf
        self.C = C
        self.class_weight = class_weight
        self.normaliser = normaliser

    def fit(self, texts: Iterable[str], targets: ArrayLike, *, synthetic: bool = False) -> Self:
        """Fit on synthetic texts.

        ``targets`` has a 0/1 column per label, or one for each of ``COLUMNS`` with ``LEFT_OUT`` where a
        row says nothing of a tactic; of a DataFrame the columns named after labels are taken. Raises
        ``ValueError`` unless ``synthetic`` says that every text is: other text may be scored, never
        trained on; and for other targets. Parts of texts are fitted by ``fit_message_model`` alone.
        """
        if not synthetic:
            raise ValueError("fit takes synthetic text only; say synthetic=True when all of it is")
        lines = list(checked_texts(texts))
        marks = _checked_targets(targets, n_texts=len(lines))
        self.features_ = build_features(**self.get_params())
        return self._fit_rows(_counted(self.features_, lines), marks)

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn is told: many labels a text, and texts in one dimension."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.classifier_tags.multi_label, tags.classifier_tags.multi_class = True, False
        tags.target_tags.two_d_labels = tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        return tags

    def _fit_rows(
        self, rows: csr_matrix, marks: NDArray[Any], weights: NDArray[np.float64] | None = None
    ) -> Self:
        """Fit the regressions on rows of ``features_``, each of its weight, or of 1."""
        # Processes, not threads: liblinear draws from one stream of numbers per process.
        fit = delayed(partial(_regression, weights=weights, C=self.C, class_weight=self.class_weight))
        fitted = Parallel(n_jobs=N_JOBS)(fit(rows, column) for column in marks.T)
        n_rest = len(COLUMNS) - len(fitted)
        fitted += [_no_weights(rows.shape[1])] * n_rest
        self.coef_ = np.vstack([weights for weights, _ in fitted])
        self.intercept_ = np.array([intercept for _, intercept in fitted])
        self.classes_ = np.array(LABELS)
        return self

    def decision_function(self, texts: Iterable[str]) -> NDArray[np.float64] | pd.DataFrame:
        """Log-odds of shape (texts, labels), at least ``LOWEST_LOG_ODDS``; that for a platform's own line."""
        lines = list(checked_texts(texts))
        log_odds = self._log_odds(lines)[:, : len(LABELS)]
        is_silent = ~silenced(np.ones((len(lines), 1)), lines).astype(bool)
        found = np.where(is_silent, LOWEST_LOG_ODDS, np.maximum(log_odds, LOWEST_LOG_ODDS))
        return _as_given(found, texts)

    def _log_odds(self, texts: list[str]) -> NDArray[np.float64]:
        """Log-odds of shape (texts, ``COLUMNS``); -inf for a tactic without a regression."""
        check_is_fitted(self)
        passages, starts = split_into_passages(texts)
        if not passages:
            return np.zeros((0, len(COLUMNS)))
        logits = self.features_.transform(passages) @ self.coef_.T + self.intercept_
        return highest_of_passages(joined(logits), starts)

    def scores(self, texts: Iterable[str]) -> NDArray[np.float64]:
        """Probabilities of shape (texts, ``COLUMNS``); 0 for a platform's own line."""
        return score_distinct(self._scores_of_distinct, checked_texts(texts))

    def _scores_of_distinct(self, texts: list[str]) -> NDArray[np.float64]:
        return silenced(sigmoid(self._log_odds(texts)), texts)

    def predict_proba(self, texts: Iterable[str]) -> NDArray[np.float64] | pd.DataFrame:
        """Probabilities of shape (texts, labels)."""
        return _as_given(self.scores(texts)[:, : len(LABELS)], texts)

    def predict(self, texts: Iterable[str]) -> NDArray[np.int64] | pd.DataFrame:
        """0 or 1 for each text and label: whether the probability is at least a half."""
        return _as_given((self.scores(texts)[:, : len(LABELS)] >= 0.5).astype(np.int64), texts)


def _as_given(rows: NDArray[Number], texts: Iterable[str]) -> NDArray[Number] | pd.DataFrame:
    """The array, or for a Series a table with its index and the labels."""
    if not isinstance(texts, pd.Series):
        return rows
    return pd.DataFrame(rows, columns=list(LABELS), index=texts.index)


def _checked_targets(targets: ArrayLike, *, n_texts: int) -> NDArray[Any]:
    """The targets of ``fit`` as an array, its columns in the order of ``LABELS`` or ``COLUMNS``."""
    if isinstance(targets, pd.DataFrame):
        names = list(COLUMNS if set(COLUMNS) <= set(targets) else LABELS)
        if missing := [name for name in names if name not in targets]:
            raise ValueError(f"targets must have a column for each label, got none for {missing[0]!r}")
        targets = targets[names]
    marks = np.asarray(targets)
    if marks.ndim != 2 or marks.shape[1] not in (len(LABELS), len(COLUMNS)):
        raise ValueError(
            f"targets must have {len(LABELS)} columns, one per label, or {len(COLUMNS)}, one per label "
            f"and tactic, got shape {marks.shape}"
        )
    if len(marks) != n_texts:
        raise ValueError(f"targets must have one row a text, got {len(marks)} for {n_texts} texts")
    if not np.isin(marks, (0, 1, LEFT_OUT)).all():
        raise ValueError(f"targets must be 0 or 1, or {LEFT_OUT} for a row left out, got other values")
    return marks


def build_features(**options: Any) -> FeatureUnion:
    """The unfitted TF-IDF features: words, characters within words, and pairs of words.

    The options are those of ``StageClassifier``. Raises ``ValueError`` for an unknown one, or when all
    three feature groups are left out.

    >>> [name for name, _ in build_features(char_ngrams=None).transformer_list]
    ['words', 'pairs']
    """
    chosen = checked_options(options)
    common = {
        "preprocessor": _marked_and_spelled if chosen["normaliser"] else str.lower,
        "min_df": chosen["min_df"],
        "sublinear_tf": chosen["sublinear_tf"],
    }
    feature_groups = []
    if chosen["word_ngrams"] is not None:
        feature_groups.append(
            (
                "words",
                TfidfVectorizer(token_pattern=TOKEN_PATTERN, ngram_range=chosen["word_ngrams"], **common),
            )
        )
    if chosen["char_ngrams"] is not None:
        feature_groups.append(
            ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=chosen["char_ngrams"], **common))
        )
    if chosen["word_pairs"] is not None:
        low, high = chosen["word_pairs"]
        # Pairs are many, and those of three times as many messages, a third of them, find as much on
        # validation families. With min_df=1, which asks for every term, every pair is kept.
        rarer = common | {"min_df": chosen["min_df"] * (3 if chosen["min_df"] > 1 else 1)}
        feature_groups.append(
            (
                "pairs",
                TfidfVectorizer(
                    tokenizer=partial(word_pairs, low=low, high=high), token_pattern=None, **rarer
                ),
            )
        )
    return FeatureUnion(feature_groups)


def _marked_and_spelled(text: str) -> str:
    return normalise(marked(text))


def _counted(features: FeatureUnion, texts: list[str]) -> csr_matrix:
    """Fit the features on texts, and the texts in them.

    Raises ``InputError`` when a feature group has no term that stands in enough of the texts.
    """
    try:
        rows: csr_matrix = features.fit_transform(texts).tocsr()
    except ValueError as error:
        raise InputError(f"these options leave a feature group without a term: {error}") from None
    rows.sum_duplicates()
    return rows


def _regression(
    rows: csr_matrix,
    marks: NDArray[Any],
    *,
    weights: NDArray[np.float64] | None,
    C: float,
    class_weight: Any,
) -> tuple[NDArray[np.float64], float]:
    """The weights and intercept of one regression; -inf where there is nothing to tell apart."""
    used = np.flatnonzero(marks != LEFT_OUT)
    if len(np.unique(marks[used])) < 2:
        return _no_weights(rows.shape[1])
    # The dual coordinate descent of liblinear: three times as fast here as its primal or L-BFGS, at the
    # same average precision on validation families; a tolerance of 0.01 takes twice as long and changes no
    # average precision by more than .0001.
    regression = LogisticRegression(
        C=C, class_weight=class_weight, solver="liblinear", dual=True, tol=0.3, max_iter=1000, random_state=0
    )
    regression.fit(
        rows if len(used) == len(marks) else rows[used],
        marks[used],
        sample_weight=None if weights is None else weights[used],
    )
    return _in_steps(regression.coef_[0]), float(regression.intercept_[0])


def _no_weights(n_terms: int) -> tuple[NDArray[np.float64], float]:
    return np.zeros(n_terms), -np.inf


def _in_steps(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights rounded to ``_STEPS`` equal steps up to the largest."""
    step = np.abs(weights).max() / _STEPS
    return np.asarray(np.rint(weights / step) * step) if step else weights


def fit_message_model(table: pd.DataFrame, **options: Any) -> StageClassifier:
    """A classifier fitted on the ``text``, the labels and the ``tactics`` of a messages table.

    The parts of messages that show nothing are fitted as messages are (see ``with_parts``). Rows with the
    same labels and, once normalised, the same text are fitted once, so that a sentence the generator
    repeats does not outweigh the rarer ones. Raises ``ValueError`` when the table has messages of
    conversations that are not synthetic: these may be scored, never trained on.
    """
    return next(fit_on_subsets(table, [np.ones(len(table), dtype=bool)], **options))


def fit_on_subsets(
    table: pd.DataFrame, subsets: Iterable[NDArray[np.bool_]], **options: Any
) -> Iterator[StageClassifier]:
    """As ``fit_message_model``, a classifier for each subset of the rows.

    Terms and their weights in TF-IDF, which no label decides, are those of all messages, each counted
    once; a part of a message brings no term of its own.
    """
    if "synthetic" in table and not table["synthetic"].all():
        raise ValueError(
            "training takes synthetic conversations only, "
            f"got {int((~table['synthetic']).sum())} messages of others; they may be scored and evaluated"
        )
    chosen = checked_options(options)
    table, message = with_parts(table)
    same_text = table["text"].map(normalise if chosen["normaliser"] else str.lower)
    distinct = ~pd.concat([same_text, table[list(LABELS)]], axis=1).duplicated().to_numpy()
    features = build_features(**chosen)
    is_part = message[distinct] != np.flatnonzero(distinct)
    whole, parts = (table.loc[distinct, "text"][of].tolist() for of in (~is_part, is_part))
    rows = vstack([_counted(features, whole), *([features.transform(parts)] if parts else [])], format="csr")
    targets, weights = training_targets(table[distinct]), training_weights(table[distinct])
    for subset in subsets:
        fitted = StageClassifier(**chosen)
        fitted.features_ = features
        used = np.flatnonzero(subset[message[distinct]])
        of_subset = rows if len(used) == len(targets) else rows[used]
        yield fitted._fit_rows(of_subset, targets[used], weights[used])


def predict_messages(model: StageClassifier, texts: Iterable[str]) -> pd.DataFrame:
    """Probabilities of a fitted classifier: one column per label, one row per text.

    Raises ``TypeError`` for what is not many texts, see ``checked_texts``.
    """
    return pd.DataFrame(model.scores(texts)[:, : len(LABELS)], columns=list(LABELS))


def score_distinct(score: Callable[[list[str]], ArrayLike], texts: Iterable[str]) -> NDArray[np.float64]:
    """``score(texts)``, one row a text, with each distinct text scored once.

    The row of a text must depend on that text alone. People repeat themselves, so this saves time.

    >>> score_distinct(lambda texts: [[float(len(text))] for text in texts], ["ok", "pizza", "ok"]).tolist()
    [[2.0], [5.0], [2.0]]
    """
    texts = list(texts)
    place = {text: position for position, text in enumerate(dict.fromkeys(texts))}
    distinct = np.asarray(score(list(place)), dtype=np.float64)
    return distinct[[place[text] for text in texts]]
