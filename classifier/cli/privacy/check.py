"""``grooming-classifier privacy check``: known answers of the harness."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.cli.options import CORPUS, at_least, seed_of
from classifier.errors import InputError
from classifier.workflows.model_file_attacks.attack_inputs import conversations_of_some_senders, decoy_names


@click.command()
@CORPUS
@at_least("--people", 20, 400, "Train senders to fit and to attack models on, at most, drawn by lot.")
@seed_of("every draw")
def check(corpus: Path, people: int, seed: int) -> int:
    """Check the privacy measurements against answers known beforehand.

    Prints a line per answer, expected and found. Known are the extreme policies (reading nothing, flagging
    all, the oracle, random flags), hand counts, bounds and formulas, the leaks that every model of private
    text has (its vocabulary, its names, its document counts), and that noise costs detection.

    Exit codes: 0 all hold; 1 some fail.

    \b
    Example:
      grooming-classifier privacy check data/synthetic/v2
    """
    from classifier.corpus.corpus_folder import read_corpus
    from classifier.privacy.attacks.membership_documents import membership_documents
    from classifier.privacy.harness_self_check import self_check
    from classifier.privacy.message_streams import streams_from_conversations

    splits = read_corpus(corpus)
    if len({conversation.label for conversation in splits["test"]}) < 2:
        raise InputError(f"{corpus}: test needs conversations of both kinds")
    documents = membership_documents(
        conversations_of_some_senders(splits["train"], people, seed, where=f"{corpus}: train"), seed=seed
    )
    table = self_check(
        streams_from_conversations(splits["test"]), documents, decoys=decoy_names(documents), seed=seed
    )
    for row in table.to_dict("records"):
        click.echo(
            f"{'holds' if row['holds'] else 'FAILS'}  {row['what']}: expected {row['expected']}; found "
            f"{row['found']}"
        )
    click.echo(f"{int(table['holds'].sum())} of {len(table)} hold")
    return 0 if table["holds"].all() else 1
