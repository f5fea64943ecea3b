"""Paths of the model files, shipped or made by a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import classifier
from classifier.errors import InputError


def shipped_model() -> Path:
    """Path of the shipped message model to evaluate.

    It is fitted on the train split alone, so the other splits can measure it. Its conversation models
    stand beside it.

    >>> shipped_model().name
    'small.safetensors'
    """
    return Path(__file__).parent / "small.safetensors"


def shipped_final_model() -> Path:
    """Path of the shipped message model to use on new text.

    It is for text that is in no corpus of ours: the same recipe fitted on the families of all three
    splits, with the thresholds of ``shipped_model``.

    >>> shipped_final_model().name
    'final.safetensors'
    """
    return Path(__file__).parent / "final.safetensors"


RESULTS = Path("results")
MODEL_NAME = "model.safetensors"
"""File name of the model to evaluate: fitted on the train split alone."""

FINAL_NAME = "final.safetensors"
"""File name of the model to use.

It is the same recipe fitted on every family, with the thresholds of the other.
"""

MAX_FALSE_ALARMS = 0.003
"""Share of validation messages without a label that the label's threshold may flag.

Chosen once, for every model that is compared.
"""


def find_model(named: Path | None) -> Path:
    """Path of the model to evaluate.

    It is the named file; else the one that ``scripts/run`` made, in the current folder or in the
    checkout of the package; else the shipped one.
    """
    return named or _made_by_run(MODEL_NAME) or shipped_model()


def find_final_model(named: Path | None) -> Path:
    """Path of the model to use on new text.

    It is looked for in the places of ``find_model``. Its figures are those of the evaluated model or
    better, as it has seen more families.
    """
    return named or _made_by_run(FINAL_NAME) or shipped_final_model()


def _made_by_run(name: str) -> Path | None:
    checkout = Path(classifier.__file__).resolve().parent.parent
    for folder in (Path.cwd(), checkout):
        path = folder / RESULTS / name
        if path.is_file():
            return path
    return None


def require_unseen(path: Path, header: Mapping[str, Any], corpus_sha256: str) -> None:
    """Raise ``InputError`` for a model that was fitted on the test families of this corpus."""
    if "test" in header["fitted_on"] and header["corpus_sha256"] == corpus_sha256:
        raise InputError(
            f"{path}: was fitted on the test families of this corpus too, for use and not for evaluation; "
            "name the model that train wrote as --out"
        )


def conversation_model_path(model_path: Path, head: str = "text") -> Path:
    """Path of the conversation model of one head, which stands beside its message model.

    >>> conversation_model_path(Path("results/model.safetensors")).name
    'model.conversation-text.safetensors'
    >>> conversation_model_path(Path("model.safetensors"), "both").name
    'model.conversation-both.safetensors'
    """
    return model_path.with_suffix(f".conversation-{head}{model_path.suffix}")
