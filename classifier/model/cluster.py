"""Scores Parquet files on a Dask cluster, each file by one task.

Messages are scored file by file. The rows of a conversation, or of a sender, are brought together by a
shuffle through files: each task sorts its rows into buckets by a hash of the id, and one task a bucket
reads that bucket of all files. Every file is written whole or not at all, so a worker may die or a run
may be killed, and what is done stays done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.errors import InputError
from classifier.model.conversation.model import ConversationModel
from classifier.model.frames import conversation_frame, sender_frame, side_frame
from classifier.model.message.batch import BatchScorer
from classifier.model.message.scorer import MessageModel
from classifier.model.tasks import (
    MODELS_PLUGIN,
    Models,
    ScoredBucket,
    ScoredMessages,
    Step,
    is_valid,
    models_plugin,
    write_file,
)

if TYPE_CHECKING:
    from distributed import Client

RETRIES = 2
"""How often a failed partition is tried again."""


def score_files(
    client: Client,
    sources: Sequence[Path],
    out: Path,
    *,
    model: MessageModel,
    conversation_model: ConversationModel | None = None,
    level: str = "message",
    n_buckets: int = 0,
) -> Iterator[tuple[int, int]]:
    """Score Parquet files into the folder ``out``, yielding (tasks done, all tasks) as it goes.

    A file that is there, whole and of the same inputs and models, is not made again. A task that fails
    is tried again ``RETRIES`` times; then the others are finished, and ``InputError`` names each that
    failed. Nothing is done before the iterator is consumed.

    Parameters
    ----------
    sources, out
        Files and a folder that every worker sees under the same paths.
    conversation_model
        Required for the levels "conversation" and "sender".
    level
        "message" writes one file a source; "conversation" and "sender" write one file a bucket.
    n_buckets
        Number of buckets; 0 takes as many as there are sources.
    """
    sources, out = [source.resolve() for source in sources], out.resolve()
    n_buckets = n_buckets or len(sources)
    if level == "message":
        targets = _targets(sources, out)
    else:
        targets = [out / f"part-{bucket:05}.parquet" for bucket in range(n_buckets)]
    out.mkdir(parents=True, exist_ok=True)
    if strange := sorted(path.name for path in out.glob("*.parquet") if path not in targets):
        raise InputError(
            f"{out}: holds {strange[0]}, which is no result of these files; give another folder, or empty it"
        )
    models = Models(BatchScorer(model), conversation_model)
    client.register_plugin(models_plugin(models), name=MODELS_PLUGIN)
    about = {"model": model.header.get("sha256"), "level": level}
    if level == "message":
        steps = [
            Step(str(source), target, about | _state([source]), ScoredMessages(source))
            for source, target in zip(sources, targets, strict=True)
        ]
        yield from _run(client, steps, 0, len(steps))
        return
    if conversation_model is None:
        raise ValueError(f"level {level!r} needs a conversation model, got none")
    about |= {"pattern": conversation_model.fingerprint}
    between = out / "between"
    rounds = _shuffle(sources, between, targets, about, level=level)
    n_all = sum(map(len, rounds))
    if all(is_valid(step.target, step.about) for step in rounds[-1]):
        yield n_all, n_all
        return
    n_before = 0
    for steps in rounds:
        yield from _run(client, steps, n_before, n_all)
        n_before += len(steps)
    for path in between.iterdir():
        path.unlink()
    between.rmdir()


def _shuffle(
    sources: Sequence[Path], between: Path, targets: Sequence[Path], about: Mapping[str, Any], *, level: str
) -> list[list[Step]]:
    """The rounds of steps from messages to conversations or senders.

    Each round needs the one before. ``between`` is the folder of files that later rounds read,
    ``targets`` has one file a bucket.
    """
    n_buckets = len(targets)
    messages = _targets(sources, between)
    scoring = [
        Step(
            str(source),
            target,
            {**about, **_state([source]), "buckets": n_buckets},
            ScoredMessages(source, n_buckets),
        )
        for source, target in zip(sources, messages, strict=True)
    ]
    about = {**about, **_state(sources), "buckets": n_buckets}
    if level == "conversation":
        conversations = [
            Step(path.name, path, about, ScoredBucket(messages, bucket, conversation_frame))
            for bucket, path in enumerate(targets)
        ]
        return [scoring, conversations]
    sides = [between / f"sides-{bucket:05}.parquet" for bucket in range(n_buckets)]
    by_side = [
        Step(path.name, path, about, ScoredBucket(messages, bucket, side_frame, ("author", n_buckets)))
        for bucket, path in enumerate(sides)
    ]
    by_sender = [
        Step(path.name, path, about, ScoredBucket(sides, bucket, sender_frame))
        for bucket, path in enumerate(targets)
    ]
    return [scoring, by_side, by_sender]


def _targets(sources: Sequence[Path], folder: Path) -> list[Path]:
    """One file of ``folder`` a source.

    Raises ``InputError`` for two sources of one name.
    """
    by_name: dict[str, Path] = {}
    for source in sources:
        if source.name in by_name:
            raise InputError(
                f"{source} and {by_name[source.name]} would both be scored to {folder / source.name}; "
                "score them into different folders"
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


def _run(client: Client, steps: Sequence[Step], n_before: int, n_all: int) -> Iterator[tuple[int, int]]:
    """Run the steps whose file is missing, yielding (tasks done, all tasks)."""
    from distributed import as_completed

    waiting = [step for step in steps if not is_valid(step.target, step.about)]
    n_done = n_before + len(steps) - len(waiting)
    yield n_done, n_all
    if not waiting:
        return
    futures = client.map(write_file, waiting, pure=False, retries=RETRIES)
    name_of = {future.key: step.name for step, future in zip(waiting, futures, strict=True)}
    finished = as_completed(futures)
    del futures  # or a worker that dies would take done tasks with it, which would be done once more
    faults: dict[str, str] = {}
    for future in finished:
        if future.status == "finished":
            n_done += 1
            yield n_done, n_all
        else:
            fault = future.exception()
            faults[name_of[future.key]] = (
                str(fault) if isinstance(fault, InputError) else f"{type(fault).__name__}: {fault}"
            )
    for (
        step
    ) in waiting:  # a worker that was killed while it wrote has left a part of the file beside its place
        for incomplete in step.target.parent.glob(f".{escape(step.target.name)}.*"):
            incomplete.unlink(missing_ok=True)
    if faults:
        named = "; ".join(f"{name}: {fault}" for name, fault in sorted(faults.items()))
        raise InputError(
            f"{len(faults)} of {len(steps)} partitions failed {RETRIES + 1} times ({named}); "
            "the others are done, and are not done again by the same command"
        )
