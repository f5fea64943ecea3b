"""An evaluation as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from classifier.evaluation.saved_results import Evaluation
from classifier.report.evaluation import conversation_sections, curve_sections, message_sections
from classifier.report.evaluation.page_opening import opening
from classifier.report.html_rendering import render
from classifier.report.printed_tables import format_number
from classifier.report.sections import Section, SectionGroup, Tables

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
        "overtness": conversation_sections.overtness_section,
        "separation": curve_sections.roc_section,
        "rates": conversation_sections.rates_section,
        "base_rates": conversation_sections.base_rates_section,
        "alerts_by_length": conversation_sections.length_section,
        "early": conversation_sections.early_section,
        "conversation_scenes": conversation_sections.benign_section,
        "senders": conversation_sections.senders_section,
        "calibration": curve_sections.reliability_section,
    },
    "Messages": {
        "messages": message_sections.messages_section,
        "message_curves": curve_sections.precision_recall_section,
        "f1_by_cap": curve_sections.f1_by_cap_section,
        "transfer": curve_sections.second_voice_section,
        "systems": message_sections.systems_section,
        "tactics": message_sections.tactics_section,
        "scenes": message_sections.scenes_section,
        "manners": message_sections.manners_section,
        "capabilities": message_sections.capabilities_section,
        "disguises": message_sections.disguises_section,
        "noise": message_sections.noise_section,
    },
    "Checks of the corpus": {
        "controls": message_sections.controls_section,
        "leaks": message_sections.leaks_section,
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
