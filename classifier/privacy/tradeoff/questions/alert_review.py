"""A reviewer of alerts: whom review confirms, and what it costs.

Every number about reviewers is assumed. None is measured by this project.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import pandas as pd

from classifier.privacy.tradeoff.conversation_costs import checked_prevalence


@dataclass(frozen=True)
class Reviewer:
    """Assumed accuracy, pace and tiredness of a reviewer.

    Raises ``ValueError`` for a share outside [0, 1] or a negative number.

    Parameters
    ----------
    true_positive_rate, false_positive_rate
        Share of true, and of false, alerts that a rested reviewer confirms, in [0, 1].
    minutes_per_item
        Working minutes for one alert.
    items_per_hour
        Alerts that one reviewer handles in an hour.
    rested_items_per_hour
        Pace up to which nothing is lost.
    fatigue
        Share of the reviewer's discernment lost for each alert an hour above that pace (``tired``).
    appeal_rate, upheld_rate
        Share of innocent people acted on who appeal, and share of these appeals that are upheld.
    minutes_per_appeal
        Working minutes for one appeal.
    """

    true_positive_rate: float = 0.9
    false_positive_rate: float = 0.1
    minutes_per_item: float = 5.0
    items_per_hour: float = 12.0
    rested_items_per_hour: float = 12.0
    fatigue: float = 0.0
    appeal_rate: float = 0.2
    upheld_rate: float = 0.5
    minutes_per_appeal: float = 30.0

    def __post_init__(self) -> None:
        _check(self, shares=("true_positive_rate", "false_positive_rate", "appeal_rate", "upheld_rate"))


@dataclass(frozen=True)
class Sliders:
    """Effects that nothing here measures, as numbers to be set by hand.

    All are 0 unless the user says otherwise. Raises ``ValueError`` outside [0, 1].

    Parameters
    ----------
    evasion
        Share of the patterns found here that would be written so that the policy misses them.
    chilling
        Share of benign conversations that would no longer be held.
    function_creep
        Share of benign conversations that a second target list, on the same reads, would flag.
    """

    evasion: float = 0.0
    chilling: float = 0.0
    function_creep: float = 0.0

    def __post_init__(self) -> None:
        _check(self, shares=tuple(field.name for field in fields(self)))


def _check(record: Reviewer | Sliders, *, shares: Sequence[str]) -> None:
    for field in fields(record):
        value = getattr(record, field.name)
        if not (value >= 0 and math.isfinite(value)) or (field.name in shares and value > 1):
            limit = "in [0, 1]" if field.name in shares else "a number of at least 0"
            raise ValueError(f"{field.name} must be {limit}, got {value!r}")


NO_SLIDERS = Sliders()


def tired(reviewer: Reviewer) -> tuple[float, float]:
    """True and false positive rate at the reviewer's pace.

    With w = max(0, 1 - fatigue x max(0, items_per_hour - rested_items_per_hour)) both rates move towards
    their mean m: m + w (rate - m). At w = 1 nothing is lost, at w = 0 alerts are confirmed by lot.

    >>> tired(Reviewer(0.9, 0.1, items_per_hour=22, rested_items_per_hour=12, fatigue=0.05))
    (0.7, 0.3)
    """
    excess = max(0.0, reviewer.items_per_hour - reviewer.rested_items_per_hour)
    kept = max(0.0, 1.0 - reviewer.fatigue * excess)
    rates = reviewer.true_positive_rate, reviewer.false_positive_rate
    mean = sum(rates) / 2
    return mean + kept * (rates[0] - mean), mean + kept * (rates[1] - mean)


@dataclass(frozen=True)
class ReviewOutcome:
    """What review makes of a policy's alerts, as expected numbers.

    Parameters
    ----------
    patterns, alerts_true, alerts_false
        Patterns among the conversations; true and false alerts handed over.
    confirmed, innocent_acted_on
        Patterns, and innocent conversations, that the reviewer confirms.
    turned_down
        True alerts that the reviewer turns down.
    appeals, righted
        Appeals of innocent people, and those upheld.
    minutes, minutes_per_confirmed
        Working minutes with appeals; for each pattern confirmed. Infinite where nothing is confirmed, nan
        where there was nothing to do.
    conversations_chilled, flagged_by_second_list
        What the sliders ``chilling`` and ``function_creep`` come to.
    """

    patterns: float
    alerts_true: float
    alerts_false: float
    confirmed: float
    innocent_acted_on: float
    turned_down: float
    appeals: float
    righted: float
    minutes: float
    minutes_per_confirmed: float
    conversations_chilled: float
    flagged_by_second_list: float


def review(
    recall: float,
    false_positive_rate: float,
    *,
    prevalence: float,
    conversations: float,
    reviewer: Reviewer,
    sliders: Sliders = NO_SLIDERS,
) -> ReviewOutcome:
    """The alerts of a policy after review, among so many conversations.

    ``prevalence`` is the supposed share of patterns, in (0, 1). ``recall`` and ``false_positive_rate`` are
    the policy's. An undefined rate gives undefined numbers.

    >>> outcome = review(0.5, 0.01, prevalence=0.001, conversations=1_000_000, reviewer=Reviewer())
    >>> outcome.alerts_true, outcome.alerts_false, outcome.confirmed, round(outcome.innocent_acted_on)
    (500.0, 9990.0, 450.0, 999)
    """
    checked_prevalence(prevalence)
    patterns = conversations * prevalence
    benign = conversations * (1.0 - prevalence)
    held = benign * (1.0 - sliders.chilling)
    alerts_true = patterns * recall * (1.0 - sliders.evasion)
    alerts_false = held * false_positive_rate
    confirms_true, confirms_false = tired(reviewer)
    confirmed = alerts_true * confirms_true
    acted_on = alerts_false * confirms_false
    appeals = acted_on * reviewer.appeal_rate
    minutes = (alerts_true + alerts_false) * reviewer.minutes_per_item + appeals * reviewer.minutes_per_appeal
    return ReviewOutcome(
        patterns=patterns,
        alerts_true=alerts_true,
        alerts_false=alerts_false,
        confirmed=confirmed,
        innocent_acted_on=acted_on,
        turned_down=alerts_true - confirmed,
        appeals=appeals,
        righted=appeals * reviewer.upheld_rate,
        minutes=minutes,
        minutes_per_confirmed=_per(minutes, confirmed),
        conversations_chilled=benign - held,
        flagged_by_second_list=held * sliders.function_creep,
    )


def _per(amount: float, units: float) -> float:
    if units:
        return amount / units
    return math.inf if amount else math.nan


def without_text(reviewer: Reviewer) -> Reviewer:
    """The reviewer of alerts that come without text: there is nothing to judge by.

    All alerts are passed on, and take no time.
    """
    return replace(reviewer, true_positive_rate=1.0, false_positive_rate=1.0, minutes_per_item=0.0)


def review_table(
    points: pd.DataFrame,
    shows_text: Sequence[bool],
    *,
    prevalences: Sequence[float],
    conversations: float,
    reviewer: Reviewer,
    sliders: Sliders = NO_SLIDERS,
) -> pd.DataFrame:
    """The ``review`` of every point, at each supposed prevalence.

    Columns: ``point``, ``prevalence``, ``conversations``, ``shows_text``, and the fields of
    ``ReviewOutcome``. An alert without text is passed on as it is (``without_text``).

    Parameters
    ----------
    points
        With ``point``, ``recall`` and ``false_positive_rate``.
    shows_text
        Of each point, whether the reviewer sees messages.
    """
    rows = []
    for prevalence in prevalences:
        for point, shows in zip(points.to_dict("records"), shows_text, strict=True):
            outcome = review(
                point["recall"],
                point["false_positive_rate"],
                prevalence=prevalence,
                conversations=conversations,
                reviewer=reviewer if shows else without_text(reviewer),
                sliders=sliders,
            )
            identity = {"point": point["point"], "prevalence": prevalence, "conversations": conversations}
            rows.append(identity | {"shows_text": bool(shows)} | vars(outcome))
    columns = ["point", "prevalence", "conversations", "shows_text"]
    return pd.DataFrame(rows, columns=[*columns, *(field.name for field in fields(ReviewOutcome))])
