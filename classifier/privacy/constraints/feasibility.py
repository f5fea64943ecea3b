"""Which points keep the constraints, by what test data show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from classifier.evaluation.rates import Rate
from classifier.evaluation.thresholds import error_free_units_needed
from classifier.privacy.constraints.constraint import Constraint, parse_constraint
from classifier.privacy.constraints.sample_size import conversations_needed
from classifier.privacy.tradeoff.cost_metric_table import METRIC_BY_ID
from classifier.privacy.tradeoff.frontier import Frontier

COLUMNS = (
    "point",
    "policy",
    "constraint",
    "value",
    "bound",
    "verdict",
    "feasible",
    "n",
    "n_looked_at",
    "needed_error_free",
    "needed_at_this_rate",
)


def feasible_points(frontier: Frontier, constraints: Sequence[str]) -> pd.DataFrame:
    """What the test data show of each point and constraint; no point is chosen.

    Columns:

    - ``point``, ``policy``, ``constraint``, ``value``
    - ``bound``: for rates of conversations one-sided (``Rate``), at 1 - 5 % / ``n_looked_at``
      (Bonferroni), so that with 95 % no point is called supported that is not; for other metrics an end of
      the 95 % bootstrap interval, which is not corrected; 0 where the policy makes it exactly 0
    - ``verdict``: "supported" (the bound keeps the limit), "not shown" (the value does, the bound does not)
      or "violated"
    - ``feasible``: every constraint of the point is supported
    - ``n``: test conversations of the kind counted
    - ``n_looked_at``: points that this constraint was looked at for, without exact zeros
    - ``needed_error_free``: how many would do without a single event, about 3 / limit
    - ``needed_at_this_rate``: how many would do at the rate seen; infinite when none do

    ``n`` and the last two are nan for metrics that are no rate of conversations.
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
    points = frontier.points.to_dict("records")
    looked_at = [sum(not _is_exact_zero(point, constraint) for point in points) for constraint in parsed]
    for point in points:
        verdicts = [
            _verdict_row(point, constraint, intervals, max(1, n))
            for constraint, n in zip(parsed, looked_at, strict=True)
        ]
        feasible = all(row["verdict"] == "supported" for row in verdicts)
        identity = {"point": point["point"], "policy": point["policy"], "feasible": feasible}
        rows += [identity | row for row in verdicts]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _is_exact_zero(point: dict[Any, Any], constraint: Constraint) -> bool:
    """Whether the policy makes the metric 0, so that no test is needed."""
    return constraint.metric in str(point.get("exact_zeros", "")).split(", ")


def _verdict_row(
    point: dict[Any, Any], constraint: Constraint, intervals: pd.DataFrame, n_looked_at: int
) -> dict[str, Any]:
    metric = METRIC_BY_ID.get(constraint.metric)
    at_most = constraint.comparison == "<="
    value, key = float(point[constraint.metric]), (point["point"], constraint.metric)
    bound, n, error_free, at_rate = math.nan, math.nan, math.nan, math.nan
    confidence = 1.0 - 0.05 / n_looked_at
    if _is_exact_zero(point, constraint):
        bound = 0.0
    elif metric and metric.exact_counts:
        hits, units = metric.exact_counts
        known = intervals.loc[key]
        rate = Rate(point[hits], point[units], float(known["design_effect"]), float(known["df"]))
        bound = metric.scale * (rate.upper(confidence) if at_most else rate.lower(confidence))
        n, limit = rate.n, constraint.limit / metric.scale
        # "Recall at least .9" says that at most .1 are missed.
        misses, allowed = (rate.value, limit) if at_most else (1.0 - rate.value, 1.0 - limit)
        if 0 < allowed < 1:
            error_free = error_free_units_needed(allowed, confidence=confidence)
            at_rate = conversations_needed(misses, at_most=allowed, confidence=confidence)
    elif key in intervals.index:
        bound = float(intervals.loc[key, "high" if at_most else "low"])
    return {
        "constraint": str(constraint),
        "value": value,
        "bound": bound,
        "verdict": _verdict(constraint, value, bound),
        "n": n,
        "n_looked_at": n_looked_at,
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
            f"{constraint}, at 95 % for all points together: {len(supported)} points supported,"
            f" {counts.get('not shown', 0)} kept but not shown, {counts.get('violated', 0)} violated"
        )
        is_exact = (supported["value"] == 0) & (supported["bound"] == 0)
        if is_exact.any():
            made_so = ", ".join(supported.loc[is_exact, "policy"].drop_duplicates())
            lines.append(f"  exactly 0 by how they are made: {made_so}")
        lines += [
            f"  {row['point']}: {row['value']:.4g}, bound {row['bound']:.4g}"
            for row in supported[~is_exact].to_dict("records")
        ]
        if supported.empty and (rows["needed_error_free"] > 0).any():
            lines += _lines_of_numbers_needed(rows)
    if answers["constraint"].nunique() > 1:
        together = answers.loc[answers["feasible"], "point"].drop_duplicates().tolist()
        lines.append(f"all constraints together: {', '.join(together) or 'no point'}")
    return lines


def _lines_of_numbers_needed(rows: pd.DataFrame) -> list[str]:
    n, error_free = rows["n"].max(), rows["needed_error_free"].max()
    return [
        f"  no point can be shown to keep it on {n:,.0f} test conversations: it takes {error_free:,.0f}"
        " without a single event"
    ] + [
        f"  {row['point']}: {row['value']:.4g} seen, {row['needed_at_this_rate']:,.0f} conversations needed"
        " at this rate"
        for row in rows[rows["verdict"] == "not shown"].to_dict("records")
    ]
