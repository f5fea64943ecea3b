"""``grooming-classifier corpus describe``: count phrases, dialogues and conversations."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.corpus.dialogues import VOICES as DIALOGUE_VOICES
from classifier.corpus.families import VOICES as PHRASE_VOICES


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option(
    "--voice",
    type=click.Choice([*PHRASE_VOICES, *DIALOGUE_VOICES]),
    default="v1",
    show_default=True,
    help="Whose phrases or dialogues to count.",
)
def describe(path: Path | None, voice: str) -> None:
    """Count the phrases or dialogues of a voice and, with PATH, the conversations of a corpus.

    \b
    Example:
      grooming-classifier corpus describe data/synthetic/v1
    """
    from classifier.corpus.describe import conversation_counts, label_counts, vocabulary_growth
    from classifier.corpus.release import corpus_files, read_corpus
    from classifier.readers.messages import messages_table

    if path is not None:
        corpus_files(path)  # a missing corpus is noticed before the long count
    if voice in DIALOGUE_VOICES:
        _describe_dialogues(voice)
    else:
        _describe_phrases(voice)
    if path is None:
        return
    conversations = [conversation for part in read_corpus(path).values() for conversation in part]
    messages = messages_table(conversations)
    click.echo(f"\nConversations of {path}\n{conversation_counts(conversations).to_string(index=False)}\n")
    click.echo(f"{label_counts(messages).to_string(index=False, float_format='{:.4f}'.format)}\n")
    click.echo(f"Vocabulary growth\n{vocabulary_growth(messages['text'].tolist()).to_string(index=False)}")


def _describe_phrases(voice: str) -> None:
    from classifier.corpus.describe import phrase_counts
    from classifier.corpus.families import load_families

    families = load_families(voice)
    counts = phrase_counts(families)
    table = counts.to_string(index=False)
    click.echo(f"Distinct phrasings of voice {voice} (near-copies dropped)\n{table}\n")
    click.echo(f"{counts.groupby(['kind', 'source'])[['families', 'phrasings']].sum().to_string()}\n")
    click.echo(f"{counts.groupby('kind')[['families', 'phrasings']].sum().to_string()}\n")
    click.echo(f"all: {counts['phrasings'].sum()} distinct phrasings in {len(families)} families")


def _describe_dialogues(voice: str) -> None:
    from classifier.corpus.describe import dialogue_counts, relation_counts, tactic_table
    from classifier.corpus.dialogues import load_dialogues

    dialogues = load_dialogues(voice)
    counts = dialogue_counts(dialogues).to_string(index=False, float_format="{:.6g}".format)
    click.echo(f"Dialogues of voice {voice} (of distinct lines, near copies are dropped)\n{counts}\n")
    click.echo(f"By relation\n{relation_counts(dialogues).to_string(index=False)}\n")
    click.echo(f"Dialogues that show each tactic\n{tactic_table(dialogues).to_string(index=False)}")
