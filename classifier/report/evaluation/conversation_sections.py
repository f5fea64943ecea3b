"""Sections of the evaluation page about conversations and accounts."""

from __future__ import annotations

import pandas as pd

from classifier.report.evaluation.printed_columns import false_alarm_columns
from classifier.report.evaluation.summary_tables import contact_only_auc
from classifier.report.printed_tables import Column, PrintedTable, printed_table
from classifier.report.sections import CaptionedFigure, CaptionedTable, Section, Tables, interval_figure
from classifier.report.table_plots import line_plot, to_svg


def rates_section(tables: Tables) -> Section:
    """True and false positive rates at chosen thresholds, beside those of the ceiling."""
    predicted = CaptionedTable(
        _rates(tables["rates"]), "True and false positive rates at thresholds chosen on validation"
    )
    ceiling = CaptionedTable(
        _rates(tables["told_rates"]), "The ceiling: the same when the true label of every message is known"
    )
    return Section("Found at a chosen false-positive rate", "rates", [predicted, ceiling])


def _rates(table: pd.DataFrame) -> PrintedTable:
    columns = [
        Column("asked_fpr", "asked FPR"),
        Column("set", "set"),
        Column("threshold", "threshold"),
        Column("tpr", "found", interval=True),
        Column("tpr_n", "patterns", 0),
        Column("fpr", "FPR", 4, interval=True),
        Column("fpr_n", "benign", 0),
        Column("remark", "remark"),
    ]
    return printed_table(table, columns)


def overtness_section(tables: Tables) -> Section:
    """Patterns found by overtness, beside what could be found."""
    table = tables["overtness"]
    columns = [
        Column("set", "set"),
        Column("overtness", "overtness"),
        Column("tpr", "found", 2, interval=True),
        Column("tpr_n", "patterns", 0),
        Column("ceiling_tpr", "ceiling", 2),
        Column("share_of_ceiling", "of ceiling", 2),
        Column("fpr", "FPR", 4, interval=True),
        Column("fpr_n", "benign", 0),
    ]
    area_columns = [
        Column("set", "set"),
        Column("overtness", "overtness"),
        Column("auc", "AUC", interval=True),
        Column("ceiling_auc", "ceiling AUC"),
        Column("positives", "patterns", 0),
        Column("n", "conversations", 0),
    ]
    caption = "By overtness, against benign conversations of the same lengths"
    figure = found_figure(table.assign(overtness=table["set"] + ", " + table["overtness"]))
    printed = [
        CaptionedTable(printed_table(table, columns), caption, figure),
        CaptionedTable(printed_table(table, area_columns), "AUC by overtness"),
    ]
    if len(pairs := tables["pairs"]):
        pair_columns = [
            Column("set", "set"),
            Column("auc", "AUC", interval=True),
            Column("n_clusters", "pairs", 0),
            Column("n", "dialogues", 0),
        ]
        caption = "Dialogues that begin alike: one goes on as a pattern, one does not"
        printed.append(CaptionedTable(printed_table(pairs, pair_columns), caption))
    values = {"contact_only": contact_only_auc(tables)} if "controls" in tables else {}
    return Section("Overt, mixed and faint patterns", "overtness", printed, values)


def found_figure(table: pd.DataFrame) -> CaptionedFigure:
    """Share of patterns found of each row of a table of overtness, beside the ceiling."""
    return interval_figure(
        table,
        name="overtness",
        value="tpr",
        xlabel="share of patterns found",
        title="Share of patterns found by overtness, beside the ceiling",
        caption="Patterns found, by how overt they are, with 95 % intervals. The ceiling is what the same "
        "kind of score finds that is given the true labels of every message; it has a threshold of its own, "
        "so the model can find more.",
        beside="ceiling_tpr",
        legend=("found", "ceiling"),
    )


def length_section(tables: Tables) -> Section:
    """Alert rate of benign conversations by length."""
    table = tables["alerts_by_length"]
    columns = [
        Column("length", "length"),
        Column("rate", "flagged", interval=True),
        Column("alerts", "false alarms", 0),
        Column("n", "benign", 0),
    ]
    figure = interval_figure(
        table.assign(name=table["length"].astype(str) + " messages"),
        name="name",
        value="rate",
        xlabel="share of benign conversations flagged",
        title="Alert rate of benign conversations by length",
        caption="Share of benign conversations flagged, by length, with 95 % intervals.",
    )
    printed = printed_table(table.assign(length=table["length"].astype(str)), columns)
    return Section(
        "Alert rate by length", "alerts_by_length", [CaptionedTable(printed, "Shortest first", figure)]
    )


