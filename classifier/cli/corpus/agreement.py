"""``grooming-classifier corpus agreement``: annotators beside the corpus labels."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@click.argument("export", type=click.Path(path_type=Path))
def agreement(export: Path) -> None:
    """Compare people's annotations with the corpus labels.

    EXPORT is a JSON export of Label Studio, of tasks that 'corpus annotate' wrote. Prints Cohen's kappa for
    each annotator and label (1: full agreement, 0: as by chance), and how often either chose the label.

    \b
    Example:
      grooming-classifier corpus agreement export.json
    """
    import pandas as pd

    from classifier.readers.other_formats.label_studio import read_annotations
    from classifier.taxonomy import LABELS

    annotations = read_annotations(export)
    rows = [
        (
            annotator,
            label,
            _kappa(group[label], group[f"generator_{label}"]),
            int(group[label].sum()),
            int(group[f"generator_{label}"].sum()),
            len(group),
        )
        for annotator, group in annotations.groupby("annotator")
        for label in LABELS
    ]
    table = pd.DataFrame(
        rows, columns=["annotator", "label", "kappa", "by_person", "by_generator", "messages"]
    )
    click.echo(table.to_string(index=False, float_format="{:.3f}".format))


def _kappa(first: pd.Series[int], second: pd.Series[int]) -> float:
    """Cohen's kappa; nan (0/0) where both chose one and the same value throughout."""
    from sklearn.metrics import cohen_kappa_score

    if first.nunique() == 1 and (first == second).all():
        return math.nan
    return float(cohen_kappa_score(first, second, labels=[0, 1]))
