"""``grooming-classifier corpus check``: format, splits and data policy."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.corpus.dialogues import VOICES


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option(
    "--voice",
    type=click.Choice(list(VOICES)),
    help="Instead of PATH: check all dialogues of a group of writers.",
)
def check(path: Path | None, voice: str | None) -> int:
    """Check a corpus, a phrase file (.toml), a file or folder of dialogues, or a voice.

    Prints one line per problem, and their number. A corpus is checked for its format, the mark
    "synthetic": true, its manifest's hash, families in two splits, and the data policy. Dialogues are checked
    for format, data policy, spelling, repeated lines, near copies and incomplete pairs; a whole voice also
    for tactics that stand in patterns only.

    Exit codes: 0 no problem; 1 some; 2 a file cannot be used.

    \b
    Example:
      grooming-classifier corpus check data/synthetic/v2
      grooming-classifier corpus check --voice v2
    """
    from classifier.workflows.corpus_check import check_path, check_voice

    if (path is None) == (voice is None):
        raise click.UsageError("expected either PATH or --voice")
    checked, problems = check_voice(voice or "") if path is None else check_path(path)
    for problem in problems:
        click.echo(problem)
    click.echo(f"{voice or path}: {checked}, {len(problems)} problem{'' if len(problems) == 1 else 's'}")
    return 1 if problems else 0
