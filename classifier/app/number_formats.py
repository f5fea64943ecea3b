"""Counts and shares as text, and labels in plain words."""

from __future__ import annotations

import math

LABEL_NAMES = {
    "flattery": "flattery",
    "isolation": "isolation",
    "info_request": "asking for personal details",
    "secrecy": "secrecy",
    "meeting": "a push to meet",
    "false_affinity": "claiming things in common",
    "pressure": "pressure",
}
"""Each label in plain words."""


def format_count(value: float) -> str:
    """A count: whole from 10 on, else with two significant digits.

    >>> format_count(1234567.8), format_count(3.21), format_count(0.0123), format_count(0)
    ('1,234,568', '3.2', '0.012', '0')
    >>> format_count(float("inf")), format_count(float("nan"))
    ('infinitely many', 'nan (0/0)')
    """
    if math.isnan(value):
        return "nan (0/0)"
    if math.isinf(value):
        return "infinitely many"
    return f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.2g}"


def format_percent(share: float) -> str:
    """A share in per cent; a no-break space keeps the sign on the same line.

    >>> [format_percent(share).split() for share in (0.0123, 0.00012, 0.5, float("nan"))]
    [['1.2', '%'], ['0.012', '%'], ['50.0', '%'], ['nan', '(0/0)']]
    """
    if math.isnan(share):
        return "nan (0/0)"
    return f"{100 * share:{'.2g' if share < 0.1 else '.1f'}}\N{NO-BREAK SPACE}%"
