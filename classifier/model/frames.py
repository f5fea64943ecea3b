"""How is more scored than one machine holds? Table by table with one pure function, which Dask runs over Parquet files and Spark over its own partitions.

Conversations and senders are brought together by a shuffle on their id through files: each task sorts its rows into buckets by a hash of the id, and one task a bucket reads
that bucket of all files. So every step is a task from files to one file, written whole or not at all: a worker may die, a run may be killed, and what is there stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from classifier.atomic import replacing
from classifier.errors import InputError
from classifier.model.conversation.bulk import BulkMonitor
from classifier.model.conversation.model import ConversationModel
from classifier.model.message.batch import BatchScorer
from classifier.model.message.scorer import MessageModel
from classifier.readers.tables import open_rows
from classifier.taxonomy import LABELS

if TYPE_CHECKING:
    import pyarrow as pa
    from distributed import Client

MESSAGE_SCHEMA: dict[str, str] = dict.fromkeys(LABELS, "float64") | {"stages": "str"}
"""Columns of ``score_frame`` and their dtypes: a probability per label, and the labels at or over their thresholds, joined by "|"."""

SIDE_SCHEMA: dict[str, str] = {"conversation_id": "str", "author": "str", "score": "float64"}
CONVERSATION_SCHEMA: dict[str, str] = {
    "conversation_id": "str",
    "score": "float64",
    "flagged": "int64",
    "warned_at": "Int64",
}
"""One row a conversation: its highest score, whether it reached the alert threshold, and the number of messages seen then (missing without a warning)."""

SENDER_SCHEMA: dict[str, str] = {
    "author": "str",
    "score": "float64",
    "conversations": "int64",
    "flagged": "int64",
}
"""One row an author: the highest score from that author's side, conversations written in, and how many of these reached the alert threshold."""

RETRIES = 2
"""How often a failed partition is tried again."""
_ABOUT = b"grooming_classifier"
_MODELS = "grooming-classifier models"


def score_frame(frame: pd.DataFrame, scorer: BatchScorer) -> pd.DataFrame:
    """The scores of a table of messages: the columns of ``MESSAGE_SCHEMA``, the index of ``frame``.

    ``frame`` has a column ``text`` of strings; its others are not looked at. Each row depends on its own text alone. Raises ``InputError`` for a text that is missing.
    """
    if missing := np.flatnonzero(
        ~frame["text"].map(lambda text: isinstance(text, str)).to_numpy(dtype=bool)
    ).tolist():
        raise InputError(
            f"text: expected a string in every row, row {missing[0] + 1} of the table has {frame['text'].iloc[missing[0]]!r}"
        )
    probabilities = scorer.probabilities(frame["text"])
    model = scorer.model
    over = np.any(probabilities >= model.thresholds, axis=1).tolist()
    scores = pd.DataFrame(probabilities, columns=list(LABELS), index=frame.index)
    scores["stages"] = pd.Series(
        [
            "|".join(model.flagged(row)) if any_over else ""
            for row, any_over in zip(probabilities, over, strict=True)
        ],
        index=frame.index,
        dtype="str",
    )
    return scores


def conversation_frame(frame: pd.DataFrame, pattern: ConversationModel) -> pd.DataFrame:
    """The table of ``CONVERSATION_SCHEMA`` for whole conversations: their messages in order, with ``conversation_id``, ``author`` and a probability per label."""
    monitors = _followed(frame, pattern)
    found = pd.DataFrame(
        {
            "conversation_id": monitors.ids,
            "score": monitors.highest,
            "flagged": monitors.warned_at > 0,
            "warned_at": monitors.warned_at,
        }
    )
    found = found.astype(CONVERSATION_SCHEMA)
    found["warned_at"] = found["warned_at"].mask(found["warned_at"] == 0)
    return found


def side_frame(frame: pd.DataFrame, pattern: ConversationModel) -> pd.DataFrame:
    """The table of ``SIDE_SCHEMA`` for whole conversations: the highest score from the side of each author who wrote in one."""
    ids, authors, scores = _followed(frame, pattern).sides()
    return pd.DataFrame({"conversation_id": ids, "author": authors, "score": scores}).astype(SIDE_SCHEMA)


def sender_frame(sides: pd.DataFrame, pattern: ConversationModel) -> pd.DataFrame:
    """The table of ``SENDER_SCHEMA``, by name, for all sides of some authors."""
    marked = sides.assign(flagged=sides["score"] >= pattern.alert_threshold)
    grouped = marked.groupby("author", sort=True).agg(
        score=("score", "max"), conversations=("score", "size"), flagged=("flagged", "sum")
    )
    return grouped.reset_index().astype(SENDER_SCHEMA)


def _followed(frame: pd.DataFrame, pattern: ConversationModel) -> BulkMonitor:
    monitors = BulkMonitor(pattern)
    monitors.update(
        frame["conversation_id"].tolist(),
        frame["author"].tolist(),
        frame[list(LABELS)].to_numpy(dtype=np.float64),
    )
    return monitors


