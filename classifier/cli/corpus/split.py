"""``grooming-classifier corpus split``: one plain JSONL file a split."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.cli.options import out_folder

CORPUS = click.argument("path", type=click.Path(path_type=Path))


@click.command()
@CORPUS
@out_folder("The folder to write train, validation and test .jsonl into.")
def split(path: Path, out: Path) -> None:
    """Write each split of a corpus as plain JSONL.

    Writes train.jsonl, validation.jsonl and test.jsonl into OUT, one conversation a line. A corpus in which
    a phrase family or an account is in two splits is refused.

    \b
    Example:
      grooming-classifier corpus split data/synthetic/v2 --out splits
    """
    from classifier.atomic import write_bytes
    from classifier.corpus.corpus_folder import read_corpus
    from classifier.readers.corpus_jsonl import to_jsonl
    from classifier.readers.messages_table import families_used

    for name, part in read_corpus(path).items():
        if part:
            write_bytes(out / f"{name}.jsonl", to_jsonl(part))
            click.echo(
                f"{out / name}.jsonl: {len(part)} conversations from {len(families_used(part))} phrase "
                "families"
            )
