"""``grooming-classifier convert``: corpora of other formats as rows or tool files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from classifier.errors import InputError
from classifier.readers.read import FORMATS

if TYPE_CHECKING:
    from classifier.records import Conversation, Message

OUTPUTS = {
    "csv": "message rows for score",
    "jsonl": "the same as JSONL",
    "datapack": "JSON of the Chat Visualizer, with --scores as its heat map",
    "label-studio": "Label Studio tasks",
    "coop": "submissions of items for Coop, one a line",
    "pan12-authors": "the authors of flagged messages, as PAN 2012 asks for its first task",
    "pan12-lines": "the flagged lines, as PAN 2012 asks for its second task",
}
NEED_SCORES = ("pan12-authors", "pan12-lines")
ROW = ("conversation_id", "line", "author", "time", "text", "conversation_label")
"""The columns of message rows. ``score`` needs conversation_id, author and text, and keeps the others."""
SHOWN_FAULTS = 10


@dataclass
class _Faults:
    """Counts what is left out, and keeps the first few for the report."""

    n: int = 0
    first: list[str] = field(default_factory=list)

    def __call__(self, fault: str) -> None:
        self.n += 1
        if len(self.first) < SHOWN_FAULTS:
            self.first.append(fault)


@dataclass(frozen=True)
class _Scores:
    """What ``score --level message`` wrote, by conversation and line.

    For each message its highest probability, and whether a label was at its threshold.
    """

    highest: dict[tuple[str, int], float] = field(default_factory=dict)
    flagged: set[tuple[str, int]] = field(default_factory=set)


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--from",
    "from_",
    type=click.Choice(["auto", *FORMATS]),
    default="auto",
    show_default=True,
    help="What SOURCE is. auto: by its name and first line.",
)
@click.option(
    "--to",
    type=click.Choice(["auto", *OUTPUTS]),
    default="auto",
    show_default=True,
    help="What to write. auto: csv or jsonl, by the name of OUT.",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=NAME",
    help="Name a column of a CSV, JSONL or Parquet file, e.g. text=body. May be repeated.",
)
@click.option(
    "--authors",
    type=click.Path(path_type=Path),
    help="PAN 2012's list of authors, one id a line: labels its conversations.",
)
@click.option(
    "--scores",
    "scores_path",
    type=click.Path(path_type=Path),
    help="What score --level message wrote about rows converted from SOURCE.",
)
@click.option(
    "--truth",
    type=click.Path(path_type=Path),
    help="With --to pan12-authors or pan12-lines: the right answers; prints the score of PAN 2012.",
)
@click.option("--type-id", default="message", show_default=True, help="With --to coop: the item type.")
@click.option(
    "--strict/--skip-bad",
    default=True,
    show_default=True,
    help="Stop at the first fault, or leave out what is faulty and report it.",
)
def convert(
    source: Path,
    out: Path,
    from_: str,
    to: str,
    columns: tuple[str, ...],
    authors: Path | None,
    scores_path: Path | None,
    truth: Path | None,
    type_id: str,
    strict: bool,
) -> None:
    """Turn a corpus of another format into rows to score, or into files of other tools.

    Reads CSV, JSONL and Parquet of messages, PAN 2012, PANC and VTPAN, ConvoKit folders, Chat
    Visualizer datapacks and the project's own corpora, also as .gz and .zst. What comes from outside is
    for evaluation only: train refuses it. Symbolic links are followed, but not inside a ConvoKit
    folder.

    \b
    Examples:
      grooming-classifier convert corpus.xml rows.csv --authors authors.txt
      grooming-classifier score rows.csv --out scores.csv
      grooming-classifier convert corpus.xml lines.txt --to pan12-lines --scores scores.csv --truth task2.txt
      grooming-classifier convert export.jsonl pack.json --to datapack --column text=body
    """
    from classifier.atomic import replacing
    from classifier.progress import progress_bar
    from classifier.readers.external import stop
    from classifier.readers.outside.pan12 import read_authors
    from classifier.readers.read import read

    to = _output(out, to)
    if out.exists() and out.samefile(source):
        raise InputError(f"{out}: is the file that is read; name another to write")
    if to in NEED_SCORES and scores_path is None:
        raise InputError(
            f"--to {to}: needs --scores, the file that 'grooming-classifier score' wrote about the rows "
            f"converted from {source}"
        )
    if truth is not None and to not in NEED_SCORES:
        raise InputError(f"--truth: goes with --to {' or '.join(NEED_SCORES)}")
    faults = _Faults()
    conversations = read(
        source,
        format=from_,
        columns=_named_columns(columns),
        pattern_authors=None if authors is None else read_authors(authors),
        on_fault=stop if strict else faults,
    )
    scores = _Scores() if scores_path is None else _read_scores(scores_path)
    counts = [0, 0]
    with replacing(out) as stream:
        _write(
            _counted(progress_bar(conversations, label="converting"), counts),
            stream,
            to=to,
            scores=scores,
            name=source.stem,
            type_id=type_id,
        )
    click.echo(f"{out}: {counts[1]} messages of {counts[0]} conversations")
    for fault in faults.first:
        click.echo(f"left out: {fault}", err=True)
    if faults.n:
        more = (
            f", of which the first {len(faults.first)} are named above"
            if faults.n > len(faults.first)
            else ""
        )
        click.echo(f"{source}: {faults.n} faults, each left out{more}", err=True)
    if truth is not None:
        click.echo(_pan12_score(out, truth, to=to))


def _output(out: Path, to: str) -> str:
    if to != "auto":
        return to
    by_suffix = {".csv": "csv", ".jsonl": "jsonl"}
    if out.suffix.lower() not in by_suffix:
        raise InputError(
            f"{out}: expected a name ending in .csv or .jsonl, or say what to write with --to: "
            f"{', '.join(OUTPUTS)}"
        )
    return by_suffix[out.suffix.lower()]


def _named_columns(columns: Iterable[str]) -> dict[str, str]:
    found = {}
    for column in columns:
        field_name, equals, name = column.partition("=")
        if not (field_name and equals and name):
            raise InputError(f"--column {column}: expected FIELD=NAME, e.g. text=body")
        found[field_name] = name
    return found


def _counted(conversations: Iterable[Conversation], counts: list[int]) -> Iterator[Conversation]:
    for conversation in conversations:
        counts[0] += 1
        counts[1] += len(conversation.messages)
        yield conversation


def _write(
    conversations: Iterator[Conversation],
    stream: IO[bytes],
    *,
    to: str,
    scores: _Scores,
    name: str,
    type_id: str,
) -> None:
    match to:
        case "csv" | "jsonl":
            _write_rows(conversations, stream, file_format=to)
        case "datapack":
            from classifier.readers.outside.datapack import written_datapack

            stream.write(written_datapack(conversations, name=name, predictions=scores.highest))
        case "label-studio":
            import json

            from classifier.readers.outside.label_studio import to_tasks

            stream.write(
                (json.dumps(to_tasks(conversations), indent=1, ensure_ascii=False) + "\n").encode("utf-8")
            )
        case "coop":
            from classifier.readers.outside.coop import coop_line

            for conversation in conversations:
                stream.write(coop_line(conversation, type_id=type_id).encode("utf-8"))
        case "pan12-authors":
            from classifier.readers.external import require_speakers
            from classifier.readers.outside.pan12 import authors_file

            found = set()
            for conversation in conversations:
                require_speakers([conversation], purpose="whom to flag")
                found |= {
                    message.author
                    for line, message in _lines(conversation)
                    if (conversation.id, line) in scores.flagged
                }
            stream.write(authors_file(found))
        case _:
            from classifier.readers.outside.pan12 import lines_file

            known = (
                (conversation.id, line) for conversation in conversations for line, _ in _lines(conversation)
            )
            stream.write(lines_file(pair for pair in known if pair in scores.flagged))


def _lines(conversation: Conversation) -> Iterator[tuple[int, Message]]:
    for position, message in enumerate(conversation.messages, start=1):
        yield message.line or position, message


def _write_rows(conversations: Iterator[Conversation], stream: IO[bytes], *, file_format: str) -> None:
    import csv
    import io
    import json

    from classifier.readers.external import written_time

    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    if file_format == "csv":
        writer.writerow(ROW)
    for conversation in conversations:
        for line, message in _lines(conversation):
            row = (
                conversation.id,
                line,
                message.author,
                written_time(message.time),
                message.text,
                conversation.label,
            )
            if file_format == "csv":
                writer.writerow(row)
            else:
                text.write(json.dumps(dict(zip(ROW, row, strict=True)), ensure_ascii=False) + "\n")
    text.flush()
    text.detach()


def _read_scores(path: Path) -> _Scores:
    """The scores of a file that ``score --level message`` wrote.

    Raises ``InputError`` naming the row that has no line, no probabilities or no ``stages``.
    """
    from classifier.readers.columns import checked_line
    from classifier.readers.csv_rows import csv_rows
    from classifier.readers.jsonl_rows import jsonl_objects
    from classifier.readers.opening import plain_suffix
    from classifier.taxonomy import LABELS

    scores = _Scores()
    for number, row in jsonl_objects(path) if plain_suffix(path) == ".jsonl" else csv_rows(path):
        try:
            key = (str(row["conversation_id"]), checked_line(row["line"]))
            numbers = [float(row[label]) for label in LABELS]
            if not all(0 <= number <= 1 for number in numbers):
                raise ValueError("a score is not in [0, 1]")
            scores.highest[key] = max(numbers)
            if row["stages"]:
                scores.flagged.add(key)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{path}:{number}: expected line, stages and a probability per label, as score writes "
                f"them for converted rows ({error})"
            ) from None
    return scores


def _pan12_score(answers: Path, truth: Path, *, to: str) -> str:
    from classifier.evaluation.senders import pan12_f05, pan12_f3
    from classifier.readers.outside.pan12 import read_authors, read_lines

    if to == "pan12-authors":
        right, found = read_authors(truth), read_authors(answers)
        return (
            f"F0.5 {pan12_f05(right, found):.4f}: {len(right & found)} right of {len(found)} flagged "
            f"authors, {len(right)} to find"
        )
    lines, found_lines = read_lines(truth), read_lines(answers)
    return (
        f"F3 {pan12_f3(lines, found_lines):.4f}: {len(lines & found_lines)} right of "
        f"{len(found_lines)} flagged lines, {len(lines)} to find"
    )
