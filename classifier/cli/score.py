"""``grooming-classifier score``: probabilities for a message or a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from classifier.cli.options import MODEL, at_least
from classifier.errors import InputError
from classifier.model.message.explain import scores_as_text
from classifier.model.shipped import conversation_model_path, find_final_model
from classifier.progress import progress_share, say
from classifier.readers.row_formats import names_rows, packing, row_format
from classifier.resume import file_sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from classifier.experiments.scoring.finished_blocks import ScoredBlock

STOPPED = 1
"""Exit code of a run that was interrupted, or whose output nobody reads any more."""


@click.command()
@click.argument("source", metavar="[TEXT | FILE | -]", default="-")
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
        "For a text: which terms made each label's score, and what the model does not know. For a file: "
        "see --conversation."
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
@click.option("--verbose", is_flag=True, help="Say which model file is used.")
def score(
    source: str,
    level: str,
    model_path: Path | None,
    out: Path | None,
    jobs: int,
    engine: str,
    scheduler: str | None,
    explained: bool,
    conversation: str | None,
    verbose: bool,
) -> int:
    """Score a text, a file, or the lines of standard input.

    A file is .csv, .jsonl (both also .gz or .zst) or .parquet and has one message a row with
    conversation_id, author and text, and optionally time. It comes back with one probability column per
    label and 'stages', the labels at or over their thresholds. With --level conversation there is one
    row a conversation: its highest score, flagged (0/1), and warned_at, the number of messages seen at
    the warning. With --level sender there is one row an author: the highest score of that author's
    side, the number of conversations, and how many of them were flagged. Messages of a conversation
    must be in order, and may stand between those of others. Scores are for a person to review.

    A file of any size is scored in constant memory (conversations and senders: about a kilobyte each).
    Until OUT is whole, finished parts wait in OUT.parts; a run that was interrupted or killed goes on
    from there when the same command is given again, and ends with the same bytes.

    Exit codes: 0 all scored; 1 stopped before the end (Ctrl-C, or a closed pipe); 2 something cannot be
    used, or cannot be written (no space left).

    \b
    Examples:
      grooming-classifier score "dont tell your mum about this, its our secret" --explain
      grooming-classifier score chat.csv --level message --out scores.csv
      grooming-classifier score chat.jsonl.gz --level conversation --jobs 2 --out conversations.parquet
      grooming-classifier score chat.csv --level conversation --explain --conversation c1
      grooming-classifier score 'chats/*.parquet' --engine dask --out scores/
    """
    path = find_final_model(model_path)
    if verbose:
        click.echo(f"model: {path}", err=True)
    if scheduler is not None and engine != "dask":
        raise InputError("--scheduler: is the address of a Dask cluster; give --engine dask with it")
    if conversation is not None:
        return _explain_one(source, conversation, level, path, out, engine=engine, explained=explained)
    if engine == "dask":
        return _score_on_cluster(source, level, path, out, jobs=jobs, scheduler=scheduler)
    if names_rows(source) or _is_path(source):
        if explained:
            raise InputError(
                "--explain: explains one text at a time; give the text itself instead of a file, or name "
                "one of its conversations with --conversation"
            )
        return _score_file(Path(source), level, path, out, jobs=jobs, verbose=verbose)
    if level != "message":
        raise InputError(
            f"--level {level}: scores the messages of a file; give a .csv, .jsonl or .parquet file"
        )
    if out is not None:
        raise InputError(f"--out {out}: only a file's scores go to a file; a text's are printed")
    from classifier.model.message.file import load_model

    model = load_model(path)
    for text in _input_lines() if source == "-" else [source]:
        click.echo(scores_as_text(model, text, explained=explained))
    return 0


def _explain_one(
    source: str,
    conversation: str,
    level: str,
    model_path: Path,
    out: Path | None,
    *,
    engine: str,
    explained: bool,
) -> int:
    if not explained or level != "conversation":
        raise InputError(
            "--conversation: names the conversation to explain; give --level conversation and --explain "
            "with it"
        )
    if out is not None or engine == "dask":
        raise InputError(
            "--conversation: its explanation is printed, by this process; leave out --out and --engine"
        )
    if not (names_rows(source) or _is_path(source)):
        raise InputError("--conversation: is one of a file's; give a .csv, .jsonl or .parquet file")
    from classifier.experiments.scoring.explained_conversation import explained_conversation

    click.echo(explained_conversation(Path(source), conversation, model_path))
    return 0


def _score_on_cluster(source: str, level: str, model_path: Path, out: Path | None, **options: Any) -> int:
    from classifier.experiments.scoring.cluster import score_on_cluster

    try:
        score_on_cluster(source, level, model_path, out, **options)
    except KeyboardInterrupt:
        click.echo(f"stopped; what is in {out} is kept, and the same command goes on from there", err=True)
        return STOPPED
    return 0


def _score_file(
    source: Path, level: str, model_path: Path, out: Path | None, *, jobs: int, verbose: bool
) -> int:
    from classifier.experiments.scoring.plan import ScoringPlan
    from classifier.model.conversation.file import load_conversation_model
    from classifier.readers.tables import open_rows

    if source.is_dir():
        raise InputError(f"{source}: is a folder; name one of its files, or a pattern with --engine dask")
    kind = row_format(source)
    if out is not None:
        kind = row_format(out)
        if packing(out):
            raise InputError(
                f"{out}: scores are written unpacked; take the {packing(out)} off, or write .parquet, "
                "which is compressed"
            )
        if not source.exists():
            raise InputError(f"{source}: cannot be read: No such file or directory")
        if out.exists() and out.samefile(source):
            raise InputError(f"{out}: is the file that is scored; name another to write")
        if not source.is_file():
            raise InputError(
                f"{source}: is no regular file, so its scoring could not be taken up again; write to "
                "standard output instead of --out"
            )
    elif kind == ".parquet":
        kind = ".csv"
    plan = ScoringPlan(open_rows(source), level, kind)
    conversation_model_file = None if level == "message" else conversation_model_path(model_path)
    conversation_model = (
        None if conversation_model_file is None else load_conversation_model(conversation_model_file)
    )
    if out is None:
        return _to_standard_output(plan, model_path, conversation_model, jobs=jobs)
    say(f"checking {source}")
    about = {
        "version": 1,
        "input": file_sha256(source),
        "model": file_sha256(model_path),
        "pattern": conversation_model_file and file_sha256(conversation_model_file),
        "level": level,
        "kind": kind,
    }
    return _to_file(out, about, plan, model_path, conversation_model, jobs=jobs)


def _to_file(
    out: Path, about: dict[str, Any], plan: Any, model_path: Path, conversation_model: Any, *, jobs: int
) -> int:
    """Write the scores so that a later run can resume where this one ends."""
    from classifier.experiments.scoring.blocks import score_blocks
    from classifier.experiments.scoring.finished_blocks import open_finished_blocks
    from classifier.experiments.scoring.results import write_result

    n_done = 0
    try:
        before = plan.file.path.stat()
        with (
            open_finished_blocks(out, about) as (finished, joined),
            _progress() as progress,
            joined.open("wb") as stream,
        ):
            if finished.n_messages:
                said = f"going on after {finished.n_messages:,} messages that are already scored"
                click.echo(said, err=True)

            def all_blocks() -> Iterator[ScoredBlock]:
                nonlocal n_done
                for block in finished:
                    n_done += block.n
                    yield block
                for block in score_blocks(plan, model_path, plan.file.blocks(finished.end), jobs=jobs):
                    finished.add(block)
                    n_done += block.n
                    progress(block)
                    yield block

            write_result(stream, plan, all_blocks(), conversation_model)
            after = plan.file.path.stat()
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise InputError(
                    f"{plan.file.path}: was changed while it was read; score it again when it is whole"
                )
    except KeyboardInterrupt:
        click.echo(
            f"stopped after {n_done:,} messages; they are kept in {out}.parts, and the same command goes "
            "on from there",
            err=True,
        )
        return STOPPED
    except OSError as error:
        kept = (
            f"{n_done:,} messages are kept in {out}.parts, and the same command goes on from there"
            if n_done
            else "nothing has been scored yet"
        )
        raise InputError(f"{out}: cannot be written: {error.strerror or error}; {kept}") from None
    return 0


def _to_standard_output(plan: Any, model_path: Path, conversation_model: Any, *, jobs: int) -> int:
    from classifier.experiments.scoring.blocks import score_blocks
    from classifier.experiments.scoring.results import write_result

    def all_blocks() -> Iterable[ScoredBlock]:
        with _progress() as progress:
            for block in score_blocks(plan, model_path, plan.file.blocks(), jobs=jobs):
                progress(block)
                yield block
                sys.stdout.buffer.flush()

    try:
        write_result(sys.stdout.buffer, plan, all_blocks(), conversation_model)
        sys.stdout.buffer.flush()
    except OSError as error:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), 1
        )  # what is left in the buffer would fail once more at exit
        if isinstance(error, BrokenPipeError):
            return STOPPED
        raise InputError(f"standard output: cannot be written: {error.strerror or error}") from None
    return 0


@contextmanager
def _progress() -> Iterator[Callable[[ScoredBlock], None]]:
    """A function to call with each scored block.

    It shows the share done, messages, rate and remaining time on a terminal.
    """
    begun, n = perf_counter(), 0
    with progress_share(label="scoring") as show:

        def count(block: ScoredBlock) -> None:
            nonlocal n
            n += block.n
            show(block.share, f"{n:,} messages, {n / (perf_counter() - begun):,.0f}/s")

        yield count


def _is_path(source: str) -> bool:
    try:
        return Path(source).exists()
    except (OSError, ValueError):
        return False  # a long text or one with a NUL byte is not the name of a file


def _input_lines() -> Iterator[str]:
    for number, raw in enumerate(sys.stdin.buffer, start=1):
        try:
            line = raw.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise InputError(f"standard input:{number}: not UTF-8 ({error.reason})") from None
        if line:
            yield line
