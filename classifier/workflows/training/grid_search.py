"""Message models of many combinations of options, measured on validation messages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from classifier.errors import InputError
from classifier.evaluation.message_metrics import macro_average_precision
from classifier.model.message.features import DEFAULT_OPTIONS, RANGE_OPTIONS
from classifier.model.message.stage_classifier import fit_message_model, predict_messages
from classifier.progress import ProgressBar, no_progress_bar
from classifier.readers.checked_values import shown
from classifier.readers.toml_files import read_toml
from classifier.taxonomy import STAGES
from classifier.workflows.training.training_options import recipe_text, recipe_value

Options = dict[str, Any]
"""Options of ``StageClassifier``, by name."""


def read_grid(path: Path) -> dict[str, list[Any]]:
    """The values to try of each option in a TOML file.

    Raises ``InputError`` naming file and key for an unknown option, an empty list, a value that cannot
    be, or one that stands twice.
    """
    content = read_toml(path)
    if not content:
        raise InputError(f"{path}: names no option; expected lists of some of {', '.join(DEFAULT_OPTIONS)}")
    return {key: _checked_values(path, key, written) for key, written in content.items()}


def _checked_values(path: Path, key: str, written: object) -> list[Any]:
    where = f"{path}: {shown(key)}"
    if key in DEFAULT_OPTIONS and (not isinstance(written, list) or not written):
        raise InputError(
            f"{where}: expected a list of one or more values, got {shown(repr(written), most=60)}"
        )
    values: list[Any] = []
    for value in written if isinstance(written, list) and written else [written]:
        try:
            read = recipe_value(key, value)
        except ValueError as error:
            raise InputError(f"{where}: {error}") from None
        if read in values:
            raise InputError(f"{where}: {recipe_text(read)} stands twice")
        values.append(read)
    return values


def combinations(grid: Mapping[str, Sequence[Any]], fixed: Options) -> list[Options]:
    """Every combination of the values of ``grid``, with the other options as in ``fixed``.

    The last option changes fastest. One that leaves out every feature group is no model and is skipped;
    raises ``InputError`` when that is all of them.

    >>> [options["C"] for options in combinations({"C": [1.0, 4.0]}, {"min_df": 1})]
    [1.0, 4.0]
    """
    all_of_them = [
        DEFAULT_OPTIONS | fixed | dict(zip(grid, values, strict=True)) for values in product(*grid.values())
    ]
    with_features = [
        options
        for options in all_of_them
        if any(options[feature_range] is not None for feature_range in RANGE_OPTIONS.values())
    ]
    if not with_features:
        raise InputError(f"{', '.join(RANGE_OPTIONS.values())} are all none: nothing is left to count")
    return with_features


def measure_grid(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    tried: Sequence[Options],
    *,
    also: pd.DataFrame | None = None,
    progress: ProgressBar = no_progress_bar,
) -> pd.DataFrame:
    """The macro average precision of a model of each combination, fitted on ``train``.

    Columns: each option, as a person writes it; ``n_terms``; ``validation``, the macro average precision on
    ``validation``; ``also``, on those messages, if given; ``best``, True for the highest on validation, the
    first of equal ones. Raises ``InputError`` when no validation message shows some stage, or when a
    combination cannot be fitted.

    Parameters
    ----------
    train, validation, also
        Messages tables.
    tried
        Every option of each combination.
    progress
        Called with the combinations as they are fitted.
    """
    for stage in STAGES:
        if not validation[stage].any():
            raise InputError(f"no validation message shows {stage}; there is no macro average precision")
    measured = {"validation": validation} | ({} if also is None else {"also": also})
    rows = []
    for options in progress(tried, label="fitting combinations", length=len(tried)):
        written = {option: recipe_text(value) for option, value in options.items()}
        try:
            model = fit_message_model(train, **options)
        except InputError as error:
            raise InputError(
                f"{', '.join(f'{key} {text}' for key, text in written.items())}: {error}"
            ) from None
        found = {name: _macro(model, messages) for name, messages in measured.items()}
        rows.append(written | {"n_terms": model.coef_.shape[1]} | found)
    table = pd.DataFrame(rows)
    return table.assign(best=table.index == table["validation"].idxmax())


def _macro(model: Any, messages: pd.DataFrame) -> float:
    if not all(messages[stage].any() for stage in STAGES):
        return math.nan
    return macro_average_precision(messages, predict_messages(model, messages["text"]))
