"""`scenarios`, `offers`, `carbon` and `init`: options and help. What they do is imported when they run."""

from __future__ import annotations

from typing import Annotated

import typer

from twin2multicloud.app.cli.connect import may_take_prices
from twin2multicloud.app.cli.failures import Session, finish
from twin2multicloud.app.cli.options import (
    JsonOption,
    PricesOption,
    complete_provider,
    complete_slot,
    complete_workload,
)


def scenarios(context: typer.Context, json_output: JsonOption = False) -> None:
    """List the built-in scenarios.

    \b
    Examples:
      twin2multicloud scenarios
      twin2multicloud scenarios --json
    """
    from twin2multicloud.app.cli import catalogue

    finish(context, json_output, lambda: catalogue.scenarios(json_output))


@may_take_prices
def offers(
    context: typer.Context,
    slot: Annotated[
        str | None,
        typer.Option(metavar="SLOT", help="Only this slot: L1 … L5, L3.hot, …", autocompletion=complete_slot),
    ] = None,
    provider: Annotated[
        str | None,
        typer.Option(metavar="CLOUD", help="Only this cloud.", autocompletion=complete_provider),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(metavar="REGION", help="Whether each can be had there, and if not, why."),
    ] = None,
    json_output: JsonOption = False,
    prices_directory: PricesOption = None,
) -> None:
    """List what each cloud has for each slot, and where it is priced.

    \b
    Examples:
      twin2multicloud offers --slot L4
      twin2multicloud offers --provider azure --region westeurope
      twin2multicloud offers --json
    """
    from twin2multicloud.app.cli import catalogue
    from twin2multicloud.app.cli.books import BookChoice

    book = BookChoice.of(Session.of(context), prices_directory)
    finish(
        context,
        json_output,
        lambda: catalogue.offers(slot, provider, region, book, json_output=json_output),
    )


@may_take_prices
def carbon(
    context: typer.Context,
    workload: Annotated[
        str,
        typer.Argument(
            metavar="WORKLOAD",
            help="A file, a built-in scenario's name, or - for standard input.",
            autocompletion=complete_workload,
        ),
    ],
    json_output: JsonOption = False,
    prices_directory: PricesOption = None,
) -> None:
    """Show what the cheapest placement of a twin emits, line by line, and what of its bill nobody can say that of.

    \b
    Examples:
      twin2multicloud carbon smart-building
      twin2multicloud carbon twin.yaml --json
    """
    from twin2multicloud.app.cli.books import BookChoice

    book = BookChoice.of(Session.of(context), prices_directory)

    def act() -> int:
        from twin2multicloud.app.cli.carbon import carbon as run_carbon

        return run_carbon(workload, book, json_output)

    finish(context, json_output, act)


def init(
    context: typer.Context,
    path: Annotated[str, typer.Argument(metavar="[PATH]", help="File to write; - for standard output.")] = "twin.yaml",
    scenario: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Scenario to take the values from.", autocompletion=complete_workload),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
    workload_only: Annotated[
        bool, typer.Option("--workload-only", help="Only the workload, which is enough to price a twin.")
    ] = False,
) -> None:
    """Write a commented twin to start from: twin.yaml, and its code in processors/ beside it.

    \b
    Examples:
      twin2multicloud init
      twin2multicloud init vineyard.yaml --scenario smart-home
      twin2multicloud init workload.yaml --workload-only
      twin2multicloud init - | less
    """
    from twin2multicloud.app.cli import catalogue

    finish(context, False, lambda: catalogue.init(path, scenario, force=force, workload_only=workload_only))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (scenarios, offers, carbon, init):
        app.command()(command)
