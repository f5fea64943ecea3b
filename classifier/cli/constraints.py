"""Limits a user sets to what policies may cost: checked before the long work, answered in lines after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from classifier.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_CONSTRAINT = "human_read_innocent_per_million<=50"

METRICS = (
    "human_read_innocent_per_million",
    "machine_read_share",
    "machine_read_conversations",
    "human_read_messages",
    "pii_people_exposed_per_1000",
    "pii_items_exposed_per_1000",
    "retained_message_hours",
    "innocent_messages_read",
    "false_positive_rate",
    "recall",
    "median_messages_to_alert",
)
"""What a constraint may speak of, so that a misspelt one is refused before the long part of the work."""


def check_constraints(constraints: Sequence[str]) -> None:
    """Raises ``InputError`` for a constraint that cannot be read, or that speaks of no metric."""
    from classifier.privacy.constraint import parse_constraint

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
        lines.append(f"{constraint}, at 95 %: {len(supported)} points supported, {counts.get('not shown', 0)} kept but not shown, {counts.get('violated', 0)} violated")
        lines += [f"  {row['point']}: {row['value']:.4g}, bound {row['bound']:.4g}" for row in supported.to_dict("records")]
        kept = rows[rows["verdict"] == "not shown"]
        if supported.empty and (rows["needed_error_free"] > 0).any():
            lines.append(
                f"  no point can be shown to keep it on {rows['n'].iloc[0]:,.0f} test conversations: it takes {rows['needed_error_free'].iloc[0]:,.0f} without a single event"
            )
            lines += [f"  {row['point']}: {row['value']:.4g} seen, {row['needed_at_this_rate']:,.0f} conversations needed at this rate" for row in kept.to_dict("records")]
    if answers["constraint"].nunique() > 1:
        together = answers.loc[answers["feasible"], "point"].drop_duplicates().tolist()
        lines.append(f"all constraints together: {', '.join(together) or 'no point'}")
    return lines
