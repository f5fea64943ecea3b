"""One metric by which policies are compared, and who learns what it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OBSERVERS = {
    "H": "a person who is no party to the conversation: guardian, reviewer of the platform or authority",
    "C": "the company: its servers, and the reviewers of the platform",
    "D": "the person's own device",
    "R": "whoever reads first under the policy: the machine on the device, the server, or nobody",
    "A": "whoever is told: the user, or a person who is no party to the conversation",
    "F": "the holder of the model file",
    "-": "nobody",
}
"""Who comes to know what a metric counts."""

Need = Literal[
    "",
    "reading",
    "reading by the company",
    "reading on the device",
    "computing under encryption",
    "looking at metadata",
    "keeping",
    "showing text",
    "telling a person",
    "alerting",
]
"""Something a policy does or does not do; ``policy_facts.policy_does`` says which policies do."""

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
        The column of ``conversation_costs.COST_COLUMNS`` added up; "" for a metric that is no ratio of sums.
    per
        What the sum is divided by: "conversations" or "n_messages".
    scale
        Factor of the ratio.
    needs
        What a policy has to do for the value to be other than 0; "" where nothing makes it 0 for certain.
    compared
        Whether it is an axis of dominance. In ``points`` the axes stand before the other costs.
    margin
        How much worse still counts as no worse on this axis; what is better has to be better by more.
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
    needs: Need = ""
    compared: bool = False
    margin: float = 0.0
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
