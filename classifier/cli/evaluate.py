"""``grooming-classifier evaluate``: a folder of tables about a model, on our corpus or on labelled rows."""

from __future__ import annotations

import math
from collections.abc import Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from classifier.cli.options import (
    RESAMPLES,
    as_row_options,
    as_thresholds,
    given_options,
    out_folder,
    require_paths,
    row_options,
    seed_of,
    threshold_options,
)
from classifier.errors import InputError
from classifier.model.shipped_models import (
    conversation_model_path,
    require_unseen,
    shipped_model,
    train_split_model,
)
from classifier.taxonomy import LABELS

if TYPE_CHECKING:
    from classifier.evaluation.saved_results import Evaluation

NO_INTERVAL = "(–)"
"""Stands for the bounds of a figure that rests on too little."""


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path), required=False)
@click.option(
    "--rows",
    "sources",
    multiple=True,
    metavar="FILE",
    help=(
        "Instead of CORPUS: a file of messages with 0/1 columns named after labels, or with "
        "conversation_label, as CSV, TSV, JSONL or Parquet. May be repeated, and may be a pattern in quotes."
    ),
)
@click.option(
    "--model",
    "model_path",
    type=click.Path(path_type=Path),
    help=(
        "Model file. Default: the one that comes with the package; for CORPUS the one fitted on the train "
        "split alone."
    ),
)
@click.option(
    "--transfer",
    type=click.Path(path_type=Path),
    help="A second corpus to measure on, by other writers: data/synthetic/v2-alt.",
)
@out_folder("The folder to write the results and their tables into.")
@seed_of("the bootstrap and of the shuffled-label control")
@RESAMPLES
@click.option(
    "--by",
    "groups",
    multiple=True,
    metavar="COLUMN",
    help="With --rows: rates by the values of this column, and the largest gap. May be repeated.",
)
@click.option("--since", default="", metavar="TIME", help="With --rows: only messages from this time on.")
@click.option("--until", default="", metavar="TIME", help="With --rows: only messages before this time.")
@click.option(
    "--authors",
    type=click.Path(path_type=Path),
    help="With --rows: PAN 2012's list of authors to find, one id a line, for its F0.5.",
)
@click.option(
    "--pseudonymise",
    is_flag=True,
    help="With --rows: write numbers for conversations and letters for authors. Texts are never written.",
)
@threshold_options
@row_options
def evaluate(
    corpus: Path | None,
    sources: tuple[str, ...],
    model_path: Path | None,
    transfer: Path | None,
    out: Path,
    seed: int,
    resamples: int,
    **for_rows: Any,
) -> None:
    """Measure a model on the test split of CORPUS, or on your own labelled rows.

    Writes facts (.json) and one CSV per table into OUT, and prints the main figures, each with its interval.
    'report' draws what CORPUS gave as a page. A flag is for a person to review.

    On CORPUS, simpler models and leak controls are measured beside the model. Thresholds come from the model
    file; those of the simpler models are chosen on the validation split. F1 is printed for each share of
    false alarms that thresholds may have on validation. The scores of every message and conversation go into
    message_scores.parquet and conversation_scores.parquet, which 'compare' reads. It takes some minutes.

    With --rows nothing is fitted, and no text is written. A row is a message: text, and for conversations
    conversation_id and author. Labels are 0/1 columns flattery, isolation, info_request, secrecy, meeting,
    false_affinity, pressure, as many as there are, and conversation_label (0/1, or benign and
    grooming_pattern). Intervals are over resampled conversations. To try it:
    data/synthetic/examples/labelled.csv.

    \b
    Examples:
      grooming-classifier evaluate data/synthetic/v2 --transfer data/synthetic/v2-alt --out results/evaluation
      grooming-classifier evaluate --rows data/synthetic/examples/labelled.csv --out results/mine
      grooming-classifier evaluate --rows reviewed.csv --by age_band --out results/reviewed
      grooming-classifier evaluate --rows rows.csv --authors authors.txt --pseudonymise --out results/pan12
    """
    require_paths(transfer, for_rows["authors"], model=model_path)
    if sources:
        if corpus is not None or transfer is not None:
            raise InputError("--rows: is measured by itself; leave out CORPUS and --transfer")
        _evaluate_rows(sources, model_path or shipped_model(), out, seed, resamples, **for_rows)
        return
    if corpus is None:
        raise InputError("name a CORPUS, or labelled rows with --rows")
    for flag in given_options(for_rows).values():
        raise InputError(f"{flag}: goes with --rows, and {corpus} is a corpus; leave it out")
    _evaluate_corpus(corpus, model_path or train_split_model(), transfer, out, seed, resamples)


