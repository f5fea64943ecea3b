"""The cost metrics of policies: one table, a row per metric.

Whatever names a metric elsewhere is derived from ``COST_METRICS``: sums over conversations, columns of
points, intervals, axes of dominance, exchange rates, constraints, headings of reports. CONTRIBUTING.md says
how to add a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from classifier.privacy.tradeoff.cost_metric import CostMetric

if TYPE_CHECKING:
    from classifier.privacy.policies.policy import Policy

COST_METRICS = (
    CostMetric(
        "human_read_benign_per_million",
        title="benign conversations of which a person who is no party reads text, per million benign",
        unit="benign conversations read by a person, per million benign conversations",
        observer="H",
        formula="1,000,000 x benign conversations of which text was shown / benign conversations",
        counts="is_shown",
        scale=1e6,
        needs="showing text",
        compared=True,
        margin=100.0,
        exact_counts=("human_read", "n_benign"),
        view="recall against human reads",
        view_unit="benign conversations read by a person",
    ),
    CostMetric(
        "human_alerted_benign_per_million",
        title="benign conversations a person who is no party is told of, per million benign",
        unit="benign conversations told to a person, with text or without, per million benign conversations",
        observer="H",
        formula="1,000,000 x benign conversations of which somebody but the user was told"
        " / benign conversations",
        counts="is_told",
        scale=1e6,
        needs="telling a person",
        compared=True,
        margin=500.0,
        exact_counts=("human_alerted", "n_benign"),
        view="recall against human alerts",
        view_unit="benign conversations told to a person",
    ),
    CostMetric(
        "company_read_share",
        title="share of benign messages the company reads",
        unit="benign messages read by the company / benign messages",
        observer="C",
        formula="messages of benign conversations that reached the company's servers or reviewers"
        " / messages of benign conversations",
        counts="n_read_by_company",
        per="n_messages",
        needs="reading by the company",
        compared=True,
        margin=0.005,
        section="messages_read",
        place=2,
    ),
    CostMetric(
        "machine_read_share",
        title="share of benign messages read in the clear",
        unit="benign messages read in the clear, own device included / benign messages",
        observer="R",
        formula="messages of benign conversations that a machine or a person read in the clear"
        " / messages of benign conversations",
        counts="n_read",
        per="n_messages",
        needs="reading",
        compared=True,
        margin=0.005,
        section="messages_read",
        place=4,
    ),
    CostMetric(
        "device_read_share",
        title="share of benign messages the person's own device reads",
        unit="benign messages read by the person's own device / benign messages",
        observer="D",
        formula="messages of benign conversations read on the device / messages of benign conversations",
        counts="n_read_by_device",
        per="n_messages",
        needs="reading on the device",
        section="messages_read",
        place=3,
    ),
    CostMetric(
        "metadata_seen_share",
        title="share of benign conversations whose metadata is looked at",
        unit="benign conversations whose metadata is looked at / benign conversations",
        observer="R",
        formula="benign conversations of which a rule looks at who writes to whom and when"
        " / benign conversations",
        counts="metadata_seen",
        needs="looking at metadata",
        compared=True,
        margin=0.005,
        section="messages_read",
        place=6,
    ),
    CostMetric(
        "machine_read_conversations",
        title="share of benign conversations with a message read in the clear, by machine or person",
        unit="benign conversations with a message read / benign conversations",
        observer="R",
        formula="benign conversations of which at least one message was read / benign conversations",
        counts="is_read",
    ),
    CostMetric(
        "human_read_share",
        title="share of benign messages shown to a person who is no party",
        unit="benign messages shown / benign messages",
        observer="H",
        formula="messages of benign conversations shown to a person / messages of benign conversations",
        counts="n_shown",
        per="n_messages",
        needs="showing text",
        compared=True,
        margin=0.0005,
        section="messages_read",
        place=5,
        digits=4,
    ),
    CostMetric(
        "pii_people_exposed_per_1000",
        title="people whose personal details a person could read, per 1,000 benign conversations",
        unit="accounts exposed, per 1,000 benign conversations",
        observer="H",
        formula="1,000 x accounts with personal information readable in a shown message of theirs"
        " / benign conversations",
        counts="pii_people",
        scale=1e3,
        needs="showing text",
        compared=True,
        margin=0.5,
        section="messages_read",
        place=7,
    ),
    CostMetric(
        "pii_items_exposed_per_1000",
        title="pieces of personal information a person could read, per 1,000 benign conversations",
        unit="pieces of personal information readable, per 1,000 benign conversations",
        observer="H",
        formula="1,000 x different pieces of personal information readable in shown messages"
        " / benign conversations",
        counts="pii_items",
        scale=1e3,
        needs="showing text",
    ),
    CostMetric(
        "retained_message_hours",
        title="message-hours kept per benign conversation",
        unit="message-hours per benign conversation",
        observer="R",
        formula="hours that messages of benign conversations are kept, added up / benign conversations",
        counts="message_hours",
        needs="keeping",
        compared=True,
        margin=0.1,
        section="retention",
        place=1,
    ),
    CostMetric(
        "compute_seconds",
        title="seconds of computing under encryption per benign conversation",
        unit="stated seconds per benign conversation",
        observer="-",
        formula="stated seconds a message x messages of benign conversations computed on"
        " / benign conversations",
        counts="compute_seconds",
        needs="computing under encryption",
        compared=True,
    ),
    CostMetric(
        "released_bits",
        title="bits released to anybody but the user, at most, per conversation",
        unit="bits per conversation",
        observer="H",
        formula="log2 of the number of different outputs; infinite where text is shown; a fact of the policy",
        compared=True,
        constrained=False,
    ),
    CostMetric(
        "release_epsilon",
        title="epsilon of what is released to anybody but the user",
        unit="nats per conversation",
        observer="H",
        formula="epsilon of randomised response; infinite for any other release; a fact of the policy",
        compared=True,
        constrained=False,
    ),
    CostMetric(
        "model_leak",
        title="what the model file gives away",
        unit="share of training authors found by the strongest attack, at the lowest false positive rate that"
        " can be shown",
        observer="F",
        formula="training authors the attack is right about / training authors; 0 for a policy that uses no"
        " model; unknown where no attack was run",
        compared=True,
        margin=0.05,
        constrained=False,
    ),
    CostMetric(
        "recall",
        title="recall",
        unit="patterns found / patterns",
        observer="-",
        formula="pattern conversations flagged / pattern conversations",
        direction="higher",
        among="pattern",
        counts="flagged",
        compared=True,
        margin=0.01,
        exact_counts=("found", "n_pattern"),
    ),
    CostMetric(
        "share_after_alert",
        title="share of pattern messages sent after the alert",
        unit="messages of patterns after the alert / messages of patterns",
        observer="-",
        formula="messages of pattern conversations that follow the alert, 0 where there is none"
        " / messages of pattern conversations",
        direction="higher",
        among="pattern",
        counts="n_after_alert",
        per="n_messages",
        compared=True,
        margin=0.01,
        section="retention",
        place=2,
    ),
    CostMetric(
        "false_positive_rate",
        title="false positive rate",
        unit="benign conversations flagged to anybody, the user included / benign conversations",
        observer="A",
        formula="benign conversations flagged / benign conversations",
        counts="flagged",
        needs="alerting",
        compared=True,
        margin=0.0005,
        exact_counts=("false_alarms", "n_benign"),
        digits=4,
    ),
    CostMetric(
        "company_messages_read",
        title="messages the company reads per benign conversation",
        unit="messages read by the company per benign conversation",
        observer="C",
        formula="messages of benign conversations that reached the company / benign conversations",
        counts="n_read_by_company",
        needs="reading by the company",
        view="recall against company reads",
        view_unit="messages of benign conversations read by the company",
    ),
    CostMetric(
        "benign_messages_read",
        title="messages read per benign conversation",
        unit="messages read in the clear per benign conversation",
        observer="R",
        formula="messages of benign conversations read / benign conversations",
        counts="n_read",
        view="recall against machine reads",
        view_unit="messages of benign conversations read by a machine",
        section="messages_read",
        place=1,
    ),
    CostMetric(
        "pattern_messages_read",
        title="messages read per pattern",
        unit="messages read per pattern conversation",
        observer="R",
        formula="messages of pattern conversations read / pattern conversations",
        among="pattern",
        counts="n_read",
        constrained=False,
    ),
    CostMetric(
        "median_messages_to_alert",
        title="median messages to an alert, of patterns found",
        unit="messages",
        observer="-",
        formula="median over the patterns found of the message at which each was flagged; read it beside"
        " the share not found",
        section="retention",
        place=3,
        digits=1,
    ),
)
"""Every metric, in the order of the table of intervals."""

METRIC_BY_ID = {metric.id: metric for metric in COST_METRICS}


def metrics_of_section(section: str) -> list[CostMetric]:
    """The metrics of a section of the report, in column order."""
    return sorted(
        (metric for metric in COST_METRICS if metric.section == section), key=lambda metric: metric.place
    )


def zeros_by_construction(policy: Policy) -> frozenset[str]:
    """The metrics that are exactly 0 for a policy, by how it is made.

    Such a zero needs no test set and has no interval.

    >>> from classifier.privacy.policies.policy import Policy
    >>> bit = Policy("pizza", "A toy.", where="device", release="alert_bit", recipient="user")
    >>> sorted(zeros_by_construction(bit) & {"company_read_share", "machine_read_share", "human_read_share"})
    ['company_read_share', 'human_read_share']
    """
    from classifier.privacy.policies.policy_facts import policy_does  # pydantic takes long to import

    does = policy_does(policy)
    return frozenset(metric.id for metric in COST_METRICS if metric.needs and not does[metric.needs])
