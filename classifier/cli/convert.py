"""``grooming-classifier convert``: corpora of other formats as rows or tool files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from classifier.cli.options import as_row_options, require_paths, row_options
from classifier.errors import InputError
from classifier.model.shipped_models import card_path, shipped_model
from classifier.readers.any_format import FORMATS
from classifier.readers.rows.message_rows import MESSAGE_COLUMNS, message_rows, numbered_messages

if TYPE_CHECKING:
    from classifier.readers.rows.message_predictions import Prediction
    from classifier.records import Conversation

OUTPUTS = {
    "csv": "message rows for score, with --scores also prediction and stages",
    "jsonl": "the same as JSONL",
    "datapack": "JSON of the Chat Visualizer, with --scores as its heat map",
    "label-studio": "Label Studio tasks",
    "coop": "submissions of items for Coop, one a line",
    "pan12-authors": "the authors of flagged messages, as PAN 2012 asks for its first task",
    "pan12-lines": "the flagged lines, as PAN 2012 asks for its second task",
}
NEED_SCORES = ("pan12-authors", "pan12-lines")
PREDICTED = ("prediction", "stages")
"""Further columns of rows with ``--scores``: the highest probability, and the labels at their thresholds."""
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
    """What ``score --level message`` wrote, by conversation and line; ``used`` counts what was found "
    "again."""

    predictions: dict[tuple[str, int], Prediction] = field(default_factory=dict)
    used: Counter[str] = field(default_factory=Counter)


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
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
@row_options
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
    "--model-card",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --to coop: also write the shipped model's card, in Coop's seven sections, to this .json file.",
)
@click.option(
    "--strict/--skip-bad",
    default=True,
    show_default=True,
    help="Stop at the first fault, or leave out what is faulty and report it.",
)
def convert(
    sources: tuple[str, ...],
    out: Path,
    from_: str,
    to: str,
    columns: tuple[str, ...],
    delimiter: str,
    encoding: str,
    conversation_id: str,
    day_first: bool,
    authors: Path | None,
    scores_path: Path | None,
    truth: Path | None,
    type_id: str,
    model_card: Path | None,
    strict: bool,
) -> None:
    """Turn a corpus of another format into rows to score, or into files of other tools.

    Reads CSV, TSV, JSONL and Parquet of messages, PAN 2012, PANC and VTPAN, ConvoKit folders, Chat
    Visualizer datapacks and the project's own corpora, also as .gz and .zst. Several files of messages, also
    as a pattern in quotes, are read as one; - is standard input. Writes OUT, and prints how many messages it
    holds. What comes from outside is for evaluation only: train refuses it. Symbolic links are followed, but
    not inside a ConvoKit folder.

    \b
    Examples:
      grooming-classifier convert corpus.xml rows.csv --authors authors.txt
      grooming-classifier score rows.csv --out scores.csv
      grooming-classifier convert corpus.xml lines.txt --to pan12-lines --scores scores.csv --truth task2.txt
      grooming-classifier convert export.jsonl pack.json --to datapack --column text=body
      grooming-classifier convert rows.csv items.jsonl --to coop --scores scores.csv --model-card card.json
      grooming-classifier convert 'chats/*.csv' rows.csv --delimiter ';' --encoding cp1252 --day-first
    """
    from classifier.atomic import replacing
    from classifier.progress import progress_bar
    from classifier.readers.any_format import read
    from classifier.readers.fault_handling import stop
    from classifier.readers.other_formats.pan12 import read_authors
    from classifier.readers.rows.message_predictions import read_predictions
    from classifier.readers.rows.spooled_input import row_sources

    to = _output(out, to)
    options = as_row_options("auto", columns, delimiter, encoding, conversation_id, day_first)
    if to in NEED_SCORES and scores_path is None:
        raise InputError(
            f"--to {to}: needs --scores, the file that 'grooming-classifier score' wrote about the rows "
            f"converted from {sources[0]}"
        )
    if model_card is not None and to != "coop":
        raise InputError(f"--model-card: is for Coop; give --to coop with it, or read {card_path()}")
    if truth is not None and to not in NEED_SCORES:
        raise InputError(f"--truth: goes with --to {' or '.join(NEED_SCORES)}")
    faults, notes = _Faults(), Counter[str]()
    with row_sources(sources, from_) as (paths, name):
        side_files = (authors, scores_path, truth)
        require_paths(*paths, *side_files)
        if out.exists() and any(out.samefile(path) for path in (*paths, *side_files) if path is not None):
            raise InputError(f"{out}: is the file that is read; name another to write")
        conversations = read(
            paths,
            format=from_,
            options=options,
            pattern_authors=None if authors is None else read_authors(authors),
            on_fault=stop if strict else faults,
            on_note=lambda note: notes.update([note]),
            name=name,
        )
        scores = _Scores() if scores_path is None else _Scores(read_predictions(scores_path))
        counts = [0, 0]
        with replacing(out) as stream:
            counted = _counted(progress_bar(conversations, label="converting"), counts, scores)
            _write(counted, stream, to=to, scores=scores, name=Path(sources[0]).stem, type_id=type_id)
            if scores.predictions and counts[1] and not scores.used["found"]:
                raise InputError(
                    f"{scores_path}: none of its rows is about a message of {sources[0]}; give what score "
                    "wrote "
                    "about the rows converted from it"
                )
    click.echo(f"{out}: {counts[1]} messages of {counts[0]} conversations")
    if scores.predictions and (n_without := counts[1] - scores.used["found"]):
        click.echo(f"{scores_path}: has no score of {n_without:,} of these messages", err=True)
    for fault in faults.first:
        click.echo(f"left out: {fault}", err=True)
    if faults.n:
        more = (
            f", of which the first {len(faults.first)} are named above"
            if faults.n > len(faults.first)
            else ""
        )
        click.echo(f"{sources[0]}: {faults.n} faults, each left out{more}", err=True)
    for note, n in notes.items():
        click.echo(f"{sources[0]}: {n:,} {note}", err=True)
    if truth is not None:
        click.echo(_pan12_score(out, truth, to=to))
    if model_card is not None:
        _write_card(model_card)


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


