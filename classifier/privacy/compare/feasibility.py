"""Which points keep the constraints, by what test data show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from classifier.evaluation.rates import Rate
from classifier.evaluation.thresholds import error_free_units_needed
from classifier.privacy.compare.constraint import Constraint, parse_constraint
from classifier.privacy.compare.frontier import Frontier
from classifier.privacy.compare.metrics import METRIC_BY_ID
from classifier.privacy.compare.sample_size import conversations_needed

COLUMNS = (
    "point",
    "policy",
    "constraint",
    "value",
    "bound",
    "verdict",
    "feasible",
    "n",
    "needed_error_free",
    "needed_at_this_rate",
)


def feasible_points(frontier: Frontier, constraints: Sequence[str]) -> pd.DataFrame:
    """What the test data show of each point and constraint; no point is chosen.

    Columns:

    - ``point``, ``policy``, ``constraint``, ``value``
    - ``bound``, 95 %: one-sided Clopper-Pearson for rates of conversations, else an end of the bootstrap
      interval
    - ``verdict``: "supported" (the bound keeps the limit), "not shown" (the value does, the bound does not)
      or "violated"
    - ``feasible``: every constraint of the point is supported
    - ``n``: test conversations of the kind counted
    - ``needed_error_free``: how many would do without a single event, about 3 / limit
    - ``needed_at_this_rate``: how many would do at the rate seen; infinite when none do

    The last three are nan for metrics that are no rate of conversations.
    """
    parsed = [parse_constraint(text) for text in constraints]
    numeric = frontier.points.select_dtypes(["number", "bool"]).columns
    for constraint in parsed:
        if constraint.metric not in numeric:
            raise ValueError(
                f"constraint {str(constraint)!r}: no such metric, expected one of {', '.join(numeric)}"
            )
    intervals = frontier.intervals.set_index(["point", "metric"])
    rows = []
    for point in frontier.points.to_dict("records"):
        verdicts = [_verdict_row(point, constraint, intervals) for constraint in parsed]
        feasible = all(row["verdict"] == "supported" for row in verdicts)
        identity = {"point": point["point"], "policy": point["policy"], "feasible": feasible}
        rows += [identity | row for row in verdicts]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _verdict_row(point: dict[Any, Any], constraint: Constraint, intervals: pd.DataFrame) -> dict[str, Any]:
    metric = METRIC_BY_ID.get(constraint.metric)
    at_most = constraint.comparison == "<="
    value, key = float(point[constraint.metric]), (point["point"], constraint.metric)
    bound, n, error_free, at_rate = math.nan, math.nan, math.nan, math.nan
    if metric and metric.exact_counts:
        hits, units = metric.exact_counts
        rate = Rate(point[hits], point[units])
        bound = metric.scale * (rate.upper() if at_most else rate.lower())
        n, limit = rate.n, constraint.limit / metric.scale
        # "Recall at least .9" says that at most .1 are missed.
        misses, allowed = (rate.value, limit) if at_most else (1.0 - rate.value, 1.0 - limit)
        if 0 < allowed < 1:
            error_free = error_free_units_needed(allowed)
            at_rate = conversations_needed(misses, at_most=allowed)
    elif key in intervals.index:
        bound = float(intervals.loc[key, "high" if at_most else "low"])
    return {
        "constraint": str(constraint),
        "value": value,
        "bound": bound,
        "verdict": _verdict(constraint, value, bound),
        "n": n,
        "needed_error_free": error_free,
        "needed_at_this_rate": at_rate,
    }


def _verdict(constraint: Constraint, value: float, bound: float) -> str:
    if not constraint.kept_by(value):
        return "violated"
    return "supported" if constraint.kept_by(bound) else "not shown"


def constraint_lines(answers: pd.DataFrame) -> list[str]:
    """The table of ``feasible_points`` as lines for a user.

    For each constraint: the points that the test set supports, or else how many test conversations it would
    take.
    """
    lines = []
    for constraint, rows in answers.groupby("constraint", sort=False):
        counts = rows["verdict"].value_counts()
        supported = rows[rows["verdict"] == "supported"]
        lines.append(
            f"{constraint}, at 95 %: {len(supported)} points supported,"
            f" {counts.get('not shown', 0)} kept but not shown, {counts.get('violated', 0)} violated"
        )
        lines += [
            f"  {row['point']}: {row['value']:.4g}, bound {row['bound']:.4g}"
            for row in supported.to_dict("records")
        ]
        if supported.empty and (rows["needed_error_free"] > 0).any():
            lines += _lines_of_numbers_needed(rows)
    if answers["constraint"].nunique() > 1:
        together = answers.loc[answers["feasible"], "point"].drop_duplicates().tolist()
        lines.append(f"all constraints together: {', '.join(together) or 'no point'}")
    return lines


def _lines_of_numbers_needed(rows: pd.DataFrame) -> list[str]:
    n, error_free = rows["n"].iloc[0], rows["needed_error_free"].iloc[0]
    return [
        f"  no point can be shown to keep it on {n:,.0f} test conversations: it takes {error_free:,.0f}"
        " without a single event"
    ] + [
        f"  {row['point']}: {row['value']:.4g} seen, {row['needed_at_this_rate']:,.0f} conversations needed"
        " at this rate"
        for row in rows[rows["verdict"] == "not shown"].to_dict("records")
    ]
