"""The command ``grooming-classifier`` and its subcommands."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from classifier import __version__
from classifier.errors import InputError

COMMANDS = {
    "corpus": "Generate, check, describe and split synthetic corpora.",
    "train": "Fit the message and conversation models on a synthetic corpus.",
    "score": "Score a message, or a CSV, JSONL or Parquet file of any size.",
    "convert": "Turn a corpus of another format into rows to score, or into files of other tools.",
    "evaluate": "Measure a model on wording that it has not seen.",
    "compare": "Compare two evaluations: paired differences with their intervals.",
    "threshold": "Choose the alert threshold for a false-positive rate or a number of reviews a day.",
    "report": "Draw an evaluation or a tradeoff as one HTML page.",
    "tradeoff": "Compare policies of reading messages: what each finds, and what it costs.",
    "privacy": "Explain reading policies, and measure what model files give away.",
    "baserate": "What a detector's rates would mean where patterns are rare.",
    "demo": "Open the demo page, on this computer only.",
}
"""Each command with its line of help.

A command's module, with its heavy imports, is opened only when it is called.
"""


class LazyGroup(click.Group):
    """A click group with one module of ``package`` a command, named after it.

    Parameters
    ----------
    package : dotted name of the package that holds the commands' modules
    commands_help : each command with its line of help, in the order shown
    """

    def __init__(
        self, *arguments: Any, package: str, commands_help: Mapping[str, str], **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self.package, self.commands_help = package, commands_help

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order shown."""
        return list(self.commands_help)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name, or None."""
        if name not in self.commands_help:
            return None
        module = importlib.import_module(f"{self.package}.{name}")
        command: click.Command = getattr(module, name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands into the help text."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.commands_help.items()))


@click.group(
    cls=LazyGroup,
    package="classifier.cli",
    commands_help=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="grooming-classifier")
def cli() -> None:
    """Flag warning signs of online grooming in synthetic conversations.

    It also measures what reading messages costs in privacy. For research, prototyping and teaching.
    Scores are for a person to review: not for automated action against a person, not for surveillance
    of real accounts, not a substitute for a safeguarding process.

    Every command has --help, with an example.

    \b
    Example:
      grooming-classifier score "dont tell your mum about this, its our secret" --explain
    """


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 when all went well, 1 when a check found problems, 2 when an input or option cannot be used.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # what the terminal's encoding lacks becomes "?"
    try:
        result = cli.main(
            args=None if argv is None else list(argv), prog_name="grooming-classifier", standalone_mode=False
        )
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        return 1
    except click.ClickException as error:
        error.show()
        return 2
    except InputError as error:
        click.echo(f"grooming-classifier: {error}", err=True)
        return 2
    except (
        OSError
    ) as error:  # a full disk, a file where a folder should be, a folder that may not be written to
        click.echo(f"grooming-classifier: {error.filename or 'output'}: {error.strerror or error}", err=True)
        return 2
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main())
