"""The file of a message model, of plain arrays.

Arrays: for each feature group ``<group>.terms`` (ascending, UTF-8 bytes end to end), ``<group>.ends``
(where each term ends) and ``<group>.idf``; ``weights`` (a byte each) times ``steps`` (one a column) are
the coefficients; ``intercept``; and ``thresholds``, a row for each operating point. The header holds
the columns, the options, the operating points with what each had on validation, the splits it was fitted
on, and hashes of the corpus, of the training families and of the word list for spelling.
``classifier.model.file_container`` writes and checks it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from operator import lt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classifier.model.file_container import (
    OtherVersionError,
    check_format_version,
    read_container,
    write_container,
)
from classifier.model.message.features import RANGE_OPTIONS, checked_options
from classifier.model.message.operating_points import DEFAULT_POINT, OPERATING_POINTS, MessageOperatingPoint
from classifier.model.message.reading.spelling import words_sha256
from classifier.model.message.scorer import FeatureGroup, MessageModel
from classifier.model.message.searched_terms import SearchedTerms
from classifier.taxonomy import COLUMNS, LABELS

if TYPE_CHECKING:
    from classifier.model.message.stage_classifier import StageClassifier

FORMAT_VERSION = 6
MAX_FILE_BYTES = 1 << 30
MAX_TERMS = 5_000_000
MOST_STEPS = 127
"""The largest weight of a column, in its steps."""
MAX_WEIGHT = 1e9
"""No fitted weight or idf comes near it; far beyond it products would not be finite."""


def save_model(
    path: Path | str,
    fitted: StageClassifier,
    *,
    operating_points: Mapping[str, MessageOperatingPoint],
    corpus_sha256: str,
    training_families: Iterable[str],
    seed: int,
    fitted_on: Sequence[str] = ("train",),
) -> MessageModel:
    """Write a fitted classifier to ``path`` and return its ``MessageModel``.

    The file is written whole or not at all; what is returned is what ``load_model`` would read back.

    Parameters
    ----------
    operating_points
        The thresholds of each of ``OPERATING_POINTS``, with what they had on validation.
    training_families
        Ids of the families that the classifier was fitted on; the file keeps their hash.
    fitted_on
        The splits of the corpus whose families the classifier has seen.
    """
    steps = np.abs(fitted.coef_).max(axis=1, initial=0.0) / MOST_STEPS
    steps[steps == 0] = 1.0
    arrays: dict[str, NDArray[Any]] = {
        "weights": np.rint(fitted.coef_ / steps[:, None]).astype(np.int8),
        "steps": steps,
        "intercept": fitted.intercept_,
        "thresholds": np.array([operating_points[name].thresholds for name in OPERATING_POINTS]),
    }
    for name, vectoriser in fitted.features_.transformer_list:
        encoded = [term.encode("utf-8") for term in vectoriser.get_feature_names_out()]
        arrays[f"{name}.terms"] = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        arrays[f"{name}.ends"] = np.cumsum([len(term) for term in encoded], dtype=np.int64)
        arrays[f"{name}.idf"] = np.ascontiguousarray(vectoriser.idf_)
    header: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "columns": list(COLUMNS),
        "options": checked_options(fitted.get_params()),
        "operating_points": {name: operating_points[name].to_json() for name in OPERATING_POINTS},
        "seed": seed,
        "words_sha256": words_sha256(),
        "fitted_on": list(fitted_on),
        "corpus_sha256": corpus_sha256,
        "training_families_sha256": hashlib.sha256("\n".join(sorted(training_families)).encode()).hexdigest(),
    }
    write_container(Path(path), arrays, header)
    return load_model(path)


def load_model(path: Path | str, *, few_texts: bool = False) -> MessageModel:
    """The ``MessageModel`` in ``path``.

    One for ``few_texts`` is read in a third of the time, without a look at the order of its terms, and
    scores a tenth as many messages a second.
    Raises ``ModelFileError`` when the file is missing, too large, not a model file, of another format
    version, damaged or altered.
    """
    with read_container(
        Path(path),
        noun="model",
        missing="make one with 'grooming-classifier train' or leave out --model",
        max_bytes=MAX_FILE_BYTES,
    ) as (arrays, header):
        return _checked_model(arrays, header, few_texts=few_texts)


def training_options(model: MessageModel) -> dict[str, Any]:
    """The options that a saved model was fitted with, as ``StageClassifier`` takes them."""
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in model.header["options"].items()
    }


def _checked_model(
    arrays: dict[str, NDArray[Any]], header: dict[str, Any], *, few_texts: bool
) -> MessageModel:
    check_format_version(header, FORMAT_VERSION)
    if header["columns"] != list(COLUMNS):
        raise ValueError(f"columns {header['columns']!r}, expected {list(COLUMNS)!r}")
    if not isinstance(header["fitted_on"], list):
        raise ValueError(f"fitted_on must be a list of splits, got {header['fitted_on']!r}")
    if header["words_sha256"] != words_sha256():
        raise OtherVersionError(
            "trained with another list of words to spell by "
            "than this one's classifier/model/message/reading/words.txt"
        )
    options = checked_options(header["options"])
    feature_groups = tuple(
        _checked_group(name, options[option], arrays, few_texts=few_texts)
        for name, option in RANGE_OPTIONS.items()
        if options[option] is not None
    )
    n_terms = sum(len(group.terms) for group in feature_groups)
    for name, shape, dtype in (
        ("weights", (len(COLUMNS), n_terms), np.int8),
        ("steps", (len(COLUMNS),), np.float64),
        ("intercept", (len(COLUMNS),), np.float64),
        ("thresholds", (len(OPERATING_POINTS), len(LABELS)), np.float64),
    ):
        array = arrays[name]
        if array.shape != shape or array.dtype != dtype:
            raise ValueError(
                f"{name} must be {np.dtype(dtype)} of shape {shape}, got {array.dtype} {array.shape}"
            )
        without_regression = np.isneginf(array) if name == "intercept" else False
        # A whole number of eight bits is finite and small, and there are millions of them.
        if dtype != np.int8 and not (without_regression | (np.abs(array) <= MAX_WEIGHT)).all():
            raise ValueError(f"{name} must be finite and at most {MAX_WEIGHT:.0e} in size")
    points = {
        name: MessageOperatingPoint.from_json(header["operating_points"][name], thresholds)
        for name, thresholds in zip(OPERATING_POINTS, arrays["thresholds"], strict=True)
    }
    return MessageModel(
        labels=LABELS,
        feature_groups=feature_groups,
        weights=arrays["weights"],
        steps=arrays["steps"],
        intercept=arrays["intercept"],
        thresholds=points[DEFAULT_POINT].thresholds,
        operating_points=points,
        sublinear_tf=bool(options["sublinear_tf"]),
        normaliser=bool(options["normaliser"]),
        header=header,
    )


def _checked_group(
    name: str, limits: list[int], arrays: dict[str, NDArray[Any]], *, few_texts: bool
) -> FeatureGroup:
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
    content.decode("utf-8")
    goes_on = np.append(raw >> 6 == 0b10, False)
    if goes_on[ends].any():
        raise ValueError(f"{name}: a term ends inside a character")
    terms: Sequence[str] = SearchedTerms(content, ends.tolist())
    if not few_texts:
        terms = tuple(terms)
        if not all(map(lt, terms, terms[1:])):
            raise ValueError(f"{name}: terms must be distinct and in ascending order")
    return FeatureGroup(name, low, high, terms, idf)


def load_classifier(path: Path | str) -> StageClassifier:
    """The scikit-learn estimator in ``path``; its probabilities equal the saved one's to 1e-12."""
    from classifier.model.message.stage_classifier import StageClassifier, build_features

    model = load_model(path)
    options = training_options(model)
    restored = StageClassifier(**options)
    restored.features_ = build_features(**options)
    for (_, vectoriser), group in zip(restored.features_.transformer_list, model.feature_groups, strict=True):
        vectoriser.set_params(vocabulary=dict(group.position))
        vectoriser.idf_ = group.idf
    restored.coef_, restored.intercept_ = model.coef(slice(None)), model.intercept
    restored.classes_ = np.array(LABELS)
    return restored
