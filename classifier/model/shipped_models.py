"""Paths of the model files that come with the package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from classifier.errors import InputError


def shipped_model() -> Path:
    """Path of the shipped message model: the one that ``score`` uses.

    It is fitted on the families of all three splits. Its thresholds, and the figures that stand beside
    them in the file, are of models of the same recipe that had not seen the families they were measured
    on. Its conversation models stand beside it.

    >>> shipped_model().name
    'shipped.safetensors'
    """
    return Path(__file__).parent / "shipped.safetensors"


def train_split_model() -> Path:
    """Path of the message model to measure on our own corpus.

    It is fitted on the train split alone. The other splits, which ``shipped_model`` has seen, are new to it.

    >>> train_split_model().name
    'train_split.safetensors'
    """
    return Path(__file__).parent / "train_split.safetensors"


def card_path() -> Path:
    """Path of the model card of both models.

    >>> card_path().name
    'CARD.md'
    """
    return Path(__file__).parent / "CARD.md"


def require_unseen(path: Path, header: Mapping[str, Any]) -> None:
    """Raise ``InputError`` for a model that was fitted on test families.

    Which corpus they are of does not matter: generated corpora share their families.
    """
    if "test" in header["fitted_on"]:
        raise InputError(
            f"{path}: was fitted on test families too, for use and not for evaluation, and generated corpora "
            "share them; name the model that train wrote as --out"
        )


def conversation_model_path(model_path: Path, head: str = "text") -> Path:
    """Path of the conversation model of one head, which stands beside its message model.

    >>> conversation_model_path(Path("results/model.safetensors")).name
    'model.conversation-text.safetensors'
    >>> conversation_model_path(Path("model.safetensors"), "both").name
    'model.conversation-both.safetensors'
    """
    return model_path.with_suffix(f".conversation-{head}{model_path.suffix}")
