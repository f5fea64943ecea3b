"""What an attack or a curve came to, kept in one JSON file that says what it was made of and can be read back."""

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
class Findings:
    """``kind`` ("attack" or "curve"), ``facts`` (corpus, split, seed, sizes) and one ``table`` of figures."""

    kind: str
    facts: dict[str, Any]
    table: pd.DataFrame

    def save(self, path: Path) -> None:
        """One JSON file, and the table beside it as a CSV of the same name. JSON knows no infinity and no nan: "inf" and null stand for them."""
        rows = [
            {name: _written(value) for name, value in row.items()} for row in self.table.to_dict("records")
        ]
        content = {"kind": self.kind, "facts": self.facts, "columns": list(self.table.columns), "rows": rows}
        write_bytes(path, (json.dumps(content, indent=1, allow_nan=False) + "\n").encode("utf-8"))
        write_bytes(
            path.with_suffix(".csv"),
            self.table.to_csv(index=False, lineterminator="\n", float_format="%.12g").encode("utf-8"),
        )


def load_findings(path: Path, kind: str) -> Findings:
    """The findings of that kind saved at ``path``. Raises ``InputError`` when the file holds none."""
    again = f"run 'grooming-classifier privacy {kind} CORPUS --out {path}'"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["kind"] != kind:
            raise InputError(
                f"{path}: holds findings of kind {content['kind']!r}, expected {kind!r}; {again}"
            )
        rows = [
            {
                name: math.inf if value == "inf" else math.nan if value is None else value
                for name, value in row.items()
            }
            for row in content["rows"]
        ]
        return Findings(kind, dict(content["facts"]), pd.DataFrame(rows, columns=content["columns"]))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; {again}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not what 'privacy {kind}' writes ({error}); {again}") from None


def checked_name(path: Path) -> Path:
    """``path``, when it ends in .json: its table is written beside it under the same name. Raises ``InputError`` otherwise."""
    if path.suffix != ".json":
        raise InputError(
            f"{path}: expected a name that ends in .json; the table is written beside it as .csv"
        )
    return path


def _written(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf"
    return value
