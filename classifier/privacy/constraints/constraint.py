"""Constraints on metrics, as a user writes them: ``metric<=number`` or ``metric>=number``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from classifier.errors import InputError
from classifier.privacy.tradeoff.cost_metric_table import COST_METRICS

DEFAULT_CONSTRAINT = "human_read_benign_per_million<=1000"
"""One in a thousand: about 3,000 conversations without an event show it, where 50 would take 59,914."""

CONSTRAINED_METRICS = tuple(metric.id for metric in COST_METRICS if metric.constrained)
"""What a constraint may name; a misspelt one is refused before the long part of the work."""

_FORM = re.compile(r"\s*(\w+)\s*(<=|>=)\s*([-+.\w]+)\s*")


@dataclass(frozen=True)
class Constraint:
    """A limit on a metric.

    ``metric``, a column of a frontier's points, is to be at most or at least ``limit``.
    """

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


def check_constraints(constraints: Sequence[str]) -> None:
    """Raise ``InputError`` for an unreadable constraint or unknown metric."""
    for text in constraints:
        try:
            metric = parse_constraint(text).metric
        except ValueError as error:
            raise InputError(str(error)) from None
        if metric not in CONSTRAINED_METRICS:
            expected = ", ".join(CONSTRAINED_METRICS)
            raise InputError(f"constraint {text!r}: no such metric, expected one of {expected}")
