"""``grooming-classifier privacy``: what a policy means for the people who write, and what a model file gives away."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.errors import InputError


@click.group()
def privacy() -> None:
    """Explain policies of reading messages, and attack ways of building a model.

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
    from classifier.privacy.policy import shipped_policies

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
    from classifier.privacy.explain import explain_policy
    from classifier.privacy.policy import read_policy, shipped_policies

    shipped = {known.name: known for known in shipped_policies()}
    if policy not in shipped and not policy.endswith(".toml"):
        raise InputError(f"no shipped policy is named {policy!r}; 'grooming-classifier privacy list' shows them, and a policy of your own is a .toml file")
    click.echo(explain_policy(shipped[policy] if policy in shipped else read_policy(Path(policy))))


@privacy.command()
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option("--split", type=click.Choice(["train", "validation", "test"]), default="train", show_default=True, help="Whose conversations to fit on and to attack.")
@click.option("--people", type=click.IntRange(min=20), default=400, show_default=True, help="At most that many senders, drawn by lot; half of them are members.")
@click.option("--shadows", type=click.IntRange(min=0), default=0, show_default=True, help="Shadow models for the likelihood ratio attack; 0 leaves it out.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of every draw. The salt of salted hashes follows from it, but is not told to the attack.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The CSV file to write.")
def attack(corpus: Path, split: str, people: int, shadows: int, seed: int, out: Path) -> None:
    """Attack each way of building a model: who was in training, which names can be got back, what noise was promised.

    Models of each variant are fitted on half of the senders. Every figure stands beside what chance gives; it is a lower bound on what leaks.

    \b
    Example:
      grooming-classifier privacy attack data/synthetic/v1 --out results/attack.csv
    """
    import numpy as np

    from classifier.atomic import write_bytes
    from classifier.cli.model_names import unwritten_names
    from classifier.corpus.release import read_corpus
    from classifier.privacy.attack import attack_table, membership_documents
    from classifier.privacy.variants import salt_of, standard_variants
    from classifier.privacy.vocabulary import plain, words_and_pairs

    conversations = read_corpus(corpus)[split]
    senders = sorted({conversation.sender for conversation in conversations})
    if len(senders) < 20:
        raise InputError(f"{corpus}: {split} has {len(senders)} senders; an attack needs at least 20, half of them outside training")
    drawn = set(np.random.default_rng(seed).permutation(np.array(senders, dtype=object))[:people].tolist())
    documents = membership_documents([conversation for conversation in conversations if conversation.sender in drawn], seed=seed)
    # A decoy that was written anywhere would be no decoy.
    written = {gram for text in documents["text"] for gram in words_and_pairs(plain(text))} | {plain(name) for own in documents["names"] for name in own}
    decoys = unwritten_names(written)
    variants = standard_variants(salt=salt_of(seed))
    try:
        table = attack_table(documents, variants, decoys=decoys, n_shadows=shadows, seed=seed)
    except ValueError as error:
        raise InputError(f"{corpus}: cannot be attacked: {error}") from None
    write_bytes(out, table.to_csv(index=False, lineterminator="\n", float_format="%.12g").encode("utf-8"))
    click.echo(f"{out}: {table['variant'].nunique() - 1} variants, {int(documents['member'].sum())} member and {int((~documents['member']).sum())} other conversations")
    for row in table[table["figure"] == "auc"].to_dict("records"):
        click.echo(f"  {row['variant']:<42}{row['attack']:<12}AUC {row['value']:.3f} ({row['low']:.3f}–{row['high']:.3f}), by chance 0.5")


@privacy.command()
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option("--model", "model_path", type=click.Path(path_type=Path), help="Model file. Default: the one scripts/run made, else the small one shipped.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The CSV file to write.")
def names(corpus: Path, model_path: Path | None, out: Path) -> None:
    """Count the names of people in the CORPUS a model was trained on that can be got back from its file.

    Read: the name stands in the file. Tried: all its terms are known to the file. Asked: the model answers to it. Each beside names that were never there.

    \b
    Example:
      grooming-classifier privacy names data/synthetic/v1 --model classifier/model/small.safetensors --out results/names.csv
    """
    from classifier.atomic import write_bytes
    from classifier.cli.model_names import names_table, opened_file
    from classifier.cli.models import find_model
    from classifier.corpus.release import content_hash, read_corpus
    from classifier.model.file import load_model

    path = find_model(model_path)
    parts = read_corpus(corpus)
    if load_model(path).header["corpus_sha256"] != content_hash(parts):
        raise InputError(f"{path}: was trained on another corpus than {corpus}; name the one it was trained on")
    table = names_table(opened_file(path), parts["train"])
    write_bytes(out, table.to_csv(index=False, lineterminator="\n", float_format="%.12g").encode("utf-8"))
    for row in table.to_dict("records"):
        click.echo(f"{row['attack']}: {row['found']} of {row['n']} names in training, {row['decoys_found']} of {row['n_decoys']} that were never there")
