"""Operating points prepared for tables and plots: numbers, intervals and bounds as columns."""

from __future__ import annotations

import numpy as np
import pandas as pd

from classifier.evaluation.rates import Rate
from classifier.privacy.tradeoff.cost_metric_table import METRIC_BY_ID
from classifier.report.printed_tables import format_interval
from classifier.report.sections import Tables
from classifier.report.tradeoff.frontier_plots import MACHINE_READ_CLASSES

HUMAN_READS = "human_read_benign_per_million"
HUMAN_ALERTS = "human_alerted_benign_per_million"
FEW_EVENTS = 5
"""Below so many events an exact bound is printed: a bootstrap interval of one event starts at 0."""
EXACT_ZERO_AT = 1.0
"""Where a log axis of human reads per million holds the policies that show nobody a text."""
HUMAN_VIEW = METRIC_BY_ID[HUMAN_READS].view
MACHINE_VIEW = METRIC_BY_ID["benign_messages_read"].view


SHOWN_RATE = 0.01
"""The asked false positive rate of the one point that stands for each policy."""


def shown_points(points: pd.DataFrame) -> pd.DataFrame:
    """The row of each policy whose asked rate is nearest to ``SHOWN_RATE``, in order.

    A policy without a threshold to choose has one row.
    """
    distance = (points["asked_rate"] - SHOWN_RATE).abs().fillna(0.0)
    nearest = distance.groupby(points["policy"], sort=False).idxmin()
    return points.loc[nearest].reset_index(drop=True)


def with_intervals(tables: Tables) -> pd.DataFrame:
    """The table of points with what tables and plots need.

    Added are the number ``no``, counts as text (``found_of``, ``alarms_of``, ``human_reads``),
    ``<metric>_low`` and ``<metric>_high`` from the table of intervals, the class ``share`` of machine reads,
    ``upper``, ``drawn_at`` (the upper bound where no event was seen, ``EXACT_ZERO_AT`` where the policy shows
    nobody a text) and ``open`` (whether none was seen).
    """
    points = tables["points"].reset_index(drop=True)
    points.insert(0, "no", [str(position + 1) for position in range(len(points))])
    alarms = zip(points["human_read"], points["n_benign"], strict=True)
    points["alarms_of"] = [f"{int(hits):,}/{int(n):,}" for hits, n in alarms]
    intervals = tables["intervals"].set_index(["metric", "point"])
    for metric in intervals.index.unique("metric").intersection(points.columns):
        bounds = intervals.loc[metric].reindex(points["point"])
        points[f"{metric}_low"] = bounds["low"].to_numpy()
        points[f"{metric}_high"] = bounds["high"].to_numpy()
    found = points[["found", "n_pattern", "recall_low", "recall_high"]].to_numpy()
    points["found_of"] = [_recall_with_interval(*row) for row in found]
    read_columns = [
        HUMAN_READS,
        f"{HUMAN_READS}_low",
        f"{HUMAN_READS}_high",
        "human_read",
        f"{HUMAN_READS}_upper",
        "zero_by_construction",
    ]
    rows = points[read_columns].to_numpy(dtype=np.float64)
    points["human_reads"] = [_reads_with_interval(*row) for row in rows]
    points["share"] = pd.cut(
        points["machine_read_share"],
        [-np.inf, *(end for end, *_ in MACHINE_READ_CLASSES[:-1]), np.inf],
        labels=[name for _, name, *_ in MACHINE_READ_CLASSES],
    ).astype(str)
    upper = points[f"{HUMAN_READS}_upper"]
    points["upper"] = upper.round()
    points["drawn_at"] = points[HUMAN_READS].where(~points["zero_events"], upper)
    points.loc[points["zero_by_construction"], "drawn_at"] = EXACT_ZERO_AT
    points["open"] = points["zero_events"]
    return points


def _recall_with_interval(hits: float, n: float, low: float, high: float) -> str:
    return f"{Rate(int(hits), int(n))}, {low:.3f}–{high:.3f}"


def _reads_with_interval(
    value: float, low: float, high: float, hits: float, upper: float, exact: float
) -> str:
    return "0 (shows no text)" if exact else per_million(value, low, high, hits, upper)


def per_million(value: float, low: float, high: float, hits: float, upper: float) -> str:
    """A count per million with its interval; with the exact bound ``upper`` where ``hits`` are few.

    >>> per_million(20000, 15000, 25000, 20, 30000), per_million(1000, 0, 2000, 1, 4736)
    ('20,000 (15,000–25,000)', '1,000 (at most 4,736, exact)')
    """
    if hits < FEW_EVENTS:
        return f"{value:,.0f} (at most {upper:,.0f}, exact)"
    return f"{value:,.0f} {format_interval(low, high, 0)}"


def ppv_cells(base_rates: pd.DataFrame) -> pd.DataFrame:
    """The table of base rates with ``shade`` and ``text`` for a heat map.

    Where no false alarm was seen both are of the lower bound: a PPV of 100 % would be read as a proof.
    """
    only_true_finds = (base_rates["false_alarms"] == 0) & (base_rates["true_finds"] > 0)
    shade = base_rates["ppv"].where(~only_true_finds, base_rates["ppv_low"])
    cells = zip(shade, only_true_finds, strict=True)
    return base_rates.assign(shade=shade, text=[_ppv_text(ppv, is_bound=bound) for ppv, bound in cells])


def _ppv_text(ppv: float, *, is_bound: bool) -> str:
    if np.isnan(ppv):
        return "0/0"
    return f"{'≥ ' if is_bound else ''}{100 * ppv:.2g} %"


def titled(tables: Tables, table: pd.DataFrame) -> pd.DataFrame:
    """``table`` with the ``title`` of each ``point``."""
    titles = dict(zip(tables["points"]["point"], tables["points"]["title"], strict=True))
    return table.assign(title=table["point"].map(titles))


def frontier_points(tables: Tables, view: str) -> list[str]:
    """The points of a view's frontier, by rising recall."""
    steps = tables["exchange"][tables["exchange"]["view"] == view]
    return list(dict.fromkeys([*steps["from_point"], *steps["to_point"]]))


def middle_prevalence(tables: Tables) -> float:
    """The median of the supposed prevalences; the smaller of two in the middle."""
    prevalences = sorted(set(tables["per_find"]["prevalence"]))
    return float(prevalences[(len(prevalences) - 1) // 2])


def with_messages_per_find(tables: Tables, points: pd.DataFrame, prevalence: float) -> pd.DataFrame:
    """``points`` with the messages read for each pattern found at that prevalence."""
    table = tables["per_find"]
    at_prevalence = table[table["prevalence"] == prevalence].drop(columns="prevalence")
    return points.merge(at_prevalence, on="point", how="left", validate="one_to_one")
