"""Finished blocks on disk, from which an interrupted scoring run resumes.

They stay in a folder beside the result until it is complete: that of ``scores.csv`` is ``scores.csv.parts``.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

from classifier.atomic import synced_folder
from classifier.errors import InputError
from classifier.readers.rows.block_cutter import Place
from classifier.resume import FinishedPieces

JOINED = "joined"


@dataclass(frozen=True)
class ScoredBlock:
    """The scores of one block of the input.

    Parameters
    ----------
    end
        Where in the input the block ends.
    share
        Share of the input that is read at its end, in [0, 1].
    n
        Messages in the block.
    content
        The scores, as ``scoring.block_scoring`` writes them.
    notes
        What the user is to know of its rows, each with how many.
    faults
        The first rows that were left out, each with file and line.
    """

    end: Place
    share: float
    n: int
    content: bytes
    notes: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


class FinishedBlocks:
    """The finished blocks of one run, in order. Made by ``open_finished_blocks``."""

    def __init__(self, pieces: FinishedPieces) -> None:
        self._pieces = pieces
        self.n_messages = 0
        self.end: Place | None = None
        self._n_blocks = 0
        for block in self._stored():
            self._count(block)

    def __iter__(self) -> Iterator[ScoredBlock]:
        """The blocks on disk, read one at a time."""
        return self._stored(self._n_blocks)

    def add(self, block: ScoredBlock) -> None:
        """Write the next block."""
        about = {
            "end": astuple(block.end),
            "share": block.share,
            "n": block.n,
            "notes": block.notes,
            "faults": block.faults,
        }
        self._pieces.put(f"{self._n_blocks:06}", json.dumps(about).encode() + b"\n" + block.content)
        self._count(block)

    def _count(self, block: ScoredBlock) -> None:
        self._n_blocks += 1
        self.n_messages += block.n
        self.end = block.end

    def _stored(self, most: int | None = None) -> Iterator[ScoredBlock]:
        """The whole blocks before the first that is missing or damaged."""
        number = 0
        while number != most and (stored := self._pieces.get(f"{number:06}")) is not None:
            first, _, content = stored.partition(b"\n")
            about: dict[str, Any] = json.loads(first)
            yield ScoredBlock(
                Place(*about["end"]),
                about["share"],
                about["n"],
                content,
                about["notes"],
                tuple(about["faults"]),
            )
            number += 1


@contextmanager
def open_finished_blocks(out: Path, about: Mapping[str, Any]) -> Iterator[tuple[FinishedBlocks, Path]]:
    """Finished blocks of an earlier run, and the path for the result.

    The path is renamed to ``out`` when the ``with`` block ends without an error. After an error in the input
    (``InputError``) the finished blocks are of no use and are removed; after an interrupt or a full disk they
    stay for the next run.

    ``about`` identifies input, model and kind of scores; blocks about something else are not used. Raises
    ``InputError`` when another process is writing ``out``.
    """
    folder = out.with_name(out.name + ".parts")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"{out}: another run is writing it; wait for that one, or give another --out"
            ) from None
        try:
            yield FinishedBlocks(FinishedPieces(folder, about)), folder / JOINED
            with (folder / JOINED).open("rb") as joined:
                os.fsync(joined.fileno())
            os.replace(folder / JOINED, out)
            synced_folder(out.parent)
        except InputError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder)
