"""Sections on what is assumed: shares swept, their break-even, and the reviewer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from classifier.report.printed_tables import (
    Column,
    format_number,
    format_percent,
    percent_with_interval,
    printed_table,
)
from classifier.report.sections import CaptionedFigure, CaptionedTable, Section, Tables
from classifier.report.table_plots import line_plot, to_svg
from classifier.report.tradeoff.page_opening import RESTS_ON, argued, most_read
from classifier.report.tradeoff.printed_points import middle_prevalence, shown_points, titled, with_intervals


def break_even_section(tables: Tables) -> Section:
    """Assumed shares from which gated policies are nowhere worse."""
    points = with_intervals(tables)
    table = tables["break_even"]
    reading = set(argued(points)["point"])
    table = table[table["reading"].isin(reading)] if table["reading"].isin(reading).any() else table
    names = dict(zip(points["point"], points["title"], strict=True))
    rows = table.assign(
        gated=table["gated"].map(names),
        reading=table["reading"].map(names),
        what=table["gate"].map(RESTS_ON),
        needed=[_share(*row) for row in table[["needed", "needed_low", "needed_high"]].to_numpy()],
        assumed=[f"{format_percent(value)}, assumed" for value in table["assumed"]],
        allowed=[format_percent(value) for value in table["benign_allowed"]],
        assumed_benign=[f"{format_percent(value)}, assumed" for value in table["assumed_benign"]],
        loss=[f"{100 * value:.0f} points" for value in table["allowed_loss"]],
        holds=np.where(table["holds"], "yes", "no"),
    )
    columns = [
        Column("gated", "policy behind an assumed gate"),
        Column("what", "what is assumed"),
        Column("reading", "nowhere worse than"),
        Column("loss", "recall it may lack"),
        Column("needed", "patterns that have to pass (95 %)"),
        Column("assumed", "in this comparison"),
        Column("allowed", "innocent conversations that may pass, at most"),
        Column("assumed_benign", "in this comparison"),
        Column("holds", "does it hold here"),
    ]
    caption = "Break-even of what is assumed"
    return Section(
        "From where on reporting or metadata would be enough",
        "break_even",
        [CaptionedTable(printed_table(rows, columns), caption, _sweep_figure(tables))],
    )


def _share(value: float, low: float, high: float) -> str:
    if value > 1:
        return "out of reach: more than all"
    return percent_with_interval(value, low, high)


def _sweep_figure(tables: Tables) -> CaptionedFigure | None:
    """Recall of gated policies by the assumed share; None where there are none."""
    points = with_intervals(tables)
    names = dict(zip(points["point"], points["title"], strict=True))
    shown = set(argued(points)["point"])
    sweep = tables["sweep"][tables["sweep"]["gated"].isin(shown)]
    if sweep.empty:
        return None
    axes = line_plot(
        sweep.assign(gated=sweep["gated"].map(names)),
        x="assumed",
        y="recall",
        by="gated",
        low="recall_low",
        high="recall_high",
        xlabel="assumed share of patterns that pass the gate",
        ylabel="recall",
    )
    most = most_read(argued(shown_points(points)))
    if most is not None:
        axes.axhline(most["recall"], linestyle=":", linewidth=1)
        axes.annotate(f"{most['title']}, measured", (0.0, most["recall"]), fontsize=8.5, va="bottom")
    return CaptionedFigure(
        to_svg(axes, title="Recall by the assumed share of patterns that are reported, or shown by metadata"),
        "Recall of policies behind a gate, by the share of patterns assumed to pass it; the band is the 95 % "
        "interval of what is found of those. The share itself is assumed, not found. The dotted line is the "
        "policy that the company reads most for.",
    )


def review_section(tables: Tables, facts: Mapping[str, Any]) -> Section:
    """What a reviewer makes of the alerts, at one supposed prevalence."""
    prevalence = middle_prevalence(tables)
    table = tables["review"]
    in_picture = argued(tables["points"])["point"]
    table = table[(table["prevalence"] == prevalence) & table["point"].isin(in_picture)]
    rows = titled(tables, table).assign(
        judged=np.where(table["shows_text"], "text", "nothing: all alerts passed on"),
        minutes_each=[_minutes(value) for value in table["minutes_per_confirmed"]],
    )
    columns = [
        Column("title", "policy"),
        Column("judged", "judged by"),
        Column("patterns", "patterns", 0),
        Column("confirmed", "confirmed", 1),
        Column("innocent_acted_on", "innocent people acted on", 0),
        Column("appeals", "appeals", 0),
        Column("righted", "of them upheld", 0),
        Column("minutes_each", "minutes for each pattern confirmed"),
        Column("conversations_chilled", "conversations no longer held", 0),
        Column("flagged_by_second_list", "flagged by a second list", 0),
    ]
    caption = (
        f"Review of a million conversations, at a supposed prevalence of {prevalence:g}; reviewer assumed"
    )
    return Section(
        "What a reviewer would make of the alerts",
        "review",
        [CaptionedTable(printed_table(rows, columns), caption)],
        {"reviewer": facts["reviewer"], "sliders": facts["sliders"]},
    )


def _minutes(value: float) -> str:
    return "no pattern confirmed" if np.isinf(value) else format_number(value, 0)


def prices_section(tables: Tables) -> Section:
    """What one more find costs each policy, from threshold to threshold."""
    prevalence = middle_prevalence(tables)
    titles = dict(zip(tables["points"]["policy"], tables["points"]["title"], strict=True))
    table = tables["prices"]
    table = table[table["prevalence"] == prevalence]
    rows = table.assign(
        title=table["policy"].map(titles),
        alarms=[
            f"{format_percent(low)} to {format_percent(high)}"
            for low, high in table[["false_alarms_from", "false_alarms_to"]].to_numpy()
        ],
        finds=[
            f"{format_percent(low)} to {format_percent(high)}"
            for low, high in table[["recall_from", "recall_to"]].to_numpy()
        ],
        shown=[_price(*row) for row in table[["price", "price_low", "price_high"]].to_numpy()],
    )
    columns = [
        Column("title", "policy"),
        Column("alarms", "benign conversations flagged, from and to"),
        Column("finds", "patterns found, from and to"),
        Column("shown", "benign conversations flagged for one more find (95 %)"),
        Column("no_gain_share", "resamples without gain", 2),
    ]
    caption = f"Price of loosening a threshold, at a supposed prevalence of {prevalence:g}"
    return Section(
        "What one more find costs each policy",
        "prices",
        [CaptionedTable(printed_table(rows, columns), caption)],
    )


def _price(price: float, low: float, high: float) -> str:
    if np.isnan(price):
        return "too few more are flagged to tell"
    if np.isinf(price):
        return "nothing more found"
    top = "without limit" if np.isinf(high) else format_number(high, 0)
    return f"{format_number(price, 0)} ({format_number(low, 0)} to {top})"
