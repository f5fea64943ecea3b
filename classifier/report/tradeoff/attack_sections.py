"""Sections on model files: attacks beside chance, and detection by epsilon."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from classifier.privacy.attacks.canary_exposure import NULL_BITS
from classifier.privacy.attacks.strongest_attack import strongest_attacks
from classifier.report.printed_tables import (
    Column,
    PrintedTable,
    format_interval,
    format_number,
    printed_table,
)
from classifier.report.sections import CaptionedFigure, CaptionedTable, Section
from classifier.report.table_plots import ACCENT, INK, MUTED, WARM, interval_plot, new_axes, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIGURE_TITLES = {
    "auc": "AUC",
    "tpr_at_low_fpr": "share of members found at the false positive rate under by chance",
    "advantage": "advantage (largest true minus false positive rate)",
    "share": "share of names recovered",
    "bits": "bits of exposure",
    "epsilon": "epsilon claimed, a document",
    "epsilon_person": "epsilon claimed, a person",
}
EXPOSURE_TITLES = {
    "canary_names": f"bits of exposure of planted names (by chance {NULL_BITS:.2f})",
    "canary_listed": f"bits of exposure of planted words of the public list (by chance {NULL_BITS:.2f})",
}
METHOD_TITLES = {
    "plain": "no noise",
    "output_perturbation": "noise on the weights",
    "objective_perturbation": "noise in the objective",
}
_LINE_STYLES = {"output_perturbation": ("--", WARM), "objective_perturbation": ("-", ACCENT)}


def attack_section(table: pd.DataFrame, facts: Mapping[str, Any]) -> Section:
    """The strongest attack on each model, and every attack beside chance.

    ``table`` is that of ``privacy.attacks.attack_table.attack_table``; ``facts`` are saved with it.
    """
    shown = table.assign(
        what=table["variant"] + ": " + table["attack"],
        figure=[FIGURE_TITLES.get(figure, figure) for figure in table["figure"]],
        printed=[_with_bounds(*row) for row in table[["value", "low", "high"]].to_numpy(dtype=np.float64)],
    )
    strongest = strongest_attacks(table)
    columns = [
        Column("variant", "model"),
        Column("attack", "attack"),
        Column("figure", "figure"),
        Column("printed", "value (95 %: by person for AUC, Clopper-Pearson for shares)"),
        Column("by_chance", "by chance"),
        Column("n", "members, names or canaries", 0),
        Column("n_other", "non-members, decoys or candidates", 0),
    ]
    axes = interval_plot(
        shown[table["figure"] == "auc"],
        name="what",
        value="value",
        low="low",
        high="high",
        xlabel="AUC (.5 is chance)",
        reference=0.5,
    )
    figure = CaptionedFigure(
        to_svg(axes, title="Membership attacks on each way of building a model"),
        "AUC of each membership attack with its 95 % interval by person; the dashed line is chance.",
    )
    printed = printed_table(shown, columns)
    return Section(
        "What the file of each model gives away",
        "attacks",
        [
            CaptionedTable(_printed_strongest(table, strongest), "The strongest attack on each model"),
            CaptionedTable(printed, "Every attack on every kind of model", figure),
        ],
        {
            "facts": facts,
            "strongest": strongest.to_dict("records"),
            "held": _models_that_hold(table, strongest),
            "null_bits": NULL_BITS,
        },
    )


def _models_that_hold(table: pd.DataFrame, strongest: pd.DataFrame) -> list[str]:
    """The models no attack on which has an AUC whose whole interval lies above .5.

    That interval resamples senders. Clopper-Pearson's takes the conversations of one sender for independent,
    and the strongest of three is picked by its share of members found.
    """
    beaten = set(table.loc[(table["figure"] == "auc") & (table["low"] > 0.5), "variant"])
    return [variant for variant in strongest["variant"] if variant not in beaten]


def _printed_strongest(table: pd.DataFrame, strongest: pd.DataFrame) -> PrintedTable:
    """The strongest attack on each model, its exposure by kind of canary, and its epsilon."""
    others = table[(table["figure"] == "bits") | (table["figure"] == "epsilon")]
    others = others.assign(
        printed=[_with_bounds(*row) for row in others[["value", "low", "high"]].to_numpy()]
    )
    by_model = others.pivot_table("printed", "variant", "attack", aggfunc="first")
    names = [str(name) for name in by_model]
    shown = strongest.assign(
        found=[_with_bounds(*row) for row in strongest[["tpr", "tpr_low", "tpr_high"]].to_numpy()],
        **{name: strongest["variant"].map(by_model[name]).fillna("") for name in names},
    )
    kinds = [name for name in names if name != "statement"]
    columns = [
        Column("variant", "model"),
        Column("strongest_attack", "strongest attack"),
        Column("found", "share of members found (95 %, Clopper-Pearson)"),
        Column("fpr", "share of others found"),
        Column("n", "members", 0),
        Column("n_other", "non-members", 0),
        *(Column(kind, EXPOSURE_TITLES.get(kind, kind)) for kind in kinds),
        Column("statement", "epsilon claimed, a document"),
    ]
    return printed_table(shown, columns)


def _with_bounds(value: float, low: float, high: float) -> str:
    text = "infinite" if math.isinf(value) else format_number(value)
    return text if math.isnan(low) else f"{text} {format_interval(low, high)}"


def privacy_curve_plot(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """A line per method: ``auc`` over ``epsilon`` (log), with a band.

    The band reaches from ``auc_low`` to ``auc_high``. The fit without noise, and chance, are level lines.
    """
    ax = ax or new_axes(height=3.6)
    for method, rows in table[table["method"] != "plain"].groupby("method", sort=False):
        dash, colour = _LINE_STYLES[str(method)]
        label = METHOD_TITLES[str(method)]
        epsilon, low, high = rows["epsilon"], rows["auc_low"], rows["auc_high"]
        ax.plot(epsilon, rows["auc"], dash, color=colour, marker="o", markersize=4, label=label)
        ax.fill_between(epsilon, low, high, color=colour, alpha=0.15, linewidth=0)
    plain = float(table.loc[table["method"] == "plain", "auc"].iloc[0])
    ax.axhline(plain, color=INK, linewidth=1, label=METHOD_TITLES["plain"])
    ax.axhline(0.5, color=MUTED, linestyle=":", linewidth=1, label="chance")
    ax.set_xscale("log")
    ax.set_xlabel("epsilon of a message (log); smaller promises more")
    ax.set_ylabel("AUC, mean over labels")
    ax.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def privacy_curve_section(table: pd.DataFrame, facts: Mapping[str, Any]) -> Section:
    """Detection by epsilon of differential privacy.

    ``table`` is that of ``classifier.privacy.model_variants.dp_curve.dp_curve``; ``facts`` are saved with it.
    """
    aucs = table[["auc", "auc_low", "auc_high", "n_seeds"]].to_numpy()
    shown = table.assign(
        method=[METHOD_TITLES[method] for method in table["method"]],
        message_epsilon=[_epsilon(epsilon) for epsilon in table["epsilon"]],
        person_epsilon=[_epsilon(facts["cap"] * epsilon) for epsilon in table["epsilon"]],
        # One draw of the noise has no interval.
        printed=[_with_bounds(*row) if n_seeds > 1 else format_number(row[0]) for *row, n_seeds in aucs],
    )
    columns = [
        Column("method", "training"),
        Column("message_epsilon", "epsilon of a message"),
        Column("person_epsilon", "epsilon of a person"),
        Column("printed", "AUC, mean over labels (middle 95 % of the draws)"),
        Column("n_seeds", "draws of the noise", 0),
    ]
    figure = CaptionedFigure(
        to_svg(privacy_curve_plot(table), title="AUC of models trained with noise, by epsilon"),
        "AUC on messages, mean over labels, by epsilon; the level line is the same model without noise.",
    )
    printed = printed_table(shown, columns)
    return Section(
        "What differential privacy costs",
        "privacy_curve",
        [CaptionedTable(printed, "Detection at each epsilon", figure)],
        {"facts": facts},
    )


def _epsilon(epsilon: float) -> str:
    return "infinite" if math.isinf(epsilon) else f"{epsilon:g}"
