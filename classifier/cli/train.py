"""``grooming-classifier train``: message model and conversation model of a corpus."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from classifier.cli.options import (
    CORPUS,
    Decorator,
    FiniteRange,
    given_options,
    out_file,
    require_paths,
    seed_of,
    together,
)
from classifier.errors import InputError
from classifier.model.message.features import DEFAULT_OPTIONS
from classifier.model.shipped_models import conversation_model_path
from classifier.progress import progress_bar, say
from classifier.workflows.training.training_options import NONE, recipe_text, recipe_value

if TYPE_CHECKING:
    import pandas as pd


def _checked_range(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """LOW,HIGH or none, left as it is written."""
    try:
        recipe_value(str(param.name), value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None
    return value


_RANGE: dict[str, Any] = {"metavar": "LOW,HIGH", "callback": _checked_range}


def _option(name: str, help_text: str, flag: str = "", **how: Any) -> Decorator:
    """The option of the recipe called ``name``, with its default as a person writes it."""
    default = DEFAULT_OPTIONS[name]
    return click.option(
        flag or f"--{name.replace('_', '-')}",
        name,
        default=default if isinstance(default, bool | int | float) else recipe_text(default),
        show_default=True,
        help=help_text,
        **how,
    )


_recipe_options = together(
    _option("word_ngrams", "Features: runs of LOW to HIGH words, or 'none'.", **_RANGE),
    _option("char_ngrams", "Features: runs of LOW to HIGH characters within words, or 'none'.", **_RANGE),
    _option("word_pairs", "Features: pairs of words LOW to HIGH places apart, or 'none'.", **_RANGE),
    _option(
        "min_df",
        "Keep only terms that stand in at least so many distinct training texts. Larger: a smaller file.",
        type=click.IntRange(min=1),
    ),
    _option(
        "sublinear_tf",
        "Whether a term that occurs n times counts 1 + log(n) instead of n.",
        "--sublinear-tf/--no-sublinear-tf",
    ),
    _option("C", "Inverse strength of the L2 penalty.", type=FiniteRange(min=0, min_open=True)),
    _option(
        "class_weight",
        "balanced: messages with and without a label have the same total weight.",
        type=click.Choice([NONE, "balanced"]),
    ),
    _option(
        "normaliser",
        "Whether spelling is normalised, or text only lower-cased.",
        "--normaliser/--no-normaliser",
    ),
)
"""The options of ``StageClassifier``, by their names there."""


@click.command()
@CORPUS
@out_file("The message model to write (.safetensors); the conversation models go beside it.")
@click.option(
    "--final",
    type=click.Path(path_type=Path, dir_okay=False),
    help=(
        "Also write a model for use, not for evaluation. It is fitted on all three splits; its thresholds "
        "come from models that had not seen the messages; its conversation models are those of --out."
    ),
)
@seed_of("the folds, and of where conversations are cut to fit the conversation models")
@click.option(
    "--alert-fpr",
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    help="Highest false-positive rate that the alert threshold of conversations may have.",
)
@_recipe_options
@click.option(
    "--grid",
    "grid_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=(
        "A TOML file with lists of values for some of the options above. The combination that is best on "
        "validation messages is trained."
    ),
)
@click.option(
    "--also",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --grid: further messages to measure on, as in messages.jsonl.gz. They choose nothing.",
)
def train(
    corpus: Path,
    out: Path,
    final: Path | None,
    seed: int,
    alert_fpr: float,
    grid_file: Path | None,
    also: Path | None,
    **recipe: Any,
) -> None:
    """Fit the message model and the conversation model on a corpus.

    Writes the message model to --out and three conversation models beside it, and prints their sizes. All are
    fitted on the train split; thresholds are chosen on the validation split. Refused are a record without
    "synthetic": true, a corpus with a phrase family in two splits, and one that is a few strings repeated.

    A grid names options with underscores, each with a list of values:

    \b
      C = [4, 16]
      word_ngrams = [[1, 1], [1, 2], "none"]
      class_weight = ["none", "balanced"]

    Every combination is fitted on train messages and measured by macro average precision on validation
    messages. The table is printed, and written beside --out as .grid.csv. A combination without any features
    is skipped.

    \b
    Examples:
      grooming-classifier train data/synthetic/v2 --out model.safetensors --final final.safetensors
      grooming-classifier train data/synthetic/v2 --out small.safetensors --word-pairs none --min-df 5
      grooming-classifier train data/synthetic/v2 --out best.safetensors --grid g.toml --also lines.jsonl.gz
    """
    import numpy as np
    import pandas as pd

    from classifier.corpus.checks.corpus_audit import degeneracy
    from classifier.corpus.corpus_folder import content_hash, read_corpus, read_message_tables, require_splits
    from classifier.evaluation.thresholds import error_free_units_needed
    from classifier.model.conversation.features import HEAD_FEATURES
    from classifier.model.conversation.file import save_conversation_model
    from classifier.model.message.file import save_model
    from classifier.model.message.stage_classifier import fit_message_model
    from classifier.readers.phrases_jsonl import read_phrase_messages
    from classifier.taxonomy import BENIGN, COLUMNS
    from classifier.workflows.conversation_evaluation.conversation_scores import fit_head
    from classifier.workflows.training.cross_fitting import fit_with_folds, of_conversations
    from classifier.workflows.training.grid_search import combinations, read_grid
    from classifier.workflows.training.operating_point_choice import choose_operating_points

    options = {name: recipe_value(name, value) for name, value in recipe.items()}
    if also is not None and grid_file is None:
        raise InputError("--also: is measured with --grid; give a grid, or leave it out")
    require_paths(grid_file, also)
    grid = {} if grid_file is None else read_grid(grid_file)
    for twice in given_options(grid).values():
        raise InputError(f"{twice}: stands in {grid_file} too; leave one of them out")
    tried = combinations(grid, options)
    also_messages = None if also is None else read_phrase_messages(also)
    say(f"reading {corpus}")
    parts = read_corpus(corpus)
    require_splits(
        corpus,
        parts,
        "train",
        "validation",
        reason="training needs a train and a validation split",
    )
    messages = read_message_tables(corpus, parts)
    if reasons := degeneracy(messages["train"]):
        raise InputError(f"{corpus}: not fit to train on: {'; '.join(reasons)}")
    benign = sum(conversation.label == BENIGN for conversation in parts["validation"])
    if benign < (needed := error_free_units_needed(alert_fpr)):
        raise InputError(
            f"{corpus}: {benign} benign validation conversations cannot show a false-positive rate of "
            f"{alert_fpr}; it takes {needed}, or ask for more with --alert-fpr"
        )
    if grid_file is not None:
        options = _best_of_grid(tried, grid, messages, also_messages, out)
    say(f"fitting {len(COLUMNS)} labels and tactics on {len(messages['train'])} messages")
    pipeline, out_of_fold = fit_with_folds(messages["train"], seed=seed, **options)
    scores = {"train": out_of_fold} | {
        split: pipeline.scores(messages[split]["text"]) for split in ("validation", "test")
    }
    save = partial(save_model, corpus_sha256=content_hash(corpus), seed=seed)
    model = save(
        out,
        pipeline,
        operating_points=choose_operating_points(messages["validation"], scores["validation"]),
        training_families=set(messages["train"]["family"]),
    )
    models = {out: model}
    if final is not None:
        say("fitting the final model on all splits")
        everything = pd.concat([messages[split] for split in scores], ignore_index=True)
        models[final] = save(
            final,
            fit_message_model(everything, **options),
            operating_points=choose_operating_points(everything, np.concatenate(list(scores.values()))),
            training_families=set(everything["family"]),
            fitted_on=tuple(parts),
        )
    of_train, of_validation = (
        of_conversations(scores[split], messages[split], parts[split]) for split in ("train", "validation")
    )
    for head in HEAD_FEATURES:
        conversation_model = fit_head(
            head,
            parts["train"],
            of_train,
            parts["validation"],
            of_validation,
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


def _best_of_grid(
    tried: Sequence[dict[str, Any]],
    grid: dict[str, list[Any]],
    messages: dict[str, pd.DataFrame],
    also: pd.DataFrame | None,
    out: Path,
) -> dict[str, Any]:
    """The best of the combinations ``tried``; the table is printed and written beside ``out``."""
    from classifier.atomic import write_bytes
    from classifier.workflows.training.grid_search import measure_grid

    if also is not None:
        also = also.drop_duplicates(["text", "family"])
    table = measure_grid(messages["train"], messages["validation"], tried, also=also, progress=progress_bar)
    path = out.with_suffix(".grid.csv")
    text = table.to_csv(index=False, lineterminator="\n", float_format="%.12g")
    write_bytes(path, text.encode("utf-8"))
    n_also = "" if also is None else f", of {len(also):,} other messages under 'also'"
    click.echo(
        f"{path}: macro average precision of {len(tried)} combinations on "
        f"{len(messages['validation']):,} validation messages{n_also}"
    )
    measured = ["n_terms", "validation", *(["also"] if also is not None else [])]
    shown = table[[*grid, *measured]].to_string(
        index=False, float_format="{:.4f}".format, formatters={"n_terms": "{:,}".format}
    )
    marks = ["", *("<- best" if best else "" for best in table["best"])]
    for line, mark in zip(shown.splitlines(), marks, strict=True):
        click.echo(f"  {line}  {mark}".rstrip())
    return tried[table["best"].tolist().index(True)]
