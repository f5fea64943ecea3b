"""How are millions of rows scored in constant memory? Block by block, in one or more processes, each block to a part of the result; the same bytes however it is cut.

A part is lines of text, an Arrow stream of rows for Parquet, or, where conversations or senders are wanted, one of message probabilities that are then followed in order.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from classifier.errors import InputError
from classifier.experiments.resumed_scoring import Part
from classifier.model.conversation.bulk import BulkMonitor
from classifier.model.conversation.model import ConversationModel
from classifier.model.message.batch import BatchScorer
from classifier.model.message.file import load_model
from classifier.readers.tables import Block, Row, RowFile, text_of
from classifier.taxonomy import LABELS

LEVELS = ("message", "conversation", "sender")
FOLLOWED = ("conversation_id", "author")
ROW_GROUP = 1 << 16
MEMO_TOKENS = 32_768
"""A quarter of what a scorer remembers otherwise: a tenth slower on text full of slips, and soon full, so that a long file takes no more memory than a short one."""
"""Rows in a group of a Parquet result: fixed, so that the file does not tell how the work was cut."""
_SCORES = ",".join(["%.8g"] * len(LABELS))


@dataclass(frozen=True)
class Plan:
    """What becomes of the rows of ``file``: scores of a ``level`` as a file of ``kind`` (".csv", ".jsonl" or ".parquet")."""

    file: RowFile
    level: str
    kind: str

    @property
    def columns(self) -> list[str]:
        """The columns of the result."""
        return list(_COLUMNS.get(self.level) or dict.fromkeys([*self.file.columns, *LABELS, "stages"]))


_COLUMNS = {
    "conversation": ("conversation_id", "score", "flagged", "warned_at"),
    "sender": ("author", "score", "conversations", "flagged"),
}


def part_of(scorer: BatchScorer, plan: Plan, block: Block) -> Part:
    """One block scored."""
    rows = block.rows()
    probabilities = scorer.probabilities(row["text"] for row in rows)
    content = (_message_part if plan.level == "message" else _followed_part)(
        scorer, plan, rows, probabilities
    )
    return Part(block.end, block.share, len(rows), content)


def _message_part(scorer: BatchScorer, plan: Plan, rows: list[Row], probabilities: Any) -> bytes:
    model = scorer.model
    flagged = [""] * len(rows)
    for number in np.flatnonzero((probabilities >= model.thresholds).any(axis=1)).tolist():
        flagged[number] = "|".join(model.flagged(probabilities[number]))
    if plan.kind == ".parquet":
        return _stream(
            _parquet_table(
                plan,
                [row | {"stages": stages} for row, stages in zip(rows, flagged, strict=True)],
                probabilities,
            )
        )
    as_number: Any = float if plan.kind == ".jsonl" else str
    scored = [
        row
        | dict(zip(LABELS, map(as_number, (_SCORES % tuple(scores)).split(",")), strict=True))
        | {"stages": stages}
        for row, scores, stages in zip(rows, probabilities.tolist(), flagged, strict=True)
    ]
    return text_of(scored, kind=plan.kind, columns=plan.columns)


def scored_parts(plan: Plan, model_path: Path, blocks: Iterable[Block], *, jobs: int) -> Iterator[Part]:
    """The parts of ``blocks`` in order, made by ``jobs`` processes; with one, by this one. At most two blocks a process are under way."""
    if jobs == 1:
        yield from map(
            partial(part_of, BatchScorer(load_model(model_path), memo_tokens=MEMO_TOKENS), plan), blocks
        )
        return
    context = multiprocessing.get_context(
        "spawn"
    )  # a fork would copy locks that other threads of this process hold
    with ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_begin_work, initargs=(model_path, plan)
    ) as pool:
        waiting: deque[Future[Part]] = deque()
        try:
            for block in blocks:
                waiting.append(pool.submit(_work, block))
                if len(waiting) >= 2 * jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise OSError("a scoring process was ended from outside (out of memory?)") from None
        finally:
            pool.shutdown(cancel_futures=True)


_worker: list[tuple[BatchScorer, Plan]] = []
"""In a scoring process: what it scores with."""


def _begin_work(model_path: Path, plan: Plan) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process decides what Ctrl-C means
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker.append((BatchScorer(load_model(model_path), memo_tokens=MEMO_TOKENS), plan))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(block: Block) -> Part:
    [(scorer, plan)] = _worker
    return part_of(scorer, plan, block)


def write_joined(
    stream: IO[bytes], plan: Plan, parts: Iterable[Part], pattern: ConversationModel | None
) -> None:
    """The whole result of all parts in order. ``pattern`` scores conversations and senders."""
    if pattern is not None:
        monitors = BulkMonitor(pattern)
        for part in parts:
            table = _read_stream(part.content)
            ids, authors = (table[name].to_pylist() for name in FOLLOWED)
            if "" in authors:
                raise InputError(
                    f"conversation {ids[authors.index('')]!r}: a message without an author; who wrote, and so how early a warning comes, is not told: score --level message"
                )
            monitors.update(ids, authors, np.column_stack([table[label].to_numpy() for label in LABELS]))
        parts = (
            _rows_part(plan, rows)
            for rows in _pieces(
                conversation_rows(monitors)
                if plan.level == "conversation"
                else sender_rows(monitors, pattern)
            )
        )
    if plan.kind == ".parquet":
        _join_parquet(stream, plan, parts)
        return
    if plan.kind == ".csv":
        stream.write(
            text_of([dict(zip(plan.columns, plan.columns, strict=True))], kind=".csv", columns=plan.columns)
        )
    for part in parts:
        stream.write(part.content)


def conversation_rows(monitors: BulkMonitor) -> Iterator[Row]:
    """One row a conversation, in the order they begin: its highest score so far, whether that reached the alert threshold, and at which message.

    ``warned_at`` counts the conversation's messages from 1 and is None without a warning.
    """
    for id_, score, warned_at in zip(
        monitors.ids, monitors.highest.tolist(), monitors.warned_at.tolist(), strict=True
    ):
        yield {
            "conversation_id": id_,
            "score": score,
            "flagged": int(warned_at > 0),
            "warned_at": warned_at or None,
        }


def sender_rows(monitors: BulkMonitor, pattern: ConversationModel) -> Iterator[Row]:
    """One row an author, by name: the highest score from that author's side, in how many conversations he wrote, and how many of these reached the alert threshold."""
    found: dict[str, tuple[float, int, int]] = {}
    for _, author, score in zip(*monitors.sides(), strict=True):
        highest, n, flagged = found.get(author, (0.0, 0, 0))
        found[author] = (max(highest, float(score)), n + 1, flagged + int(score >= pattern.alert_threshold))
    for author in sorted(found):
        highest, n, flagged = found[author]
        yield {"author": author, "score": highest, "conversations": n, "flagged": flagged}


