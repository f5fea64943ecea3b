"""``grooming-classifier privacy explain``: a policy in plain words."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.errors import InputError


@click.command()
@click.argument("policy")
def explain(policy: str) -> None:
    """Say in plain words what a POLICY reads, keeps and releases, and who reads.

    Prints a line each for what is read, kept, alerted on and released, for the model, and for the purpose
    and legal basis. POLICY is the name of a shipped one, or a .toml file.

    \b
    Examples:
      grooming-classifier privacy explain device_tells_user
      grooming-classifier privacy explain my_policy.toml
    """
    from classifier.privacy.policies.policy import read_policy, shipped_policies
    from classifier.privacy.policies.policy_explanation import explain_policy

    shipped = {known.name: known for known in shipped_policies()}
    if policy not in shipped and not policy.endswith(".toml"):
        raise InputError(
            f"no shipped policy is named {policy!r}; 'grooming-classifier privacy list' shows them, and "
            "a policy of your own is a .toml file"
        )
    click.echo(explain_policy(shipped[policy] if policy in shipped else read_policy(Path(policy))))
