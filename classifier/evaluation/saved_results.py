"""Results of an evaluation, saved as JSON, CSV and, unit by unit, Parquet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from classifier.atomic import replacing, write_bytes
from classifier.errors import InputError
from classifier.readers.rows.parquet import UNREADABLE, open_parquet, short


@dataclass(frozen=True)
class Evaluation:
    """The numbers of a report: ``facts`` and ``tables``, each by name.

    Facts are single values (hashes, seeds, counts, rules); tables are DataFrames. ``scores`` are larger
    tables of single messages or conversations, which no report shows and ``compare`` reads.
    """

    facts: dict[str, Any]
    tables: dict[str, pd.DataFrame]
    scores: dict[str, pd.DataFrame] = field(default_factory=dict)

    def save(self, folder: Path, *, name: str = "evaluation") -> None:
        """Write ``<name>.json``, one CSV per table and one Parquet file per score table.

        They go into ``folder``. The JSON file holds the facts and the names of the tables. Same numbers,
        same bytes. Tables of an earlier evaluation of that name that this one does not have are removed.
        """
        for gone in _tables_named(folder / f"{name}.json") - set(self.tables):
            (folder / f"{gone}.csv").unlink(missing_ok=True)
        for scores_name, scores in self.scores.items():
            with replacing(folder / f"{scores_name}.parquet") as stream:
                pq.write_table(pa.Table.from_pandas(scores, preserve_index=False), stream, compression="zstd")
        for table_name, table in self.tables.items():
            text = table.to_csv(index=False, lineterminator="\n", float_format="%.12g")
            write_bytes(folder / f"{table_name}.csv", text.encode("utf-8"))
        content = {"facts": self.facts, "tables": sorted(self.tables)}
        write_bytes(
            folder / f"{name}.json", (json.dumps(content, indent=2, sort_keys=True) + "\n").encode("utf-8")
        )


def _tables_named(path: Path) -> set[str]:
    """The tables that the JSON file of an evaluation names; none where there is none."""
    try:
        named = json.loads(path.read_text(encoding="utf-8"))["tables"]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {name for name in named if isinstance(name, str) and name.isidentifier()}


def load_evaluation(folder: Path, *, name: str = "evaluation") -> Evaluation:
    """The evaluation saved in ``folder`` under ``name``.

    Raises ``InputError`` when it is missing or incomplete.
    """
    command = f"grooming-classifier {'evaluate' if name == 'evaluation' else name}"
    try:
        content = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        tables = {
            table: pd.read_csv(folder / f"{table}.csv", keep_default_na=False, na_values=["", "nan"])
            for table in content["tables"]
        }
    except OSError as error:
        if (folder / "rows.json").is_file():
            raise InputError(
                f"{folder}: holds what 'evaluate --rows' wrote, which is neither drawn nor compared; "
                "read its .csv files"
            ) from None
        raise InputError(
            f"{folder}: no whole evaluation there ({error.strerror}: {error.filename}); run '{command}' first"
        ) from None
    except (ValueError, KeyError) as error:
        raise InputError(
            f"{folder}: not an evaluation of this version ({error}); run '{command}' again"
        ) from None
    return Evaluation(content["facts"], tables)


def load_scores(folder: Path, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """The score table ``name`` of the evaluation in ``folder``.

    Raises ``InputError`` when it is missing, damaged or lacks one of ``columns``.
    """
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise InputError(f"{folder}: holds no {path.name}; run 'grooming-classifier evaluate' again")
    with open_parquet(path, str(path)) as opened:
        if missing := [column for column in columns if column not in opened.schema_arrow.names]:
            raise InputError(
                f"{path}: has no column {missing[0]!r}; run 'grooming-classifier evaluate' again"
            )
        try:
            table: pd.DataFrame = opened.read(columns=list(columns)).to_pandas()
        except UNREADABLE as error:
            raise InputError(f"{path}: cannot be read: {short(error)}") from None
    return table
