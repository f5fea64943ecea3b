"""``grooming-classifier corpus describe``: count phrases and conversations."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.corpus.families import load_families


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option(
    "--voice",
    type=click.Choice(["v1", "v1-alt"]),
    default="v1",
    show_default=True,
    help="Whose phrases to count.",
)
def describe(path: Path | None, voice: str) -> None:
    """Count the phrases of a voice and, with PATH, the conversations of a corpus.

    \b
    Example:
      grooming-classifier corpus describe data/synthetic/v1
    """
    from classifier.corpus.describe import conversation_counts, label_counts, phrase_counts, vocabulary_growth
    from classifier.corpus.release import read_corpus
    from classifier.readers.messages import messages_table

    families = load_families(voice)
    counts = phrase_counts(families)
    click.echo(
        f"Distinct phrasings of voice {voice} (near-copies dropped)\n{counts.to_string(index=False)}\n"
    )
    click.echo(f"{counts.groupby(['kind', 'source'])[['families', 'phrasings']].sum().to_string()}\n")
    click.echo(f"{counts.groupby('kind')[['families', 'phrasings']].sum().to_string()}\n")
    click.echo(f"all: {counts['phrasings'].sum()} distinct phrasings in {len(families)} families")
    if path is None:
        return
    conversations = [conversation for part in read_corpus(path).values() for conversation in part]
    messages = messages_table(conversations)
    click.echo(f"\nConversations of {path}\n{conversation_counts(conversations).to_string(index=False)}\n")
    click.echo(f"{label_counts(messages).to_string(index=False, float_format='{:.4f}'.format)}\n")
    click.echo(f"Vocabulary growth\n{vocabulary_growth(messages['text'].tolist()).to_string(index=False)}")
