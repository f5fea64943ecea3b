"""What a policy cannot do, whatever the conversations: zeros and facts by construction."""

from __future__ import annotations

import math
from collections.abc import Mapping

from classifier.privacy.policies.policy import Policy
from classifier.privacy.policies.release import ldp_epsilon, released_bits_max


def zeros_by_construction(policy: Policy) -> frozenset[str]:
    """The metrics that are exactly 0 for a policy, by how it is made.

    Such a zero needs no test set and has no interval.

    >>> bit = Policy("pizza", "A toy.", where="device", release="alert_bit", recipient="user")
    >>> sorted(zeros_by_construction(bit) & {"company_read_share", "machine_read_share", "human_read_share"})
    ['company_read_share', 'human_read_share']
    """
    reads = policy.where != "none" and (policy.reads_to_decide or policy.shows_text)
    cannot = {
        "human_read_benign_per_million": not policy.shows_text,
        "human_read_share": not policy.shows_text,
        "pii_people_exposed_per_1000": not policy.shows_text,
        "pii_items_exposed_per_1000": not policy.shows_text,
        "human_alerted_benign_per_million": not policy.tells_a_human,
        "company_read_share": not policy.company_can_read,
        "company_messages_read": not policy.company_can_read,
        "machine_read_share": not reads or policy.where == "private_inference",
        "device_read_share": policy.where != "device" or not reads,
        "metadata_seen_share": not policy.trigger,
        "retained_message_hours": not policy.retain_messages,
        "compute_seconds": policy.where != "private_inference",
        "false_positive_rate": policy.release in ("nothing", "aggregate"),
    }
    return frozenset(metric for metric, never in cannot.items() if never)


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
