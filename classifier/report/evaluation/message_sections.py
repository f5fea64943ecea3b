"""Sections of the evaluation page about single messages."""

from __future__ import annotations

from classifier.report.evaluation.printed_columns import (
    DISGUISE_COLUMNS,
    MESSAGE_COLUMNS,
    SYSTEM_COLUMNS,
    false_alarm_columns,
    tactic_columns,
)
from classifier.report.printed_tables import Column, printed_table
from classifier.report.sections import CaptionedFigure, CaptionedTable, Section, Tables, interval_figure

N_DRAWN = 12
"""Scenes in the figure of false alarms; its table has all."""


def messages_section(tables: Tables) -> Section:
    """Precision, recall and F1 per label on the test set."""
    printed = printed_table(tables["messages"], MESSAGE_COLUMNS)
    caption = "Per label, with 95 % intervals by phrase family"
    return Section("Stages in messages", "messages", [CaptionedTable(printed, caption, f1_figure(tables))])


def f1_figure(tables: Tables) -> CaptionedFigure:
    """F1 of each label, drawn with its interval."""
    return interval_figure(
        tables["messages"],
        name="label",
        value="f1",
        xlabel="F1",
        title="F1 per label with intervals",
        caption="F1 per label; the bar is the 95 % interval.",
    )


def systems_section(tables: Tables) -> Section:
    """The model beside simpler ones."""
    table = tables["systems"].assign(name=tables["systems"]["system"].str.split(":").str[0])
    figure = interval_figure(
        table,
        name="name",
        value="f1",
        xlabel="macro F1",
        title="Macro F1 per system with intervals",
        caption="Macro F1 per system with 95 % intervals.",
    )
    printed = printed_table(table, SYSTEM_COLUMNS)
    return Section("Simpler models", "systems", [CaptionedTable(printed, "Each system", figure)])


def controls_section(tables: Tables) -> Section:
    """Models that see only what should carry no information."""
    table = tables["controls"]
    columns = [
        Column("control", "sees only"),
        Column("auc", "AUC", interval=True),
        Column("positives", "patterns, or labels", 0),
        Column("n", "conversations, or messages", 0),
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
    printed = printed_table(table, columns)
    return Section("Leak controls", "controls", [CaptionedTable(printed, caption, figure)])


def scenes_section(tables: Tables) -> Section:
    """False alarms of messages by benign scene."""
    table = tables["scenes"]
    figure = interval_figure(
        table.head(N_DRAWN),
        name="slice",
        value="rate",
        xlabel="share of messages flagged",
        title="Share of messages wrongly flagged in the worst scenes",
        caption=f"The {N_DRAWN} scenes with most false alarms; the table has all.",
    )
    printed = printed_table(table, false_alarm_columns("scene", "messages"))
    return Section("False alarms by scene", "scenes", [CaptionedTable(printed, "Every scene", figure)])


def manners_section(tables: Tables) -> Section:
    """False alarms of messages that speak of a stage without showing it."""
    printed = printed_table(tables["manners"], false_alarm_columns("manner", "messages"))
    caption = "False alarms by manner of speaking"
    return Section("Negated, quoted, advised", "manners", [CaptionedTable(printed, caption)])


def tactics_section(tables: Tables) -> Section:
    """Recall by tactic."""
    printed = printed_table(tables["tactics"], tactic_columns())
    return Section("Missed tactics", "tactics", [CaptionedTable(printed, "Recall by tactic, lowest first")])


def capabilities_section(tables: Tables) -> Section:
    """Failure rates of the capability tests."""
    columns = [
        Column("kind", "kind"),
        Column("slice", "capability"),
        Column("rate", "failed", interval=True),
        Column("failures", "failures", 0),
        Column("n", "cases", 0),
    ]
    printed = printed_table(tables["capabilities"], columns)
    caption = "Failure rates, with 95 % intervals"
    return Section("Capabilities", "capabilities", [CaptionedTable(printed, caption)])


def disguises_section(tables: Tables) -> Section:
    """Share of flagged messages that stay flagged, by kind of disguise."""
    table = tables["disguises"]
    figure = interval_figure(
        table,
        name="kind",
        value="rate",
        xlabel="share still flagged",
        title="Share of flagged messages still flagged, by kind of disguise",
        caption="Share still flagged, with 95 % intervals; the dashed line is the aim of 85 %.",
        reference=0.85,
    )
    caption = "Messages still flagged under each disguise, lowest first"
    return Section(
        "Disguised letters",
        "disguises",
        [CaptionedTable(printed_table(table, DISGUISE_COLUMNS), caption, figure)],
    )


def noise_section(tables: Tables) -> Section:
    """Average precision under typing noise."""
    columns = [
        Column("noise", "noise"),
        Column("model", "model"),
        Column("average_precision", "macro average precision"),
        Column("n", "messages", 0),
    ]
    printed = printed_table(tables["noise"], columns)
    return Section("Careless typing", "noise", [CaptionedTable(printed, "Average precision under noise")])


def leaks_section(tables: Tables) -> Section:
    """What train and test share."""
    columns = [Column("check", "check"), Column("count", "count", 0), Column("of", "of", 0)]
    printed = printed_table(tables["leaks"], columns)
    return Section("Overlap of splits", "leaks", [CaptionedTable(printed, "Overlap of train and test")])
