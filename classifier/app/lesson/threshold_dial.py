"""Values of *The dial*: finds and false alarms of a threshold among a million people."""

from __future__ import annotations

from typing import Any

from classifier.app.axis_scale import Scale
from classifier.app.demo_data import Demo
from classifier.app.form_fields import FormFields, RequestError, quoted
from classifier.app.lesson.alert_queue import alarm_thresholds
from classifier.app.lesson.threshold_dial_figures import DialStep, shipped_dial
from classifier.app.number_formats import format_count, format_percent
from classifier.report.printed_tables import PrintedTable

PEOPLE = 1_000_000
DEFAULT_STEP = 5
ONE_IN = {"1000": "1 in 1,000", "10000": "1 in 10,000", "100000": "1 in 100,000"}
"""Supposed shares of people whose conversation is a pattern."""
DEFAULT_ONE_IN = "10000"
MAX_DOTS = 1000
"""Dots of the picture; beyond them only the number is given."""
DOTS_A_ROW = 50


def dial_view(demo: Demo, fields: FormFields) -> dict[str, Any]:
    """Step ``step`` of the dial, where one person ``one_in`` so many meets a pattern.

    Each person has one conversation.
    """
    figures = shipped_dial()
    numbers = [str(number) for number in range(1, len(figures.steps) + 1)]
    step = option_field(fields, "step", numbers, default=str(DEFAULT_STEP))
    one_in = option_field(fields, "one_in", list(ONE_IN), default=DEFAULT_ONE_IN)
    at = int(step) - 1
    people = [among_people(each, 1 / int(one_in)) for each in figures.steps]
    return {
        "step": step,
        "steps": {number: f"{each.threshold:g}" for number, each in zip(numbers, figures.steps, strict=True)},
        "one_in": one_in,
        "one_in_options": ONE_IN,
        "threshold": f"{figures.steps[at].threshold:g}",
        "people": PEOPLE,
        "now": people[at],
        "dots": _dots(people[at]),
        "chart": _chart(figures.steps, at),
        "table": _table(figures.steps, people),
        "facts": figures.facts,
        "thresholds": alarm_thresholds(demo),
        "is_loaded_model": figures.facts["model_sha256"] == demo.model.header["sha256"],
    }


def option_field(fields: FormFields, name: str, options: list[str], *, default: str) -> str:
    """A field that is set by buttons; another value is refused."""
    value = fields.get(name, default)
    if value not in options:
        raise RequestError(404, f"{name}: expected one of {', '.join(options)}, got {quoted(value)}.")
    return value


def among_people(step: DialStep, prevalence: float) -> dict[str, Any]:
    """What the step gives among ``PEOPLE``, as text, with 95 % intervals of the rates.

    ``per_find`` is the number of false alarms for each pattern found.
    """
    from classifier.evaluation.base_rates import ppv

    patterns, benign = PEOPLE * prevalence, PEOPLE * (1 - prevalence)
    recall, false_positive_rate = step.recall, step.false_positive_rate
    found, false_alarms = patterns * recall, benign * false_positive_rate
    recall_low, recall_high = step.recall_low, step.recall_high
    low, high = step.false_positive_rate_low, step.false_positive_rate_high
    return {
        "patterns": format_count(patterns),
        "found": format_count(found),
        "found_between": f"{format_count(patterns * recall_low)} to {format_count(patterns * recall_high)}",
        "missed": format_count(patterns - found),
        "false_alarms": format_count(false_alarms),
        "false_alarms_between": f"{format_count(benign * low)} to {format_count(benign * high)}",
        "per_find": false_alarms / found if found else float("inf"),
        "per_find_text": format_count(false_alarms / found if found else float("inf")),
        "ppv": format_percent(ppv(recall, false_positive_rate, prevalence)),
        "recall": format_percent(recall),
        "recall_counts": f"{step.found:,} of {step.n_pattern:,}",
        "false_positive_rate": format_percent(false_positive_rate),
        "false_alarm_counts": f"{step.false_alarms:,} of {step.n_benign:,}",
    }


def _dots(people: dict[str, Any]) -> dict[str, Any]:
    """A dot for the pattern found, and one for each false alarm that comes with it."""
    n = round(min(people["per_find"], MAX_DOTS))
    places = [(9 + 12 * (at % DOTS_A_ROW), 9 + 12 * (at // DOTS_A_ROW)) for at in range(n + 1)]
    return {
        "find": places[0],
        "alarms": places[1:],
        "height": 18 + 12 * (n // DOTS_A_ROW),
        "is_cut": people["per_find"] > MAX_DOTS,
        "n": n,
    }


def _chart(steps: tuple[DialStep, ...], at: int) -> dict[str, Any]:
    """Shares found and falsely flagged at each step; the step ``at`` stands out."""
    across, up = Scale(0.1, 0.9, 60, 540), Scale(0, 1, 220, 16)
    found = [(across.at(step.threshold), up.at(step.recall)) for step in steps]
    alarms = [(across.at(step.threshold), up.at(step.false_positive_rate)) for step in steps]
    return {
        "found": found,
        "alarms": alarms,
        "found_line": " ".join(f"{x},{y}" for x, y in found),
        "alarm_line": " ".join(f"{x},{y}" for x, y in alarms),
        "now": across.at(steps[at].threshold),
        "x_ticks": across.ticks([step.threshold for step in steps]),
        "y_ticks": [(up.at(share), f"{share:.0%}") for share in (0, 0.25, 0.5, 0.75, 1)],
    }


def _table(steps: tuple[DialStep, ...], people: list[dict[str, Any]]) -> PrintedTable:
    rows = [
        [
            f"{step.threshold:g}",
            f"{each['recall']} ({each['recall_counts']})",
            each["found"],
            each["missed"],
            f"{each['false_positive_rate']} ({each['false_alarm_counts']})",
            each["false_alarms"],
            each["per_find_text"],
        ]
        for step, each in zip(steps, people, strict=True)
    ]
    headings = [
        "alarm from score",
        "patterns found in the test",
        "found",
        "missed",
        "good conversations flagged in the test",
        "false alarms",
        "false alarms a find",
    ]
    return PrintedTable(headings, rows, [True] * len(headings))
