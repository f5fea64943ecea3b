"""The sections of a comparison of policies: what is found and read, kept and waited for, what a find costs, what an alert means, which limits are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from classifier.report.figures import to_svg
from classifier.report.sections import Item, Section
from classifier.report.tables import Column, number, printed
from classifier.report.tradeoff.plots import frontier_plot, points_plot, strip_plot
from classifier.report.tradeoff.points import (
    HUMAN_VIEW,
    MACHINE_VIEW,
    Tables,
    ladder,
    one_prevalence,
    per_find,
    strip_table,
    with_intervals,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def human_view_plot(tables: Tables, *, numbered: bool = True) -> Axes:
    """Recall over the innocent conversations that a person is shown, the points of the frontier ``numbered`` as in the table beside it."""
    xlabel = "innocent conversations put before a person, per million innocent (log)"
    return frontier_plot(
        with_intervals(tables),
        x="drawn_at",
        xlabel=xlabel,
        labelled=ladder(tables, HUMAN_VIEW) if numbered else (),
    )


def _human_view(tables: Tables) -> Section:
    points = with_intervals(tables)
    svg = to_svg(
        human_view_plot(tables),
        title="Recall against innocent conversations put before a person, per million",
    )
    columns = [
        Column("no", "no."),
        Column("point", "policy @ asked false positive rate"),
        Column("read_by", "read by"),
        Column("combined_by", "messages combined"),
        Column("threshold", "threshold"),
        Column(
            "human_reads",
            "innocent put before a person, per million innocent conversations (95 % interval by family)",
        ),
        Column("upper", "its one-sided 95 % upper bound (Clopper-Pearson)", 0),
        Column("alarms_of", "of innocent conversations"),
        Column("recall", "recall (95 % interval by family)", interval=True),
        Column("found_of", "of patterns (exact 95 % interval, were they independent)"),
        Column("status", "standing"),
        Column("dominated_by", "a point that is nowhere worse"),
    ]
    return Section(
        "What is found, and who is looked at for it",
        [
            "A point is a policy at a threshold; its threshold was chosen on validation for the false positive rate after the @. Costs are counted on innocent conversations alone.",
            "Read by, first: M the machine on the device, S the server, - nobody.",
            COMPARED_ALIKE,
            "Numbers stand at the points of this view's own frontier. Standing is over all compared axes: dominated when one and the same other point is nowhere worse and somewhere better in "
            "95 % of resamples, ambiguous when only in the data as they are.",
        ],
        [
            Item(
                printed(points, columns),
                "Every point: human reads, recall and standing",
                svg,
                "Recall against human reads. Up is more found, left is fewer innocent people looked at. An open marker stands at a bound, so a point with few events may stand left of it.",
            )
        ],
    )


def _reads(tables: Tables) -> Section:
    points, machine = with_intervals(tables), ladder(tables, MACHINE_VIEW)
    prevalence = one_prevalence(tables)
    found = per_find(tables, points, prevalence)
    drawn = found[np.isfinite(found["messages_per_find"]) & (found["messages_per_find"] > 0)].assign(
        open=False
    )
    svg = to_svg(
        frontier_plot(
            drawn,
            x="messages_per_find",
            xlabel=f"messages read per pattern found, at prevalence {prevalence:g} (log)",
            labelled=machine,
        ),
        title=f"Recall against messages read for each pattern found, at a supposed prevalence of {prevalence:g}",
    )
    columns = [
        Column("no", "no."),
        Column("point", "policy @ asked false positive rate"),
        Column("benign_messages_read", "messages read per innocent conversation", interval=True),
        Column("machine_read_share", "share of innocent messages read", interval=True),
        Column("human_read_messages", "share of innocent messages shown to a person", 4, interval=True),
        Column(
            "pii_people_exposed_per_1000",
            "people whose personal details a person could read, per 1,000 innocent conversations",
            interval=True,
        ),
        Column(
            "messages_per_find",
            f"messages read for each pattern found, at prevalence {prevalence:g}",
            0,
            interval=True,
        ),
        Column("found_of", "of patterns (exact 95 % interval, were they independent)"),
    ]
    return Section(
        "What is read and shown for it",
        [
            "Intervals are 95 % percentile intervals over resampled phrase families; inf: in some resample something was read and nothing found. "
            "A policy that reads nothing has no place on a log axis and is in the table alone. Other prevalences stand in per_find.csv.",
        ],
        [
            Item(
                printed(found, columns),
                "Every point: messages read and shown, and for each pattern found",
                svg,
                "Recall against messages read, of anybody, for each pattern found.",
            )
        ],
    )


def _keeping(tables: Tables) -> Section:
    points = with_intervals(tables)
    drawn = points[
        (points["retained_message_hours"] > 0) & points["median_messages_to_alert"].notna()
    ].assign(open=lambda table: table["undetected_share"] > 0.5)
    svg = to_svg(
        points_plot(
            drawn,
            x="retained_message_hours",
            y="median_messages_to_alert",
            xlabel="message-hours kept per innocent conversation (log)",
            ylabel="median messages to an alert, of patterns found",
            open_means="over half of patterns not found",
            labelled=drawn.drop_duplicates(["retained_message_hours", "median_messages_to_alert"])[
                "point"
            ].tolist(),
        ),
        title="Messages to an alert against message-hours kept",
    )
    columns = [
        Column("no", "no."),
        Column("point", "policy @ asked false positive rate"),
        Column("retained_message_hours", "message-hours kept per innocent conversation", interval=True),
        Column(
            "median_messages_to_alert", "median messages to an alert, of patterns found", 1, interval=True
        ),
        Column("median_hours_to_alert", "median hours to an alert, of patterns found", 2),
        Column("undetected_share", "share of patterns not found"),
        Column("f_latency", "latency-weighted F1"),
    ]
    return Section(
        "What is kept, and how long an alert takes",
        [
            "A median of messages to an alert is of the patterns found only: read it beside the share not found. A policy that keeps no message has no place on a log axis and is in the table alone.",
        ],
        [
            Item(
                printed(points, columns),
                "Every point: message-hours kept, and the time to an alert",
                svg,
                "Messages to an alert against message-hours kept. Down is earlier, left is less kept. An open marker: more than half of the patterns were not found at all.",
            )
        ],
    )


def _exchange(tables: Tables) -> Section:
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
    return Section(
        "Exchange rates",
        [
            "Between neighbours of a view's frontier: what one more pattern found costs people who did nothing. A step that finds no more in a resample has an infinite price there; the last column says how often.",
        ],
        [Item(printed(table, columns), "The price of one more pattern found, at each supposed prevalence")],
    )


def _base_rates(tables: Tables) -> Section:
    table = tables["base_rates"]
    shown = [point for point in ladder(tables, HUMAN_VIEW) if point in set(table["point"])]
    shown = shown or list(dict.fromkeys(table["point"]))
    strip = strip_table(pd.concat([table[table["point"] == point] for point in shown]))
    columns = [
        Column("point", "policy @ asked false positive rate"),
        Column("prevalence", "supposed prevalence", 6),
        Column("ppv", "share of alerts that are true, PPV (safe 95 % bounds)", 5, interval=True),
        Column("false_alarms_per_true_find", "false alarms per true find", 1, interval=True),
    ]
    return Section(
        "What an alert would mean where patterns are rare",
        [
            "The share of alerts that would be true (PPV), at supposed prevalences, for the points of the frontier of recall against human reads. Bounds are Clopper-Pearson of both rates at once (Bonferroni); "
            "they say nothing about prevalence. All points stand in base_rates.csv. 0/0: no alert at all.",
            "A PPV of 1 in the table means that no false alarm was seen on this test set: its lower bound says how little that shows.",
        ],
        [
            Item(
                printed(strip, columns),
                "PPV at supposed prevalences",
                to_svg(
                    strip_plot(strip, row="point", column="prevalence", value="shade", text="text"),
                    title="Share of alerts that are true, by supposed prevalence",
                ),
                "PPV of each point at each supposed prevalence; darker is larger. ≥: no false alarm was seen, so the lower bound is shown.",
            )
        ],
    )


def _constraints(tables: Tables) -> Section:
    table = tables["constraints"]
    answers = [_answer(str(constraint), rows) for constraint, rows in table.groupby("constraint", sort=False)]
    columns = [
        Column("point", "policy @ asked false positive rate"),
        Column("constraint", "limit"),
        Column("value", "value"),
        Column("bound", "95 % bound"),
        Column("verdict", "the test set says"),
        Column("n", "test conversations", 0),
        Column("needed_error_free", "needed, without any event", 0),
        Column("needed_at_this_rate", "needed, at the rate seen", 0),
    ]
    return Section(
        "Which points keep a stated limit",
        [
            *answers,
            "Supported: the one-sided 95 % bound keeps the limit (Clopper-Pearson for rates of conversations, else the end of the interval by family). Not shown: the value keeps it, the bound does not. "
            "Infinite: at the rate seen, no number would do.",
        ],
        [Item(printed(table, columns), "Each point against each limit")],
    )


def _answer(constraint: str, rows: pd.DataFrame) -> str:
    supported = rows.loc[rows["verdict"] == "supported", "point"].tolist()
    if supported:
        return f"{constraint} is supported for {', '.join(supported)}."
    needed = rows["needed_error_free"].iloc[0]
    how_many = (
        f": with {number(rows['n'].iloc[0], 0)} test conversations of the kind, it takes {number(needed, 0)} without a single event"
        if needed > 0
        else ""
    )
    return f"{constraint} cannot be shown for any point{how_many}."


def _skipped(tables: Tables) -> Section:
    table = tables["skipped"].assign(
        asked=["all" if np.isnan(rate) else f"{rate:g}" for rate in tables["skipped"]["asked_rate"]]
    )
    columns = [
        Column("policy", "policy"),
        Column("asked", "asked false positive rate"),
        Column("reason", "why not"),
    ]
    return Section(
        "What was not run",
        [
            "A policy whose model or data are not there, and thresholds that validation is too small to choose."
            if len(table)
            else "Every policy was run at every threshold."
        ],
        [Item(printed(table, columns), "Skipped policies and thresholds")],
    )


def _policies(tables: Tables) -> Section:
    table = tables["points"].drop_duplicates("policy")
    return Section(
        "The policies",
        ["'grooming-classifier privacy explain POLICY' says more."],
        [
            Item(
                printed(table, [Column("policy", "policy"), Column("description", "what it does")]),
                "In a line each",
            )
        ],
    )


COMPARED_ALIKE = (
    'Messages combined: "fitted" is the pattern scorer that comes with the own model, "noisy-or" a fixed rule. Hashed, public and noisy models, and those of terms many people use, have the '
    "fixed rule alone (a rule fitted on the same people's conversations would break a noisy model's promise): hold them against device_noisy_or, which is the own model under that rule. "
    "They still differ from it in more than their protection: they see words and pairs and no letters, and the plain ones were fitted on at most 30,000 messages, the noisy ones on conversations."
)

SECTIONS: tuple[Callable[[Tables], Section], ...] = (
    _human_view,
    _reads,
    _keeping,
    _exchange,
    _base_rates,
    _constraints,
    _skipped,
    _policies,
)
"""The sections in their order."""
