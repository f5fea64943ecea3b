"""Plots of tables: functions that take a table and ``ax=None`` and return the axes.

Nothing is computed here.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, MUTED, ACCENT, WARM = "#1f2933", "#9aa5b1", "#0b6e6e", "#b44d12"
_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "grooming-pattern-classifier",
}


def new_axes(*, width: float = 7.0, height: float = 3.2) -> Axes:
    """Empty axes in the report's style, ``width`` by ``height`` inches."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        return figure.add_subplot()


def interval_plot(
    table: pd.DataFrame,
    *,
    name: str,
    value: str,
    low: str,
    high: str,
    xlabel: str,
    reference: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A line per row: a dot at ``value`` and a bar from ``low`` to ``high``.

    The first row is on top. A dashed line stands at ``reference``.
    """
    ax = ax or new_axes(height=0.9 + 0.32 * len(table))
    positions = range(len(table))[::-1]
    ax.hlines(positions, table[low], table[high], color=MUTED, linewidth=3)
    ax.plot(table[value], positions, "o", color=ACCENT, markersize=6)
    ax.set_yticks(list(positions), [str(item) for item in table[name]])
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.set_xlabel(xlabel)
    if reference is not None:
        ax.axvline(reference, color=WARM, linestyle="--", linewidth=1)
    return ax


def line_plot(
    table: pd.DataFrame, *, x: str, y: str, by: str, xlabel: str, ylabel: str, ax: Axes | None = None
) -> Axes:
    """One line per value of ``by``; lines differ in dash as well as in colour."""
    ax = ax or new_axes()
    styles = (("-", ACCENT), ("--", WARM), (":", INK), ("-.", MUTED))
    for (name, group), (dash, colour) in zip(table.groupby(by, sort=False), styles, strict=False):
        ax.plot(group[x], group[y], dash, color=colour, label=str(name))
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.set_ylim(0, 1)
    ax.legend(frameon=False)
    return ax


def to_svg(ax: Axes, *, title: str, transparent: bool = True) -> str:
    """The figure of ``ax`` as an SVG element, with ``title`` as its text alternative.

    It holds no clock and no random ids. With ``transparent`` the background of the page shows through; a
    picture outside a page needs a white one.
    """
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context(_STYLE):
        ax.figure.savefig(  # type: ignore[union-attr]
            buffer,
            format="svg",
            metadata={"Date": None, "Creator": None, "Title": title},
            transparent=transparent,
        )
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :].replace("<svg ", '<svg role="img" ', 1).strip()
