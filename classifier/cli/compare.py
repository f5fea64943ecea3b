"""``grooming-classifier compare``: paired differences between two evaluations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from classifier.cli.options import RESAMPLES, require_paths, seed_of
from classifier.errors import InputError

TITLES = {
    "average_precision": "average precision",
    "f1": "F1",
    "auc": "conversation AUC",
    "tpr": "conversation TPR",
    "fpr": "conversation FPR",
}
"""How each metric is called in print."""


@click.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@seed_of("the bootstrap")
@RESAMPLES
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Also write the table, as a .csv file."
)
def compare(a: Path, b: Path, seed: int, resamples: int, out: Path | None) -> None:
    """Compare two evaluations on the same messages and conversations.

    A and B are folders that 'evaluate' wrote for one corpus. B may also be a file that 'score' wrote of
    A's message_scores.parquet, with any other model; its F1 goes by its column 'stages'.

    Each line has the value of A, the value of B, B - A, and the 95 % interval of that difference over
    resampled phrase families and dialogues, the same for both. F1, TPR and FPR are at each one's own
    thresholds. Where the interval holds 0, the difference could be chance.

    \b
    Examples:
      grooming-classifier compare results/a results/b --out results/difference.csv
      grooming-classifier score results/a/message_scores.parquet --model other.safetensors --out b.csv
      grooming-classifier compare results/a b.csv
    """
    require_paths(a, b)
    if not a.is_dir():
        raise InputError(f"{a}: is no folder; the first to compare is one that 'evaluate' wrote")
    if out is not None and out.suffix != ".csv":
        raise InputError(f"--out {out}: expected a name ending in .csv")
    from classifier.atomic import write_bytes
    from classifier.progress import say
    from classifier.workflows.two_evaluations.compared_scores import read_pair
    from classifier.workflows.two_evaluations.paired_differences import paired_differences

    first, second = read_pair(a, b, warn=lambda warning: click.echo(warning, err=True))
    say(f"resampling families {resamples:,} times")
    table = paired_differences(first, second, n_resamples=resamples, seed=seed)
    if out is not None:
        text = table.to_csv(index=False, lineterminator="\n", float_format="%.12g")
        write_bytes(out, text.encode("utf-8"))
    click.echo(f"A: {a}\nB: {b}")
    for (name, of_messages), rows in table.groupby(["set", table["label"] != ""], sort=False):
        noun = "messages" if of_messages else "conversations"
        n, n_families = rows[["n", "n_families"]].iloc[0]
        click.echo(f"\n{name}: {n:,} {noun} of {n_families:,} families, {resamples:,} resamples")
        click.echo(f"  {'':<18}{'label':<16}{'A':>7}{'B':>8}{'B - A':>9}   {'95 % interval':<18}holds 0")
        for row in rows.to_dict("records"):
            click.echo(_line(row))


def _line(row: dict[Any, Any]) -> str:
    interval = f"{row['low']:+.3f} to {row['high']:+.3f}"
    holds_zero = {True: "yes", False: "no", None: "undefined"}[row["holds_zero"]]
    return (
        f"  {TITLES[row['metric']]:<18}{row['label']:<16}{row['a']:>7.3f}{row['b']:>8.3f}"
        f"{row['difference']:>+9.3f}   {interval:<18}{holds_zero}"
    )
