"""``grooming-classifier corpus``: the commands that make and check corpora."""

from __future__ import annotations

import click

from classifier.cli.main import LazyGroup

COMMANDS = {
    "generate": "Write a corpus folder.",
    "check": "Check a corpus, dialogues or a phrase file: format, splits, data policy.",
    "describe": "Count phrases and conversations.",
    "split": "Write each split as plain JSONL.",
    "annotate": "Write Label Studio tasks for people to annotate again.",
    "agreement": "Compare people's annotations with the corpus labels.",
    "words": "Write the word list of the spelling step.",
    "croissant": "Describe corpora in Croissant, a metadata format for data sets.",
}


@click.group(cls=LazyGroup, package="classifier.cli.corpus", commands_help=COMMANDS)
def corpus() -> None:
    """Generate, check, describe and split synthetic corpora.

    \b
    Example:
      grooming-classifier corpus generate --out my-corpus --seed 7 --scale 0.1
      grooming-classifier corpus check my-corpus
    """
