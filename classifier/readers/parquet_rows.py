"""Chat as Parquet: one message a row, numbered from 1.

The columns are chosen as ``classifier.readers.columns`` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from classifier.errors import InputError
from classifier.readers.columns import NumberedRow, chosen_columns, grouped
from classifier.readers.external import OnFault, stop
from classifier.readers.opening import FREE_BYTES, MAX_RATIO, opened
from classifier.records import Conversation

BATCH = 1_000


def read_parquet(
    path: Path, *, columns: Mapping[str, str], on_fault: OnFault = stop
) -> Iterator[Conversation]:
    """The conversations of a Parquet file.

    Faults are those of ``grouped``; a broken file ends the reading.
    """
    return grouped(_rows(path, columns), path=path, corpus="parquet", columns=columns, on_fault=on_fault)


def _rows(path: Path, columns: Mapping[str, str]) -> Iterator[NumberedRow]:
    import pyarrow
    from pyarrow.parquet import ParquetFile

    with opened(path) as stream:
        try:
            opened_file = ParquetFile(stream)
            known = opened_file.metadata
            expanded = sum(known.row_group(number).total_byte_size for number in range(known.num_row_groups))
            if not 0 <= expanded <= max(FREE_BYTES, MAX_RATIO * path.stat().st_size):
                raise InputError(
                    f"{path}: says that it expands to more than {MAX_RATIO} times its size; a file of "
                    "chat does not"
                )
            wanted = list(
                chosen_columns(opened_file.schema_arrow.names, where=str(path), columns=columns).values()
            )
            number = 0
            for batch in opened_file.iter_batches(batch_size=BATCH, columns=wanted):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
        except (pyarrow.ArrowException, LookupError, OSError, OverflowError, UnicodeDecodeError) as error:
            raise InputError(
                f"{path}: not a readable Parquet file "
                f"({str(error).splitlines()[0][:200] if str(error) else type(error).__name__})"
            ) from None
