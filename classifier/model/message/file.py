"""The file of a message model, of plain arrays.

Arrays: for each feature group ``<group>.terms`` (ascending, UTF-8 bytes end to end), ``<group>.ends``
(where each term ends) and ``<group>.idf``; ``coef``, ``intercept`` and ``thresholds``. The header holds
the labels, the pipeline's options, the splits it was fitted on, and hashes of the corpus, of the
training families and of the word list for spelling. ``classifier.model.container`` writes and checks it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classifier.model.container import (
    OtherVersionError,
    check_format_version,
    read_container,
    write_container,
)
from classifier.model.message.features import RANGE_OPTIONS, checked_options
from classifier.model.message.pipeline import build_pipeline
from classifier.model.message.scorer import FeatureGroup, MessageModel
from classifier.model.message.spelling import words_sha256
from classifier.taxonomy import LABELS

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

FORMAT_VERSION = 3
MAX_FILE_BYTES = 1 << 30
MAX_TERMS = 5_000_000
MAX_WEIGHT = 1e9
"""No fitted weight or idf comes near it; far beyond it products would not be finite."""


def save_model(
    path: Path | str,
    pipeline: Pipeline,
    *,
    thresholds: Mapping[str, float],
    options: Mapping[str, Any],
    corpus_sha256: str,
    training_families: Iterable[str],
    seed: int,
    fitted_on: Sequence[str] = ("train",),
) -> MessageModel:
    """Write a fitted Pipeline to ``path`` and return its ``MessageModel``.

    The file is written whole or not at all; what is returned is what ``load_model`` would read back.

    Parameters
    ----------
    thresholds
        The probability of each label from which a message is flagged.
    options
        The options that ``build_pipeline`` was given.
    training_families
        Ids of the phrase families that the Pipeline was fitted on; the file keeps their hash.
    fitted_on
        The splits of the corpus whose families the Pipeline has seen.
    """
    regressions = pipeline.named_steps["classify"].estimators_
    arrays: dict[str, NDArray[Any]] = {
        "coef": np.vstack([regression.coef_ for regression in regressions]),
        "intercept": np.concatenate([regression.intercept_ for regression in regressions]),
        "thresholds": np.array([thresholds[label] for label in LABELS], dtype=np.float64),
    }
    for name, vectoriser in pipeline.named_steps["features"].transformer_list:
        encoded = [term.encode("utf-8") for term in vectoriser.get_feature_names_out()]
        arrays[f"{name}.terms"] = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        arrays[f"{name}.ends"] = np.cumsum([len(term) for term in encoded], dtype=np.int64)
        arrays[f"{name}.idf"] = np.ascontiguousarray(vectoriser.idf_)
    header: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "labels": list(LABELS),
        "options": checked_options(dict(options)),
        "seed": seed,
        "words_sha256": words_sha256(),
        "fitted_on": list(fitted_on),
        "corpus_sha256": corpus_sha256,
        "training_families_sha256": hashlib.sha256("\n".join(sorted(training_families)).encode()).hexdigest(),
    }
    write_container(Path(path), arrays, header)
    return load_model(path)


def load_model(path: Path | str) -> MessageModel:
    """The ``MessageModel`` in ``path``.

    Raises ``ModelFileError`` when the file is missing, too large, not a model file, of another format
    version, damaged or altered.
    """
    with read_container(
        Path(path),
        noun="model",
        missing="make one with 'grooming-classifier train' or leave out --model",
        max_bytes=MAX_FILE_BYTES,
    ) as (arrays, header):
        return _checked_model(arrays, header)


def pipeline_options(model: MessageModel) -> dict[str, Any]:
    """The options that ``build_pipeline`` was given for a saved model."""
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in model.header["options"].items()
    }


def _checked_model(arrays: dict[str, NDArray[Any]], header: dict[str, Any]) -> MessageModel:
    check_format_version(header, FORMAT_VERSION)
    if header["labels"] != list(LABELS):
        raise ValueError(f"labels {header['labels']!r}, expected {list(LABELS)!r}")
    if not isinstance(header["fitted_on"], list):
        raise ValueError(f"fitted_on must be a list of splits, got {header['fitted_on']!r}")
    if header["words_sha256"] != words_sha256():
        raise OtherVersionError(
            "trained with another list of words to spell by "
            "than this one's classifier/model/message/words.txt"
        )
    options = checked_options(header["options"])
    feature_groups = tuple(
        _checked_group(name, options[option], arrays)
        for name, option in RANGE_OPTIONS.items()
        if options[option] is not None
    )
    n_terms = sum(len(group.terms) for group in feature_groups)
    for name, shape in {
        "coef": (len(LABELS), n_terms),
        "intercept": (len(LABELS),),
        "thresholds": (len(LABELS),),
    }.items():
        array = arrays[name]
        if array.shape != shape or array.dtype != np.float64 or not (np.abs(array) <= MAX_WEIGHT).all():
            raise ValueError(
                f"{name} must be finite float64 of shape {shape}, got {array.dtype} {array.shape}"
            )
    return MessageModel(
        labels=LABELS,
        feature_groups=feature_groups,
        coef=arrays["coef"],
        intercept=arrays["intercept"],
        thresholds=arrays["thresholds"],
        sublinear_tf=bool(options["sublinear_tf"]),
        normaliser=bool(options["normaliser"]),
        header=header,
    )


def _checked_group(name: str, limits: list[int], arrays: dict[str, NDArray[Any]]) -> FeatureGroup:
    raw, ends, idf = arrays[f"{name}.terms"], arrays[f"{name}.ends"], arrays[f"{name}.idf"]
    low, high = (int(n) for n in limits)
    if not 1 <= low <= high <= 10:
        raise ValueError(f"{name}: range {low} to {high}, expected within 1 to 10")
    if (
        len(ends) > MAX_TERMS
        or idf.shape != ends.shape
        or idf.dtype != np.float64
        or not (np.abs(idf) <= MAX_WEIGHT).all()
    ):
        raise ValueError(f"{name}: {len(ends)} terms with {idf.dtype} idf of shape {idf.shape}")
    if len(ends) and (int(ends[-1]) != raw.size or int(ends[0]) < 0 or (np.diff(ends) < 0).any()):
        raise ValueError(f"{name}: term boundaries do not fit the terms")
    content = raw.tobytes()
    starts = [0, *ends[:-1].tolist()]
    terms = tuple(
        content[start:end].decode("utf-8") for start, end in zip(starts, ends.tolist(), strict=True)
    )
    if any(term >= following for term, following in pairwise(terms)):
        raise ValueError(f"{name}: terms must be distinct and in ascending order")
    return FeatureGroup(name, low, high, terms, idf)


def load_pipeline(path: Path | str) -> Pipeline:
    """The scikit-learn Pipeline in ``path``; its probabilities equal the saved one's to 1e-12."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import LabelBinarizer

    model = load_model(path)
    pipeline = build_pipeline(**pipeline_options(model))
    for (_, vectoriser), group in zip(
        pipeline.named_steps["features"].transformer_list, model.feature_groups, strict=True
    ):
        vectoriser.set_params(vocabulary=dict(group.position))
        vectoriser.idf_ = group.idf
    regressions = []
    for coef, intercept in zip(model.coef, model.intercept, strict=True):
        regression = LogisticRegression()
        regression.classes_ = np.array([0, 1])
        regression.coef_, regression.intercept_ = coef.reshape(1, -1), np.array([intercept])
        regressions.append(regression)
    classify = pipeline.named_steps["classify"]
    classify.estimators_ = regressions
    # Three rows of two labels each, so that scikit-learn takes the labels for a multilabel matrix.
    one_hot = np.eye(len(LABELS), dtype=int)
    classify.label_binarizer_ = LabelBinarizer(sparse_output=True).fit(
        one_hot[[0, 0, 1]] + one_hot[[1, 2, 2]]
    )
    classify.classes_ = classify.label_binarizer_.classes_
    return pipeline
