"""What is this, what may it be used for, and who helps? The first and the last page."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import classifier
from classifier.app.demo import Demo, checkout
from classifier.app.form import FormFields


def start_view(demo: Demo, fields: FormFields) -> dict[str, Any]:
    """Five questions, each with its page."""
    return {}


def about_view(demo: Demo, fields: FormFields) -> dict[str, Any]:
    """The data policy, the loaded model's own header, and the documents that are there to read."""
    header = demo.model.header
    facts = [
        ("model file", demo.model_path.name),
        ("sha256 of its content", header["sha256"]),
        (
            "kind",
            "TF-IDF of words, pairs of words and letters, one logistic regression a label; a small logistic regression over a conversation's message scores",
        ),
        ("terms", f"{sum(len(half.terms) for half in demo.model.feature_groups):,}"),
        ("size", f"{demo.model_path.stat().st_size / 1e6:,.1f} MB"),
        (
            "labels and thresholds",
            ", ".join(
                f"{label} {limit:.3f}"
                for label, limit in zip(demo.model.labels, demo.model.thresholds, strict=True)
            ),
        ),
        ("alert threshold of conversations", f"{demo.pattern.alert_threshold:.3f}"),
        ("fitted on a corpus with sha256", header["corpus_sha256"]),
        ("seed", str(header["seed"])),
        ("program version", classifier.__version__),
    ]
    return {
        "facts": facts,
        "documents": [(title, path.read_text(encoding="utf-8")) for title, path in documents()],
        "source": demo.source,
    }


def documents() -> list[tuple[str, Path]]:
    """The model card and the datasheet, those that are where they belong: the datasheet comes with the checkout only."""
    places = [
        ("Model card", Path(str(files("classifier.model"))) / "CARD.md"),
        ("Datasheet of the corpora", checkout() / "data" / "synthetic" / "README.md"),
    ]
    return [(title, path) for title, path in places if path.is_file()]