@dataclass(frozen=True)
class Models:
    """What a worker scores with: sent to each worker once, also to one that joins later or is started anew."""

    scorer: BatchScorer
    pattern: ConversationModel | None


@dataclass(frozen=True)
class Step:
    """One task: ``make(models)`` gives the tables that make up ``target``, and ``about`` says of which inputs and models that is."""

    name: str
    target: Path
    about: Mapping[str, Any]
    make: Callable[[Models], Iterator[pa.Table]]


def score_files(
    client: Client,
    sources: Sequence[Path],
    out: Path,
    *,
    model: MessageModel,
    pattern: ConversationModel | None = None,
    level: str = "message",
    n_buckets: int = 0,
) -> Iterator[tuple[int, int]]:
    """Score Parquet files into folder ``out``, while it is iterated over: (tasks done, tasks in all) after each.

    One file a source for ``level`` "message", else one a bucket (by default as many as sources). A file that is there, whole and of the same input and models is not
    made again. A task that fails is tried again ``RETRIES`` times; then the others are finished all the same, and ``InputError`` names each that failed. Every worker
    must see ``sources`` and ``out`` under the same path.
    """
    sources, out = [source.resolve() for source in sources], out.resolve()
    n = n_buckets or len(sources)
    finals = (
        _targets(sources, out)
        if level == "message"
        else [out / f"part-{bucket:05}.parquet" for bucket in range(n)]
    )
    out.mkdir(parents=True, exist_ok=True)
    if strange := sorted(path.name for path in out.glob("*.parquet") if path not in finals):
        raise InputError(
            f"{out}: holds {strange[0]}, which is no result of these files; give another folder, or empty it"
        )
    models = Models(BatchScorer(model), pattern)
    client.register_plugin(_plugin(models), name=_MODELS)
    about = {"model": model.header.get("sha256"), "level": level}
    if level == "message":
        steps = [
            Step(str(source), target, about | _state([source]), _Messages(source))
            for source, target in zip(sources, finals, strict=True)
        ]
        yield from _run(client, steps, 0, len(steps))
        return
    if pattern is None:
        raise ValueError(f"level {level!r} needs a pattern model")
    about |= {"pattern": pattern.fingerprint}
    between = out / "between"
    n_all = len(sources) + n * (1 + (level == "sender"))
    state = _state(sources) | {"buckets": n}
    last = about | state
    if all(_is_valid(path, last) for path in finals):
        yield n_all, n_all
        return
    messages = _targets(sources, between)
    first = [
        Step(str(source), target, about | _state([source]) | {"buckets": n}, _Messages(source, n))
        for source, target in zip(sources, messages, strict=True)
    ]
    yield from _run(client, first, 0, n_all)
    if level == "conversation":
        second = [
            Step(path.name, path, last, _Bucket(messages, bucket, conversation_frame))
            for bucket, path in enumerate(finals)
        ]
        yield from _run(client, second, len(first), n_all)
    else:
        sides = [between / f"sides-{bucket:05}.parquet" for bucket in range(n)]
        second = [
            Step(path.name, path, last, _Bucket(messages, bucket, side_frame, ("author", n)))
            for bucket, path in enumerate(sides)
        ]
        yield from _run(client, second, len(first), n_all)
        third = [
            Step(path.name, path, last, _Bucket(sides, bucket, sender_frame))
            for bucket, path in enumerate(finals)
        ]
        yield from _run(client, third, len(first) + n, n_all)
    for path in between.iterdir():
        path.unlink()
    between.rmdir()


def _targets(sources: Sequence[Path], folder: Path) -> list[Path]:
    """One file a source. Raises ``InputError`` where two sources of different folders have the same name."""
    by_name: dict[str, Path] = {}
    for source in sources:
        if source.name in by_name:
            raise InputError(
                f"{source} and {by_name[source.name]} would both be scored to {folder / source.name}; score them into different folders"
            )
        by_name[source.name] = source
    return [folder / name for name in by_name]


def _state(sources: Sequence[Path]) -> dict[str, Any]:
    try:
        return {
            "inputs": [[source.name, source.stat().st_size, source.stat().st_mtime_ns] for source in sources]
        }
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}") from None


@dataclass(frozen=True)
class _Messages:
    """The messages of a file with their scores; or, sorted into buckets of conversations, only what monitors look at, and no text."""

    source: Path
    n_buckets: int = 0

    def __call__(self, models: Models) -> Iterator[pa.Table]:
        import pyarrow as pa

        scored = (self._scored(table, models.scorer) for table in self._tables())
        if self.n_buckets:
            followed = pa.concat_tables(
                table.select(["conversation_id", "author", *LABELS]) for table in scored
            )
            yield from _by_bucket(followed.to_pandas(), "conversation_id", self.n_buckets)
        else:
            yield from scored

    def _tables(self) -> Iterator[pa.Table]:
        import pyarrow as pa

        file = open_rows(self.source)
        assert file.schema is not None
        yield file.schema.remove_metadata().empty_table()  # so that a file without a row gives one with its columns
        for block in file.blocks():
            for name in ("conversation_id", "author", "text"):
                if block.content[name].null_count:
                    raise InputError(
                        f"{self.source}: {name}: expected a string in every row, some of rows {block.start.at + 1} to {block.end.at} have none"
                    )
            yield pa.Table.from_batches([block.content]).replace_schema_metadata()

    @staticmethod
    def _scored(table: pa.Table, scorer: BatchScorer) -> pa.Table:
        """``table`` with the score columns after its own, in place of any of the same name."""
        import pyarrow as pa

        scores = pa.Table.from_pandas(
            score_frame(table.select(["text"]).to_pandas(), scorer), preserve_index=False
        )
        table = table.drop_columns([name for name in MESSAGE_SCHEMA if name in table.column_names])
        for name in MESSAGE_SCHEMA:
            table = table.append_column(
                name, scores[name].cast(pa.string()) if name == "stages" else scores[name]
            )
        return table


