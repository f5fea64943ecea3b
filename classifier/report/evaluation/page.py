"""An evaluation as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from classifier.evaluation.results import Evaluation
from classifier.report.evaluation import conversations, curves, messages
from classifier.report.evaluation.opening import opening
from classifier.report.page import render
from classifier.report.sections import Section, SectionGroup, Tables
from classifier.report.tables import format_number

NOTES = "evaluation_notes.html.j2"

FACT_TITLES = {
    "corpus": "Corpus",
    "corpus_sha256": "Corpus sha256",
    "split": "Reported on",
    "n_messages": "Messages",
    "n_families": "Phrase families",
    "n_conversations": "Conversations",
    "model_sha256": "Model sha256",
    "threshold_rule": "Thresholds",
    "message_thresholds": "Thresholds, values",
    "alert_rule": "Alert threshold",
    "alert_threshold": "Alert threshold, value",
    "seed": "Seed",
    "n_resamples": "Bootstrap resamples",
}

GROUPS: dict[str, dict[str, Callable[[Tables], Section]]] = {
    "Conversations": {
        "overtness": conversations.overtness_section,
        "separation": curves.roc_section,
        "rates": conversations.rates_section,
        "base_rates": conversations.base_rates_section,
        "alerts_by_length": conversations.length_section,
        "early": conversations.early_section,
        "conversation_scenes": conversations.benign_section,
        "senders": conversations.senders_section,
        "calibration": curves.reliability_section,
    },
    "Messages": {
        "messages": messages.messages_section,
        "message_curves": curves.precision_recall_section,
        "f1_by_cap": curves.f1_by_cap_section,
        "transfer": curves.second_voice_section,
        "systems": messages.systems_section,
        "tactics": messages.tactics_section,
        "scenes": messages.scenes_section,
        "manners": messages.manners_section,
        "capabilities": messages.capabilities_section,
        "disguises": messages.disguises_section,
        "noise": messages.noise_section,
    },
    "Checks of the corpus": {
        "controls": messages.controls_section,
        "leaks": messages.leaks_section,
    },
}
"""The sections in their order, by group and by the table that each needs."""


def evaluation_page(evaluation: Evaluation) -> str:
    """The whole page: the answer first, then a closed section per table, hashes and seeds last.

    A section whose table is missing is left out. The same evaluation gives the same bytes.
    """
    facts = [
        (title, _fact(evaluation.facts[name]))
        for name, title in FACT_TITLES.items()
        if name in evaluation.facts
    ]
    groups = [
        SectionGroup(
            heading,
            [section(evaluation.tables) for table, section in sections.items() if table in evaluation.tables],
        )
        for heading, sections in GROUPS.items()
    ]
    return render(
        "sections.html.j2",
        notes_template=NOTES,
        opening=opening(evaluation.tables),
        groups=groups,
        facts=facts,
    )


def _fact(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {format_number(item)}" for name, item in value.items())
    return str(value)
