"""What a model file gives away, and what it costs to give away less: attacks beside chance, and detection by epsilon, as figures with their tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from classifier.report.figures import ACCENT, INK, MUTED, WARM, interval_plot, new_axes, to_svg
from classifier.report.sections import Item, Section
from classifier.report.tables import Column, number, printed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIGURES = {
    "auc": "AUC",
    "tpr_at_1_percent_fpr": "share of members found where 1 % of others are",
    "advantage": "advantage (largest true minus false positive rate)",
    "share": "share of names got back",
    "bits": "bits of exposure",
    "epsilon": "epsilon claimed, a document",
    "epsilon_person": "epsilon claimed, a person",
}
METHODS = {
    "plain": "no noise",
    "output_perturbation": "noise on the weights",
    "objective_perturbation": "noise in the objective",
}
_DRAWN = {"output_perturbation": ("--", WARM), "objective_perturbation": ("-", ACCENT)}


def curve_plot(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """A line a method of ``auc`` over ``epsilon`` (log) with a band from ``auc_low`` to ``auc_high``; the fit without noise, and chance, as level lines."""
    ax = ax or new_axes(height=3.6)
    for method, of_method in table[table["method"] != "plain"].groupby("method", sort=False):
        dash, colour = _DRAWN[str(method)]
        ax.plot(
            of_method["epsilon"],
            of_method["auc"],
            dash,
            color=colour,
            marker="o",
            markersize=4,
            label=METHODS[str(method)],
        )
        ax.fill_between(
            of_method["epsilon"],
            of_method["auc_low"],
            of_method["auc_high"],
            color=colour,
            alpha=0.15,
            linewidth=0,
        )
    ax.axhline(
        float(table.loc[table["method"] == "plain", "auc"].iloc[0]),
        color=INK,
        linewidth=1,
        label=METHODS["plain"],
    )
    ax.axhline(0.5, color=MUTED, linestyle=":", linewidth=1, label="chance")
    ax.set_xscale("log")
    ax.set_xlabel("epsilon of a message (log); smaller promises more")
    ax.set_ylabel("AUC, mean over labels")
    ax.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def attack_section(table: pd.DataFrame, facts: dict[str, Any]) -> Section:
    """Every attack beside chance: the table of ``privacy.attack.attack_table``, and what it was made on."""
    told = table.assign(
        what=[
            f"{variant}: {attack}" for variant, attack in zip(table["variant"], table["attack"], strict=True)
        ],
        figure=[FIGURES.get(figure, figure) for figure in table["figure"]],
        printed=[_with_bounds(*row) for row in table[["value", "low", "high"]].to_numpy(dtype=np.float64)],
    )
    areas = told[table["figure"] == "auc"]
    columns = [
        Column("variant", "model"),
        Column("attack", "attack"),
        Column("figure", "figure"),
        Column("printed", "value (95 %: over resampled people for AUC, Clopper-Pearson for shares)"),
        Column("by_chance", "by chance"),
        Column("n", "members, names or canaries", 0),
        Column("n_other", "non-members, decoys or candidates", 0),
    ]
    svg = to_svg(
        interval_plot(
            areas,
            name="what",
            value="value",
            low="low",
            high="high",
            xlabel="AUC (.5 is chance)",
            reference=0.5,
        ),
        title="Membership attacks on each way of building a model",
    )
    return Section(
        "What the file of each model gives away",
        [
            f"Models of each kind were fitted on {facts['members']:,} conversations and asked about {facts['non_members']:,} others, of {facts['people']:,} senders of the {facts['split']} split, "
            "half of them members with all they took part in. Every figure is a lower bound: a better attacker may find more.",
            "Blind sees no model and must stay at chance. Vocabulary asks whether all of a text's words are known to the file and looks at no weight, so noise on the weights does nothing "
            "against it. A figure has to be read beside what chance gives.",
        ],
        [
            Item(
                printed(told, columns),
                "Every attack on every kind of model",
                svg,
                "AUC of each membership attack with its 95 % interval over resampled people; the dashed line is chance.",
            )
        ],
    )


def _with_bounds(value: float, low: float, high: float) -> str:
    written = "infinite" if math.isinf(value) else number(value)
    return written if math.isnan(low) else f"{written} ({number(low)}–{number(high)})"


def curve_section(table: pd.DataFrame, facts: dict[str, Any]) -> Section:
    """Detection by epsilon: the table of ``privacy.curve.dp_curve``, and what it was made on."""
    told = table.assign(
        method=[METHODS[method] for method in table["method"]],
        at=["infinite" if math.isinf(epsilon) else f"{epsilon:g}" for epsilon in table["epsilon"]],
        person=[
            "infinite" if math.isinf(epsilon) else f"{facts['cap'] * epsilon:g}"
            for epsilon in table["epsilon"]
        ],
        printed=[
            f"{number(value)} ({number(low)}–{number(high)})" if n > 1 else number(value)
            for value, low, high, n in table[["auc", "auc_low", "auc_high", "n_seeds"]].to_numpy()
        ],
    )
    columns = [
        Column("method", "training"),
        Column("at", "epsilon of a message"),
        Column("person", "epsilon of a person"),
        Column("printed", "AUC, mean over labels (middle 95 % of the draws)"),
        Column("n_seeds", "draws of the noise", 0),
    ]
    return Section(
        "What differential privacy costs",
        [
            f"Models over the public list of {facts['n_terms']:,} words and pairs, fitted on {facts['n_train']:,} train messages of {facts['n_people']:,} senders (at most {facts['cap']} messages of "
            f"a sender's conversations) with a penalty of {facts['regularisation']:g}, measured on {facts['n_test']:,} test messages. .5 is chance.",
            "An epsilon is of one message, all labels together; a person's is as many times larger as messages of theirs may be used. It is an upper bound under stated assumptions. The band is the "
            "middle 95 % over draws of the noise: how far one training may lie from the mean, not what other test messages would give.",
        ],
        [
            Item(
                printed(told, columns),
                "Detection at each epsilon",
                to_svg(curve_plot(table), title="AUC of models trained with noise, by epsilon"),
                "AUC on messages, mean over labels, by epsilon; the level line is the same model without noise.",
            )
        ],
    )
