"""A comparison of policies as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from classifier.evaluation.saved_results import Evaluation
from classifier.report.html_rendering import render
from classifier.report.sections import Section, SectionGroup, Tables
from classifier.report.tradeoff.assumption_sections import break_even_section, prices_section, review_section
from classifier.report.tradeoff.attack_sections import attack_section, privacy_curve_section
from classifier.report.tradeoff.cost_sections import (
    definitions_section,
    human_reads_section,
    messages_read_section,
    retention_section,
)
from classifier.report.tradeoff.frontier_sections import base_rates_section, exchange_rates_section
from classifier.report.tradeoff.group_sections import accounts_section, groups_section, own_text_section
from classifier.report.tradeoff.page_opening import opening
from classifier.report.tradeoff.policy_sections import constraints_section, policies_section, skipped_section
from classifier.report.tradeoff.released_section import released_section

NOTES = "tradeoff_notes.html.j2"

FACT_TITLES = {
    "corpus": "Corpus",
    "corpus_sha256": "Corpus sha256",
    "split": "Reported on",
    "n_conversations": "Test conversations",
    "n_benign": "of them benign",
    "n_clusters": "Dialogues resampled",
    "model": "Scores made by",
    "model_sha256": "Model sha256",
    "threshold_rule": "Thresholds",
    "interval": "Intervals",
    "axes": "Compared on",
    "margins": "Margins",
    "dominated": "Dominated",
    "set_aside": "Set aside",
    "on_no_axis": "On no axis",
    "prevalences": "Supposed prevalences",
    "latency_p": "Latency penalty p",
    "seed": "Seed",
    "n_resamples": "Bootstrap resamples",
    "reviewer": "Reviewer, assumed",
    "sliders": "Sliders, assumed",
}

Sections = dict[str, Callable[[Tables], Section]]

GROUPS: dict[str, Sections] = {
    "What policies find and cost": {
        "points": human_reads_section,
        "per_find": messages_read_section,
        "intervals": retention_section,
        "exchange": exchange_rates_section,
        "prices": prices_section,
        "base_rates": base_rates_section,
        "constraints": constraints_section,
    },
    "What is assumed": {"break_even": break_even_section},
    "Who is looked at": {
        "gaps": groups_section,
        "own_text": own_text_section,
        "accounts": accounts_section,
    },
    "What leaves, and what a model file gives away": {"released": released_section},
    "What is counted": {"points": definitions_section},
    "The policies": {"points": policies_section, "skipped": skipped_section},
}
"""The sections in their order, by group and by the table that each needs."""

WITH_FACTS: dict[str, dict[str, tuple[str, Callable[[Tables, dict[str, Any]], Section]]]] = {
    "What is assumed": {"review": ("reviewer", review_section)},
    "What leaves, and what a model file gives away": {
        "attacks": ("attack", lambda tables, facts: attack_section(tables["attacks"], facts["attack"])),
        "curve": ("curve", lambda tables, facts: privacy_curve_section(tables["curve"], facts["curve"])),
    },
}
"""Sections that need a fact as well, by group and table: the fact, and the section."""

TEXT_COLUMNS = (
    "dominated_by",
    "better_on",
    "exact_zeros",
    "reason",
    "description",
    "combined_by",
    "worst_group",
)


def tradeoff_page(evaluation: Evaluation) -> str:
    """The whole page: the answer first, then a closed section per table, hashes and seeds last.

    A section whose table is missing is left out. The same tables give the same bytes.
    """
    tables = {name: _with_empty_texts(table) for name, table in evaluation.tables.items()}
    facts = [
        (title, _fact(evaluation.facts[name]))
        for name, title in FACT_TITLES.items()
        if name in evaluation.facts
    ]
    groups = [
        SectionGroup(
            heading,
            [
                *(section(tables) for table, section in sections.items() if table in tables),
                *(
                    section(tables, evaluation.facts)
                    for table, (fact, section) in WITH_FACTS.get(heading, {}).items()
                    if table in tables and fact in evaluation.facts
                ),
            ],
        )
        for heading, sections in GROUPS.items()
    ]
    return render(
        "sections.html.j2", notes_template=NOTES, opening=opening(tables), groups=groups, facts=facts
    )


def _fact(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_fact(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(_fact(item) for item in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _with_empty_texts(table: pd.DataFrame) -> pd.DataFrame:
    """The table with "" for the nan that an empty text becomes in a CSV file."""
    texts = {name: table[name].astype(object) for name in TEXT_COLUMNS if name in table}
    return table.assign(**{name: column.where(column.notna(), "") for name, column in texts.items()})
