"""The result of a scoring run, joined from its scored blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

import numpy as np

from classifier.errors import InputError
from classifier.experiments.scoring.finished_blocks import ScoredBlock
from classifier.experiments.scoring.plan import ScoringPlan
from classifier.model.conversation.bulk import BulkMonitor
from classifier.model.conversation.model import ConversationModel
from classifier.readers.row_writer import text_of
from classifier.readers.tables import Row
from classifier.taxonomy import LABELS

ROW_GROUP = 1 << 16
"""Rows in a group of a Parquet result: fixed, so that the file does not depend on the blocks."""


def write_result(
    stream: IO[bytes],
    plan: ScoringPlan,
    blocks: Iterable[ScoredBlock],
    conversation_model: ConversationModel | None,
) -> None:
    """Write the result of all ``blocks``, in their order.

    ``conversation_model`` scores conversations and senders; it is None for scores of messages. Raises
    ``InputError`` for a message without an author where conversations are scored.
    """
    contents = (block.content for block in blocks)
    if conversation_model is not None:
        monitor = _monitor_all(conversation_model, contents)
        if plan.level == "conversation":
            rows = conversation_rows(monitor)
        else:
            rows = sender_rows(monitor, conversation_model)
        contents = (_aggregate_content(plan, group) for group in _row_groups(rows))
    if plan.kind == ".parquet":
        _write_parquet(stream, plan, contents)
        return
    if plan.kind == ".csv":
        header = dict(zip(plan.columns, plan.columns, strict=True))
        stream.write(text_of([header], kind=".csv", columns=plan.columns))
    for content in contents:
        stream.write(content)


def _monitor_all(conversation_model: ConversationModel, contents: Iterable[bytes]) -> BulkMonitor:
    """A monitor that has seen every message of every block."""
    from classifier.experiments.scoring import arrow

    monitor = BulkMonitor(conversation_model)
    for content in contents:
        table = arrow.from_bytes(content)
        ids, authors = (table[name].to_pylist() for name in arrow.MONITORED_COLUMNS)
        if "" in authors:
            raise InputError(
                f"conversation {ids[authors.index('')]!r}: a message has no author; scores of conversations "
                "and senders need one for every message; score --level message"
            )
        monitor.update(ids, authors, np.column_stack([table[label].to_numpy() for label in LABELS]))
    return monitor


def conversation_rows(monitor: BulkMonitor) -> Iterator[Row]:
    """One row per conversation, in the order in which they begin.

    ``score`` is the highest that the conversation had, ``flagged`` whether that reached the alert threshold,
    ``warned_at`` the message of the warning, from 1, or None without one.
    """
    columns = (monitor.ids, monitor.highest.tolist(), monitor.warned_at.tolist())
    for id_, score, warned_at in zip(*columns, strict=True):
        yield {
            "conversation_id": id_,
            "score": score,
            "flagged": int(warned_at > 0),
            "warned_at": warned_at or None,
        }


def sender_rows(monitor: BulkMonitor, conversation_model: ConversationModel) -> Iterator[Row]:
    """One row per author, by name.

    ``score`` is the highest score from the author's side over all conversations, ``conversations`` how many
    the author wrote in, ``flagged`` how many of these reached the alert threshold.
    """
    by_author: dict[str, tuple[float, int, int]] = {}
    for _, author, score in zip(*monitor.sides(), strict=True):
        highest, n, flagged = by_author.get(author, (0.0, 0, 0))
        reached = int(score >= conversation_model.alert_threshold)
        by_author[author] = (max(highest, float(score)), n + 1, flagged + reached)
    for author in sorted(by_author):
        highest, n, flagged = by_author[author]
        yield {"author": author, "score": highest, "conversations": n, "flagged": flagged}


def _row_groups(rows: Iterator[Row]) -> Iterator[list[Row]]:
    group: list[Row] = []
    for row in rows:
        group.append(row)
        if len(group) == ROW_GROUP:
            yield group
            group = []
    if group:
        yield group


def _aggregate_content(plan: ScoringPlan, rows: list[Row]) -> bytes:
    if plan.kind == ".parquet":
        from classifier.experiments.scoring import arrow  # CSV and JSONL do without pyarrow

        return arrow.to_bytes(arrow.aggregate_table(plan, rows))
    as_number = float if plan.kind == ".jsonl" else str
    rounded = [row | {"score": as_number(f"{row['score']:.8g}")} for row in rows]
    return text_of(rounded, kind=plan.kind, columns=plan.columns)


def _write_parquet(stream: IO[bytes], plan: ScoringPlan, contents: Iterable[bytes]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from classifier.experiments.scoring import arrow

    schema = arrow.result_schema(plan)
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        waiting = schema.empty_table()
        for content in contents:
            waiting = pa.concat_tables([waiting, arrow.from_bytes(content)])
            while len(waiting) >= ROW_GROUP:
                writer.write_table(waiting.slice(0, ROW_GROUP).combine_chunks(), row_group_size=ROW_GROUP)
                waiting = waiting.slice(ROW_GROUP)
        if len(waiting):
            writer.write_table(waiting.combine_chunks(), row_group_size=ROW_GROUP)
