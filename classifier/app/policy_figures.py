"""Figures of a tradeoff run for the policy desk, read from JSON or CSV files.

``policy_figures.json`` in this folder is of the released corpus and the model of its train split;
``scripts/release/demo_points`` writes it.
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.errors import InputError
from classifier.privacy.tradeoff.cost_metric_table import METRIC_BY_ID

if TYPE_CHECKING:
    from classifier.evaluation.rates import Rate

SHIPPED_FIGURES = Path(__file__).parent / "policy_figures.json"
HUMAN_VIEW = METRIC_BY_ID["human_read_benign_per_million"].view
ABOUT = (
    "Figures of policies for the demo page's policy desk, all on synthetic conversations; no figure is a "
    "prevalence. Written by scripts/release/demo_points."
)

COLUMN_MEANINGS = {
    "point": "a policy at a threshold: its name, then @ and the asked false positive rate where there is one",
    "policy": "name of the policy",
    "asked_rate": (
        "false positive rate for which the threshold was chosen on validation; nan where nothing is tuned"
    ),
    "read_by": "who reads first: M the machine on the device, S the server, - nobody",
    "found": "test patterns flagged, of n_pattern",
    "n_pattern": "test patterns",
    "false_alarms": "benign test conversations flagged, of n_benign",
    "n_benign": "benign test conversations",
    "human_read": "of n_benign, those of which somebody who is no party to them was shown text",
    "human_alerted": "of n_benign, those of which somebody who is no party was told, with text or without",
    "recall_low": "lower end of the 95 % interval of recall",
    "recall_high": "upper end of it",
    "recall_effect": "how many times its variance is that of as many conversations that share no dialogue",
    "recall_df": "degrees of freedom of it",
    "alarms_effect": "the same of false_alarms of n_benign",
    "alarms_df": "degrees of freedom of it",
    "human_upper": ("one-sided 95 % upper bound of benign conversations put before a person, per million"),
    "machine_read": METRIC_BY_ID["machine_read_conversations"].title,
    "message_share": METRIC_BY_ID["machine_read_share"].title,
    "people_exposed": METRIC_BY_ID["pii_people_exposed_per_1000"].title,
    "hours_kept": METRIC_BY_ID["retained_message_hours"].title,
    "median_alert": "median messages before an alert, of the patterns found; nan where none was",
    "status": "frontier, dominated, ambiguous, assumed or not buildable, over all compared axes",
    "step": "place on the frontier of recall against human reads, from 1; 0 where it does not stand on it",
}
"""The columns of the JSON file, in order, and what they mean."""

_TRADEOFF_COLUMNS = {
    "human_upper": "human_read_benign_per_million_upper",
    "machine_read": "machine_read_conversations",
    "message_share": "machine_read_share",
    "people_exposed": "pii_people_exposed_per_1000",
    "hours_kept": "retained_message_hours",
    "median_alert": "median_messages_to_alert",
}
_EFFECTS = ("recall_effect", "recall_df", "alarms_effect", "alarms_df")
_COLUMNS_OF_OTHER_TABLES = ("recall_low", "recall_high", *_EFFECTS, "step")
_COLUMNS_OF_LATER_RUNS = ("human_read", "human_alerted")
"""In a run without them, every alert counts as put before a person."""
_INTEGER_COLUMNS = ("found", "n_pattern", "false_alarms", "n_benign", *_COLUMNS_OF_LATER_RUNS, "step")
_TEXT_COLUMNS = ("point", "policy", "read_by", "status")
KEPT_FACTS = (
    "corpus",
    "corpus_sha256",
    "model",
    "model_sha256",
    "split",
    "interval",
    "threshold_rule",
    "set_aside",
)
"""Facts of a run that are kept."""


@dataclass(frozen=True)
class PolicyFigures:
    """The figures of one operating point: a policy at a threshold.

    ``COLUMN_MEANINGS`` says what each number is.
    """

    point: str
    policy: str
    asked_rate: float
    read_by: str
    found: int
    n_pattern: int
    false_alarms: int
    n_benign: int
    human_read: int
    human_alerted: int
    recall_low: float
    recall_high: float
    recall_effect: float
    recall_df: float
    alarms_effect: float
    alarms_df: float
    human_upper: float
    machine_read: float
    message_share: float
    people_exposed: float
    hours_kept: float
    median_alert: float
    status: str
    step: int

    @property
    def rates(self) -> tuple[Rate, Rate]:
        """Recall and false positive rate, with what shared dialogues do to their bounds."""
        from classifier.evaluation.rates import Rate

        return (
            Rate(self.found, self.n_pattern, self.recall_effect, self.recall_df),
            Rate(self.false_alarms, self.n_benign, self.alarms_effect, self.alarms_df),
        )

    @property
    def recall(self) -> float:
        """Share of patterns found; nan at 0/0."""
        return self.found / self.n_pattern if self.n_pattern else math.nan

    @property
    def human_per_million(self) -> float:
        """Benign conversations of which a person read text, per million benign ones; nan at 0/0."""
        return 1e6 * self.human_read / self.n_benign if self.n_benign else math.nan

    @property
    def alarms_per_million(self) -> float:
        """Benign conversations flagged to anybody, the user included, per million; nan at 0/0."""
        return 1e6 * self.false_alarms / self.n_benign if self.n_benign else math.nan

    @property
    def rate_text(self) -> str:
        """The asked rate as in a form field, such as ``0.01``; "" where nothing is tuned."""
        return "" if math.isnan(self.asked_rate) else f"{self.asked_rate:g}"


@dataclass(frozen=True)
class PolicySummary:
    """The figures of all policies of a run.

    Parameters
    ----------
    facts
        Facts of the run, by name.
    descriptions
        Descriptions of the policies, by name.
    titles
        Titles of the policies in plain words, by name, where they have one.
    points
        Figures of the operating points.
    skipped
        Reason for leaving out a policy at a rate, by both; the rate "" means all rates.
    """

    facts: dict[str, str]
    descriptions: dict[str, str]
    points: tuple[PolicyFigures, ...]
    skipped: dict[tuple[str, str], str]
    titles: dict[str, str] = field(default_factory=dict)

    def title(self, policy: str) -> str:
        """The policy in plain words: its title, else its name without underscores."""
        return self.titles.get(policy) or policy.replace("_", " ")

    @property
    def tells_reading_apart(self) -> bool:
        """Whether an alert without text is counted apart from text that is read."""
        return any(point.human_read != point.false_alarms for point in self.points)

    @property
    def frontier(self) -> list[PolicyFigures]:
        """The points on the frontier of recall against human reads, by rising recall."""
        return sorted((point for point in self.points if point.step), key=lambda point: point.step)


def read_policy_summary(path: Path | None) -> PolicySummary | None:
    """The summary in a JSON file, or that of a folder that ``tradeoff`` wrote.

    Without a path it is the one that comes with the package, or None where that is missing. Raises
    ``InputError`` when the path holds neither.
    """
    if path is None and not SHIPPED_FIGURES.is_file():
        return None
    place = path or SHIPPED_FIGURES
    try:
        return _from_folder(place) if place.is_dir() else _from_json(place)
    except OSError as error:
        raise InputError(
            f"{place}: no whole tradeoff there ({error.strerror}: {error.filename}); "
            "'grooming-classifier tradeoff CORPUS --out FOLDER' writes one"
        ) from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"{place}: not the figures of a tradeoff of this version ({error}); "
            "run 'grooming-classifier tradeoff' again"
        ) from None


def summary_as_json(summary: PolicySummary) -> bytes:
    """The summary as the bytes of a JSON file, with one line a point.

    The same summary gives the same bytes.
    """
    rows = [[_json_value(value) for value in asdict(point).values()] for point in summary.points]
    lines = ",\n  ".join(json.dumps(row, separators=(",", ":"), allow_nan=False) for row in rows)
    head = {
        "about": ABOUT,
        "facts": summary.facts,
        "descriptions": summary.descriptions,
        **({"titles": summary.titles} if summary.titles else {}),
        "skipped": [[policy, rate, reason] for (policy, rate), reason in summary.skipped.items()],
        "columns": COLUMN_MEANINGS,
    }
    opened = json.dumps(head, indent=1).removesuffix("\n}")
    return f'{opened},\n "points": [\n  {lines}\n ]\n}}\n'.encode()


def _json_value(value: Any) -> Any:
    """A value for JSON: null for nan, "inf" for infinite, six significant digits."""
    if not isinstance(value, float):
        return value
    if math.isnan(value):
        return None
    return "inf" if math.isinf(value) else float(f"{value:.6g}")


def _from_json(path: Path) -> PolicySummary:
    content = json.loads(path.read_text(encoding="utf-8"))
    names = [each.name for each in fields(PolicyFigures)]
    if list(content["columns"]) != names:
        raise ValueError("other columns")
    points = tuple(_figures(dict(zip(names, row, strict=True))) for row in content["points"])
    skipped = {(policy, rate): reason for policy, rate, reason in content["skipped"]}
    titles = content.get("titles", {})
    return PolicySummary(content["facts"], content["descriptions"], points, skipped, titles)


def _from_folder(folder: Path) -> PolicySummary:
    facts = json.loads((folder / "tradeoff.json").read_text(encoding="utf-8"))["facts"]
    rows = _rows(folder / "points.csv")
    bounds = {(row["metric"], row["point"]): row for row in _rows(folder / "intervals.csv")}
    steps = _frontier_steps(_rows(folder / "exchange.csv"))
    points = []
    for row in rows:
        point = row["point"]
        own = [name for name in COLUMN_MEANINGS if name not in _COLUMNS_OF_OTHER_TABLES]
        row = dict.fromkeys(_COLUMNS_OF_LATER_RUNS, row["false_alarms"]) | row
        values: dict[str, Any] = {name: row[_TRADEOFF_COLUMNS.get(name, name)] for name in own}
        values |= {
            "recall_low": bounds["recall", point]["low"],
            "recall_high": bounds["recall", point]["high"],
            "recall_effect": bounds["recall", point]["design_effect"],
            "recall_df": bounds["recall", point]["df"],
            "alarms_effect": bounds["false_positive_rate", point]["design_effect"],
            "alarms_df": bounds["false_positive_rate", point]["df"],
            "step": steps.get(point, 0),
        }
        points.append(_figures(values))
    skipped = {
        (row["policy"], _rate_text(row["asked_rate"])): row["reason"] for row in _rows(folder / "skipped.csv")
    }
    return PolicySummary(
        facts={name: str(facts[name]) for name in KEPT_FACTS if name in facts},
        descriptions={row["policy"]: row["description"] for row in rows},
        points=tuple(points),
        skipped=skipped,
        titles={row["policy"]: row["title"] for row in rows if row.get("title")},
    )


def _frontier_steps(exchange: list[dict[str, str]]) -> dict[str, int]:
    """The place of each point on the frontier against human reads, from 1."""
    steps = [row for row in exchange if row["view"] == HUMAN_VIEW]
    points = dict.fromkeys(name for row in steps for name in (row["from_point"], row["to_point"]))
    return {point: number for number, point in enumerate(points, start=1)}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _rate_text(rate: str) -> str:
    return "" if rate in ("", "nan") else f"{float(rate):g}"


def _figures(values: dict[str, Any]) -> PolicyFigures:
    return PolicyFigures(**{name: _typed(name, values[name]) for name in COLUMN_MEANINGS})


def _typed(name: str, value: Any) -> Any:
    if name in _TEXT_COLUMNS:
        return str(value)
    if name in _INTEGER_COLUMNS:
        return int(float(value))
    return math.nan if value in ("", None) else float(value)
