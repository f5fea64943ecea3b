"""``grooming-classifier privacy attack``: what model files give away."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.cli.options import CORPUS, JOBS, at_least, out_file, seed_of
from classifier.errors import InputError
from classifier.experiments.attack_data import (
    canaries_by_kind,
    conversations_of_some_senders,
    corpus_facts,
    decoy_names,
)
from classifier.privacy.attacks.attack import N_SHADOWS


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
@at_least(
    "--shadows",
    0,
    N_SHADOWS,
    "Shadow models of the likelihood ratio attack, the strongest here: an even number; 0 leaves it out.",
)
@at_least(
    "--canaries",
    0,
    16,
    "Lines of each kind to plant in a fit of their own: an even number; 0 leaves them out.",
)
@JOBS
@seed_of("every draw. The salt of salted hashes follows from it, but is not told to the attack")
@out_file("The .json file to write; its table is written beside it as .csv.")
def attack(
    corpus: Path, split: str, people: int, shadows: int, canaries: int, jobs: int, seed: int, out: Path
) -> None:
    """Attack each way of building a model.

    The attacks ask who was in the training set, which names can be recovered and how well planted lines
    are remembered, and the noise that was promised stands beside them. Models of each variant are fitted
    on half of the senders. Every figure stands beside its chance level; it is a lower bound on what leaks.
    'tradeoff --attack' takes the file into its report.

    \b
    Example:
      grooming-classifier privacy attack data/synthetic/v2 --jobs 2 --out results/attack.json
    """
    from classifier.corpus.release import content_hash, read_corpus
    from classifier.privacy.attacks.attack import attack_table
    from classifier.privacy.attacks.documents import membership_documents
    from classifier.privacy.attacks.stored_table import StoredTable, checked_json_path
    from classifier.privacy.attacks.strongest import strongest_attacks
    from classifier.privacy.builds.variants import salt_from_seed, standard_variants
    from classifier.progress import progress_bar

    checked_json_path(out)
    splits = read_corpus(corpus)
    documents = membership_documents(
        conversations_of_some_senders(splits[split], people, seed, where=f"{corpus}: {split}"), seed=seed
    )
    decoys = decoy_names(documents)
    try:
        table = attack_table(
            documents,
            standard_variants(salt=salt_from_seed(seed)),
            decoys=decoys,
            canaries=canaries_by_kind(decoys, n=canaries, seed=seed),
            n_shadows=shadows,
            seed=seed,
            n_jobs=jobs,
            progress=progress_bar,
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
        "canaries": canaries,
        "seed": seed,
    }
    StoredTable("attack", corpus_facts(splits, content_hash(corpus)) | facts, table).save(out)
    click.echo(
        f"{out}: {table['variant'].nunique() - 1} variants, {members} member and "
        f"{len(documents) - members} other conversations"
    )
    for row in strongest_attacks(table).to_dict("records"):
        click.echo(
            f"  {row['variant']:<42}{row['strongest_attack']:<12}finds {row['tpr']:.3f} "
            f"({row['tpr_low']:.3f}–{row['tpr_high']:.3f}) of members where {row['fpr']:.1%} of others are"
        )
    for row in table[table["figure"] == "bits"].to_dict("records"):
        click.echo(
            f"  {row['variant']:<42}{row['attack']:<15}{row['value']:.2f} bits of exposure, by chance "
            f"{row['by_chance']:.2f}"
        )
