"""Accounts, metadata and times: the part of a conversation that is not text.

Nothing here is meant as a real prevalence. Metadata is drawn so that it informs without deciding: an
account with scripted patterns writes to more young contacts and later in the day, but the distributions
overlap. Length, turn-taking, gaps and habits have one distribution for all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from classifier.corpus.families import REGISTERS
from classifier.corpus.generator.typing_habits import Habits, light_habits

FIRST_DAY = datetime(2031, 1, 6)
"""The fictional calendar of the corpus begins here."""


@dataclass(frozen=True)
class Account:
    """One account: its typing habits, its register, its usual hour of writing."""

    id: str
    habits: Habits
    register: str
    usual_hour: float


@dataclass(frozen=True)
class Sender:
    """An account with the conversations it holds.

    ``scripted`` says whether any of them may be scripted as a pattern.
    """

    account: Account
    scripted: bool
    n_conversations: int
    young_contacts: int
    age_band: str


def draw_sender(id_: str, rng: Random, *, scripted_share: float) -> Sender:
    """A sender with one to eight conversations.

    A share of ``scripted_share`` of senders hold scripted patterns.
    """
    scripted = rng.random() < scripted_share
    hour = rng.gauss(18.6 if scripted else 17.0, 3.0) % 24
    contacts = 1 + min(40, int(rng.expovariate(1 / (5.5 if scripted else 3.5))))
    bands = ("unstated", "13_17", "18_25", "over_25")
    weights = (5, 3, 3, 2) if scripted else (3, 4, 2, 4)
    n = 1 + min(7, int(rng.expovariate(1 / 3.2)))
    register = rng.choice(REGISTERS)
    account = Account(id_, light_habits(register, rng), register, hour)
    return Sender(account, scripted, n, max(n, contacts), rng.choices(bands, weights)[0])


def draw_talk_times(talks: Sequence[Sequence[bool]], usual_hour: float, rng: Random) -> list[datetime]:
    """The time of each message of a chain of talks.

    A talk is who writes each of its messages. Within a talk seconds to minutes pass, less within a
    burst of one person; between talks ten minutes to six days, and a talk on another day begins near
    the sender's usual hour.
    """
    clock = _near_hour(FIRST_DAY + timedelta(days=rng.randrange(300)), usual_hour, rng)
    pace = math.exp(rng.gauss(math.log(45), 0.9))
    times: list[datetime] = []
    for turns in talks:
        if times:
            gap = timedelta(
                seconds=round(min(518_400.0, max(600.0, math.exp(rng.gauss(math.log(21_600), 1.7)))))
            )
            clock = times[-1] + gap
            if gap > timedelta(hours=5):
                clock = max(times[-1] + timedelta(hours=2), _near_hour(clock, usual_hour, rng))
        for position, turn in enumerate(turns):
            if position:
                share = 0.3 if turn == turns[position - 1] else 1.0
                seconds = 2 + share * pace * math.exp(rng.gauss(0, 0.9))
                clock = times[-1] + timedelta(seconds=round(min(2_700.0, seconds)))
            times.append(clock)
    return times


def _near_hour(day: datetime, usual_hour: float, rng: Random) -> datetime:
    hours = (usual_hour + rng.gauss(0, 2.5)) % 24
    return day.replace(hour=0, minute=0, second=0) + timedelta(hours=int(hours), seconds=rng.randrange(3600))
