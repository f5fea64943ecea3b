"""The rows of a block as a table: by pyarrow, else one by one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from classifier.errors import InputError
from classifier.readers.checked_values import MAX_CHARACTERS, cleaned
from classifier.readers.fault_handling import OnFault
from classifier.readers.rows import parquet
from classifier.readers.rows.cell_time import readable_time, time_or_none
from classifier.readers.rows.column_names import result_name
from classifier.readers.rows.message_rows import message_rows
from classifier.readers.rows.row_files import BLOCK_BYTES, Block, RowFiles
from classifier.readers.rows.strict_parser import csv_rows, json_object

Row = dict[str, Any]
"""One message, by the names of the columns of the result."""


@dataclass(frozen=True)
class Rows:
    """The rows of a block.

    Parameters
    ----------
    table
        One row a message, with the columns of the result.
    lines
        Line of each row, or its number in a Parquet file; None where only the strict reader can tell.
    faults
        What is wrong with rows that are left out, each with file and line.
    values
        Of JSON: each row with its values as they are, also of keys that the first row has not.
    """

    table: pa.Table
    lines: Sequence[int] | None = None
    faults: tuple[str, ...] = ()
    values: list[Row] | None = None


def read_block(block: Block) -> Rows:
    """The rows of ``block`` in order, those with a fault left out.

    Raises ``InputError`` for what makes all that follows doubtful: broken quotes, a damaged file.
    """
    if isinstance(block.content, pa.RecordBatch):
        return _parquet_rows(block, block.content)
    if not block.file.delimiter:
        return _json_rows(block)
    content = block.content
    if isinstance(content, bytes) and (table := _quick_table(block, content)) is not None:
        n_lines = content.count(b"\n") + (not content.endswith(b"\n"))
        start = block.start.line + 1
        return Rows(
            _with_results(block, table), range(start, start + n_lines) if n_lines == len(table) else None
        )
    return _strict_rows(block)


def row_lines(block: Block, rows: Rows) -> Sequence[int]:
    """The line of each of the ``rows`` of ``block``."""
    lines = _strict_rows(block).lines if rows.lines is None else rows.lines
    assert lines is not None
    return lines


def row_times(block: Block, rows: Rows, at: Iterable[int], *, to_sort: bool) -> list[datetime | None]:
    """The times of the ``rows`` numbered ``at``, None for none.

    One that cannot be read is none as well or, where it is needed ``to_sort``, raises ``InputError``.
    """
    if "time" not in rows.table.column_names:
        return [None for _ in at]
    written, day_first = rows.table["time"].to_pylist(), block.file.options.day_first
    if not to_sort:
        return [readable_time(written[number], day_first=day_first) for number in at]
    times = []
    for number in at:
        try:
            times.append(time_or_none(written[number], day_first=day_first))
        except ValueError as error:
            where = f"{block.file.name}:{row_lines(block, rows)[number]}"
            raise InputError(f"{where}: {error}; or leave out --sort-by-time") from None
    return times


def unknown_key(block: Block, rows: Rows) -> str:
    """A key of JSON that the first row of the file has not, or empty."""
    known = block.file.columns.results.keys()
    return next((name for row in rows.values or () for name in row if name not in known), "")


def _quick_table(block: Block, content: bytes) -> pa.Table | None:
    """The fields by pyarrow, or None where the strict reader is to say what is wrong."""
    names = [str(number) for number in range(len(block.file.header))]
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(content),
            read_options=pyarrow.csv.ReadOptions(
                column_names=names, block_size=len(content) + 1, use_threads=False
            ),
            parse_options=pyarrow.csv.ParseOptions(delimiter=block.file.delimiter, newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        ).combine_chunks()
    except (pa.ArrowException, ValueError):
        return None
    at = _text_at(block)
    return None if at is not None and _longest(table.column(at)) > MAX_CHARACTERS else table


def _text_at(block: Block) -> int | None:
    """Which column holds the text, if one does."""
    column = block.file.columns.fields.get("text")
    return None if column is None else block.file.header.index(column)


def _longest(texts: pa.ChunkedArray) -> int:
    return pc.max(pc.utf8_length(texts)).as_py() or 0


def _with_results(block: Block, table: pa.Table) -> pa.Table:
    """Columns in the order of the header as those of the result."""
    header, results = block.file.header, block.file.columns.results
    missing = {"conversation_id": block.file.options.conversation_id or None}
    return pa.table(
        {
            result: table.column(header.index(column))
            if column
            else pa.array([missing.get(result)] * len(table), pa.string())
            for result, column in results.items()
        }
    )


def _strict_rows(block: Block) -> Rows:
    file, pairs = block.file, block.content
    if isinstance(pairs, bytes):
        lines = pairs.split(b"\n")
        raw = [line + b"\n" for line in lines[:-1]] + lines[-1:]
        pairs = list(csv_rows(raw, name=file.name, before=block.start.line, delimiter=file.delimiter))
    text_at = _text_at(block)
    whole, faults = [], []
    for line, fields in pairs:
        fault = ""
        if len(fields) != len(file.header):
            fault = (
                f"{len(fields)} fields where the header has {len(file.header)}; quote a text that holds a "
                "comma or a line break"
            )
        elif text_at is not None and len(fields[text_at]) > MAX_CHARACTERS:
            fault = _too_long(fields[text_at])
        if fault:
            faults.append(f"{file.name}:{line}: {fault}")
        else:
            whole.append((line, fields))
    columns = [pa.array([fields[at] for _, fields in whole], pa.string()) for at in range(len(file.header))]
    table = pa.table(columns, names=[str(number) for number in range(len(columns))])
    return Rows(_with_results(block, table), [line for line, _ in whole], tuple(faults))


def _too_long(text: str) -> str:
    return f"text of {len(text):,} characters, where one may have at most {MAX_CHARACTERS:,}"


def _parquet_rows(block: Block, batch: pa.RecordBatch) -> Rows:
    file, start = block.file, block.start.at
    with readable(block):
        table = parquet.result_table(batch, dict(file.types or {}), file.columns)
    if file.options.conversation_id:
        ids = pa.array([file.options.conversation_id] * len(table), pa.string())
        table = table.set_column(table.column_names.index("conversation_id"), "conversation_id", ids)
    lines: Sequence[int] = range(start + 1, block.end.at + 1)
    faults = []
    if _longest(table["text"]) > MAX_CHARACTERS:
        is_short = pc.less_equal(pc.utf8_length(table["text"]).fill_null(0), MAX_CHARACTERS).to_pylist()
        for line, text, kept in zip(lines, table["text"].to_pylist(), is_short, strict=True):
            if not kept:
                faults.append(f"{file.name}:{line}: {_too_long(text)}")
        table = table.filter(pa.array(is_short))
        lines = [line for line, kept in zip(lines, is_short, strict=True) if kept]
    return Rows(_without_nul(table), lines, tuple(faults))


@contextmanager
def readable(block: Block) -> Iterator[None]:
    """What a value of Parquet that cannot be read raises inside becomes an ``InputError``."""
    try:
        yield
    except InputError:
        raise
    except parquet.UNREADABLE as error:
        raise InputError(
            f"{block.file.name}: rows {block.start.at + 1} to {block.end.at}: a value that cannot be read "
            f"({parquet.short(error)})"
        ) from None


def _without_nul(table: pa.Table) -> pa.Table:
    """``table`` with NUL in texts as U+FFFD: CSV cannot hold it."""
    for at, column in enumerate(table.columns):
        if pa.types.is_string(column.type) and pc.any(pc.match_substring(column, "\0")).as_py():
            replaced = pc.replace_substring(column, "\0", "\N{REPLACEMENT CHARACTER}")
            table = table.set_column(at, table.column_names[at], replaced)
    return table


def _json_rows(block: Block) -> Rows:
    file = block.file
    assert isinstance(block.content, bytes)
    values: list[Row] = []
    lines, faults = [], []
    for number, raw in enumerate(block.content.split(b"\n"), start=block.start.line + 1):
        if not raw or raw.isspace():
            continue
        where = f"{file.name}:{number}"
        try:
            found = _corpus_rows(raw, where) if file.format == "corpus" else [_row(block, raw, where)]
        except InputError as error:
            faults.append(str(error))
            continue
        except ValueError as error:
            faults.append(f"{where}: {error}")
            continue
        values += found
        lines += [number] * len(found)
    table = pa.table(
        {name: _string_array([_as_text(row.get(name)) for row in values]) for name in file.columns.results}
    )
    return Rows(table, lines, tuple(faults), values)


def _row(block: Block, raw: bytes, where: str) -> Row:
    """The row of a line, with the names of the result."""
    row = json_object(raw, where)
    fields, others = block.file.columns.fields, block.file.columns.others
    found: Row = {"conversation_id": block.file.options.conversation_id or None, "author": None, "text": None}
    for field, column in fields.items():
        if field == "text":
            found["text"] = _json_text(row, column)
        elif field in ("conversation_id", "author"):
            found[field] = _json_name(row.get(column), field)
        elif column in row:
            found[field] = row[column]
        row.pop(column, None)
    for name, value in row.items():
        found[others.get(name) or result_name(name)] = value
    return found


def _json_text(row: Mapping[str, Any], column: str) -> str | None:
    if column not in row:
        raise ValueError(f"{column}: expected a string in every row, this one has none")
    text = row[column]
    if text is None:
        return None
    if not isinstance(text, str):
        raise ValueError(f"text must be a string, got {type(text).__name__}")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(_too_long(text))
    return cleaned(text)


def _json_name(value: Any, field: str) -> str | None:
    """An id or author: a string, the digits of a whole number, or None."""
    if value is None or isinstance(value, str):
        return value if value is None else cleaned(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"no {field}: expected a string or a whole number, got {type(value).__name__}")
    return str(value)


def _corpus_rows(raw: bytes, where: str) -> list[Row]:
    from classifier.readers.corpus_jsonl import conversation_of

    conversation = conversation_of(raw.decode("utf-8", "replace"), where)
    return [
        {name: cleaned(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in message_rows(conversation)
    ]


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _string_array(values: list[str | None]) -> pa.Array:
    try:
        array = pa.array(values, pa.string())
        if not pc.any(pc.match_substring(array, "\0")).as_py():
            return array
    except UnicodeEncodeError:  # half a surrogate pair
        pass
    return pa.array([value if value is None else cleaned(value) for value in values], pa.string())


def numbered_rows(
    files: RowFiles, on_fault: OnFault, *, size: int = BLOCK_BYTES
) -> Iterator[tuple[str, Row]]:
    """Each row with its place, as "chat.csv:7"; those with a fault go to ``on_fault``.

    A Parquet value that Python has no form for ends the reading with an ``InputError``.
    """
    for block in files.blocks(size=size):
        rows = read_block(block)
        for fault in rows.faults:
            on_fault(fault)
        with readable(block):
            values = rows.table.to_pylist() if rows.values is None else rows.values
        for line, row in zip(row_lines(block, rows), values, strict=True):
            yield f"{block.file.name}:{line}", row