def _evaluate_corpus(
    corpus: Path, path: Path, transfer: Path | None, out: Path, seed: int, resamples: int
) -> None:
    from classifier.corpus.corpus_folder import content_hash, read_corpus, read_message_tables, require_splits
    from classifier.model.conversation.features import HEAD_FEATURES
    from classifier.model.conversation.file import load_conversation_model
    from classifier.model.message.file import load_classifier, load_model
    from classifier.workflows.corpus_evaluation import evaluate_everything

    model = load_model(path)
    require_unseen(path, model.header)
    parts = read_corpus(corpus)
    require_splits(corpus, parts, *parts, reason="an evaluation needs all three splits")
    corpus_sha256 = content_hash(corpus)
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
    by_cap = evaluation.tables["f1_by_cap"]
    for row in by_cap[(by_cap["label"] == "macro") & (by_cap["set"] == "test")].to_dict("records"):
        click.echo(
            f"  at most {100 * row['cap']:g} % false alarms on validation: macro F1 {row['f1']:.3f} "
            f"({row['f1_low']:.3f}–{row['f1_high']:.3f}), {row['found']:,} of {row['support']:,} found, "
            f"{100 * row['false_alarm_rate']:.2g} % falsely flagged on test"
        )


def _evaluate_rows(
    sources: tuple[str, ...],
    path: Path,
    out: Path,
    seed: int,
    resamples: int,
    *,
    groups: tuple[str, ...],
    since: str,
    until: str,
    authors: Path | None,
    pseudonymise: bool,
    operating_point: str,
    thresholds: tuple[str, ...],
    alert_threshold: float | None,
    **how_read: Any,
) -> None:
    from classifier.cli.score_arguments import opened_rows
    from classifier.model.conversation.file import load_conversation_model
    from classifier.model.message.file import load_model
    from classifier.readers.checked_values import shown
    from classifier.readers.other_formats.pan12 import read_authors
    from classifier.resume import file_sha256
    from classifier.workflows.labelled_rows.labelled_row_reader import EARLIEST, LATEST, read_labelled_rows
    from classifier.workflows.labelled_rows.rows_evaluation import RESULTS, evaluate_rows, pseudonymised
    from classifier.workflows.scoring.scoring_plan import Thresholds

    chosen = Thresholds(operating_point, as_thresholds(thresholds), alert_threshold)
    options = as_row_options("auto", **how_read)
    begins = _bound("--since", since, EARLIEST, day_first=options.day_first)
    ends = _bound("--until", until, LATEST, day_first=options.day_first)
    model = chosen.applied_to(load_model(path))
    conversation_model = chosen.applied_to_conversations(
        load_conversation_model(conversation_model_path(path))
    )
    sought: Set[str] = set() if authors is None else read_authors(authors)
    with opened_rows(sources, options, "message") as files:
        rows = read_labelled_rows(files, groups=groups, since=begins, until=ends)
        read = {file.path.name: file_sha256(file.path) for file in files.files}
    if sought and not sought & set(rows.messages["author"]):
        raise InputError(f"{authors}: none of its authors writes a message in {rows.name}")
    if pseudonymise:
        rows, sought = pseudonymised(rows, sought)
    facts = {
        "files_sha256": read,
        "model": path.name,
        "operating_point": operating_point,
        "pseudonymised": pseudonymise,
        "since": since,
        "until": until,
    }
    evaluation = evaluate_rows(
        rows,
        model,
        conversation_model,
        sought_authors=sought,
        facts=facts,
        n_resamples=resamples,
        seed=seed,
    )
    evaluation.save(out, name=RESULTS)
    if rows.unread:
        click.echo(
            f"{rows.name}: not read: {shown(*rows.unread)}; columns of labels are named {', '.join(LABELS)}",
            err=True,
        )
    click.echo(
        f"{out}: {evaluation.facts['n_rows']:,} rows, {evaluation.facts['n_clusters']:,} "
        f"{evaluation.facts['clusters']}"
    )
    for line in _summary(evaluation):
        click.echo(line)
    if n := evaluation.facts["n_without_author"]:
        click.echo(f"{rows.name}: {n:,} rows without an author are of no conversation", err=True)
    if n := evaluation.facts["n_sought_authors_without_a_message"]:
        click.echo(f"{authors}: {n:,} of its authors write no message in these rows", err=True)


