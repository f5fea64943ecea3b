"""Conversations from a file of any supported format.

One function reads every format, one conversation at a time. Everything comes out marked
``synthetic=False``, never to be trained on, except the project's own corpus files, which say of every
record that it is synthetic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from types import MappingProxyType

from classifier.errors import InputError
from classifier.readers.csv_rows import read_csv
from classifier.readers.external import OnFault, stop
from classifier.readers.jsonl_rows import read_jsonl
from classifier.readers.opening import opened, parsed_json, plain_suffix, text_lines
from classifier.readers.outside.convokit import read_convokit, utterances_file
from classifier.readers.outside.datapack import read_datapack
from classifier.readers.outside.pan12 import read_pan12
from classifier.readers.outside.panc import HEADER, read_panc
from classifier.readers.parquet_rows import read_parquet
from classifier.records import Conversation

FORMATS = {
    "corpus": "the project's own JSONL, one synthetic conversation a line",
    "csv": "one message a row, with a header",
    "jsonl": "one message a line, a flat JSON object",
    "parquet": "one message a row",
    "pan12": "XML of PAN 2012",
    "panc": "CSV of PANC and VTPAN: label, chatName, segment",
    "convokit": "a ConvoKit folder",
    "datapack": "JSON of the Chat Visualizer",
}
WITH_COLUMNS = ("csv", "jsonl", "parquet")
_BY_SUFFIX = {".xml": "pan12", ".json": "datapack", ".parquet": "parquet"}


def read(
    path: Path | str,
    *,
    format: str = "auto",
    columns: Mapping[str, str] = MappingProxyType({}),
    pattern_authors: Set[str] | None = None,
    on_fault: OnFault = stop,
) -> Iterator[Conversation]:
    """The conversations of ``path``, one at a time and in file order.

    Files ending in .gz and .zst are expanded. At the first fault reading stops with an ``InputError``
    that names file and place. NUL and lone surrogates become U+FFFD.

    Parameters
    ----------
    format : one of ``FORMATS``, or "auto" to go by the name and the first line
    columns : the columns of tables, such as ``{"text": "body"}``
    pattern_authors : the authors that label PAN 2012
    on_fault : called for each fault; then the smallest faulty part (a message, a conversation) is left
        out instead. A file that is broken as a whole always raises

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "chat.csv"
    >>> _ = path.write_text("conversation_id,author,text\\na1,ann,pizza at 6?\\na1,bob,yes\\n")
    >>> [conversation] = read(path)
    >>> conversation.synthetic, [message.text for message in conversation.messages]
    (False, ['pizza at 6?', 'yes'])
    """
    path = Path(path)
    name = sniffed(path) if format == "auto" else format
    if name not in FORMATS:
        raise InputError(f"format {name!r}: expected one of {', '.join(FORMATS)}")
    if columns and name not in WITH_COLUMNS:
        raise InputError(
            f"{path}: columns can be named for {', '.join(WITH_COLUMNS)}; the format {name} has its own names"
        )
    if pattern_authors is not None and name != "pan12":
        raise InputError(f"{path}: a list of authors labels PAN 2012 only; this is {name}")
    return _conversations(path, name, columns, pattern_authors, on_fault)


def _conversations(
    path: Path, name: str, columns: Mapping[str, str], pattern_authors: Set[str] | None, on_fault: OnFault
) -> Iterator[Conversation]:
    match name:
        case "corpus":
            from classifier.readers.corpus import iterate_conversations

            if path.suffix.lower() == ".zst":
                raise InputError(
                    f"{path}: the project's own corpora are read plain or as .gz; expand it first"
                )
            with opened(
                path
            ):  # refuses what is no regular file; records of the project's own are checked all or none
                return iterate_conversations(path)
        case "csv":
            return read_csv(path, columns=columns, on_fault=on_fault)
        case "jsonl":
            return read_jsonl(path, columns=columns, on_fault=on_fault)
        case "parquet":
            return read_parquet(path, columns=columns, on_fault=on_fault)
        case "pan12":
            return read_pan12(path, pattern_authors=pattern_authors, on_fault=on_fault)
        case "panc":
            return read_panc(path, on_fault=on_fault)
        case "convokit":
            return read_convokit(path, on_fault=on_fault)
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
        columns = sorted(column.strip().strip('"') for column in _first_line(path).strip().split(","))
        return "panc" if columns == sorted(HEADER) else "csv"
    if suffix == ".jsonl":
        return "corpus" if _is_corpus_record(_first_line(path), path) else "jsonl"
    with opened(path):
        pass
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
    return next((line for _, line in text_lines(path, on_fault=lambda fault: None) if line.strip()), "")


def _is_corpus_record(line: str, path: Path) -> bool:
    try:
        record = parsed_json(line, f"{path}:1")
    except InputError:
        return False
    return isinstance(record, dict) and isinstance(record.get("messages"), list)
