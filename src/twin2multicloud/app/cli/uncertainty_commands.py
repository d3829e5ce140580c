"""`uncertainty` and `breakeven`: options and help. What they do is imported when they run."""

from __future__ import annotations

from typing import Annotated

import typer

from twin2multicloud.app.cli.connect import may_take_prices
from twin2multicloud.app.cli.failures import Session, finish
from twin2multicloud.app.cli.options import JsonOption, PricesOption, complete_workload

_Workload = Annotated[
    str,
    typer.Argument(
        metavar="WORKLOAD",
        help="A workload's file, in which numbers may be uncertain, a built-in scenario's name, or -.",
        autocompletion=complete_workload,
    ),
]


@may_take_prices
def uncertainty(
    context: typer.Context,
    workload: _Workload,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=RANGE", help="A number that is uncertain: devices=500..2000, devices=500..900..2000, 20%."
        ),
    ] = None,
    samples: Annotated[int, typer.Option(metavar="N", min=10, max=1_000_000, help="Workloads to draw.")] = 10_000,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Another one draws other workloads.")] = 1,
    placement: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A placement to price, too, such as the deployed one; JSON of `optimize`."),
    ] = None,
    csv: Annotated[str | None, typer.Option(metavar="FILE", help="Also write every sample and its optimum.")] = None,
    json_output: JsonOption = False,
    prices_directory: PricesOption = None,
) -> None:
    """Say what a twin costs when its workload is uncertain: thousands of workloads, each optimized exactly.

    In a workload's file any number may be a mapping: {low: 500, high: 2000}, {low: 500, mode: 900, high: 2000},
    {mean: 900, sd: 300} or {values: [500, 2000], weights: [3, 1]}; see docs/uncertainty.md.

    \b
    Examples:
      twin2multicloud uncertainty smart-building --vary devices=20%
      twin2multicloud uncertainty twin.yaml --vary devices=500..2000 --vary message_interval_s=5..30
      twin2multicloud uncertainty uncertain.yaml --samples 50000 --csv samples.csv
      twin2multicloud uncertainty uncertain.yaml --placement deployed.json --json
    """
    from twin2multicloud.app.cli.books import BookChoice
    from twin2multicloud.app.cli.uncertainty import Request
    from twin2multicloud.app.cli.uncertainty import uncertainty as run

    request = Request(
        workload=workload,
        book=BookChoice.of(Session.of(context), prices_directory),
        vary=tuple(vary or ()),
        samples=samples,
        seed=seed,
        placement=placement,
        csv=csv,
        json_output=json_output,
    )
    finish(context, json_output, lambda: run(request))


@may_take_prices
def breakeven(
    context: typer.Context,
    workload: _Workload,
    along: Annotated[str, typer.Option(metavar="FIELD", help="The number that grows, such as devices.")],
    start: Annotated[float, typer.Option("--from", metavar="NUMBER", help="Where it begins.")],
    end: Annotated[float, typer.Option("--to", metavar="NUMBER", help="Where it ends.")],
    json_output: JsonOption = False,
    prices_directory: PricesOption = None,
) -> None:
    """Find where the cheapest placement changes as one number of a workload grows.

    \b
    Examples:
      twin2multicloud breakeven smart-building --along devices --from 100 --to 100000
      twin2multicloud breakeven twin.yaml --along message_interval_s --from 1 --to 60 --json
    """
    from twin2multicloud.app.cli.books import BookChoice
    from twin2multicloud.app.cli.uncertainty import Along
    from twin2multicloud.app.cli.uncertainty import breakeven as run

    book = BookChoice.of(Session.of(context), prices_directory)
    request = Along(workload, book, along, start, end, json_output)
    finish(context, json_output, lambda: run(request))


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(uncertainty)
    app.command()(breakeven)