def _bound(flag: str, value: str, otherwise: Any, *, day_first: bool) -> Any:
    from classifier.readers.rows.cell_time import cell_time

    if not value.strip():
        return otherwise
    try:
        return cell_time(value, day_first=day_first)
    except ValueError as error:
        raise InputError(f"{flag} {value}: {error}; write it as 2026-01-31 or 2026-01-31T18:00") from None


def _summary(evaluation: Evaluation) -> list[str]:
    """The main figures of labelled rows, a line each."""
    from classifier.workflows.labelled_rows.resampled_rates import MIN_CLUSTERS, MIN_MARKED

    tables, lines = evaluation.tables, []
    if "messages" in tables:
        lines.append(f"  {'label':<16}{'shown':>7}  {'precision':<22}{'recall':<22}{'F1':<22}AP")
        lines += [
            f"  {row['label']:<16}{row['support']:>7}  "
            + "".join(f"{_of_label(row, name):<22}" for name in ("precision", "recall", "f1"))
            + _of_label(row, "average_precision")
            for row in tables["messages"].to_dict("records")
        ]
    for row in tables["conversations"].to_dict("records") if "conversations" in tables else ():
        lines.append(
            f"  conversations: AUC {_with_bounds(row, 'auc', 'one kind alone')}, found "
            f"{_counted(row, 'tpr', 'none shown')}, benign flagged {_counted(row, 'fpr', 'none benign')}"
        )
    sought = "pan12" in tables and "authors" in set(tables["pan12"]["task"])
    for row in tables["pan12"].to_dict("records") if sought else ():
        lines.append(
            f"  PAN 2012 {row['task']}: {row['measure']} {row['score']:.4f}, {row['right']:,} right of "
            f"{row['flagged']:,} flagged, {row['to_find']:,} to find"
        )
    for row in tables["gaps"].to_dict("records") if "gaps" in tables else ():
        lines.append(
            f"  {row['by']}, {row['metric']}: worst {row['worst']} {row['worst_rate']:.3f}, best "
            f"{row['best']} {row['best_rate']:.3f}, gap {_with_bounds(row, 'gap')}"
        )
    if any(NO_INTERVAL in line for line in lines):
        unit = evaluation.facts["clusters"]
        lines.append(
            f"  {NO_INTERVAL}: too few for an interval: it takes {MIN_CLUSTERS} {unit}, and {MIN_MARKED} of "
            "them must hold what is counted; shares of 0 and 1, and of conversations, have an exact one"
        )
    return lines


def _of_label(row: dict[Any, Any], name: str) -> str:
    if row["label"] == "macro":
        return _with_bounds(row, name, "a sign has none")
    return _with_bounds(row, name, "none flagged" if row["support"] and name == "precision" else "none shown")


def _with_bounds(row: dict[Any, Any], name: str, undefined: str = "") -> str:
    if math.isnan(row[name]):
        return f"– ({undefined})"
    if math.isnan(row[f"{name}_low"]):
        return f"{row[name]:.3f} {NO_INTERVAL}"
    return f"{row[name]:.3f} ({row[f'{name}_low']:.3f}–{row[f'{name}_high']:.3f})"


def _counted(row: dict[Any, Any], name: str, undefined: str) -> str:
    if not row[f"{name}_n"]:
        return f"– ({undefined})"
    return f"{_with_bounds(row, name)}, {row[f'{name}_hits']:,}/{row[f'{name}_n']:,}"
