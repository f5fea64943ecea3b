"""The two small models that come with the package: one to evaluate, one to use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import classifier
from classifier.errors import InputError


def shipped_model() -> Path:
    """Fitted on the train split alone, so that it can be measured on the others; the pattern scorers stand beside it.

    >>> shipped_model().name
    'small.safetensors'
    """
    return Path(__file__).parent / "small.safetensors"


def shipped_final_model() -> Path:
    """The same recipe fitted on the families of all three splits, for text that is in no corpus of ours; the thresholds are those of ``shipped_model``.

    >>> shipped_final_model().name
    'final.safetensors'
    """
    return Path(__file__).parent / "final.safetensors"


RESULTS = Path("results")
MODEL_NAME = "model.safetensors"
"""The model that is evaluated: fitted on the train split alone."""

FINAL_NAME = "final.safetensors"
"""The model that is used: the same recipe fitted on every family, with the thresholds of the evaluated one."""

MAX_FALSE_ALARMS = 0.003
"""Share of validation messages without a label that its threshold may flag. Chosen once, for every model that is compared."""


def find_model(named: Path | None) -> Path:
    """The model to evaluate: the named file; else the one ``scripts/run`` made, here or in the checkout the package stands in; else the small one shipped with the package."""
    return named or _made(MODEL_NAME) or shipped_model()


def find_final_model(named: Path | None) -> Path:
    """The model to use on new text, looked for in the same places: its figures are those of the evaluated one, or better, as it has seen more families."""
    return named or _made(FINAL_NAME) or shipped_final_model()


def _made(name: str) -> Path | None:
    checkout = Path(classifier.__file__).resolve().parent.parent
    return next(
        (path for folder in (Path.cwd(), checkout) if (path := folder / RESULTS / name).is_file()), None
    )


def require_unseen(path: Path, header: Mapping[str, Any], corpus_sha256: str) -> None:
    """Refuse, with an ``InputError``, to measure a model on a corpus whose test families it was fitted on."""
    if "test" in header["fitted_on"] and header["corpus_sha256"] == corpus_sha256:
        raise InputError(
            f"{path}: was fitted on the test families of this corpus too, for use and not for evaluation; name the model that train wrote as --out"
        )


def conversation_model_path(model_path: Path, head: str = "text") -> Path:
    """Where a pattern scorer fitted on a stage model stands: beside it, one file a head.

    >>> conversation_model_path(Path("results/model.safetensors")).name, conversation_model_path(Path("model.safetensors"), "both").name
    ('model.conversation-text.safetensors', 'model.conversation-both.safetensors')
    """
    return model_path.with_suffix(f".conversation-{head}{model_path.suffix}")
