"""The cost metrics of policies: one table, a row per metric.

Whatever names a metric elsewhere is derived from ``COST_METRICS``: sums over conversations, columns of
points, intervals, axes of dominance, exchange rates, constraints, headings of reports. CONTRIBUTING.md says
how to add a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OBSERVERS = {
    "H": "a person who reviews alerts",
    "R": "the policy's first reader: the machine on the device (M), the server (S) or nobody (-)",
    "F": "the holder of the model file",
    "-": "nobody: a figure of detection",
}
"""Who comes to know what a metric counts."""

Sum = tuple[str, str]
"""The conversations added up ("benign" or "pattern"), and the column that is added."""


@dataclass(frozen=True)
class CostMetric:
    """One metric by which policies are compared.

    Most are ``scale`` times a column added up over some conversations, divided by another.

    Parameters
    ----------
    id
        Name in tables, constraints and Python.
    title
        Name in reports, for people.
    unit
        What one unit of the value is.
    observer
        Who learns what is counted: a key of ``OBSERVERS``.
    formula
        How the value comes about, in words.
    direction
        Whether a lower or a higher value is better.
    among
        The conversations counted, by label.
    counts
        The column of ``costs.COST_COLUMNS`` added up; "" for a metric that is no ratio of sums.
    per
        What the sum is divided by: "conversations" or "n_messages".
    scale
        Factor of the ratio.
    compared
        Whether it is an axis of dominance. In ``points`` the axes stand before the other costs.
    constrained
        Whether a constraint may name it.
    exact_counts
        The columns of ``points`` with hits and n, where the metric is a rate of conversations whose bound is
        Clopper-Pearson. Otherwise the bound is an end of the bootstrap interval.
    view, view_unit
        Title of the exchange view of recall against this metric, and the unit of a price in it; or "".
    section, place, digits
        The section of the report ("messages_read", "retention" or ""), the place among its columns, and the
        digits printed.
    """

    id: str
    title: str
    unit: str
    observer: str
    formula: str
    direction: Literal["lower", "higher"] = "lower"
    among: Literal["benign", "pattern"] = "benign"
    counts: str = ""
    per: str = "conversations"
    scale: float = 1.0
    compared: bool = False
    constrained: bool = True
    exact_counts: tuple[str, ...] = ()
    view: str = ""
    view_unit: str = ""
    section: Literal["", "messages_read", "retention"] = ""
    place: int = 9
    digits: int = 3

    @property
    def sums(self) -> tuple[Sum, ...]:
        """The sums above and below the line; empty without a ratio."""
        return ((self.among, self.counts), (self.among, self.per)) if self.counts else ()


COST_METRICS = (
    CostMetric(
        "human_read_benign_per_million",
        title="benign conversations put before a person, per million benign",
        unit="benign conversations put before a person, per million benign conversations",
        observer="H",
        formula="1,000,000 x benign conversations flagged / benign conversations",
        counts="flagged",
        scale=1e6,
        compared=True,
        exact_counts=("false_alarms", "n_benign"),
        view="recall against human reads",
        view_unit="benign conversations put before a person",
    ),
    CostMetric(
        "machine_read_share",
        title="share of benign messages read",
        unit="benign messages read / benign messages",
        observer="R",
        formula="messages of benign conversations read / messages of benign conversations",
        counts="n_read",
        per="n_messages",
        compared=True,
        section="messages_read",
        place=2,
    ),
    CostMetric(
        "machine_read_conversations",
        title="share of benign conversations with a message read by a machine, or by a person",
        unit="benign conversations with a message read / benign conversations",
        observer="R",
        formula="benign conversations of which at least one message was read / benign conversations",
        counts="is_read",
    ),
    CostMetric(
        "human_read_messages",
        title="share of benign messages shown to a person",
        unit="benign messages shown / benign messages",
        observer="H",
        formula="messages of benign conversations shown to a person / messages of benign conversations",
        counts="n_shown",
        per="n_messages",
        section="messages_read",
        place=3,
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
        compared=True,
        section="messages_read",
        place=4,
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
    ),
    CostMetric(
        "retained_message_hours",
        title="message-hours kept per benign conversation",
        unit="message-hours per benign conversation",
        observer="R",
        formula="hours that messages of benign conversations are kept, added up / benign conversations",
        counts="message_hours",
        compared=True,
        section="retention",
        place=1,
    ),
    CostMetric(
        "model_leak",
        title="what the model file gives away",
        unit="that of the attack it was measured by",
        observer="F",
        formula="handed to compare_policies by model key; 0 for a policy that uses no model",
        compared=True,
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
        exact_counts=("found", "n_pattern"),
    ),
    CostMetric(
        "benign_messages_read",
        title="messages read per benign conversation",
        unit="messages read per benign conversation",
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
        formula="median over the patterns found of the message at which each was flagged",
        compared=True,
        section="retention",
        place=2,
        digits=1,
    ),
    CostMetric(
        "false_positive_rate",
        title="false positive rate",
        unit="benign conversations flagged / benign conversations",
        observer="H",
        formula="benign conversations flagged / benign conversations",
        exact_counts=("false_alarms", "n_benign"),
    ),
)
"""Every metric, in the order of the table of intervals."""

METRIC_BY_ID = {metric.id: metric for metric in COST_METRICS}


def metrics_of_section(section: str) -> list[CostMetric]:
    """The metrics of a section of the report, in column order."""
    return sorted(
        (metric for metric in COST_METRICS if metric.section == section), key=lambda metric: metric.place
    )
