"""``grooming-classifier corpus agreement``: annotators beside the corpus labels."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("export", type=click.Path(path_type=Path))
def agreement(export: Path) -> None:
    """Compare a Label Studio JSON export with the corpus labels.

    Prints Cohen's kappa per label and annotator.

    \b
    Example:
      grooming-classifier corpus agreement export.json
    """
    import pandas as pd
    from sklearn.metrics import cohen_kappa_score

    from classifier.readers.outside.label_studio import read_annotations
    from classifier.taxonomy import LABELS

    annotations = read_annotations(export)
    rows = [
        (
            annotator,
            label,
            float(cohen_kappa_score(group[label], group[f"generator_{label}"], labels=[0, 1])),
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
