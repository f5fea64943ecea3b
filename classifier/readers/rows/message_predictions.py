"""Scores of messages that ``score`` wrote, read back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from classifier.errors import InputError
from classifier.readers.checked_values import checked_line
from classifier.readers.fault_handling import stop
from classifier.readers.rows.column_names import result_name
from classifier.readers.rows.read_block import numbered_rows
from classifier.readers.rows.row_files import open_rows
from classifier.taxonomy import LABELS


@dataclass(frozen=True)
class Prediction:
    """What a model said of a message: its highest probability, and the labels at their thresholds."""

    highest: float
    stages: tuple[str, ...]


def read_predictions(path: Path) -> dict[tuple[str, int], Prediction]:
    """What ``score --level message`` wrote about converted rows, by conversation and line.

    Raises ``InputError`` naming the row that has no line, no probabilities or no ``stages``.
    """
    predictions = {}
    for where, row in numbered_rows(open_rows(path, required=("conversation_id", "line")), stop):
        try:
            key = (str(row["conversation_id"]).strip(), checked_line(row["line"]))
            numbers = [float(row[result_name(label)]) for label in LABELS]
            if not all(0 <= number <= 1 for number in numbers):
                raise ValueError("a score is not in [0, 1]")
            stages = row[result_name("stages")] or ""
            predictions[key] = Prediction(max(numbers), tuple(stages.split("|")) if stages else ())
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{where}: expected line, stages and a probability per label, as score writes "
                f"them for converted rows ({error})"
            ) from None
    return predictions
