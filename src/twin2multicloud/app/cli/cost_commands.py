"""`validate`, `sandbox bill` and the group `costs`: options and help. What they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from twin2multicloud.app.cli.connect import needs_backend, with_client
from twin2multicloud.app.cli.groups import plain_group
from twin2multicloud.app.cli.options import JsonOption

costs = plain_group("costs")

TwinArgument = Annotated[str, typer.Argument(metavar="TWIN", help="A twin's name or id.")]
TargetOption = Annotated[
    Literal["sandbox", "clouds", "rehearsal"], typer.Option("--target", help="Where it is deployed.")
]
PeriodOption = Annotated[
    str | None, typer.Option(metavar="YYYY-MM", help="The month of the bill; left out: the newest that was read.")
]
RateOption = Annotated[
    list[str] | None,
    typer.Option("--rate", metavar="CURRENCY=USD", help="What a unit of another currency is worth in USD. Repeatable."),
]
KindOption = Annotated[
    Literal["export", "query"],
    typer.Option(
        "--kind",
        help="With --from: what the cloud exported, or what it answers when it is asked (AWS: Cost Explorer, which "
        "takes 0.01 USD a request and two to four of them for a month; Azure: Cost Management, free).",
    ),
]


@needs_backend
def validate(
    context: typer.Context,
    twin: TwinArgument,
    target: TargetOption = "sandbox",
    period: PeriodOption = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="CSV", help="Read this bill (FOCUS) first; - is standard input.")
    ] = None,
    rate: RateOption = None,
    all_meters: Annotated[bool, typer.Option("--all", help="Every meter, not just those that differ most.")] = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Also write all of it as CSV, unrounded.")
    ] = None,
    latex_file: Annotated[
        Path | None, typer.Option("--latex", metavar="FILE", help="Also write it as a LaTeX table (booktabs).")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Compare what a month was predicted to cost with what was metered and billed, meter by meter, and explain the
    differences: the workload differs, a formula, how the provider counts, a price, or it is not modelled.

    \b
    Examples:
      twin2multicloud validate greenhouse
      twin2multicloud sandbox bill greenhouse --price aws.lambda.requests=1.2 --out bill.csv
      twin2multicloud validate greenhouse --file bill.csv --latex validation.tex
      twin2multicloud validate greenhouse --target clouds --period 2026-11
    """
    from twin2multicloud.app.cli import validating as commands

    request = commands.Request(twin, target, period, file, rate or (), all_meters, csv_file, latex_file, json_output)
    with_client(context, json_output, lambda client: commands.validate(client, request))


@needs_backend
def bill(
    context: typer.Context,
    twin: TwinArgument,
    price: Annotated[
        list[str] | None, typer.Option(metavar="METER=FACTOR", help="Bill a unit at so many times its price.")
    ] = None,
    quantity: Annotated[
        list[str] | None, typer.Option(metavar="METER=FACTOR", help="Bill so many times the metered quantity.")
    ] = None,
    extra: Annotated[
        list[str] | None, typer.Option(metavar="CLOUD=USD", help="Bill something besides that no meter is for.")
    ] = None,
    noise: Annotated[
        float, typer.Option(metavar="SHARE", min=0, max=1, help="Let quantities vary by so much (0.05 is 5 %).")
    ] = 0.0,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Where chance begins.")] = 0,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it there instead of printing it.")] = None,
) -> None:
    """Write the bill, in FOCUS, that a month like a kept twin's sandbox would get, at prices and quantities that are
    changed on purpose: for `validate` to find out.

    \b Examples: twin2multicloud sandbox bill greenhouse --out bill.csv twin2multicloud sandbox bill greenhouse --price
    aws.lambda.requests=1.2 --quantity aws.sqs.requests=0.9 --extra aws=29
    """
    from twin2multicloud.app.cli import validating as commands

    request = commands.BillRequest(twin, price or (), quantity or (), extra or (), noise, seed, out)
    with_client(context, False, lambda client: commands.bill(client, request))


@costs.command("show")
@needs_backend
def show(
    context: typer.Context, twin: TwinArgument, target: TargetOption = "sandbox", json_output: JsonOption = False
) -> None:
    """Show what a twin costs in a month, meter by meter: predicted, metered, this month to date, billed.

    \b
    Examples:
      twin2multicloud costs show greenhouse
    """
    from twin2multicloud.app.cli import watching as commands

    with_client(context, json_output, lambda client: commands.costs(client, twin, target, json_output))


