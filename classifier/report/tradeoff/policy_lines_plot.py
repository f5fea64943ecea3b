"""The picture of a comparison: a line per policy."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from classifier.report.table_plots import ACCENT, INK, WARM, WIDTH, new_axes, with_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READERS = {
    "company": ("the company reads messages", WARM),
    "device": ("only the person's own device reads before an alert", ACCENT),
    "nobody": ("no machine reads", INK),
}
"""Who reads before anybody is told, in words and in colour."""

LINE_WIDTHS = {"company": (3.4, 0.45), "device": (1.3, 1.0), "nobody": (1.3, 1.0)}
"""Width and opacity of lines: policies that find and show the same lie on one another, so one is broader."""

SAME_POINTS = " (same points as the one below)"
LABEL_CHARACTERS = 24
LINE_HEIGHT = 0.036
"""Height of a line of a name, as a share of the y axis."""


def reader(points: pd.DataFrame) -> pd.Series[Any]:
    """The key of ``READERS`` of each row, by ``company_read_share`` and ``device_read_share``."""
    company, device = points["company_read_share"] > 0, points["device_read_share"] > 0
    # A reviewer's look at an excerpt from a device is a share of thousandths; the machine reads nearly all.
    mostly_device = device & (points["device_read_share"] > points["company_read_share"])
    keys = np.where(mostly_device, "device", np.where(company, "company", "nobody"))
    return pd.Series(keys, index=points.index, dtype=object)


def policy_lines_plot(table: pd.DataFrame, *, xlabel: str, ax: Axes | None = None) -> Axes:
    """A named line per policy, coloured by who reads.

    A value of exactly 0 stands in a strip of its own on the left.

    Parameters
    ----------
    table
        One row a point: ``title`` of the policy, ``x``, ``recall``, ``reader`` (a key of ``READERS``),
        ``open`` (whether the marker is not filled: no event was seen, and ``x`` is a bound) and ``said``
        (what stands over the marker).
    """
    ax = ax or new_axes(width=WIDTH, height=4.9)
    positive = table.loc[table["x"] > 0, "x"]
    lowest = float(positive.min()) if len(positive) else 1e3
    highest = float(positive.max()) if len(positive) else 1e5
    strip = lowest / 20
    # The broad lines first, so that narrow ones on the same place are seen.
    order = table["reader"].map(list(READERS).index)
    drawn = table.assign(at=table["x"].where(table["x"] > 0, strip), order=order)
    drawn = drawn.sort_values("order", kind="stable")
    for _, rows in drawn.groupby("title", sort=False):
        ordered = rows.sort_values(["recall", "at"])
        colour = READERS[str(ordered["reader"].iloc[0])][1]
        width, alpha = LINE_WIDTHS[str(ordered["reader"].iloc[0])]
        ax.plot(ordered["at"], ordered["recall"], color=colour, linewidth=width, alpha=alpha)
        for row in ordered.to_dict("records"):
            face = "none" if row["open"] else colour
            [dot] = ax.plot(
                [row["at"]], [row["recall"]], "o", color=colour, markerfacecolor=face, markersize=3 + width
            )
            with_title(dot, str(row["said"]))
    top = max(0.3, float(table["recall"].max()) * 1.1 + 0.03)
    ends = line_ends(drawn)
    in_strip = ends["x"] <= 0
    _name_lines(ax, ends[in_strip], top=top)
    # A lone point stands among lines: its name beside it would be taken for theirs.
    lone = ends["alone"].astype(bool) & ~in_strip
    _name_lines(ax, ends[~in_strip].assign(named_at=ends["recall"].where(~lone, ends["recall"] / 3)), top=top)
    ax.set_xscale("log")
    ax.set_xlim(strip / 1.6, highest * 60)
    if (table["x"] <= 0).any():
        ax.axvspan(strip / 1.6, strip * 1.6, color=INK, alpha=0.05, linewidth=0)
    exponents = range(int(np.ceil(np.log10(lowest / 2))), int(np.ceil(np.log10(highest))) + 1)
    ticks = [10.0**exponent for exponent in exponents if 10.0**exponent > strip * 4]
    none = [strip] if (table["x"] <= 0).any() else []
    ax.set_xticks([*none, *ticks], [*("none" for _ in none), *(f"{tick:,.0f}" for tick in ticks)])
    ax.minorticks_off()
    ax.set_xlabel(xlabel)
    ax.set_ylabel("share of patterns found")
    ax.set_ylim(-0.03 * top, top)
    for key, (words, colour) in READERS.items():
        if (table["reader"] == key).any():
            ax.plot([], [], "o-", color=colour, label=words, markersize=5)
    ax.legend(frameon=False, fontsize=8.5, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0)
    return ax


def line_ends(drawn: pd.DataFrame) -> pd.DataFrame:
    """The highest point of each policy, by rising recall; those with the same points stand together.

    Added are ``named_at``, where its name is wanted; ``alone``, whether it is the policy's one point; and
    to ``title`` of a policy with the points of the one before, that they are the same.
    """
    points = {
        title: tuple(sorted(zip(rows["at"], rows["recall"], strict=True)))
        for title, rows in drawn.groupby("title", sort=False)
    }
    ends = drawn.sort_values("recall", kind="stable").drop_duplicates("title", keep="last")
    of_line = ends["title"].map(points)
    place = of_line.map({line: number for number, line in enumerate(dict.fromkeys(of_line))})
    ends = ends.assign(named_at=ends["recall"], alone=of_line.map(len) == 1, place=place)
    ends = ends.sort_values(["recall", "place"], kind="stable")
    again = ends["place"].duplicated()
    return ends.assign(title=ends["title"].where(~again, ends["title"] + SAME_POINTS))


def _name_lines(ax: Axes, ends: pd.DataFrame, *, top: float) -> None:
    """Write the name of each line beside its end."""
    ends = ends.sort_values("named_at", kind="stable")
    rows = ends.to_dict("records")
    names = [textwrap.fill(str(title), LABEL_CHARACTERS) for title in ends["title"]]
    heights = [LINE_HEIGHT * top * (name.count("\n") + 1.6) for name in names]
    middles = spread([float(row["named_at"]) for row in rows], heights, highest=top)
    for row, name, middle in zip(rows, names, middles, strict=True):
        colour = READERS[str(row["reader"])][1]
        moved = abs(middle - row["recall"]) > LINE_HEIGHT * top
        ax.annotate(
            name,
            (row["at"], row["recall"]),
            xytext=(row["at"] * 1.6, middle),
            fontsize=8.5,
            color=colour,
            va="center",
            annotation_clip=False,
            linespacing=1.05,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6} if moved else None,
        )


def spread(values: Sequence[float], heights: Sequence[float], *, highest: float) -> list[float]:
    """Middles near rising ``values``, moved so that things of these heights do not overlap.

    They are pushed up from the lowest, and then down from ``highest``.

    >>> spread([0.5, 0.5, 0.9], [0.25, 0.25, 0.25], highest=1.0)
    [0.375, 0.625, 0.875]
    """
    middles = list(values)
    for number in range(1, len(middles)):
        room = (heights[number - 1] + heights[number]) / 2
        middles[number] = max(middles[number], middles[number - 1] + room)
    ceiling = highest
    for number in reversed(range(len(middles))):
        middles[number] = min(middles[number], ceiling - heights[number] / 2)
        ceiling = middles[number] - heights[number] / 2
    return middles
