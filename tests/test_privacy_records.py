"""The records of the privacy room are frozen."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

import classifier.privacy
from classifier.privacy.attacks.canary import Canaries
from classifier.privacy.attacks.membership import MembershipFigures
from classifier.privacy.attacks.names import NamesFound
from classifier.privacy.attacks.stored_table import StoredTable
from classifier.privacy.builds.dp_curve import LabelledRows
from classifier.privacy.builds.dp_logistic import Weights
from classifier.privacy.builds.dp_statement import DPStatement
from classifier.privacy.builds.inspected_model import InspectedModel
from classifier.privacy.claims.constraint import Constraint
from classifier.privacy.compare.cost_metric import CostMetric
from classifier.privacy.compare.costs import ConversationEvents
from classifier.privacy.compare.dominance import Axis
from classifier.privacy.compare.finished import FinishedPolicies
from classifier.privacy.compare.frontier import Frontier
from classifier.privacy.compare.operating_points import OperatingPoint, PolicyOperatingPoints
from classifier.privacy.policies.policy import Policy
from classifier.privacy.policies.trigger import Condition, MetadataSignals
from classifier.privacy.simulate.events import PolicyRun
from classifier.privacy.simulate.run import PolicyState
from classifier.privacy.simulate.scorer import AllRowsScorer, CachedScorer, PolicyScorer
from classifier.privacy.simulate.view import ReadMessage
from classifier.privacy.stream import MessageScores, Stream

RECORDS = {
    DPStatement,
    Canaries,
    Constraint,
    LabelledRows,
    Weights,
    PolicyRun,
    StoredTable,
    Frontier,
    PolicyOperatingPoints,
    OperatingPoint,
    MembershipFigures,
    NamesFound,
    ReadMessage,
    InspectedModel,
}
RECORDS |= {
    ConversationEvents,
    CostMetric,
    FinishedPolicies,
    Policy,
    AllRowsScorer,
    Axis,
    CachedScorer,
    PolicyScorer,
    MessageScores,
    Stream,
    Condition,
    MetadataSignals,
}


@pytest.mark.parametrize("record", sorted(RECORDS, key=lambda record: record.__name__))
def test_a_record_cannot_be_changed(record):
    held = object.__new__(record)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field"):
        setattr(held, fields(record)[0].name, "pizza")


def test_the_state_that_a_policy_carries_along_is_all_that_changes():
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(classifier.privacy.__path__, "classifier.privacy.")
    ]
    found = {
        value
        for module in modules
        for name, value in vars(module).items()
        if is_dataclass(value) and isinstance(value, type) and not name.startswith("_")
    }
    assert {record for record in found if record.__module__.startswith("classifier.privacy.")} - RECORDS == {
        PolicyState
    }
