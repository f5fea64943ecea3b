"""Which model file a command uses when none is named."""

from __future__ import annotations

from pathlib import Path

import classifier
from classifier.model.file import shipped_model

RESULTS = Path("results")
MODEL_NAME = "model.safetensors"


def find_model(named: Path | None) -> Path:
    """The named file; else the one ``scripts/run`` made, here or in the checkout the package stands in; else the small one shipped with the package."""
    checkout = Path(classifier.__file__).resolve().parent.parent
    made = [folder / RESULTS / MODEL_NAME for folder in (Path.cwd(), checkout)]
    return named or next((path for path in made if path.is_file()), shipped_model())
