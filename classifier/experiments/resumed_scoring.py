"""Which parts of a long piece of work are already on the disk? A folder beside the result holds them until it is whole; a run that was killed goes on from there.

The folder of ``scores.csv`` is ``scores.csv.parts``. Its journal says in the first line what the work is of, and then one line a part: where in the input it ends, its
size and its sha256. A part is written and renamed before its line is, so a line stands for a whole part; what no line stands for is written anew.
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
from classifier.readers.tables import Place

JOURNAL = "journal.jsonl"
JOINED = "joined"


@dataclass(frozen=True)
class Part:
    """A finished part: where in the input it ends, how much of it is then read (in [0, 1]), how many messages it holds, and what became of them."""

    end: Place
    share: float
    n: int
    content: bytes


class Parts:
    """The finished parts of one piece of work, in order. Made by ``opened_parts``."""

    def __init__(self, folder: Path, journal: IO[bytes], done: list[dict[str, Any]]) -> None:
        self.folder = folder
        self._journal = journal
        self._done = done

    @property
    def n_messages(self) -> int:
        """Messages in all parts."""
        return sum(entry["n"] for entry in self._done)

    @property
    def end(self) -> Place | None:
        """Where in the input the last part ends; None before the first."""
        return Place(self._done[-1]["at"], self._done[-1]["line"]) if self._done else None

    def __iter__(self) -> Iterator[Part]:
        """The parts that are there, read one at a time."""
        for number, entry in enumerate(list(self._done)):
            yield Part(
                Place(entry["at"], entry["line"]),
                entry["share"],
                entry["n"],
                _name(self.folder, number).read_bytes(),
            )

    def add(self, part: Part) -> None:
        """Write the next part."""
        write_bytes(_name(self.folder, len(self._done)), part.content)
        entry = {
            "at": part.end.at,
            "line": part.end.line,
            "share": part.share,
            "n": part.n,
            "size": len(part.content),
            "sha256": hashlib.sha256(part.content).hexdigest(),
        }
        _append(self._journal, entry)
        self._done.append(entry)


@contextmanager
def opened_parts(out: Path, about: Mapping[str, Any]) -> Iterator[tuple[Parts, Path]]:
    """The parts of ``out`` that an earlier run on the same ``about`` left, and a path to write the whole result to, which becomes ``out`` when the block ends well.

    When the block fails over the input (``InputError``) the parts are of no more use and go; when it is interrupted or the disk is full they stay for the next run.
    Parts of something else are thrown away, with a line on standard error. Raises ``InputError`` when another process is at work on them.
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
        done = _resumed(folder, journal, dict(about))
        try:
            yield Parts(folder, journal, done), folder / JOINED
            with (folder / JOINED).open("rb") as joined:
                os.fsync(joined.fileno())
            os.replace(folder / JOINED, out)
            synced_folder(out.parent)
        except InputError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder)


def _resumed(folder: Path, journal: IO[bytes], about: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries whose parts are there and whole, up to the first that is not; the journal is cut off after them."""
    journal.seek(0)
    lines = journal.readlines()
    done: list[dict[str, Any]] = []
    if lines and _entry(lines[0]) == about:
        kept = len(lines[0])
        for line in lines[1:]:
            entry = _entry(line)
            if entry is None or not _whole(_name(folder, len(done)), entry):
                break
            done.append(entry)
            kept += len(line)
        journal.truncate(kept)
        return done
    if len(lines) > 1:
        click.echo(f"{folder}: is of another input, model or way of scoring; starting anew", err=True)
    for path in folder.iterdir():
        if path.name != JOURNAL:
            path.unlink()
    journal.truncate(0)
    _append(journal, about)
    return done


def _entry(line: bytes) -> dict[str, Any] | None:
    """What a line says, or None for one that was cut off."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and line.endswith(b"\n") else None


def _whole(path: Path, entry: dict[str, Any]) -> bool:
    try:
        return path.stat().st_size == int(entry["size"]) and hashlib.sha256(
            path.read_bytes()
        ).hexdigest() == str(entry["sha256"])
    except (OSError, KeyError):
        return False


def _append(journal: IO[bytes], entry: Mapping[str, Any]) -> None:
    journal.write(json.dumps(entry, sort_keys=True).encode() + b"\n")
    journal.flush()
    os.fsync(journal.fileno())


def _name(folder: Path, number: int) -> Path:
    return folder / f"{number:06}"