def early_section(tables: Tables) -> Section:
    """How early patterns are found at the alert threshold."""
    table = tables["early"]
    # An evaluation that was made without intervals can still be printed.
    has_intervals = "f1_low" in table
    named = [Column("set", "set"), Column("rule", "rule")]
    found = [
        *named,
        Column("f1", "F1", interval=has_intervals),
        Column("undetected", "undetected", interval=has_intervals),
        Column("n_patterns", "patterns", 0),
        Column("n", "conversations", 0),
    ]
    speed = [
        *named,
        Column("speed_erisk", "speed, .0078", 2, interval=has_intervals),
        Column("f_latency_erisk", "F latency, .0078", 2, interval=has_intervals),
        Column("speed_espd", "speed, ln 3 / 89", 2, interval=has_intervals),
        Column("f_latency_espd", "F latency, ln 3 / 89", 2, interval=has_intervals),
    ]
    delay = [
        *named,
        Column("median_messages", "median messages", 0, interval=has_intervals),
        Column("target_share_seen", "share seen", 2),
        Column("premature", "premature", interval=has_intervals),
        Column("erde_5", "ERDE 5"),
        Column("erde_50", "ERDE 50"),
    ]
    by_k = tables["recall_by_k"]
    recall_columns = [
        Column("set", "set"),
        Column("k", "messages seen", 0),
        Column("recall", "found", interval=True),
        Column("hits", "hits", 0),
        Column("n", "patterns", 0),
    ]
    axes = line_plot(
        by_k, x="k", y="recall", by="set", low="recall_low", high="recall_high",
        xlabel="messages seen", ylabel="share of patterns found",
    )  # fmt: skip
    figure = CaptionedFigure(
        to_svg(axes, title="Share of patterns found after k messages"),
        "Share of patterns flagged within their first messages.",
    )
    return Section(
        "How early",
        "early",
        [
            CaptionedTable(printed_table(table, found), "F1 at the alert threshold"),
            CaptionedTable(printed_table(table, speed), "Speed, and F latency = F1 × speed"),
            CaptionedTable(printed_table(table, delay), "Messages before a warning"),
            CaptionedTable(printed_table(by_k, recall_columns), "Found after k messages", figure),
        ],
    )


def benign_section(tables: Tables) -> Section:
    """Benign conversations that are flagged, by scene, and both rates by slice."""
    slice_columns = [
        Column("by", "by"),
        Column("slice", "slice"),
        Column("tpr", "found", interval=True),
        Column("tpr_n", "patterns", 0),
        Column("fpr", "FPR", interval=True),
        Column("fpr_n", "benign", 0),
    ]
    scenes = printed_table(tables["conversation_scenes"], false_alarm_columns("scene", "benign"))
    slices = printed_table(tables["conversation_slices"], slice_columns)
    return Section(
        "Benign conversations flagged",
        "conversation_scenes",
        [CaptionedTable(scenes, "By scene, worst first"), CaptionedTable(slices, "By slice")],
    )


def senders_section(tables: Tables) -> Section:
    """Accounts, by their number of flagged conversations."""
    sender_columns = [
        Column("k", "flagged from", 0),
        Column("tpr", "found", interval=True),
        Column("found", "hits", 0),
        Column("n_pattern", "accounts with patterns", 0),
        Column("fpr", "FPR", 4, interval=True),
        Column("benign_flagged", "false alarms", 0),
        Column("n_benign", "benign accounts", 0),
        Column("pan12_f05", "F0.5"),
    ]
    auc_columns = [
        Column("score", "score"),
        Column("auc", "AUC", interval=True),
        Column("positives", "accounts with patterns", 0),
        Column("n", "accounts", 0),
    ]
    senders = printed_table(tables["senders"], sender_columns)
    scores = printed_table(tables["sender_auc"], auc_columns)
    return Section(
        "Accounts",
        "senders",
        [
            CaptionedTable(senders, "Accounts by number of flagged conversations"),
            CaptionedTable(scores, "Scores of accounts, 95 % intervals by account"),
        ],
    )


def base_rates_section(tables: Tables) -> Section:
    """What an alert would mean at supposed prevalences."""
    columns = [
        Column("one_in", "prevalence"),
        Column("alerts", "alerts", 0),
        Column("true_finds", "true finds", 1),
        Column("false_alarms", "false alarms", 0),
        Column("ppv", "PPV", 6, interval=True),
        Column("false_alarms_per_true_find", "per true find", 1, interval=True),
        Column("volume", "conversations", 0),
    ]
    table = tables["base_rates"]
    one_in = [f"1 in {1 / prevalence:,.0f}" for prevalence in table["prevalence"]]
    printed = printed_table(table.assign(one_in=one_in), columns)
    caption = "Expected in a million conversations, by supposed prevalence"
    return Section("What an alert would mean", "base_rates", [CaptionedTable(printed, caption)])
