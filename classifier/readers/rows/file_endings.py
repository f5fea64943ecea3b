"""Formats of files of message rows, known by the ending of the file name."""

from __future__ import annotations

from collections.abc import Sequence
from glob import glob, has_magic
from pathlib import Path

from classifier.errors import InputError

FORMAT_OF = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
PACKINGS = (".gz", ".zst")
ROW_FORMATS = ("csv", "tsv", "jsonl", "parquet", "corpus")
"""What ``--format`` takes; "corpus" is the project's own JSONL, one conversation a line."""
DELIMITERS = {"csv": ",", "tsv": "\t"}


def format_named(path: Path) -> str | None:
    """The format that the name of ``path`` says, compression set aside; None for another ending.

    >>> format_named(Path("chat.csv.gz")), format_named(Path("chat.parquet.gz"))
    ('csv', None)
    """
    packed = packing(path)
    found = FORMAT_OF.get((path.with_suffix("") if packed else path).suffix.lower())
    return None if found == "parquet" and packed else found


def row_format(path: Path) -> str:
    """The format that the name of ``path`` says, compression set aside.

    Raises ``InputError`` for another ending.

    >>> row_format(Path("chat.csv")), row_format(Path("chat.NDJSON.gz"))
    ('csv', 'jsonl')
    """
    found = format_named(path)
    if found is None:
        if path.suffix.lower() == ".json":
            raise InputError(
                f"{path}: .json is one JSON value; messages are read one object a line, from .jsonl: say "
                "--format "
                "jsonl if it is such, or convert it"
            )
        raise InputError(
            f"{path}: expected a name ending in .csv, .tsv, .jsonl or .ndjson (.gz or .zst may follow) or in "
            f".parquet, got {''.join(path.suffixes[-2:]) or 'no ending'!r}; say what it is with --format"
        )
    return found


def packing(path: Path) -> str:
    """The compression ending of ``path``: .gz, .zst or empty.

    >>> packing(Path("chat.csv.gz"))
    '.gz'
    """
    return path.suffix.lower() if path.suffix.lower() in PACKINGS else ""


def names_rows(source: str) -> bool:
    """Whether ``source`` ends like the name of a file of rows.

    >>> names_rows("chat.csv.zst"), names_rows("see you at six.")
    (True, False)
    """
    return format_named(Path(source)) is not None


def files_named(sources: Sequence[str]) -> list[Path]:
    """The files that names and patterns like ``chats/*.csv`` stand for, those of a pattern sorted.

    Raises ``InputError`` for a pattern that no file matches.
    """
    files: list[Path] = []
    for source in sources:
        if Path(source).exists() or not has_magic(source):
            files.append(Path(source))
        elif found := sorted(glob(source, recursive=True)):
            files += map(Path, found)
        else:
            raise InputError(f"{source}: no file has such a name")
    return files
