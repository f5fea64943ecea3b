"""The stored simulation of how often intervals cover, and what the report says of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from classifier.report.page import report_templates
from classifier.report.tradeoff.page import NOTES

COVERAGE = Path(__file__).parent.parent / "data" / "results" / "v2" / "coverage.csv"


@pytest.fixture(scope="module")
def coverage():
    return pd.read_csv(COVERAGE).set_index(["interval", "dialogue_spread"])["coverage"]


@pytest.mark.parametrize("kind", ["bootstrap by leading family", "Clopper-Pearson by conversation"])
def test_the_report_says_how_often_its_intervals_cover(coverage, kind):
    of_kind = coverage[kind]
    limits = " ".join(report_templates().get_template(NOTES).module.limits)
    assert f"{100 * of_kind.min():.0f} % to {100 * of_kind.max():.0f} %" in limits


def test_intervals_cover_where_conversations_do_not_depend_on_their_dialogues(coverage):
    independent = coverage.xs(0.0, level="dialogue_spread")
    assert independent["Clopper-Pearson by conversation"].min() >= 0.95
    assert independent["bootstrap by leading family"].min() >= 0.93


def test_resampling_by_all_dialogues_covers_whatever_their_effect(coverage):
    assert coverage["bootstrap by all dialogues"].min() >= 0.95


def test_holm_keeps_false_support_rare_where_conversations_are_independent(coverage):
    alone, corrected = (
        coverage[f"binomial test of 1 % for 24 points, {kind}: no false support", 0.0]
        for kind in ("one at a time", "Holm")
    )
    assert alone < 0.5
    assert corrected >= 0.95
