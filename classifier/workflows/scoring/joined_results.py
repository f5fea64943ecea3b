"""The result of a scoring run, joined from its scored blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import IO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from classifier.model.conversation.bulk_monitor import BulkMonitor
from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.dataframe_scoring import conversations_of, sender_frame, sides_of
from classifier.readers.checked_values import name_key, nearly_equal, shown
from classifier.readers.rows.file_endings import DELIMITERS
from classifier.readers.rows.row_writer import csv_lines, json_lines
from classifier.taxonomy import COLUMNS
from classifier.workflows.scoring import arrow_tables
from classifier.workflows.scoring.finished_blocks import ScoredBlock
from classifier.workflows.scoring.rounded_scores import eight_digits
from classifier.workflows.scoring.scoring_plan import ScoringPlan

ROW_GROUP = 1 << 16
"""Rows in a group of a Parquet result: fixed, so that the file does not depend on the blocks."""


def write_result(
    stream: IO[bytes],
    plan: ScoringPlan,
    blocks: Iterable[ScoredBlock],
    conversation_model: ConversationModel | None,
    *,
    warn: Callable[[str], None] = lambda warning: None,
) -> None:
    """Write the result of all ``blocks``, in their order.

    ``conversation_model`` scores conversations and senders; it is None for scores of messages. ``warn`` is
    called with what makes a score of conversations doubtful.
    """
    contents = (block.content for block in blocks)
    if conversation_model is not None:
        monitor = _monitor_all(conversation_model, contents, warn, sorts=plan.sorts)
        if plan.level == "conversation":
            scores = conversations_of(monitor)
        else:
            scores = sender_frame(sides_of(monitor), conversation_model)
        starts = range(0, len(scores), ROW_GROUP)
        contents = (_aggregate_content(plan, scores[start : start + ROW_GROUP]) for start in starts)
    if plan.kind == "parquet":
        _write_parquet(stream, plan, contents)
        return
    if plan.kind != "jsonl":
        first = next(contents, b"")  # an input that cannot be read at all leaves no header
        header = pa.table({str(at): [name] for at, name in enumerate(plan.columns)})
        stream.write(csv_lines(header, delimiter=DELIMITERS[plan.kind], is_safe=plan.is_safe) + first)
    for content in contents:
        stream.write(content)


def _monitor_all(
    conversation_model: ConversationModel,
    contents: Iterable[bytes],
    warn: Callable[[str], None],
    *,
    sorts: bool,
) -> BulkMonitor:
    """A monitor that has seen every message of every block.

    It sees them in the order of the rows or, where it ``sorts``, by time. Names are compared trimmed and
    in Unicode's composed form, and kept as first written.
    """
    monitor = BulkMonitor(conversation_model)
    tables = _with_equal_names(map(arrow_tables.from_bytes, contents))
    if sorts and (parts := list(tables)):
        table = pa.concat_tables(parts)
        order, moved = time_order(table["conversation_id"].to_pylist(), table["time"].to_pylist())
        first = f" (first {shown(repr(moved[0]))})" if moved else ""
        if table["time"].null_count == len(table):
            warn("no message has a time: all stay in the order of the rows")
        else:
            warn(f"sorted by time: {len(moved):,} conversations were in another order{first}")
        tables = iter([table.take(pa.array(order))])
    last_time: dict[str, datetime] = {}
    falling: dict[str, None] = {}
    for table in tables:
        ids, authors, times = (table[name].to_pylist() for name in arrow_tables.MONITORED_COLUMNS)
        for id_, time in zip(ids, times, strict=True):
            if time is not None and last_time.setdefault(id_, time) > time:
                falling[id_] = None
            elif time is not None:
                last_time[id_] = time
        monitor.update(ids, authors, np.column_stack([table[label].to_numpy() for label in COLUMNS]))
    if falling:
        warn(
            f"the times fall in {len(falling):,} conversations (first {shown(repr(next(iter(falling))))}); "
            "they were scored in the order of the rows: put the oldest message first, or give --sort-by-time"
        )
    for warning in _near_names(monitor):
        warn(warning)
    return monitor


def _with_equal_names(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """``tables`` with each name of a conversation or person as it was first written."""
    first: dict[str, str] = {}
    for table in tables:
        for at, name in enumerate(arrow_tables.MONITORED_COLUMNS[:2]):
            names = [first.setdefault(name_key(given), given) for given in table[name].to_pylist()]
            table = table.set_column(at, name, pa.array(names, pa.string()))
        yield table


def time_order(ids: Sequence[str], times: Sequence[datetime | None]) -> tuple[NDArray[np.int64], list[str]]:
    """Positions of messages, each conversation's oldest first, and which conversations change.

    Conversations come in the order in which they first stood, one message of each by turns. A message
    without a time stays behind the one before it in its conversation.

    >>> from datetime import datetime
    >>> time_order(["a", "b", "a"], [datetime(2031, 1, 7), None, datetime(2031, 1, 6)])
    (array([2, 1, 0]), ['a'])
    """
    number: dict[str, int] = {}
    frame = pd.DataFrame({"number": [number.setdefault(id_, len(number)) for id_ in ids]})
    frame["time"] = pd.Series(np.array(times, dtype="datetime64[us]")).groupby(frame["number"]).ffill()
    frame["row"] = np.arange(len(frame))
    frame["place"] = frame.groupby("number").cumcount()
    by_time = frame.sort_values(["number", "time", "row"], na_position="first")
    is_moved = by_time["place"].to_numpy() != by_time.groupby("number").cumcount().to_numpy()
    moved = set(by_time["number"][is_moved])
    by_time["place"] = by_time.groupby("number").cumcount()
    order = by_time.sort_values(["place", "number"])["row"].to_numpy()
    return order, [id_ for id_, at in number.items() if at in moved]


def _near_names(monitor: BulkMonitor) -> Iterator[str]:
    """A warning of conversations with authors whose names nearly equal one another."""
    found: dict[tuple[str, str], list[str]] = {}
    for id_, author, _ in zip(*monitor.sides(), strict=True):
        if key := nearly_equal(author):
            found.setdefault((id_, key), []).append(author)
    alike = [(id_, names) for (id_, _), names in found.items() if len(names) > 1]
    if alike:
        id_, names = alike[0]
        yield (
            f"{len(alike):,} times authors of one conversation have nearly equal names (first in "
            f"{shown(repr(id_))}: "
            f"{shown(*map(repr, names))}); each was scored as a person of their own"
        )


def _aggregate_content(plan: ScoringPlan, scores: pd.DataFrame) -> bytes:
    schema = arrow_tables.result_schema(plan)
    table = pa.Table.from_pandas(scores, schema, preserve_index=False).cast(schema)
    if plan.kind == "parquet":
        return arrow_tables.to_bytes(table)
    at = table.column_names.index("score")
    table = table.set_column(at, "score", pa.array(eight_digits(table["score"].to_numpy())))
    if plan.kind == "jsonl":
        return json_lines(table.to_pylist())
    return csv_lines(table, delimiter=DELIMITERS[plan.kind], is_safe=plan.is_safe)


def _write_parquet(stream: IO[bytes], plan: ScoringPlan, contents: Iterable[bytes]) -> None:
    schema = arrow_tables.result_schema(plan)
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        waiting = schema.empty_table()
        for content in contents:
            waiting = pa.concat_tables([waiting, arrow_tables.from_bytes(content).cast(schema)])
            while len(waiting) >= ROW_GROUP:
                writer.write_table(waiting.slice(0, ROW_GROUP).combine_chunks(), row_group_size=ROW_GROUP)
                waiting = waiting.slice(ROW_GROUP)
        if len(waiting):
            writer.write_table(waiting.combine_chunks(), row_group_size=ROW_GROUP)
