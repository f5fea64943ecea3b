"""Tables that stand beside a comparison: assumptions swept, review, groups, releases."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from classifier.errors import InputError
from classifier.privacy.message_streams import Stream
from classifier.privacy.tradeoff.frontier import Frontier
from classifier.privacy.tradeoff.questions.alert_review import Reviewer, Sliders, review_table
from classifier.privacy.tradeoff.questions.assumption_sweeps import break_even_table, sweep_table
from classifier.privacy.tradeoff.questions.rates_by_group import (
    account_table,
    description_table,
    gap_table,
    group_table,
    own_text_table,
)
from classifier.privacy.tradeoff.questions.released_data import released_table
from classifier.privacy.tradeoff.questions.threshold_prices import threshold_prices
from classifier.records import Conversation
from classifier.report.tradeoff.printed_points import shown_points

REVIEW_VOLUME = 1_000_000
"""Conversations for which a review is worked out."""


def question_tables(
    frontier: Frontier,
    conversations: Sequence[Conversation],
    streams: Sequence[Stream],
    *,
    reviewer: Reviewer,
    sliders: Sliders,
    prevalences: Sequence[float],
    n_resamples: int,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """Tables by name, as ``evaluation.saved_results.Evaluation`` takes them.

    Each name is that of a function of ``privacy.tradeoff.questions``, without its "_table". One point stands
    for each policy (``printed_points.shown_points``); ``prices`` are of all points, ``review`` is of
    those that tell a person.

    Parameters
    ----------
    conversations, streams
        Those of test, in one order.
    """
    shown = shown_points(frontier.points)
    names = shown["point"].tolist()
    by_name = {point.name: point for point in frontier.operating_points}
    points = [by_name[name] for name in names]
    descriptions = description_table(conversations)
    draws: dict[str, Any] = {"n_resamples": n_resamples, "seed": seed}
    return {
        "break_even": break_even_table(points, **draws),
        "sweep": sweep_table(points, **draws),
        "prices": threshold_prices(frontier.operating_points, prevalences=prevalences, **draws),
        "review": review_table(
            shown[[point.policy.tells_a_human for point in points]],
            [point.policy.shows_text for point in points if point.policy.tells_a_human],
            prevalences=prevalences,
            conversations=REVIEW_VOLUME,
            reviewer=reviewer,
            sliders=sliders,
        ),
        "groups": group_table(points, descriptions, **draws),
        "gaps": gap_table(points, descriptions, **draws),
        "own_text": own_text_table(points, descriptions, **draws),
        "accounts": account_table(points, descriptions),
        "released": released_table(
            names, [point.policy for point in points], [point.costs for point in points], streams
        ),
    }


def parsed_assumptions(texts: Sequence[str]) -> tuple[Reviewer, Sliders]:
    """Reviewer and sliders, with the fields that ``name=number`` texts change.

    Raises ``InputError`` for an unknown name, what is no number, and a number out of range.

    >>> parsed_assumptions(["evasion=0.2", "minutes_per_item=3"])[1].evasion
    0.2
    """
    fields = {kind: [field.name for field in dataclasses.fields(kind)] for kind in (Reviewer, Sliders)}
    values: dict[type, dict[str, float]] = {kind: {} for kind in fields}
    for text in texts:
        name, _, number = text.partition("=")
        kind = next((kind for kind, names in fields.items() if name.strip() in names), None)
        if kind is None:
            known = ", ".join(name for names in fields.values() for name in names)
            raise InputError(f"--assume {text!r}: no such assumption, expected one of {known}")
        try:
            values[kind][name.strip()] = float(number)
        except ValueError:
            raise InputError(f"--assume {text!r}: must be written as name=number") from None
    try:
        return Reviewer(**values[Reviewer]), Sliders(**values[Sliders])
    except ValueError as error:
        raise InputError(f"--assume: {error}") from None


def assumption_facts(reviewer: Reviewer, sliders: Sliders) -> dict[str, Any]:
    """The assumed numbers, as facts of the report."""
    return {"reviewer": asdict(reviewer), "sliders": asdict(sliders)}
