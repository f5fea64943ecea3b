"""The file of a conversation model.

It holds the weights and a few numbers as plain arrays; ``classifier.model.file_container`` writes and checks
it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.conversation.features import HEAD_FEATURES
from classifier.model.file_container import check_format_version, read_container, write_container
from classifier.taxonomy import COLUMNS

FORMAT_VERSION = 2
MAX_FILE_BYTES = 1 << 20
KIND = "pattern"
"""The field ``kind`` of the header, which a message model's file has not."""
MAX_WEIGHT = 1e9
"""No fitted weight comes near it; far beyond it products would not be finite."""
NUMBERS = (
    "intercept",
    "slope",
    "offset",
    "alert_threshold",
    "half_life",
    "length_penalty",
    "beginning_penalty",
)
"""The entries of array ``numbers``, in order; the other arrays are ``weights`` and ``thresholds``."""


def save_conversation_model(
    path: Path | str, model: ConversationModel, *, message_model_sha256: str, corpus_sha256: str, seed: int
) -> ConversationModel:
    """Write ``model`` to ``path`` and return the model in the file.

    The file is written whole or not at all; what is returned is what ``load_conversation_model`` would
    read back. ``message_model_sha256`` is that of the message model whose probabilities it was fitted
    on; with another's it would mean nothing.
    """
    arrays = {
        "weights": model.weights,
        "thresholds": model.thresholds,
        "numbers": np.array([getattr(model, name) for name in NUMBERS], dtype=np.float64),
    }
    header: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "kind": KIND,
        "head": model.head,
        "features": list(model.feature_names),
        "columns": list(COLUMNS),
        "stage_model_sha256": message_model_sha256,
        "corpus_sha256": corpus_sha256,
        "seed": seed,
    }
    write_container(Path(path), arrays, header)
    return load_conversation_model(path)


def load_conversation_model(path: Path | str) -> ConversationModel:
    """The ``ConversationModel`` in ``path``; it scores as the saved one did.

    Raises ``ModelFileError`` when the file is missing, too large, not a conversation model, of another
    format version, damaged or altered.
    """
    with read_container(
        Path(path), noun="conversation model", missing="train it first", max_bytes=MAX_FILE_BYTES
    ) as (arrays, header):
        return _checked_model(arrays, header)


def _checked_model(arrays: dict[str, NDArray[Any]], header: dict[str, Any]) -> ConversationModel:
    if header.get("kind") != KIND:
        raise ValueError(f"holds a model of kind {header.get('kind', 'message')!r}, expected {KIND!r}")
    check_format_version(header, FORMAT_VERSION)
    if header["columns"] != list(COLUMNS) or header["features"] != list(HEAD_FEATURES[header["head"]]):
        raise ValueError(f"columns or features of head {header['head']!r} are not those of this program")
    if sorted(arrays) != ["numbers", "thresholds", "weights"] or arrays["numbers"].shape != (len(NUMBERS),):
        raise ValueError(
            f"expected arrays weights, thresholds and {len(NUMBERS)} numbers, got {', '.join(sorted(arrays))}"
        )
    if not ((arrays["thresholds"] >= 0) & (arrays["thresholds"] <= 1)).all():
        raise ValueError("thresholds must be in [0, 1]")
    numbers = {name: float(number) for name, number in zip(NUMBERS, arrays["numbers"], strict=True)}
    model = ConversationModel(
        head=header["head"],
        weights=arrays["weights"],
        thresholds=arrays["thresholds"],
        header=header,
        **numbers,
    )
    if max(abs(model.weights).max(), *map(abs, numbers.values())) > MAX_WEIGHT:
        raise ValueError(f"weights and numbers must be at most {MAX_WEIGHT:.0e} in size")
    return model
