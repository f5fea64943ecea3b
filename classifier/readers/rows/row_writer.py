"""Tables of messages and scores as lines of CSV or JSONL, which ``rows.read_block`` reads back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

FORMULA = "^[=+\\-@\\t\\r]"
"""How a text begins that a spreadsheet takes for a formula."""


def csv_lines(table: pa.Table, *, delimiter: str = ",", is_safe: bool = False) -> bytes:
    r"""The rows of ``table`` as lines of CSV, without a header.

    A text is quoted where it must be. With ``is_safe`` one that a spreadsheet would take for a formula begins
    with an apostrophe. NUL, which no CSV can hold, becomes U+FFFD.

    >>> csv_lines(pa.table({"author": ["ann"], "text": ["pizza, at six"], "score": [0.25]}))
    b'ann,"pizza, at six",0.25\n'
    """
    if not len(table):
        return b""
    columns = [_csv_fields(column, delimiter, is_safe) for column in table.columns]
    if len(columns) == 1:  # a row without a character would be an empty line, and no row
        columns = [pc.if_else(pc.equal(columns[0], _scalar("")), _scalar('""'), columns[0])]
    lines = pc.binary_join_element_wise(*columns, _scalar(delimiter))
    return "\n".join([*lines.to_pylist(), ""]).encode("utf-8")


def _csv_fields(column: pa.ChunkedArray, delimiter: str, is_safe: bool) -> pa.ChunkedArray:
    """The fields of a column as they stand in CSV."""
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return column.cast(pa.large_string()).fill_null("")
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        column = pa.chunked_array([pa.array(map(_plain_text, column.to_pylist()), pa.string())])
    fields = column.cast(pa.large_string()).fill_null("")
    if is_safe:
        is_formula = pc.match_substring_regex(fields, FORMULA)
        fields = pc.if_else(is_formula, _joined("'", fields), fields)
    if pc.any(pc.match_substring(fields, "\0")).as_py():
        fields = pc.replace_substring(fields, "\0", "\N{REPLACEMENT CHARACTER}")
    is_quoted = pc.match_substring_regex(fields, f'["\\n\\r{delimiter}]')
    if not pc.any(is_quoted).as_py():
        return fields
    doubled = pc.replace_substring(fields, '"', '""')
    return pc.if_else(is_quoted, _joined('"', doubled, '"'), fields)


def _joined(*parts: Any) -> pa.ChunkedArray:
    """The texts of ``parts``, columns or constants, end to end."""
    columns = [_scalar(part) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*columns, _scalar(""))


def _scalar(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def _plain_text(value: Any) -> str | None:
    """A value of Parquet as text: a time in ISO 8601, a list as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (bool, list, dict)):
        return json.dumps(value, ensure_ascii=False, default=_plain_text)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def json_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    r"""``rows`` as lines of JSONL. Half a surrogate pair stays an escape.

    >>> json_lines([{"author": "ann", "text": "naïve"}])
    b'{"author": "ann", "text": "na\xc3\xafve"}\n'
    """
    return b"".join(map(_json_line, rows))


def _json_line(row: Mapping[str, Any]) -> bytes:
    try:
        return (_ENCODER.encode(row) + "\n").encode("utf-8")
    except UnicodeEncodeError:
        return (json.dumps(row, default=_plain_text) + "\n").encode("ascii")


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=_plain_text)
