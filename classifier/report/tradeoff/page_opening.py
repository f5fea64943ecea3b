"""What the tradeoff page says first: figures of three sentences, a picture, and a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from classifier.report.printed_tables import (
    Column,
    format_number,
    format_percent,
    percent_with_interval,
    printed_table,
)
from classifier.report.sections import CaptionedFigure, CaptionedTable, Opening, Tables
from classifier.report.table_plots import to_svg
from classifier.report.tradeoff.policy_lines_plot import policy_lines_plot, reader
from classifier.report.tradeoff.printed_points import (
    FEW_EVENTS,
    HUMAN_ALERTS,
    HUMAN_READS,
    middle_prevalence,
    per_million,
    shown_points,
    with_intervals,
)

SAME_FINDS = 0.05
"""Recall that a policy may lack and still find about the same."""

SET_ASIDE = ("assumed", "not buildable")
"""Standings of points that are compared with nobody."""

SAME_ALERTS = ("combined_by", "threshold", "found", "false_alarms")
"""What two points share whose model gives the same alerts."""

YOUR_OWN = "your own"
"""The group of policies that are not shipped."""

ALARMS_GO_TO = {
    "user": "its user",
    "guardian": "a guardian",
    "platform_reviewer": "a reviewer of the company",
    "authority": "an authority",
}
"""Recipients of false alarms, in words; nobody is told of one by the other policies."""

NEEDED = ("points", "intervals", "break_even", "prices", "per_find")


def opening(tables: Tables) -> Opening | None:
    """The opening of a page; None for results that lack one of the tables ``NEEDED``."""
    if not set(NEEDED) <= set(tables):
        return None
    points = argued(with_intervals(tables))
    shown = shown_points(points)
    most = most_read(shown)
    values = {
        "reads": _reads(shown, most),
        "price": _price(tables, points, most),
        "assumed": _assumed(tables, shown, most),
    }
    return Opening(values, argued_figure(tables), "human_reads", argued_table(tables, shown))


def argued(points: pd.DataFrame) -> pd.DataFrame:
    """Points of policies that people argue about, and of one's own.

    All points where there are none of these.
    """
    chosen = points["argued"].astype(bool) | (points["group"] == YOUR_OWN)
    return points[chosen] if chosen.any() else points


def most_read(shown: pd.DataFrame) -> Mapping[str, Any] | None:
    """The row whose policy the company reads most for, among those that find something."""
    reading = shown[
        (shown["recall"] > 0) & (shown["company_read_share"] > 0) & ~shown["status"].isin(SET_ASIDE)
    ]
    if reading.empty:
        return None
    return _row(reading.sort_values("company_read_share", ascending=False, kind="stable"))


def _row(table: pd.DataFrame) -> Mapping[str, Any]:
    return {str(name): value for name, value in table.iloc[0].to_dict().items()}


def _reads(shown: pd.DataFrame, most: Mapping[str, Any] | None) -> dict[str, Any]:
    """Who reads most, and who reads least for about the same finds."""
    if most is None:
        return {}
    as_good = shown[
        (shown["recall"] >= most["recall"] - SAME_FINDS)
        & (shown["company_read_share"] < most["company_read_share"])
        & ~shown["status"].isin(SET_ASIDE)
    ]
    least = None
    if len(as_good):
        order = ["company_read_share", HUMAN_READS, "human_alerted_benign_per_million"]
        least = _row(as_good.sort_values(order, kind="stable"))
    same = least is not None and all(least[name] == most[name] for name in SAME_ALERTS)
    return {"most": _said(most), "least": least and _said(least), "same": same}


def _said(row: Mapping[str, Any]) -> dict[str, str]:
    """A point in words: what it finds, and who reads for it."""
    return {
        "title": str(row["title"]),
        "recall": format_percent(row["recall"]),
        "interval": f"{format_percent(row['recall_low'])} to {format_percent(row['recall_high'])}",
        "company": format_percent(row["company_read_share"]),
        "device": format_percent(row["device_read_share"]) if row["device_read_share"] > 0 else "",
        "human": _humans_read(row),
        "asked": "" if pd.isna(row["asked_rate"]) else f"{100 * row['asked_rate']:g}\N{NO-BREAK SPACE}%",
        "alarms_go_to": ALARMS_GO_TO.get(str(row["recipient"]), ""),
    }


def _humans_read(row: Mapping[str, Any]) -> str:
    """How many innocent conversations a human reads, as a count and in a million."""
    if row["zero_by_construction"]:
        return "none"
    few = row["human_read"] < FEW_EVENTS
    bound = f"; at most {format_number(row['upper'], 0)} at 95 %" if few else ""
    counts = f"{format_number(row['human_read'], 0)} of the {format_number(row['n_benign'], 0)}"
    return f"{counts} innocent conversations ({format_number(row[HUMAN_READS], 0)} in a million{bound})"


def _price(tables: Tables, points: pd.DataFrame, most: Mapping[str, Any] | None) -> dict[str, str]:
    """What one more find costs from the shown threshold on; may be empty."""
    prices = tables["prices"]
    prevalence = middle_prevalence(tables)
    prices = prices[prices["prevalence"] == prevalence]
    for row in [most] if most else []:
        steps = prices[(prices["policy"] == row["policy"]) & (prices["from_point"] == row["point"])]
        steps = steps[steps["price"].notna()]
        if len(steps):
            step = _row(steps)
            alarms = points.set_index("point")["false_alarms"]
            return {
                "title": str(row["title"]),
                "alarms_from": format_number(alarms[step["from_point"]], 0),
                "alarms_to": format_number(alarms[step["to_point"]], 0),
                "benign": format_number(row["n_benign"], 0),
                "from": format_percent(step["false_alarms_from"]),
                "to": format_percent(step["false_alarms_to"]),
                "found_from": format_percent(step["recall_from"]),
                "found_to": format_percent(step["recall_to"]),
                "price": format_number(step["price"], 0),
                "interval": " to ".join(_or_more(step[f"price_{end}"]) for end in ("low", "high")),
                "one_in": format_number(round(1 / prevalence), 0),
            }
    return {}


def _or_more(price: float) -> str:
    return "any number" if price == float("inf") else format_number(price, 0)


def _assumed(tables: Tables, shown: pd.DataFrame, most: Mapping[str, Any] | None) -> dict[str, Any]:
    """Whether reporting alone is as good, and from what rates on; empty without a comparison."""
    table = tables["break_even"]
    if most is None or table.empty:
        return {}
    alone = shown[shown["policy"] == "user_report_only"]["point"].tolist()
    rows = table[table["gated"].isin(alone) & (table["reading"] == most["point"])]
    if rows.empty:
        return {}
    row = _row(rows.sort_values("allowed_loss", ascending=False))
    interval = " to ".join(format_percent(row[f"needed_{end}"]) for end in ("low", "high"))
    return {
        "title": str(most["title"]),
        "holds": bool(row["holds"]),
        "rate": format_percent(row["assumed"]),
        "benign_rate": format_percent(row["assumed_benign"]),
        "needed": format_percent(row["needed"]),
        "interval": interval,
        "benign": format_percent(row["benign_allowed"]),
        "loss": format_number(100 * row["allowed_loss"], 0),
    }


def argued_figure(tables: Tables) -> CaptionedFigure:
    """The picture of the page."""
    return CaptionedFigure(
        to_svg(argued_plot(tables), title="Recall against innocent people's conversations read by a human"),
        "Up is more found, left is fewer innocent conversations read by a human; what a machine reads is in "
        "the colour alone. A line is a policy at its thresholds; one without a threshold is a point; where "
        "its recall is assumed, its name says so. In the strip on the left no text is shown to a human; a "
        "guardian is told of a conversation. An open marker: no such conversation was seen, and it stands at "
        "the upper bound (95 %).",
    )


def argued_plot(tables: Tables) -> Any:
    """Axes of the picture: each policy that people argue about, or that is the user's own."""
    points = argued(with_intervals(tables))
    said = [
        f"{row['title']}: finds {format_percent(row['recall'])}, "
        f"{row['human_reads']} per million read by a human"
        for row in points.to_dict("records")
    ]
    x = points["drawn_at"].mask(points["zero_by_construction"].astype(bool), 0.0)
    names = points["title"].where(points["status"] != "assumed", points["title"] + " (assumed)")
    table = points.assign(title=names, x=x, reader=reader(points), said=said)
    return policy_lines_plot(table, xlabel="innocent conversations a human reads, per million (log)")


