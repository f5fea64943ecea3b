"""Which policies keep within a stated limit, and how many test conversations would it take to show it?"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from classifier.errors import InputError
from classifier.evaluation.rates import Rate
from classifier.evaluation.thresholds import error_free_units_needed
from classifier.privacy.compare.frontier import Frontier

if TYPE_CHECKING:
    import pandas as pd

_FORM = re.compile(r"\s*(\w+)\s*(<=|>=)\s*([-+.\w]+)\s*")


@dataclass(frozen=True)
class Constraint:
    """``metric``, a column of a frontier's points, is to be at most or at least ``limit``."""

    metric: str
    comparison: str
    limit: float

    def __str__(self) -> str:
        return f"{self.metric}{self.comparison}{self.limit:g}"

    def kept_by(self, value: float) -> bool:
        """Whether ``value`` is within the limit; nan is not."""
        return value <= self.limit if self.comparison == "<=" else value >= self.limit


def parse_constraint(text: str) -> Constraint:
    """A constraint as a user writes it.

    >>> parse_constraint("human_read_benign_per_million <= 50")
    Constraint(metric='human_read_benign_per_million', comparison='<=', limit=50.0)
    """
    if match := _FORM.fullmatch(text):
        try:
            return Constraint(match[1], match[2], float(match[3]))
        except ValueError:
            pass
    raise ValueError(f"constraint must be written as metric<=number or metric>=number, got {text!r}")


def feasible_points(frontier: Frontier, constraints: Sequence[str]) -> pd.DataFrame:
    """What the test data say of each point and each constraint; nothing is chosen.

    Columns: ``point``, ``policy``, ``constraint``, ``value``, ``bound`` (95 %: one-sided Clopper-Pearson for rates of conversations, else the end of the bootstrap interval),
    ``verdict`` ("supported": the bound keeps the limit; "not shown": the value does, the bound does not; "violated"), ``feasible`` (every constraint of the point is
    supported), ``n`` (test conversations of the kind in question), ``needed_error_free`` (how many would do without a single event, about 3 / limit) and
    ``needed_at_this_rate`` (how many would do at the rate seen; infinite when none do). Counts are nan for metrics that are no rate of conversations.
    """
    parsed = [parse_constraint(text) for text in constraints]
    columns = [
        name for name in frontier.points.columns if pd.api.types.is_numeric_dtype(frontier.points[name])
    ]
    for constraint in parsed:
        if constraint.metric not in columns:
            raise ValueError(
                f"constraint {str(constraint)!r}: no such metric, expected one of {', '.join(columns)}"
            )
    bounds = frontier.intervals.set_index(["point", "metric"])
    rows = []
    for point in frontier.points.to_dict("records"):
        judged = [_judged(point, constraint, bounds) for constraint in parsed]
        feasible = all(row["verdict"] == "supported" for row in judged)
        rows += [
            {"point": point["point"], "policy": point["policy"], "feasible": feasible} | row for row in judged
        ]
    return pd.DataFrame(
        rows,
        columns=[
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
        ],
    )


def _judged(point: dict[Any, Any], constraint: Constraint, bounds: pd.DataFrame) -> dict[str, Any]:
    value = float(point[constraint.metric])
    at_most = constraint.comparison == "<="
    counted = {
        "human_read_benign_per_million": (point["false_alarms"], point["n_benign"], 1e6),
        "false_positive_rate": (point["false_alarms"], point["n_benign"], 1.0),
        "recall": (point["found"], point["n_pattern"], 1.0),
    }.get(constraint.metric)
    n, error_free, at_rate = math.nan, math.nan, math.nan
    if counted:
        rate, unit = Rate(counted[0], counted[1]), counted[2]
        bound = unit * (rate.upper() if at_most else rate.lower())
        n, limit = rate.n, constraint.limit / unit
        # "Recall at least .9" says that at most .1 are missed.
        misses, allowed = (rate.value, limit) if at_most else (1.0 - rate.value, 1.0 - limit)
        if 0 < allowed < 1:
            error_free, at_rate = (
                error_free_units_needed(allowed),
                conversations_needed(misses, at_most=allowed),
            )
    elif (point["point"], constraint.metric) in bounds.index:
        bound = float(bounds.loc[(point["point"], constraint.metric), "high" if at_most else "low"])
    else:
        bound = math.nan
    verdict = (
        "violated"
        if not constraint.kept_by(value)
        else "supported"
        if constraint.kept_by(bound)
        else "not shown"
    )
    return {
        "constraint": str(constraint),
        "value": value,
        "bound": bound,
        "verdict": verdict,
        "n": n,
        "needed_error_free": error_free,
        "needed_at_this_rate": at_rate,
    }


