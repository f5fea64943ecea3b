"""``grooming-classifier report``: one HTML page of an evaluation or a tradeoff."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from classifier.cli.options import out_file
from classifier.errors import InputError

if TYPE_CHECKING:
    from classifier.evaluation.saved_results import Evaluation


@click.command()
@click.argument("evaluation", type=click.Path(path_type=Path))
@out_file("The HTML file to write.")
def report(evaluation: Path, out: Path) -> None:
    """Draw the folder of an evaluation or a tradeoff as one HTML page.

    EVALUATION is a folder that 'evaluate' or 'tradeoff' wrote. Writes one page that loads nothing from
    elsewhere; the same numbers give the same bytes.

    \b
    Example:
      grooming-classifier report results/evaluation --out report.html
    """
    from classifier.atomic import write_bytes
    from classifier.evaluation.saved_results import load_evaluation
    from classifier.report.evaluation.evaluation_page import evaluation_page
    from classifier.report.tradeoff.tradeoff_page import tradeoff_page

    folder = evaluation.parent if evaluation.suffix == ".json" else evaluation
    # The two never stand in one folder: tradeoff refuses that of an evaluation.
    page = (
        tradeoff_page(_load_tradeoff(folder))
        if (folder / "tradeoff.json").exists()
        else evaluation_page(load_evaluation(folder))
    )
    write_bytes(out, page.encode("utf-8"))
    click.echo(str(out))


def _load_tradeoff(folder: Path) -> Evaluation:
    from classifier.evaluation.saved_results import load_evaluation
    from classifier.report.tradeoff.cost_sections import missing_costs

    tradeoff = load_evaluation(folder, name="tradeoff")
    if missing := missing_costs(tradeoff.tables):
        raise InputError(
            f"{folder / 'points.csv'}: has no column {missing[0]!r}, a metric added since;"
            " run 'grooming-classifier tradeoff' again"
        )
    return tradeoff
