"""``grooming-classifier corpus annotate``: tasks for Label Studio."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.cli.options import at_least, out_file, seed_of

CORPUS = click.argument("path", type=click.Path(path_type=Path))


@click.command()
@CORPUS
@out_file("The tasks file to write; the labelling interface goes beside it as .xml.")
@at_least("--n", 1, 50, "Number of conversations to draw.")
@seed_of("the draw")
def annotate(path: Path, out: Path, n: int, seed: int) -> None:
    """Write a sample of messages as Label Studio tasks, for people to annotate again.

    Conversations are drawn from the test split; each of their messages is a task. 'corpus agreement' reads
    what Label Studio exports.

    \b
    Example:
      grooming-classifier corpus annotate data/synthetic/v2 --out tasks.json --n 50
    """
    import json
    from random import Random

    from classifier.atomic import write_bytes
    from classifier.corpus.corpus_folder import read_corpus
    from classifier.readers.other_formats.label_studio import CONFIG, to_tasks

    test = read_corpus(path)["test"]
    tasks = to_tasks(Random(seed).sample(test, min(n, len(test))))
    write_bytes(out, (json.dumps(tasks, indent=1, ensure_ascii=False) + "\n").encode("utf-8"))
    write_bytes(out.with_suffix(".xml"), CONFIG.encode("utf-8"))
    click.echo(f"{out}: {len(tasks)} tasks; interface in {out.with_suffix('.xml')}")
