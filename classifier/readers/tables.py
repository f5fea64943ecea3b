"""Message rows of a CSV, JSONL or Parquet file, in blocks of bounded size.

The ``score`` command reads this form and gives it back. Blocks can be sent to another process. CSV and
JSONL may be compressed: ``.gz`` or ``.zst``.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.errors import InputError
from classifier.readers.file_lines import FileLines, Place, decoded_utf8
from classifier.readers.opening import distinct_keys
from classifier.readers.row_formats import row_format

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
"""One message with the names of its columns."""
REQUIRED = ("conversation_id", "author", "text")
BLOCK_BYTES = 512 << 10
"""Some thousands of messages: worth the writing of a part, and small enough for constant memory."""


@dataclass(frozen=True)
class Block:
    """Rows of a file that stand next to each other, as they were read.

    ``content`` holds lines of JSONL as bytes, (line, fields) pairs of CSV, or one Arrow record batch;
    ``share`` is how much of the file has been read at its end, in [0, 1].
    """

    path: Path
    columns: tuple[str, ...]
    content: Any
    start: Place
    end: Place
    share: float

    def rows(self) -> list[Row]:
        """The rows in order, each with at least the required columns as strings.

        Raises ``InputError`` naming file and line for one that is no such row.
        """
        if isinstance(self.content, list):
            pairs = self.content
            return (
                _json_rows(self)
                if pairs and isinstance(pairs[0], bytes)
                else [_csv_row(self, line, fields) for line, fields in pairs]
            )
        import pyarrow as pa

        try:
            rows: list[Row] = self.content.to_pylist()
        except (
            pa.ArrowException,
            LookupError,
            OverflowError,
            ValueError,
        ) as error:  # text that is not UTF-8, a time zone nobody knows, a year past 9999
            raise InputError(
                f"{self.path}: rows {self.start.at + 1} to {self.end.at}: a value that cannot be read "
                f"({str(error).splitlines()[0][:200]})"
            ) from None
        for number, row in enumerate(rows, start=self.start.at + 1):
            _checked_strings(row, f"{self.path}: row {number}")
        return rows


@dataclass(frozen=True)
class RowFile:
    """A file of rows that can be read from the end of any block.

    ``columns`` are those of its first row; ``schema`` is Parquet's.
    """

    path: Path
    kind: str
    columns: tuple[str, ...]
    first: Place
    schema: pa.Schema | None = None

    def blocks(self, start: Place | None = None, *, size: int = BLOCK_BYTES) -> Iterator[Block]:
        """The rows from ``start`` on, in blocks of about ``size`` bytes.

        Raises ``InputError`` naming file and line for what cannot be read.
        """
        place = self.first if start is None else start
        return (
            _parquet_blocks(self, place, size) if self.kind == ".parquet" else _text_blocks(self, place, size)
        )


def open_rows(path: Path, *, required: Sequence[str] = REQUIRED) -> RowFile:
    """The file of rows at ``path``, its columns read from its beginning.

    Raises ``InputError`` naming file and line for a missing file, a missing column, or a beginning that
    is not what the name says.
    """
    kind = row_format(path)
    if kind == ".parquet":
        return _open_parquet(path, required)
    place, columns = Place(), tuple(required)
    with FileLines(path, Place()) as lines:
        if kind == ".csv":
            columns, place = _csv_header(lines, required)
        else:
            for line in lines.raw():
                if line.strip():
                    columns = tuple(_json_row(line, f"{path}:{lines.line}"))
                    break
    return RowFile(path, kind, columns, place)


def _csv_header(lines: FileLines, required: Sequence[str]) -> tuple[tuple[str, ...], Place]:
    try:
        columns = next(csv.reader(lines.decoded(), strict=True), None)
    except csv.Error as error:
        raise InputError(
            f"{lines.path}:{lines.line}: not readable as CSV ({error}); check the quotes of this row"
        ) from None
    if columns is None:
        raise InputError(f"{lines.path}:1: the file is empty; expected a header with {', '.join(required)}")
    if twice := next((name for name in columns if columns.count(name) > 1), None):
        raise InputError(
            f"{lines.path}:1: column {twice!r} stands twice in the header; give each its own name"
        )
    if missing := [name for name in required if name not in columns]:
        raise InputError(
            f"{lines.path}:1: no column {', '.join(map(repr, missing))} in the header; expected "
            f"{', '.join(required)} and optionally time"
        )
    return tuple(columns), lines.place


def _csv_row(block: Block, line: int, fields: list[str]) -> Row:
    if len(fields) != len(block.columns):
        raise InputError(
            f"{block.path}:{line}: {len(fields)} fields where the header has {len(block.columns)}; quote "
            "a text that holds a comma or a line break"
        )
    return dict(zip(block.columns, fields, strict=True))


def _json_rows(block: Block) -> list[Row]:
    return [
        _json_row(raw, f"{block.path}:{number}")
        for number, raw in enumerate(block.content, start=block.start.line + 1)
        if not raw.isspace()
    ]


def _json_row(raw: bytes, where: str) -> Row:
    line = decoded_utf8(raw, where)
    try:
        row = json.loads(line, object_pairs_hook=distinct_keys)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{where}: not a whole JSON object ({error}); the line may be cut off") from None
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
    if not isinstance(row, dict):
        raise InputError(f"{where}: expected a JSON object, got {type(row).__name__}")
    _checked_strings(row, where)
    return row


def _checked_strings(row: Row, where: str) -> None:
    if missing := [name for name in REQUIRED if not isinstance(row.get(name), str)]:
        raise InputError(
            f"{where}: {', '.join(missing)}: expected a string in every row; one row is one message"
        )


def _text_blocks(file: RowFile, start: Place, size: int) -> Iterator[Block]:
    with FileLines(file.path, start) as lines:
        pieces = _csv_pieces(lines, start.line) if file.kind == ".csv" else lines.raw()
        while True:
            content: list[Any] = []
            for piece in pieces:
                content.append(piece)
                if lines.at - start.at >= size:
                    break
            if not content:
                return
            yield Block(file.path, file.columns, content, start, lines.place, lines.share)
            start = lines.place


def _csv_pieces(lines: FileLines, base: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines.decoded(), strict=True)
    try:
        for fields in reader:
            if fields:
                yield base + reader.line_num, fields
    except csv.Error as error:
        raise InputError(
            f"{lines.path}:{base + reader.line_num}: not readable as CSV ({error}); check the quotes of "
            "this row"
        ) from None


def _open_parquet(path: Path, required: Sequence[str]) -> RowFile:
    import pyarrow.types as types

    with _parquet(path) as opened:
        schema = opened.schema_arrow
    for name in required:
        if name not in schema.names:
            raise InputError(
                f"{path}: no column {name!r}; expected {', '.join(required)} and optionally time"
            )
        kind = schema.field(name).type
        value = kind.value_type if types.is_dictionary(kind) else kind
        if not (types.is_string(value) or types.is_large_string(value) or types.is_string_view(value)):
            raise InputError(f"{path}: column {name!r} holds {kind}, expected strings")
    return RowFile(path, ".parquet", tuple(schema.names), Place(), schema)


def _parquet(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: cannot be read as Parquet: "
            f"{getattr(error, 'strerror', None) or str(error).splitlines()[0]}"
        ) from None


def _parquet_blocks(file: RowFile, start: Place, size: int) -> Iterator[Block]:
    import pyarrow as pa

    with _parquet(file.path) as opened:
        n_rows = opened.metadata.num_rows
        groups = [opened.metadata.row_group(number) for number in range(opened.metadata.num_row_groups)]
        at, first = 0, 0
        while first < len(groups) and at + groups[first].num_rows <= start.at:
            at += groups[first].num_rows
            first += 1
        bytes_per_row = sum(group.total_byte_size for group in groups) / max(1, n_rows)
        rows_per_block = max(1, min(1 << 16, int(size / max(1.0, bytes_per_row))))
        try:
            for batch in opened.iter_batches(batch_size=rows_per_block, row_groups=range(first, len(groups))):
                skipped = max(0, min(start.at - at, len(batch)))
                begin = Place(at + skipped)
                at += len(batch)
                if skipped < len(batch):
                    yield Block(file.path, file.columns, batch.slice(skipped), begin, Place(at), at / n_rows)
        except (OSError, pa.ArrowException) as error:
            raise InputError(
                f"{file.path}: cannot be read after row {at}: {str(error).splitlines()[0]}"
            ) from None
