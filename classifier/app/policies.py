"""What would a policy mean at a stated prevalence and volume? The third view: two policies side by side, and where they stand among all."""

from __future__ import annotations

import math
from typing import Any

from classifier.app.demo import Demo
from classifier.app.form import FormFields, RequestError, share, whole_number
from classifier.app.policy_figures import Point, Summary
from classifier.app.scale import Scale, powers_of_ten
from classifier.report.tables import PrintedTable

DEFAULTS = {"a": "device_alert_bit", "b": "server_metadata_trigger"}
DEFAULT_RATE = "0.01"
DEFAULT_PREVALENCE = 1e-4
DEFAULT_VOLUME = 1_000_000
MAX_VOLUME = 10**12
READ_BY = {"M": "a machine on the device", "S": "a machine on the server", "-": "nobody"}


def policies_view(demo: Demo, fields: FormFields) -> dict[str, Any]:
    """Policies ``a`` and ``b`` at the asked rates ``rate_a`` and ``rate_b``, at ``prevalence`` and ``volume`` conversations a day; nothing without figures."""
    if demo.summary is None:
        return {"summary": None}
    summary = demo.summary
    prevalence = share(fields, "prevalence", default=DEFAULT_PREVALENCE)
    if prevalence == 1:
        raise RequestError(
            400,
            "prevalence: at 1 every conversation would be a pattern, and nobody innocent; expected a number under 1.",
        )
    volume = whole_number(fields, "volume", low=1, high=MAX_VOLUME, default=DEFAULT_VOLUME)
    rates = sorted(
        {f"{point.asked_rate:g}" for point in summary.points if not math.isnan(point.asked_rate)}, key=float
    )
    sides = [_side(summary, fields, name, rates, prevalence, volume) for name in ("a", "b")]
    points = [(side["name"], side["point"]) for side in sides if side["point"]]
    return {
        "summary": summary,
        "rates": [(rate, f"{float(rate):.1%}") for rate in rates],
        "prevalence": f"{prevalence:g}",
        "volume": volume,
        "max_volume": MAX_VOLUME,
        "sides": sides,
        "table": _comparison(sides),
        "chart": _chart(summary, points),
        "frontier": _point_table(
            [point for point in sorted(summary.points, key=lambda point: point.step) if point.step]
        ),
        "everything": _point_table(list(summary.points)),
        "own_model": summary.facts.get("model_sha256") == demo.model.header["sha256"],
    }


def _side(
    summary: Summary, fields: FormFields, name: str, rates: list[str], prevalence: float, volume: int
) -> dict[str, Any]:
    """One chosen policy: its point and what it means, or the reason why it has none."""
    policies = list(summary.descriptions)
    policy = fields.get(name, DEFAULTS[name] if DEFAULTS[name] in policies else policies[0])
    rate = fields.get(f"rate_{name}", DEFAULT_RATE if DEFAULT_RATE in rates else (rates or [""])[0])
    for field, value, options in ((name, policy, policies), (f"rate_{name}", rate, rates)):
        if value not in options and options:
            raise RequestError(404, f"{field}: that is none of the choices. Choose one from the list.")
    at_all_rates = [point for point in summary.points if point.policy == policy]
    point = next(
        (point for point in at_all_rates if math.isnan(point.asked_rate) or f"{point.asked_rate:g}" == rate),
        None,
    )
    reason = (
        summary.skipped.get((policy, rate))
        or summary.skipped.get((policy, ""))
        or "it was not run at this rate"
    )
    return {
        "name": name.upper(),
        "field": name,
        "policy": policy,
        "rate": rate,
        "description": summary.descriptions[policy],
        "tuned": any(not math.isnan(each.asked_rate) for each in at_all_rates),
        "point": point,
        "reason": reason,
        "means": _means(point, prevalence, volume) if point else None,
        "in_words": _in_words(policy),
    }


def _in_words(policy: str) -> list[str]:
    """The plain-words account of a shipped policy; none of another's."""
    from classifier.privacy.policies.explain import explain_policy
    from classifier.privacy.policies.policy import shipped_policies

    return next(
        (explain_policy(known).split("\n")[1:] for known in shipped_policies() if known.name == policy), []
    )


def _means(point: Point, prevalence: float, volume: int) -> dict[str, Any]:
    """What the point's test rates would give among ``volume`` conversations a day, with bounds where the rates' own intervals give some."""
    from classifier.evaluation.baserates import base_rate_table
    from classifier.evaluation.rates import Rate

    rates = Rate(point.found, point.n_pattern), Rate(point.false_alarms, point.n_benign)
    table = base_rate_table(*rates, prevalences=[prevalence], volume=volume)
    benign = volume * (1 - prevalence)
    return {str(name): float(table[name].iloc[0]) for name in table} | {
        "benign": benign,
        "machine": benign * point.machine_read,
        "human_upper": benign * point.human_upper / 1e6,
    }


def _comparison(sides: list[dict[str, Any]]) -> PrintedTable:
    """The two sides, one figure a row."""
    rows = [
        [title, *(form(side["point"], side["means"]) if side["point"] else "no figures" for side in sides)]
        for title, form in _ROWS
    ]
    return PrintedTable(
        ["figure", *(f"{side['name']}: {side['policy'].replace('_', ' ')}" for side in sides)],
        rows,
        [False, True, True],
    )


