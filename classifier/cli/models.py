"""Which model file a command uses when none is named."""

from __future__ import annotations

from pathlib import Path

import classifier
from classifier.model.shipped import shipped_model

RESULTS = Path("results")
MODEL_NAME = "model.safetensors"

MAX_FALSE_ALARMS = 0.005
"""Share of validation messages without a label that its threshold may flag. Chosen once, for every model that is compared."""


def find_model(named: Path | None) -> Path:
    """The named file; else the one ``scripts/run`` made, here or in the checkout the package stands in; else the small one shipped with the package."""
    checkout = Path(classifier.__file__).resolve().parent.parent
    made = [folder / RESULTS / MODEL_NAME for folder in (Path.cwd(), checkout)]
    return named or next((path for path in made if path.is_file()), shipped_model())


def pattern_path(model_path: Path, head: str = "text") -> Path:
    """Where a pattern scorer fitted on a stage model stands: beside it, one file a head.

    >>> pattern_path(Path("results/model.safetensors")).name, pattern_path(Path("model.safetensors"), "both").name
    ('model.pattern-text.safetensors', 'model.pattern-both.safetensors')
    """
    return model_path.with_suffix(f".pattern-{head}{model_path.suffix}")