def conversations_needed(rate: float, *, at_most: float) -> float:
    """About how many conversations, at this rate of events, show that the true rate is ``at_most``: one-sided Clopper-Pearson, 95 %. Infinite when the rate is no smaller.

    >>> conversations_needed(0.0, at_most=1e-4), conversations_needed(0.01, at_most=0.02), conversations_needed(0.02, at_most=0.02)
    (29956.0, 590.0, inf)
    """
    if not rate < at_most:
        return math.inf
    shown = _shows(rate, at_most)
    enough = error_free_units_needed(at_most)
    while not shown(enough):
        enough *= 2
    low = enough // 2
    while enough - low > 1:
        middle = (low + enough) // 2
        low, enough = (low, middle) if shown(middle) else (middle, enough)
    return float(enough)


def _shows(rate: float, at_most: float) -> Any:
    return lambda n: Rate(math.ceil(rate * n - 1e-9), n).upper() <= at_most


def supported_bound(rate: Rate, *, at_most: float) -> float:
    """The one-sided 95 % upper bound of a false positive rate, when it supports the claim "at most ``at_most``".

    Raises ``ValueError`` saying how many conversations it would take, when this test set cannot show it.

    >>> f"{supported_bound(Rate(0, 1000), at_most=0.003):.6f}"
    '0.002991'
    """
    if rate.n == 0 or not rate.upper() <= at_most:
        needed = (
            conversations_needed(rate.value, at_most=at_most) if rate.n else error_free_units_needed(at_most)
        )
        raise ValueError(
            f"a false positive rate of at most {at_most:g} cannot be claimed from {rate}: its 95 % upper bound is {rate.upper() if rate.n else 1.0:.3g}. It takes "
            f"{error_free_units_needed(at_most):,} benign conversations without a false alarm, or {needed:,.0f} at the rate seen"
        )
    return rate.upper()


DEFAULT_CONSTRAINT = "human_read_benign_per_million<=50"

METRICS = (
    "human_read_benign_per_million",
    "machine_read_share",
    "machine_read_conversations",
    "human_read_messages",
    "pii_people_exposed_per_1000",
    "pii_items_exposed_per_1000",
    "retained_message_hours",
    "benign_messages_read",
    "false_positive_rate",
    "recall",
    "median_messages_to_alert",
)
"""What a constraint may speak of, so that a misspelt one is refused before the long part of the work."""


def check_constraints(constraints: Sequence[str]) -> None:
    """Raises ``InputError`` for a constraint that cannot be read, or that speaks of no metric."""
    from classifier.privacy.compare.constraint import parse_constraint

    for text in constraints:
        try:
            metric = parse_constraint(text).metric
        except ValueError as error:
            raise InputError(str(error)) from None
        if metric not in METRICS:
            raise InputError(f"constraint {text!r}: no such metric, expected one of {', '.join(METRICS)}")


def constraint_lines(answers: pd.DataFrame) -> list[str]:
    """What to tell a user of each constraint: how many points the test set supports, else how many test conversations it would take."""
    lines = []
    for constraint, rows in answers.groupby("constraint", sort=False):
        counts = rows["verdict"].value_counts()
        supported = rows[rows["verdict"] == "supported"]
        lines.append(
            f"{constraint}, at 95 %: {len(supported)} points supported, {counts.get('not shown', 0)} kept but not shown, {counts.get('violated', 0)} violated"
        )
        lines += [
            f"  {row['point']}: {row['value']:.4g}, bound {row['bound']:.4g}"
            for row in supported.to_dict("records")
        ]
        kept = rows[rows["verdict"] == "not shown"]
        if supported.empty and (rows["needed_error_free"] > 0).any():
            lines.append(
                f"  no point can be shown to keep it on {rows['n'].iloc[0]:,.0f} test conversations: it takes {rows['needed_error_free'].iloc[0]:,.0f} without a single event"
            )
            lines += [
                f"  {row['point']}: {row['value']:.4g} seen, {row['needed_at_this_rate']:,.0f} conversations needed at this rate"
                for row in kept.to_dict("records")
            ]
    if answers["constraint"].nunique() > 1:
        together = answers.loc[answers["feasible"], "point"].drop_duplicates().tolist()
        lines.append(f"all constraints together: {', '.join(together) or 'no point'}")
    return lines
