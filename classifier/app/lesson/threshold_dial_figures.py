"""Finds and false alarms at nine thresholds, counted on test conversations and kept in a file.

``dial_figures.json`` in this folder is of the released corpus and the model that the demo loads;
``scripts/release/demo_points`` writes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from classifier.app.demo_data import Demo, score_conversations
from classifier.errors import InputError

SHIPPED_DIAL = Path(__file__).parent / "dial_figures.json"
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
ABOUT = (
    "What the conversation model finds and falsely flags at nine thresholds, on synthetic test "
    "conversations; no figure is a prevalence. Written by scripts/release/demo_points."
)


@dataclass(frozen=True)
class DialStep:
    """Counts of test conversations whose highest score reaches ``threshold``.

    They are ``found`` of ``n_pattern`` patterns and ``false_alarms`` of ``n_benign`` benign ones. Bounds of
    both rates (95 %) are adjusted for the dialogues that conversations share.
    """

    threshold: float
    found: int
    n_pattern: int
    false_alarms: int
    n_benign: int
    recall_low: float
    recall_high: float
    false_positive_rate_low: float
    false_positive_rate_high: float

    @property
    def recall(self) -> float:
        """Share of patterns found."""
        return self.found / self.n_pattern

    @property
    def false_positive_rate(self) -> float:
        """Share of benign conversations flagged."""
        return self.false_alarms / self.n_benign


@dataclass(frozen=True)
class DialFigures:
    """The steps of the dial, and facts of the corpus and model that they are of."""

    facts: dict[str, str]
    steps: tuple[DialStep, ...]


def count_steps(
    label: ArrayLike, score: ArrayLike, families: Iterable[tuple[str, ...]]
) -> tuple[DialStep, ...]:
    """The counts at ``THRESHOLDS``; a score equal to a threshold reaches it.

    >>> step = count_steps([True, True, False], [0.95, 0.15, 0.3], [("raid",), ("pizza",), ("pizza",)])[2]
    >>> step.threshold, step.found, step.n_pattern, step.false_alarms, step.n_benign
    (0.3, 1, 2, 1, 1)
    """
    from classifier.evaluation.clustered_units import Clusters

    clusters = Clusters.of(families)
    patterns, scores = np.asarray(label, dtype=bool), np.asarray(score, dtype=np.float64)
    steps = []
    for threshold in THRESHOLDS:
        recall, alarms = (clusters.rate(scores >= threshold, of) for of in (patterns, ~patterns))
        bounds = [float(f"{bound:.6g}") for rate in (recall, alarms) for bound in rate.interval()]
        steps.append(DialStep(threshold, recall.hits, recall.n, alarms.hits, alarms.n, *bounds))
    return tuple(steps)


def dial_figures(demo: Demo) -> DialFigures:
    """The figures of the demo's model on all test conversations of its corpus, of any length."""
    conversations = [each for each in demo.conversations() if each.split == "test"]
    if not conversations:
        raise InputError(f"{demo.corpus}: expected test conversations, found none")
    scored = score_conversations(demo.model, demo.conversation_model, conversations)
    facts = {
        "corpus": f"{conversations[0].corpus}, version {conversations[0].version}",
        "corpus_sha256": demo.corpus_sha256,
        "model_sha256": demo.model.header["sha256"],
        "split": "test",
    }
    label = [each.is_pattern for each in scored]
    families = [each.conversation.clusters for each in scored]
    return DialFigures(facts, count_steps(label, [each.scores.max() for each in scored], families))


def dial_as_json(figures: DialFigures) -> bytes:
    """The figures as the bytes of a JSON file, with one line a step."""
    lines = ",\n  ".join(json.dumps(astuple(step)) for step in figures.steps)
    head = {"about": ABOUT, "facts": figures.facts, "columns": [field.name for field in fields(DialStep)]}
    opened = json.dumps(head, indent=1).removesuffix("\n}")
    return f'{opened},\n "steps": [\n  {lines}\n ]\n}}\n'.encode()


@cache
def shipped_dial() -> DialFigures:
    """The figures that come with the package."""
    content: dict[str, Any] = json.loads(SHIPPED_DIAL.read_text(encoding="utf-8"))
    steps: Sequence[list[Any]] = content["steps"]
    return DialFigures(content["facts"], tuple(DialStep(*step) for step in steps))
