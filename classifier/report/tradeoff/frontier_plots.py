"""Plots of a comparison of policies: functions from a table to axes.

Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from classifier.report.table_plots import ACCENT, INK, MUTED, WARM, new_axes, with_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MACHINE_READ_CLASSES: tuple[tuple[float, str, str, str], ...] = (
    (0.0, "none", "o", MUTED),
    (0.1, "to 10 %", "^", ACCENT),
    (0.5, "to 50 %", "s", INK),
    (1.0, "over 50 %", "D", WARM),
)
"""Classes of the share of benign messages that a machine reads: upper end, name, marker and colour."""


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
    """A marker per point, its form and colour by ``share``.

    Parameters
    ----------
    table
        One row a point, with ``point``, ``no``, ``share`` (a class of ``MACHINE_READ_CLASSES``) and ``open``
        (whether its marker is not filled).
    x, y
        Columns of the place; the x axis is logarithmic.
    labelled
        Points whose number ``no`` is written beside the marker.
    open_means
        Legend of an open marker; none with "".
    """
    ax = ax or new_axes(height=4.6)
    for _, name, marker, colour in MACHINE_READ_CLASSES:
        for row in table[table["share"] == name].to_dict("records"):
            [dot] = ax.plot(
                [row[x]],
                [row[y]],
                marker,
                color=colour,
                markerfacecolor="none" if row["open"] else colour,
                markersize=6,
                alpha=0.85,
                linestyle="none",
            )
            with_title(dot, f"{row['point']}: {xlabel} {row[x]:,.4g}, {ylabel} {row[y]:,.3g}")
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
        title="benign messages read by a machine",
        fontsize=8,
        title_fontsize=8,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
    )
    return ax


def frontier_plot(
    table: pd.DataFrame, *, x: str, xlabel: str, labelled: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """``points_plot`` of recall over a cost ``x``.

    An open marker is a point without any event, drawn at its upper bound.
    """
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


def heatmap_plot(
    table: pd.DataFrame,
    *,
    row: str,
    column: str,
    value: str,
    text: str,
    xlabel: str = "supposed prevalence",
    ax: Axes | None = None,
) -> Axes:
    """A heat map with a text in each cell.

    Parameters
    ----------
    table
        One row a cell.
    row, column
        Names of the table's columns that hold the row (text) and the column (number) of the cell.
    value
        Column of the shade, in [0, 1], darker where it is larger; nan is left white.
    text
        Column of the text.
    """
    rows, columns = list(dict.fromkeys(table[row])), list(dict.fromkeys(table[column]))
    ax = ax or new_axes(height=1.0 + 0.34 * len(rows))
    for cell in table.to_dict("records"):
        x, y = columns.index(cell[column]), len(rows) - 1 - rows.index(cell[row])
        shade = cell[value]
        alpha = 0.0 if np.isnan(shade) else shade
        ax.fill_between([x, x + 1], y, y + 1, color=ACCENT, alpha=alpha, linewidth=0)
        text_colour = "white" if shade > 0.6 else INK
        ax.text(x + 0.5, y + 0.5, cell[text], ha="center", va="center", fontsize=8, color=text_colour)
    ax.set_xlim(0, len(columns))
    ax.set_ylim(0, len(rows))
    ax.set_xticks([x + 0.5 for x in range(len(columns))], [f"{name:g}" for name in columns])
    ax.set_yticks([y + 0.5 for y in range(len(rows))], [str(name) for name in rows[::-1]])
    ax.set_xlabel(xlabel)
    return ax
