"""``grooming-classifier corpus annotate``: tasks for Label Studio."""

from __future__ import annotations

from pathlib import Path

import click

CORPUS = click.argument("path", type=click.Path(path_type=Path))


@click.command()
@CORPUS
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The tasks file to write; the labelling interface goes beside it as .xml.",
)
@click.option(
    "--n",
    default=50,
    show_default=True,
    type=click.IntRange(min=1),
    help="How many conversations, drawn from the test split.",
)
@click.option("--seed", default=0, show_default=True, type=int, help="Seed of the draw.")
def annotate(path: Path, out: Path, n: int, seed: int) -> None:
    """Write a sample of messages as Label Studio tasks, for people to annotate again.

    \b
    Example:
      grooming-classifier corpus annotate data/synthetic/v1 --out tasks.json --n 50
    """
    import json
    from random import Random

    from classifier.atomic import write_bytes
    from classifier.corpus.release import read_corpus
    from classifier.readers.outside.label_studio import CONFIG, to_tasks

    test = read_corpus(path)["test"]
    tasks = to_tasks(Random(seed).sample(test, min(n, len(test))))
    write_bytes(out, (json.dumps(tasks, indent=1, ensure_ascii=False) + "\n").encode("utf-8"))
    write_bytes(out.with_suffix(".xml"), CONFIG.encode("utf-8"))
    click.echo(f"{out}: {len(tasks)} tasks; interface in {out.with_suffix('.xml')}")
