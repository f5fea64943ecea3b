"""What a policy does at all, and its facts, whatever the conversations."""

from __future__ import annotations

import math
from collections.abc import Mapping

from classifier.privacy.policies.policy import Policy
from classifier.privacy.policies.released_information import ldp_epsilon, released_bits_max


def policy_does(policy: Policy) -> dict[str, bool]:
    """What a policy does at all, whatever the conversations.

    What it does not do makes the metrics 0 whose ``CostMetric.needs`` names it.

    >>> does = policy_does(Policy("pizza", "A toy.", where="device", release="alert_bit", recipient="user"))
    >>> does["reading on the device"], does["reading by the company"], does["showing text"]
    (True, False, False)
    """
    reads = policy.where != "none" and (policy.reads_to_decide or policy.shows_text)
    return {
        "reading": reads and policy.where != "private_inference",
        "reading by the company": policy.company_can_read,
        "reading on the device": reads and policy.where == "device",
        "computing under encryption": policy.where == "private_inference",
        "looking at metadata": bool(policy.trigger),
        "keeping": policy.retain_messages > 0,
        "showing text": policy.shows_text,
        "telling a person": policy.tells_a_human,
        "alerting": policy.release not in ("nothing", "aggregate"),
    }


def policy_facts(policy: Policy) -> dict[str, float]:
    """The metrics that follow from the policy alone: ``released_bits`` and ``release_epsilon``.

    Both are of what leaves for somebody else than the user, and 0 where nothing does.
    """
    stays = policy.told == "user" and policy.where in ("device", "private_inference", "first_contact")
    return {
        "released_bits": 0.0 if stays else released_bits_max(policy),
        "release_epsilon": 0.0 if stays else ldp_epsilon(policy),
    }


def told_rank(policy: Policy) -> int:
    """How much the recipient gets of what was found.

    In order: nothing, a count, a bit, a score, an excerpt, the whole text.
    """
    order = ("nothing", "aggregate", "bit", "quantised_score", "excerpt", "full_transcript")
    bits = ("alert_bit", "randomised_bit")
    return order.index("bit" if policy.release in bits else policy.release)


def uses_model(policy: Policy) -> bool:
    """Whether a model scores text."""
    return policy.where not in ("none", "first_contact") and policy.reads_to_decide


def model_leak_bounds(policy: Policy, model_leak: Mapping[str, float]) -> tuple[float, float]:
    """Lowest and highest leak of a policy's model that is known.

    Without an attack on the model it may be anything from 0 to 1, so that nothing is credited. A policy
    without a model leaks 0.
    """
    if not uses_model(policy):
        return 0.0, 0.0
    leak = model_leak.get(policy.model_key, math.nan)
    return (0.0, 1.0) if math.isnan(leak) else (leak, leak)
