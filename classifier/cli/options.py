"""Click options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from classifier.errors import InputError
from classifier.model.message.operating_points import DEFAULT_POINT, OPERATING_POINTS
from classifier.taxonomy import LABELS

if TYPE_CHECKING:
    from classifier.readers.rows.row_files import RowOptions

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
    help="Model file. Default: the one that comes with the package, fitted on every family.",
)

TRAIN_SPLIT_MODEL = click.option(
    "--model",
    "model_path",
    type=click.Path(path_type=Path),
    help="Model file. Default: the one that comes with the package, fitted on the train split alone.",
)

JOBS = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Number of processes. The result is the same for any number.",
)

RESAMPLES = click.option(
    "--resamples",
    type=click.IntRange(min=20),
    default=1000,
    show_default=True,
    help="Bootstrap resamples of phrase families, for the intervals.",
)


def require_paths(*paths: Path | None, model: Path | None = None) -> None:
    """Raise ``InputError`` for a path that is not there, before any work is done."""
    if model is not None and not model.exists():
        raise InputError(
            f"{model}: no such model file; make one with 'grooming-classifier train' or leave out --model"
        )
    if missing := next((path for path in paths if path is not None and not path.exists()), None):
        raise InputError(f"{missing}: cannot be read: No such file or directory")


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


def together(*options: Decorator) -> Decorator:
    """Several options as one decorator, in the order in which they are given."""

    def added(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return added


threshold_options = together(
    click.option(
        "--operating-point",
        type=click.Choice(OPERATING_POINTS),
        default=DEFAULT_POINT,
        show_default=True,
        help="Thresholds of messages: strict has few false alarms, sensitive few misses.",
    ),
    click.option(
        "--threshold",
        "thresholds",
        multiple=True,
        metavar="LABEL=VALUE",
        help="Another threshold of one label, e.g. secrecy=0.4. May be repeated.",
    ),
    click.option(
        "--alert-threshold",
        type=FiniteRange(0, 1),
        help=(
            "Flag a conversation from this score on. 'threshold' finds one for a false-positive rate or a "
            "number of reviews."
        ),
    ),
)
"""The options of which thresholds flag; see ``as_thresholds``."""


def as_thresholds(thresholds: Iterable[str]) -> tuple[tuple[str, float], ...]:
    """Label and value of each ``--threshold``. Raises ``InputError`` for one that cannot be."""
    found: dict[str, float] = {}
    for threshold in thresholds:
        label, _, value = threshold.partition("=")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if label not in LABELS or not 0 <= number <= 1:
            raise InputError(
                f"--threshold {threshold}: expected LABEL=VALUE with one of {', '.join(LABELS)} and a "
                "probability in [0, 1], e.g. secrecy=0.4"
            )
        if label in found:
            raise InputError(f"--threshold {threshold}: {label} is named twice")
        found[label] = number
    return tuple(found.items())


row_options = together(
    click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="FIELD=NAME",
        help=(
            "The column of a field, e.g. text=body. May be repeated. Fields: conversation_id, author, text, "
            "time, line, conversation_label. Usual names are found by themselves."
        ),
    ),
    click.option(
        "--delimiter",
        default="",
        metavar="CHARACTER",
        help="The character between the fields of CSV, such as ';'.",
    ),
    click.option(
        "--encoding", default="utf-8", metavar="NAME", help="Encoding of CSV or JSONL, e.g. cp1252 or utf-16."
    ),
    click.option(
        "--conversation-id",
        default="",
        metavar="NAME",
        help="For a file that is one conversation and has no such column: the id to give it.",
    ),
    click.option("--day-first", is_flag=True, help="Read times like 04/01/2026 as the fourth of January."),
)
"""The options of how files of message rows are read; see ``as_row_options``."""


def as_row_options(
    format_: str, columns: Iterable[str], delimiter: str, encoding: str, conversation_id: str, day_first: bool
) -> RowOptions:
    """What the options of ``row_options`` say. Raises ``InputError`` for one that cannot be."""
    from classifier.readers.file_opening import is_utf8
    from classifier.readers.rows.column_names import NAMES
    from classifier.readers.rows.row_files import RowOptions

    found: dict[str, str] = {}
    for column in columns:
        field, equals, name = column.partition("=")
        if not (field and equals and name):
            raise InputError(f"--column {column}: expected FIELD=NAME, e.g. text=body")
        if field not in NAMES:
            raise InputError(f"--column {column}: column {field!r}: expected one of {', '.join(NAMES)}")
        if field in found:
            raise InputError(f"--column {column}: {field} is named twice")
        found[field] = name
    named = "utf-8" if is_utf8(encoding) else encoding
    delimiter = {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
    return RowOptions(format_, found, delimiter, named, conversation_id.strip(), day_first)


def given_options(names: Collection[str]) -> dict[str, str]:
    """Those of the parameters ``names`` that stand on the command line: name and flag."""
    context = click.get_current_context()
    return {
        parameter.name: parameter.opts[0]
        for parameter in context.command.params
        if parameter.name is not None
        and parameter.name in names
        and context.get_parameter_source(parameter.name) == click.core.ParameterSource.COMMANDLINE
    }


FOR_FILES = (
    "format_",
    "columns",
    "delimiter",
    "encoding",
    "conversation_id",
    "day_first",
    "skip_bad",
    "sort_by_time",
    "safe_for_spreadsheets",
)
"""Parameters of ``score`` that say something of files alone."""

OF_MESSAGES = {
    "operating_point": "--operating-point: is for messages; conversations and senders take --alert-threshold",
    "thresholds": "--threshold: is for messages; conversations and senders take --alert-threshold",
    "tactics": "--tactics: are columns of messages; leave out --level",
    "known": "--known: is a column of messages; leave out --level",
}
"""Parameters of ``score`` that do nothing for conversations and senders, and what is said of each."""
