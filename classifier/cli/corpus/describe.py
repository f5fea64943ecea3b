"""``grooming-classifier corpus describe``: count phrases, dialogues and conversations."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.corpus.dialogues import VOICES


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option(
    "--voice",
    type=click.Choice(list(VOICES)),
    default="v2",
    show_default=True,
    help="Whose dialogues to count; v2 also has phrases.",
)
@click.option(
    "--ceiling",
    is_flag=True,
    help=(
        "With PATH: also how well patterns could be told from benign conversations if every label were "
        "known, by how overt they are; takes about two minutes."
    ),
)
def describe(path: Path | None, voice: str, ceiling: bool) -> None:
    """Count the dialogues and phrases of a voice and, with PATH, the conversations of a corpus.

    Prints tables, and writes nothing.

    \b
    Example:
      grooming-classifier corpus describe data/synthetic/v2 --ceiling
    """
    from classifier.corpus.corpus_folder import PHRASE_VOICE, corpus_files, read_corpus
    from classifier.corpus.describe import conversation_counts, label_counts, vocabulary_growth
    from classifier.readers.messages_table import messages_table

    if ceiling and path is None:
        raise click.UsageError("--ceiling needs PATH, the corpus whose ceiling it is")
    if path is not None:
        corpus_files(path)  # a missing corpus is noticed before the long count
    _describe_dialogues(voice)
    if voice == PHRASE_VOICE:
        _describe_phrases()
    if path is None:
        return
    parts = read_corpus(path)
    conversations = [conversation for part in parts.values() for conversation in part]
    messages = messages_table(conversations)
    click.echo(f"\nConversations of {path}\n{conversation_counts(conversations).to_string(index=False)}\n")
    click.echo(f"{label_counts(messages).to_string(index=False, float_format='{:.4f}'.format)}\n")
    click.echo(f"Vocabulary growth\n{vocabulary_growth(messages['text'].tolist()).to_string(index=False)}")
    if ceiling:
        from classifier.workflows.conversation_evaluation.breakdowns import ceiling_by_overtness

        table = ceiling_by_overtness(parts, seed=0).to_string(index=False, float_format="{:.3f}".format)
        click.echo(f"\nCeiling on test: every label and tactic told, threshold for an FPR of 1 %\n{table}")


def _describe_phrases() -> None:
    from classifier.corpus.describe import phrase_counts
    from classifier.corpus.families import load_families

    families = load_families()
    counts = phrase_counts(families)
    table = counts.to_string(index=False)
    click.echo(f"\nDistinct phrasings (near-copies dropped)\n{table}\n")
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
