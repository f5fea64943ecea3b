"""What one part of the room hands to another cannot be changed by whoever gets it."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

import classifier.privacy
from classifier.privacy.accounting import DPStatement
from classifier.privacy.canary import Canaries
from classifier.privacy.constraint import Constraint
from classifier.privacy.curve import Rows
from classifier.privacy.dp import Weights
from classifier.privacy.events import PolicyRun
from classifier.privacy.findings import Findings
from classifier.privacy.frontier import Frontier
from classifier.privacy.measured import Measured, Point
from classifier.privacy.membership import MembershipFigures
from classifier.privacy.names import NamesFound
from classifier.privacy.observe import Held, State
from classifier.privacy.opened import OpenedModel
from classifier.privacy.parts import Parts
from classifier.privacy.policy import Policy
from classifier.privacy.release_noise import CountEstimate
from classifier.privacy.scorer import FromRows, Remembered, Scorer
from classifier.privacy.stream import MessageScores, Stream
from classifier.privacy.trigger import Condition, Outside

RECORDS = {DPStatement, Canaries, Constraint, Rows, Weights, PolicyRun, Findings, Frontier, Measured, Point, MembershipFigures, NamesFound, Held, OpenedModel}
RECORDS |= {Parts, Policy, CountEstimate, FromRows, Remembered, Scorer, MessageScores, Stream, Condition, Outside}


@pytest.mark.parametrize("record", sorted(RECORDS, key=lambda record: record.__name__))
def test_a_record_cannot_be_changed(record):
    held = object.__new__(record)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field"):
        setattr(held, fields(record)[0].name, "pizza")


def test_the_state_that_a_policy_carries_along_is_all_that_changes():
    modules = [importlib.import_module(f"classifier.privacy.{found.name}") for found in pkgutil.iter_modules(classifier.privacy.__path__)]
    found = {value for module in modules for name, value in vars(module).items() if is_dataclass(value) and isinstance(value, type) and not name.startswith("_")}
    assert {record for record in found if record.__module__.startswith("classifier.privacy.")} - RECORDS == {State}
