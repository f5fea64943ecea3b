"""The points of a comparison made ready to be printed and drawn: with their numbers, intervals as columns, and bounds in the place of zeros."""

from __future__ import annotations

import numpy as np
import pandas as pd

from classifier.evaluation.rates import Rate
from classifier.report.tradeoff.plots import SHARES

Tables = dict[str, pd.DataFrame]

HUMAN = "human_read_benign_per_million"
WITH_INTERVAL = (
    HUMAN,
    "machine_read_share",
    "human_read_messages",
    "pii_people_exposed_per_1000",
    "retained_message_hours",
    "recall",
    "benign_messages_read",
    "median_messages_to_alert",
)

HUMAN_VIEW, MACHINE_VIEW = "recall against human reads", "recall against machine reads"


def with_intervals(tables: Tables) -> pd.DataFrame:
    """The points, each with its number ``no``, counts as text, and ``<metric>_low`` and ``<metric>_high`` from the table of intervals."""
    points = tables["points"].reset_index(drop=True)
    points.insert(0, "no", [str(position + 1) for position in range(len(points))])
    points["found_of"] = [
        _found(*row)
        for row in points[["found", "n_pattern", "recall_exact_low", "recall_exact_high"]].to_numpy()
    ]
    points["alarms_of"] = [
        f"{int(hits):,}/{int(n):,}"
        for hits, n in zip(points["false_alarms"], points["n_benign"], strict=True)
    ]
    bounds = tables["intervals"].set_index(["metric", "point"])
    for metric in WITH_INTERVAL:
        own = bounds.loc[metric].reindex(points["point"])
        points[f"{metric}_low"], points[f"{metric}_high"] = own["low"].to_numpy(), own["high"].to_numpy()
    points["human_reads"] = [
        _per_million(*row)
        for row in points[[HUMAN, f"{HUMAN}_low", f"{HUMAN}_high", "false_alarms"]].to_numpy()
    ]
    points["share"] = pd.cut(
        points["machine_read_share"],
        [-np.inf, *(end for end, *_ in SHARES[:-1]), np.inf],
        labels=[name for _, name, *_ in SHARES],
    ).astype(str)
    points["upper"] = points[f"{HUMAN}_upper"].round()
    points["drawn_at"] = points[HUMAN].where(~points["zero_events"], points[f"{HUMAN}_upper"])
    points["open"] = points["zero_events"]
    return points


def _found(hits: float, n: float, low: float, high: float) -> str:
    """Recall with its denominator and the interval that does not vanish when nothing, or everything, was found."""
    return f"{Rate(int(hits), int(n))}, {low:.3f}–{high:.3f}"


def _per_million(value: float, low: float, high: float, hits: float) -> str:
    """A resampled interval of no event is no interval, so none is printed: the bound stands beside."""
    return f"{value:,.0f} ({low:,.0f}–{high:,.0f})" if hits else "0 (no event)"


def strip_table(base_rates: pd.DataFrame) -> pd.DataFrame:
    """The base rates with what a strip shows of each: ``shade`` and ``text``. Where no false alarm was seen that is the lower bound, for 100 % would be read as a proof."""
    unseen = (base_rates["false_alarms"] == 0) & (base_rates["true_finds"] > 0)
    shade = base_rates["ppv"].where(~unseen, base_rates["ppv_low"])
    texts = [
        "0/0" if np.isnan(share) else f"{'≥ ' if bound else ''}{100 * share:.2g} %"
        for share, bound in zip(shade, unseen, strict=True)
    ]
    return base_rates.assign(shade=shade, text=texts)


def ladder(tables: Tables, view: str) -> list[str]:
    """The points of a view's frontier, by rising recall."""
    steps = tables["exchange"][tables["exchange"]["view"] == view]
    return list(dict.fromkeys([*steps["from_point"], *steps["to_point"]]))


def one_prevalence(tables: Tables) -> float:
    """The middle one of the supposed prevalences, for a figure that can show one; of two in the middle the smaller."""
    prevalences = sorted(set(tables["per_find"]["prevalence"]))
    return float(prevalences[(len(prevalences) - 1) // 2])


def per_find(tables: Tables, points: pd.DataFrame, prevalence: float) -> pd.DataFrame:
    """``points`` with the messages read for each pattern found at that prevalence."""
    table = tables["per_find"]
    return points.merge(
        table[table["prevalence"] == prevalence].drop(columns="prevalence"),
        on="point",
        how="left",
        validate="one_to_one",
    )
