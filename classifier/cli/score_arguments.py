"""What the arguments of ``score`` are: texts, files, or patterns of files; and its output."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.errors import InputError
from classifier.readers.rows.file_endings import format_named, names_rows, packing

if TYPE_CHECKING:
    from classifier.readers.rows.row_files import RowFiles, RowOptions

_LIKE_A_FILE = re.compile(
    r"\S+\.(json|txt|xml|xlsx?|ods|zip|gz|zst|tar|db|sqlite|html?|pdf|docx?)", re.IGNORECASE
)
_LIKE_A_PATTERN = re.compile(r"(?!https?:)\S*/\S*[*\[]\S*")


def are_files(sources: Sequence[str], format_: str) -> bool:
    """Whether ``sources`` are files and patterns of them, and not texts.

    Raises ``InputError`` for what looks like a file and is none.

    >>> are_files(["see you at six"], "auto"), are_files(["chat.csv"], "auto"), are_files(["-"], "csv")
    (False, True, True)
    """
    if not "".join(sources).strip():
        raise InputError("the text is empty; give a message, a file, or '-' for standard input")
    if list(sources) == ["-"]:
        return format_ != "auto"
    if len(sources) == 1 and not (names_rows(sources[0]) or _is_path(sources[0])):
        if _LIKE_A_PATTERN.fullmatch(sources[0]):
            return True
        if _LIKE_A_FILE.fullmatch(sources[0]):
            raise InputError(
                f"{sources[0]}: no such file; a text that looks like one is scored from standard input"
            )
        return False
    if strange := [
        source for source in sources if not (names_rows(source) or _is_path(source) or has_magic(source))
    ]:
        raise InputError(f"{strange[0]}: no such file; put a text of several words in quotes")
    return True


def _is_path(source: str) -> bool:
    try:
        return Path(source).exists()
    except (OSError, ValueError):
        return False  # a long text or one with a NUL byte is not the name of a file


@contextmanager
def opened_rows(
    sources: Sequence[str], options: RowOptions, level: str, *, sorts: bool = False
) -> Iterator[RowFiles]:
    """The rows of files and patterns, with a column of times where it ``sorts``.

    Raises ``InputError`` for a folder and for a missing column.
    """
    from classifier.readers.rows.column_names import REQUIRED
    from classifier.readers.rows.row_files import open_rows
    from classifier.readers.rows.spooled_input import row_sources

    with row_sources(sources, options.format) as (paths, name):
        if folder := next((path for path in paths if path.is_dir()), None):
            raise InputError(f"{folder}: is a folder; name its files, or a pattern such as '{folder}/*.csv'")
        required = ("text",) if level == "message" else (*REQUIRED, "time") if sorts else REQUIRED
        yield open_rows(paths, options, required=required, name=name)


def checked_output(out: Path, inputs: Sequence[Path]) -> str:
    """The format of the result ``out``. Raises ``InputError`` for a file that cannot be written so."""
    kind = format_named(out)
    if kind is None:
        raise InputError(f"{out}: scores are written as .csv, .tsv, .jsonl or .parquet; give such a name")
    if packing(out):
        raise InputError(
            f"{out}: scores are written unpacked; take the {packing(out)} off, or write .parquet, "
            "which is compressed"
        )
    if any(out.exists() and out.samefile(path) for path in inputs):
        raise InputError(f"{out}: is the file that is scored; name another to write")
    return kind
