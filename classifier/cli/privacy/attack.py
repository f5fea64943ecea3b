"""``grooming-classifier privacy attack``: what model files give away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from classifier.cli.options import CORPUS, at_least, out_file, seed_of
from classifier.errors import InputError
from classifier.experiments.attack_data import conversations_of_some_senders, corpus_facts, decoy_names

if TYPE_CHECKING:
    pass


@click.command()
@CORPUS
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="train",
    show_default=True,
    help="Whose conversations to fit on and to attack.",
)
@at_least("--people", 20, 400, "At most that many senders, drawn by lot; half of them are members.")
@at_least("--shadows", 0, 0, "Shadow models for the likelihood ratio attack; 0 leaves it out.")
@seed_of("every draw. The salt of salted hashes follows from it, but is not told to the attack")
@out_file("The .json file to write; its table is written beside it as .csv.")
def attack(corpus: Path, split: str, people: int, shadows: int, seed: int, out: Path) -> None:
    """Attack each way of building a model.

    The attacks ask who was in the training set and which names can be recovered, and the noise that was
    promised stands beside them. Models of each variant are fitted on half of the senders. Every figure
    stands beside its chance level; it is a lower bound on what leaks. 'tradeoff --attack' takes the
    file into its report.

    \b
    Example:
      grooming-classifier privacy attack data/synthetic/v2 --out results/attack.json
    """
    from classifier.corpus.release import content_hash, read_corpus
    from classifier.privacy.attacks.attack import attack_table
    from classifier.privacy.attacks.documents import membership_documents
    from classifier.privacy.attacks.stored_table import StoredTable, checked_json_path
    from classifier.privacy.builds.variants import salt_from_seed, standard_variants

    checked_json_path(out)
    splits = read_corpus(corpus)
    documents = membership_documents(
        conversations_of_some_senders(splits[split], people, seed, where=f"{corpus}: {split}"), seed=seed
    )
    try:
        table = attack_table(
            documents,
            standard_variants(salt=salt_from_seed(seed)),
            decoys=decoy_names(documents),
            n_shadows=shadows,
            seed=seed,
        )
    except ValueError as error:
        raise InputError(f"{corpus}: cannot be attacked: {error}") from None
    members = int(documents["member"].sum())
    facts = {
        "split": split,
        "members": members,
        "non_members": len(documents) - members,
        "people": documents["sender"].nunique(),
        "shadows": shadows,
        "seed": seed,
    }
    StoredTable("attack", corpus_facts(splits, content_hash(corpus)) | facts, table).save(out)
    click.echo(
        f"{out}: {table['variant'].nunique() - 1} variants, {members} member and "
        f"{len(documents) - members} other conversations"
    )
    for row in table[table["figure"] == "auc"].to_dict("records"):
        click.echo(
            f"  {row['variant']:<42}{row['attack']:<12}AUC {row['value']:.3f} "
            f"({row['low']:.3f}–{row['high']:.3f}), by chance 0.5"
        )
