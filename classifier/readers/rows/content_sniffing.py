"""What a file really is where its name or its options say something else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from classifier.errors import InputError
from classifier.readers.checked_values import shown
from classifier.readers.rows.column_names import chosen_columns

HEAD_BYTES = 1 << 16
"""How much of a file's beginning is looked at."""

_MARKS = {
    b"\xff\xfe": "looks like UTF-16; save the file as UTF-8, or say --encoding utf-16",
    b"\xfe\xff": "looks like UTF-16; save the file as UTF-8, or say --encoding utf-16",
    b"\x1f\x8b": "is packed by gzip; let its name end in .gz",
    b"\x28\xb5\x2f\xfd": "is packed by zstd; let its name end in .zst",
    b"PAR1": "is a Parquet file; let its name end in .parquet, or say --format parquet",
    b"PK\x03\x04": "is a zip file, as .xlsx and .ods are; save it as CSV, or unpack it",
    b"%PDF": "is a PDF; messages are read from CSV, JSONL or Parquet",
    b"SQLite format 3\0": "is a SQLite database; export its table of messages as CSV",
    b"\xd0\xcf\x11\xe0": "is an old Excel or Word file; save it as CSV",
}


def require_text(head: bytes, name: str) -> None:
    """Raise ``InputError`` where ``head``, a file's beginning, does not look like UTF-8."""
    for mark, fault in _MARKS.items():
        if head.startswith(mark):
            raise InputError(f"{name}:1: {fault}")
    some = head[:1000]
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = some[start::2].count(0)
        if len(some) >= 4 and zeros > 0.6 * len(some[start::2]) and not some[1 - start :: 2].count(0):
            raise InputError(
                f"{name}:1: looks like UTF-16 without its mark; save the file as UTF-8, or say "
                f"--encoding {encoding}"
            )


def require_csv(head: bytes, name: str) -> None:
    """Raise ``InputError`` where ``head`` does not begin with a header of CSV."""
    if not head:
        raise InputError(f"{name}:1: the file is empty; expected a header of column names")
    first, _, _ = head.partition(b"\n")
    if b"\r" in first.rstrip(b"\r"):
        raise InputError(
            f"{name}:1: lines end in CR alone, as on very old systems; save the file with LF or CRLF"
        )
    if not first.strip():
        raise InputError(
            f"{name}:1: the file is empty or begins with an empty line; line 1 is to be the header of column "
            "names"
        )
    if separator := re.fullmatch(rb'"?sep=(.)?"?\s*', first, re.IGNORECASE):
        more = (
            "" if separator[1] in (b",", None) else f" and say --delimiter '{separator[1].decode('latin-1')}'"
        )
        raise InputError(f"{name}:1: line 1 is no header but Excel's 'sep=' line; take it out{more}")
    start = head.lstrip()[:1]
    if start in (b"{", b"[", b"<"):
        kind = "XML or HTML" if start == b"<" else "JSON"
        more = "" if start == b"<" else "; let its name end in .jsonl, or say --format jsonl"
        raise InputError(f"{name}:1: line 1 is no header: the file looks like {kind}{more}")


def separator_hint(header: Sequence[str], delimiter: str) -> str:
    """What to say of a header in which needed columns are missing.

    >>> separator_hint(["conversation_id;author;text"], ",")
    "separated by ';' and not ','; say --delimiter ';'"
    >>> separator_hint(["Chat;Von;Nachricht"], ",")
    "separated by ';' and not ','; say --delimiter ';'"
    """
    line = delimiter.join(header)
    for other in (",", ";", "\t", "|"):
        names = [name.strip().strip('"') for name in line.split(other)]
        try:
            known = chosen_columns(names, where="", columns={}, required=()).fields
        except InputError:
            continue
        is_known = len(known) > 1 and {"conversation_id", "author", "text"} & set(known)
        if other != delimiter and (is_known or (len(header) == 1 and len(names) > 2)):
            told, expected = ("a tab" if one == "\t" else repr(one) for one in (other, delimiter))
            option = "$'\\t'" if other == "\t" else repr(other)
            return f"separated by {told} and not {expected}; say --delimiter {option}"
    return ""


def first_json_row(head: bytes, line: bytes, name: str) -> dict[str, Any]:
    """The object on ``line``, the first that is not empty; nothing where it is broken.

    ``head`` is the beginning of the file. Raises ``InputError`` where the file is JSON of another form: an
    array, one value over many lines, or objects of another tool.
    """
    text = head.decode("utf-8", "replace").lstrip()
    if text.startswith("["):
        raise InputError(
            f"{name}:1: a JSON array, not one object a line; write each message on a line of its own, e.g. "
            "jq -c '.[]'"
        )
    try:
        value = json.loads(line)
    except RecursionError:
        return {}
    except ValueError:
        if text.startswith("{"):
            _require_one_a_line(text, name)
        elif re.search(
            rb"(?i)(text|message|author|body)[^\n]*[,;\t]|[,;\t][^\n]*(text|message|author|body)", line
        ):
            raise InputError(
                f"{name}:1: looks like CSV, not JSON; let its name end in .csv, or say --format csv"
            ) from None
        return {}
    if not isinstance(value, dict):
        return {}
    if not is_corpus_record(value):
        _require_messages(value, name)
    return value


def _require_one_a_line(text: str, name: str) -> None:
    """Raise ``InputError`` where ``text`` begins with one JSON object over several lines."""
    first = text.partition("\n")[0]
    try:
        json.JSONDecoder().raw_decode(text)
    except RecursionError:
        return
    except ValueError as error:
        if not isinstance(error, json.JSONDecodeError) or error.pos <= len(first):
            return
    if "\n" in text.strip():
        raise InputError(
            f"{name}:1: one JSON value over several lines, not one object a line; write each message on a "
            "line "
            "of its own, e.g. jq -c ."
        )


def _require_messages(value: Mapping[str, Any], name: str) -> None:
    nested = next(
        (
            (key, sorted(inner[0]))
            for key, inner in value.items()
            if isinstance(inner, list) and inner and isinstance(inner[0], dict) and inner[0]
        ),
        None,
    )
    if nested and not isinstance(value.get("text"), str):
        raise InputError(
            f"{name}:1: objects with {shown(nested[0], most=40)}[] of another kind "
            f"({shown(*nested[1], most=80)}), "
            "as of another tool; expected one message a line, a flat object with conversation_id, author "
            "and text"
        )


def is_corpus_record(record: Any) -> bool:
    """Whether ``record`` is a conversation of the project's own corpora."""
    return (
        isinstance(record, dict)
        and isinstance(record.get("messages"), list)
        and bool({"synthetic", "families", "corpus"} & record.keys())
    )
