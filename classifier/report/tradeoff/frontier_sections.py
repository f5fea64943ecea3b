"""Sections on the frontier: exchange rates between its points, and PPV at supposed prevalences."""

from __future__ import annotations

import pandas as pd

from classifier.report.printed_tables import Column, printed_table
from classifier.report.sections import CaptionedFigure, CaptionedTable, Section, Tables
from classifier.report.table_plots import to_svg
from classifier.report.tradeoff.cost_sections import POINT_COLUMN
from classifier.report.tradeoff.frontier_plots import heatmap_plot
from classifier.report.tradeoff.printed_points import HUMAN_VIEW, frontier_points, ppv_cells


def exchange_rates_section(tables: Tables) -> Section:
    """The price of one more pattern found, between neighbours of each view's frontier."""
    columns = [
        Column("view", "view"),
        Column("from_point", "from"),
        Column("to_point", "to"),
        Column("recall_from", "recall from"),
        Column("recall_to", "recall to"),
        Column("prevalence", "supposed prevalence", 6),
        Column("value", "price (95 % interval by family)", 1, interval=True),
        Column("unit", "unit"),
        Column("no_gain_share", "resamples without gain", 2),
    ]
    table = tables["exchange"].rename(columns={"low": "value_low", "high": "value_high"})
    caption = "The price of one more pattern found, at each supposed prevalence"
    return Section(
        "Exchange rates", "exchange_rates", [CaptionedTable(printed_table(table, columns), caption)]
    )


def base_rates_section(tables: Tables) -> Section:
    """PPV at supposed prevalences, for the points of the frontier against human reads.

    All points are shown where that frontier has none.
    """
    table = tables["base_rates"]
    points = [point for point in frontier_points(tables, HUMAN_VIEW) if point in set(table["point"])]
    points = points or list(dict.fromkeys(table["point"]))
    cells = ppv_cells(pd.concat([table[table["point"] == point] for point in points]))
    columns = [
        POINT_COLUMN,
        Column("prevalence", "supposed prevalence", 6),
        Column("ppv", "share of alerts that are true, PPV (safe 95 % bounds)", 5, interval=True),
        Column("false_alarms_per_true_find", "false alarms per true find", 1, interval=True),
    ]
    axes = heatmap_plot(cells, row="point", column="prevalence", value="shade", text="text")
    figure = CaptionedFigure(
        to_svg(axes, title="Share of alerts that are true, by supposed prevalence"),
        "PPV of each point at each supposed prevalence; darker is larger. "
        "≥: no false alarm was seen, so the lower bound is shown.",
    )
    printed = printed_table(cells, columns)
    return Section(
        "What an alert would mean where patterns are rare",
        "base_rates",
        [CaptionedTable(printed, "PPV at supposed prevalences", figure)],
    )
