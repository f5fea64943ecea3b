"""A comparison of policies as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from classifier.evaluation.results import Evaluation
from classifier.report.page import render
from classifier.report.sections import Section, Tables
from classifier.report.tradeoff.attacks import attack_section, privacy_curve_section
from classifier.report.tradeoff.costs import (
    human_reads_section,
    messages_read_section,
    retention_section,
)
from classifier.report.tradeoff.frontier import base_rates_section, exchange_rates_section
from classifier.report.tradeoff.policies import constraints_section, policies_section, skipped_section

NOTES = "tradeoff_notes.html.j2"

FACT_TITLES = {
    "corpus": "Corpus",
    "corpus_sha256": "Corpus sha256",
    "split": "Reported on",
    "n_conversations": "Test conversations",
    "n_benign": "of them benign",
    "n_clusters": "Phrase families resampled",
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
}

POINT_SECTIONS: tuple[Callable[[Tables], Section], ...] = (
    human_reads_section,
    messages_read_section,
    retention_section,
    exchange_rates_section,
    base_rates_section,
    constraints_section,
)
"""The first sections, in their order; those of attacks on model files follow."""
POLICY_SECTIONS: tuple[Callable[[Tables], Section], ...] = (skipped_section, policies_section)
"""The last sections, in their order."""

TEXT_COLUMNS = (
    "dominated_by",
    "better_on",
    "exact_zeros",
    "title",
    "group",
    "reason",
    "description",
    "combined_by",
)


def tradeoff_page(evaluation: Evaluation) -> str:
    """The whole page: limits and facts first, then the sections.

    The same tables give the same bytes.
    """
    tables = {name: _with_empty_texts(table) for name, table in evaluation.tables.items()}
    facts = [
        (title, _fact(evaluation.facts[name]))
        for name, title in FACT_TITLES.items()
        if name in evaluation.facts
    ]
    sections = [
        *(section(tables) for section in POINT_SECTIONS),
        *_attack_sections(evaluation),
        *(section(tables) for section in POLICY_SECTIONS),
    ]
    return render("sections.html.j2", notes_template=NOTES, facts=facts, sections=sections)


def _attack_sections(evaluation: Evaluation) -> list[Section]:
    """The sections on attacks and on differential privacy, for those whose table is there."""
    sections = (("attacks", "attack", attack_section), ("curve", "curve", privacy_curve_section))
    return [
        section(evaluation.tables[table], evaluation.facts[facts])
        for table, facts, section in sections
        if table in evaluation.tables
    ]


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
