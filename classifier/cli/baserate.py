"""``grooming-classifier baserate``: what rates mean where patterns are rare."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from classifier.cli.options import FiniteRange, at_least

if TYPE_CHECKING:
    from classifier.evaluation.base_rates import ReportedRate
    from classifier.evaluation.rates import Rate


class _Share(click.ParamType):  # type: ignore[type-arg,unused-ignore] # generic only in newer click
    """A rate: as counts ("90/100"), with an interval ("0.9,0.82,0.95"), or alone ("0.9")."""

    name = "rate"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Rate | ReportedRate:
        from classifier.evaluation.base_rates import ReportedRate
        from classifier.evaluation.rates import Rate

        text = str(value)
        try:
            if "," in text:
                return ReportedRate(*map(float, text.split(",", 2)))
            if "/" not in text:
                return ReportedRate(float(text), math.nan, math.nan)
            hits, n = map(int, text.split("/"))
            if n:
                return Rate(hits, n)
        except (TypeError, ValueError):
            pass
        self.fail(
            "expected counts such as 90/100, a rate such as 0.9, or a rate in its interval such as "
            f"0.9,0.82,0.95, each in [0, 1], got {value!r}",
            param,
            ctx,
        )


_FORMS = "alone ({}), as counts ({}), or with the interval of a report ({})"


@click.command()
@click.option(
    "--tpr",
    type=_Share(),
    required=True,
    help=f"True positive rate: {_FORMS.format('0.9', '90/100', '0.9,0.82,0.95')}.",
)
@click.option(
    "--fpr",
    type=_Share(),
    required=True,
    help=f"False positive rate: {_FORMS.format('0.01', '10/1000', '0.01,0.002,0.04')}.",
)
@click.option(
    "--prevalence",
    type=FiniteRange(0, 1, min_open=True),
    multiple=True,
    help="Supposed share of patterns; may be given again. Default: 1e-2 to 1e-6.",
)
@at_least("--volume", 1, 1000000, "Conversations the detector looks at.")
def baserate(
    tpr: Rate | ReportedRate, fpr: Rate | ReportedRate, prevalence: tuple[float, ...], volume: int
) -> None:
    """Show alerts, true finds and false alarms where patterns are rare.

    Prints one row per supposed prevalence. PPV is the share of alerts that are true. Nobody knows the
    prevalence; no figure here says how common patterns are. Counts give an interval that takes the
    conversations as independent. Where they share a script or a sender it is too narrow: give the rate
    with the interval that a report prints.

    \b
    Examples:
      grooming-classifier baserate --tpr 90/100 --fpr 10/1000 --prevalence 0.001 --volume 1000000
      grooming-classifier baserate --tpr 0.9,0.8,0.96 --fpr 0.01,0.002,0.04 --prevalence 0.001
    """
    from classifier.evaluation.base_rates import PREVALENCES, base_rate_table
    from classifier.evaluation.rates import Rate

    has_interval = not any(math.isnan(bound) for rate in (tpr, fpr) for bound in rate.interval())
    table = base_rate_table(tpr, fpr, prevalences=prevalence or PREVALENCES, volume=volume)
    click.echo(f"Of {volume:,} conversations, TPR {tpr.value:.4g}, FPR {fpr.value:.4g}:")
    click.echo(
        f"{'supposed prevalence':>20}{'alerts':>12}{'true finds':>12}"
        f"{'false alarms':>14}{'per true find':>15}  PPV"
    )
    for row in table.to_dict("records"):
        interval = (
            f"{row['ppv_low']:.2%}–{row['ppv_high']:.2%}"
            if has_interval
            else "no interval: a rate was given alone"
        )
        each = row["false_alarms_per_true_find"]
        click.echo(
            f"{row['prevalence']:>20.6g}{row['alerts']:>12,.0f}{row['true_finds']:>12,.1f}"
            f"{row['false_alarms']:>14,.0f}{'nan (0/0)' if math.isnan(each) else f'{each:,.1f}':>15}"
            f"  {row['ppv']:.2%} ({interval})"
        )
    if isinstance(tpr, Rate) or isinstance(fpr, Rate):
        click.echo("Counts are treated as independent conversations; if they share scripts, see --help.")
