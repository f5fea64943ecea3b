"""What the page of a tradeoff says first: three sentences, one picture, one table."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from classifier.report.figures import to_svg
from classifier.report.page import report_templates
from classifier.report.tradeoff.opening import argued, argued_plot, most_read, opening
from classifier.report.tradeoff.page import NOTES
from classifier.report.tradeoff.picture import spread
from classifier.report.tradeoff.points import shown_points


def point(policy, rate, *, title, recall, human, company=0.0, device=0.0, **more):
    """A row of the table of points: ``human`` benign conversations per million were read by a human."""
    return {
        "point": policy if np.isnan(rate) else f"{policy}@{rate:g}",
        "policy": policy,
        "title": title,
        "group": "some",
        "argued": True,
        "asked_rate": rate,
        "recall": recall,
        "recall_exact_low": recall / 2,
        "recall_exact_high": recall,
        "found": int(100 * recall),
        "n_pattern": 100,
        "false_alarms": int(human / 1000),
        "human_read": int(human / 1000),
        "n_benign": 1000,
        "human_read_benign_per_million": human,
        "human_read_benign_per_million_upper": human,
        "human_alerted_benign_per_million": human,
        "human_alerted_benign_per_million_upper": human,
        "zero_events": False,
        "zero_by_construction": human == 0,
        "machine_read_share": max(company, device),
        "company_read_share": company,
        "device_read_share": device,
        "metadata_seen_share": 0.0,
        "recipient": "platform_reviewer",
        "status": "frontier",
    } | more


POINTS = pd.DataFrame(
    [
        point("scan", 0.01, title="the company reads everything", recall=0.3, human=4000.0, company=1.0),
        point("scan", 0.03, title="the company reads everything", recall=0.5, human=20000.0, company=0.9),
        point("phone", 0.01, title="on the phone", recall=0.28, human=0.0, device=1.0),
        point("weak", 0.01, title="a weak one", recall=0.1, human=0.0, device=1.0),
        point(
            "user_report_only",
            np.nan,
            title="after a report",
            recall=0.1,
            human=1000.0,
            company=0.001,
            status="assumed",
        ),
    ]
)
TABLES = {
    "points": POINTS,
    "intervals": pd.DataFrame(
        [
            (row["point"], metric, row[metric], row[metric] / 2, row[metric] * 2)
            for row in POINTS.to_dict("records")
            for metric in ("recall", "human_read_benign_per_million")
        ],
        columns=["point", "metric", "value", "low", "high"],
    ),
    "per_find": pd.DataFrame({"prevalence": [1e-4]}),
    "prices": pd.DataFrame(
        [("scan", "scan@0.01", "scan@0.03", 1e-4, 0.3, 0.5, 0.004, 0.02, 800.0, 500.0, np.inf, 0.02)],
        columns=[
            "policy",
            "from_point",
            "to_point",
            "prevalence",
            "recall_from",
            "recall_to",
            "false_alarms_from",
            "false_alarms_to",
            "price",
            "price_low",
            "price_high",
            "no_gain_share",
        ],
    ),
    "break_even": pd.DataFrame(
        [
            ("user_report_only", "report", "scan@0.01", 0.05, 0.25, 0.2, 0.3, 0.004, 0.1, 0.001),
            ("user_report_only", "report", "scan@0.01", 0.0, 0.3, 0.25, 0.35, 0.004, 0.1, 0.001),
        ],
        columns=[
            "gated",
            "gate",
            "reading",
            "allowed_loss",
            "needed",
            "needed_low",
            "needed_high",
            "benign_allowed",
            "assumed",
            "assumed_benign",
        ],
    ),
}


def said(tables):
    """The three sentences, as plain text."""
    answer = report_templates().get_template(NOTES).module.answer(**opening(tables).values)
    return " ".join(re.sub(r"<[^>]+>", "", str(answer)).replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_policy_that_is_read_most_stands_beside_one_that_finds_about_the_same():
    text = said(TABLES)
    assert "With the company reads everything the company reads 100 % of what innocent people write" in text
    assert "a human reads 4,000 of a million innocent conversations, to find 30 %" in text
    assert "on the phone finds 28 % (14 % to 56 %), and there the company reads 0 %" in text
    assert "a weak one" not in text


def test_a_policy_on_assumed_reports_is_compared_with_none():
    shown = shown_points(POINTS.assign(recall=0.3))
    assert most_read(shown[shown["policy"] == "user_report_only"]) is None


def test_the_price_of_one_more_find_names_its_prevalence_and_its_interval():
    assert (
        "800 innocent conversations flagged for each further find (500 to any number), if one conversation in 10,000"
        in said(TABLES)
    )


def test_what_is_assumed_is_said_to_be_assumed_beside_its_break_even():
    text = said(TABLES)
    assert "That 10 % of patterns are reported is assumed, not found" in text
    assert "up to 5 points of recall, from a report rate of 25 % on (20 % to 30 %)" in text


def test_without_a_reading_policy_nothing_is_said_of_it():
    tables = TABLES | {"points": POINTS.assign(company_read_share=0.0)}
    assert "In no policy of the table the company reads a message" in said(tables)


def test_results_without_the_tables_of_the_opening_have_none():
    assert opening({"points": POINTS}) is None


def test_one_row_stands_for_each_policy():
    assert shown_points(POINTS)["point"].tolist() == [
        "scan@0.01",
        "phone@0.01",
        "weak@0.01",
        "user_report_only",
    ]


def test_ones_own_policy_stands_beside_those_people_argue_about():
    points = POINTS.assign(argued=[True, True, False, False, False], group=["a", "a", "b", "your own", "a"])
    assert set(argued(points)["policy"]) == {"scan", "weak"}


def test_each_point_of_the_picture_says_its_values_and_each_line_its_name():
    svg = to_svg(argued_plot(TABLES), title="toy")
    assert svg.count("<title>") >= len(POINTS)
    assert "the company reads everything: finds 30" in svg
    assert "on the phone" in re.sub(r"<title>.*?</title>", "", svg)


def test_what_no_human_can_read_stands_in_a_strip_of_its_own():
    axes = argued_plot(TABLES)
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels[0] == "none"
    places = {float(line.get_xdata()[0]) for line in axes.lines if len(line.get_xdata()) == 1}
    assert min(places) == axes.get_xticks()[0] < 1000


@pytest.mark.parametrize(
    ("values", "moved"),
    [
        ([0.1, 0.9], [0.1, 0.875]),
        ([0.5, 0.5], [0.5, 0.75]),
        ([0.95, 0.97], [0.625, 0.875]),
    ],
)
def test_names_do_not_overlap(values, moved):
    assert spread(values, [0.25] * len(values), highest=1.0) == pytest.approx(moved)
