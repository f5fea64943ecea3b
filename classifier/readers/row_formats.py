"""Formats of files of rows, known by the ending of the file name."""

from __future__ import annotations

from pathlib import Path

from classifier.errors import InputError

FORMATS = (".csv", ".jsonl", ".parquet")


PACKINGS = (".gz", ".zst")


def row_format(path: Path) -> str:
    """The ending of ``path`` without compression: .csv, .jsonl or .parquet.

    Raises ``InputError`` for another ending.

    >>> row_format(Path("chat.csv")), row_format(Path("chat.JSONL.gz"))
    ('.csv', '.jsonl')
    """
    name = path.with_suffix("") if packing(path) else path
    ending = name.suffix.lower()
    if ending not in FORMATS or (ending == ".parquet" and packing(path)):
        raise InputError(
            f"{path}: expected a name ending in .csv or .jsonl (.gz or .zst may follow) or in .parquet, "
            f"got {''.join(path.suffixes[-2:]) or 'no ending'!r}"
        )
    return ending


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
    try:
        row_format(Path(source))
    except InputError:
        return False
    return True
