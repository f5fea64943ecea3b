"""``grooming-classifier privacy list``: the shipped policies."""

from __future__ import annotations

import click


@click.command(name="list")
def list() -> None:
    """List the policies that come with the package, by group, a line each.

    Prints the name and a title in plain words; a star marks those that people argue about. 'privacy explain
    NAME' says more.

    \b
    Example:
      grooming-classifier privacy list
    """
    from classifier.privacy.policies.policy import shipped_policies

    policies = shipped_policies()
    width = max(len(policy.name) for policy in policies)
    for group in sorted({policy.group for policy in policies}):
        click.echo(f"{group}:")
        for policy in policies:
            if policy.group == group:
                mark = "*" if policy.argued else " "
                click.echo(f"{mark} {policy.name:<{width}}  {policy.title}")
    click.echo("* one of those that people argue about")
