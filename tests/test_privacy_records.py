"""The records of the privacy room are frozen."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

import classifier.privacy
from classifier.privacy.policies.policy import Policy
from classifier.privacy.simulate.policy_simulation import PolicyState
from classifier.privacy.tradeoff.frontier import Frontier


def all_records():
    """Every public dataclass that a module of the privacy room makes."""
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
    return {record for record in found if record.__module__.startswith("classifier.privacy.")}


CHANGING = {PolicyState}
"""The state that a policy carries along: all that changes."""
RECORDS = all_records() - CHANGING


def test_the_records_are_found():
    assert {Policy, Frontier} <= RECORDS
    assert all_records() >= CHANGING


@pytest.mark.parametrize("record", sorted(RECORDS, key=lambda record: record.__name__))
def test_a_record_cannot_be_changed(record):
    held = object.__new__(record)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field"):
        setattr(held, fields(record)[0].name, "pizza")
