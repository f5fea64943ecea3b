"""Parquet files of message rows, read in batches from any row on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from classifier.errors import InputError
from classifier.readers.file_opening import FREE_BYTES, MAX_RATIO, require_regular
from classifier.readers.rows.block_cutter import Place
from classifier.readers.rows.column_names import Columns

UNREADABLE = (pa.ArrowException, OSError, LookupError, OverflowError, ValueError)
"""What pyarrow raises for damaged files, and Python for values that it has no form for."""


def open_parquet(path: Path, name: str) -> pq.ParquetFile:
    """The opened file. Raises ``InputError`` for one that is damaged, or expands beyond ``MAX_RATIO``."""
    require_regular(path, name)
    try:
        opened = pq.ParquetFile(path)
        known = opened.metadata
        expanded = sum(known.row_group(number).total_byte_size for number in range(known.num_row_groups))
        opened.schema_arrow  # noqa: B018 - a name that is not UTF-8 shows here
    except UNREADABLE as error:
        raise InputError(f"{name}: not a readable Parquet file ({short(error)})") from None
    if not 0 <= expanded <= max(FREE_BYTES, MAX_RATIO * path.stat().st_size):
        raise InputError(
            f"{name}: says that it expands to more than {MAX_RATIO} times its size; a file of chat does not"
        )
    return opened


def result_types(schema: pa.Schema, columns: Columns, name: str) -> dict[str, pa.DataType]:
    """The type of each column of a result.

    Ids, authors and texts become strings. Raises ``InputError`` where they are of another kind.
    """
    types = {}
    for result, column in columns.results.items():
        kind = schema.field(column).type if column else pa.string()
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if result in ("conversation_id", "author", "text"):
            is_number = pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0)
            if not (_is_string(kind) or pa.types.is_null(kind) or (is_number and result != "text")):
                expected = "strings" if result == "text" else "strings or whole numbers"
                raise InputError(f"{name}: column {column!r} holds {kind}, expected {expected}")
            kind = pa.string()
        types[result] = kind
    return types


def _is_string(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def batches(path: Path, name: str, start: Place, size: int) -> Iterator[tuple[pa.RecordBatch, Place, float]]:
    """Record batches from the row ``start`` on.

    With each comes its end, and the share of the file that is read by then.
    """
    with open_parquet(path, name) as opened:
        n_rows = opened.metadata.num_rows
        groups = [opened.metadata.row_group(number) for number in range(opened.metadata.num_row_groups)]
        at, first = 0, 0
        while first < len(groups) and at + groups[first].num_rows <= start.at:
            at += groups[first].num_rows
            first += 1
        bytes_per_row = sum(group.total_byte_size for group in groups) / max(1, n_rows)
        n_in_batch = max(1, min(1 << 16, int(size / max(1.0, bytes_per_row))))
        try:
            for batch in opened.iter_batches(batch_size=n_in_batch, row_groups=range(first, len(groups))):
                skipped = max(0, min(start.at - at, len(batch)))
                at += len(batch)
                if skipped < len(batch):
                    yield batch.slice(skipped), Place(start.file, at), at / n_rows
        except UNREADABLE as error:
            raise InputError(f"{name}: cannot be read after row {at}: {short(error)}") from None


def result_table(batch: pa.RecordBatch, types: dict[str, pa.DataType], columns: Columns) -> pa.Table:
    """``batch`` with the names and types of a result.

    Raises one of ``UNREADABLE`` for a damaged value.
    """
    batch.validate(full=True)
    found = {}
    for result, column in columns.results.items():
        array: Any = batch.column(column) if column else pa.nulls(len(batch), pa.string())
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        found[result] = array.cast(types[result])
    return pa.table(found)


def short(error: Exception) -> str:
    """``error`` in one short line."""
    """``error`` in one short line."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0][:200]
