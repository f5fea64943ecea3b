"""``grooming-classifier corpus words``: write the word list of the spelling step."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.cli.options import out_file


@click.command()
@out_file("The file to write.")
def words(out: Path) -> None:
    """Write the list of words that the model's spelling step knows.

    Writes one word a line: the words of the train split's phrases, each with the number of families it
    stands in, and common given names, so that "Grace" is not read as a slip for "grade". It is part of
    scripts/release/freeze.

    \b
    Example:
      grooming-classifier corpus words --out classifier/model/message/reading/words.txt
    """
    from classifier.atomic import write_bytes
    from classifier.corpus.words import as_lines, train_words
    from classifier.privacy.policies.given_names import given_names

    names = dict.fromkeys((name.lower() for name in given_names() if name.isascii() and name.isalpha()), 1)
    listed = dict(sorted((names | train_words()).items()))
    write_bytes(out, as_lines(listed))
    click.echo(f"{out}: {len(listed)} words")
