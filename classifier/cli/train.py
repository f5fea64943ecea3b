"""``grooming-classifier train``: message model and conversation model of a corpus."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from classifier.cli.options import CORPUS, FiniteRange, out_file, seed_of
from classifier.errors import InputError
from classifier.model.shipped import MAX_FALSE_ALARMS, conversation_model_path
from classifier.progress import say


@click.command()
@CORPUS
@out_file("The message model to write (.safetensors); the conversation models go beside it.")
@click.option(
    "--final",
    type=click.Path(path_type=Path, dir_okay=False),
    help=(
        "Also write a model for use and not for evaluation: fitted on the families of all three splits, "
        "with the thresholds and conversation models of --out."
    ),
)
@seed_of("the out-of-fold draw and of the prefixes the conversation models are fitted on")
@click.option(
    "--min-df",
    type=click.IntRange(min=1),
    help="Least number of distinct training texts a term must stand in. Larger: a smaller file.",
)
@click.option(
    "--alert-fpr",
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    help="False-positive rate that an alert's threshold must keep to.",
)
def train(
    corpus: Path, out: Path, final: Path | None, seed: int, min_df: int | None, alert_fpr: float
) -> None:
    """Fit the message model and the conversation model on a corpus.

    They are fitted on its train split; thresholds are chosen on its validation split. A record without
    "synthetic": true is refused, and so is a corpus in which a phrase family stands in two splits or
    that is a few strings repeated.

    \b
    Example:
      grooming-classifier train data/synthetic/v1 --out model.safetensors --final final.safetensors
    """
    from classifier.corpus.audit import degeneracy
    from classifier.corpus.release import content_hash, read_corpus
    from classifier.evaluation.thresholds import error_free_units_needed, message_threshold
    from classifier.experiments.conversation_scores import fit_head, message_probabilities
    from classifier.experiments.crossfit import crossfitted_probabilities
    from classifier.model.conversation.features import HEAD_FEATURES
    from classifier.model.conversation.file import save_conversation_model
    from classifier.model.message.file import save_model
    from classifier.model.message.pipeline import fit_message_model, predict_messages
    from classifier.readers.messages import families_used, messages_table
    from classifier.taxonomy import BENIGN, LABELS

    say(f"reading {corpus}")
    parts = read_corpus(corpus)
    for split in ("train", "validation"):
        if not parts[split]:
            raise InputError(
                f"{corpus}: has no {split} conversations; training needs a train and a validation split"
            )
    table = messages_table(parts["train"])
    if reasons := degeneracy(table):
        raise InputError(f"{corpus}: not fit to train on: {'; '.join(reasons)}")
    options = {} if min_df is None else {"min_df": min_df}
    say(f"fitting {len(LABELS)} labels on {len(table)} messages")
    pipeline = fit_message_model(table, **options)
    validation = messages_table(parts["validation"])
    probabilities = predict_messages(pipeline, validation["text"].tolist())
    thresholds = {
        label: message_threshold(
            validation[label].to_numpy(), probabilities[label].to_numpy(), max_false_alarms=MAX_FALSE_ALARMS
        )
        for label in LABELS
    }
    whole = partial(
        save_model, thresholds=thresholds, options=options, corpus_sha256=content_hash(parts), seed=seed
    )
    model = whole(out, pipeline, training_families=families_used(parts["train"]))
    benign = sum(conversation.label == BENIGN for conversation in parts["validation"])
    if benign < (needed := error_free_units_needed(alert_fpr)):
        raise InputError(
            f"{corpus}: {benign} benign validation conversations cannot show a false-positive rate of "
            f"{alert_fpr}; it takes {needed}, or ask for more with --alert-fpr"
        )
    out_of_fold = crossfitted_probabilities(parts["train"], seed=seed)
    found = message_probabilities(pipeline, parts["validation"])
    models = {out: model}
    if final is not None:
        say("fitting the final model on all splits")
        everything = [conversation for part in parts.values() for conversation in part]
        fitted = fit_message_model(messages_table(everything), **options)
        models[final] = whole(
            final, fitted, training_families=families_used(everything), fitted_on=tuple(parts)
        )
    for head in HEAD_FEATURES:
        conversation_model = fit_head(
            head,
            parts["train"],
            out_of_fold,
            parts["validation"],
            found,
            thresholds=model.thresholds,
            alert_fpr=alert_fpr,
            seed=seed,
        )
        for path, message_model in models.items():
            save_conversation_model(
                conversation_model_path(path, head),
                conversation_model,
                message_model_sha256=message_model.header["sha256"],
                corpus_sha256=model.header["corpus_sha256"],
                seed=seed,
            )
    for path, message_model in models.items():
        click.echo(
            f"{path}: {sum(len(half.terms) for half in message_model.feature_groups)} terms, "
            f"{path.stat().st_size / 1e6:.1f} MB, sha256 {message_model.header['sha256']}"
        )
        click.echo(
            "beside it the conversation models: "
            f"{', '.join(conversation_model_path(path, head).name for head in HEAD_FEATURES)}"
        )
