"""Scored rows as Arrow tables and as bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from classifier.errors import InputError
from classifier.experiments.scoring.plan import ScoringPlan
from classifier.readers.tables import Row
from classifier.taxonomy import LABELS

MONITORED_COLUMNS = ("conversation_id", "author")
"""What a conversation score needs of a row, besides its message probabilities."""


def result_schema(plan: ScoringPlan) -> pa.Schema:
    """The Arrow schema of the result.

    Columns that come from Parquet keep their type; those from CSV and JSONL are text.
    """
    if plan.level != "message":
        types = dict.fromkeys(plan.columns, pa.int64())
        types |= {"score": pa.float64(), plan.columns[0]: pa.string()}
        return pa.schema(list(types.items()))
    types = {name: _input_type(plan, name) for name in plan.columns}
    types |= dict.fromkeys(LABELS, pa.float64()) | {"stages": pa.string()}
    return pa.schema(list(types.items()))


def _input_type(plan: ScoringPlan, name: str) -> pa.DataType:
    if plan.file.schema is None or name not in plan.file.schema.names:
        return pa.string()
    kind = plan.file.schema.field(name).type
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def message_table(plan: ScoringPlan, rows: list[Row], probabilities: NDArray[np.float64]) -> pa.Table:
    """Result rows of messages: ``rows`` with their ``probabilities``."""
    schema = result_schema(plan)
    if plan.file.schema is None:
        _require_columns(rows, schema.names)
        rows = [{name: _as_text(value) for name, value in row.items()} for row in rows]
    input_schema = pa.schema([field for field in schema if field.name not in LABELS])
    table = pa.Table.from_pylist(_encodable(rows), schema=input_schema)
    columns = [
        pa.array(np.ascontiguousarray(probabilities[:, LABELS.index(name)]))
        if name in LABELS
        else table[name]
        for name in schema.names
    ]
    return pa.table(columns, schema=schema)


def _require_columns(rows: list[Row], names: Sequence[str]) -> None:
    known = set(names)
    if extra := next((name for row in rows for name in row if name not in known), None):
        raise InputError(
            f"column {extra!r} is in a row but not in the first one; give every row the same columns, "
            "or write .jsonl"
        )


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def aggregate_table(plan: ScoringPlan, rows: list[Row]) -> pa.Table:
    """The result rows of conversations or senders."""
    return pa.Table.from_pylist(_encodable(rows), schema=result_schema(plan))


def monitored_table(rows: list[Row], probabilities: NDArray[np.float64], labels: Sequence[str]) -> pa.Table:
    """What conversation scores are computed from: ids and probabilities, no text."""
    kept = _encodable([{name: row[name] for name in MONITORED_COLUMNS} for row in rows])
    columns = {name: pa.array([row[name] for row in kept], pa.string()) for name in MONITORED_COLUMNS}
    columns |= {
        label: pa.array(np.ascontiguousarray(probabilities[:, column])) for column, label in enumerate(labels)
    }
    return pa.table(columns)


def _encodable(rows: list[Row]) -> list[Row]:
    """``rows`` with every lone surrogate replaced by "?", as in CSV."""
    try:
        for row in rows:
            for value in row.values():
                if isinstance(value, str):
                    value.encode("utf-8")
    except UnicodeEncodeError:
        return [{name: _replaced(value) for name, value in row.items()} for row in rows]
    return rows


def _replaced(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def to_bytes(table: pa.Table) -> bytes:
    """``table`` as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def from_bytes(content: bytes) -> pa.Table:
    """The table of an Arrow stream."""
    return pa.ipc.open_stream(content).read_all()
