"""Sections of the evaluation page about single messages."""

from __future__ import annotations

from collections.abc import Callable

from classifier.report.evaluation.columns import (
    MESSAGE_COLUMNS,
    SYSTEM_COLUMNS,
    false_alarm_columns,
    tactic_columns,
)
from classifier.report.sections import CaptionedTable, Section, Tables, interval_figure
from classifier.report.tables import Column, printed_table


def _messages(tables: Tables) -> Section:
    table = tables["messages"]
    figure = interval_figure(
        table,
        name="label",
        value="f1",
        xlabel="F1",
        title="F1 per label with intervals",
        caption="F1 per label; the bar is the 95 % interval.",
    )
    printed = printed_table(table, MESSAGE_COLUMNS)
    caption = "Per label, with 95 % intervals by phrase family"
    return Section("Stages in single messages", "messages", [CaptionedTable(printed, caption, figure)])


def _transfer(tables: Tables) -> Section:
    printed = printed_table(tables["transfer"], MESSAGE_COLUMNS)
    caption = "Per label on v2-alt, with 95 % intervals by phrase family"
    return Section("The same model on a second voice", "transfer", [CaptionedTable(printed, caption)])


def _systems(tables: Tables) -> Section:
    table = tables["systems"]
    figure = interval_figure(
        table,
        name="system",
        value="f1",
        xlabel="macro F1",
        title="Macro F1 per system with intervals",
        caption="Macro F1 per system.",
    )
    printed = printed_table(table, SYSTEM_COLUMNS)
    return Section(
        "Beside simpler models", "systems", [CaptionedTable(printed, "Mean over the five stages", figure)]
    )


def _controls(tables: Tables) -> Section:
    table = tables["controls"]
    columns = [
        Column("control", "what the control sees"),
        Column("auc", "AUC", interval=True),
        Column("positives", "positives", 0),
        Column("n", "of", 0),
        Column("cause", "read as"),
    ]
    figure = interval_figure(
        table,
        name="control",
        value="auc",
        xlabel="AUC",
        title="AUC per leak control with intervals",
        caption="The dashed line is chance.",
        reference=0.5,
    )
    caption = "Area under the ROC curve, with 95 % intervals"
    return Section(
        "Leak controls", "controls", [CaptionedTable(printed_table(table, columns), caption, figure)]
    )


def _scenes(tables: Tables) -> Section:
    table = tables["scenes"]
    figure = interval_figure(
        table,
        name="slice",
        value="rate",
        xlabel="share flagged",
        title="False alarm share per scene",
        caption="Share of messages wrongly flagged, by benign scene.",
    )
    printed = printed_table(table, false_alarm_columns("benign scene", "share flagged", "of messages"))
    return Section(
        "Where false alarms come from", "scenes", [CaptionedTable(printed, "False alarms by scene", figure)]
    )


def _manners(tables: Tables) -> Section:
    columns = false_alarm_columns("manner", "share flagged", "of messages")
    printed = printed_table(tables["manners"], columns)
    caption = "False alarms by manner of speaking"
    return Section("Speaking of it is not doing it", "manners", [CaptionedTable(printed, caption)])


def _tactics(tables: Tables) -> Section:
    printed = printed_table(tables["tactics"], tactic_columns("of messages"))
    return Section("What is missed", "tactics", [CaptionedTable(printed, "Recall by tactic")])


def _capabilities(tables: Tables) -> Section:
    columns = [
        Column("kind", "kind"),
        Column("slice", "capability"),
        Column("rate", "share failed", interval=True),
        Column("failures", "failures", 0),
        Column("n", "of cases", 0),
    ]
    printed = printed_table(tables["capabilities"], columns)
    caption = "Failure rates, with Clopper-Pearson intervals over cases"
    return Section("Capabilities", "capabilities", [CaptionedTable(printed, caption)])


def _leaks(tables: Tables) -> Section:
    columns = [Column("check", "check"), Column("count", "count", 0), Column("of", "of", 0)]
    printed = printed_table(tables["leaks"], columns)
    return Section("Do the splits leak?", "leaks", [CaptionedTable(printed, "Overlap of train and test")])


MESSAGE_SECTIONS: dict[str, Callable[[Tables], Section]] = {
    "messages": _messages,
    "transfer": _transfer,
    "systems": _systems,
    "controls": _controls,
    "scenes": _scenes,
    "manners": _manners,
    "tactics": _tactics,
    "capabilities": _capabilities,
    "leaks": _leaks,
}
"""The sections in their order, by the table that each needs."""
