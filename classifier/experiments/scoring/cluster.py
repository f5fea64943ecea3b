"""Scores Parquet files on a Dask cluster."""

from __future__ import annotations

from contextlib import nullcontext
from glob import glob
from pathlib import Path

from classifier.errors import InputError
from classifier.model.conversation.file import load_conversation_model
from classifier.model.message.file import load_model
from classifier.model.shipped import conversation_model_path
from classifier.progress import progress_share
from classifier.readers.row_formats import row_format


def score_on_cluster(
    source: str, level: str, model_path: Path, out: Path | None, *, jobs: int, scheduler: str | None
) -> None:
    """Score the Parquet files that ``source`` names, one partition each, into the folder ``out``.

    Parameters
    ----------
    source : a folder of Parquet files, or a pattern of their names
    level : "message", "conversation" or "sender"
    jobs : processes on this machine when there is no ``scheduler``
    scheduler : the address of a running cluster

    Raises ``InputError`` for other files, without ``out``, and where Dask is not installed.
    """
    try:
        from distributed import Client, LocalCluster

        from classifier.model.cluster import score_files
    except ImportError:
        raise InputError("--engine dask: Dask is not installed; install the extra 'distributed'") from None
    sources = _parquet_files(source)
    if out is None or out.is_file():
        raise InputError("--engine dask: needs --out FOLDER, where each partition becomes a file")
    conversation_model = None
    if level != "message":
        conversation_model = load_conversation_model(conversation_model_path(model_path))
    model = load_model(model_path)
    local = None
    if scheduler is None:
        local = LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None, silence_logs=50)
    try:
        with (
            local or nullcontext(),
            Client(scheduler or local) as client,
            progress_share(label="scoring") as show,
        ):
            steps = score_files(
                client, sources, out, model=model, conversation_model=conversation_model, level=level
            )
            for done, n in steps:
                show(done / n, f"{done} of {n} partitions")
    except OSError as error:
        raise InputError(f"--engine dask: {error}") from None


def _parquet_files(source: str) -> list[Path]:
    folder = Path(source)
    if folder.is_dir():
        files = sorted(folder.glob("*.parquet"))
    else:
        files = [Path(name) for name in sorted(glob(source, recursive=True))]
    if not files or any(row_format(path) != ".parquet" for path in files):
        got = f"got {files[0].name}" if files else "there is none"
        raise InputError(f"{source}: expected Parquet files, one partition each, as 'chats/*.parquet'; {got}")
    return files
