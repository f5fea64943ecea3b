"""A table stored with the facts about its making, as JSON and CSV.

The tables are those of an attack or a curve.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from classifier.atomic import write_bytes
from classifier.errors import InputError


@dataclass(frozen=True)
class StoredTable:
    """A table of figures with the facts about its making.

    Parameters
    ----------
    kind
        The command that makes it: "attack" or "curve".
    facts
        Corpus, split, seed and sizes, by name.
    table
        The figures.
    """

    kind: str
    facts: dict[str, Any]
    table: pd.DataFrame

    def save(self, path: Path) -> None:
        """Write a JSON file, and beside it a CSV.

        JSON knows no infinity and no nan: "inf" and null stand for them.
        """
        records = self.table.to_dict("records")
        rows = [{name: _json_value(value) for name, value in record.items()} for record in records]
        content = {"kind": self.kind, "facts": self.facts, "columns": list(self.table.columns), "rows": rows}
        write_bytes(path, (json.dumps(content, indent=1, allow_nan=False) + "\n").encode("utf-8"))
        csv = self.table.to_csv(index=False, lineterminator="\n", float_format="%.12g")
        write_bytes(path.with_suffix(".csv"), csv.encode("utf-8"))


def load_stored_table(path: Path, kind: str) -> StoredTable:
    """The table of that kind saved at ``path``.

    Raises ``InputError`` when the file holds none.
    """
    remedy = f"run 'grooming-classifier privacy {kind} CORPUS --out {path}'"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["kind"] != kind:
            raise InputError(
                f"{path}: holds a table of kind {content['kind']!r}, expected {kind!r}; {remedy}"
            )
        rows = [{name: _python_value(value) for name, value in row.items()} for row in content["rows"]]
        return StoredTable(kind, dict(content["facts"]), pd.DataFrame(rows, columns=content["columns"]))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; {remedy}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not what 'privacy {kind}' writes ({error}); {remedy}") from None


def checked_json_path(path: Path) -> Path:
    """``path``, when its name ends in .json; otherwise ``InputError``.

    The table is written beside it under the same name.
    """
    if path.suffix != ".json":
        raise InputError(
            f"{path}: expected a name that ends in .json; the table is written beside it as .csv"
        )
    return path


def _json_value(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf"
    return value


def _python_value(value: Any) -> Any:
    if value is None:
        return math.nan
    return math.inf if value == "inf" else value