def _counted(
    conversations: Iterable[Conversation], counts: list[int], scores: _Scores
) -> Iterator[Conversation]:
    for conversation in conversations:
        counts[0] += 1
        counts[1] += len(conversation.messages)
        if scores.predictions:
            scores.used["found"] += sum(
                (conversation.id, line) in scores.predictions for line, _ in numbered_messages(conversation)
            )
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
    flagged = {key for key, prediction in scores.predictions.items() if prediction.stages}
    match to:
        case "csv" | "jsonl":
            _write_rows(conversations, stream, scores, kind=to)
        case "datapack":
            from classifier.readers.other_formats.datapack import written_datapack

            stream.write(written_datapack(conversations, name=name, predictions=scores.predictions))
        case "label-studio":
            import json

            from classifier.readers.other_formats.label_studio import to_tasks

            stream.write(
                (
                    json.dumps(to_tasks(conversations, scores.predictions), indent=1, ensure_ascii=False)
                    + "\n"
                ).encode("utf-8")
            )
        case "coop":
            from classifier.readers.other_formats.coop import coop_line

            for conversation in conversations:
                stream.write(
                    coop_line(conversation, type_id=type_id, predictions=scores.predictions).encode("utf-8")
                )
        case "pan12-authors":
            from classifier.readers.external_conversations import require_speakers
            from classifier.readers.other_formats.pan12 import authors_file

            found = set()
            for conversation in conversations:
                require_speakers([conversation], purpose="whom to flag")
                found |= {
                    message.author
                    for line, message in numbered_messages(conversation)
                    if (conversation.id, line) in flagged
                }
            stream.write(authors_file(found))
        case _:
            from classifier.readers.other_formats.pan12 import lines_file

            known = (
                (conversation.id, line)
                for conversation in conversations
                for line, _ in numbered_messages(conversation)
            )
            stream.write(lines_file(pair for pair in known if pair in flagged))


def _write_rows(
    conversations: Iterator[Conversation], stream: IO[bytes], scores: _Scores, *, kind: str
) -> None:
    import pyarrow as pa

    from classifier.readers.rows.row_writer import csv_lines, json_lines

    columns = (*MESSAGE_COLUMNS, *PREDICTED) if scores.predictions else MESSAGE_COLUMNS
    if kind == "csv":
        stream.write(csv_lines(pa.table({name: [name] for name in columns})))
    for conversation in conversations:
        rows = [row | _predicted(row, scores) for row in message_rows(conversation)]
        stream.write(json_lines(rows) if kind == "jsonl" else csv_lines(pa.Table.from_pylist(rows)))


def _predicted(row: dict[str, Any], scores: _Scores) -> dict[str, Any]:
    """The prediction columns of a message row; none without any scores."""
    if not scores.predictions:
        return {}
    prediction = scores.predictions.get((row["conversation_id"], row["line"]))
    if prediction is None:
        return dict(zip(PREDICTED, (None, ""), strict=True))
    return dict(zip(PREDICTED, (prediction.highest, "|".join(prediction.stages)), strict=True))


def _write_card(path: Path) -> None:
    from classifier import __version__
    from classifier.atomic import write_bytes
    from classifier.model.message.file import load_model
    from classifier.readers.other_formats.coop_card import coop_card

    model = load_model(shipped_model())
    points = {
        name: dict(zip(model.labels, point.thresholds.tolist(), strict=True))
        for name, point in model.operating_points.items()
    }
    card = coop_card(card_path().read_text(encoding="utf-8"), version=__version__, operating_points=points)
    write_bytes(path, card.encode("utf-8"))
    click.echo(
        f"{path}: thresholds of the model of score; figures of the train-split model, made by the same recipe"
    )


def _pan12_score(answers: Path, truth: Path, *, to: str) -> str:
    from classifier.evaluation.sender_metrics import pan12_f05, pan12_f3
    from classifier.readers.other_formats.pan12 import read_authors, read_lines

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