def count(value: float) -> str:
    """A number of things a day: whole where it is large, with a digit or two where a whole number would say nothing.

    >>> count(1234567.8), count(3.21), count(0.0123), count(0), count(float("inf"))
    ('1,234,568', '3.2', '0.012', '0', 'no end of them')
    """
    if math.isnan(value):
        return "nan (0/0)"
    if math.isinf(value):
        return "no end of them"
    return f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.2g}"


def per_cent(value: float) -> str:
    """A share in per cent, its sign on the same line; nan as what it is.

    >>> [per_cent(value).split() for value in (0.0123, 0.00012, 0.5, float("nan"))]
    [['1.2', '%'], ['0.012', '%'], ['50.0', '%'], ['nan', '(0/0)']]
    """
    return (
        "nan (0/0)"
        if math.isnan(value)
        else f"{100 * value:{'.2g' if value < 0.1 else '.1f'}}\N{NO-BREAK SPACE}%"
    )


_ROWS: list[tuple[str, Any]] = [
    ("read first by", lambda point, means: READ_BY.get(point.read_by, point.read_by)),
    (
        "recall: patterns found, of those in the test set",
        lambda point, means: f"{per_cent(point.recall)} ({point.found:,}/{point.n_pattern:,})",
    ),
    (
        "its 95 % interval, by phrase family",
        lambda point, means: f"{per_cent(point.recall_low)} to {per_cent(point.recall_high)}",
    ),
    (
        "median messages before an alert, of patterns found",
        lambda point, means: "none found" if math.isnan(point.median_alert) else f"{point.median_alert:g}",
    ),
    ("innocent conversations a day", lambda point, means: count(means["benign"])),
    ("of them read by a machine (two people each)", lambda point, means: count(means["machine"])),
    ("of them put before a person", lambda point, means: count(means["false_alarms"])),
    ("and at most so many, at 95 %", lambda point, means: count(means["human_upper"])),
    (
        "people whose details a person could read, per 1,000 innocent conversations",
        lambda point, means: f"{point.people_exposed:.3g}",
    ),
    ("message-hours kept per innocent conversation", lambda point, means: f"{point.hours_kept:.3g}"),
    ("alerts a day", lambda point, means: count(means["alerts"])),
    ("true finds among them", lambda point, means: count(means["true_finds"])),
    (
        "share of alerts that are true (PPV)",
        lambda point, means: (
            per_cent(means["ppv"])
            if point.false_alarms
            else f"at least {per_cent(means['ppv_low'])}: no false alarm seen"
        ),
    ),
    (
        "its safe 95 % bounds",
        lambda point, means: f"{per_cent(means['ppv_low'])} to {per_cent(means['ppv_high'])}",
    ),
    ("false alarms for each true find", lambda point, means: count(means["false_alarms_per_true_find"])),
    ("standing among all policies, on all compared axes", lambda point, means: point.status),
]


def _chart(summary: Summary, points: list[tuple[str, Point]]) -> dict[str, Any]:
    """Every point at its human reads (log; at the upper bound, open, where none was seen) and its recall; the frontier's and the chosen ones told apart."""
    drawn = {point.point: point.human_per_million or point.human_upper for point in summary.points}
    low, high = min(drawn.values(), default=1), 1e6
    across, up = Scale(min(low, 1e5), high, 62, 640, log=True), Scale(0, 1, 300, 16)
    places = {
        point.point: (across.at(drawn[point.point]), up.at(point.recall))
        for point in summary.points
        if not math.isnan(point.recall)
    }
    return {
        "points": [
            {
                "x": places[point.point][0],
                "y": places[point.point][1],
                "name": point.point,
                "open": not point.false_alarms,
                "frontier": point.step > 0,
            }
            for point in summary.points
            if point.point in places
        ],
        "chosen": _ringed([(name, *places[point.point]) for name, point in points if point.point in places]),
        "line": " ".join(
            f"{x},{y}"
            for x, y in (
                places[point.point]
                for point in sorted(summary.points, key=lambda point: point.step)
                if point.step
            )
        ),
        "x_ticks": across.ticks(powers_of_ten(across.low, high)),
        "y_ticks": up.ticks([0, 0.25, 0.5, 0.75, 1]),
    }


def _ringed(chosen: list[tuple[str, float, float]]) -> list[dict[str, Any]]:
    """The chosen points; the name of the one on the left stands to its left, the other's to its right."""
    leftmost = min(chosen, key=lambda each: each[1], default=None)
    return [{"name": name, "x": x, "y": y, "on_left": (name, x, y) == leftmost} for name, x, y in chosen]


def _point_table(points: list[Point]) -> PrintedTable:
    rows = [
        [
            point.policy,
            "" if math.isnan(point.asked_rate) else f"{point.asked_rate:.1%}",
            per_cent(point.recall),
            count(point.human_per_million),
            count(point.human_upper),
            per_cent(point.machine_read),
            point.status,
        ]
        for point in points
    ]
    headings = [
        "policy",
        "asked rate",
        "recall",
        "innocent before a person, per million",
        "at most, at 95 %",
        "innocent read by a machine",
        "standing",
    ]
    return PrintedTable(headings, rows, [False, True, True, True, True, True, False])
