"""``grooming-classifier corpus croissant``: describe corpora for machines."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.cli.options import out_file


@click.command()
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="PATH...")
@out_file("The JSON-LD file to write. It names the corpus files by their place relative to it.")
def croissant(paths: tuple[Path, ...], out: Path) -> None:
    """Describe corpora in Croissant, a metadata format for data sets.

    Writes one JSON-LD file. A PATH is a corpus folder with its manifest, or a single .jsonl.gz file of one.
    The description holds the files' sha256, so run this again when a file has changed.

    \b
    Example:
      grooming-classifier corpus croissant data/synthetic/v2 data/synthetic/v2-alt \\
        data/synthetic/v1-alt-lines.jsonl.gz --out data/synthetic/croissant.json
    """
    from classifier.atomic import write_bytes
    from classifier.corpus.croissant import croissant as describe_for_machines

    write_bytes(out, describe_for_machines(paths, out.parent).encode("utf-8"))
    click.echo(str(out))
