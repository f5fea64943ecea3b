"""Chat as CSV: a header, then one message a row.

The columns are chosen as ``classifier.readers.columns`` says.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from classifier.errors import InputError
from classifier.readers.columns import NumberedRow, grouped
from classifier.readers.external import OnFault, stop
from classifier.readers.opening import text_lines
from classifier.records import Conversation


def read_csv(path: Path, *, columns: Mapping[str, str], on_fault: OnFault = stop) -> Iterator[Conversation]:
    """The conversations of a comma-separated CSV file in UTF-8.

    A fault is a row of another width than the header, and what ``grouped`` finds.
    """
    return grouped(
        csv_rows(path, on_fault=on_fault), path=path, corpus="csv", columns=columns, on_fault=on_fault
    )


def csv_rows(path: Path, *, encoding: str = "utf-8", on_fault: OnFault = stop) -> Iterator[NumberedRow]:
    """Each row as a dict by the header, with the number of its last line.

    A line that cannot be decoded and broken quoting end the reading whatever ``on_fault`` says: what
    follows such a line cannot be trusted.
    """
    reader = csv.reader((line for _, line in text_lines(path, encoding=encoding)), strict=True)
    try:
        header = next(reader, None)
        if not header:
            raise InputError(
                f"{path}:1: the file is empty or begins with an empty line; expected a header of column names"
            )
        if len(set(header)) < len(header):
            raise InputError(f"{path}:1: a column name stands twice in the header; give every column its own")
        for values in reader:
            if not values:
                continue
            if len(values) != len(header):
                on_fault(
                    f"{path}:{reader.line_num}: {len(values)} fields where the header has {len(header)}; "
                    "quote a text that holds a comma or a line break"
                )
                continue
            yield reader.line_num, dict(zip(header, values, strict=True))
    except csv.Error as error:
        raise InputError(
            f"{path}:{reader.line_num}: not readable as CSV ({error}); check the quotes of this row"
        ) from None
