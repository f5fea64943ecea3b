"""The scikit-learn Pipeline of a message model, from raw text to a probability per label."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.model.message.features import checked_options, word_pairs
from classifier.model.message.normalise import normalise
from classifier.model.message.scorer import checked_texts
from classifier.taxonomy import LABELS

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

TOKEN_PATTERN = r"(?u)\b\w+\b"


def build_pipeline(**options: Any) -> Pipeline:
    """An unfitted Pipeline of TF-IDF features and one logistic regression per label.

    The feature groups are words, characters within words, and pairs of words. Raises ``ValueError``
    for an unknown option or when all three feature groups are left out.

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

    >>> [name for name, _ in build_pipeline(char_ngrams=None).steps]
    ['features', 'classify']
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import FeatureUnion, Pipeline

    chosen = checked_options(options)
    common = {
        "preprocessor": normalise if chosen["normaliser"] else str.lower,
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
    # The dual coordinate descent of liblinear: three times as fast here as its primal or L-BFGS, at the
    # same average precision on validation families.
    regression = LogisticRegression(
        C=chosen["C"],
        class_weight=chosen["class_weight"],
        solver="liblinear",
        dual=True,
        tol=0.01,
        max_iter=1000,
        random_state=0,
    )
    return Pipeline(
        [("features", FeatureUnion(feature_groups)), ("classify", OneVsRestClassifier(regression))]
    )


def fit_message_model(table: pd.DataFrame, **options: Any) -> Pipeline:
    """A Pipeline fitted on the ``text`` and the label columns of a messages table.

    Equal (text, labels) rows are fitted once, so that a sentence the generator repeats does not outweigh
    the rarer ones. Raises ``ValueError`` when the table has messages of conversations that are not
    synthetic: these may be scored, never trained on.
    """
    if "synthetic" in table and not table["synthetic"].all():
        raise ValueError(
            "training takes synthetic conversations only, "
            f"got {int((~table['synthetic']).sum())} messages of others; they may be scored and evaluated"
        )
    distinct = table.drop_duplicates(subset=["text", *LABELS])
    return build_pipeline(**options).fit(distinct["text"].tolist(), distinct[list(LABELS)].to_numpy())


def predict_messages(pipeline: Pipeline, texts: Iterable[str]) -> pd.DataFrame:
    """Probabilities of a fitted Pipeline: one column per label, one row per text.

    Raises ``TypeError`` for what is not many texts, see ``checked_texts``.
    """
    import pandas as pd

    texts = list(checked_texts(texts))
    if not texts:
        return pd.DataFrame(np.zeros((0, len(LABELS))), columns=list(LABELS))
    return pd.DataFrame(score_distinct(pipeline.predict_proba, texts), columns=list(LABELS))


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
