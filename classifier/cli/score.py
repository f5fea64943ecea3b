"""``grooming-classifier score``: probabilities per label for a message or a file of messages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from classifier.cli.models import find_model, pattern_path
from classifier.cli.progress import watched
from classifier.errors import InputError
from classifier.model.quick import QuickModel, quick_model
from classifier.readers.rows import FORMATS, Row, RowWriter, read_rows, row_format

if TYPE_CHECKING:  # a text is scored without numpy, in a tenth of the time that importing it takes
    from classifier.model.fast import FastScorer
    from classifier.model.monitor import Monitor
    from classifier.model.pattern import PatternModel

BATCH = 5_000


@click.command()
@click.argument("source", metavar="[TEXT | FILE.csv | FILE.jsonl | -]", default="-")
@click.option("--level", type=click.Choice(["message", "conversation"]), default="message", show_default=True, help="Score each message, or each conversation.")
@click.option("--model", "model_path", type=click.Path(path_type=Path), help="Model file. Default: the one scripts/run made, else the small one shipped.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where a file's scores go, in the format of its name. Default: standard output.")
@click.option("--explain", "explained", is_flag=True, help="For a text: which terms made each label's score, and what the model does not know.")
@click.option("--verbose", is_flag=True, help="Say which model file is used.")
def score(source: str, level: str, model_path: Path | None, out: Path | None, explained: bool, verbose: bool) -> None:
    """Score a text, a file, or the lines of standard input.

    A file has one message a row with conversation_id, author and text, and optionally time; it comes back with one probability column per label and
    'stages', the labels at or over their thresholds. With --level conversation there is one row a conversation: its highest score, flagged (0/1), and
    warned_at, the number of messages seen at the warning. Scores are for a person to review.

    \b
    Examples:
      grooming-classifier score "dont tell your mum about this, its our secret" --explain
      grooming-classifier score chat.csv --level message --out scores.csv
      grooming-classifier score chat.csv --level conversation
    """
    path = find_model(model_path)
    if verbose:
        click.echo(f"model: {path}", err=True)
    if Path(source).suffix.lower() in FORMATS or _is_file(source):
        from classifier.model.fast import FastScorer
        from classifier.model.file import load_model
        from classifier.model.pattern_file import load_pattern

        if explained:
            raise InputError("--explain: explains one text at a time; give the text itself instead of a file")
        model = FastScorer(load_model(path))
        if verbose:
            click.echo(f"engine: {model.engine}", err=True)
        rows = watched(read_rows(Path(source)), label="scoring")
        scored = _conversation_rows(model, load_pattern(pattern_path(path)), rows) if level == "conversation" else _message_rows(model, rows)
        _write(scored, out, file_format=row_format(Path(source) if out is None else out))
        return
    if level == "conversation":
        raise InputError("--level conversation: scores the conversations of a file; give a .csv or .jsonl file")
    if out is not None:
        raise InputError(f"--out {out}: only a file's scores go to a file; a text's are printed")
    quick = quick_model(path)
    for text in _input_lines() if source == "-" else [source]:
        click.echo(_account(quick, text, explained=path if explained else None))


def _is_file(source: str) -> bool:
    try:
        return Path(source).is_file()
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


def _account(model: QuickModel, text: str, *, explained: Path | None) -> str:
    """What is printed for one text, with its explanation from the model file ``explained``."""
    probabilities = model.one(text)
    flagged = model.flagged(probabilities)
    lines = [_printable(text)]
    for label, probability, threshold in zip(model.labels, probabilities, model.thresholds, strict=True):
        lines.append(f"  {label:<15} {probability:.3f}  threshold {threshold:.3f}  {'flagged' if label in flagged else ''}".rstrip())
    if explained is not None:
        from classifier.model.explain import explain, in_words
        from classifier.model.file import load_model

        shown = flagged or [model.labels[probabilities.index(max(probabilities))]]
        lines += [_printable(in_words(explain(load_model(explained), text, label))) for label in shown]
    return "\n".join(lines)


def _printable(text: str) -> str:
    """``text`` without control characters and lone surrogates, which would reach the terminal as commands or fail to print."""
    return "".join(ch if ch == "\n" or ch.isprintable() else "\N{REPLACEMENT CHARACTER}" for ch in text)


def _write(rows: Iterator[Row], out: Path | None, *, file_format: str) -> None:
    """To standard output, or to ``out``, whole or not at all."""
    if out is None:
        writer = RowWriter(sys.stdout, file_format=file_format)
        for row in rows:
            writer.write(row)
        return
    import io

    from classifier.atomic import replacing

    with replacing(out) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", errors="surrogatepass", newline="")
        writer = RowWriter(text, file_format=file_format)
        for row in rows:
            writer.write(row)
        text.flush()
        text.detach()


def _message_rows(model: FastScorer, rows: Iterator[Row]) -> Iterator[Row]:
    """Each row with its probabilities and the labels at or over their thresholds."""
    for batch in _batches(rows):
        for row, probabilities in zip(batch, model.probabilities(row["text"] for row in batch), strict=True):
            scores = {label: f"{probability:.8g}" for label, probability in zip(model.model.labels, probabilities, strict=True)}
            yield row | scores | {"stages": "|".join(model.model.flagged(probabilities))}


def _conversation_rows(model: FastScorer, pattern: PatternModel, rows: Iterator[Row]) -> Iterator[Row]:
    """One row a conversation, in the order they begin: its highest score so far, whether that reached the alert threshold, and at which message.

    ``warned_at`` counts the conversation's messages from 1 and is empty without a warning. No text is kept, only one small monitor state a conversation.
    """
    from classifier.model.monitor import Monitor

    monitors: dict[str, Monitor] = {}
    highest: dict[str, float] = {}
    for batch in _batches(rows):
        for row, probabilities in zip(batch, model.probabilities(row["text"] for row in batch), strict=True):
            id_ = row["conversation_id"]
            score = monitors.setdefault(id_, Monitor(pattern)).update(row["author"], probabilities)
            highest[id_] = max(highest.get(id_, 0.0), score)
    for id_, monitor in monitors.items():
        alert = monitor.alert
        yield {"conversation_id": id_, "score": f"{highest[id_]:.8g}", "flagged": int(alert is not None), "warned_at": "" if alert is None else alert.message}


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch
