"""Sections of the evaluation page about conversations and accounts."""

from __future__ import annotations

from collections.abc import Callable

from classifier.report.evaluation.columns import false_alarm_columns
from classifier.report.figures import line_plot, to_svg
from classifier.report.sections import CaptionedFigure, CaptionedTable, Section, Tables, interval_figure
from classifier.report.tables import Column, printed_table


def _separation(tables: Tables) -> Section:
    table = tables["separation"]
    columns = [
        Column("set", "set"),
        Column("scorer", "scorer"),
        Column("auc", "AUC", interval=True),
        Column("positives", "patterns", 0),
        Column("n", "of conversations", 0),
    ]
    figure = interval_figure(
        table.assign(name=table["set"] + ": " + table["scorer"]),
        name="name",
        value="auc",
        xlabel="AUC",
        title="AUC per set and scorer",
        caption="The dashed line is chance.",
        reference=0.5,
    )
    printed = printed_table(table, columns)
    return Section(
        "Patterns in whole conversations",
        "separation",
        [CaptionedTable(printed, "Area under the ROC curve", figure)],
    )


def _rates(tables: Tables) -> Section:
    columns = [
        Column("asked_fpr", "asked false-positive rate"),
        Column("set", "set"),
        Column("threshold", "threshold"),
        Column("tpr", "TPR", interval=True),
        Column("tpr_n", "of patterns", 0),
        Column("fpr", "FPR", 4, interval=True),
        Column("fpr_n", "of benign", 0),
        Column("remark", "remark"),
    ]
    predicted = CaptionedTable(
        printed_table(tables["rates"], columns),
        "True and false positive rates at thresholds chosen on validation",
    )
    oracle = CaptionedTable(
        printed_table(tables["told_rates"], columns),
        "The same for a text head that is given the true labels of every message",
    )
    return Section("How many patterns at how many false alarms", "rates", [predicted, oracle])


def _overtness(tables: Tables) -> Section:
    columns = [
        Column("set", "set"),
        Column("overtness", "patterns"),
        Column("auc", "AUC", interval=True),
        Column("ceiling_auc", "AUC, every label told"),
        Column("tpr", "TPR", interval=True),
        Column("tpr_n", "of patterns", 0),
        Column("ceiling_tpr", "TPR, every label told"),
        Column("share_of_ceiling", "share of that"),
        Column("fpr", "FPR", 4, interval=True),
        Column("fpr_n", "of benign", 0),
    ]
    caption = "By overtness, against benign conversations of the same lengths; thresholds for an FPR of 1 %"
    printed = [CaptionedTable(printed_table(tables["overtness"], columns), caption)]
    if len(pairs := tables["pairs"]):
        pair_columns = [
            Column("set", "set"),
            Column("auc", "AUC", interval=True),
            Column("n_clusters", "pairs", 0),
            Column("n", "dialogues", 0),
        ]
        caption = "Dialogues that begin alike: one goes on as a pattern, one does not"
        printed.append(CaptionedTable(printed_table(pairs, pair_columns), caption))
    return Section("Overt and faint patterns", "overtness", printed)


def _alerts_by_length(tables: Tables) -> Section:
    columns = [
        Column("length", "messages"),
        Column("rate", "alert rate", interval=True),
        Column("alerts", "alerts", 0),
        Column("n", "of benign conversations", 0),
    ]
    printed = printed_table(tables["alerts_by_length"], columns)
    return Section(
        "Does length decide?", "alerts_by_length", [CaptionedTable(printed, "Alert rate by length")]
    )


def _early(tables: Tables) -> Section:
    # An evaluation that was made without intervals can still be printed.
    has_intervals = "f1_low" in tables["early"]
    columns = [
        Column("set", "set"),
        Column("rule", "rule"),
        Column("f1", "F1", interval=has_intervals),
        Column("speed_erisk", "speed, p = .0078", interval=has_intervals),
        Column("f_latency_erisk", "F latency, p = .0078", interval=has_intervals),
        Column("speed_espd", "speed, p = ln 3 / 89", interval=has_intervals),
        Column("f_latency_espd", "F latency, p = ln 3 / 89", interval=has_intervals),
        Column("erde_5", "ERDE 5"),
        Column("erde_50", "ERDE 50"),
        Column("median_messages", "median messages before warning", 0, interval=has_intervals),
        Column("undetected", "undetected", interval=has_intervals),
        Column("premature", "premature", interval=has_intervals),
        Column("target_share_seen", "share of the contact's messages seen"),
        Column("n_patterns", "patterns", 0),
        Column("n", "of", 0),
    ]
    recall_columns = [
        Column("set", "set"),
        Column("k", "messages seen", 0),
        Column("recall", "recall", interval=True),
        Column("hits", "found", 0),
        Column("n", "of patterns", 0),
    ]
    recall_by_k = tables["recall_by_k"]
    axes = line_plot(recall_by_k, x="k", y="recall", by="set", xlabel="messages seen", ylabel="recall")
    figure = CaptionedFigure(
        to_svg(axes, title="Recall after k messages"),
        "Share of patterns flagged within their first messages.",
    )
    early = printed_table(tables["early"], columns)
    recall = printed_table(recall_by_k, recall_columns)
    return Section(
        "How early",
        "early",
        [
            CaptionedTable(early, "Early warning at the alert threshold"),
            CaptionedTable(recall, "Recall after k messages", figure),
        ],
    )


