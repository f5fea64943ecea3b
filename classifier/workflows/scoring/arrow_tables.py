"""Scored rows as Arrow tables and as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from classifier.taxonomy import LABELS
from classifier.workflows.scoring.scoring_plan import ScoringPlan

MONITORED_COLUMNS = ("conversation_id", "author", "time")
"""What a conversation score needs of a row, besides its message probabilities."""


def result_schema(plan: ScoringPlan) -> pa.Schema:
    """The Arrow schema of the result.

    Columns that come from Parquet keep their type; those from CSV and JSONL are text.
    """
    if plan.level != "message":
        types = dict.fromkeys(plan.columns, pa.int64())
        types |= {"score": pa.float64(), plan.columns[0]: pa.string()}
    else:
        types = {name: (plan.files.types or {}).get(name, pa.string()) for name in plan.columns}
        types |= dict.fromkeys((*LABELS, *plan.added_columns), pa.float64()) | {"stages": pa.string()}
    return pa.schema(list(types.items()), metadata=dict(plan.model) or None)


def message_table(
    table: pa.Table, scores: NDArray[Any], stages: Sequence[str], added: Sequence[str] = ()
) -> pa.Table:
    """Result rows of messages: ``table``, a score per label, ``stages``, the ``added`` columns.

    ``scores`` has a column for each label and each added column.
    """
    columns = list(zip((*LABELS, *added), scores.T, strict=True))
    for label, column in columns[: len(LABELS)]:
        table = table.append_column(label, pa.array(np.ascontiguousarray(column)))
    table = table.append_column("stages", pa.array(stages, pa.string()))
    for name, column in columns[len(LABELS) :]:
        table = table.append_column(name, pa.array(np.ascontiguousarray(column)))
    return table


def is_named(table: pa.Table) -> pa.ChunkedArray:
    """Whether each row says who wrote it, and in which conversation."""
    known = [pc.utf8_trim_whitespace(table[name].fill_null("")) for name in ("conversation_id", "author")]
    return pc.and_(*(pc.not_equal(name, "") for name in known))


def monitored_table(
    names: pa.Table, times: pa.Array, probabilities: NDArray[np.float64], labels: Sequence[str]
) -> pa.Table:
    """What conversation scores are computed from: ids, times and probabilities, no text."""
    columns = {name: names[name] for name in ("conversation_id", "author")} | {"time": times}
    columns |= {
        label: pa.array(np.ascontiguousarray(column))
        for label, column in zip(labels, probabilities.T, strict=True)
    }
    return pa.table(columns)


def to_bytes(table: pa.Table) -> bytes:
    """``table`` as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def from_bytes(content: bytes) -> pa.Table:
    """The table of an Arrow stream."""
    return pa.ipc.open_stream(content).read_all()
