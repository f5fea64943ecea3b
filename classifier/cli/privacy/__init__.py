"""``grooming-classifier privacy``: the commands about policies and attacks."""

from __future__ import annotations

import click

from classifier.cli.main import LazyGroup

COMMANDS = {
    "list": "List the shipped policies.",
    "explain": "Say in plain words what a policy reads, keeps and releases.",
    "attack": "Measure what each way of building a model gives away.",
    "curve": "Show what differential privacy costs in detection.",
    "check": "Check the privacy measurements against known answers.",
    "names": "Count the names that a model file gives back.",
}


@click.group(cls=LazyGroup, package="classifier.cli.privacy", commands_help=COMMANDS)
def privacy() -> None:
    """Explain reading policies, and measure what model files give away.

    \b
    Example:
      grooming-classifier privacy list
      grooming-classifier privacy explain device_alert_bit
      grooming-classifier privacy check data/synthetic/v2
    """