@costs.command("history")
@needs_backend
def history(
    context: typer.Context,
    twin: TwinArgument,
    target: TargetOption = "sandbox",
    period: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", help="Which month; left out: the one that it is in the twin.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Show a month's cost day by day: metered, priced as the month's sums are, and billed.

    \b
    Examples:
      twin2multicloud costs history greenhouse
      twin2multicloud costs history greenhouse --target clouds --period 2026-11
    """
    from twin2multicloud.app.cli import watching as commands

    with_client(context, json_output, lambda client: commands.cost_history(client, twin, target, period, json_output))


@costs.command("budget")
@needs_backend
def budget(
    context: typer.Context,
    twin: Annotated[str | None, typer.Argument(metavar="[TWIN]", help="A twin's name or id.")] = None,
    workspace: Annotated[
        str | None, typer.Option("--workspace", metavar="NAME", help="All twins of this workspace instead of one.")
    ] = None,
    usd: Annotated[float | None, typer.Option("--usd", metavar="AMOUNT", help="What a month may cost, in USD.")] = None,
    at: Annotated[
        list[float] | None,
        typer.Option("--at", metavar="SHARE", help="Alert at this share of it; left out: 0.5, 0.8 and 1. Repeatable."),
    ] = None,
    forecast: Annotated[
        bool, typer.Option("--forecast/--no-forecast", help="Also when the month will come to it.")
    ] = True,
    remove: Annotated[bool, typer.Option("--remove", help="Take it away.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Show, set or remove what a twin, or all twins of a workspace, may cost in a month. Alerts come when shares of it
    are used, or will be.

    \b
    Examples:
      twin2multicloud costs budget greenhouse --usd 50
      twin2multicloud costs budget greenhouse --usd 50 --at 0.9 --no-forecast
      twin2multicloud costs budget greenhouse --remove
      twin2multicloud costs budget --workspace default --usd 500
    """
    from twin2multicloud.app.cli import budgets as commands

    given = commands.Given(usd, at, forecast, remove, json_output)
    with_client(context, json_output, lambda client: commands.budget(client, twin, workspace, given))


@costs.command("import")
@needs_backend
def import_bill(
    context: typer.Context,
    twin: TwinArgument,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="CSV", help="The export (FOCUS); - is standard input.")
    ] = None,
    source: Annotated[
        Literal["aws", "azure", "gcp"] | None,
        typer.Option("--from", help="Fetch it from this cloud, with the twin's connection there."),
    ] = None,
    location: Annotated[
        str | None,
        typer.Option(
            metavar="WHERE",
            help="s3://bucket/prefix, a container's URL, or a table of BigQuery; with --kind query an account of AWS "
            "or a scope of Azure, left out: the connection's.",
        ),
    ] = None,
    kind: KindOption = "export",
    period: Annotated[str | None, typer.Option(metavar="YYYY-MM", help="With --from: which month.")] = None,
    target: TargetOption = "clouds",
    rate: RateOption = None,
    detach: Annotated[bool, typer.Option("--detach", help="With --from: ask for it, and do not watch it.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Read a billing export in FOCUS 1.0 to 1.2 (or AWS's CUR 2.0), from a file or from where a cloud exports to, or
    ask the cloud for its bill. Of each cloud and month on it, what was read before is replaced. What comes from a cloud
    is read by a run; Ctrl-C stops watching it.

    \b
    Examples:
      twin2multicloud costs import greenhouse --file november.csv
      twin2multicloud costs import greenhouse --file november.csv --rate EUR=1.08
      twin2multicloud costs import greenhouse --from aws --location s3://my-bills/focus --period 2026-11
      twin2multicloud costs import greenhouse --from azure --kind query --period 2026-11
    """
    from twin2multicloud.app.cli import validating as commands

    given = commands.Import(file, source, kind, location, period, target, rate or (), detach, json_output)
    runs = source is not None and not detach
    with_client(context, json_output, lambda client: commands.read_bill(client, twin, given), runs=runs)


@costs.command("source")
@needs_backend
def bill_source(
    context: typer.Context,
    twin: TwinArgument,
    location: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="WHERE",
            help="s3://bucket/prefix, a container's URL, or a table of BigQuery; with --kind query aws, azure, an "
            "account of AWS or a scope of Azure.",
        ),
    ] = None,
    kind: KindOption = "export",
    remove: Annotated[
        Literal["aws", "azure", "gcp"] | None, typer.Option(help="Read this cloud's bills no more.")
    ] = None,
    rate: RateOption = None,
    json_output: JsonOption = False,
) -> None:
    """Show, set or remove where the server reads a twin's bills from every day, with the twin's connection there.

    \b
    Examples:
      twin2multicloud costs source greenhouse --from s3://my-bills/focus
      twin2multicloud costs source greenhouse --from azure --kind query
      twin2multicloud costs source greenhouse
      twin2multicloud costs source greenhouse --remove aws
    """
    from twin2multicloud.app.cli import bill_sources as commands

    given = commands.Given(kind, location, remove, rate or (), json_output)
    with_client(context, json_output, lambda client: commands.source(client, twin, given))


@costs.command("bills")
@needs_backend
def list_bills(
    context: typer.Context, twin: TwinArgument, target: TargetOption = "clouds", json_output: JsonOption = False
) -> None:
    """List the bills that were read of a twin, the newest month first.

    \b
    Examples:
      twin2multicloud costs bills greenhouse
    """
    from twin2multicloud.app.cli import validating as commands

    with_client(context, json_output, lambda client: commands.list_bills(client, twin, target, json_output))
