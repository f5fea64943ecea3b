"""``grooming-classifier privacy``: what a policy means for the people who write, and what a model file gives away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from classifier.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from classifier.records import Conversation


@click.group()
def privacy() -> None:
    """Explain policies of reading messages, attack ways of building a model, and show what noise in training costs.

    \b
    Example:
      grooming-classifier privacy list
      grooming-classifier privacy explain device_alert_bit
    """


@privacy.command(name="list")
def list_() -> None:
    """List the policies that come with the package, a line each.

    \b
    Example:
      grooming-classifier privacy list
    """
    from classifier.privacy.policies.policy import shipped_policies

    policies = shipped_policies()
    width = max(len(policy.name) for policy in policies)
    for policy in policies:
        click.echo(f"{policy.name:<{width}}  {policy.description}")


@privacy.command()
@click.argument("policy")
def explain(policy: str) -> None:
    """Say in plain words what a POLICY reads, keeps and releases, and by whom: the name of a shipped one, or a .toml file.

    \b
    Example:
      grooming-classifier privacy explain server_window_review
    """
    from classifier.privacy.policies.explain import explain_policy
    from classifier.privacy.policies.policy import read_policy, shipped_policies

    shipped = {known.name: known for known in shipped_policies()}
    if policy not in shipped and not policy.endswith(".toml"):
        raise InputError(
            f"no shipped policy is named {policy!r}; 'grooming-classifier privacy list' shows them, and a policy of your own is a .toml file"
        )
    click.echo(explain_policy(shipped[policy] if policy in shipped else read_policy(Path(policy))))


@privacy.command()
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="train",
    show_default=True,
    help="Whose conversations to fit on and to attack.",
)
@click.option(
    "--people",
    type=click.IntRange(min=20),
    default=400,
    show_default=True,
    help="At most that many senders, drawn by lot; half of them are members.",
)
@click.option(
    "--shadows",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Shadow models for the likelihood ratio attack; 0 leaves it out.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Seed of every draw. The salt of salted hashes follows from it, but is not told to the attack.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The .json file to write; its table is written beside it as .csv.",
)
def attack(corpus: Path, split: str, people: int, shadows: int, seed: int, out: Path) -> None:
    """Attack each way of building a model: who was in training, which names can be got back, what noise was promised.

    Models of each variant are fitted on half of the senders. Every figure stands beside what chance gives; it is a lower bound on what leaks.
    'tradeoff --attack' takes the file into its report.

    \b
    Example:
      grooming-classifier privacy attack data/synthetic/v1 --out results/attack.json
    """
    from classifier.corpus.release import content_hash, read_corpus
    from classifier.privacy.attacks.attack import attack_table, membership_documents
    from classifier.privacy.attacks.findings import Findings, checked_name
    from classifier.privacy.builds.variants import salt_of, standard_variants

    checked_name(out)
    splits = read_corpus(corpus)
    documents = membership_documents(
        _of_some_people(splits[split], people, seed, where=f"{corpus}: {split}"), seed=seed
    )
    try:
        table = attack_table(
            documents,
            standard_variants(salt=salt_of(seed)),
            decoys=_decoys(documents),
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
        "people": documents["person"].nunique(),
        "shadows": shadows,
        "seed": seed,
    }
    Findings("attack", _corpus_facts(splits, content_hash(splits)) | facts, table).save(out)
    click.echo(
        f"{out}: {table['variant'].nunique() - 1} variants, {members} member and {len(documents) - members} other conversations"
    )
    for row in table[table["figure"] == "auc"].to_dict("records"):
        click.echo(
            f"  {row['variant']:<42}{row['attack']:<12}AUC {row['value']:.3f} ({row['low']:.3f}–{row['high']:.3f}), by chance 0.5"
        )


def _of_some_people(
    conversations: list[Conversation], people: int, seed: int, *, where: str
) -> list[Conversation]:
    """The conversations of at most that many senders, drawn by lot."""
    import numpy as np

    senders = sorted({conversation.sender for conversation in conversations})
    if len(senders) < 20:
        raise InputError(
            f"{where} has {len(senders)} senders; an attack needs at least 20, half of them outside training"
        )
    drawn = set(np.random.default_rng(seed).permutation(np.array(senders, dtype=object))[:people].tolist())
    return [conversation for conversation in conversations if conversation.sender in drawn]


def _decoys(documents: pd.DataFrame) -> list[str]:
    """Given names that stand in no document: a decoy that was written anywhere would be no decoy."""
    from classifier.experiments.name_leaks import unwritten_names
    from classifier.privacy.builds.vocabulary import plain, words_and_pairs

    # A name may be written so (joined to a mark, say) that it is no term.
    written = {gram for text in documents["text"] for gram in words_and_pairs(plain(text))} | {
        plain(name) for own in documents["names"] for name in own
    }
    return unwritten_names(written)


def _corpus_facts(splits: dict[str, list[Conversation]], sha256: str) -> dict[str, Any]:
    first = next(conversation for conversations in splits.values() for conversation in conversations)
    return {"corpus": f"{first.corpus}, version {first.version}", "corpus_sha256": sha256}


@privacy.command()
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option(
    "--epsilon",
    type=click.FloatRange(min=0, min_open=True),
    multiple=True,
    help="Of a message, all labels together; may be given again. Default: 0.1 to 100.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=2),
    default=20,
    show_default=True,
    help="Draws of the noise at each epsilon.",
)
@click.option(
    "--rows",
    type=click.IntRange(min=100),
    default=40_000,
    show_default=True,
    help="At most that many training messages, drawn by lot.",
)
@click.option(
    "--cap",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="At most that many messages of a sender's conversations: what a person can be protected by.",
)
@click.option(
    "--regularisation",
    type=click.FloatRange(min=0, min_open=True),
    default=1e-3,
    show_default=True,
    help="Strength of the penalty, chosen beforehand and not on the text.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes. The result does not depend on their number.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of every draw.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The .json file to write; table and figure are written beside it as .csv and .svg.",
)
def curve(
    corpus: Path,
    epsilon: tuple[float, ...],
    seeds: int,
    rows: int,
    cap: int,
    regularisation: float,
    jobs: int,
    seed: int,
    out: Path,
) -> None:
    """Show what differential privacy costs: how well messages are told apart when a model is trained with noise, at each epsilon, beside the plain fit.

    Models over the public word list are fitted on train messages by both methods (noise on the weights, noise in the objective) and measured on test messages by the area
    under the ROC curve, averaged over labels; .5 is chance. 'tradeoff --curve' takes the file into its report.

    \b
    Example:
      grooming-classifier privacy curve data/synthetic/v1 --jobs 2 --out results/curve.json
    """
    from classifier.atomic import write_bytes
    from classifier.corpus.release import content_hash, read_corpus
    from classifier.privacy.attacks.attack import membership_documents
    from classifier.privacy.attacks.findings import Findings, checked_name
    from classifier.privacy.builds.dp_curve import EPSILONS, dp_curve, drawn_texts, public_rows
    from classifier.progress import progress_bar
    from classifier.report.figures import to_svg
    from classifier.report.tradeoff.leaks import curve_plot

    checked_name(out)
    splits = read_corpus(corpus)
    for split in ("train", "test"):
        if not splits[split]:
            raise InputError(
                f"{corpus}: has no {split} conversations; models are fitted on train and measured on test"
            )
    documents = drawn_texts(
        membership_documents(splits["train"], unit="message", seed=seed), cap=cap, n_rows=rows, seed=seed
    )
    train, test = (
        public_rows(documents),
        public_rows(membership_documents(splits["test"], unit="message", seed=seed)),
    )
    table = dp_curve(
        train,
        test,
        epsilons=sorted(set(epsilon)) or EPSILONS,
        regularisation=regularisation,
        n_seeds=seeds,
        seed=seed,
        n_jobs=jobs,
        progress=progress_bar,
    )
    facts = {
        "unit": "one message, all labels together",
        "cap": cap,
        "n_train": len(documents),
        "n_people": documents["person"].nunique(),
        "n_test": test.rows.shape[0],
        "n_terms": test.rows.shape[1],
        "regularisation": regularisation,
        "seed": seed,
    }
    Findings("curve", _corpus_facts(splits, content_hash(splits)) | facts, table).save(out)
    write_bytes(
        out.with_suffix(".svg"),
        to_svg(curve_plot(table), title="AUC of models trained with noise, by epsilon").encode("utf-8"),
    )
    click.echo(
        f"{out}: {len(documents):,} train messages of {facts['n_people']:,} senders, at most {cap} each; {facts['n_test']:,} test messages"
    )
    for row in table.to_dict("records"):
        click.echo(
            f"  {row['method']:<24}epsilon {row['epsilon']:<8g}AUC {row['auc']:.3f} ({row['auc_low']:.3f}–{row['auc_high']:.3f}) over {row['n_seeds']} draws"
        )


@privacy.command()
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option(
    "--people",
    type=click.IntRange(min=20),
    default=400,
    show_default=True,
    help="At most that many train senders, drawn by lot, to fit and to attack models on.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of every draw.")
def check(corpus: Path, people: int, seed: int) -> int:
    """Ask the harness what is known beforehand, and print each answer expected and found. Exits with 1 when one does not hold.

    Known are the ends of the scales (reading nothing, flagging all, the oracle, a lot), hand counts, bounds and formulas, and the leaks that every model of private
    text has: its vocabulary, its names, its document counts; and that noise costs detection.

    \b
    Example:
      grooming-classifier privacy check data/synthetic/v1
    """
    from classifier.corpus.release import read_corpus
    from classifier.privacy.attacks.attack import membership_documents
    from classifier.privacy.self_check import known_answers
    from classifier.privacy.stream import streams_of

    splits = read_corpus(corpus)
    if len({conversation.label for conversation in splits["test"]}) < 2:
        raise InputError(f"{corpus}: test needs conversations of both kinds")
    documents = membership_documents(
        _of_some_people(splits["train"], people, seed, where=f"{corpus}: train"), seed=seed
    )
    table = known_answers(streams_of(splits["test"]), documents, decoys=_decoys(documents), seed=seed)
    for row in table.to_dict("records"):
        click.echo(
            f"{'holds' if row['holds'] else 'FAILS'}  {row['what']}: expected {row['expected']}; found {row['found']}"
        )
    click.echo(f"{int(table['holds'].sum())} of {len(table)} hold")
    return 0 if table["holds"].all() else 1


@privacy.command()
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option(
    "--model",
    "model_path",
    type=click.Path(path_type=Path),
    help="Model file. Default: the one scripts/run made, else the small one shipped.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The CSV file to write."
)
def names(corpus: Path, model_path: Path | None, out: Path) -> None:
    """Count the names of people in the CORPUS a model was fitted on that can be got back from its file.

    Read: the name stands in the file. Tried: all its terms are known to the file. Asked: the model answers to it. Each beside names that were never there.

    \b
    Example:
      grooming-classifier privacy names data/synthetic/v1 --model classifier/model/small.safetensors --out results/names.csv
    """
    from classifier.atomic import write_bytes
    from classifier.corpus.release import content_hash, read_corpus
    from classifier.experiments.name_leaks import names_table, opened_file
    from classifier.model.message.file import load_model
    from classifier.model.shipped import find_model

    path = find_model(model_path)
    header, parts = load_model(path).header, read_corpus(corpus)
    if header["corpus_sha256"] != content_hash(parts):
        raise InputError(f"{path}: was fitted on another corpus than {corpus}; name the one it was fitted on")
    table = names_table(
        opened_file(path), [conversation for split in header["fitted_on"] for conversation in parts[split]]
    )
    write_bytes(out, table.to_csv(index=False, lineterminator="\n", float_format="%.12g").encode("utf-8"))
    for row in table.to_dict("records"):
        click.echo(
            f"{row['attack']}: {row['found']} of {row['n']} names in training, {row['decoys_found']} of {row['n_decoys']} that were never there"
        )