def _conversation_scenes(tables: Tables) -> Section:
    scene_columns = false_alarm_columns("benign scene", "FPR", "of conversations")
    slice_columns = [
        Column("by", "by"),
        Column("slice", "slice"),
        Column("tpr", "TPR", interval=True),
        Column("tpr_n", "of patterns", 0),
        Column("fpr", "FPR", interval=True),
        Column("fpr_n", "of benign", 0),
    ]
    scenes = printed_table(tables["conversation_scenes"], scene_columns)
    slices = printed_table(tables["conversation_slices"], slice_columns)
    return Section(
        "Benign conversations that are flagged",
        "conversation_scenes",
        [CaptionedTable(scenes, "False alarms by benign scene"), CaptionedTable(slices, "Rates by slice")],
    )


def _senders(tables: Tables) -> Section:
    sender_columns = [
        Column("k", "flagged conversations", 0),
        Column("tpr", "TPR", interval=True),
        Column("found", "found", 0),
        Column("n_pattern", "of senders with patterns", 0),
        Column("fpr", "FPR", 4, interval=True),
        Column("benign_flagged", "benign flagged", 0),
        Column("n_benign", "of benign senders", 0),
        Column("pan12_f05", "PAN12 F0.5"),
    ]
    auc_columns = [
        Column("score", "sender score"),
        Column("auc", "AUC", interval=True),
        Column("positives", "with patterns", 0),
        Column("n", "of senders", 0),
    ]
    senders = printed_table(tables["senders"], sender_columns)
    scores = printed_table(tables["sender_auc"], auc_columns)
    return Section(
        "Accounts that write to many",
        "senders",
        [
            CaptionedTable(senders, "Senders by number of flagged conversations"),
            CaptionedTable(scores, "Sender scores, 95 % intervals by sender"),
        ],
    )


def _calibration(tables: Tables) -> Section:
    measures = [
        Column("brier", "Brier score"),
        Column("log_loss", "log loss"),
        Column("calibration_error", "expected calibration error"),
    ]
    n_column = Column("n", "conversations", 0)
    test = printed_table(tables["calibration"], [*measures, Column("n_bins", "bins", 0), n_column])
    bins = tables["reliability"]
    reliability = printed_table(bins, [Column(name, name.replace("_", " ")) for name in bins.columns])
    map_columns = [Column("calibrator", "map fitted on validation"), *measures, n_column]
    maps = printed_table(tables["calibrators"], map_columns)
    return Section(
        "Do the scores mean what they say?",
        "calibration",
        [
            CaptionedTable(test, "Calibration on test"),
            CaptionedTable(reliability, "Reliability"),
            CaptionedTable(maps, "Calibration maps compared"),
        ],
    )


def _base_rates(tables: Tables) -> Section:
    columns = [
        Column("prevalence", "supposed prevalence", 6),
        Column("alerts", "alerts", 0),
        Column("true_finds", "true finds", 1),
        Column("false_alarms", "false alarms", 0),
        Column("ppv", "PPV", 4, interval=True),
        Column("false_alarms_per_true_find", "false alarms per true find", 1),
        Column("volume", "of conversations", 0),
    ]
    printed = printed_table(tables["base_rates"], columns)
    return Section("What an alert would mean", "base_rates", [CaptionedTable(printed, "Base rates")])


def _noise(tables: Tables) -> Section:
    columns = [
        Column("noise", "noise"),
        Column("model", "message model"),
        Column("average_precision", "macro average precision"),
        Column("n", "distinct messages", 0),
    ]
    printed = printed_table(tables["noise"], columns)
    return Section("Careless typing", "noise", [CaptionedTable(printed, "Average precision under noise")])


CONVERSATION_SECTIONS: dict[str, Callable[[Tables], Section]] = {
    "separation": _separation,
    "rates": _rates,
    "overtness": _overtness,
    "alerts_by_length": _alerts_by_length,
    "early": _early,
    "conversation_scenes": _conversation_scenes,
    "senders": _senders,
    "calibration": _calibration,
    "base_rates": _base_rates,
    "noise": _noise,
}
"""The sections in their order, by the table that each needs."""
