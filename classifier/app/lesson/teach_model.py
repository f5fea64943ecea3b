"""Values of *Teach it*: a small model before and after it learns lines."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.app.demo_data import Demo
from classifier.app.example_texts import example_texts
from classifier.app.form_fields import FormFields, choice_field
from classifier.app.lesson.retrained_model import (
    N_PHRASES,
    TIMES,
    TaughtLine,
    taught_model,
    untaught_model,
)
from classifier.taxonomy import LABELS
from classifier.text import printable

N_LINES = 10
N_TRIED = 2
MAX_CHARACTERS = 200
NONE = "none"
"""The choice of a line that shows no warning sign."""
N_OTHERS = 8
"""Lines shown that the class did not type."""
FLAGGED_FROM = 0.5
MOVED = 0.1
"""A score has changed when it is so much higher or lower than before."""


def teach_view(demo: Demo, fields: FormFields) -> dict[str, Any]:
    """The form of ten lines; once it is sent, scores before and after the fit.

    The fields are ``text1`` with ``label1`` and so on, and ``try1``, ``try2``, lines that are scored but not
    taught. Nothing of them is kept.
    """
    rows: list[dict[str, Any]] = [
        {
            "number": number,
            "text": printable(fields.get(f"text{number}", "")),
            "label": choice_field(fields, f"label{number}", (NONE, *LABELS), default=NONE),
        }
        for number in range(1, N_LINES + 1)
    ]
    tried = [printable(fields.get(f"try{number}", "")) for number in range(1, N_TRIED + 1)]
    is_sent = "text1" in fields
    errors = form_errors(rows, tried) if is_sent else {}
    lines = [
        TaughtLine(row["text"], () if row["label"] == NONE else (row["label"],))
        for row in rows
        if row["text"].strip()
    ]
    return {
        "errors": errors,
        "field_names": {f"text{at}": f"Line {at}" for at in range(1, N_LINES + 1)}
        | {f"try{at}": f"Try {at}" for at in range(1, N_TRIED + 1)},
        "rows": rows,
        "tried": tried,
        "labels": LABELS,
        "max_characters": MAX_CHARACTERS,
        "n_phrases": N_PHRASES,
        "times": TIMES,
        "result": _result(demo, lines, tried) if is_sent and not errors else None,
    }


def form_errors(rows: list[dict[str, Any]], tried: list[str]) -> dict[str, str]:
    """What is wrong with the lines, by the name of their field."""
    from classifier.corpus.checks.content_policy import policy_problems

    typed = {f"text{row['number']}": row["text"] for row in rows}
    typed |= {f"try{number}": text for number, text in enumerate(tried, start=1)}
    errors = {}
    for name, text in typed.items():
        if len(text) > MAX_CHARACTERS:
            errors[name] = f"expected at most {MAX_CHARACTERS} characters, got {len(text):,}"
        elif name.startswith("text") and (problems := policy_problems(text)):
            errors[name] = f"a line that is taught keeps the rules of the data; {'; '.join(problems)}"
    if not any(row["text"].strip() for row in rows):
        errors["text1"] = "expected at least one line, got none"
    return errors


def _result(demo: Demo, lines: list[TaughtLine], tried: list[str]) -> dict[str, Any]:
    """Scores before and after: of taught lines, of lines tried, and of others."""
    start = perf_counter()
    before = untaught_model(demo.corpus)
    after = taught_model(demo.corpus, lines)
    seconds = perf_counter() - start
    own_texts = {line.text for line in lines}
    others = [
        (line["text"], line["label"])
        for name in ("same_words", "indirect")
        for line in example_texts()[name]
        if line["text"] not in own_texts
    ]
    texts = [
        *(line.text for line in lines),
        *(text for text in tried if text.strip()),
        *(text for text, _ in others),
    ]
    scores = np.stack([model.predict_proba(texts) for model in (before, after)], axis=1)
    n_own, n_others = len(lines), len(others)
    tried_scores = scores[n_own : len(texts) - n_others]
    moved = [
        _changed(text, label, row) for (text, label), row in zip(others, scores[-n_others:], strict=True)
    ]
    return {
        "seconds": f"{seconds:.1f}",
        "own": [_changed_own(line, row) for line, row in zip(lines, scores[:n_own], strict=True)],
        "tried": [
            _changed(text, LABELS[int(row.max(axis=0).argmax())], row)
            for text, row in zip([text for text in tried if text.strip()], tried_scores, strict=True)
        ],
        "others": sorted(moved, key=lambda change: -abs(change["change"]))[:N_OTHERS],
    }


def _changed_own(line: TaughtLine, scores: NDArray[np.float64]) -> dict[str, Any]:
    """A taught line with the score of its label.

    Without one, it is the label that the line came nearest to before.
    """
    label = line.labels[0] if line.labels else LABELS[int(scores[0].argmax())]
    return _changed(line.text, label, scores) | {"is_none": not line.labels}


def _changed(text: str, label: str, scores: NDArray[np.float64]) -> dict[str, Any]:
    """A line with the score of one label before and after; ``scores`` has shape (2, labels)."""
    before, after = (float(score) for score in scores[:, LABELS.index(label)])
    change = after - before
    return {
        "text": text,
        "label": label,
        "before": f"{before:.2f}",
        "after": f"{after:.2f}",
        "change": change,
        "is_none": False,
        "direction": "higher" if change >= MOVED else "lower" if change <= -MOVED else "same",
        "flagged": (before >= FLAGGED_FROM, after >= FLAGGED_FROM),
    }
