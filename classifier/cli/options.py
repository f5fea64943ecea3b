"""Click options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class FiniteRange(click.FloatRange):
    """A number in a range; nan and infinity are none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"expected a finite number, got {value!r}", param, ctx)
        return number


CORPUS = click.argument("corpus", type=click.Path(path_type=Path))

MODEL = click.option(
    "--model",
    "model_path",
    type=click.Path(path_type=Path),
    help="Model file. Default: the one scripts/run made, else the small one shipped.",
)

JOBS = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes. The result does not depend on their number.",
)

RESAMPLES = click.option(
    "--resamples",
    type=click.IntRange(min=20),
    default=1000,
    show_default=True,
    help="Bootstrap resamples of phrase families.",
)


def out_file(help_text: str) -> Decorator:
    """The option ``--out`` for a file to write."""
    return click.option(
        "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help=help_text
    )


def out_folder(help_text: str) -> Decorator:
    """The option ``--out`` for a folder to write."""
    return click.option(
        "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help=help_text
    )


def seed_of(what: str) -> Decorator:
    """The option ``--seed``, 0 unless given."""
    return click.option("--seed", type=int, default=0, show_default=True, help=f"Seed of {what}.")


def at_least(name: str, least: int, default: int, help_text: str) -> Decorator:
    """An option for a whole number from ``least`` on."""
    return click.option(
        name, type=click.IntRange(min=least), default=default, show_default=True, help=help_text
    )
