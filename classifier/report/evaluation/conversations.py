"""The sections of the report that are about conversations and accounts."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from classifier.report.figures import line_plot, to_svg
from classifier.report.sections import Item, Section, dots
from classifier.report.tables import Column, printed

Tables = dict[str, pd.DataFrame]


def _separation(tables: Tables) -> Section:
    table = tables["separation"]
    columns = [
        Column("set", "set"),
        Column("scorer", "scorer"),
        Column("auc", "AUC", interval=True),
        Column("positives", "patterns", 0),
        Column("n", "of conversations", 0),
    ]
    drawn = table.assign(name=table["set"] + ": " + table["scorer"])
    return Section(
        "Patterns in whole conversations",
        [
            "A small logistic regression on named features of the stage probabilities (text), on metadata that needs no reading (metadata), and on both; beside them simpler aggregators of the same probabilities.",
            "Each conversation's score is the highest it had while it grew. Intervals: 95 %, resampled by the phrase family of its first behaviour.",
            "The last row of a set is the same text head fitted on and given the true labels of every message. What it cannot tell apart is no fault of reading: a scripted "
            "pattern may show one stage only, and a benign exchange several.",
        ],
        [
            Item(
                printed(table, columns),
                "Area under the ROC curve",
                dots(drawn, "name", "auc", "AUC", "AUC per set and scorer", 0.5),
                "The dashed line is chance.",
            )
        ],
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
    return Section(
        "How many patterns at how many false alarms",
        [
            "Thresholds are chosen on validation, where the asked rate must be shown by a one-sided 95 % Clopper-Pearson bound; what validation cannot show is refused. Clopper-Pearson intervals."
        ],
        [
            Item(
                printed(tables["rates"], columns),
                "True and false positive rates at thresholds chosen on validation",
            ),
            Item(
                printed(tables["told_rates"], columns),
                "The same for a text head that is told every message's true labels",
            ),
        ],
    )


def _early(tables: Tables) -> Section:
    drawn = "f1_low" in tables["early"]  # a folder that was evaluated without intervals can still be drawn
    columns = [
        Column("set", "set"),
        Column("rule", "rule"),
        Column("f1", "F1", interval=drawn),
        Column("speed_erisk", "speed, p = .0078", interval=drawn),
        Column("f_latency_erisk", "F latency, p = .0078", interval=drawn),
        Column("speed_espd", "speed, p = ln 3 / 89", interval=drawn),
        Column("f_latency_espd", "F latency, p = ln 3 / 89", interval=drawn),
        Column("erde_5", "ERDE 5"),
        Column("erde_50", "ERDE 50"),
        Column("median_messages", "median messages before warning", 0, interval=drawn),
        Column("undetected", "undetected", interval=drawn),
        Column("premature", "premature", interval=drawn),
        Column("target_share_seen", "share of the contact's messages seen"),
        Column("n_patterns", "patterns", 0),
        Column("n", "of", 0),
    ]
    by_k = tables["recall_by_k"]
    k_columns = [
        Column("set", "set"),
        Column("k", "messages seen", 0),
        Column("recall", "recall", interval=True),
        Column("hits", "found", 0),
        Column("n", "of patterns", 0),
    ]
    figure = to_svg(
        line_plot(by_k, x="k", y="recall", by="set", xlabel="messages seen", ylabel="recall"),
        title="Recall after k messages",
    )
    return Section(
        "How early",
        [
            "F latency is F1 times speed (Sadeque, Xu and Bethard 2018) at two values of p; speed is 1 minus the median penalty of the patterns found. ERDE: Losada and Crestani 2016, lower is better. "
            "Premature: share of warned patterns warned before any message with a label. Median and shares are over patterns found, the undetected share beside. "
            "Intervals: 95 %, resampled by the phrase family of a conversation's first behaviour; a resample in which a figure is 0/0 is left out.",
        ],
        [
            Item(printed(tables["early"], columns), "Early warning at the alert threshold"),
            Item(
                printed(by_k, k_columns),
                "Recall after k messages",
                figure,
                "Share of patterns flagged within their first messages.",
            ),
        ],
    )


def _scenes(tables: Tables) -> Section:
    columns = [
        Column("slice", "benign scene"),
        Column("rate", "FPR", interval=True),
        Column("false_alarms", "false alarms", 0),
        Column("n", "of conversations", 0),
    ]
    slices = [
        Column("by", "by"),
        Column("slice", "slice"),
        Column("tpr", "TPR", interval=True),
        Column("tpr_n", "of patterns", 0),
        Column("fpr", "FPR", interval=True),
        Column("fpr_n", "of benign", 0),
    ]
    return Section(
        "Who is flagged for nothing",
        [
            "At the alert threshold, worst scene first and the mean last; then both rates by slice. Clopper-Pearson intervals over conversations."
        ],
        [
            Item(printed(tables["conversation_scenes"], columns), "False alarms by benign scene"),
            Item(printed(tables["conversation_slices"], slices), "Rates by slice"),
        ],
    )


def _senders(tables: Tables) -> Section:
    columns = [
        Column("k", "flagged conversations", 0),
        Column("tpr", "TPR", interval=True),
        Column("found", "found", 0),
        Column("n_pattern", "of senders with patterns", 0),
        Column("fpr", "FPR", 4, interval=True),
        Column("benign_flagged", "innocent flagged", 0),
        Column("n_benign", "of innocent senders", 0),
        Column("pan12_f05", "PAN12 F0.5"),
    ]
    auc = [
        Column("score", "sender score"),
        Column("auc", "AUC", interval=True),
        Column("positives", "with patterns", 0),
        Column("n", "of senders", 0),
    ]
    return Section(
        "Accounts that write to many",
        [
            "A sender is flagged from k flagged conversations on. No sender of the test split was seen in training. Who writes more is flagged more often by chance, most of all at k = 1."
        ],
        [
            Item(printed(tables["senders"], columns), "Senders by number of flagged conversations"),
            Item(printed(tables["sender_auc"], auc), "Sender scores, 95 % intervals by sender"),
        ],
    )


def _calibration(tables: Tables) -> Section:
    reliability = tables["reliability"]
    summary = [
        Column("brier", "Brier score"),
        Column("log_loss", "log loss"),
        Column("calibration_error", "expected calibration error"),
        Column("n_bins", "bins", 0),
        Column("n", "conversations", 0),
    ]
    maps = [
        Column("calibrator", "map fitted on validation"),
        Column("brier", "Brier score"),
        Column("log_loss", "log loss"),
        Column("calibration_error", "expected calibration error"),
        Column("n", "conversations", 0),
    ]
    return Section(
        "Do the scores mean what they say?",
        [
            "Scores of whole conversations, at the share of patterns this corpus has, which is nobody's real prevalence. Bins of equal mass."
        ],
        [
            Item(printed(tables["calibration"], summary), "Calibration on test"),
            Item(
                printed(reliability, [Column(name, name.replace("_", " ")) for name in reliability.columns]),
                "Reliability",
            ),
            Item(printed(tables["calibrators"], maps), "Calibration maps compared"),
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
    return Section(
        "What an alert would mean",
        [
            "Expected in a million conversations at the alert threshold's test rates. Prevalence is supposed, not known. PPV bounds are safe ones: the worst of both rates' intervals together, and the best."
        ],
        [Item(printed(tables["base_rates"], columns), "Base rates")],
    )


def _noise(tables: Tables) -> Section:
    columns = [
        Column("noise", "noise"),
        Column("model", "stage model"),
        Column("average_precision", "macro average precision"),
        Column("n", "distinct messages", 0),
    ]
    return Section(
        "Careless typing",
        [
            "Fixed, generic noise (typos, casing, spacing, look-alike letters, emoji, elongation) at three strengths; no search for what a detector misses. The second model is fitted without the normaliser."
        ],
        [Item(printed(tables["noise"], columns), "Average precision under noise")],
    )


CONVERSATION_SECTIONS: tuple[tuple[str, Callable[[Tables], Section]], ...] = (
    ("separation", _separation),
    ("rates", _rates),
    ("early", _early),
    ("conversation_scenes", _scenes),
    ("senders", _senders),
    ("calibration", _calibration),
    ("base_rates", _base_rates),
    ("noise", _noise),
)
"""In their order, each with the table it cannot do without."""
