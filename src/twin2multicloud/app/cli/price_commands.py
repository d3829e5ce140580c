"""The command group `prices`: options and help. What the commands do is imported when they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from twin2multicloud.app.cli.connect import may_take_prices
from twin2multicloud.app.cli.failures import Session, finish
from twin2multicloud.app.cli.groups import QuickGroup
from twin2multicloud.app.cli.options import JsonOption, PricesOption, complete_provider

prices = typer.Typer(
    name="prices",
    cls=QuickGroup,
    help="Look into a price book: list it, explain a meter, check it, compare two.",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@prices.command("show")
@may_take_prices
def prices_show(
    context: typer.Context,
    provider: Annotated[
        str | None, typer.Option(metavar="CLOUD", help="Only this cloud.", autocompletion=complete_provider)
    ] = None,
    region: Annotated[str | None, typer.Option(metavar="REGION", help="Only this region.")] = None,
    service: Annotated[str | None, typer.Option(metavar="TEXT", help="Part of the service's name.")] = None,
    meter: Annotated[str | None, typer.Option(metavar="TEXT", help="Part of the meter's name.")] = None,
    json_output: JsonOption = False,
    prices_directory: PricesOption = None,
) -> None:
    """List the prices of a book.

    \b
    Examples:
      twin2multicloud prices show --provider gcp --region europe-west1
      twin2multicloud prices show --meter egress --json
      twin2multicloud prices show --region westeurope --server https://twins.example.org
    """
    from twin2multicloud.app.cli import prices as commands
    from twin2multicloud.app.cli.books import BookChoice

    book = BookChoice.of(Session.of(context), prices_directory)
    finish(
        context,
        json_output,
        lambda: _printed(lambda console: commands.show(provider, region, service, meter, json_output, book, console)),
    )


@prices.command("explain")
@may_take_prices
def prices_explain(
    context: typer.Context,
    meter: Annotated[str, typer.Argument(metavar="METER", help="A meter, such as aws.egress.internet.")],
    region: Annotated[str | None, typer.Option(metavar="REGION", help="Only this region.")] = None,
    quantity: Annotated[
        float | None, typer.Option(metavar="Q", help="Work out what so many units cost a month, tier by tier.")
    ] = None,
    egress: Annotated[
        Literal["list", "eu-data-act"], typer.Option(help="Which price of traffic between clouds.")
    ] = "list",
    json_output: JsonOption = False,
    prices_directory: PricesOption = None,
) -> None:
    """Explain a meter: what it counts, its tiers and free allowance, its source, and a worked example.

    \b
    Examples:
      twin2multicloud prices explain aws.egress.internet --region us-east-1 --quantity 51200
      twin2multicloud prices explain azure.iot-hub.s1
    """
    from twin2multicloud.app.cli import prices as commands
    from twin2multicloud.app.cli.books import BookChoice

    book = BookChoice.of(Session.of(context), prices_directory)
    finish(
        context,
        json_output,
        lambda: _printed(lambda console: commands.explain(meter, region, quantity, egress, json_output, book, console)),
    )


@prices.command("validate")
def prices_validate(
    context: typer.Context,
    books: Annotated[
        list[str] | None, typer.Argument(metavar="[DIR]...", help="Price books to check; default: bundled.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Check price books in full; exit code 4 if one has a fault.

    \b
    Examples:
      twin2multicloud prices validate
      twin2multicloud prices validate my-prices/
    """
    from twin2multicloud.app.cli import prices as commands

    finish(
        context,
        json_output,
        lambda: _printed(lambda console: commands.validate(tuple(books or ()), json_output, console)),
    )


@prices.command("diff")
def prices_diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(metavar="A", help="A price book's directory, or bundled.")],
    after: Annotated[str, typer.Argument(metavar="B", help="A price book's directory, or bundled.")],
    json_output: JsonOption = False,
) -> None:
    """Compare two price books: what was added, removed, and by how much each price moved.

    \b
    Examples:
      twin2multicloud prices diff bundled my-prices/
    """
    from twin2multicloud.app.cli import prices as commands

    finish(context, json_output, lambda: _printed(lambda console: commands.diff(before, after, json_output, console)))


def _printed(action: Callable[[Any], int]) -> int:
    """Run an action that prints on a console."""
    from twin2multicloud.app.cli.terminal import output

    with output(markup=True) as console:
        return action(console)
