"""Results of an evaluation, saved as JSON and CSV."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from classifier.atomic import write_bytes
from classifier.errors import InputError


@dataclass(frozen=True)
class Evaluation:
    """The numbers of a report: ``facts`` and ``tables``, each by name.

    Facts are single values (hashes, seeds, counts, rules); tables are DataFrames.
    """

    facts: dict[str, Any]
    tables: dict[str, pd.DataFrame]

    def save(self, folder: Path, *, name: str = "evaluation") -> None:
        """Write ``<name>.json`` and one CSV per table into ``folder``.

        The JSON file holds the facts and the names of the tables. Same numbers, same bytes.
        """
        for table_name, table in self.tables.items():
            text = io.StringIO()
            table.to_csv(text, index=False, lineterminator="\n", float_format="%.12g")
            write_bytes(folder / f"{table_name}.csv", text.getvalue().encode("utf-8"))
        content = {"facts": self.facts, "tables": sorted(self.tables)}
        write_bytes(
            folder / f"{name}.json", (json.dumps(content, indent=2, sort_keys=True) + "\n").encode("utf-8")
        )


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
        raise InputError(
            f"{folder}: no whole evaluation there ({error.strerror}: {error.filename}); run '{command}' first"
        ) from None
    except (ValueError, KeyError) as error:
        raise InputError(
            f"{folder}: not an evaluation of this version ({error}); run '{command}' again"
        ) from None
    return Evaluation(content["facts"], tables)
