"""Scores Parquet files on a Dask cluster, with Dask's own partitions and shuffles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from glob import glob
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from classifier.atomic import replacing
from classifier.errors import InputError
from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.conversation.file import load_conversation_model
from classifier.model.dataframe_scoring import (
    CONVERSATION_SCHEMA,
    SENDER_SCHEMA,
    SIDE_SCHEMA,
    conversation_frame,
    score_frame,
    sender_frame,
    side_frame,
)
from classifier.model.message.batch import BatchScorer
from classifier.model.message.file import load_model
from classifier.model.shipped_models import conversation_model_path
from classifier.progress import progress_share
from classifier.readers.checked_values import name_key
from classifier.readers.rows.file_endings import row_format
from classifier.readers.rows.read_block import read_block
from classifier.readers.rows.row_files import open_rows
from classifier.taxonomy import COLUMNS
from classifier.workflows.scoring.arrow_tables import is_named

if TYPE_CHECKING:
    from distributed import Client

MODELS = "grooming-classifier models"
"""Name of the plugin that holds the models on each worker."""

RETRIES = 2
"""How often a failed partition is tried again."""

MONITORED_SCHEMA = {"conversation_id": "str", "author": "str"} | dict.fromkeys(COLUMNS, "float64")
"""Columns of scored messages that conversations and senders are scored from, in order."""


@dataclass(frozen=True)
class Models:
    """What a worker scores with. It is sent to each worker once.

    ``about`` is written into the metadata of each result.
    """

    scorer: BatchScorer
    conversation_model: ConversationModel | None
    about: Mapping[str, str] = field(default_factory=dict)


def score_on_cluster(
    source: str, level: str, model_path: Path, out: Path | None, *, jobs: int, scheduler: str | None
) -> None:
    """Score the Parquet files that ``source`` names, one partition each, into the folder ``out``.

    Parameters
    ----------
    source : a folder of Parquet files, or a pattern of their names
    level : "message", "conversation" or "sender"
    jobs : processes on this machine when there is no ``scheduler``
    scheduler : the address of a running cluster, which sees the files under the same paths

    Raises ``InputError`` for other files, without ``out``, and where Dask is not installed.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise InputError("--engine dask: Dask is not installed; install the extra 'distributed'") from None
    files = _parquet_files(source)
    if out is None or out.is_file():
        raise InputError("--engine dask: needs --out FOLDER, where each partition becomes a file")
    conversation_model = None
    if level != "message":
        conversation_model = load_conversation_model(conversation_model_path(model_path))
    model = load_model(model_path)
    about = {"model": model_path.name, "model_sha256": model.header["sha256"]}
    models = Models(BatchScorer(model), conversation_model, about)
    local = None
    if scheduler is None:
        local = LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None, silence_logs=50)
    try:
        with (
            local or nullcontext(),
            Client(scheduler or local) as client,
            progress_share(label="scoring") as show,
        ):
            for done, n in score_files(client, files, out, models, level=level):
                show(done / n, f"{done} of {n} partitions")
    except OSError as error:
        raise InputError(f"--engine dask: {error}") from None


def score_files(
    client: Client, files: Sequence[Path], out: Path, models: Models, *, level: str
) -> Iterator[tuple[int, int]]:
    """Score Parquet files into the folder ``out``, yielding (partitions done, all) as it goes.

    Messages come out in a file of the same name; conversations and senders in as many partitions as there
    are files. A partition that fails is tried again ``RETRIES`` times; then the others are finished, and
    ``InputError`` names each that failed. It also refuses a folder that holds Parquet files already.
    """
    files, out = [file.resolve() for file in files], out.resolve()
    if len({file.name for file in files}) < len(files):
        raise InputError("two files of one name would be scored to one; score them into different folders")
    out.mkdir(parents=True, exist_ok=True)
    if there := sorted(out.glob("*.parquet")):
        raise InputError(f"{out}: holds {there[0].name} already; give another folder, or empty it")
    client.register_plugin(_models_plugin(models), name=MODELS)
    tasks = _message_tasks(files, out) if level == "message" else _grouped_tasks(files, out, level)
    yield from _computed(client, tasks)


def _message_tasks(files: Sequence[Path], out: Path) -> dict[str, Any]:
    import dask

    return {str(file): dask.delayed(_score_file)(file, out / file.name) for file in files}


def _grouped_tasks(files: Sequence[Path], out: Path, level: str) -> dict[str, Any]:
    """Tasks that write conversations or senders, whose rows Dask's shuffle brings together."""
    import dask
    import dask.dataframe as dd

    meta = partial(_empty, position="int64")
    messages = dd.from_map(_monitored, list(enumerate(files)), meta=meta(MONITORED_SCHEMA))
    table = messages.shuffle("conversation_id", npartitions=len(files))
    if level == "conversation":
        table = table.map_partitions(_conversations, meta=_empty(CONVERSATION_SCHEMA))
    else:
        sides = table.map_partitions(_sides, meta=_empty(SIDE_SCHEMA))
        table = sides.shuffle("author", npartitions=len(files))
        table = table.map_partitions(_senders, meta=_empty(SENDER_SCHEMA))
    paths = [out / f"part-{number:05}.parquet" for number in range(table.npartitions)]
    parts = zip(paths, table.to_delayed(), strict=True)
    return {path.name: dask.delayed(_write)(part, path) for path, part in parts}


