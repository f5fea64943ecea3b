"""``grooming-classifier baserate``: what rates mean where patterns are rare."""

from __future__ import annotations

from typing import Any

import click

from classifier.cli.options import FiniteRange, at_least


class _Share(click.ParamType):  # type: ignore[type-arg,unused-ignore] # generic only in newer click
    """A rate as counts ("90/100"), which give intervals, or as a number ("0.9")."""

    name = "hits/n or number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, tuple[int, int] | None]:
        hits, slash, n = str(value).partition("/")
        try:
            counts = (int(hits), int(n)) if slash else None
            share = counts[0] / counts[1] if counts else float(hits)
        except (ValueError, ZeroDivisionError):
            self.fail(f"expected counts such as 90/100 or a number such as 0.9, got {value!r}", param, ctx)
        if not 0 <= share <= 1 or (counts and counts[0] < 0):
            self.fail(f"expected a rate in [0, 1], got {value!r}", param, ctx)
        return share, counts


@click.command()
@click.option(
    "--tpr", type=_Share(), required=True, help="True positive rate: 0.9, or 90/100 to get intervals."
)
@click.option(
    "--fpr", type=_Share(), required=True, help="False positive rate: 0.01, or 10/1000 to get intervals."
)
@click.option(
    "--prevalence",
    type=FiniteRange(0, 1, min_open=True),
    multiple=True,
    help="Supposed share of patterns; may be given again. Default: 1e-2 to 1e-6.",
)
@at_least("--volume", 1, 1000000, "Conversations the detector looks at.")
def baserate(
    tpr: tuple[float, tuple[int, int] | None],
    fpr: tuple[float, tuple[int, int] | None],
    prevalence: tuple[float, ...],
    volume: int,
) -> None:
    """Show alerts, true finds and false alarms where patterns are rare.

    Prints one row per supposed prevalence. PPV is the share of alerts that are true. Nobody knows the
    prevalence; no figure here says how common patterns are.

    \b
    Example:
      grooming-classifier baserate --tpr 90/100 --fpr 10/1000 --prevalence 0.001 --volume 1000000
    """
    from classifier.evaluation.base_rates import PREVALENCES, base_rate_table, ppv
    from classifier.evaluation.rates import Rate

    prevalences = prevalence or PREVALENCES
    if tpr[1] and fpr[1]:
        table = base_rate_table(Rate(*tpr[1]), Rate(*fpr[1]), prevalences=prevalences, volume=volume)
        rows = [
            (
                row["prevalence"],
                row["true_finds"],
                row["false_alarms"],
                f"{row['ppv']:.2%} ({row['ppv_low']:.2%}–{row['ppv_high']:.2%})",
            )
            for row in table.to_dict("records")
        ]
    else:
        rows = [
            (
                share,
                volume * share * tpr[0],
                volume * (1 - share) * fpr[0],
                f"{ppv(tpr[0], fpr[0], share):.2%} (no interval: rates given without counts)",
            )
            for share in prevalences
        ]
    click.echo(f"Of {volume:,} conversations, TPR {tpr[0]:.4g}, FPR {fpr[0]:.4g}:")
    click.echo(
        f"{'supposed prevalence':>20}{'alerts':>12}{'true finds':>12}"
        f"{'false alarms':>14}{'per true find':>15}  PPV"
    )
    for share, finds, alarms, value in rows:
        per_find = f"{alarms / finds:,.1f}" if finds else "nan (0/0)" if not alarms else "inf"
        click.echo(
            f"{share:>20.6g}{finds + alarms:>12,.0f}{finds:>12,.1f}{alarms:>14,.0f}{per_find:>15}  {value}"
        )
