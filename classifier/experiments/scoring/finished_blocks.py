"""Finished blocks on disk, from which an interrupted scoring run resumes.

They stay in a folder beside the result until it is complete: that of ``scores.csv`` is ``scores.csv.parts``.
The first line of its journal says what was scored, and with what. Each further line is a block: where in the
input it ends, its size and its sha256. A block is written and renamed before its line, so a line stands for a
whole block; a block without a line is scored again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import click

from classifier.atomic import synced_folder, write_bytes
from classifier.errors import InputError
from classifier.readers.file_lines import Place

JOURNAL = "journal.jsonl"
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
        The scores, as ``scoring.blocks`` writes them.
    """

    end: Place
    share: float
    n: int
    content: bytes


class FinishedBlocks:
    """The finished blocks of one run, in order. Made by ``open_finished_blocks``."""

    def __init__(self, folder: Path, journal: IO[bytes], entries: list[dict[str, Any]]) -> None:
        self.folder = folder
        self._journal = journal
        self._entries = entries

    @property
    def n_messages(self) -> int:
        """Messages in all blocks."""
        return sum(entry["n"] for entry in self._entries)

    @property
    def end(self) -> Place | None:
        """Where in the input the last block ends; None without a block."""
        return Place(self._entries[-1]["at"], self._entries[-1]["line"]) if self._entries else None

    def __iter__(self) -> Iterator[ScoredBlock]:
        """The blocks on disk, read one at a time."""
        for number, entry in enumerate(list(self._entries)):
            content = _block_path(self.folder, number).read_bytes()
            yield ScoredBlock(Place(entry["at"], entry["line"]), entry["share"], entry["n"], content)

    def add(self, block: ScoredBlock) -> None:
        """Write the next block."""
        write_bytes(_block_path(self.folder, len(self._entries)), block.content)
        entry = {
            "at": block.end.at,
            "line": block.end.line,
            "share": block.share,
            "n": block.n,
            "size": len(block.content),
            "sha256": hashlib.sha256(block.content).hexdigest(),
        }
        _append(self._journal, entry)
        self._entries.append(entry)


@contextmanager
def open_finished_blocks(out: Path, about: Mapping[str, Any]) -> Iterator[tuple[FinishedBlocks, Path]]:
    """Finished blocks of an earlier run, and the path for the result.

    The path is renamed to ``out`` when the ``with`` block ends without an error. After an error in the input
    (``InputError``) the finished blocks are of no use and are removed; after an interrupt or a full disk they
    stay for the next run.

    ``about`` identifies input, model and kind of scores. Blocks about something else are removed, with a line
    on standard error. Raises ``InputError`` when another process is writing ``out``.
    """
    folder = out.with_name(out.name + ".parts")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / JOURNAL).open("a+b") as journal:
        try:
            fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"{out}: another run is writing it; wait for that one, or give another --out"
            ) from None
        entries = _finished_entries(folder, journal, dict(about))
        try:
            yield FinishedBlocks(folder, journal, entries), folder / JOINED
            with (folder / JOINED).open("rb") as joined:
                os.fsync(joined.fileno())
            os.replace(folder / JOINED, out)
            synced_folder(out.parent)
        except InputError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder)


def _finished_entries(folder: Path, journal: IO[bytes], about: dict[str, Any]) -> list[dict[str, Any]]:
    """Journal entries before the first whose block is not whole."""
    journal.seek(0)
    lines = journal.readlines()
    entries: list[dict[str, Any]] = []
    if lines and _entry(lines[0]) == about:
        kept = len(lines[0])
        for line in lines[1:]:
            entry = _entry(line)
            if entry is None or not _is_whole(_block_path(folder, len(entries)), entry):
                break
            entries.append(entry)
            kept += len(line)
        journal.truncate(kept)
        return entries
    if len(lines) > 1:
        click.echo(f"{folder}: is of another input, model or way of scoring; starting anew", err=True)
    for path in folder.iterdir():
        if path.name != JOURNAL:
            path.unlink()
    journal.truncate(0)
    _append(journal, about)
    return entries


def _entry(line: bytes) -> dict[str, Any] | None:
    """The content of a journal line; None if it was cut off."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and line.endswith(b"\n") else None


def _is_whole(path: Path, entry: dict[str, Any]) -> bool:
    try:
        if path.stat().st_size != int(entry["size"]):
            return False
        return hashlib.sha256(path.read_bytes()).hexdigest() == str(entry["sha256"])
    except (OSError, KeyError):
        return False


def _append(journal: IO[bytes], entry: Mapping[str, Any]) -> None:
    journal.write(json.dumps(entry, sort_keys=True).encode() + b"\n")
    journal.flush()
    os.fsync(journal.fileno())


def _block_path(folder: Path, number: int) -> Path:
    return folder / f"{number:06}"
