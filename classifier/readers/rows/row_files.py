"""Message rows of CSV, TSV, JSONL or Parquet files, in blocks of bounded size.

``score`` and ``convert`` both read them so. A block can be sent to another process, and a file is read on
from the end of any block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from classifier.errors import InputError
from classifier.readers.file_opening import opened
from classifier.readers.rows import parquet
from classifier.readers.rows.block_cutter import Cutter, FieldRows, Place
from classifier.readers.rows.column_names import REQUIRED, Columns, chosen_columns
from classifier.readers.rows.content_sniffing import (
    HEAD_BYTES,
    first_json_row,
    is_corpus_record,
    require_csv,
    require_text,
    separator_hint,
)
from classifier.readers.rows.file_endings import DELIMITERS, ROW_FORMATS, row_format
from classifier.readers.rows.message_rows import MESSAGE_COLUMNS

UTF8_MARK = b"\xef\xbb\xbf"
BLOCK_BYTES = 512 << 10
"""Some thousands of messages: worth the writing of a part, and small enough for constant memory."""


@dataclass(frozen=True)
class RowOptions:
    """How files of rows are to be read.

    Parameters
    ----------
    format
        One of ``ROW_FORMATS``, or "auto" to go by the ending of the name.
    columns
        The column of a field, such as ``{"text": "body"}``.
    delimiter
        What separates fields; empty: by the format.
    encoding
        Encoding of the text, as Python names it.
    conversation_id
        The conversation of every row, for files without such a column.
    day_first
        Whether a date like 04/01/2026 begins with the day; else it is refused.
    """

    format: str = "auto"
    columns: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ""
    encoding: str = "utf-8"
    conversation_id: str = ""
    day_first: bool = False

    def __post_init__(self) -> None:
        if self.delimiter and (
            len(self.delimiter) > 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n'
        ):
            raise InputError(f"delimiter {self.delimiter!r}: expected one character, such as ; or a tab")
        if self.format not in ("auto", *ROW_FORMATS):
            raise InputError(f"format {self.format!r}: expected one of {', '.join(ROW_FORMATS)}")


@dataclass(frozen=True)
class RowFile:
    """One file of rows, its columns known.

    ``name`` is how messages call it, ``header`` the columns as the file names them, ``first`` where the rows
    begin, and ``types`` the column types of a result where the file is Parquet.
    """

    path: Path
    name: str
    format: str
    columns: Columns
    header: tuple[str, ...]
    first: Place
    options: RowOptions
    types: Mapping[str, Any] | None = None

    @property
    def delimiter(self) -> str:
        """What separates fields; empty where they are not separated by a character."""
        return self.options.delimiter or DELIMITERS.get(self.format, "")

    def blocks(self, start: Place, size: int) -> Iterator[Block]:
        """The rows from ``start`` on."""
        if self.format == "parquet":
            for batch, end, share in parquet.batches(self.path, self.name, start, size):
                yield Block(self, batch, start, end, share)
                start = end
            return
        n_bytes = max(1, self.path.stat().st_size)
        with opened(self.path, name=self.name, encoding=self.options.encoding, at=start.at) as stream:
            cutter = Cutter(stream, start, name=self.name, delimiter=self.delimiter)
            for content in cutter.blocks(size):
                yield Block(self, content, start, cutter.place, min(1.0, stream.packed_at() / n_bytes))
                start = cutter.place


@dataclass(frozen=True)
class Block:
    """Rows of a file that stand next to each other, as they were cut.

    ``content`` is bytes of CSV or JSONL, rows of CSV that were read one by one, or a batch of Parquet;
    ``share`` is how much of the input has been read at its end, in [0, 1].
    """

    file: RowFile
    content: bytes | FieldRows | pa.RecordBatch
    start: Place
    end: Place
    share: float


@dataclass(frozen=True)
class RowFiles:
    """Files of the same columns, read one after the other."""

    files: tuple[RowFile, ...]

    @property
    def columns(self) -> Columns:
        """The columns, as the first file names them."""
        return self.files[0].columns

    @property
    def types(self) -> Mapping[str, Any] | None:
        """The column types of a result where the files are Parquet."""
        return self.files[0].types

    @property
    def name(self) -> str:
        """How messages call the input."""
        return self.files[0].name

    def blocks(self, start: Place | None = None, *, size: int = BLOCK_BYTES) -> Iterator[Block]:
        """The rows from ``start`` on, in blocks of about ``size`` bytes.

        Raises ``InputError`` naming file and line for what cannot be read.
        """
        at = 0 if start is None else start.file
        for number, file in enumerate(self.files[at:], start=at):
            place = start if start is not None and number == at else file.first
            for block in file.blocks(place, size):
                share = (number + block.share) / len(self.files)
                yield Block(file, block.content, block.start, block.end, share)


def open_rows(
    paths: Path | Sequence[Path],
    options: RowOptions | None = None,
    *,
    required: Sequence[str] = REQUIRED,
    name: str = "",
) -> RowFiles:
    """The files of rows at ``paths``, their columns read from their beginnings.

    Raises ``InputError`` naming file and line for a missing file, a missing column, a beginning that is not
    what the name says, and files of different columns.

    Parameters
    ----------
    options : how the files are to be read
    required : the fields of ``column_names.NAMES`` that must be there
    name : how messages call the file; its path if empty
    """
    options = options or RowOptions()
    paths = [paths] if isinstance(paths, Path) else paths
    files = [
        _open_file(number, path, name or str(path), options, required) for number, path in enumerate(paths)
    ]
    for file in files[1:]:
        expected = sorted(files[0].columns.results)
        if sorted(file.columns.results) != expected or file.format != files[0].format:
            raise InputError(
                f"{file.name}: has the columns {', '.join(sorted(file.columns.results))} ({file.format}) "
                "where "
                f"{files[0].name} has {', '.join(expected)} ({files[0].format}); read them one by one"
            )
        if file.types is not None and dict(file.types) != dict(files[0].types or {}):
            raise InputError(f"{file.name}: its columns are of other types than those of {files[0].name}")
    return RowFiles(tuple(files))


def _open_file(number: int, path: Path, name: str, options: RowOptions, required: Sequence[str]) -> RowFile:
    format_ = row_format(path) if options.format == "auto" else options.format
    if options.delimiter and format_ not in DELIMITERS:
        raise InputError(f"{name}: is {format_}, whose fields no --delimiter separates")
    if format_ == "parquet":
        if options.encoding != "utf-8":
            raise InputError(f"{name}: is Parquet, whose texts are UTF-8; leave out --encoding")
        with parquet.open_parquet(path, name) as opened_file:
            schema = opened_file.schema_arrow
        header = tuple(schema.names)
        columns = _columns(header, name, options, required)
        types = parquet.result_types(schema, columns, name)
        return RowFile(path, name, format_, columns, header, Place(number), options, types)
    with opened(path, name=name, encoding=options.encoding) as stream:
        head = stream.read(HEAD_BYTES)
        place = Place(number, len(UTF8_MARK) if head.startswith(UTF8_MARK) else 0)
        head = head.removeprefix(UTF8_MARK)
        require_text(head, name)
        cutter = Cutter(stream, place, name=name, delimiter=options.delimiter or DELIMITERS.get(format_, ""))
        cutter.waiting = head
        if format_ in DELIMITERS:
            require_csv(head, name)
            header = _csv_header(cutter, head, name)
            place = cutter.place
        else:
            header, format_ = _json_header(cutter, head, name, format_)
    columns = _columns(header, f"{name}:{max(1, place.line)}", options, required, cutter.delimiter)
    return RowFile(path, name, format_, columns, header, place, options)


def _csv_header(cutter: Cutter, head: bytes, name: str) -> tuple[str, ...]:
    try:
        return tuple(cutter.first_row())
    except InputError:
        if hint := separator_hint([head.partition(b"\n")[0].decode("utf-8", "replace")], cutter.delimiter):
            raise InputError(f"{name}:1: {hint}") from None
        raise


def _json_header(cutter: Cutter, head: bytes, name: str, format_: str) -> tuple[tuple[str, ...], str]:
    """The keys of the first object, and "corpus" where that is a conversation of a corpus."""
    for line in cutter.lines():
        if line.strip():
            row = first_json_row(head, line, name)
            if format_ == "corpus" or is_corpus_record(row):
                return MESSAGE_COLUMNS, "corpus"
            return (tuple(row) if row else REQUIRED), format_
    return REQUIRED, format_


def _columns(
    header: Sequence[str], where: str, options: RowOptions, required: Sequence[str], delimiter: str = ""
) -> Columns:
    if twice := next((name for name in header if header.count(name) > 1), None):
        raise InputError(f"{where}: column {twice!r} stands twice in the header; give each its own name")
    if options.conversation_id:
        required = [field for field in required if field != "conversation_id"]
    try:
        columns = chosen_columns(header, where=where, columns=options.columns, required=required)
    except InputError:
        if delimiter and (hint := separator_hint(header, delimiter)):
            raise InputError(f"{where}: {hint}") from None
        raise
    if options.conversation_id and "conversation_id" in columns.fields:
        raise InputError(
            f"{where}: has conversations in its column {columns.fields['conversation_id']!r}; leave out "
            "--conversation-id"
        )
    return columns
