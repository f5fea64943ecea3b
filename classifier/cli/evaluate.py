"""``grooming-classifier evaluate``: a folder of tables about a model."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.cli.options import CORPUS, RESAMPLES, TRAIN_SPLIT_MODEL, out_folder, require_paths, seed_of
from classifier.errors import InputError
from classifier.model.shipped import conversation_model_path, require_unseen, train_split_model


@click.command()
@CORPUS
@TRAIN_SPLIT_MODEL
@click.option(
    "--transfer",
    type=click.Path(path_type=Path),
    help="A second corpus by other writers, for testing only (data/synthetic/v2-alt).",
)
@out_folder("The folder to write evaluation.json and its tables into.")
@seed_of("the bootstrap and of the shuffled-label control")
@RESAMPLES
def evaluate(
    corpus: Path, model_path: Path | None, transfer: Path | None, out: Path, seed: int, resamples: int
) -> None:
    """Measure a model on the test split, beside baselines and leak controls.

    Thresholds come from the model file; those of the baselines are chosen on the validation split.
    Every rate stands beside its interval. The scores of single messages and conversations go into
    message_scores.parquet and conversation_scores.parquet, which 'compare' reads.

    \b
    Example:
      grooming-classifier evaluate data/synthetic/v2 --transfer data/synthetic/v2-alt --out results/evaluation
    """
    from classifier.corpus.release import content_hash, read_corpus, read_message_tables
    from classifier.experiments.evaluation import evaluate_everything
    from classifier.model.conversation.features import HEAD_FEATURES
    from classifier.model.conversation.file import load_conversation_model
    from classifier.model.message.file import load_classifier, load_model

    require_paths(transfer, model=model_path)
    parts = read_corpus(corpus)
    for split, conversations in parts.items():
        if not conversations:
            raise InputError(f"{corpus}: has no {split} conversations; an evaluation needs all three splits")
    path = model_path or train_split_model()
    model = load_model(path)
    corpus_sha256 = content_hash(corpus)
    require_unseen(path, model.header, corpus_sha256)
    heads = {head: load_conversation_model(conversation_model_path(path, head)) for head in HEAD_FEATURES}
    alt = [] if transfer is None else read_corpus(transfer)["test"]
    evaluation = evaluate_everything(
        parts,
        alt,
        read_message_tables(corpus, parts),
        model,
        load_classifier(path),
        heads,
        corpus_sha256=corpus_sha256,
        seed=seed,
        n_resamples=resamples,
    )
    evaluation.save(out)
    macro = evaluation.tables["messages"].set_index("label").loc["macro"]
    f1 = f"macro F1 {macro['f1']:.3f} ({macro['f1_low']:.3f}–{macro['f1_high']:.3f})"
    click.echo(
        f"{out}: {f1} on {evaluation.facts['n_messages']} messages of {evaluation.facts['n_families']} "
        "unseen families"
    )
