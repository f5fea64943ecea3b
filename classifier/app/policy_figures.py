"""What does each policy find, and what does it cost? The figures of a ``tradeoff`` run that the policy desk needs, in one file or read from the run's folder.

The file ``points.json`` in this folder is such a summary of the released corpus and the shipped model; ``scripts/release/demo_points`` writes it.
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from classifier.errors import InputError

SHIPPED = Path(__file__).parent / "policy_figures.json"
HUMAN_VIEW = "recall against human reads"

MEANING = {
    "point": "a policy at a threshold: its name, then @ and the asked false positive rate where there is one",
    "policy": "name of the policy",
    "asked_rate": "false positive rate for which the threshold was chosen on validation; nan where nothing is tuned",
    "read_by": "who reads first: M the machine on the device, S the server, - nobody",
    "found": "test patterns flagged, of n_pattern",
    "n_pattern": "test patterns",
    "false_alarms": "innocent test conversations flagged, of n_benign",
    "n_benign": "innocent test conversations",
    "recall_low": "lower end of the 95 % interval of recall, resampled by phrase family",
    "recall_high": "upper end of it",
    "human_upper": "one-sided 95 % Clopper-Pearson upper bound of innocent conversations put before a person, per million",
    "machine_read": "share of innocent conversations with a message read by a machine, or by a person",
    "message_share": "share of innocent messages read",
    "people_exposed": "people whose personal details a person could read, per 1,000 innocent conversations",
    "hours_kept": "message-hours kept per innocent conversation",
    "median_alert": "median messages before an alert, of the patterns found; nan where none was",
    "status": "frontier, dominated, ambiguous, assumed or not buildable, over all compared axes",
    "step": "place on the frontier of recall against human reads, from 1; 0 where it does not stand on it",
}
"""The columns of the summary file, in order, and what they mean."""

_FROM_TRADEOFF = {
    "human_upper": "human_read_benign_per_million_upper",
    "machine_read": "machine_read_conversations",
    "message_share": "machine_read_share",
    "people_exposed": "pii_people_exposed_per_1000",
    "hours_kept": "retained_message_hours",
    "median_alert": "median_messages_to_alert",
}
_COUNTS = ("found", "n_pattern", "false_alarms", "n_benign", "step")
_WORDS = ("point", "policy", "read_by", "status")
FACTS = (
    "corpus",
    "corpus_sha256",
    "model",
    "model_sha256",
    "split",
    "interval",
    "threshold_rule",
    "set_aside",
)
"""What is kept of the facts of a run."""


@dataclass(frozen=True)
class Point:
    """One policy at one threshold; ``MEANING`` says what each number is."""

    point: str
    policy: str
    asked_rate: float
    read_by: str
    found: int
    n_pattern: int
    false_alarms: int
    n_benign: int
    recall_low: float
    recall_high: float
    human_upper: float
    machine_read: float
    message_share: float
    people_exposed: float
    hours_kept: float
    median_alert: float
    status: str
    step: int

    @property
    def recall(self) -> float:
        """Share of patterns found; nan at 0/0."""
        return self.found / self.n_pattern if self.n_pattern else math.nan

    @property
    def human_per_million(self) -> float:
        """Innocent conversations put before a person, per million innocent ones; nan at 0/0."""
        return 1e6 * self.false_alarms / self.n_benign if self.n_benign else math.nan


@dataclass(frozen=True)
class Summary:
    """``facts`` of the run, each policy's ``descriptions``, the ``points``, and why a policy was ``skipped`` at a rate ("" for all rates)."""

    facts: dict[str, str]
    descriptions: dict[str, str]
    points: tuple[Point, ...]
    skipped: dict[tuple[str, str], str]


def read_summary(path: Path | None) -> Summary | None:
    """The summary in a file, or of the folder of a ``tradeoff`` run; without a path, the one that comes with the package, or None where that is missing.

    Raises ``InputError`` for what is neither.
    """
    if path is None and not SHIPPED.is_file():
        return None
    place = path or SHIPPED
    try:
        return _of_folder(place) if place.is_dir() else _of_file(place)
    except OSError as error:
        raise InputError(
            f"{place}: no whole tradeoff there ({error.strerror}: {error.filename}); 'grooming-classifier tradeoff CORPUS --out FOLDER' writes one"
        ) from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"{place}: not the figures of a tradeoff of this version ({error}); run 'grooming-classifier tradeoff' again"
        ) from None


def packed(summary: Summary) -> bytes:
    """The summary as the bytes of one JSON file: what its columns mean, then one short row a point. Same summary, same bytes."""
    rows = [[_plain(value) for value in asdict(point).values()] for point in summary.points]
    lines = ",\n  ".join(json.dumps(row, separators=(",", ":"), allow_nan=False) for row in rows)
    head = {
        "about": "Figures of policies for the demo page's policy desk, all on synthetic conversations; no figure is a prevalence. Written by scripts/release/demo_points.",
        "facts": summary.facts,
        "descriptions": summary.descriptions,
        "skipped": [[policy, rate, reason] for (policy, rate), reason in summary.skipped.items()],
        "columns": MEANING,
    }
    return (json.dumps(head, indent=1)[:-2] + f',\n "points": [\n  {lines}\n ]\n}}\n').encode("utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else "inf" if math.isinf(value) else float(f"{value:.6g}")
    return value


def _of_file(path: Path) -> Summary:
    content = json.loads(path.read_text(encoding="utf-8"))
    names = [field.name for field in fields(Point)]
    if list(content["columns"]) != names:
        raise ValueError("other columns")
    points = tuple(_point(dict(zip(names, row, strict=True))) for row in content["points"])
    return Summary(
        content["facts"],
        content["descriptions"],
        points,
        {(policy, rate): reason for policy, rate, reason in content["skipped"]},
    )


def _of_folder(folder: Path) -> Summary:
    facts = json.loads((folder / "tradeoff.json").read_text(encoding="utf-8"))["facts"]
    rows = _rows(folder / "points.csv")
    recall = {row["point"]: row for row in _rows(folder / "intervals.csv") if row["metric"] == "recall"}
    steps = [row for row in _rows(folder / "exchange.csv") if row["view"] == HUMAN_VIEW]
    step_of = {
        name: number
        for number, name in enumerate(
            dict.fromkeys(name for row in steps for name in (row["from_point"], row["to_point"])), start=1
        )
    }
    points = tuple(
        _point(
            {
                name: row[_FROM_TRADEOFF.get(name, name)]
                for name in MEANING
                if name not in ("recall_low", "recall_high", "step")
            }
            | {
                "recall_low": recall[row["point"]]["low"],
                "recall_high": recall[row["point"]]["high"],
                "step": step_of.get(row["point"], 0),
            }
        )
        for row in rows
    )
    return Summary(
        facts={name: str(facts[name]) for name in FACTS if name in facts},
        descriptions={row["policy"]: row["description"] for row in rows},
        points=points,
        skipped={
            (row["policy"], _rate(row["asked_rate"])): row["reason"] for row in _rows(folder / "skipped.csv")
        },
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _rate(text: str) -> str:
    return f"{float(text):g}" if text not in ("", "nan") else ""


def _point(values: dict[str, Any]) -> Point:
    def typed(name: str) -> Any:
        value = values[name]
        if name in _WORDS:
            return str(value)
        return int(float(value)) if name in _COUNTS else math.nan if value in ("", None) else float(value)

    return Point(**{name: typed(name) for name in MEANING})
