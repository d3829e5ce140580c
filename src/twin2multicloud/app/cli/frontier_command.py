"""`frontier`: options and help. What it does is imported when it runs."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from twin2multicloud.app.cli.connect import may_take_prices
from twin2multicloud.app.cli.failures import Session, finish
from twin2multicloud.app.cli.options import (
    JsonOption,
    MaxCloudsOption,
    PinOption,
    PricesOption,
    ProvidersOption,
    RegionsOption,
    ResidencyOption,
    complete_workload,
)


@may_take_prices
def frontier(
    context: typer.Context,
    workload: Annotated[
        str,
        typer.Argument(
            metavar="WORKLOAD",
            help="A file, a built-in scenario's name, or - for standard input.",
            autocompletion=complete_workload,
        ),
    ],
    against: Annotated[Literal["carbon", "latency"], typer.Option(help="The criterion beside the cost.")],
    at_most: Annotated[
        float | None,
        typer.Option(metavar="N", min=0.0, help="Mark the cheapest placement of at most N grams a month, or N ms."),
    ] = None,
    devices_at: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="Where devices are: a region's code, or degrees such as 48.2,16.4."),
    ] = None,
    region: RegionsOption = None,
    providers: ProvidersOption = None,
    residency: ResidencyOption = None,
    pin: PinOption = None,
    max_clouds: MaxCloudsOption = None,
    json_output: JsonOption = False,
    prices_directory: PricesOption = None,
) -> None:
    """Show every placement that no other beats in both respects: cost, and carbon or latency. Exact.

    \b
    Examples:
      twin2multicloud frontier smart-building --against carbon
      twin2multicloud frontier twin.yaml --against latency --devices-at 48.2,16.4 --residency EU
      twin2multicloud frontier twin.yaml --against carbon --at-most 20000 --json
    """
    from twin2multicloud.app.cli.books import BookChoice

    book = BookChoice.of(Session.of(context), prices_directory)

    def act() -> int:
        from twin2multicloud.app.cli.frontier import FrontierRequest
        from twin2multicloud.app.cli.frontier import frontier as run_frontier

        options = {
            "regions": tuple(region or ()),
            "providers": tuple(providers or ()),
            "residency": tuple(residency or ()),
            "pins": tuple(pin or ()),
            "max_clouds": max_clouds,
        }
        return run_frontier(FrontierRequest(workload, against, at_most, devices_at, options, book, json_output))

    finish(context, json_output, act)
