"""A group of commands whose modules are imported when a command is called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click


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