def _computed(client: Client, tasks: dict[str, Any]) -> Iterator[tuple[int, int]]:
    from distributed import as_completed

    futures = client.compute(list(tasks.values()), retries=RETRIES)
    name_of = {future.key: name for name, future in zip(tasks, futures, strict=True)}
    faults: dict[str, str] = {}
    yield 0, len(tasks)
    for n_ended, future in enumerate(as_completed(futures), start=1):
        if future.status != "finished":
            fault = future.exception()
            kind = "" if isinstance(fault, InputError) else f"{type(fault).__name__}: "
            faults[name_of[future.key]] = f"{kind}{fault}"
        yield n_ended - len(faults), len(tasks)
    if faults:
        named = "; ".join(f"{name}: {fault}" for name, fault in sorted(faults.items()))
        raise InputError(
            f"{len(faults)} of {len(tasks)} partitions failed {RETRIES + 1} times ({named}); "
            "the others are done"
        )


def _score_file(source: Path, target: Path) -> None:
    """Score the messages of one file, block by block; runs on a worker."""
    tables = _scored_tables(source)
    first = next(tables)
    schema = first.schema.with_metadata(_worker_models().about)
    with replacing(target) as stream, pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for table in chain([first], tables):
            writer.write_table(table.cast(schema))


def _scored_tables(source: Path, *, tactics: bool = False) -> Iterator[pa.Table]:
    """The file's rows with the score columns last; first a table without a row."""
    files = open_rows(source)
    empty = pa.schema(list((files.types or {}).items())).empty_table()
    yield _with_scores(empty, tactics=tactics)
    for block in files.blocks():
        rows = read_block(block)
        if rows.faults:
            raise InputError(rows.faults[0])
        yield _with_scores(rows.table, tactics=tactics)


def _with_scores(table: pa.Table, *, tactics: bool) -> pa.Table:
    texts = pa.table({"text": table["text"].fill_null("")})
    scores = score_frame(texts.to_pandas(), _worker_models().scorer, tactics=tactics)
    for name in scores:
        kind = pa.string() if name == "stages" else pa.float64()
        table = table.append_column(name, pa.array(scores[name], kind))
    return table


def _monitored(numbered: tuple[int, Path]) -> pd.DataFrame:
    """The scored messages of one file that say who wrote where, with their positions.

    Positions are among all messages. Names come trimmed and in Unicode's composed form.
    """
    number, source = numbered
    tables = (table.select(list(MONITORED_SCHEMA)) for table in _scored_tables(source, tactics=True))
    scored = pa.concat_tables(table.filter(is_named(table)) for table in tables)
    positions = (number << 40) + np.arange(len(scored))
    frame: pd.DataFrame = scored.to_pandas()
    names = {name: frame[name].map(name_key) for name in ("conversation_id", "author")}
    return frame.assign(**names).astype(MONITORED_SCHEMA).assign(position=positions)


def _conversations(messages: pd.DataFrame) -> pd.DataFrame:
    return conversation_frame(messages.sort_values("position"), _worker_conversation_model())


def _sides(messages: pd.DataFrame) -> pd.DataFrame:
    return side_frame(messages.sort_values("position"), _worker_conversation_model())


def _senders(sides: pd.DataFrame) -> pd.DataFrame:
    return sender_frame(sides, _worker_conversation_model())


def _write(frame: pd.DataFrame, path: Path) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    about = dict(table.schema.metadata) | {
        name.encode(): value.encode() for name, value in _worker_models().about.items()
    }
    with replacing(path) as stream:
        pq.write_table(table.replace_schema_metadata(about), stream, compression="zstd")


def _empty(schema: dict[str, str], **more: str) -> pd.DataFrame:
    """A table of no rows with these columns."""
    columns = schema | more
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})


def _models_plugin(models: Models) -> Any:
    """A Dask plugin that holds ``models`` on each worker, also on one that joins later."""
    from distributed import WorkerPlugin

    class HeldModels(WorkerPlugin):  # type: ignore[misc]
        name = MODELS

        def __init__(self) -> None:
            self.models = models

    return HeldModels()


def _worker_models() -> Models:
    from distributed import get_worker

    models: Models = get_worker().plugins[MODELS].models
    return models


def _worker_conversation_model() -> ConversationModel:
    conversation_model = _worker_models().conversation_model
    assert conversation_model is not None
    return conversation_model


def _parquet_files(source: str) -> list[Path]:
    folder = Path(source)
    if folder.is_dir():
        files = sorted(folder.glob("*.parquet"))
    else:
        files = [Path(name) for name in sorted(glob(source, recursive=True))]
    if not files or any(row_format(path) != "parquet" for path in files):
        got = f"got {files[0].name}" if files else "there is none"
        raise InputError(f"{source}: expected Parquet files, one partition each, as 'chats/*.parquet'; {got}")
    return files
