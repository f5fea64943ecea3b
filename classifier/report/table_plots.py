"""Plots of tables: functions that take a table and ``ax=None`` and return the axes.

Nothing is computed here.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

INK, MUTED, ACCENT, WARM = "#1f2933", "#9aa5b1", "#0b6e6e", "#b44d12"
PLUM, OLIVE = "#6b4a9e", "#6a7a1f"
PAGE_COLOURS = {
    INK: "ink",
    MUTED: "muted",
    ACCENT: "accent",
    WARM: "warm",
    PLUM: "plum",
    OLIVE: "olive",
}
"""Colours that a page replaces by its own, ``--figure-NAME`` in its style, for dark pages too."""

WIDTH = 5.0
"""Inches; a figure of this width can be read on a telephone."""

LINES = (
    ("-", ACCENT),
    ("--", WARM),
    (":", INK),
    ("-.", PLUM),
    ((0, (1, 1)), OLIVE),
    ((0, (5, 1)), MUTED),
    ((0, (3, 1, 1, 1)), INK),
)
"""Dash and colour of the first, second, ... line of a plot."""

_TITLED = re.compile(r'<g id="title: ([^"]*)">')
_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
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


def with_title(artist: Artist, text: str) -> None:
    """Have ``to_svg`` show ``text`` over ``artist``, as the SVG element ``<title>``."""
    artist.set_gid(f"title: {text}")


def interval_plot(
    table: pd.DataFrame,
    *,
    name: str,
    value: str,
    low: str,
    high: str,
    xlabel: str,
    reference: float | None = None,
    beside: str = "",
    legend: tuple[str, str] = ("", ""),
    ax: Axes | None = None,
) -> Axes:
    """A line per row: a dot at ``value`` and a bar from ``low`` to ``high``.

    The first row is on top. A dashed line stands at ``reference``.

    Parameters
    ----------
    table
        One row a line of the plot.
    name, value, low, high
        Columns of the row names, of the values and of the ends of their intervals.
    beside
        Column of a second value, an open marker; none with "".
    legend
        What the dots and the open markers are.
    """
    ax = ax or new_axes(width=WIDTH, height=0.75 + 0.3 * len(table) + (0.25 if beside else 0))
    positions = range(len(table))[::-1]
    ax.hlines(positions, table[low], table[high], color=MUTED, linewidth=3)
    for position, row in zip(positions, table.to_dict("records"), strict=True):
        [dot] = ax.plot([row[value]], [position], "o", color=ACCENT, markersize=6)
        with_title(dot, f"{row[name]}: {row[value]:.3f} ({row[low]:.3f} to {row[high]:.3f})")
        if beside:
            [other] = ax.plot(
                [row[beside]], [position], "D", color=WARM, markerfacecolor="none", markersize=8
            )
            with_title(other, f"{row[name]}: {row[beside]:.3f}, {legend[1]}")
    if beside:
        ax.plot([], [], "o", color=ACCENT, label=legend[0])
        ax.plot([], [], "D", color=WARM, markerfacecolor="none", label=legend[1])
        ax.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0)
    ax.set_yticks(list(positions), [str(item) for item in table[name]])
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.set_xlabel(xlabel)
    if reference is not None:
        ax.axvline(reference, color=WARM, linestyle="--", linewidth=1)
    return ax


def line_plot(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    by: str,
    xlabel: str,
    ylabel: str,
    low: str = "",
    high: str = "",
    diagonal: bool = False,
    log_x: bool = False,
    title: Callable[[dict[str, Any]], str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """One line per value of ``by``, with a dot a row.

    Lines differ in dash as well as in colour.

    Parameters
    ----------
    x, y
        Columns of the places; ``y`` is in [0, 1]. Ticks of a column of whole numbers are whole numbers.
    low, high
        Columns of a band around each line; none with "".
    diagonal
        Whether a thin line from (0, 0) to (1, 1) is drawn.
    log_x
        Whether the x axis is logarithmic, its ticks at values of ``x``, shares as percent.
    title
        What stands over the dot of a row; by default the line and its two values.
    """
    from matplotlib.ticker import MaxNLocator, NullLocator
    from pandas.api.types import is_integer_dtype

    ax = ax or new_axes(width=WIDTH)
    said = title or (lambda row: f"{row[by]}: {xlabel} {row[x]:.4g}, {ylabel} {row[y]:.3f}")
    if diagonal:
        ax.plot([0, 1], [0, 1], color=MUTED, linewidth=1)
    for (name, group), (dash, colour) in zip(table.groupby(by, sort=False), LINES, strict=False):
        ax.plot(group[x], group[y], linestyle=dash, color=colour, label=str(name))
        if low and high:
            ax.fill_between(group[x], group[low], group[high], color=colour, alpha=0.15, linewidth=0)
        for row in group.to_dict("records"):
            [dot] = ax.plot([row[x]], [row[y]], "o", color=colour, markersize=3.5)
            with_title(dot, said({str(column): item for column, item in row.items()}))
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.set_ylim(0, 1.02)
    if log_x:
        ax.set_xscale("log")
        ticks = _far_apart(sorted(table[x].unique()))
        ax.set_xticks(ticks, [f"{100 * share:g} %" for share in ticks])
        ax.xaxis.set_minor_locator(NullLocator())
    elif is_integer_dtype(table[x]):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if table[by].nunique() > 1:
        ax.legend(frameon=False, fontsize=9)
    return ax


def _far_apart(values: list[float]) -> list[float]:
    """Those of rising values that are twice the last one kept, or more.

    >>> _far_apart([0.1, 0.15, 0.3, 0.5, 1.0])
    [0.1, 0.3, 1.0]
    """
    kept: list[float] = []
    for value in values:
        if not kept or value >= 2 * kept[-1]:
            kept.append(value)
    return kept


def to_svg(ax: Axes, *, title: str, transparent: bool = True) -> str:
    """The figure of ``ax`` as an SVG element, with ``title`` as its text alternative.

    It holds no clock and no random ids. With ``transparent`` the background of the page shows through, the
    colours are those of the page and its text is text; a picture outside a page needs a white background,
    colours and outlines of its own.
    """
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context(_STYLE | {"svg.fonttype": "none" if transparent else "path"}):
        ax.figure.savefig(  # type: ignore[union-attr]
            buffer,
            format="svg",
            metadata={"Date": None, "Creator": None, "Title": title},
            transparent=transparent,
        )
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].replace("<svg ", '<svg role="img" ', 1).strip()
    svg = _TITLED.sub(r"<g><title>\1</title>", svg)
    return _in_page_colours(svg) if transparent else svg


def _in_page_colours(svg: str) -> str:
    for colour, name in PAGE_COLOURS.items():
        svg = svg.replace(colour, f"var(--figure-{name}, {colour})")
    return svg
