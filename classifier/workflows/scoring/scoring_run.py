"""A scoring run from its files to its result, and what it says on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import IO, Any

from classifier.errors import InputError
from classifier.model.conversation.conversation_model import ConversationModel
from classifier.model.conversation.file import load_conversation_model
from classifier.model.shipped_models import conversation_model_path
from classifier.progress import progress_share
from classifier.resume import file_sha256
from classifier.workflows.scoring.block_scoring import (
    HARDLY_KNOWN,
    LOOKED,
    NO_AUTHOR,
    SHOWN_FAULTS,
    score_blocks,
)
from classifier.workflows.scoring.finished_blocks import ScoredBlock, open_finished_blocks
from classifier.workflows.scoring.joined_results import write_result
from classifier.workflows.scoring.scoring_plan import ScoringPlan

Say = Callable[[str], None]

MIN_LOOKED = 20
"""From so many texts on the language of a file is judged."""


class Stopped(Exception):  # noqa: N818 - the end of a run that was asked for is no error
    """Ctrl-C during a run, with what is kept for the next."""


def score_to_file(plan: ScoringPlan, model_path: Path, out: Path, *, jobs: int, say: Say) -> None:
    """Write the scores to ``out`` so that a later run can resume where this one ends.

    Raises ``Stopped`` after an interrupt, and ``InputError`` for an input with a fault, one that changes
    while it is read, and an output that cannot be written.
    """
    conversation_model = _conversation_model(plan, model_path)
    paths = [file.path for file in plan.files.files]
    n_done = 0
    try:
        about = _about(plan, model_path)
        before = _states(paths)
        with (
            open_finished_blocks(out, about) as (finished, joined),
            _progress() as progress,
            joined.open("wb") as stream,
        ):
            if finished.n_messages:
                say(f"going on after {finished.n_messages:,} messages that are already scored")

            def all_blocks() -> Iterator[ScoredBlock]:
                nonlocal n_done
                for block in finished:
                    n_done += block.n
                    yield block
                for block in score_blocks(plan, model_path, plan.files.blocks(finished.end), jobs=jobs):
                    finished.add(block)
                    n_done += block.n
                    progress(block)
                    yield block

            write_result(stream, plan, _told(all_blocks(), plan, say), conversation_model, warn=say)
            if changed := next((path for path in paths if _states([path]) != {path: before[path]}), None):
                raise InputError(f"{changed}: was changed while it was read; score it again when it is whole")
    except KeyboardInterrupt:
        raise Stopped(
            f"stopped after {n_done:,} messages; they are kept in {out}.parts, and the same command goes "
            "on from there"
        ) from None
    except OSError as error:
        kept = (
            f"{n_done:,} messages are kept in {out}.parts, and the same command goes on from there"
            if n_done
            else "nothing has been scored yet"
        )
        raise InputError(f"{out}: cannot be written: {error.strerror or error}; {kept}") from None


def score_to_stream(plan: ScoringPlan, model_path: Path, stream: IO[bytes], *, jobs: int, say: Say) -> None:
    """Write the scores to ``stream`` as they come."""

    def all_blocks() -> Iterable[ScoredBlock]:
        with _progress() as progress:
            for block in score_blocks(plan, model_path, plan.files.blocks(), jobs=jobs):
                progress(block)
                yield block
                stream.flush()

    blocks = _told(all_blocks(), plan, say)
    write_result(stream, plan, blocks, _conversation_model(plan, model_path), warn=say)
    stream.flush()


def _conversation_model(plan: ScoringPlan, model_path: Path) -> ConversationModel | None:
    if plan.level == "message":
        return None
    return plan.thresholds.applied_to_conversations(
        load_conversation_model(conversation_model_path(model_path))
    )


def _about(plan: ScoringPlan, model_path: Path) -> dict[str, Any]:
    """What the finished blocks of a run depend on."""
    is_of_messages = plan.level == "message"
    return {
        "version": 2,
        "input": [file_sha256(file.path) for file in plan.files.files],
        "model": file_sha256(model_path),
        "pattern": None if is_of_messages else file_sha256(conversation_model_path(model_path)),
        "level": plan.level,
        "kind": plan.kind,
        "thresholds": asdict(plan.thresholds) | {"tactics": plan.tactics, "known": plan.known},
        "options": asdict(plan.files.files[0].options) | {"bad": plan.skips_bad, "safe": plan.is_safe},
    }


def _states(paths: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """Size and time of change of each file."""
    stats = {path: path.stat() for path in paths}
    return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in stats.items()}


def _told(blocks: Iterable[ScoredBlock], plan: ScoringPlan, say: Say) -> Iterator[ScoredBlock]:
    """``blocks`` as they come; after the last is said what was left out or filled in.

    Raises ``InputError`` where conversations are to be scored and no message says who wrote it.
    """
    notes: Counter[str] = Counter()
    n_messages = 0
    faults: list[str] = []
    for block in blocks:
        n_messages += block.n
        notes.update(block.notes)
        faults += block.faults[: SHOWN_FAULTS - len(faults)]
        yield block
    if n_messages and notes[NO_AUTHOR] == n_messages:
        raise InputError(
            f"{plan.files.name}: no message says who wrote it in which conversation; without, only scores of "
            "messages can be given: --level message"
        )
    for fault in faults:
        say(f"left out: {fault}")
    if not n_messages:
        say(f"{plan.files.name}: holds no message")
    looked, hardly_known = notes.pop(LOOKED, 0), notes.pop(HARDLY_KNOWN, 0)
    if looked >= MIN_LOOKED and hardly_known > looked / 2:
        say(
            f"{plan.files.name}: of {looked:,} texts looked at, {hardly_known:,} are mostly of words that "
            "the model has never seen; it reads English, and scores of other text mean little"
        )
    for note, n in (+notes).items():
        say(f"{plan.files.name}: {n:,} {note}")


@contextmanager
def _progress() -> Iterator[Callable[[ScoredBlock], None]]:
    """A function to call with each scored block.

    It shows the share done, messages, rate and remaining time on a terminal.
    """
    begun, n = perf_counter(), 0
    with progress_share(label="scoring") as show:

        def count(block: ScoredBlock) -> None:
            nonlocal n
            n += block.n
            show(block.share, f"{n:,} messages, {n / (perf_counter() - begun):,.0f}/s")

        yield count
