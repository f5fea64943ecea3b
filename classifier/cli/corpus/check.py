"""``grooming-classifier corpus check``: format, splits and data policy."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.progress import progress_bar, say
from classifier.readers.corpus import CorpusError

CORPUS = click.argument("path", type=click.Path(path_type=Path))


@click.command()
@CORPUS
def check(path: Path) -> int:
    """Check a corpus, or a phrase file (.toml), against format and data policy.

    A corpus is also checked for the synthetic mark, for its manifest's hash and for families in two
    splits. Exit code 0 when all is well, 1 when a line breaks the data policy, 2 when a file cannot be
    used.

    \b
    Example:
      grooming-classifier corpus check data/synthetic/v1
    """
    from classifier.corpus.audit import corpus_problems, phrase_problems
    from classifier.corpus.families import read_phrase_file
    from classifier.corpus.near_copies import distinct_phrasings
    from classifier.corpus.release import content_hash, corpus_files, read_corpus, read_manifest

    if path.suffix == ".toml":
        families = read_phrase_file(path)
        problems = phrase_problems(families)
        n_phrasings = sum(len(family.phrasings) for family in families)
        checked = f"{n_phrasings} phrasings, {n_phrasings - len(distinct_phrasings(families))} near copies"
    else:
        say("reading")
        parts = read_corpus(path)
        if path.is_dir():
            expected, got = read_manifest(path)["corpus_sha256"], content_hash(parts)
            if expected != got:
                raise CorpusError(
                    f"{path}: content has sha256 {got}, its manifest says {expected}; generate it again "
                    "or restore the files"
                )
        conversations = [conversation for part in parts.values() for conversation in part]
        problems = corpus_problems(progress_bar(conversations, label="checking"))
        checked = f"{len(conversations)} conversations in {len(corpus_files(path))} files"
    for problem in problems:
        click.echo(problem)
    click.echo(f"{path}: {checked}, {len(problems)} problem{'' if len(problems) == 1 else 's'}")
    return 1 if problems else 0
