"""``grooming-classifier privacy``: the commands about policies and attacks."""

from __future__ import annotations

import click

from classifier.cli.main import LazyGroup

COMMANDS = {
    "list": "List the shipped policies.",
    "explain": "Say in plain words what a policy reads, keeps and releases.",
    "attack": "Attack each way of building a model.",
    "curve": "Show what differential privacy costs in detection.",
    "check": "Check the harness against known answers.",
    "names": "Count the names that a model file gives back.",
}


@click.group(cls=LazyGroup, package="classifier.cli.privacy", commands_help=COMMANDS)
def privacy() -> None:
    """Explain reading policies, attack model builds, show what DP noise costs.

    \b
    Example:
      grooming-classifier privacy list
      grooming-classifier privacy explain device_alert_bit
    """
