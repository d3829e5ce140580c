"""Commands of `twins` about what a twin is like now. Options and help."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from twin2multicloud.app.cli.connect import needs_backend, with_client
from twin2multicloud.app.cli.options import JsonOption

TwinArgument = Annotated[str, typer.Argument(metavar="TWIN", help="A twin's name or id.")]
SearchOption = Annotated[str, typer.Option(metavar="TEXT", help="Only names with this in them.")]
LimitOption = Annotated[int, typer.Option(metavar="N", min=1, help="At most so many.")]
TargetOption = Annotated[
    Literal["sandbox", "clouds", "rehearsal"],
    typer.Option("--target", help="Where it is deployed; only sandboxes tell live values."),
]


@needs_backend
def devices(
    context: typer.Context,
    twin: TwinArgument,
    search: SearchOption = "",
    device_type: Annotated[str, typer.Option("--type", metavar="NAME", help="Only of this device type.")] = "",
    sort: Annotated[
        Literal["name", "-name", "last_seen", "-last_seen"],
        typer.Option(metavar="FIELD", help="name, or last_seen: silent for longest first; -FIELD for the other way."),
    ] = "name",
    limit: LimitOption = 50,
    target: TargetOption = "sandbox",
    json_output: JsonOption = False,
) -> None:
    """List a twin's devices: when they were seen last, and what they told.

    \b
    Examples:
      twin2multicloud twins devices greenhouse
      twin2multicloud twins devices greenhouse --sort last_seen --limit 20
    """
    from twin2multicloud.app.cli import watching as commands

    chosen = commands.Chosen(search, device_type, limit, target, json_output)
    with_client(context, json_output, lambda client: commands.devices(client, twin, chosen, sort))


@needs_backend
def history(
    context: typer.Context,
    twin: TwinArgument,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="A device's name.")],
    field: Annotated[list[str] | None, typer.Option(metavar="NAME,…", help="Only these fields.")] = None,
    last: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, help="How long until now, in the twin's time.")
    ] = 3_600,
    points: Annotated[int, typer.Option(metavar="N", min=1, max=2_000, help="So many lines at most.")] = 30,
    json_output: JsonOption = False,
) -> None:
    """Show what a device measured: means of equal parts of the time; `--json` has minima and maxima as well.

    \b
    Examples:
      twin2multicloud twins history greenhouse thermometer-1 --field temperature
      twin2multicloud twins history greenhouse thermometer-1 --last 86400 --points 24
    """
    from twin2multicloud.app.cli import watching as commands

    fields = commands.fields_of(field or ())
    with_client(
        context,
        json_output,
        lambda client: commands.history(client, twin, device, fields, last, points, json_output),
    )


@needs_backend
def rules(context: typer.Context, twin: TwinArgument, json_output: JsonOption = False) -> None:
    """List a twin's rules: what they look for, how often they fired, whether they hold now.

    \b
    Examples:
      twin2multicloud twins rules greenhouse
    """
    from twin2multicloud.app.cli import watching as commands

    with_client(context, json_output, lambda client: commands.rules(client, twin, json_output))


@needs_backend
def graph(
    context: typer.Context,
    twin: TwinArgument,
    search: SearchOption = "",
    of_type: Annotated[str, typer.Option("--type", metavar="NAME", help="Only of this device type or model.")] = "",
    of: Annotated[str, typer.Option("--of", metavar="NAME", help="Only what this one's relationships lead to.")] = "",
    roots: Annotated[bool, typer.Option("--roots", help="Only what no relationship leads to.")] = False,
    limit: LimitOption = 50,
    target: TargetOption = "sandbox",
    json_output: JsonOption = False,
) -> None:
    """List what a twin's graph consists of, with last values.

    \b
    Examples:
      twin2multicloud twins graph greenhouse --roots
      twin2multicloud twins graph greenhouse --of house
    """
    from twin2multicloud.app.cli import watching as commands

    chosen = commands.Chosen(search, of_type, limit, target, json_output)
    with_client(context, json_output, lambda client: commands.graph(client, twin, chosen, of, roots))


@needs_backend
def costs(
    context: typer.Context, twin: TwinArgument, target: TargetOption = "sandbox", json_output: JsonOption = False
) -> None:
    """Show what a twin costs in a month: predicted, and metered so far.

    \b
    Examples:
      twin2multicloud twins costs greenhouse
    """
    from twin2multicloud.app.cli import watching as commands

    with_client(context, json_output, lambda client: commands.costs(client, twin, target, json_output))


def add_to(twins: typer.Typer) -> None:
    """Add these commands to the group `twins`."""
    for command in (devices, history, rules, graph, costs):
        twins.command()(command)
