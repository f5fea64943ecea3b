"""Sections of a report page: a heading, a note, tables and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from classifier.report.printed_tables import PrintedTable
from classifier.report.table_plots import interval_plot, to_svg

Tables = Mapping[str, pd.DataFrame]
"""The tables of an evaluation or of a tradeoff, by name."""


@dataclass(frozen=True)
class CaptionedFigure:
    """An SVG element and its caption."""

    svg: str
    caption: str


@dataclass(frozen=True)
class CaptionedTable:
    """A table and its caption, with the figure drawn from it where there is one."""

    printed: PrintedTable
    caption: str
    figure: CaptionedFigure | None = None


@dataclass(frozen=True)
class Section:
    """A heading, the id of a note, and the tables with their figures.

    Parameters
    ----------
    heading
        Title of the section.
    note
        Name of the macro in the page's template of notes that writes the introduction.
    tables
        Tables in their order on the page.
    note_values
        Arguments of the macro, by name.
    """

    heading: str
    note: str
    tables: Sequence[CaptionedTable]
    note_values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SectionGroup:
    """Sections under one heading."""

    heading: str
    sections: Sequence[Section]


@dataclass(frozen=True)
class Opening:
    """What a page says first.

    Parameters
    ----------
    values
        Arguments of the macro ``answer`` in the page's template of notes: the figures of its sentences.
    figure
        The one picture beside them.
    table_at
        Name of the note of the section that holds the table of the picture.
    table
        A table below them, not closed; None without one.
    """

    values: Mapping[str, Any]
    figure: CaptionedFigure
    table_at: str
    table: CaptionedTable | None = None


def interval_figure(
    table: pd.DataFrame,
    *,
    name: str,
    value: str,
    xlabel: str,
    title: str,
    caption: str,
    reference: float | None = None,
    beside: str = "",
    legend: tuple[str, str] = ("", ""),
) -> CaptionedFigure:
    """An interval plot of ``table`` with its caption.

    Parameters
    ----------
    table
        One row a line of the plot.
    name, value
        Columns of the row names and of the values; ``<value>_low`` and ``<value>_high`` hold the intervals.
    title
        Text alternative of the SVG.
    reference
        Value at which a dashed line is drawn.
    beside, legend
        Column of a second value, and what the two are, as in ``interval_plot``.
    """
    axes = interval_plot(
        table,
        name=name,
        value=value,
        low=f"{value}_low",
        high=f"{value}_high",
        xlabel=xlabel,
        reference=reference,
        beside=beside,
        legend=legend,
    )
    return CaptionedFigure(to_svg(axes, title=title), caption)
