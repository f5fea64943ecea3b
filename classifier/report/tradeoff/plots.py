"""The figures of a comparison of policies: each takes a table and returns the axes, and computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from classifier.report.figures import ACCENT, INK, MUTED, WARM, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHARES: tuple[tuple[float, str, str, str], ...] = (
    (0.0, "none", "o", MUTED),
    (0.1, "to 10 %", "^", ACCENT),
    (0.5, "to 50 %", "s", INK),
    (1.0, "over 50 %", "D", WARM),
)
"""How the share of innocent messages read by a machine is drawn: its upper end, name, marker and colour."""


def points_plot(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    xlabel: str,
    ylabel: str,
    labelled: Sequence[str] = (),
    open_means: str = "",
    ax: Axes | None = None,
) -> Axes:
    """A marker a point at ``x`` (log) and ``y``, formed and coloured by ``share``; open where ``open`` is true, with the numbers ``no`` of ``labelled`` points."""
    ax = ax or new_axes(height=4.6)
    for _, name, marker, colour in SHARES:
        for is_open, group in table[table["share"] == name].groupby("open"):
            ax.plot(
                group[x],
                group[y],
                marker,
                color=colour,
                markerfacecolor="none" if is_open else colour,
                markersize=6,
                alpha=0.85,
                linestyle="none",
            )
        ax.plot([], [], marker, color=colour, label=name, linestyle="none")
    if open_means:
        ax.plot([], [], "o", color=INK, markerfacecolor="none", label=f"open: {open_means}", linestyle="none")
    for row in table[table["point"].isin(labelled)].to_dict("records"):
        ax.annotate(
            row["no"], (row[x], row[y]), xytext=(5, 4), textcoords="offset points", fontsize=8, color=INK
        )
    ax.set_xscale("log")
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.legend(
        frameon=False,
        title="innocent messages read by a machine",
        fontsize=8,
        title_fontsize=8,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
    )
    return ax


def frontier_plot(
    table: pd.DataFrame, *, x: str, xlabel: str, labelled: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """``points_plot`` of recall over a cost ``x``; an open marker stands for no event, drawn at its bound."""
    ax = points_plot(
        table,
        x=x,
        y="recall",
        xlabel=xlabel,
        ylabel="recall (share of patterns found)",
        labelled=labelled,
        open_means="no event, at its bound",
        ax=ax,
    )
    ax.set_ylim(-0.03, 1.06)
    return ax


def strip_plot(
    table: pd.DataFrame, *, row: str, column: str, value: str, text: str, ax: Axes | None = None
) -> Axes:
    """A cell for each ``row`` and ``column``, the darker the larger its ``value`` in [0, 1], with its ``text`` written in it; nan is left white."""
    rows, columns = list(dict.fromkeys(table[row])), list(dict.fromkeys(table[column]))
    ax = ax or new_axes(height=1.0 + 0.34 * len(rows))
    for cell in table.to_dict("records"):
        x, y, share = columns.index(cell[column]), len(rows) - 1 - rows.index(cell[row]), cell[value]
        ax.fill_between(
            [x, x + 1], y, y + 1, color=ACCENT, alpha=0.0 if np.isnan(share) else share, linewidth=0
        )
        ax.text(
            x + 0.5,
            y + 0.5,
            cell[text],
            ha="center",
            va="center",
            fontsize=8,
            color="white" if share > 0.6 else INK,
        )
    ax.set_xlim(0, len(columns))
    ax.set_ylim(0, len(rows))
    ax.set_xticks([x + 0.5 for x in range(len(columns))], [f"{name:g}" for name in columns])
    ax.set_yticks([y + 0.5 for y in range(len(rows))], [str(name) for name in rows[::-1]])
    ax.set_xlabel("supposed prevalence")
    return ax
