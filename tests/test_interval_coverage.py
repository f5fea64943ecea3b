"""The stored simulation of how often intervals hold the truth, and what the report says of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from classifier.report.html_rendering import report_templates
from classifier.report.tradeoff.tradeoff_page import NOTES

COVERAGE = Path(__file__).parent.parent / "data" / "results" / "v2" / "coverage.csv"


@pytest.fixture(scope="module")
def coverage():
    return pd.read_csv(COVERAGE)


def test_no_printed_interval_holds_the_truth_less_often_than_it_says(coverage):
    """By a binomial test at 1 %, corrected for the number of printed rows (Holm's first step)."""
    printed = coverage[coverage["printed"]]
    assert printed["p_below_95"].min() > 0.01 / len(printed)
    assert set(printed["replicates"]) == {400}


def test_intervals_of_independent_units_would_hold_it_less_often(coverage):
    alone = coverage[(coverage["interval"] == "exact, as if independent") & (coverage["spread"] > 0)]
    assert alone["coverage"].min() < 0.7
    assert not alone["printed"].any()


def test_points_falsely_supported_are_rare_for_all_of_them_together(coverage):
    supported = coverage[coverage["interval"].str.startswith("none of 24")].set_index(["printed", "spread"])
    assert supported.loc[True, "coverage"].min() >= 0.94
    assert supported.loc[False, "coverage"].max() < 0.5


@pytest.mark.parametrize("kind", ["exact, of as many as shared dialogues leave", "bootstrap over dialogues"])
def test_the_report_says_how_often_its_intervals_cover(coverage, kind):
    of_kind = coverage.loc[
        (coverage["interval"] == kind)
        & coverage["printed"]
        & coverage["units"].str.endswith(" conversations"),
        "coverage",
    ]
    limits = " ".join(report_templates().get_template(NOTES).module.limits)
    assert f"{100 * of_kind.min():.0f} % to {100 * of_kind.max():.0f} %" in limits
