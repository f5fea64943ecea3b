"""``grooming-classifier corpus croissant``: describe corpora for machines."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.cli.options import out_file


@click.command()
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1, required=True)
@out_file("The JSON-LD file to write.")
def croissant(folders: tuple[Path, ...], out: Path) -> None:
    """Describe corpus folders for machines, as Croissant JSON-LD made from their manifests.

    \b
    Example:
      grooming-classifier corpus croissant data/synthetic/v1 --out data/synthetic/croissant.json
    """
    from classifier.atomic import write_bytes
    from classifier.corpus.croissant import croissant as describe_for_machines
    from classifier.corpus.release import read_manifest

    write_bytes(
        out, describe_for_machines({folder.name: read_manifest(folder) for folder in folders}).encode("utf-8")
    )
    click.echo(str(out))
