"""What the evaluation page says first: the figures of three sentences, and one picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from classifier.report.evaluation.conversation_sections import found_figure
from classifier.report.evaluation.message_sections import f1_figure
from classifier.report.evaluation.summary_tables import LATCHED, rows_by
from classifier.report.printed_tables import format_number, format_percent
from classifier.report.sections import Opening, Tables

NEEDED = ("messages", "overtness", "rates", "base_rates", "early", "conversation_scenes")
SUPPOSED_PREVALENCE = 1e-4
ASKED_FPR = 0.01


def opening(tables: Tables) -> Opening | None:
    """The opening of a page; None for results that lack one of the tables ``NEEDED``."""
    if not set(NEEDED) <= set(tables):
        return None
    found = _found(tables)
    if found:
        overtness = tables["overtness"]
        figure, table_at = found_figure(overtness[overtness["set"] == "test"]), "overtness"
    else:
        figure, table_at = f1_figure(tables), "messages"
    values = {"messages": _messages(tables), "found": found, "rare": _rare(tables)}
    return Opening(values, figure, table_at)


def _messages(tables: Tables) -> list[dict[str, str]]:
    """Recall, precision and F1 over the stages, for each set there is."""
    sets = [("test", "messages"), ("second voice", "transfer")]
    macros = [(name, rows_by(tables[table], "label")["macro"]) for name, table in sets if table in tables]
    return [
        {"set": name}
        | {metric: format_percent(macro[metric]) for metric in ("recall", "precision")}
        | {"interval": _interval(macro, "recall"), "f1": format_number(macro["f1"], 2)}
        for name, macro in macros
    ]


def _found(tables: Tables) -> dict[str, str]:
    """Patterns found on the test set at the alert threshold, from the table by overtness.

    Empty when validation could not show ``ASKED_FPR``.
    """
    shown = ("test", ASKED_FPR) in rows_by(tables["rates"], "set", "asked_fpr")
    of_test = tables["overtness"].loc[lambda table: table["set"] == "test"]
    kinds = rows_by(of_test, "overtness")
    if not shown or not {"overt", "faint", "all"} <= set(kinds):
        return {}
    patterns, benign = kinds["all"], rows_by(tables["conversation_scenes"], "slice")["mean"]
    return {
        "hits": format_number(patterns["tpr_hits"], 0),
        "patterns": format_number(patterns["tpr_n"], 0),
        "share": format_percent(patterns["tpr"]),
        "interval": _interval(patterns, "tpr"),
        "false_alarms": format_number(benign["false_alarms"], 0),
        "benign": format_number(benign["n"], 0),
        "overt": format_percent(kinds["overt"]["tpr"]),
        "faint": format_percent(kinds["faint"]["tpr"]),
        "ceiling": format_percent(patterns["ceiling_tpr"]),
        "overt_ceiling": format_percent(kinds["overt"]["ceiling_tpr"]),
    }


def _rare(tables: Tables) -> dict[str, str]:
    """False alarms for each pattern found where patterns are as rare as ``SUPPOSED_PREVALENCE``."""
    row = rows_by(tables["base_rates"], "prevalence")[SUPPOSED_PREVALENCE]
    at_threshold = rows_by(tables["early"], "set", "rule")["test", LATCHED]
    benign = rows_by(tables["conversation_scenes"], "slice")["mean"]
    name = "false_alarms_per_true_find"
    return {
        "one_in": format_number(round(1 / SUPPOSED_PREVALENCE), 0),
        "tpr": format_percent(at_threshold["recall"]),
        "fpr": format_percent(benign["rate"]),
        "per_find": format_number(row[name], 0),
        "interval": " to ".join(format_number(row[f"{name}_{end}"], 0) for end in ("low", "high")),
    }


def _interval(row: Mapping[str, Any], name: str) -> str:
    return f"{format_percent(row[f'{name}_low'])} to {format_percent(row[f'{name}_high'])}"
