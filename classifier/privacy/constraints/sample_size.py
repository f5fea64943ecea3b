"""How many test conversations it takes to show a rate."""

from __future__ import annotations

import math

from scipy.special import betaincinv

from classifier.evaluation.rates import Rate
from classifier.evaluation.thresholds import error_free_units_needed


def conversations_needed(rate: float, *, at_most: float, confidence: float = 0.95) -> float:
    """Conversations from which on any number shows that the true rate is ``at_most``.

    It is the smallest n such that n conversations or more, of which a share ``rate`` (rounded up to whole
    events) are events, have a one-sided Clopper-Pearson bound within ``at_most``. A smaller number may do by
    chance: at a rate of .01 and a limit of .02, 600 conversations with 6 events do, 601 with 7 do not, and
    from 719 on all do. Infinite when the rate is no smaller than the limit.

    >>> conversations_needed(0.0, at_most=1e-4)
    29956.0
    >>> conversations_needed(0.02, at_most=0.02)
    inf
    """
    if not rate < at_most:
        return math.inf
    if rate == 0:
        return float(error_free_units_needed(at_most, confidence=confidence))

    def fewest(events: int) -> int:
        """The fewest conversations that hold so many events: where the bound is largest."""
        return math.floor((events - 1 + 1e-9) / rate) + 1

    def fails(events: int, n: int) -> bool:
        return events >= n or Rate(events, n).upper(confidence) > at_most

    # Without the rounding to whole conversations the bound falls as events rise, so no number of events from
    # the first one on that is safe with one conversation fewer than it can have fails.
    def safe(events: int) -> bool:
        n = (events - 1) / rate
        return n > events and float(betaincinv(events + 1.0, n - events, confidence)) <= at_most

    high = 2
    while not safe(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if safe(middle) else (middle, high)
    last = next((events for events in range(high, 0, -1) if fails(events, fewest(events))), 0)
    if not last:
        return 1.0
    low, high = fewest(last), math.floor((last + 1e-9) / rate) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fails(last, middle) else (low, middle)
    return float(high)