def _pieces(rows: Iterator[Row]) -> Iterator[list[Row]]:
    piece: list[Row] = []
    for row in rows:
        piece.append(row)
        if len(piece) == ROW_GROUP:
            yield piece
            piece = []
    if piece:
        yield piece


def _rows_part(plan: Plan, rows: list[Row]) -> Part:
    end = plan.file.first
    if plan.kind == ".parquet":
        import pyarrow as pa

        return Part(
            end, 1.0, len(rows), _stream(pa.Table.from_pylist(_clean(rows), schema=_result_schema(plan)))
        )
    text = float if plan.kind == ".jsonl" else str
    return Part(
        end,
        1.0,
        len(rows),
        text_of(
            [row | {"score": text(f"{row['score']:.8g}")} for row in rows],
            kind=plan.kind,
            columns=plan.columns,
        ),
    )


def _result_schema(plan: Plan) -> Any:
    """The Arrow schema of the result: Parquet's own columns as they are, those of CSV and JSONL as text."""
    import pyarrow as pa

    types: dict[str, Any] = {}
    if plan.level == "message":
        for name in plan.columns:
            types[name] = pa.string()
            if plan.file.schema is not None and name in plan.file.schema.names:
                kind = plan.file.schema.field(name).type
                types[name] = kind.value_type if pa.types.is_dictionary(kind) else kind
        types |= dict.fromkeys(LABELS, pa.float64()) | {"stages": pa.string()}
    else:
        types = dict.fromkeys(plan.columns, pa.int64()) | {
            "score": pa.float64(),
            plan.columns[0]: pa.string(),
        }
    return pa.schema(list(types.items()))


def _parquet_table(plan: Plan, rows: list[Row], probabilities: Any) -> Any:
    import pyarrow as pa

    schema = _result_schema(plan)
    known = set(schema.names)
    if plan.file.schema is None:
        rows = [
            {
                name: value if value is None or isinstance(value, str) else json.dumps(value)
                for name, value in row.items()
            }
            for row in rows
        ]
        if extra := next((name for row in rows for name in row if name not in known), None):
            raise InputError(
                f"column {extra!r} is in a row but not in the first one; give every row the same columns, or write .jsonl"
            )
    table = pa.Table.from_pylist(
        _clean(rows), schema=pa.schema([field for field in schema if field.name not in LABELS])
    )
    columns = [
        pa.array(np.ascontiguousarray(probabilities[:, LABELS.index(name)]))
        if name in LABELS
        else table[name]
        for name in schema.names
    ]
    return pa.table(columns, schema=schema)


def _followed_part(scorer: BatchScorer, plan: Plan, rows: list[Row], probabilities: Any) -> bytes:
    """What monitors look at: no text, one float64 a label."""
    import pyarrow as pa

    rows = _clean([{name: row[name] for name in FOLLOWED} for row in rows])
    named = {name: pa.array([row[name] for row in rows], pa.string()) for name in FOLLOWED}
    return _stream(
        pa.table(
            named
            | {
                label: np.ascontiguousarray(probabilities[:, column])
                for column, label in enumerate(scorer.model.labels)
            }
        )
    )


def _clean(rows: list[Row]) -> list[Row]:
    """``rows`` whose strings UTF-8 can hold: half a surrogate pair becomes a question mark, as in CSV."""
    try:
        for row in rows:
            for value in row.values():
                if isinstance(value, str):
                    value.encode("utf-8")
    except UnicodeEncodeError:
        return [
            {
                name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
                for name, value in row.items()
            }
            for row in rows
        ]
    return rows


def _stream(table: Any) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _read_stream(content: bytes) -> Any:
    import pyarrow as pa

    return pa.ipc.open_stream(content).read_all()


def _join_parquet(stream: IO[bytes], plan: Plan, parts: Iterable[Part]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _result_schema(plan)
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        waiting = schema.empty_table()
        for part in parts:
            waiting = pa.concat_tables([waiting, _read_stream(part.content)])
            while len(waiting) >= ROW_GROUP:
                writer.write_table(waiting.slice(0, ROW_GROUP).combine_chunks(), row_group_size=ROW_GROUP)
                waiting = waiting.slice(ROW_GROUP)
        if len(waiting):
            writer.write_table(waiting.combine_chunks(), row_group_size=ROW_GROUP)
