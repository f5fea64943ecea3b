"""Conversations from a file of any supported format.

One function reads every format, one conversation at a time. Everything comes out marked
``synthetic=False``, never to be trained on, except the project's own corpus files, which say of every
record that it is synthetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace
from pathlib import Path

from classifier.errors import InputError
from classifier.readers.fault_handling import OnFault, stop
from classifier.readers.file_opening import opened, plain_suffix, require_regular
from classifier.readers.other_formats.convokit import read_convokit, utterances_file
from classifier.readers.other_formats.datapack import read_datapack
from classifier.readers.other_formats.pan12 import read_pan12
from classifier.readers.other_formats.panc import HEADER, read_panc
from classifier.readers.rows.conversations_from_rows import read_rows
from classifier.readers.rows.file_endings import FORMAT_OF
from classifier.readers.rows.row_files import RowOptions, open_rows
from classifier.records import Conversation

FORMATS = {
    "corpus": "the project's own JSONL, one synthetic conversation a line",
    "csv": "one message a row, with a header",
    "tsv": "the same, separated by tabs",
    "jsonl": "one message a line, a flat JSON object",
    "parquet": "one message a row",
    "pan12": "XML of PAN 2012",
    "panc": "CSV of PANC and VTPAN: label, chatName, segment",
    "convokit": "a ConvoKit folder",
    "datapack": "JSON of the Chat Visualizer",
}
OF_ROWS = ("csv", "tsv", "jsonl", "parquet")
"""Formats of one message a row, which ``RowOptions`` are for."""
_BY_SUFFIX = {".xml": "pan12", ".json": "datapack"}


def read(
    path: Path | str | Sequence[Path],
    *,
    format: str = "auto",
    options: RowOptions | None = None,
    pattern_authors: Set[str] | None = None,
    on_fault: OnFault = stop,
    on_note: Callable[[str], None] = lambda note: None,
    name: str = "",
) -> Iterator[Conversation]:
    """The conversations of ``path``, one at a time and in file order.

    Files ending in .gz and .zst are expanded. At the first fault reading stops with an ``InputError``
    that names file and place. NUL and lone surrogates become U+FFFD.

    Parameters
    ----------
    path : a file or folder; several files are read as one if they are of message rows
    format : one of ``FORMATS``, or "auto" to go by the name and the first line
    options : how message rows are read, such as ``RowOptions(columns={"text": "body"})``
    pattern_authors : the authors that label PAN 2012
    on_fault : called for each fault; then the smallest faulty part (a message, a conversation) is left
        out instead. A file that is broken as a whole always raises
    on_note : called with what each message that was filled in or left out lacked
    name : how messages call the file; its path if empty

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "chat.csv"
    >>> _ = path.write_text("conversation_id,author,text\\na1,ann,pizza at 6?\\na1,bob,yes\\n")
    >>> [conversation] = read(path)
    >>> conversation.synthetic, [message.text for message in conversation.messages]
    (False, ['pizza at 6?', 'yes'])
    """
    paths = [Path(path)] if isinstance(path, Path | str) else list(path)
    found = sniffed(paths[0]) if format == "auto" else format
    if found not in FORMATS:
        raise InputError(f"format {found!r}: expected one of {', '.join(FORMATS)}")
    options = options or RowOptions()
    if found not in OF_ROWS and options != RowOptions():
        raise InputError(
            f"{paths[0]}: columns can be named for {', '.join(OF_ROWS)}, and other options of rows be "
            "given; the "
            f"format {found} has its own names"
        )
    if found not in OF_ROWS and len(paths) > 1:
        raise InputError(f"{paths[0]}: is {found}, and only files of message rows are read several at a time")
    if pattern_authors is not None and found != "pan12":
        raise InputError(f"{paths[0]}: a list of authors labels PAN 2012 only; this is {found}")
    if found in OF_ROWS:
        files = open_rows(paths, replace(options, format=found), name=name)
        return read_rows(files, on_fault=on_fault, on_note=on_note)
    return _read_one(paths[0], found, pattern_authors, on_fault, on_note)


def _read_one(
    path: Path,
    format_: str,
    pattern_authors: Set[str] | None,
    on_fault: OnFault,
    on_note: Callable[[str], None],
) -> Iterator[Conversation]:
    match format_:
        case "corpus":
            from classifier.readers.corpus_jsonl import iterate_conversations

            require_regular(path)  # records of the project's own are checked all or none
            return iterate_conversations(path)
        case "pan12":
            return read_pan12(path, pattern_authors=pattern_authors, on_fault=on_fault)
        case "panc":
            return read_panc(path, on_fault=on_fault)
        case "convokit":
            return read_convokit(path, on_fault=on_fault, on_note=on_note)
        case _:
            return read_datapack(path, on_fault=on_fault)


def sniffed(path: Path) -> str:
    """The format of ``path``, by its ending and, if needed, its first line.

    Raises ``InputError`` that says what could be meant.
    """
    if path.is_dir():
        utterances_file(path)
        return "convokit"
    suffix = plain_suffix(path)
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if suffix == ".csv":
        columns = sorted(column.strip().strip('"') for column in _first_line(path).split(","))
        return "panc" if columns == sorted(HEADER) else "csv"
    if FORMAT_OF.get(suffix) == "jsonl":
        return open_rows(path, required=()).files[0].format  # which may also be "corpus"
    if suffix in FORMAT_OF:
        return FORMAT_OF[suffix]
    require_regular(path)
    hint = (
        "unpack it first"
        if suffix in (".zip", ".tar", ".7z", ".rar", ".tgz")
        else "say what it is with --from"
    )
    raise InputError(
        f"{path}: format not known by the ending {path.suffix or '(none)'!r}; {hint}: one of "
        f"{', '.join(FORMATS)}"
    )


def _first_line(path: Path) -> str:
    with opened(path) as stream:
        return stream.readline(1 << 20).decode("utf-8-sig", "replace").strip()
