"""Axis scales and tick marks in the units of an SVG's view box."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Maps values from ``low`` to ``high`` onto places from ``start`` to ``end``.

    With ``log`` the map is of their logarithms. A value outside is placed at the nearer end.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The place of ``value``, to a tenth of a unit.

        >>> Scale(0, 1, 10, 110).at(0.5), Scale(1, 100, 0, 10, log=True).at(10), Scale(0, 1, 110, 10).at(2)
        (60.0, 5.0, 10.0)
        """
        inside = min(max(value, self.low), self.high)
        if self.log:
            share = math.log(inside / self.low) / math.log(self.high / self.low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, values: Iterable[float]) -> list[tuple[float, str]]:
        """The place and the text of each value that lies on the scale.

        >>> Scale(0, 1, 0, 10).ticks([0, 0.5, 2])
        [(0.0, '0'), (5.0, '0.5')]
        """
        return [
            (self.at(value), f"{value:,g}" if value < 1e6 else f"{value:,.0f}")
            for value in values
            if self.low <= value <= self.high
        ]


def powers_of_ten(low: float, high: float) -> list[float]:
    """The powers of ten from ``low`` to ``high``.

    >>> powers_of_ten(0.5, 200)
    [1.0, 10.0, 100.0]
    """
    return [10.0**power for power in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)]
