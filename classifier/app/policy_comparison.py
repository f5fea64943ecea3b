"""Values of *Who reads?*: two policies side by side, and the frontier of all."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from classifier.app.axis_scale import Scale, powers_of_ten
from classifier.app.demo_data import Demo
from classifier.app.form_fields import (
    FormFields,
    RequestError,
    checked_field,
    integer_field,
    share_field,
    typed_text,
)
from classifier.app.lesson.alert_queue import alarm_thresholds
from classifier.app.lesson.guessed_score import featured_conversations
from classifier.app.number_formats import format_count, format_percent
from classifier.app.policy_figures import PolicyFigures, PolicySummary
from classifier.app.reviewer_view import reviewer_values, runnable_policies
from classifier.privacy.tradeoff.cost_metric_table import METRIC_BY_ID
from classifier.report.printed_tables import PrintedTable

ARGUED = (
    "full_server_scan",
    "server_metadata_trigger",
    "user_report_only",
    "device_tells_user",
    "device_tells_guardian",
    "device_redacted_excerpt",
    "device_aggregate_only",
    "first_contact",
)
"""Policies that people argue about: first in the list, and all that a page without a form offers."""
DEFAULT_POLICIES = {"a": "full_server_scan", "b": "device_tells_user"}
DEFAULT_RATE = "0.01"
DEFAULT_PREVALENCE = 1e-4
DEFAULT_VOLUME = 1_000_000
MAX_VOLUME = 10**12
READERS = {"M": "a machine on the device", "S": "a machine on the server", "-": "nobody"}

DailyFigures = dict[str, float]
"""Expected figures of a day, by name."""


def policies_view(demo: Demo, fields: FormFields) -> dict[str, Any]:
    """Policies ``a`` and ``b`` side by side, and all policies on a chart.

    The fields ``rate_a`` and ``rate_b`` are asked false positive rates, ``prevalence`` is a share in (0, 1),
    ``volume`` a number of conversations a day, and ``id`` a conversation; what a person sees of it is shown.
    Without figures there is nothing to show.
    """
    summary = demo.policy_summary
    if summary is None:
        return {"summary": None}
    errors: dict[str, str] = {}
    prevalence = checked_field(
        prevalence_field, fields, "prevalence", default=DEFAULT_PREVALENCE, errors=errors
    )
    volume = checked_field(
        integer_field, fields, "volume", default=DEFAULT_VOLUME, errors=errors, low=1, high=MAX_VOLUME
    )
    featured = featured_conversations(demo)
    shown = fields.get("id", "")
    shown = shown if shown in featured else list(featured)[-1]
    rates = sorted({point.rate_text for point in summary.points if point.rate_text}, key=float)
    sides = [_side(summary, fields, field, rates, prevalence, volume) for field in ("a", "b")]
    for side in sides:
        side["seen"] = _seen(demo, side["policy"], shown)
    chosen = [(side["name"], side["point"]) for side in sides if side["point"]]
    return {
        "errors": errors,
        "summary": summary,
        "offered": {name: summary.title(name) for name in ARGUED if name in summary.descriptions},
        "policy_order": policy_order(summary),
        "thresholds": alarm_thresholds(demo),
        "featured": featured,
        "shown": shown,
        "rates": [(rate, f"{float(rate):.1%}") for rate in rates],
        "prevalence": typed_text(fields, "prevalence", f"{DEFAULT_PREVALENCE:g}"),
        "prevalence_used": f"{prevalence:g}",
        "volume": typed_text(fields, "volume", DEFAULT_VOLUME),
        "volume_used": volume,
        "max_volume": MAX_VOLUME,
        "sides": sides,
        "table": _comparison_table(sides),
        "chart": _chart(summary, chosen),
        "frontier": _point_table(summary.frontier),
        "all_points": _point_table(list(summary.points)),
        "is_loaded_model": summary.facts.get("model_sha256") == demo.model.header["sha256"],
    }


def policy_order(summary: PolicySummary) -> list[str]:
    """Names of all policies, those that people argue about first."""
    argued = [name for name in ARGUED if name in summary.descriptions]
    return argued + [name for name in summary.descriptions if name not in argued]


def prevalence_field(fields: FormFields, name: str, *, default: float) -> float:
    """A field that is a share over 0 and under 1."""
    share = share_field(fields, name, default=default)
    if share == 1:
        raise RequestError(
            400, "expected a number under 1, got 1; then every conversation would be a pattern."
        )
    return share


def _seen(demo: Demo, policy: str, id_: str) -> dict[str, Any] | None:
    """What the policy shows a person of a whole conversation; None where it needs another model."""
    policies = runnable_policies()
    if policy not in policies:
        return None
    scored = demo.scored_conversations[id_]
    n = len(scored.scores)
    return {"n": n, "rule": policies[policy], **reviewer_values(demo, scored, n, policies[policy])}


def _side(
    summary: PolicySummary, fields: FormFields, field: str, rates: list[str], prevalence: float, volume: int
) -> dict[str, Any]:
    """One chosen policy: its figures, or the reason for having none."""
    policies = list(summary.descriptions)
    default_policy = DEFAULT_POLICIES[field]
    policy = fields.get(field, default_policy if default_policy in policies else policies[0])
    default_rate = DEFAULT_RATE if DEFAULT_RATE in rates else (rates or [""])[0]
    rate = fields.get(f"rate_{field}", default_rate)
    for name, value, options in ((field, policy, policies), (f"rate_{field}", rate, rates)):
        if value not in options and options:
            raise RequestError(404, f"{name}: that is none of the choices. Choose one from the list.")
    of_policy = [point for point in summary.points if point.policy == policy]
    point = next((point for point in of_policy if point.rate_text in ("", rate)), None)
    skipped = summary.skipped.get((policy, rate)) or summary.skipped.get((policy, ""))
    return {
        "name": field.upper(),
        "field": field,
        "policy": policy,
        "title": summary.title(policy),
        "rate": rate,
        "description": summary.descriptions[policy],
        "tuned": any(point.rate_text for point in of_policy),
        "point": point,
        "reason": skipped or "it was not run at this rate",
        "per_day": _figures_per_day(point, prevalence, volume) if point else None,
        "in_words": _policy_in_words(policy),
    }


def _policy_in_words(policy: str) -> list[str]:
    """The description of a shipped policy in plain words; nothing for another policy."""
    from classifier.privacy.policies.policy import shipped_policies
    from classifier.privacy.policies.policy_explanation import explain_policy

    for shipped in shipped_policies():
        if shipped.name == policy:
            return explain_policy(shipped).split("\n")[1:]
    return []


def _figures_per_day(point: PolicyFigures, prevalence: float, volume: int) -> DailyFigures:
    """What the point's test rates give among ``volume`` conversations a day.

    Bounds are given where the rates have intervals.
    """
    from classifier.evaluation.base_rates import base_rate_table

    table = base_rate_table(*point.rates, prevalences=[prevalence], volume=volume)
    n_benign = volume * (1 - prevalence)
    return {str(name): float(table[name].iloc[0]) for name in table} | {
        "benign": n_benign,
        "machine": n_benign * point.machine_read,
        "told": n_benign * fraction(point.human_alerted, point.n_benign),
        "human": n_benign * point.human_per_million / 1e6,
        "human_upper": n_benign * point.human_upper / 1e6,
    }


def fraction(hits: int, n: int) -> float:
    """``hits / n``; nan at 0/0."""
    return hits / n if n else math.nan


def _comparison_table(sides: list[dict[str, Any]]) -> PrintedTable:
    """The figures of the two sides, one figure a row."""
    rows = []
    for title, cell in COMPARED_FIGURES:
        cells = [cell(side["point"], side["per_day"]) if side["point"] else "no figures" for side in sides]
        rows.append([title, *cells])
    headings = ["figure", *(f"{side['name']}: {side['title']}" for side in sides)]
    return PrintedTable(headings, rows, [False, True, True])


def _recall_text(point: PolicyFigures, per_day: DailyFigures) -> str:
    return f"{format_percent(point.recall)} ({point.found:,}/{point.n_pattern:,})"


def _recall_interval_text(point: PolicyFigures, per_day: DailyFigures) -> str:
    return f"{format_percent(point.recall_low)} to {format_percent(point.recall_high)}"


def _median_alert_text(point: PolicyFigures, per_day: DailyFigures) -> str:
    return "none found" if math.isnan(point.median_alert) else f"{point.median_alert:g}"


def _ppv_text(point: PolicyFigures, per_day: DailyFigures) -> str:
    if point.false_alarms:
        return format_percent(per_day["ppv"])
    return f"at least {format_percent(per_day['ppv_low'])}: no false alarm seen"


def _ppv_interval_text(point: PolicyFigures, per_day: DailyFigures) -> str:
    return f"{format_percent(per_day['ppv_low'])} to {format_percent(per_day['ppv_high'])}"


COMPARED_FIGURES: list[tuple[str, Callable[[PolicyFigures, DailyFigures], str]]] = [
    ("read first by", lambda point, per_day: READERS.get(point.read_by, point.read_by)),
    ("recall: patterns found, of those in the test set", _recall_text),
    ("its 95 % interval", _recall_interval_text),
    ("median messages before an alert, of patterns found", _median_alert_text),
    ("benign conversations a day", lambda point, per_day: format_count(per_day["benign"])),
    (
        "of them read by a machine (two people each)",
        lambda point, per_day: format_count(per_day["machine"]),
    ),
    ("of them flagged to anybody", lambda point, per_day: format_count(per_day["false_alarms"])),
    ("of them a person is told about", lambda point, per_day: format_count(per_day["told"])),
    ("of them a person reads from", lambda point, per_day: format_count(per_day["human"])),
    ("and at most so many, at 95 %", lambda point, per_day: format_count(per_day["human_upper"])),
    (
        "people whose details a person could read, per 1,000 benign conversations",
        lambda point, per_day: f"{point.people_exposed:.3g}",
    ),
    (METRIC_BY_ID["retained_message_hours"].title, lambda point, per_day: format_count(point.hours_kept)),
    ("alerts a day", lambda point, per_day: format_count(per_day["alerts"])),
    ("true finds among them", lambda point, per_day: format_count(per_day["true_finds"])),
    ("share of alerts that are true (PPV)", _ppv_text),
    ("its safe 95 % bounds", _ppv_interval_text),
    (
        "false alarms for each true find",
        lambda point, per_day: format_count(per_day["false_alarms_per_true_find"]),
    ),
    ("standing among all policies, on all compared axes", lambda point, per_day: point.status),
]
"""Titles and cells of the comparison, from the figures of a point and those of a day."""


def _chart(summary: PolicySummary, chosen: list[tuple[str, PolicyFigures]]) -> dict[str, Any]:
    """Every point at its human reads (log scale) and its recall.

    The chosen points and the frontier are marked. A point without human reads stands at its upper bound, as
    an open marker.
    """
    human_reads = {point.point: point.human_per_million or point.human_upper for point in summary.points}
    # A policy that cannot show text stands at 0, which a log scale puts at its left end.
    lowest, highest = min(filter(None, human_reads.values()), default=1), 1e6
    across, up = Scale(min(lowest, 1e5), highest, 62, 640, log=True), Scale(0, 1, 300, 16)
    places = {
        point.point: (across.at(human_reads[point.point]), up.at(point.recall))
        for point in summary.points
        if not math.isnan(point.recall)
    }
    markers = [
        {
            "x": places[point.point][0],
            "y": places[point.point][1],
            "name": point.point,
            "open": not point.human_read,
            "frontier": point.step > 0,
        }
        for point in summary.points
        if point.point in places
    ]
    line = [places[point.point] for point in summary.frontier]
    return {
        "points": markers,
        "chosen": _chosen_marks(
            [(name, *places[point.point]) for name, point in chosen if point.point in places]
        ),
        "line": " ".join(f"{x},{y}" for x, y in line),
        "x_ticks": across.ticks(powers_of_ten(across.low, highest)),
        "y_ticks": up.ticks([0, 0.25, 0.5, 0.75, 1]),
    }


def _chosen_marks(chosen: list[tuple[str, float, float]]) -> list[dict[str, Any]]:
    """Names and places of the chosen points; the leftmost has its name on its left."""
    leftmost = min(chosen, key=lambda mark: mark[1], default=None)
    return [{"name": name, "x": x, "y": y, "on_left": (name, x, y) == leftmost} for name, x, y in chosen]


def _point_table(points: list[PolicyFigures]) -> PrintedTable:
    rows = [
        [
            point.policy,
            f"{point.asked_rate:.1%}" if point.rate_text else "",
            format_percent(point.recall),
            format_count(point.human_per_million),
            format_count(point.human_upper),
            format_percent(point.machine_read),
            point.status,
        ]
        for point in points
    ]
    headings = [
        "policy",
        "asked rate",
        "recall",
        "benign read by a person, per million",
        "at most, at 95 %",
        "benign read by a machine",
        "standing",
    ]
    return PrintedTable(headings, rows, [False, True, True, True, True, True, False])
