"""A comparison of policies as one self-contained HTML page: what it cannot show first, then each figure with its numbers as a table."""

from __future__ import annotations

from typing import Any

import pandas as pd

from classifier.evaluation.results import Evaluation
from classifier.report.page import render
from classifier.report.sections import Section
from classifier.report.tradeoff.leaks import attack_section, curve_section
from classifier.report.tradeoff.sections import SECTIONS

CANNOT_SHOW = (
    "Synthetic is not real: nothing here shows real prevalence, real language or a real adversary. Prevalences are supposed.",
    "Evasion, function creep and chilling effects are not measured.",
    "Read by a machine is not harmless. It is counted here, and its harm is not.",
    "Rules that count stages, and the share of alerts that are true, depend on correlation and prevalence that only a deployment knows.",
    "Attack figures are lower bounds on what leaks; an epsilon is an upper bound under stated assumptions.",
    "Intervals resample phrase families. Intervals over messages would be far too narrow (60 % coverage for a nominal 95 % in simulation; by conversation 94 %).",
    "No balance score is printed and no winner is picked. A figure of zero events is not zero risk: it is drawn at its upper bound, with an open marker.",
    "User reports rest on assumed rates, and the oracle on the truth that nobody has: both stand beside the others and are played against none.",
)

FACT_NAMES = {
    "corpus": "Corpus",
    "corpus_sha256": "Corpus sha256",
    "split": "Reported on",
    "n_conversations": "Test conversations",
    "n_benign": "of them innocent",
    "n_clusters": "Phrase families resampled",
    "model": "Scores made by",
    "model_sha256": "Model sha256",
    "threshold_rule": "Thresholds",
    "interval": "Intervals",
    "axes": "Compared on",
    "dominated": "Dominated",
    "set_aside": "Set aside",
    "on_no_axis": "On no axis",
    "prevalences": "Supposed prevalences",
    "latency_p": "Latency penalty p",
    "seed": "Seed",
    "n_resamples": "Bootstrap resamples",
}


def tradeoff_page(evaluation: Evaluation) -> str:
    """The whole report of a comparison. Same tables, same bytes."""
    tables = {name: _blank_words(table) for name, table in evaluation.tables.items()}
    facts = [
        (title, _fact(evaluation.facts[name]))
        for name, title in FACT_NAMES.items()
        if name in evaluation.facts
    ]
    return render(
        "evaluation.html.j2",
        title="What detection costs the people who did nothing",
        subtitle="Policies of reading direct messages, on synthetic conversations: what each finds, what is read for it, and by whom.",
        limits=CANNOT_SHOW,
        facts=facts,
        sections=[section(tables) for section in SECTIONS[:-2]]
        + _leak_sections(evaluation)
        + [section(tables) for section in SECTIONS[-2:]],
    )


def _leak_sections(evaluation: Evaluation) -> list[Section]:
    """What is known of the model files: an attack and a curve, where they were handed in."""
    made = (("attacks", "attack", attack_section), ("curve", "curve", curve_section))
    return [
        section(evaluation.tables[table], evaluation.facts[facts])
        for table, facts, section in made
        if table in evaluation.tables
    ]


def _fact(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_fact(item) for item in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _blank_words(table: pd.DataFrame) -> pd.DataFrame:
    """An empty word comes back from a CSV as nan; it is written as nothing."""
    words = [name for name in ("dominated_by", "reason", "description", "combined_by") if name in table]
    return table.assign(**{name: table[name].astype(object).where(table[name].notna(), "") for name in words})
