"""What a report is put together from: sections of tables, and the figures drawn from them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from classifier.report.figures import interval_plot, to_svg
from classifier.report.tables import PrintedTable


@dataclass(frozen=True)
class Item:
    """A printed table, and the figure drawn from it when there is one."""

    printed: PrintedTable
    table_caption: str
    svg: str = ""
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """A heading, what to know before reading, and the tables and figures."""

    heading: str
    paragraphs: list[str]
    items: list[Item]


def dots(
    table: pd.DataFrame, name: str, value: str, xlabel: str, title: str, reference: float | None = None
) -> str:
    """An interval plot of ``table`` as SVG, its intervals in the columns ``<value>_low`` and ``<value>_high``."""
    return to_svg(
        interval_plot(
            table,
            name=name,
            value=value,
            low=f"{value}_low",
            high=f"{value}_high",
            xlabel=xlabel,
            reference=reference,
        ),
        title=title,
    )
