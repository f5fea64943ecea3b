"""Sections of the evaluation page with curves: ROC, precision–recall, F1 by cap and reliability."""

from __future__ import annotations

from typing import Any

import pandas as pd

from classifier.model.message.operating_points import DEFAULT_POINT, MAX_FALSE_ALARMS
from classifier.report.evaluation.printed_columns import CAP_COLUMNS, MESSAGE_COLUMNS, macro_by_cap
from classifier.report.printed_tables import Column, printed_table
from classifier.report.sections import CaptionedFigure, CaptionedTable, Section, Tables, interval_figure
from classifier.report.table_plots import line_plot, to_svg
from classifier.taxonomy import STAGES

CEILING = "every label known"
"""The text head that is given the true label of every message."""
SCORER_TITLES = {"text head, told every label": CEILING}
CURVES = {"text head": "{set}", CEILING: "{set}, every label known"}


def curve_names(table: pd.DataFrame) -> pd.DataFrame:
    """``table`` with a column ``curve``: the set of the row, and what the scorer was told."""
    scorers = table["scorer"].replace(SCORER_TITLES)
    names = [CURVES[scorer].format(set=name) for name, scorer in zip(table["set"], scorers, strict=True)]
    return table.assign(curve=names)


def by_level(table: pd.DataFrame, *, by: str, value: str) -> pd.DataFrame:
    """One row a level of recall, and a column of ``value`` for each of ``by``."""
    wide = table.pivot(index="level", columns=by, values=value)[list(dict.fromkeys(table[by]))]
    return wide.reset_index()


def roc_section(tables: Tables) -> Section:
    """ROC curves of conversation scores, with the areas under them."""
    shown = []
    if "conversation_curves" in tables:
        points = curve_names(tables["conversation_curves"])
        axes = line_plot(
            points,
            x="false_positive_rate",
            y="recall",
            by="curve",
            xlabel="share of benign conversations flagged",
            ylabel="share of patterns found",
            diagonal=True,
            title=lambda row: (
                f"{row['curve']}: {row['true_finds']:,.0f} of {row['positives']:,.0f} patterns at "
                f"{row['false_alarms']:,.0f} of {row['n'] - row['positives']:,.0f} benign"
            ),
        )
        axes.set_xlim(-0.01, 1)
        figure = CaptionedFigure(
            to_svg(axes, title="ROC curves of conversations, beside the ceiling"),
            "ROC: up is more patterns found, left is fewer benign conversations flagged. "
            "The thin line is chance.",
        )
        wide = by_level(points, by="curve", value="false_positive_rate")
        columns = [
            Column("level", "recall", 2),
            *(Column(name, f"FPR: {name}", 4) for name in wide.columns[1:]),
        ]
        shown.append(
            CaptionedTable(printed_table(wide, columns), "False-positive rate at each recall", figure)
        )
    return Section("ROC and AUC", "separation", [*shown, *_areas(tables["separation"])])


def _areas(table: pd.DataFrame) -> list[CaptionedTable]:
    """The areas under the ROC curves: one table, with a figure of the test set."""
    named = table.assign(scorer=table["scorer"].replace(SCORER_TITLES))
    figure = interval_figure(
        named[named["set"] == "test"],
        name="scorer",
        value="auc",
        xlabel="AUC",
        title="AUC of each score of conversations, test set",
        caption="AUC on the test set with 95 % intervals; the dashed line is chance.",
        reference=0.5,
    )
    columns = [
        Column("set", "set"),
        Column("scorer", "score"),
        Column("auc", "AUC", interval=True),
        Column("positives", "patterns", 0),
        Column("n", "conversations", 0),
    ]
    return [CaptionedTable(printed_table(named, columns), "Area under the ROC curve", figure)]


def precision_recall_section(tables: Tables) -> Section:
    """Precision–recall curves of the stages on the test set, then of whole conversations."""
    of_test = tables["message_curves"].loc[lambda table: table["set"] == "test"]
    stages = of_test[of_test["label"].isin(list(STAGES))]
    shown = [_precision_table(stages, by="label", what="messages", each="stage")]
    if "conversation_curves" in tables:
        points = curve_names(tables["conversation_curves"])
        shown.append(_precision_table(points, by="curve", what="conversations", each="set"))
    return Section("Precision and recall", "precision_recall", shown)


