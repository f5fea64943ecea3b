"""The pattern model's file: a few arrays and a JSON header in one .safetensors, opened without running any code and checked before use."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.atomic import write_bytes
from classifier.model.file import ModelFileError
from classifier.model.pattern import PatternModel
from classifier.model.pattern_features import HEAD_FEATURES
from classifier.taxonomy import LABELS

FORMAT_VERSION = 1
MAX_FILE_BYTES = 1 << 20
KIND = "pattern"
NUMBERS = ("intercept", "slope", "offset", "alert_threshold")
"""The entries of array ``numbers``, in order; the other arrays are ``weights`` and ``thresholds``."""


def save_pattern(path: Path | str, model: PatternModel, *, stage_model_sha256: str, corpus_sha256: str, seed: int) -> PatternModel:
    """Write ``model`` to ``path``, whole or not at all, and return what ``load_pattern`` would read back.

    ``stage_model_sha256`` is that of the model whose message probabilities it was fitted on: with another's it would mean nothing.
    """
    from safetensors.numpy import save

    arrays = {"weights": model.weights, "thresholds": model.thresholds, "numbers": np.array([getattr(model, name) for name in NUMBERS], dtype=np.float64)}
    header: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "kind": KIND,
        "synthetic_only": True,
        "use": "research, prototyping and teaching; scores are for a person to review, never for automated action against a person",
        "head": model.head,
        "features": list(model.feature_names),
        "labels": list(LABELS),
        "stage_model_sha256": stage_model_sha256,
        "corpus_sha256": corpus_sha256,
        "seed": seed,
        "packages": {name: metadata.version(name) for name in ("numpy", "scikit-learn", "scipy")},
    }
    header["sha256"] = _content_sha256(arrays, header)
    write_bytes(Path(path), save(arrays, metadata={"header": json.dumps(header, sort_keys=True)}))
    return load_pattern(path)


def _content_sha256(arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps({key: value for key, value in header.items() if key != "sha256"}, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}:{array.dtype.str}:{array.shape}".encode())
        digest.update(array.data)
    return digest.hexdigest()


def load_pattern(path: Path | str) -> PatternModel:
    """The ``PatternModel`` in ``path``; it scores as the saved one did.

    Raises ``ModelFileError`` when the file is missing, too large, not a pattern model, of another format version, damaged or altered.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ModelFileError(f"{path}: larger than {MAX_FILE_BYTES} bytes; this is not a pattern model of this project")
        with safe_open(path, framework="numpy") as opened:
            raw_header = (opened.metadata() or {}).get("header")
            names = opened.keys()
            arrays = {name: opened.get_tensor(name) for name in names}
    except FileNotFoundError:
        raise ModelFileError(f"{path}: no such pattern model file; train it first") from None
    except (OSError, SafetensorError) as error:
        raise ModelFileError(f"{path}: not a readable .safetensors pattern model file ({error}); train it again") from None
    if raw_header is None:
        raise ModelFileError(f"{path}: has no header; this is not a pattern model of this project")
    try:
        return _checked_model(arrays, json.loads(raw_header))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: damaged or altered: {error}; train it again") from None


def _checked_model(arrays: dict[str, NDArray[Any]], header: dict[str, Any]) -> PatternModel:
    if header.get("kind") != KIND:
        raise ValueError(f"holds a model of kind {header.get('kind', 'stage')!r}, expected {KIND!r}")
    if header.get("format_version") != FORMAT_VERSION:
        raise ValueError(f"format version {header.get('format_version')!r}, this program reads {FORMAT_VERSION}")
    if header.get("synthetic_only") is not True:
        raise ValueError("not marked synthetic_only")
    if header.get("sha256") != _content_sha256(arrays, header):
        raise ValueError("the content does not match its sha256")
    if header["labels"] != list(LABELS) or header["features"] != list(HEAD_FEATURES[header["head"]]):
        raise ValueError(f"labels or features of head {header['head']!r} are not those of this program")
    if sorted(arrays) != ["numbers", "thresholds", "weights"] or arrays["numbers"].shape != (len(NUMBERS),):
        raise ValueError(f"expected arrays weights, thresholds and {len(NUMBERS)} numbers, got {', '.join(sorted(arrays))}")
    if not ((arrays["thresholds"] >= 0) & (arrays["thresholds"] <= 1)).all():
        raise ValueError("thresholds must be in [0, 1]")
    numbers = {name: float(number) for name, number in zip(NUMBERS, arrays["numbers"], strict=True)}
    return PatternModel(head=header["head"], weights=arrays["weights"], thresholds=arrays["thresholds"], header=header, **numbers)
