"""The command group `prices`: options and help. What the commands do is imported when they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from twin2multicloud.app.cli.connect import may_take_prices, needs_backend, with_client
from twin2multicloud.app.cli.failures import Session, finish
from twin2multicloud.app.cli.groups import QuickGroup
from twin2multicloud.app.cli.options import JsonOption, PricesOption, complete_provider

prices = typer.Typer(
    name="prices",
    cls=QuickGroup,
    help="Prices: look them up, check and compare books, take up the newest, decide about odd ones.",
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
@needs_backend
def prices_diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(metavar="A", help="A book's directory, bundled, or a book's number.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The same; numbers are of books that were taken up.")],
    json_output: JsonOption = False,
) -> None:
    """Compare two price books: what was added, removed, and by how much each price moved. Of two books that were taken
    up (`prices books`) also what that does to each twin's bill, and to the cheapest placement that it could have.

    \b
    Examples:
      twin2multicloud prices diff bundled my-prices/
      twin2multicloud prices diff 3 5
    """
    if before.isdigit() and after.isdigit():
        from twin2multicloud.app.cli import live_prices

        with_client(context, json_output, lambda client: live_prices.diff(client, int(before), int(after), json_output))
    from twin2multicloud.app.cli import prices as commands

    finish(context, json_output, lambda: _printed(lambda console: commands.diff(before, after, json_output, console)))


@prices.command("refresh")
@needs_backend
def prices_refresh(
    context: typer.Context,
    provider: Annotated[
        list[str] | None,
        typer.Option(metavar="CLOUD", help="Only this cloud. Repeatable.", autocompletion=complete_provider),
    ] = None,
    region: Annotated[list[str] | None, typer.Option(metavar="REGION", help="Only this region. Repeatable.")] = None,
    source: Annotated[
        Literal["lists", "book"] | None,
        typer.Option(help="The clouds' price lists, or the book that the settings name."),
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Ask for it, and do not watch it.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Take up the newest prices: from the clouds' price lists, checked one by one against the last good ones. What is
    odd waits for an admin (`prices findings`). Ctrl-C stops watching; a refresh that was killed goes on where it was.

    \b
    Examples:
      twin2multicloud prices refresh
      twin2multicloud prices refresh --provider aws --region eu-central-1
    """
    from twin2multicloud.app.cli import live_prices

    asked = live_prices.RefreshRequest(tuple(provider or ()), tuple(region or ()), source, detach, json_output)
    with_client(context, json_output, lambda client: live_prices.refresh(client, asked), runs=not detach)


@prices.command("findings")
@needs_backend
def prices_findings(
    context: typer.Context,
    provider: Annotated[
        str | None, typer.Option(metavar="CLOUD", help="Only of this cloud.", autocompletion=complete_provider)
    ] = None,
    region: Annotated[str | None, typer.Option(metavar="REGION", help="Only in this region.")] = None,
    meter: Annotated[str | None, typer.Option(metavar="TEXT", help="Part of the meter's name.")] = None,
    kind: Annotated[list[str] | None, typer.Option(metavar="KIND", help="Only such, as jump. Repeatable.")] = None,
    all_findings: Annotated[
        bool, typer.Option("--all", help="Also what was decided, and what is not seen any more.")
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """List what is odd about prices that were fetched and waits for a decision; until then the last good price holds.

    \b
    Examples:
      twin2multicloud prices findings
      twin2multicloud prices findings --kind jump --provider aws
    """
    from twin2multicloud.app.cli import live_prices

    asked = live_prices.FindingsRequest(provider, region, meter, tuple(kind or ()), all_findings, json_output)
    with_client(context, json_output, lambda client: live_prices.findings(client, asked))


FindingArguments = Annotated[list[str], typer.Argument(metavar="FINDING...", help="Ids, or how they begin.")]
NoteOption = Annotated[str, typer.Option(metavar="TEXT", help="Why, for those who come after.")]


@prices.command("accept")
@needs_backend
def prices_accept(
    context: typer.Context, findings: FindingArguments, note: NoteOption = "", json_output: JsonOption = False
) -> None:
    """Have the next refresh take a price that is odd, for as long as it is the price that was seen.

    \b
    Examples:
      twin2multicloud prices accept 8b0c --note "announced for December"
    """
    from twin2multicloud.app.cli import live_prices

    with_client(context, json_output, lambda client: live_prices.decide(client, findings, "accept", note, json_output))


@prices.command("reject")
@needs_backend
def prices_reject(
    context: typer.Context, findings: FindingArguments, note: NoteOption = "", json_output: JsonOption = False
) -> None:
    """Keep the last good price in spite of what the list says, and stop being asked while the list says the same.

    \b
    Examples:
      twin2multicloud prices reject 8b0c
    """
    from twin2multicloud.app.cli import live_prices

    with_client(context, json_output, lambda client: live_prices.decide(client, findings, "reject", note, json_output))


@prices.command("age")
@needs_backend
def prices_age(
    context: typer.Context,
    provider: Annotated[
        str | None, typer.Option(metavar="CLOUD", help="Only of this cloud.", autocompletion=complete_provider)
    ] = None,
    region: Annotated[str | None, typer.Option(metavar="REGION", help="Only in this region.")] = None,
    json_output: JsonOption = False,
) -> None:
    """Show how old the prices in use are, service by service and region by region, the oldest first.

    \b
    Examples:
      twin2multicloud prices age
      twin2multicloud prices age --provider azure --region westeurope
    """
    from twin2multicloud.app.cli import live_prices

    with_client(context, json_output, lambda client: live_prices.age(client, provider, region, json_output))


@prices.command("books")
@needs_backend
def prices_books(context: typer.Context, json_output: JsonOption = False) -> None:
    """List the price books that were taken up, the newest first, with the numbers that `prices diff` takes.

    \b
    Examples:
      twin2multicloud prices books
    """
    from twin2multicloud.app.cli import live_prices

    with_client(context, json_output, lambda client: live_prices.books(client, json_output))


@prices.command("regions")
@needs_backend
def prices_regions(
    context: typer.Context,
    provider: Annotated[
        str | None, typer.Option(metavar="CLOUD", help="Only of this cloud.", autocompletion=complete_provider)
    ] = None,
    listed: Annotated[
        bool, typer.Option("--listed", help="Those that the clouds' lists have and the book has not, and why.")
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """List the regions of the book in use: where they are, and which regions of the other clouds are nearest.

    \b
    Examples:
      twin2multicloud prices regions --provider aws
      twin2multicloud prices regions --listed
    """
    from twin2multicloud.app.cli import live_prices

    with_client(context, json_output, lambda client: live_prices.regions(client, provider, listed, json_output))


def _printed(action: Callable[[Any], int]) -> int:
    """Run an action that prints on a console."""
    from twin2multicloud.app.cli.terminal import output

    with output(markup=True) as console:
        return action(console)
