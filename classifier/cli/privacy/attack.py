"""``grooming-classifier privacy attack``: what model files give away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from classifier.cli.options import CORPUS, JOBS, at_least, out_file, require_paths, seed_of
from classifier.errors import InputError
from classifier.privacy.attacks.attack_table import N_SHADOWS
from classifier.workflows.model_file_attacks.attack_inputs import (
    canaries_by_kind,
    conversations_of_some_senders,
    corpus_facts,
    decoy_names,
)

if TYPE_CHECKING:
    import pandas as pd

    from classifier.records import Conversation


@click.command()
@CORPUS
@click.option(
    "--model",
    "model_path",
    type=click.Path(path_type=Path),
    help="A model file fitted on the train split of CORPUS, to be attacked beside the variants.",
)
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="train",
    show_default=True,
    help="Whose conversations to fit on and to attack.",
)
@at_least("--people", 20, 400, "Senders to use, at most, drawn by lot; half of them are in the training set.")
@at_least(
    "--shadows",
    0,
    N_SHADOWS,
    "Further models fitted for the likelihood ratio attack, the strongest here: an even number; 0 leaves it "
    "out.",
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
    corpus: Path,
    model_path: Path | None,
    split: str,
    people: int,
    shadows: int,
    canaries: int,
    jobs: int,
    seed: int,
    out: Path,
) -> None:
    """Measure what each way of building a model gives away about its training data.

    Writes a table (.json, .csv), and prints the strongest attack on each model. The attacks ask who was in
    the training set, which names can be recovered and how well planted lines are remembered; the noise that
    was promised stands beside them. Models of each variant are fitted on half of the senders. Every figure
    stands beside its chance level; it is a lower bound on what leaks. 'tradeoff --attack' takes the file
    into its report.

    The file of --model is asked who of twice half as many senders was in its training: half from the
    train split, half drawn anew by the generator from the same dialogues.

    \b
    Example:
      grooming-classifier privacy attack data/synthetic/v2 --jobs 2 --out results/attack.json
    """
    import pandas as pd

    from classifier.corpus.corpus_folder import content_hash, read_corpus
    from classifier.privacy.attacks.attack_table import attack_table
    from classifier.privacy.attacks.membership_documents import membership_documents
    from classifier.privacy.attacks.strongest_attack import strongest_attacks
    from classifier.privacy.model_variants.fit_variants import salt_from_seed, standard_variants
    from classifier.privacy.stored_table import StoredTable, checked_json_path
    from classifier.progress import progress_bar

    checked_json_path(out)
    require_paths(model=model_path)
    splits = read_corpus(corpus)
    documents = membership_documents(
        conversations_of_some_senders(splits[split], people, seed, where=f"{corpus}: {split}"), seed=seed
    )
    facts: dict[str, Any] = {}
    of_file = []
    if model_path is not None:
        attacked, facts = _attacked_file(corpus, splits, model_path, people // 2, shadows, seed)
        of_file = [attacked]
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
    table = pd.concat([table, *of_file], ignore_index=True)
    members = int(documents["member"].sum())
    facts |= {
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


def _attacked_file(
    corpus: Path,
    splits: dict[str, list[Conversation]],
    path: Path,
    n_senders: int,
    n_shadows: int,
    seed: int,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Attacks on a model file, with the facts on them."""
    from classifier.corpus.corpus_folder import content_hash, read_manifest
    from classifier.corpus.dialogues import load_dialogues
    from classifier.corpus.generator.corpus_spec import CorpusSpec
    from classifier.model.message.file import load_model
    from classifier.workflows.model_file_attacks.membership_attack import (
        fresh_conversations,
        model_file_attacks,
    )

    header = load_model(path).header
    if header["corpus_sha256"] != content_hash(corpus) or header["fitted_on"] != ["train"]:
        raise InputError(
            f"{path}: was fitted on {', '.join(header['fitted_on'])} of corpus "
            f"{header['corpus_sha256'][:12]}; expected a model of the train split of {corpus} alone"
        )
    spec = CorpusSpec(**read_manifest(corpus)["spec"])
    members = conversations_of_some_senders(splits["train"], n_senders, seed, where=f"{corpus}: train")
    others = fresh_conversations(spec, load_dialogues(spec.voice), n_senders=n_senders)
    try:
        table = model_file_attacks(path, members, others, n_shadows=n_shadows, seed=seed)
    except ValueError as error:
        raise InputError(f"{path}: cannot be attacked with conversations drawn anew: {error}") from None
    return table, {"file": path.name, "file_members": len(members), "file_others": len(others)}