TELLS_NOBODY_ELSE = ("user", "nobody")
"""Recipients by whom no other person learns of a conversation."""

BY_CONSTRUCTION = "0 by construction"

RESTS_ON = {
    "report": "assumed: who reports",
    "contact": "assumed: whom people accept",
    "metadata": "assumed: what metadata shows",
}
"""What the figures of a gated policy rest on, by the gate of ``questions.assumption_sweeps``."""


def argued_table(tables: Tables, shown: pd.DataFrame) -> CaptionedTable:
    """The policies that people argue about, one row each."""
    gates = dict(zip(tables["break_even"]["gated"], tables["break_even"]["gate"], strict=True))
    rests_on = [RESTS_ON.get(str(gates.get(point, "")), "measured here") for point in shown["point"]]
    table = shown.assign(rests_on=rests_on).sort_values(
        ["company_read_share", "device_read_share"], ascending=False, kind="stable"
    )
    columns = [
        Column("title", "policy"),
        Column("finds", "patterns found (95 %)"),
        Column("company", "messages of innocent people read by the company"),
        Column("device", "by the person's own device"),
        Column("metadata", "innocent conversations whose metadata is looked at"),
        Column("human_reads", "read by a human, per million (95 %)"),
        Column("alerts", "reported to somebody else, with text or without, per million"),
        Column("told", "who is told"),
        Column("rests_on", "rests on"),
    ]
    by_construction = table["zero_by_construction"].astype(bool)
    printed = table.assign(
        finds=[
            percent_with_interval(*row) for row in table[["recall", "recall_low", "recall_high"]].to_numpy()
        ],
        company=[format_percent(value) for value in table["company_read_share"]],
        device=[format_percent(value) for value in table["device_read_share"]],
        metadata=[format_percent(value) for value in table["metadata_seen_share"]],
        told=table["recipient"].str.replace("_", " "),
        human_reads=table["human_reads"].where(~by_construction, BY_CONSTRUCTION),
        alerts=[_alerts(row) for row in table.to_dict("records")],
    )
    return CaptionedTable(
        printed_table(printed, columns),
        "The policies that people argue about, each at its threshold nearest to 1 % of false alarms",
    )


def _alerts(row: Mapping[Any, Any]) -> str:
    """Innocent conversations that somebody but the user is told of, per million."""
    if row["recipient"] in TELLS_NOBODY_ELSE:
        return BY_CONSTRUCTION
    value, low, high, upper = (row[f"{HUMAN_ALERTS}{end}"] for end in ("", "_low", "_high", "_upper"))
    return per_million(value, low, high, row["human_alerted"], upper)
