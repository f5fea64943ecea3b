"""``grooming-classifier corpus generate``: write a synthetic corpus."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.cli.options import FiniteRange, out_folder
from classifier.corpus.generator.corpus_spec import RELEASES, CorpusSpec
from classifier.progress import progress_counter


@click.command()
@out_folder("The folder to write.")
@click.option(
    "--release",
    type=click.Choice(list(RELEASES)),
    default="v2",
    show_default=True,
    help="Which corpus: v2, or v2-alt, which is by other writers and for testing only.",
)
@click.option("--seed", type=int, help="Another seed than the release's own. Families are split anew.")
@click.option(
    "--scale",
    type=FiniteRange(min=0.0005, max=1000),
    default=1.0,
    show_default=True,
    help="Size: 0.1 is a tenth of the conversations, 10 is ten times as many.",
)
@click.option(
    "--every",
    type=click.IntRange(1, 50),
    default=1,
    show_default=True,
    help="Use only every Nth dialogue and every Nth phrase family of each split: training takes less time.",
)
def generate(out: Path, release: str, seed: int | None, scale: float, every: int) -> None:
    """Generate a synthetic corpus.

    Writes into OUT one .jsonl.gz per split, for v2 also the phrases, a readable sample and a manifest. The
    same options give the same bytes. Until all is there, finished pieces wait in OUT.parts; a run that was
    stopped goes on from them when the same command is given again.

    \b
    Examples:
      grooming-classifier corpus generate --out other --seed 7
      grooming-classifier corpus generate --out small --scale 0.1 --every 12
    """
    from dataclasses import replace

    from classifier.corpus.corpus_folder import parts_folder, write_corpus

    spec: CorpusSpec = RELEASES[release].scaled(scale).thinned(every)
    if seed is not None:
        spec = replace(spec, seed=seed)
    try:
        with progress_counter(label="generating", length=spec.n_conversations) as progress:
            manifest = write_corpus(out, spec, progress=progress)
    except KeyboardInterrupt:
        click.echo(
            f"stopped; what is done is kept in {parts_folder(out)}, and the same command goes on from there",
            err=True,
        )
        raise
    click.echo(f"{out}: {spec.n_conversations} conversations, sha256 {manifest['corpus_sha256']}")
