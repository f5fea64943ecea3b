"""``grooming-classifier score``: probabilities for a message or a file."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from classifier.cli.options import (
    FOR_FILES,
    MODEL,
    OF_MESSAGES,
    as_row_options,
    as_thresholds,
    at_least,
    given_options,
    require_paths,
    row_options,
    threshold_options,
)
from classifier.cli.score_arguments import are_files, checked_output, opened_rows
from classifier.errors import InputError
from classifier.model.file_container import stored_sha256
from classifier.model.message.explain import scores_as_json, scores_as_text
from classifier.model.shipped_models import shipped_model
from classifier.progress import say
from classifier.readers.checked_values import shown
from classifier.readers.input_lines import input_lines
from classifier.readers.rows.file_endings import ROW_FORMATS
from classifier.workflows.scoring.scoring_plan import ScoringPlan, Thresholds

STOPPED = 1
"""Exit code of a run that was interrupted, or whose output nobody reads any more."""


@click.command()
@click.argument("sources", metavar="[TEXT | FILE... | -]", nargs=-1)
@click.option(
    "--level",
    type=click.Choice(["message", "conversation", "sender"]),
    default="message",
    show_default=True,
    help="Score each message, each conversation, or each author over all conversations.",
)
@MODEL
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help=(
        "Where a file's scores go, as .csv, .jsonl or .parquet by its name. Default: standard output. "
        "With --engine dask, a folder."
    ),
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["auto", *ROW_FORMATS, "json"]),
    default="auto",
    show_default=True,
    help=(
        "What the files are. auto: by their names. With '-': what standard input is. json: of a text with "
        "--explain, its explanation as JSON."
    ),
)
@threshold_options
@click.option("--tactics", is_flag=True, help="Add a column 'label.tactic' per tactic, a label's finer kind.")
@click.option("--known", is_flag=True, help="Add 'known', the share of a text's words the model has seen.")
@row_options
@click.option("--skip-bad", is_flag=True, help="Leave out rows with a fault and report them.")
@click.option(
    "--sort-by-time",
    is_flag=True,
    help="Read each conversation oldest message first. Takes memory: half a kilobyte a message.",
)
@click.option(
    "--safe-for-spreadsheets",
    is_flag=True,
    help="In CSV, put an apostrophe before a text that a spreadsheet would take for a formula.",
)
@at_least("--jobs", 1, 1, "Processes that score a file. The result is the same, byte for byte.")
@click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="dask: Parquet files, on a cluster; needs the extra 'distributed'.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="With --engine dask: a running cluster, as tcp://host:8786. Default: --jobs processes here.",
)
@click.option(
    "--explain",
    "explained",
    is_flag=True,
    help=(
        "For a text: which terms made the score of each flagged label, or of the highest, and what the "
        "model does not know (all labels: --format json). For a file: see --conversation."
    ),
)
@click.option(
    "--conversation",
    metavar="ID",
    help=(
        "With --level conversation --explain: the conversation of the file whose score is explained, by "
        "stage, message and word."
    ),
)
def score(
    sources: tuple[str, ...],
    level: str,
    model_path: Path | None,
    out: Path | None,
    format_: str,
    operating_point: str,
    thresholds: tuple[str, ...],
    alert_threshold: float | None,
    tactics: bool,
    known: bool,
    columns: tuple[str, ...],
    delimiter: str,
    encoding: str,
    conversation_id: str,
    day_first: bool,
    skip_bad: bool,
    safe_for_spreadsheets: bool,
    jobs: int,
    engine: str,
    scheduler: str | None,
    explained: bool,
    conversation: str | None,
    sort_by_time: bool,
) -> int:
    """Score a text, files, or the lines of standard input.

    Prints, or writes to --out, a probability for each label of each message, and the labels flagged.

    A file is .csv, .tsv, .jsonl or .ndjson (all also .gz or .zst), .parquet, or a corpus of this project, one
    message a row: text; for conversations and senders conversation_id and author; time is optional. Several
    files, also as a pattern in quotes, are scored as one. Rows come back in order: conversation_id, author,
    text, time, the other columns, a probability column per label, and 'stages', the labels at or over their
    thresholds. An input column with one of these names comes out as input_NAME.

    With --level conversation there is one row a conversation: its highest score, flagged (0/1), and
    warned_at, the number of messages seen at the warning. With --level sender there is one row an author:
    the highest score of that author's side, the number of conversations, and how many of them were flagged.
    Messages of a conversation must be in order (or give --sort-by-time), and may stand between those of
    others; those without an author are left out. Scores are for a person to review.

    A file of any size is scored in constant memory (conversations and senders: about a kilobyte each).
    Until OUT is whole, finished parts wait in OUT.parts; a run that was interrupted or killed goes on
    from there when the same command is given again, and ends with the same bytes. Standard input and
    pipes are kept in a temporary file while they are read.

    Exit codes: 0 all scored; 1 stopped before the end (Ctrl-C, or a closed pipe); 2 something cannot be
    used, or cannot be written (no space left).

    \b
    Examples:
      grooming-classifier score "dont tell your mum about this, its our secret" --explain
      grooming-classifier score data/synthetic/examples/chat.csv --level conversation
      grooming-classifier score "keep it secret, ok?" --explain --format json
      grooming-classifier score chat.csv --level message --out scores.csv
      grooming-classifier score chat.csv --operating-point strict --threshold secrecy=0.4 --tactics
      grooming-classifier score export.csv --delimiter ';' --encoding cp1252 --column text=Nachricht
      grooming-classifier score 'chats/*.jsonl.gz' --level conversation --jobs 2 --out conversations.parquet
      zcat chat.csv.gz | grooming-classifier score - --format csv > scores.csv
      grooming-classifier score chat.csv --level conversation --explain --conversation c1
      grooming-classifier score 'chats/*.parquet' --engine dask --out scores/
    """
    require_paths(model=model_path)
    path = model_path or shipped_model()
    if scheduler is not None and engine != "dask":
        raise InputError("--scheduler: is the address of a Dask cluster; give --engine dask with it")
    sources = sources or ("-",)
    for_files = list(given_options(FOR_FILES).values())
    chosen = Thresholds(operating_point, as_thresholds(thresholds), alert_threshold)
    if alert_threshold is not None and level == "message":
        raise InputError("--alert-threshold: is of conversations and senders; give their --level")
    for parameter in given_options(OF_MESSAGES if level != "message" else ()):
        raise InputError(OF_MESSAGES[parameter])
    if engine == "dask":
        if tactics or known or chosen != Thresholds():
            raise InputError(
                "--engine dask: scores at the model's own thresholds, by label; leave out others"
            )
        if for_files or conversation or len(sources) > 1:
            unused = "several files" if len(sources) > 1 else (for_files or ["--conversation"])[0]
            raise InputError(
                f"--engine dask: takes a folder or one pattern of Parquet files; leave out {unused}"
            )
        return _score_on_cluster(sources[0], level, path, out, jobs=jobs, scheduler=scheduler)
    as_json = format_ == "json"
    if as_json and (not explained or are_files(sources, "auto")):
        raise InputError("--format json: is for the explanation of a text; give the text and --explain")
    if as_json or not are_files(sources, format_):
        if conversation is not None:
            raise InputError("--conversation: is one of a file's; give a .csv, .jsonl or .parquet file")
        if for_files and not as_json:
            raise InputError(
                f"{for_files[0]}: is for files of messages, and this is a text; with '-', say --format"
            )
        return _score_texts(
            sources[0],
            level,
            path,
            out,
            chosen,
            explained=explained,
            tactics=tactics,
            known=known,
            as_json=as_json,
        )
    if explained and conversation is None:
        raise InputError(
            "--explain: explains one text at a time; give the text itself instead of a file, or name "
            "one of its conversations with --conversation"
        )
    if conversation is not None and (not explained or level != "conversation"):
        fault = "names the conversation to explain; give --level conversation and --explain with it"
        raise InputError(f"--conversation: {fault}")
    if conversation is not None and out is not None:
        raise InputError("--conversation: its explanation is printed; leave out --out and --engine")
    options = as_row_options(format_, columns, delimiter, encoding, conversation_id, day_first)
    with opened_rows(sources, options, level, sorts=sort_by_time) as files:
        if conversation is not None:
            from classifier.workflows.scoring.explained_conversation import explained_conversation

            click.echo(explained_conversation(files, conversation, path, sorts=sort_by_time))
            _say_model(path)
            return 0
        plan = ScoringPlan(
            files,
            level,
            "",
            skip_bad,
            safe_for_spreadsheets,
            {"model": path.name, "model_sha256": stored_sha256(path)},
            thresholds=chosen,
            tactics=tactics,
            known=known,
            sorts=sort_by_time,
        )
        return _score_files(plan, path, out, jobs=jobs)


def _score_texts(
    source: str,
    level: str,
    model_path: Path,
    out: Path | None,
    thresholds: Thresholds,
    *,
    explained: bool,
    tactics: bool,
    known: bool,
    as_json: bool,
) -> int:
    if level != "message":
        raise InputError(
            f"--level {level}: scores the messages of a file; give a .csv, .jsonl or .parquet file"
        )
    if out is not None:
        raise InputError(f"--out {out}: only a file's scores go to a file; a text's are printed")
    from classifier.model.message.file import load_model

    model = thresholds.applied_to(load_model(model_path, few_texts=source != "-"))
    for text in input_lines(sys.stdin.buffer) if source == "-" else [source]:
        click.echo(
            scores_as_json(model, text, model_name=model_path.name)
            if as_json
            else scores_as_text(model, text, explained=explained, tactics=tactics, known=known)
        )
    _say_model(model_path)
    return 0


def _score_on_cluster(source: str, level: str, model_path: Path, out: Path | None, **options: Any) -> int:
    from classifier.workflows.scoring.dask_cluster import score_on_cluster

    try:
        score_on_cluster(source, level, model_path, out, **options)
    except KeyboardInterrupt:
        _say(f"stopped; what is in {out} is kept, and the same command goes on from there")
        return STOPPED
    _say_model(model_path)
    return 0


def _score_files(plan: ScoringPlan, model_path: Path, out: Path | None, *, jobs: int) -> int:
    from classifier.workflows.scoring.scoring_run import Stopped, score_to_file, score_to_stream

    files = plan.files
    kind = {"parquet": "csv", "corpus": "jsonl"}.get(files.files[0].format, files.files[0].format)
    if out is not None:
        kind = checked_output(out, [file.path for file in files.files])
    if plan.is_safe and kind not in ("csv", "tsv"):
        raise InputError(f"--safe-for-spreadsheets: is for results in CSV, and this one is {kind}")
    columns = files.columns
    if plan.level == "message" and columns.renamed:
        pairs = ", ".join(f"{name!r} as {columns.others[name]!r}" for name in columns.renamed)
        _say(f"{files.name}: columns with names of ours come out under others: {shown(pairs)}")
    if plan.level == "message" and plan.sorts:
        _say("--sort-by-time: is of conversations and senders; messages come out in the order of their rows")
    plan = replace(plan, kind=kind)
    if out is None:
        try:
            score_to_stream(plan, model_path, sys.stdout.buffer, jobs=jobs, say=_say)
        except OSError as error:
            os.dup2(
                os.open(os.devnull, os.O_WRONLY), 1
            )  # what is left in the buffer would fail once more at exit
            if isinstance(error, BrokenPipeError):
                return STOPPED
            raise InputError(f"standard output: cannot be written: {error.strerror or error}") from None
    else:
        say(f"checking {files.name}")
        try:
            score_to_file(plan, model_path, out, jobs=jobs, say=_say)
        except Stopped as stopped:
            _say(str(stopped))
            return STOPPED
    _say_model(model_path)
    return 0


def _say_model(path: Path) -> None:
    """Say which model the scores are of, once there are any."""
    name = "shipped" if path == shipped_model() else path
    _say(f"model: {name} (sha256 {stored_sha256(path)[:8]})")


def _say(text: str) -> None:
    click.echo(text, err=True)
