"""An evaluation as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Callable

from classifier.evaluation.results import Evaluation
from classifier.report.evaluation.conversations import CONVERSATION_SECTIONS
from classifier.report.evaluation.messages import MESSAGE_SECTIONS
from classifier.report.page import render
from classifier.report.sections import Section, Tables

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
    "alert_rule": "Alert threshold",
    "alert_threshold": "Alert threshold, value",
    "seed": "Seed",
    "n_resamples": "Bootstrap resamples",
}

SECTIONS: dict[str, Callable[[Tables], Section]] = MESSAGE_SECTIONS | CONVERSATION_SECTIONS
"""The sections in their order, by the table that each needs."""


def evaluation_page(evaluation: Evaluation) -> str:
    """The whole page: limits and facts first, then a section per table.

    A section whose table is missing is left out. The same evaluation gives the same bytes.
    """
    facts = [
        (title, evaluation.facts[name]) for name, title in FACT_TITLES.items() if name in evaluation.facts
    ]
    sections = [
        section(evaluation.tables) for table, section in SECTIONS.items() if table in evaluation.tables
    ]
    return render("sections.html.j2", notes_template=NOTES, facts=facts, sections=sections)