@dataclass(frozen=True)
class _Bucket:
    """One bucket of all files, in their order, through ``function``; its result in buckets of another column, where one is wanted."""

    files: Sequence[Path]
    bucket: int
    function: Callable[[pd.DataFrame, ConversationModel], pd.DataFrame]
    again: tuple[str, int] | None = None

    def __call__(self, models: Models) -> Iterator[pa.Table]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        assert models.pattern is not None
        tables = [
            pq.read_table(
                path, filters=[("bucket", "=", self.bucket)], partitioning=None
            ).replace_schema_metadata()
            for path in self.files
        ]
        found = self.function(pa.concat_tables(tables).to_pandas(), models.pattern)
        if self.again is None:
            yield pa.Table.from_pandas(found, preserve_index=False)
        else:
            yield from _by_bucket(found, *self.again)


def _by_bucket(frame: pd.DataFrame, column: str, n_buckets: int) -> Iterator[pa.Table]:
    """``frame`` with a column ``bucket``, one bucket after the other, the order inside each kept; one empty table when there is no row."""
    import pyarrow as pa

    bucket = pd.util.hash_array(frame[column].to_numpy(dtype=object)) % np.uint64(n_buckets)
    frame = frame.assign(bucket=bucket.astype(np.int64))
    for part in [part for _, part in frame.groupby("bucket", sort=True)] or [frame]:
        yield pa.Table.from_pandas(part, preserve_index=False)


def _run(client: Client, steps: Sequence[Step], n_before: int, n_all: int) -> Iterator[tuple[int, int]]:
    """Run the steps whose file is not there yet, and count."""
    from distributed import as_completed

    waiting = [step for step in steps if not _is_valid(step.target, step.about)]
    n_done = n_before + len(steps) - len(waiting)
    yield n_done, n_all
    if not waiting:
        return
    futures = client.map(_carried_out, waiting, pure=False, retries=RETRIES)
    name_of = {future.key: step.name for step, future in zip(waiting, futures, strict=True)}
    finished = as_completed(futures)
    del futures  # or a worker that dies would take done tasks with it, which would be done once more
    failed: dict[str, str] = {}
    for future in finished:
        if future.status == "finished":
            n_done += 1
            yield n_done, n_all
        else:
            fault = future.exception()
            failed[name_of[future.key]] = (
                str(fault) if isinstance(fault, InputError) else f"{type(fault).__name__}: {fault}"
            )
    for step in waiting:  # a worker that was killed while it wrote has left what it had beside its place
        for half in step.target.parent.glob(f".{escape(step.target.name)}.*"):
            half.unlink(missing_ok=True)
    if failed:
        told = "; ".join(f"{name}: {fault}" for name, fault in sorted(failed.items()))
        raise InputError(
            f"{len(failed)} of {len(steps)} partitions failed {RETRIES + 1} times ({told}); the others are done, and are not done again by the same command"
        )


def _carried_out(step: Step) -> None:
    """Runs on a worker."""
    import pyarrow.parquet as pq
    from distributed import get_worker

    models = get_worker().plugins[_MODELS].models
    tables = (table.replace_schema_metadata({_ABOUT: _as_bytes(step.about)}) for table in step.make(models))
    first = next(tables)
    with (
        replacing(step.target) as stream,
        pq.ParquetWriter(stream, first.schema, compression="zstd") as writer,
    ):
        for table in chain([first], tables):
            if len(table) or table is first:
                writer.write_table(table.cast(first.schema))


def _is_valid(path: Path, about: Mapping[str, Any]) -> bool:
    """Whether ``path`` is a whole Parquet file made of the same inputs and models. It was renamed into place when whole, so its footer is enough to look at."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return bool((pq.read_schema(path).metadata or {}).get(_ABOUT) == _as_bytes(about))
    except (OSError, pa.ArrowException):
        return False


def _as_bytes(about: Mapping[str, Any]) -> bytes:
    return json.dumps(about, sort_keys=True).encode()


def _plugin(models: Models) -> Any:
    """``models`` as Dask wants to have what each worker is given."""
    from distributed import WorkerPlugin

    class Held(WorkerPlugin):  # type: ignore[misc]
        name = _MODELS

        def __init__(self) -> None:
            self.models = models

    return Held()