def _precision_table(points: pd.DataFrame, *, by: str, what: str, each: str) -> CaptionedTable:
    def title(row: dict[str, Any]) -> str:
        flagged = row["true_finds"] + row["false_alarms"]
        return (
            f"{row[by]}: {row['true_finds']:,.0f} of {row['positives']:,.0f} found, "
            f"{flagged:,.0f} flagged, threshold {row['threshold']:.3f}"
        )

    axes = line_plot(
        points, x="recall", y="precision", by=by, xlabel="recall", ylabel="precision", title=title
    )
    axes.set_xlim(0, 1.02)
    figure = CaptionedFigure(
        to_svg(axes, title=f"Precision–recall curves of {what}"),
        f"Precision and recall of {what}, one line a {each}, a dot at every twentieth of recall.",
    )
    wide = by_level(points, by=by, value="precision")
    columns = [
        Column("level", "recall", 2),
        *(Column(name, f"precision: {name}") for name in wide.columns[1:]),
    ]
    return CaptionedTable(printed_table(wide, columns), f"Precision of {what} at each recall", figure)


def f1_by_cap_section(tables: Tables) -> Section:
    """Macro F1 by the share of false alarms that thresholds were allowed on validation."""
    macro = macro_by_cap(tables["f1_by_cap"])
    axes = line_plot(
        macro,
        x="cap",
        y="f1",
        by="set",
        low="f1_low",
        high="f1_high",
        xlabel="share of false alarms allowed on validation (log)",
        ylabel="F1, mean of the five stages",
        log_x=True,
        title=lambda row: (
            f"{row['set']}, cap {100 * row['cap']:g} %: F1 {row['f1']:.3f} "
            f"({row['f1_low']:.3f} to {row['f1_high']:.3f})"
        ),
    )
    figure = CaptionedFigure(
        to_svg(axes, title="F1 by share of false alarms allowed"),
        "F1 by cap; the band is the 95 % interval. The default of the model is a cap of "
        f"{100 * MAX_FALSE_ALARMS[DEFAULT_POINT]:g} %.",
    )
    printed = printed_table(macro, CAP_COLUMNS)
    return Section(
        "F1 by false alarms allowed",
        "f1_by_cap",
        [CaptionedTable(printed, "Mean of the five stages", figure)],
    )


def reliability_section(tables: Tables) -> Section:
    """Observed share of patterns by predicted probability, and calibration maps."""
    bins = tables["reliability"]
    axes = line_plot(
        bins.assign(line="conversations of the test set"),
        x="mean_probability",
        y="observed",
        by="line",
        low="observed_low",
        high="observed_high",
        xlabel="mean score of the bin",
        ylabel="share that are patterns",
        diagonal=True,
        title=lambda row: (
            f"score {row['lowest']:.3f} to {row['highest']:.3f}: {row['positives']:.0f} of {row['n']:.0f} "
            f"are patterns"
        ),
    )
    axes.set_xlim(0, 1.02)
    figure = CaptionedFigure(
        to_svg(axes, title="Reliability: share of patterns by score"),
        "Reliability: on the thin line a score is the share of patterns. The band is the 95 % interval.",
    )
    bin_columns = [
        Column("lowest", "score from"),
        Column("highest", "to"),
        Column("mean_probability", "mean score"),
        Column("observed", "observed", interval=True),
        Column("positives", "patterns", 0),
        Column("n", "conversations", 0),
    ]
    measures = [
        Column("brier", "Brier score"),
        Column("log_loss", "log loss"),
        Column("calibration_error", "ECE"),
    ]
    n_column = Column("n", "conversations", 0)
    test = printed_table(tables["calibration"], [*measures, Column("n_bins", "bins", 0), n_column])
    maps = printed_table(tables["calibrators"], [Column("calibrator", "map"), *measures, n_column])
    return Section(
        "Reliability",
        "calibration",
        [
            CaptionedTable(printed_table(bins, bin_columns), "Bins of equal mass, lowest first", figure),
            CaptionedTable(test, "Calibration on the test set"),
            CaptionedTable(maps, "Calibration maps fitted on validation, measured on test"),
        ],
    )


def second_voice_section(tables: Tables) -> Section:
    """The message table of the second voice."""
    printed = printed_table(tables["transfer"], MESSAGE_COLUMNS)
    return Section(
        "Second voice",
        "transfer",
        [CaptionedTable(printed, "Per label on v2-alt, with 95 % intervals by phrase family")],
    )
