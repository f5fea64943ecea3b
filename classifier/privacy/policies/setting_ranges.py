"""Single settings of a policy that are out of range, with the reasons."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, get_args, get_origin, get_type_hints

from classifier.privacy.policies.metadata_trigger import parse_condition
from classifier.taxonomy import STAGES

if TYPE_CHECKING:
    from classifier.privacy.policies.policy import Policy

RANGES: dict[str, tuple[float, float]] = {
    "sampling_rate": (0, 1),
    "window": (0, 1_000_000),
    "k_of_n": (0, len(STAGES)),
    "stage_threshold": (0, 1),
    "levels": (0, 1024),
    "excerpt_messages": (0, 100),
    "release_epsilon": (0, 100),
    "retain_messages": (0, 1_000_000),
    "retain_hours": (0, 24 * 366 * 10),
    "min_people": (1, 1_000_000),
    "hash_bits": (0, 24),
    "training_epsilon": (0, 1000),
    "people_cap": (0, 1_000_000),
    "report_rate": (0, 1),
    "false_report_rate": (0, 1),
    "seconds_per_message": (0, 3600),
    "accept_rate": (0, 1),
}
"""Lowest and highest value of each numeric setting.

``threshold`` may be any number, since the scale of the scores is the caller's.
"""

SHORT_TEXTS = ("description", "title", "group", "purpose", "legal_basis", "stands_for")
"""Settings that are one line of text; all but the description may be empty."""


def _choices(policy_class: type) -> dict[str, tuple[str, ...]]:
    """The values of each setting that is a word."""
    hints = get_type_hints(policy_class)
    return {name: get_args(hint) for name, hint in hints.items() if get_origin(hint) is Literal}


def bad_values(policy: Policy) -> Iterator[str]:
    """What is wrong with single settings of a policy, one reason each."""
    if not re.fullmatch(r"[a-z0-9_]+", policy.name):
        yield "name must be lower-case letters, digits and _"
    for name in SHORT_TEXTS:
        if "\n" in getattr(policy, name) or not policy.description:
            yield f"{name} must be one line"
    for name, choices in _choices(type(policy)).items():
        if getattr(policy, name) not in choices:
            yield f"{name} must be one of {', '.join(choices)}, got {getattr(policy, name)!r}"
    for name, (low, high) in RANGES.items():
        if not low <= getattr(policy, name) <= high:
            yield f"{name} must be in [{low:g}, {high:g}], got {getattr(policy, name)!r}"
    if policy.sampling_rate == 0:
        yield "sampling_rate = 0 looks at no conversation; write where = none"
    if math.isnan(policy.threshold):
        yield "threshold must be a number, got nan"
    for condition in policy.trigger:
        try:
            parse_condition(condition)
        except ValueError as error:
            yield str(error)
    try:
        re.compile(policy.text_trigger)
    except re.error as error:
        yield f"text_trigger {policy.text_trigger!r} is not a regular expression: {error}"
