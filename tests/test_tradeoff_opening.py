"""What the page of a tradeoff says first: three sentences, one picture, one table."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from classifier.report.html_rendering import report_templates
from classifier.report.table_plots import to_svg
from classifier.report.tradeoff.page_opening import argued, argued_plot, most_read, opening
from classifier.report.tradeoff.policy_lines_plot import spread
from classifier.report.tradeoff.printed_points import shown_points
from classifier.report.tradeoff.tradeoff_page import NOTES


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
        "combined_by": "fitted",
        "threshold": rate,
        "found": int(100 * recall),
        "n_pattern": 100,
        "false_alarms": int(human / 1000),
        "human_read": int(human / 1000),
        "n_benign": 1000,
        "human_read_benign_per_million": human,
        "human_read_benign_per_million_upper": human,
        "human_alerted": int(human / 1000),
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
            for metric in ("recall", "human_read_benign_per_million", "human_alerted_benign_per_million")
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
            ("user_report_only", "report", "scan@0.01", 0.05, 0.25, 0.2, 0.3, 0.0005, 0.1, 0.001, False),
            ("user_report_only", "report", "scan@0.01", 0.0, 0.3, 0.25, 0.35, 0.0005, 0.1, 0.001, False),
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
            "holds",
        ],
    ),
}


def said(tables):
    """The three sentences, as plain text."""
    answer = report_templates().get_template(NOTES).module.answer(**opening(tables).values)
    return " ".join(re.sub(r"<[^>]+>", "", str(answer)).replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_policy_that_is_read_most_stands_beside_one_that_finds_about_the_same():
    text = said(TABLES)
    assert (
        "With the company reads everything, asked to flag at most 1 % of innocent conversations, the company"
    )
    assert "the company reads 100 % of what innocent people write" in text
    assert "on the phone finds 28 % (14 % to 56 %), and there the company reads 0 %" in text
    assert "a weak one" not in text


def test_few_events_are_said_as_a_count_with_a_bound():
    few = "a human reads 4 of the 1,000 innocent conversations (4,000 in a million; at most 4,000 at 95 %)"
    assert few in said(TABLES)
    many = POINTS.assign(human_read=[5, 20, 0, 0, 1])
    assert "a human reads 5 of the 1,000 innocent conversations (4,000 in a million), to" in said(
        TABLES | {"points": many}
    )


def test_a_policy_that_runs_the_same_model_finds_the_same_and_says_who_gets_the_false_alarms():
    phone = {"found": 30, "recall": 0.3, "false_alarms": 4, "recipient": "user"}
    points = POINTS.copy()
    points.loc[points["policy"] == "phone", list(phone)] = list(phone.values())
    text = said(TABLES | {"points": points})
    assert (
        "on the phone finds the same 30 %, as it runs the same model, and there the company reads 0 %" in text
    )
    assert "and a human none; the false alarms then go to its user." in text
    assert "as it runs the same model" not in said(TABLES)


def test_a_policy_on_assumed_reports_is_compared_with_none():
    shown = shown_points(POINTS.assign(recall=0.3))
    assert most_read(shown[shown["policy"] == "user_report_only"]) is None


def test_the_price_of_one_more_find_names_its_prevalence_and_its_interval():
    assert (
        "from 4 to 20 of 1,000 innocent conversations flagged (0.4 % to 2.0 %), it finds 50 % of the patterns instead"
        in said(TABLES)
    )
    assert (
        "800 innocent conversations flagged for each further find (500 to any number), if one conversation in 10,000"
        in said(TABLES)
    )


def test_what_is_assumed_is_said_to_be_assumed_beside_its_break_even():
    text = said(TABLES)
    assert "Assumed, not found, are 10 % and 0.1 %, so it does not. What metadata shows" in text
    assert (
        "Reporting alone would do as well as the company reads everything, but for 5 of 100 patterns, if users "
        "reported at least 25 % of patterns (20 % to 30 %) and at most 0.05 % of innocent conversations."
        in text
    )
    holding = said(TABLES | {"break_even": TABLES["break_even"].assign(holds=True)})
    assert "Assumed, not found, are 10 % and 0.1 %, so it does. What" in holding


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


def names_in_the_picture(points):
    return [" ".join(text.get_text().split()) for text in argued_plot(TABLES | {"points": points}).texts]


def test_a_policy_whose_recall_is_assumed_and_one_with_the_points_of_another_say_so():
    names = names_in_the_picture(POINTS[~POINTS["policy"].isin(["weak"])])
    assert names == ["on the phone", "after a report (assumed)", "the company reads everything"]
    twice = pd.concat(
        [POINTS, POINTS[POINTS["policy"] == "phone"].assign(policy="other", title="its double")]
    )
    assert "its double (same points as the one below)" in names_in_the_picture(twice)


def test_the_name_of_a_lone_point_stands_below_it():
    places = {" ".join(text.get_text().split()): text.xyann[1] for text in argued_plot(TABLES).texts}
    assert places["after a report (assumed)"] < 0.1 * 0.5
    assert places["the company reads everything"] == 0.5


def test_the_table_says_zero_by_construction_and_an_exact_bound_for_few_events():
    printed = opening(TABLES).table.printed
    place = printed.headings.index("reported to somebody else, with text or without, per million")
    rows = {row[0]: row[place - 1 : place + 1] for row in printed.rows}
    assert rows["the company reads everything"] == ["4,000 (at most 4,000, exact)"] * 2
    assert rows["on the phone"][0] == "0 by construction"
    to_user = POINTS.assign(recipient="user")
    rows = opening(TABLES | {"points": to_user}).table.printed.rows
    assert {row[place] for row in rows} == {"0 by construction"}


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
