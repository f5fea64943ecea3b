"""Sections on recall and its costs: human reads, messages read, retention and delay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from classifier.privacy.tradeoff.cost_metric import OBSERVERS
from classifier.privacy.tradeoff.cost_metric_table import COST_METRICS, METRIC_BY_ID, metrics_of_section
from classifier.report.printed_tables import Column, printed_table
from classifier.report.sections import CaptionedFigure, CaptionedTable, Section, Tables
from classifier.report.table_plots import to_svg
from classifier.report.tradeoff.frontier_plots import frontier_plot, points_plot
from classifier.report.tradeoff.printed_points import (
    HUMAN_READS,
    HUMAN_VIEW,
    MACHINE_VIEW,
    frontier_points,
    middle_prevalence,
    with_intervals,
    with_messages_per_find,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NUMBER_COLUMN = Column("no", "no.")
POINT_COLUMN = Column("point", "policy @ asked false positive rate")
FOUND_COLUMN = Column("found_of", "of patterns (95 % interval)")


def metric_columns(section: str) -> list[Column]:
    """The columns of a section that are rows of ``COST_METRICS``."""
    return [
        Column(metric.id, metric.title, metric.digits, interval=True)
        for metric in metrics_of_section(section)
    ]


def missing_costs(tables: Tables) -> list[str]:
    """The metrics a report prints of which the table of points has no column.

    A table made before a metric was added has none of it.

    >>> points = pd.DataFrame(columns=[*METRIC_BY_ID]).drop(columns="device_read_share")
    >>> missing_costs({"points": points}), missing_costs({})
    (['device_read_share'], [])
    """
    if "points" not in tables:
        return []
    return [id_ for id_, metric in METRIC_BY_ID.items() if metric.section and id_ not in tables["points"]]


def human_reads_plot(tables: Tables) -> Axes:
    """Recall against benign conversations of which a person is shown text.

    The points of the frontier carry their numbers in the table of points.
    """
    return frontier_plot(
        with_intervals(tables),
        x="drawn_at",
        xlabel=f"{METRIC_BY_ID[HUMAN_READS].title} (log; at 1: none, by construction)",
        labelled=frontier_points(tables, HUMAN_VIEW),
    )


def human_reads_section(tables: Tables) -> Section:
    """Recall against benign conversations read by a person, and each point's standing."""
    svg = to_svg(
        human_reads_plot(tables),
        title="Recall against benign conversations read by a person, per million",
    )
    columns = [
        NUMBER_COLUMN,
        POINT_COLUMN,
        Column("read_by", "read by"),
        Column("combined_by", "messages combined"),
        Column("threshold", "threshold"),
        Column(
            "human_reads",
            "benign read by a person, per million benign conversations (95 % interval by family)",
        ),
        Column("upper", "its one-sided 95 % upper bound (Clopper-Pearson)", 0),
        Column("alarms_of", "of benign conversations"),
        Column("recall", "recall (95 % interval by family)", interval=True),
        FOUND_COLUMN,
        Column("recipient", "who is told"),
        Column("human_alerted_benign_per_million", "benign told to a person, per million", 0),
        Column("company_read_share", "share of benign messages the company reads", interval=True),
        Column("status", "standing"),
        Column("dominated_by", "a better point"),
        Column("better_on", "better on"),
    ]
    figure = CaptionedFigure(
        svg,
        "Recall against human reads. Up is more found, left is fewer benign conversations read by a person. "
        "An open marker stands at a bound, so a point with few events may stand left of it.",
    )
    printed = printed_table(with_intervals(tables), columns)
    return Section(
        "What is found, and who is looked at for it",
        "human_reads",
        [CaptionedTable(printed, "Every point: human reads, recall and standing", figure)],
    )


def messages_read_section(tables: Tables) -> Section:
    """Recall against messages read per pattern found, at one supposed prevalence."""
    prevalence = middle_prevalence(tables)
    points = with_messages_per_find(tables, with_intervals(tables), prevalence)
    columns = [
        NUMBER_COLUMN,
        POINT_COLUMN,
        *metric_columns("messages_read"),
        Column(
            "messages_per_find",
            f"messages read for each pattern found, at prevalence {prevalence:g}",
            0,
            interval=True,
        ),
        FOUND_COLUMN,
    ]
    figure = CaptionedFigure(
        _messages_read_svg(tables, points, prevalence),
        "Recall against messages read, of anybody, for each pattern found.",
    )
    printed = printed_table(points, columns)
    caption = "Every point: messages read and shown, and for each pattern found"
    return Section(
        "What is read and shown for it", "messages_read", [CaptionedTable(printed, caption, figure)]
    )


def _messages_read_svg(tables: Tables, points: pd.DataFrame, prevalence: float) -> str:
    per_find = points["messages_per_find"]
    # A log axis has no place for 0, nor for the inf of a point that finds nothing.
    drawn = points[np.isfinite(per_find) & (per_find > 0)].assign(open=False)
    axes = frontier_plot(
        drawn,
        x="messages_per_find",
        xlabel=f"messages read per pattern found, at prevalence {prevalence:g} (log)",
        labelled=frontier_points(tables, MACHINE_VIEW),
    )
    title = f"Recall against messages read for each pattern found, at a supposed prevalence of {prevalence:g}"
    return to_svg(axes, title=title)


def retention_section(tables: Tables) -> Section:
    """Message-hours kept, and messages and hours to an alert."""
    points = with_intervals(tables)
    columns = [
        NUMBER_COLUMN,
        POINT_COLUMN,
        *metric_columns("retention"),
        Column("median_hours_to_alert", "median hours to an alert, of patterns found", 2),
        Column("undetected_share", "share of patterns not found"),
        Column("f_latency", "latency-weighted F1"),
    ]
    figure = CaptionedFigure(
        _retention_svg(points),
        "Messages to an alert against message-hours kept. Down is earlier, left is less kept. "
        "An open marker: more than half of the patterns were not found at all.",
    )
    printed = printed_table(points, columns)
    caption = "Every point: message-hours kept, and the time to an alert"
    return Section(
        "What is kept, and how long an alert takes", "retention", [CaptionedTable(printed, caption, figure)]
    )


def _retention_svg(points: pd.DataFrame) -> str:
    is_drawn = (points["retained_message_hours"] > 0) & points["median_messages_to_alert"].notna()
    drawn = points[is_drawn].assign(open=lambda table: table["undetected_share"] > 0.5)
    # Policies that differ in other costs alone stand at one place; one number is enough there.
    places = drawn.drop_duplicates(["retained_message_hours", "median_messages_to_alert"])
    axes = points_plot(
        drawn,
        x="retained_message_hours",
        y="median_messages_to_alert",
        xlabel=f"{METRIC_BY_ID['retained_message_hours'].title} (log)",
        ylabel=METRIC_BY_ID["median_messages_to_alert"].title,
        open_means="over half of patterns not found",
        labelled=places["point"].tolist(),
    )
    return to_svg(axes, title="Messages to an alert against message-hours kept")


def definitions_section(tables: Tables) -> Section:
    """What each metric counts, in which unit, and who learns it."""
    rows = pd.DataFrame(
        {
            "title": metric.title,
            "formula": metric.formula,
            "unit": metric.unit,
            "observer": OBSERVERS[metric.observer],
        }
        for metric in COST_METRICS
    )
    columns = [
        Column("title", "metric"),
        Column("formula", "how it comes about"),
        Column("unit", "unit"),
        Column("observer", "learned by"),
    ]
    table = CaptionedTable(printed_table(rows, columns), "Metrics, their formulas, units and observers")
    return Section("What each metric counts", "definitions", [table])
