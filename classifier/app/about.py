"""Values of the start page and of the page about the model and the data."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import classifier
from classifier.app.demo_data import Demo, checkout
from classifier.app.form_fields import FormFields

MODEL_KIND = (
    "TF-IDF of words, pairs of words and letters, one logistic regression a label; "
    "a small logistic regression over a conversation's message scores"
)


def start_view(demo: Demo, fields: FormFields) -> dict[str, Any]:
    """Nothing: the start page is text alone."""
    return {}


def about_view(demo: Demo, fields: FormFields) -> dict[str, Any]:
    """The header of the loaded model, and the documents that are there."""
    header = demo.model.header
    thresholds = zip(demo.model.labels, demo.model.thresholds, strict=True)
    facts = [
        ("model file, for conversations of the corpus", demo.model_path.name),
        ("sha256 of its content", header["sha256"]),
        ("typed text is scored by the model with sha256", demo.typed_model.header["sha256"]),
        ("kind", MODEL_KIND),
        ("terms", f"{sum(len(group.terms) for group in demo.model.feature_groups):,}"),
        ("size", f"{demo.model_path.stat().st_size / 1e6:,.1f} MB"),
        ("labels and thresholds", ", ".join(f"{label} {threshold:.3f}" for label, threshold in thresholds)),
        ("alert threshold of conversations", f"{demo.conversation_model.alert_threshold:.3f}"),
        ("fitted on a corpus with sha256", header["corpus_sha256"]),
        ("seed", str(header["seed"])),
        ("program version", classifier.__version__),
    ]
    return {
        "facts": facts,
        "documents": [
            (title, without_header(path.read_text(encoding="utf-8"))) for title, path in documents()
        ],
        "source": demo.source,
    }


def without_header(text: str) -> str:
    """A Markdown text without the YAML header that it may begin with.

    >>> without_header("---\\nlicense: apache-2.0\\n---\\n\\n# Model card"), without_header("# Datasheet")
    ('# Model card', '# Datasheet')
    """
    return re.sub(r"\A---\n.*?\n---\n+", "", text, flags=re.DOTALL)


def documents() -> list[tuple[str, Path]]:
    """Title and path of the model card and of the datasheet, where they exist.

    The datasheet comes with the checkout only.
    """
    places = [
        ("Model card", Path(str(files("classifier.model"))) / "CARD.md"),
        ("Datasheet of the corpora", checkout() / "data" / "synthetic" / "README.md"),
    ]
    return [(title, path) for title, path in places if path.is_file()]
