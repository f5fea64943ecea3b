"""Tasks of a cluster; each makes one Parquet file, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from classifier.atomic import replacing
from classifier.errors import InputError
from classifier.model.conversation.model import ConversationModel
from classifier.model.frames import MESSAGE_SCHEMA, score_frame
from classifier.model.message.batch import BatchScorer
from classifier.readers.tables import open_rows
from classifier.taxonomy import LABELS

if TYPE_CHECKING:
    import pyarrow as pa

MODELS_PLUGIN = "grooming-classifier models"
"""Name of the plugin that holds the models on each worker."""
_ABOUT = b"grooming_classifier"


@dataclass(frozen=True)
class Models:
    """What a worker scores with.

    It is sent to each worker once, also to one that joins later or is restarted.
    """

    scorer: BatchScorer
    conversation_model: ConversationModel | None


@dataclass(frozen=True)
class Step:
    """One task: the tables of ``make(models)`` become the file ``target``.

    ``about`` identifies the inputs and models of the file; it is written into its metadata.
    """

    name: str
    target: Path
    about: Mapping[str, Any]
    make: Callable[[Models], Iterator[pa.Table]]


@dataclass(frozen=True)
class ScoredMessages:
    """The messages of a file with their scores.

    With ``n_buckets``, sorted into buckets by conversation, with only the columns that monitors use.
    """

    source: Path
    n_buckets: int = 0

    def __call__(self, models: Models) -> Iterator[pa.Table]:
        """The tables of the file, the first without a row."""
        import pyarrow as pa

        scored = (self._scored(table, models.scorer) for table in self._tables())
        if self.n_buckets:
            monitored = pa.concat_tables(
                table.select(["conversation_id", "author", *LABELS]) for table in scored
            )
            yield from _by_bucket(monitored.to_pandas(), "conversation_id", self.n_buckets)
        else:
            yield from scored

    def _tables(self) -> Iterator[pa.Table]:
        import pyarrow as pa

        file = open_rows(self.source)
        assert file.schema is not None
        # First an empty table, so that a file without a row gives one with its columns.
        yield file.schema.remove_metadata().empty_table()
        for block in file.blocks():
            for name in ("conversation_id", "author", "text"):
                if block.content[name].null_count:
                    raise InputError(
                        f"{self.source}: {name}: expected a string in every row, "
                        f"some of rows {block.start.at + 1} to {block.end.at} have none"
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
            column = scores[name].cast(pa.string()) if name == "stages" else scores[name]
            table = table.append_column(name, column)
        return table


@dataclass(frozen=True)
class ScoredBucket:
    """One bucket of all ``files``, in their order, through ``function``.

    With ``next_buckets``, a column and a number, the result is sorted into buckets of that column.
    """

    files: Sequence[Path]
    bucket: int
    function: Callable[[pd.DataFrame, ConversationModel], pd.DataFrame]
    next_buckets: tuple[str, int] | None = None

    def __call__(self, models: Models) -> Iterator[pa.Table]:
        """The tables of the file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        assert models.conversation_model is not None
        tables = [
            pq.read_table(
                path, filters=[("bucket", "=", self.bucket)], partitioning=None
            ).replace_schema_metadata()
            for path in self.files
        ]
        frame = self.function(pa.concat_tables(tables).to_pandas(), models.conversation_model)
        if self.next_buckets is None:
            yield pa.Table.from_pandas(frame, preserve_index=False)
        else:
            yield from _by_bucket(frame, *self.next_buckets)


def _by_bucket(frame: pd.DataFrame, column: str, n_buckets: int) -> Iterator[pa.Table]:
    """``frame`` with a column ``bucket``, one table a bucket, the order inside each kept.

    One empty table when there is no row.
    """
    import pyarrow as pa

    bucket = pd.util.hash_array(frame[column].to_numpy(dtype=object)) % np.uint64(n_buckets)
    frame = frame.assign(bucket=bucket.astype(np.int64))
    for part in [part for _, part in frame.groupby("bucket", sort=True)] or [frame]:
        yield pa.Table.from_pandas(part, preserve_index=False)


def write_file(step: Step) -> None:
    """Make the file of one step; runs on a worker."""
    import pyarrow.parquet as pq
    from distributed import get_worker

    models = get_worker().plugins[MODELS_PLUGIN].models
    tables = (table.replace_schema_metadata({_ABOUT: _as_bytes(step.about)}) for table in step.make(models))
    first = next(tables)
    with (
        replacing(step.target) as stream,
        pq.ParquetWriter(stream, first.schema, compression="zstd") as writer,
    ):
        for table in chain([first], tables):
            if len(table) or table is first:
                writer.write_table(table.cast(first.schema))


def is_valid(path: Path, about: Mapping[str, Any]) -> bool:
    """Whether ``path`` is a whole Parquet file made of the same inputs and models.

    A file is renamed into its place when it is whole, so its footer is enough to read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return bool((pq.read_schema(path).metadata or {}).get(_ABOUT) == _as_bytes(about))
    except (OSError, pa.ArrowException):
        return False


def _as_bytes(about: Mapping[str, Any]) -> bytes:
    return json.dumps(about, sort_keys=True).encode()


def models_plugin(models: Models) -> Any:
    """A Dask plugin that holds ``models`` on each worker."""
    from distributed import WorkerPlugin

    class Held(WorkerPlugin):  # type: ignore[misc]
        name = MODELS_PLUGIN

        def __init__(self) -> None:
            self.models = models

    return Held()
